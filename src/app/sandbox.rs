//! `genkan sandbox`: a local Discord with its page, the bot, and a local AWS, everything prepared, until it is stopped.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;

use super::local::{ACCESS_KEY, PREPARED, vpc_id};
use super::{AppError, Stage, StageOptions};
use crate::cli::args::SandboxArguments;
use crate::cli::{Exit, Printer};
use crate::requests::see_through::stopped;
use crate::sandbox::LocalAws;
use crate::sandbox::discord::LocalDiscord;

/// How often the state is written where it is kept: what a crash can lose of a sandbox.
const SAVE_EVERY: Duration = Duration::from_secs(2);

/// How to point at a running sandbox.
#[derive(Debug, Serialize)]
struct Pointers {
    page: String,
    endpoint: String,
    config: PathBuf,
    region: String,
    access_key_id: &'static str,
    secret_access_key: &'static str,
    prepared_projects: &'static [&'static str],
}

pub(super) async fn sandbox(
    arguments: &SandboxArguments,
    printer: &Printer,
    mut stop: watch::Receiver<bool>,
) -> Result<Exit, AppError> {
    let other = |error: &dyn std::fmt::Display| AppError::Other(error.to_string());
    let forgotten = tempfile::tempdir().map_err(|error| other(&error))?;
    let folder = arguments.state.as_deref().unwrap_or(forgotten.path());
    if folder.join("genkan.toml").exists() && !folder.join(LocalAws::STATE_FILE).exists() {
        let what = "a genkan.toml is there that no sandbox made: choose another folder with --state";
        return Err(other(&format!("{}: {what}", folder.display())));
    }
    if arguments.fresh {
        begin_anew(folder).map_err(|error| other(&error))?;
    }
    let SandboxArguments { port, page_port, latency, language, .. } = *arguments;
    let options = StageOptions { aws_port: port, page_port, latency, language };
    let stage = Stage::start(folder, &options, printer).await?;
    let pointers = Pointers {
        page: stage.page(),
        endpoint: stage.endpoint(),
        config: stage.config.clone(),
        region: stage.platform.aws.region().to_owned(),
        access_key_id: ACCESS_KEY.0,
        secret_access_key: ACCESS_KEY.1,
        prepared_projects: &PREPARED,
    };
    printer.result(&pointers, || explain(&pointers, &stage));
    if arguments.open
        && let Err(error) = opener::open_browser(&pointers.page)
    {
        printer.error(&format!("no browser could be opened ({error}): open {} yourself", pointers.page));
    }

    let keeps = arguments.state.is_some();
    while !*stop.borrow() && stage.is_well() {
        tokio::select! {
            () = stopped(&mut stop) => {}
            () = tokio::time::sleep(SAVE_EVERY) => if keeps {
                stage.save().await?;
            }
        }
    }
    stage.stop(keeps).await?;
    if keeps {
        printer.progress(&format!("kept in {}", folder.display()));
    }
    Ok(Exit::Done)
}

/// Removes what an earlier sandbox left in its folder, and nothing else that may be there.
fn begin_anew(folder: &Path) -> std::io::Result<()> {
    let own = [
        LocalAws::STATE_FILE,
        LocalDiscord::STATE_FILE,
        "genkan.toml",
        "genkan.db",
        "genkan.db-wal",
        "genkan.db-shm",
        "audit.key",
    ];
    for name in own {
        match std::fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// What to type for this program: its name where it is on the PATH, otherwise where it is.
fn own_name() -> String {
    let name = "genkan".to_owned();
    let (Ok(own), Some(path)) = (std::env::current_exe(), std::env::var_os("PATH")) else { return name };
    let on_path = std::env::split_paths(&path).any(|folder| folder.join("genkan") == own);
    if on_path { name } else { own.display().to_string() }
}

fn explain(pointers: &Pointers, stage: &Stage) -> String {
    let Pointers { page, endpoint, config, region, access_key_id, secret_access_key, prepared_projects } = pointers;
    let genkan = own_name();
    let administrator = |id: &str| LocalAws::admin_credentials(id);
    let accounts = &stage.platform.config.accounts;
    let administrators: String = accounts
        .iter()
        .map(|(name, account)| format!("  {}  {name} ({})\n", administrator(account.id.as_str()).0, account.id))
        .collect();
    let their_secret =
        accounts.values().next().map_or_else(String::new, |account| administrator(account.id.as_str()).1);
    let (first, others) = (prepared_projects[0], prepared_projects.join(", "));
    format!(
        "Open this in a browser (Ctrl-C here stops it):\n\n  {page}\n\n\
         As aiko, type  /onboard {first} dev  . Then switch to ren, an infra lead, and press Approve in #infra-approvals.\n\n\
         From another terminal, on the same local AWS:\n\n  \
         export GENKAN_CONFIG={}\n  export AWS_ENDPOINT_URL={endpoint}\n  export AWS_REGION={region} AWS_DEFAULT_REGION={region}\n  \
         export AWS_ACCESS_KEY_ID={access_key_id}\n  export AWS_SECRET_ACCESS_KEY={secret_access_key}\n\n  \
         {genkan} --as aiko onboard {first} staging\n  {genkan} --as ren approve REQUEST\n\n\
         {others} have a VPC, and its id in SSM. The run of another project waits for it, until project-dev's\n\
         administrator writes one that is there:\n\n  \
         aws ssm put-parameter --type String --name /dev/PROJECT/vpc-id --value {}\n\n\
         The accounts' administrators, for the aws command line (the secret of each: {their_secret}):\n\n{administrators}",
        config.display(),
        vpc_id("dev", prepared_projects.len() - 1),
    )
}
