//! The environments: whose zone, which account a project gets, who approves.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{HostedZoneId, ProjectName, Snowflake};

/// `[environments.NAME]`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// The platform's account of this environment (by its name in `[accounts]`): it owns the zone.
    pub platform_account: String,
    /// The private hosted zone that projects' VPCs resolve.
    pub zone: Zone,
    /// The account that projects share, unless they are named in `accounts`.
    #[serde(default)]
    pub account: Option<String>,
    /// Projects that have an account of their own: project → account's name.
    #[serde(default)]
    pub accounts: BTreeMap<ProjectName, String>,
    /// What a project gets: the name of a blueprint.
    #[serde(default = "algorithm_server")]
    pub blueprint: String,
    /// The groups whose members may ask for something in this environment. Empty = everybody whom the config knows.
    #[serde(default)]
    pub requesters: Vec<String>,
    /// The groups whose members may approve.
    #[serde(default)]
    pub approvers: Vec<String>,
    /// The Discord channel in which this environment's approvers are asked. Default: `[discord] channel`.
    #[serde(default)]
    pub approvals_channel: Option<Snowflake>,
    /// How many approvals a step needs that changes another account. 0 = unattended, said plainly in every plan.
    #[serde(default = "one")]
    pub approvals: u32,
    /// How many approvals a step needs that destroys data.
    #[serde(default = "one")]
    pub approvals_to_destroy: u32,
}

/// A private hosted zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// Its id, without `/hostedzone/`.
    pub id: HostedZoneId,
    /// Its name, with or without the dot at its end.
    pub name: String,
}

fn algorithm_server() -> String {
    "algorithm-server".to_owned()
}

const fn one() -> u32 {
    1
}
