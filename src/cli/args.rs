//! What can be typed: commands, options, help with examples.

mod audit;
mod deciding;
mod policy;
#[cfg(feature = "sandbox")]
mod sandbox;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use audit::{AuditCommand, VerifyArguments};
pub use deciding::{ApproveArguments, CancelArguments, ReasonArguments, RetryArguments, WithdrawArguments};
pub use policy::{ExplainArguments, PolicyCommand};
#[cfg(feature = "sandbox")]
pub use sandbox::{DemoArguments, SandboxArguments};

/// Let projects into a multi-account AWS platform: planned, approved, carried out, shown, and undone.
#[derive(Debug, Parser)]
#[command(
    name = "genkan",
    version,
    max_term_width = 110,
    after_help = "Try it without an AWS account:\n  \
                  genkan sandbox --open   in the browser, in a chat of its own\n  \
                  genkan demo             at the terminal, by itself\n\n\
                  Exit codes:\n  \
                  0  what was asked is done, or nothing was left to do\n  \
                  1  something failed\n  \
                  2  the command line or the config is wrong\n  \
                  3  it waits: for an approval, or for something to appear\n  \
                  4  it was refused, or something is in the way\n  \
                  5  what is there is not what should be (status, doctor)\n  \
                  6  Discord refuses the bot, or its connection was lost again and again (serve)\n  \
                  7  the audit log was changed (audit verify)\n\n\
                  GENKAN_LOG says more finely than -v what is logged, as in GENKAN_LOG=genkan=debug; GENKAN_LOG_FORMAT=json \
                  writes one JSON object a line."
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

/// Under which the help lists what every command takes.
const EVERYWHERE: &str = "Options of every command";

/// Settings that every command takes.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// The config file [default: ./genkan.toml, ./config/genkan.toml, or genkan/genkan.toml in the user's config folder].
    #[arg(long, short, global = true, env = "GENKAN_CONFIG", value_name = "FILE", help_heading = EVERYWHERE)]
    pub config: Option<PathBuf>,
    /// Print the result as one JSON document.
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub json: bool,
    /// Who is asking. Only against a local AWS; against AWS it is who `aws sts get-caller-identity` shows.
    #[arg(long = "as", global = true, env = "GENKAN_AS", value_name = "PERSON", help_heading = EVERYWHERE)]
    pub says: Option<String>,
    /// Log to the standard error output what is done; -vv logs each AWS call.
    #[arg(long, short, global = true, action = clap::ArgAction::Count, help_heading = EVERYWHERE)]
    pub verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what an onboarding or a teardown would do; changes nothing.
    #[command(after_help = "Examples:\n  genkan plan project-x dev\n  genkan plan project-x dev --teardown")]
    Plan(PlanArguments),
    /// Let a project into an environment: make what its blueprint asks for and is not there yet.
    #[command(
        after_help = "Shows the plan, asks, and carries it out. A step that changes another account waits until others have \
                      approved it (genkan approve); the other steps do not wait for it.\n\n\
                      Examples:\n  genkan onboard project-x dev\n  \
                      genkan onboard project-x dev --yes --wait\n  genkan onboard project-x dev --adopt bucket\n  \
                      genkan onboard project-x dev --repository acme/algorithm-x"
    )]
    Onboard(OnboardArguments),
    /// Show a project out of an environment: remove what was made for it.
    #[command(
        after_help = "Shows the plan, asks for the project's name, and carries it out. What holds data is in its way unless \
                      --delete-data is given, and then others have to approve. What genkan neither made nor took over stays.\n\n\
                      Examples:\n  genkan teardown project-x dev\n  \
                      genkan teardown project-x dev --yes --wait --delete-data"
    )]
    Teardown(TeardownArguments),
    /// Approve a step of somebody else's request, exactly as it is shown.
    #[command(after_help = "Shows the step, asks, and carries the request on from here.\n\n\
                      Examples:\n  genkan approve r-7k2m9x4bqd\n  genkan approve r-7k2m9x4bqd zone-association --yes")]
    Approve(ApproveArguments),
    /// Withdraw your approval of a step, before it begins.
    #[command(
        after_help = "Examples:\n  genkan withdraw r-7k2m9x4bqd\n  genkan withdraw r-7k2m9x4bqd zone-association"
    )]
    Withdraw(WithdrawArguments),
    /// Reject somebody's request; what was done so far stays.
    #[command(after_help = "Example:\n  genkan reject r-7k2m9x4bqd --reason \"wrong account\"")]
    Reject(ReasonArguments),
    /// Cancel a request; what was done so far stays.
    #[command(after_help = "Example:\n  genkan cancel r-7k2m9x4bqd")]
    Cancel(CancelArguments),
    /// Take up a request again that failed, waits, or was interrupted.
    #[command(after_help = "Example:\n  genkan retry r-7k2m9x4bqd --wait")]
    Retry(RetryArguments),
    /// Show what is really there, against what should be.
    #[command(
        after_help = "Examples:\n  genkan status\n  genkan status project-x\n  genkan status project-x dev --json"
    )]
    Status(StatusArguments),
    /// List requests, newest first.
    #[command(after_help = "Examples:\n  genkan requests\n  genkan requests --mine\n  \
                      genkan requests --state open --project project-x")]
    Requests(RequestsArguments),
    /// List what waits for your approval: others' requests that you may approve and have not, the oldest first.
    #[command(after_help = "Examples:\n  genkan approvals\n  genkan approvals --json")]
    Approvals,
    /// Show one request: its steps, its approvals, its history.
    #[command(after_help = "Example:\n  genkan show r-7k2m9x4bqd")]
    Show {
        /// The request's id, or as much of its beginning as only one request has.
        request: String,
    },
    /// Check identity, accounts, roles, zones and the secret; say what mends what is wrong. Changes nothing.
    #[command(after_help = "Examples:\n  genkan doctor\n  genkan doctor --all\n  genkan doctor --json")]
    Doctor(DoctorArguments),
    /// Work: carry out what is asked and approved, until stopped; with `[discord]` in the config, listen there too.
    #[command(
        after_help = "After a restart it takes up what was left. With [discord] the bot's token is in the environment variable \
                      DISCORD_TOKEN, or in the file that `token_file` names.\n\n\
                      Examples:\n  genkan serve --verbose\n  DISCORD_TOKEN=$(pass show discord/genkan) genkan serve"
    )]
    Serve,
    /// Read, check and take away the audit log: who asked, saw, approved, and every call with power.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Check the config, or print its schema.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Ask the rules who may do what and why, test them, check them.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Print the IAM roles that the config needs.
    #[command(subcommand)]
    Policies(PoliciesCommand),
    /// Play the main job through on a local AWS in the process: onboarding, approval, teardown.
    #[cfg(feature = "sandbox")]
    #[command(after_help = "Examples:\n  genkan demo\n  genkan demo --env production --latency 80ms")]
    Demo(DemoArguments),
    /// Try it in the browser: a local Discord with its page, the bot, and a local AWS, all on loopback ports.
    #[cfg(feature = "sandbox")]
    #[command(after_help = "Examples:\n  genkan sandbox\n  genkan sandbox --port 0 --state ./sandbox\n  \
                      genkan sandbox --state ./sandbox --fresh")]
    Sandbox(SandboxArguments),
    /// Print a completion script for a shell.
    #[command(
        after_help = "Examples:\n  genkan completions bash > ~/.local/share/bash-completion/completions/genkan\n  \
                      genkan completions zsh > ~/.zfunc/_genkan"
    )]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff).
    #[command(after_help = "Example:\n  genkan man | man -l -")]
    Man,
}

impl Command {
    /// What it is called, if it can change something: the audit log is told before it does.
    pub const fn changes(&self) -> Option<&'static str> {
        match self {
            Self::Onboard(_) => Some("onboard"),
            Self::Teardown(_) => Some("teardown"),
            Self::Approve(_) => Some("approve"),
            Self::Withdraw(_) => Some("withdraw"),
            Self::Reject(_) => Some("reject"),
            Self::Cancel(_) => Some("cancel"),
            Self::Retry(_) => Some("retry"),
            _ => None,
        }
    }
}

/// Which project, in which environment.
#[derive(Debug, Clone, Args)]
pub struct Subject {
    /// The project's name.
    pub project: String,
    /// The environment's name, as in the config.
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
    /// Plan to take over this resource of the blueprint, if it is there and was made by hand; may be given several times.
    #[arg(long, value_name = "RESOURCE", conflicts_with = "teardown")]
    pub adopt: Vec<String>,
    /// The project's GitHub repository [default: the one that its last onboarding named].
    #[arg(long, visible_alias = "repo", value_name = "OWNER/NAME")]
    pub repository: Option<String>,
    /// Plan to destroy data together with what holds it.
    #[arg(long, requires = "teardown")]
    pub delete_data: bool,
}

/// How a request is carried out.
#[derive(Debug, Clone, Args)]
pub struct Going {
    /// Do not ask for confirmation.
    #[arg(long, short)]
    pub yes: bool,
    /// Stay until the request has ended, also while it waits for an approval or for something to appear.
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
    /// Take over this resource of the blueprint, if it is there and was made by hand; may be given several times.
    #[arg(long, value_name = "RESOURCE")]
    pub adopt: Vec<String>,
    /// The project's GitHub repository [default: the one that its last onboarding named].
    #[arg(long, visible_alias = "repo", value_name = "OWNER/NAME")]
    pub repository: Option<String>,
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
    /// Destroy data together with what holds it; others have to approve that.
    #[arg(long)]
    pub delete_data: bool,
}

/// What `doctor` is to show.
#[derive(Debug, Clone, Args)]
pub struct DoctorArguments {
    /// List everything that was looked at, also what is well.
    #[arg(long, short)]
    pub all: bool,
}

/// `genkan status`
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// The project [default: every project that was let in].
    pub project: Option<String>,
    /// The environment [default: every one that the project was let into].
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
    /// Only what you have asked for.
    #[arg(long)]
    pub mine: bool,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    pub limit: u32,
}

/// `genkan policies`
#[derive(Debug, Subcommand)]
pub enum PoliciesCommand {
    /// Print each account's roles with their trust and permission policies, and the policy of genkan's own identity.
    #[command(
        after_help = "Example:\n  genkan policies render --format cloudformation > stack.json   # for a StackSet: docs/roles.md"
    )]
    Render {
        /// The identity that genkan will run under [default: the AWS caller identity].
        #[arg(long, value_name = "ARN")]
        caller: Option<String>,
        /// Only this account's.
        #[arg(long, value_name = "NAME")]
        account: Option<String>,
        /// As JSON documents, or as one CloudFormation template for all accounts.
        #[arg(long, value_enum, default_value_t)]
        format: PoliciesFormat,
        /// Write files into this folder instead of printing.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

/// How roles are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum PoliciesFormat {
    /// Trust and permission policies of each role, by account.
    #[default]
    Json,
    /// A CloudFormation template.
    Cloudformation,
}

/// `genkan config`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check the config file and its blueprints; say every problem with file and line.
    #[command(after_help = "Example:\n  genkan config check --config ./genkan.toml")]
    Check,
    /// Print the JSON schema of the config file, for editors.
    #[command(
        after_help = "Examples:\n  genkan config schema > schema.json\n  genkan config schema --blueprint > blueprint.schema.json"
    )]
    Schema {
        /// Print the schema of blueprints instead.
        #[arg(long)]
        blueprint: bool,
    },
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
    fn a_repository_can_be_named_in_short() {
        for option in ["--repository", "--repo"] {
            let typed = ["genkan", "onboard", "project-x", "dev", option, "acme/algorithm-x"];
            let Command::Onboard(arguments) = Arguments::try_parse_from(typed).unwrap().command else {
                panic!("onboard")
            };
            assert_eq!(arguments.repository.as_deref(), Some("acme/algorithm-x"));
        }
    }

    #[test]
    fn every_command_says_what_it_is_for() {
        for command in Arguments::command().get_subcommands() {
            assert!(command.get_about().is_some(), "{} has no help", command.get_name());
        }
    }
}
