//! The platform as a whole: its region, its hub, the secret, names, sessions, the store.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::accounts::Role;
use crate::model::Region;

/// `[platform]`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Platform {
    /// The region of every account that does not name its own.
    pub region: Region,
    /// The account (by its name in `[accounts]`) whose identity the tool runs under.
    pub hub: String,
    /// A folder with more blueprints, relative to the config file. The built-in ones need none.
    #[serde(default)]
    pub blueprints: Option<String>,
}

/// `[secret]`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Secret {
    /// The account that holds the source. Default: the hub.
    pub account: Option<String>,
    /// The secret's name there.
    pub name: String,
    /// The role in that account that may read its value, and does nothing else.
    pub reader: Role,
}

impl Default for Secret {
    fn default() -> Self {
        Self {
            account: None,
            name: "GITHUB_PERSONAL_ACCESS_TOKEN".to_owned(),
            reader: Role("genkan-secret-reader".to_owned()),
        }
    }
}

/// `[names]`
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Names {
    /// What every project's name begins with; empty = anything that obeys the rule for names.
    pub project_prefix: String,
}

/// `[sessions]`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Sessions {
    /// How long an assumed session lasts, in minutes: 15 to 60.
    #[schemars(range(min = 15, max = 60))]
    pub minutes: u32,
}

impl Default for Sessions {
    fn default() -> Self {
        Self { minutes: 15 }
    }
}

/// `[store]`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSettings {
    /// `sqlite:PATH`, relative to the config file. On a local disk: SQLite's locks do not hold on NFS or EFS.
    pub url: String,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self { url: "sqlite:genkan.db".to_owned() }
    }
}
