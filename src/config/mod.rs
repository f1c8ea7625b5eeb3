//! WHAT THE OPERATOR WROTE: one TOML file, one section and one file here per concern, validated at start.

pub mod accounts;
pub mod blueprint;
pub mod discord;
mod document;
pub mod environments;
pub mod limits;
pub mod load;
pub mod named;
pub mod people;
pub mod platform;
pub mod problem;
pub mod trust;
mod validate;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{AccountId, EnvironmentName, Place, ProjectName};

pub use accounts::{Account, Role};
pub use blueprint::{Blueprint, ResourceTemplate};
pub use discord::{Discord, Door};
pub use environments::{Environment, Freeze, StandIn, Zone};
pub use limits::{Bucket, Limits};
pub use load::{Loaded, find};
pub use people::{BY_DISCORD, BY_NAME, KnownPerson};
pub use platform::{Names, Platform, Secret, Sessions, StoreSettings};
pub use problem::{ConfigErrors, Problem};
pub use trust::{Approvals, Audit, AuditBucket, PolicySettings};

/// Everything that the operator decides. See `config/example.toml`, which says what each setting is for.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The platform as a whole.
    pub platform: Platform,
    /// The accounts, by the name that people call them.
    pub accounts: BTreeMap<String, Account>,
    /// The environments, by name.
    pub environments: BTreeMap<EnvironmentName, Environment>,
    /// Who is who, and in which groups.
    #[serde(default)]
    pub people: Vec<KnownPerson>,
    /// The secret that every project's account gets a copy of.
    #[serde(default)]
    pub secret: Secret,
    /// What a project may be called.
    #[serde(default)]
    pub names: Names,
    /// How sessions are assumed.
    #[serde(default)]
    pub sessions: Sessions,
    /// The Discord server where people ask and approve; without it there is only the terminal.
    #[serde(default)]
    pub discord: Option<Discord>,
    /// How long approvals count.
    #[serde(default)]
    pub approvals: Approvals,
    /// Which rules decide, besides the built-in ones.
    #[serde(default)]
    pub policy: PolicySettings,
    /// The log that an outsider can verify.
    #[serde(default)]
    pub audit: Audit,
    /// Where the memory is.
    #[serde(default)]
    pub store: StoreSettings,
    /// How fast AWS may be called.
    #[serde(default)]
    pub limits: Limits,
}

impl Config {
    /// The JSON Schema of the config file.
    pub fn schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// The account of that name; the validation made sure that every name that the config mentions exists.
    pub fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.get(name)
    }

    /// The name and the settings of the account with that id.
    pub fn account_by_id(&self, id: &AccountId) -> Option<(&str, &Account)> {
        self.accounts.iter().find(|(_, account)| account.id == *id).map(|(name, account)| (name.as_str(), account))
    }

    /// The account that a project gets in an environment: its own if it is named there, else the shared one.
    pub fn account_of(&self, project: &ProjectName, environment: &EnvironmentName) -> Option<(&str, &Account)> {
        let environment = self.environments.get(environment)?;
        let name = environment.accounts.get(project).or(environment.account.as_ref())?;
        self.account(name).map(|account| (name.as_str(), account))
    }

    /// Where a project lives in an environment.
    pub fn place_of(&self, project: &ProjectName, environment: &EnvironmentName) -> Option<Place> {
        let (_, account) = self.account_of(project, environment)?;
        Some(Place { account: account.id.clone(), region: self.region_of(account).clone() })
    }

    /// An account's region: its own, or the platform's.
    pub fn region_of<'a>(&'a self, account: &'a Account) -> &'a crate::model::Region {
        account.region.as_ref().unwrap_or(&self.platform.region)
    }

    /// The account that owns the zone of an environment.
    pub fn zone_account(&self, environment: &EnvironmentName) -> Option<(&str, &Account)> {
        let name = &self.environments.get(environment)?.platform_account;
        self.account(name).map(|account| (name.as_str(), account))
    }

    /// The account that holds the secret's source: the one that `[secret]` names, or the hub.
    pub fn secret_account(&self) -> Option<(&str, &Account)> {
        let name = self.secret.account.as_ref().unwrap_or(&self.platform.hub);
        self.account(name).map(|account| (name.as_str(), account))
    }
}

#[cfg(test)]
mod tests;
