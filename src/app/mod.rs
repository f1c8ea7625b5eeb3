//! Wires the house: alone names aws, store, sandbox and the faces together.

#[cfg(feature = "sandbox")]
mod browser;
mod chat;
#[cfg(feature = "sandbox")]
mod demo;
#[cfg(feature = "sandbox")]
mod drawer;
#[cfg(feature = "sandbox")]
mod local;
#[cfg(feature = "sandbox")]
mod sandbox;
#[cfg(feature = "sandbox")]
mod stage;
mod policies;
mod policy;
pub mod wire;

use std::path::Path;
use std::process::ExitCode;

use tokio::sync::watch;

use crate::cli::args::{Arguments, AuditCommand, Command, Common, ConfigCommand, PoliciesCommand, PolicyCommand};
use crate::cli::commands::Terminal;
use crate::cli::{Exit, Printer, manual};
use crate::config::blueprint::Blueprint;
use crate::config::{Config, find};
use crate::engine::CloudError;
use crate::model::Repository;
use crate::plan::blueprint;
use crate::requests::DeskError;
use crate::telemetry;

#[cfg(feature = "sandbox")]
pub use demo::{Demo, DemoReport};
#[cfg(feature = "sandbox")]
pub use local::LocalPlatform;
#[cfg(feature = "sandbox")]
pub use stage::{Stage, StageOptions};

/// The program: reads what was typed, does it, and says how it ended.
pub async fn main() -> ExitCode {
    let unguarded = telemetry::guard();
    let arguments = Arguments::read();
    telemetry::start(arguments.common.verbose, &unguarded);
    let printer = Printer::to_terminal(arguments.common.json);
    let exit = match run(arguments, &printer).await {
        Ok(exit) => exit,
        Err(error) => {
            report(&error, &printer);
            error.exit()
        }
    };
    exit.into()
}

/// Why the program did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A use case refused or failed.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// The config cannot be worked with.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigErrors),
    /// Chat came to an end.
    #[error(transparent)]
    Chat(#[from] crate::chat::ChatError),
    /// A setting outside the config's file is missing or wrong.
    #[error("{0}")]
    Settings(String),
    /// Something else, in words.
    #[error("{0}")]
    Other(String),
}

impl AppError {
    fn exit(&self) -> Exit {
        match self {
            Self::Desk(error) => error.into(),
            Self::Chat(error) => chat_exit(error),
            Self::Config(_) | Self::Settings(_) => Exit::Usage,
            Self::Other(_) => Exit::Failed,
        }
    }
}

/// Where chat's end is not Discord's doing it is an error as any other.
fn chat_exit(error: &crate::chat::ChatError) -> Exit {
    use crate::chat::ChatError;
    match error {
        ChatError::NotConfigured | ChatError::PublicKey | ChatError::Listen { .. } => Exit::Usage,
        ChatError::Desk(error) => error.into(),
        _ => Exit::Discord,
    }
}

/// Says what went wrong: in words, and where JSON was asked for as a document too.
fn report(error: &AppError, printer: &Printer) {
    let message = error.to_string();
    printer.error(&message);
    let mut told = serde_json::json!({"error": message, "exit_code": error.exit() as u8});
    if let AppError::Desk(error) = error
        && let Some(why) = error.why()
    {
        told["why"] = serde_json::json!(why);
    }
    match error {
        AppError::Desk(DeskError::Cloud(
            CloudError::Forbidden { mend: Some(mend), .. } | CloudError::Blocked { mend, .. },
        )) => {
            printer.progress(mend);
            told["mend"] = mend.as_str().into();
        }
        AppError::Desk(DeskError::Blocked(plan)) => {
            printer.progress(
                "nothing was begun; the plan above says what stands in the way and what can be done about it",
            );
            told["plan"] = serde_json::json!(plan);
        }
        AppError::Config(errors) => told["problems"] = serde_json::json!(errors.problems()),
        _ => {}
    }
    printer.failure(&told);
}

async fn run(arguments: Arguments, printer: &Printer) -> Result<Exit, AppError> {
    let Arguments { common, command } = arguments;
    match command {
        Command::Config(command) => config(&common, command, printer),
        Command::Policies(PoliciesCommand::Render { caller, account, format, out }) => {
            let loaded = Config::load(&find(common.config.as_deref())?)?;
            policies::render(&loaded.config, caller, policies::Shape { account, format, out }, printer).await
        }
        Command::Audit(AuditCommand::Verify(arguments)) if !arguments.is_of_store() => {
            Ok(crate::cli::audit::verify(&arguments, printer)?)
        }
        Command::Policy(PolicyCommand::Test { files }) => policy::test(&common, &files, printer),
        Command::Policy(PolicyCommand::Check { files }) => policy::check(&common, &files, printer),
        Command::Completions { shell } => {
            printer.plain(&manual::completions(shell));
            Ok(Exit::Done)
        }
        Command::Man => {
            printer.plain(&manual::manual().map_err(|error| AppError::Other(error.to_string()))?);
            Ok(Exit::Done)
        }
        #[cfg(feature = "sandbox")]
        Command::Demo(arguments) => demo::demo(&arguments, printer).await,
        #[cfg(feature = "sandbox")]
        Command::Sandbox(arguments) => sandbox::sandbox(&arguments, printer, stop_on_signal()).await,
        command => at_the_desk(&common, command, printer).await,
    }
}

/// The commands that ask the desk.
async fn at_the_desk(common: &Common, command: Command, printer: &Printer) -> Result<Exit, AppError> {
    let loaded = Config::load(&find(common.config.as_deref())?)?;
    for warning in &loaded.warnings {
        tracing::info!("{warning}");
    }
    let stop = stop_on_signal();
    let desk = chat::with_roll(wire::desk(loaded.config).await?)?;
    let terminal = Terminal { desk, printer: printer.clone(), says: common.says.clone(), stop: stop.clone() };
    if let Some(does) = command.changes() {
        terminal.desk.begin(does).await?;
    }
    let ended = match &command {
        Command::Plan(arguments) => terminal.plan(arguments).await,
        Command::Onboard(arguments) => terminal.onboard(arguments).await,
        Command::Teardown(arguments) => terminal.teardown(arguments).await,
        Command::Approve(arguments) => terminal.approve(arguments).await,
        Command::Withdraw(arguments) => terminal.withdraw(arguments).await,
        Command::Reject(arguments) => terminal.reject(arguments).await,
        Command::Cancel(arguments) => terminal.cancel(arguments).await,
        Command::Retry(arguments) => terminal.retry(arguments).await,
        Command::Status(arguments) => terminal.status(arguments).await,
        Command::Requests(arguments) => terminal.requests(arguments).await,
        Command::Approvals => terminal.approvals().await,
        Command::Show { request } => terminal.show(request).await,
        Command::Audit(command) => terminal.audit(command).await,
        Command::Policy(PolicyCommand::Explain(arguments)) => terminal.explain(arguments).await,
        Command::Doctor(arguments) => Ok(terminal.doctor(arguments, chat::examine(terminal.desk.config())).await),
        Command::Serve => {
            let token = chat::token(terminal.desk.config())?;
            return chat::serve(&terminal.desk, token, stop, printer).await;
        }
        _ => unreachable!("the other commands need no desk"),
    };
    // Whatever came of it is signed; also that it was refused.
    let signed = match command.changes() {
        Some(_) => terminal.desk.checkpoint().await.map(drop),
        None if matches!(ended, Err(DeskError::Refused(_))) => terminal.desk.settle().await,
        None => Ok(()),
    };
    let ended = ended?;
    signed?;
    Ok(ended)
}

fn config(common: &Common, command: ConfigCommand, printer: &Printer) -> Result<Exit, AppError> {
    match command {
        ConfigCommand::Schema { blueprint } => {
            let schema = if blueprint { Blueprint::schema() } else { Config::schema() };
            printer.plain(&format!("{schema:#}\n"));
            Ok(Exit::Done)
        }
        ConfigCommand::Check => check(&find(common.config.as_deref())?, printer),
    }
}

/// Checks the config and, for each environment, what its blueprint asks for.
fn check(path: &Path, printer: &Printer) -> Result<Exit, AppError> {
    let loaded = match Config::load(path) {
        Ok(loaded) => loaded,
        Err(errors) if printer.is_json() => {
            printer.result(
                &serde_json::json!({"ok": false, "error": errors.to_string(), "errors": errors.problems()}),
                String::new,
            );
            return Ok(Exit::Usage);
        }
        Err(errors) => return Err(errors.into()),
    };
    let config = &loaded.config;
    let mut faults: Vec<String> = Vec::new();
    for (name, environment) in &config.environments {
        let asked = config.blueprint(&environment.blueprint).map_err(|error| error.to_string()).and_then(|found| {
            let project = config.sample_project_of(environment);
            let repository: Option<Repository> = "owner/name".parse().ok();
            blueprint::desired(config, &found, &project, name, repository.as_ref()).map_err(|error| error.to_string())
        });
        if let Err(fault) = asked {
            faults.push(fault);
        }
    }
    faults.dedup();
    faults.extend(wire::policy(config).err().map(|errors| errors.to_string()));
    let ok = faults.is_empty();
    let told = serde_json::json!({"ok": ok, "file": path, "warnings": loaded.warnings, "errors": faults});
    printer.result(&told, || {
        let warnings: String = loaded.warnings.iter().map(|warning| format!("warning: {warning}\n")).collect();
        let faults: String = faults.iter().map(|fault| format!("{fault}\n")).collect();
        let verdict = if ok { format!("{} is well\n", path.display()) } else { String::new() };
        format!("{warnings}{faults}{verdict}")
    });
    Ok(if ok { Exit::Done } else { Exit::Usage })
}

/// Turns true at the first Ctrl-C or SIGTERM: calls under way are finished and written. A second Ctrl-C ends the process at
/// once; what was under way is found again by the next one.
fn stop_on_signal() -> watch::Receiver<bool> {
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        signalled().await;
        let _ = stop.send(true);
        signalled().await;
        std::process::exit(130);
    });
    stopped
}

async fn signalled() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut term) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => return,
                _ = term.recv() => return,
            }
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
