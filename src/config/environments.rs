//! The environments: whose zone, which account a project gets, who approves.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{EnvironmentName, HostedZoneId, ProjectName, Snowflake};

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
    /// How many approvals a step needs that destroys data: 2 or more.
    #[serde(default = "two")]
    pub approvals_to_destroy: u32,
    /// Whether it is production, where a gate takes two approvers. Default: whether it is called `production`.
    #[serde(default)]
    pub production: Option<bool>,
    /// When nothing is asked for and nothing begins here.
    #[serde(default)]
    pub freezes: Vec<Freeze>,
    /// Groups that approve in the approvers' stead for a while.
    #[serde(default)]
    pub stand_ins: Vec<StandIn>,
}

/// `[[environments.NAME.freezes]]`: while it holds nothing is asked for and nothing begins there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// From when, with its offset: `2026-12-24T18:00:00+09:00`.
    #[schemars(with = "String")]
    pub from: Timestamp,
    /// Until when.
    #[schemars(with = "String")]
    pub until: Timestamp,
    /// Why, in words that people see.
    pub why: String,
}

/// `[[environments.NAME.stand_ins]]`: a group whose members may approve as well, for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StandIn {
    /// The group.
    pub group: String,
    /// From when, with its offset.
    #[schemars(with = "String")]
    pub from: Timestamp,
    /// Until when.
    #[schemars(with = "String")]
    pub until: Timestamp,
}

impl Environment {
    /// Whether it is production; `name` is its own.
    pub fn is_production(&self, name: &EnvironmentName) -> bool {
        self.production.unwrap_or_else(|| name.as_str() == "production")
    }

    /// The freeze that holds at that moment; of several the one that ends last.
    pub fn frozen_at(&self, now: Timestamp) -> Option<&Freeze> {
        self.freezes.iter().filter(|freeze| freeze.from <= now && now < freeze.until).max_by_key(|freeze| freeze.until)
    }

    /// The groups whose members may approve at that moment: the approvers, and who stands in for them.
    pub fn approvers_at(&self, now: Timestamp) -> Vec<String> {
        let stand_in = self.stand_ins.iter().filter(|one| one.from <= now && now < one.until).map(|one| &one.group);
        let mut groups = self.approvers.clone();
        for group in stand_in {
            if !groups.contains(group) {
                groups.push(group.clone());
            }
        }
        groups
    }
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

const fn two() -> u32 {
    2
}
