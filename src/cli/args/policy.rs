//! What can be typed after `policy`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use crate::cli::explain::{act, moment, risk};
use crate::requests::explain::{Act, Risk};

/// `genkan policy`
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Say whether somebody may do something, because of which rules, and what would change that. Needs no AWS.
    #[command(
        after_help = "--as names the person who is spoken of; nothing is done for them. Ends with 0 where it is allowed, 4 where it is \
                      refused.\n\n\
                      Examples:\n  genkan policy explain --as ren --action approve --by ren --project project-x --env dev\n  \
                      genkan policy explain --as ren --action approve --request r-7k2m9x4bqd\n  \
                      genkan policy explain --as aiko --action start --env production --step zone-association --approved-by ren\n  \
                      genkan policy explain --as aiko --action request --env dev --at 2026-12-30T12:00:00+09:00"
    )]
    Explain(ExplainArguments),
    /// Hold the rules against tables of who, what, and what is expected because of which rule. Needs no AWS.
    #[command(
        after_help = "Without files: what the built-in rules are held to, and `tests/*.toml` in the folder of [policy] rules. \
                      A folder stands for its *.toml. Ends with 1 where a case fails.\n\n\
                      Examples:\n  genkan policy test\n  genkan policy test rules/tests\n  genkan policy test rules/tests/contractors.toml --json"
    )]
    Test {
        /// Files or folders of cases.
        files: Vec<PathBuf>,
    },
    /// Check rules against the schema; say every problem with file and line. Needs no AWS.
    #[command(
        after_help = "Without files: the rules of [policy] rules. A folder stands for its *.cedar. Ends with 2 where a rule is wrong.\n\n\
                      Examples:\n  genkan policy check\n  genkan policy check rules/contractors.cedar"
    )]
    Check {
        /// Files or folders of rules.
        files: Vec<PathBuf>,
    },
}

/// `genkan policy explain`
#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// What is to be done: read, request, adopt, destroy-data, reject, cancel, retry, approve, withdraw, or start (a step begins).
    #[arg(long, value_parser = act, value_name = "ACTION")]
    pub action: Act,
    /// The environment.
    #[arg(long, value_name = "ENVIRONMENT", required_unless_present = "request")]
    pub env: Option<String>,
    /// The project.
    #[arg(long, value_name = "PROJECT")]
    pub project: Option<String>,
    /// The step, by its name in the plan.
    #[arg(long, value_name = "STEP")]
    pub step: Option<String>,
    /// A request: its environment, who asked, its step and approvals, as they stand.
    #[arg(long, value_name = "ID", conflicts_with_all = ["env", "project", "by", "risk", "approved_by"])]
    pub request: Option<String>,
    /// Whose request it is [default: somebody else's].
    #[arg(long, value_name = "PERSON")]
    pub by: Option<String>,
    /// What the step puts at risk: none, other-account or destroys-data [default: as the step does when a project is let in].
    #[arg(long, value_parser = risk, value_name = "RISK")]
    pub risk: Option<Risk>,
    /// Who has approved the step; may be given several times.
    #[arg(long, value_name = "PERSON")]
    pub approved_by: Vec<String>,
    /// At what time, with its offset, as in 2026-12-30T12:00:00+09:00 [default: now].
    #[arg(long, value_parser = moment, value_name = "TIME")]
    pub at: Option<Timestamp>,
}
