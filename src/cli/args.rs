//! What can be typed: commands, options, help with examples.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Genkan lets a project into a multi-account AWS platform: planned, approved, carried out, shown, and undone.
#[derive(Debug, Parser)]
#[command(
    name = "genkan",
    version,
    max_term_width = 110,
    after_help = "Try it without an AWS account:  genkan demo\n\
                  Exit codes: 0 done, 1 failed, 2 usage, 3 waiting for an approval or for something to appear, \
                  4 refused or blocked, 5 what is there is not what should be."
)]
pub struct Arguments {
    /// Settings that every command takes.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Arguments {
    /// What was typed. Ends the process with 2 and a message where the words are off, with 0 after `--help`.
    pub fn read() -> Self {
        Self::parse()
    }
}

/// Settings that every command takes.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// The config file [default: ./genkan.toml, ./config/genkan.toml, or genkan/genkan.toml in the user's config folder].
    #[arg(long, short, global = true, env = "GENKAN_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print JSON instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// Who is asking; only against a local AWS (otherwise it is the AWS caller identity).
    #[arg(long = "as", global = true, env = "GENKAN_AS", value_name = "PERSON")]
    pub says: Option<String>,
    /// Log to the standard error output what is done; -vv logs each call.
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what letting a project in would do; changes nothing.
    #[command(after_help = "Example:  genkan plan project-x dev\n          genkan plan project-x dev --teardown")]
    Plan(PlanArguments),
    /// Let a project into an environment.
    #[command(
        after_help = "Shows the plan, asks, and carries it out. A step that changes another account stops until others have \
                      approved it (`genkan approve`).\n\nExamples:  genkan onboard project-x dev\n           \
                      genkan onboard project-x dev --yes --wait\n           genkan onboard project-x dev --adopt bucket"
    )]
    Onboard(OnboardArguments),
    /// Show a project out of an environment.
    #[command(
        after_help = "Shows the plan in reverse, asks for the project's name, and carries it out. What holds data stays unless \
                      --delete-data is given, which others have to approve.\n\nExamples:  genkan teardown project-x dev\n           \
                      genkan teardown project-x dev --yes --wait --delete-data"
    )]
    Teardown(TeardownArguments),
    /// Approve a step of somebody's request, exactly as it is shown.
    #[command(after_help = "Example:  genkan approve r-7k2m9x4bqd zone-association")]
    Approve(ApproveArguments),
    /// Reject a request.
    #[command(after_help = "Example:  genkan reject r-7k2m9x4bqd --reason \"wrong account\"")]
    Reject(ReasonArguments),
    /// Cancel a request; what was done stays.
    #[command(after_help = "Example:  genkan cancel r-7k2m9x4bqd")]
    Cancel(CancelArguments),
    /// Take up a request again that failed or was interrupted.
    #[command(after_help = "Example:  genkan retry r-7k2m9x4bqd --wait")]
    Retry(RetryArguments),
    /// Show what is really there, against what should be.
    #[command(
        after_help = "Examples:  genkan status\n           genkan status project-x\n           genkan status project-x dev --json"
    )]
    Status(StatusArguments),
    /// List requests, newest first.
    #[command(after_help = "Examples:  genkan requests\n           genkan requests --state open --project project-x")]
    Requests(RequestsArguments),
    /// Show one request: its steps, its approvals, its history.
    #[command(after_help = "Example:  genkan show r-7k2m9x4bqd")]
    Show {
        /// The request's id, or a beginning of it that only one has.
        request: String,
    },
    /// Check every account, role, zone and the secret, and say what mends what is wrong.
    Doctor,
    /// Carry out what is asked and approved until stopped; after a restart, take up what was left.
    Serve,
    /// Check the config, or print its schema.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Play the main job through on an embedded local AWS: onboarding, approval, teardown.
    #[cfg(feature = "sandbox")]
    #[command(after_help = "Examples:  genkan demo\n           genkan demo --env production --latency 80ms")]
    Demo(DemoArguments),
    /// Keep the local AWS running on a loopback port, everything prepared, and say how to point at it.
    #[cfg(feature = "sandbox")]
    #[command(after_help = "Examples:  genkan sandbox\n           genkan sandbox --port 4566 --state ./sandbox")]
    Sandbox(SandboxArguments),
    /// Print a completion script for a shell.
    #[command(after_help = "Example:  genkan completions bash > /etc/bash_completion.d/genkan")]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff).
    #[command(after_help = "Example:  genkan man | man -l -")]
    Man,
}

/// Which project, in which environment.
#[derive(Debug, Clone, Args)]
pub struct Subject {
    /// The project's name.
    pub project: String,
    /// The environment's name.
    pub environment: String,
}

/// `genkan plan`
#[derive(Debug, Args)]
pub struct PlanArguments {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub subject: Subject,
    /// Plan a teardown instead.
    #[arg(long)]
    pub teardown: bool,
    /// Plan to take this resource over if it is there and not ours; may be given several times.
    #[arg(long, value_name = "RESOURCE", conflicts_with = "teardown")]
    pub adopt: Vec<String>,
    /// Plan to destroy data with what holds it.
    #[arg(long, requires = "teardown")]
    pub delete_data: bool,
}

/// How a request is carried out.
#[derive(Debug, Clone, Args)]
pub struct Going {
    /// Do not ask.
    #[arg(long, short)]
    pub yes: bool,
    /// Stay until it has ended, also while it waits for an approval or for something to appear.
    #[arg(long)]
    pub wait: bool,
}

/// `genkan onboard`
#[derive(Debug, Args)]
pub struct OnboardArguments {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub subject: Subject,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub going: Going,
    /// Take this resource over if it is there and not ours; may be given several times.
    #[arg(long, value_name = "RESOURCE")]
    pub adopt: Vec<String>,
}

/// `genkan teardown`
#[derive(Debug, Args)]
pub struct TeardownArguments {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub subject: Subject,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub going: Going,
    /// Destroy data with what holds it; others have to approve that.
    #[arg(long)]
    pub delete_data: bool,
}

/// `genkan approve`
#[derive(Debug, Args)]
pub struct ApproveArguments {
    /// The request's id, or a beginning of it that only one has.
    pub request: String,
    /// The step; may be left out where only one waits.
    pub step: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub going: Going,
    /// Approve only if the step's digest begins so: what was shown elsewhere is what is approved.
    #[arg(long, value_name = "DIGEST")]
    pub digest: Option<String>,
}

/// `genkan reject`
#[derive(Debug, Args)]
pub struct ReasonArguments {
    /// The request's id, or a beginning of it that only one has.
    pub request: String,
    /// Why.
    #[arg(long)]
    pub reason: String,
}

/// `genkan cancel`
#[derive(Debug, Args)]
pub struct CancelArguments {
    /// The request's id, or a beginning of it that only one has.
    pub request: String,
    /// Why.
    #[arg(long)]
    pub reason: Option<String>,
}

/// `genkan retry`
#[derive(Debug, Args)]
pub struct RetryArguments {
    /// The request's id, or a beginning of it that only one has.
    pub request: String,
    /// Stay until it has ended, also while it waits for an approval or for something to appear.
    #[arg(long)]
    pub wait: bool,
}

/// `genkan status`
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// The project; all that are known without.
    pub project: Option<String>,
    /// The environment; all without.
    #[arg(requires = "project")]
    pub environment: Option<String>,
}

/// `genkan requests`
#[derive(Debug, Args)]
pub struct RequestsArguments {
    /// Only of this project.
    #[arg(long)]
    pub project: Option<String>,
    /// Only in this environment.
    #[arg(long)]
    pub environment: Option<String>,
    /// Only in this state; may be given several times.
    #[arg(long, value_parser = ["open", "failed", "done", "cancelled", "rejected"])]
    pub state: Vec<String>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    pub limit: u32,
}

/// `genkan config`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check the config file and its blueprints; every problem with file and line.
    Check,
    /// Print the JSON schema of the config file, for editors.
    Schema {
        /// Print the schema of blueprints instead.
        #[arg(long)]
        blueprint: bool,
    },
}

/// `genkan demo`
#[cfg(feature = "sandbox")]
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// The environment: dev, staging or production.
    #[arg(long, default_value = "dev")]
    pub env: String,
    /// The project's name.
    #[arg(long, default_value = "project-x")]
    pub project: String,
    /// Round-trip time of every call to the local AWS, such as 80ms.
    #[arg(long, value_parser = milliseconds, default_value = "0ms", value_name = "TIME")]
    pub latency: std::time::Duration,
}

/// `genkan sandbox`
#[cfg(feature = "sandbox")]
#[derive(Debug, Args)]
pub struct SandboxArguments {
    /// The loopback port; 0 = any that is free.
    #[arg(long, default_value_t = 4566)]
    pub port: u16,
    /// Where its state is kept over restarts [default: nowhere: it is forgotten when it stops].
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Begin anew, even where there is a state.
    #[arg(long, requires = "state")]
    pub fresh: bool,
    /// Round-trip time of every call, such as 80ms.
    #[arg(long, value_parser = milliseconds, default_value = "0ms", value_name = "TIME")]
    pub latency: std::time::Duration,
}

/// A duration as people type it: `80ms`, `1s`, `1.5s`.
#[cfg(feature = "sandbox")]
fn milliseconds(text: &str) -> Result<std::time::Duration, String> {
    let (number, scale) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s').ok_or("a time such as 80ms or 1.5s")?, 1.0),
    };
    let number: f64 = number.trim().parse().map_err(|_| "a time such as 80ms or 1.5s".to_owned())?;
    std::time::Duration::try_from_secs_f64(number * scale).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_says_what_it_is_for() {
        for command in Arguments::command().get_subcommands() {
            assert!(command.get_about().is_some(), "{} has no help", command.get_name());
        }
    }
}
