//! `genkan policies render`: the roles that this config needs, with who may assume them and what they may do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use super::{AppError, wire};
use crate::aws::cloud::Aws;
use crate::aws::rendered::{Format, documents, files};
use crate::aws::roles::{identity_policy, role_policies};
use crate::cli::args::PoliciesFormat;
use crate::cli::{Exit, Printer};
use crate::config::Config;
use crate::engine::Cloud;
use crate::engine::limit::Gates;
use crate::engine::witness::NoPower;
use crate::model::AccountId;
use crate::requests::DeskError;

/// Which roles are rendered, how, and to where.
pub(super) struct Shape {
    /// Only this account's.
    pub account: Option<String>,
    /// As documents or as a template.
    pub format: PoliciesFormat,
    /// A folder for files; none: they are printed.
    pub out: Option<PathBuf>,
}

pub(super) async fn render(
    config: &Config,
    caller: Option<String>,
    shape: Shape,
    printer: &Printer,
) -> Result<Exit, AppError> {
    let account = shape.account.as_deref();
    if let Some(name) = account.filter(|name| config.account(name).is_none()) {
        let known = config.accounts.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        return Err(AppError::Settings(format!("the config has no account `{name}`: it has {known}")));
    }
    let caller = match caller {
        Some(caller) if is_identity(&caller) => caller,
        Some(caller) => {
            return Err(AppError::Settings(format!(
                "--caller: `{caller}` is not the ARN of a role or a user, as in arn:aws:iam::111111111111:role/genkan"
            )));
        }
        None => whoever_runs_this(config).await?,
    };
    let format = match shape.format {
        PoliciesFormat::Json => Format::Json,
        PoliciesFormat::Cloudformation => Format::Cloudformation,
    };
    let mut files = files(config, &caller, format, account);
    if let Some(folder) = &shape.out {
        let written = write(folder, &files).map_err(|error| {
            AppError::Settings(format!("the roles cannot be written into {}: {error}", folder.display()))
        })?;
        printer.result(&written, || written.iter().map(|file| format!("{file}\n")).collect());
        return Ok(Exit::Done);
    }
    let document = match format {
        Format::Cloudformation => files.remove("stack.json").unwrap_or_default(),
        Format::Json => {
            let roles = role_policies(config, &caller).into_iter();
            let roles = roles.filter(|(name, _)| account.is_none_or(|wanted| wanted == name));
            let accounts: BTreeMap<String, Value> = roles.map(|(name, roles)| (name, documents(roles))).collect();
            let own = json!({"arn": caller, "permission_policy": identity_policy(config)});
            json!({"identity": own, "accounts": accounts})
        }
    };
    printer.result(&document, || format!("{document:#}\n"));
    Ok(Exit::Done)
}

/// Whether this is the ARN of a role, a user or a role's session.
fn is_identity(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "iam" | "sts", "", account, name] = parts.as_slice() else { return false };
    let kinds = ["role/", "user/", "assumed-role/"];
    account.parse::<AccountId>().is_ok() && kinds.iter().any(|kind| name.len() > kind.len() && name.starts_with(kind))
}

/// Writes the files into the folder, which is made if it is not there. Returns their paths.
fn write(folder: &Path, files: &BTreeMap<String, Value>) -> std::io::Result<Vec<String>> {
    std::fs::create_dir_all(folder)?;
    let file = |(name, document): (&String, &Value)| {
        let path = folder.join(name);
        std::fs::write(&path, format!("{document:#}\n"))?;
        Ok(path.display().to_string())
    };
    files.iter().map(file).collect()
}

async fn whoever_runs_this(config: &Config) -> Result<String, AppError> {
    let gates = Gates::new(&config.limits);
    let aws = Aws::new(Arc::new(config.clone()), wire::environment(config).await, gates, Arc::new(NoPower));
    aws.caller().await.map_err(|error| {
        AppError::Desk(DeskError::Invalid(
            format!("which identity genkan will run under is not known ({error}): say it with --caller ARN").into(),
        ))
    })
}
