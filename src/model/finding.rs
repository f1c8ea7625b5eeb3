//! A finding: one thing that a check looked at, whether it is well, and what mends it.

use serde::{Deserialize, Serialize};

/// How one check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Ok,
    /// It works, but somebody should know.
    Warning,
    /// The tool cannot do its work here until it is mended.
    Failed,
}

/// What `genkan doctor` says about one account, role, zone, secret or permission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The account that was looked at, as `name (id)`, or the part of the config.
    pub place: String,
    /// What was checked: `reader role genkan-reader`, `hosted zone Z…` …
    pub subject: String,
    /// How it came out.
    pub health: Health,
    /// What was seen, in one sentence.
    pub seen: String,
    /// What mends it: a policy statement, a trust policy, a command, a line of config. None when all is well.
    pub mend: Option<String>,
}
