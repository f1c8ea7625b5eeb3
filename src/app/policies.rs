//! `genkan policies render`: the roles that this config needs, with who may assume them and what they may do.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{AppError, wire};
use crate::aws::cloud::Aws;
use crate::aws::roles::{identity_policy, role_policies};
use crate::cli::{Exit, Printer};
use crate::config::Config;
use crate::engine::Cloud;
use crate::engine::limit::Gates;
use crate::engine::witness::NoPower;
use crate::requests::DeskError;

pub(super) async fn render(config: Config, caller: Option<String>, printer: &Printer) -> Result<Exit, AppError> {
    let caller = match caller {
        Some(caller) => caller,
        None => whoever_runs_this(&config).await?,
    };
    let accounts: BTreeMap<String, Value> = role_policies(&config, &caller)
        .into_iter()
        .map(|(name, roles)| {
            let roles: BTreeMap<String, Value> = roles
                .into_iter()
                .map(|role| (role.arn, json!({"trust_policy": role.trust, "permission_policy": role.policy})))
                .collect();
            (name, json!(roles))
        })
        .collect();
    let own = identity_policy(&config);
    let document = json!({"identity": {"arn": caller, "permission_policy": own}, "accounts": accounts});
    printer.result(&document, || format!("{document:#}\n"));
    Ok(Exit::Done)
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
