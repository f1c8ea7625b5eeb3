//! Trust: how long an approval counts, which rules besides the built-in ones decide, and where the audit log is witnessed.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::accounts::Role;
use crate::model::Snowflake;

/// `[approvals]`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Approvals {
    /// How many hours after it was asked for an approval may be given and counts: 1 to 720. Afterwards the step fails, and a retry
    /// asks anew.
    #[schemars(range(min = 1, max = 720))]
    pub valid_hours: u32,
    /// How many hours before that the approvers are reminded, once; 0 = never.
    pub remind_hours: u32,
}

impl Default for Approvals {
    fn default() -> Self {
        Self { valid_hours: 24, remind_hours: 4 }
    }
}

/// `[policy]`
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PolicySettings {
    /// A folder with more rules (`*.cedar`), relative to the config file. The built-in ones need none.
    pub rules: Option<String>,
}

impl PolicySettings {
    /// The operator's rules: each `*.cedar` of the folder, by name: its path and its text. Nothing where no folder is named.
    ///
    /// # Errors
    /// What the system says of the folder, or of the file that cannot be read.
    pub fn files(&self) -> std::io::Result<Vec<(String, String)>> {
        let Some(folder) = &self.rules else { return Ok(vec![]) };
        read(Path::new(folder), "cedar")
    }

    /// What the operator expects of the rules: each `*.toml` of the folder `tests` in the rules' folder, if there is one.
    ///
    /// # Errors
    /// As [`PolicySettings::files`].
    pub fn tests(&self) -> std::io::Result<Vec<(String, String)>> {
        let folder = self.rules.as_ref().map(|folder| Path::new(folder).join("tests"));
        folder.filter(|folder| folder.is_dir()).map_or(Ok(vec![]), |folder| read(&folder, "toml"))
    }
}

/// The files of a folder with that ending, in the order of their names.
fn read(folder: &Path, ending: &str) -> std::io::Result<Vec<(String, String)>> {
    let entries: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    let mut paths: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == ending));
    paths.sort();
    paths.into_iter().map(|path| Ok((path.display().to_string(), std::fs::read_to_string(&path)?))).collect()
}

/// `[audit]`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// The file with the key that signs checkpoints, relative to the config file. Default: `audit.key` beside the store, made when
    /// it is not there.
    pub key_file: Option<String>,
    /// The Discord channel that checkpoints are posted to.
    pub channel: Option<Snowflake>,
    /// The S3 bucket with Object Lock that checkpoints are written to.
    pub bucket: Option<AuditBucket>,
    /// How many minutes lie between two checkpoints in one place at least, if something was written since: 1 to 1440.
    #[schemars(range(min = 1, max = 1440))]
    pub every_minutes: u32,
}

impl Default for Audit {
    fn default() -> Self {
        Self { key_file: None, channel: None, bucket: None, every_minutes: 10 }
    }
}

/// `[audit.bucket]`: outside the bot's own power, since nobody can remove what Object Lock holds.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditBucket {
    /// The account that holds it, by its name in `[accounts]`.
    pub account: String,
    /// Its name.
    pub name: String,
    /// The role there that may put objects into it, and no more.
    #[serde(default = "auditor")]
    pub role: Role,
    /// For how many days each checkpoint is locked, in compliance mode: 1 to 36500.
    #[serde(default = "a_year")]
    #[schemars(range(min = 1, max = 36500))]
    pub days: u32,
}

fn auditor() -> Role {
    Role("genkan-auditor".to_owned())
}

const fn a_year() -> u32 {
    365
}
