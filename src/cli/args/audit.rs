//! What can be typed after `audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use crate::cli::explain::moment;

/// `genkan audit`
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Tell in words what happened to a project in an environment: who asked, saw, approved, what was done, how it ended.
    #[command(after_help = "Examples:\n  genkan audit who project-x production\n  \
                      genkan audit who project-x dev --since 2026-11-01T00:00:00Z --json")]
    Who {
        /// The project's name.
        project: String,
        /// The environment's name, as in the config.
        environment: String,
        /// Only what was written then or later: a time with its offset, as in 2026-12-30T12:00:00+09:00.
        #[arg(long, value_parser = moment, value_name = "TIME")]
        since: Option<Timestamp>,
    },
    /// Check that nothing in the log was changed, removed, put in or moved: in the store, or in an export, or a single proof.
    #[command(
        after_help = "Ends with 7 where something was. An export is checked without a config, on any machine. A checkpoint that was \
                      kept elsewhere shows what nothing else does: that the end was cut off, or that the whole was written anew.\n\n\
                      Examples:\n  genkan audit verify\n  genkan audit verify --checkpoint kept.txt\n  \
                      genkan audit verify --file audit.jsonl --key genkan/111111111111/…+…+… --checkpoint -"
    )]
    Verify(VerifyArguments),
    /// Write the log out as JSON lines, with its checkpoints: all that `audit verify --file` needs.
    #[command(
        after_help = "Examples:\n  genkan audit export --out audit.jsonl\n  genkan audit export --since 5000 | gzip > audit.jsonl.gz"
    )]
    Export {
        /// From this entry on; what stands before is in the export as hashes only.
        #[arg(long, value_name = "NUMBER", default_value_t = 0)]
        since: u64,
        /// Into this file instead of the standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Print a checkpoint that covers everything up to now: keep it where nobody who can reach the store can.
    #[command(after_help = "Example:\n  genkan audit checkpoint | mail -s checkpoint auditor@example.com")]
    Checkpoint,
    /// Print the proof that one entry is in the log.
    #[command(
        after_help = "Example:\n  genkan audit proof 57 > entry-57.txt\n  genkan audit verify --proof entry-57.txt --key KEY"
    )]
    Proof {
        /// The entry's number.
        entry: u64,
    },
    /// Print the key that checkpoints are verified with: give it to whoever is to check the log.
    #[command(after_help = "Example:\n  genkan audit key")]
    Key,
}

/// `genkan audit verify`
#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// Check this export instead of the store.
    #[arg(long, value_name = "EXPORT")]
    pub file: Option<PathBuf>,
    /// Hold the log against a checkpoint that was kept elsewhere (- = standard input); may be given several times.
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Vec<PathBuf>,
    /// The key that checkpoints are verified with [default: the store's own, or the one in the export].
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// Check the proof of a single entry instead.
    #[arg(long, value_name = "FILE", requires = "key", conflicts_with_all = ["file", "checkpoint"])]
    pub proof: Option<PathBuf>,
}

impl VerifyArguments {
    /// Whether the store is what is checked.
    pub const fn is_of_store(&self) -> bool {
        self.file.is_none() && self.proof.is_none()
    }
}
