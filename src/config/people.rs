//! Who is who: names, groups, and the AWS principals by which people are recognised at the terminal.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[[people]]`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KnownPerson {
    /// The name, unique. It becomes the sessions' `SourceIdentity`: 2 to 64 of letters, digits and `_+=,.@-`.
    pub name: String,
    /// The groups that they belong to.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The ARNs by which `sts:GetCallerIdentity` shows them; `*` stands for any text, as in
    /// `arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Engineer_*/aiko@example.com`.
    #[serde(default)]
    pub aws: Vec<String>,
}
