//! The accounts: their ids, and the roles that the tool assumes in each.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{AccountId, Region};

/// `[accounts.NAME]`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The account's id.
    pub id: AccountId,
    /// Its region, if it is not the platform's.
    #[serde(default)]
    pub region: Option<Region>,
    /// The role that looks; every account has one.
    #[serde(default = "Role::reader")]
    pub reader: Role,
    /// The role that makes, changes and removes a project's resources.
    #[serde(default = "Role::writer")]
    pub writer: Role,
    /// The role that authorises VPCs for this account's zones, and withdraws that.
    #[serde(default = "Role::authoriser")]
    pub authoriser: Role,
    /// What the roles' trust policies ask for as `sts:ExternalId`.
    #[serde(default)]
    pub external_id: Option<String>,
    /// Whether the roles' trust policies allow `sts:TagSession`.
    #[serde(default = "yes")]
    pub session_tags: bool,
    /// Whether the roles' trust policies allow `sts:SetSourceIdentity`.
    #[serde(default = "yes")]
    pub source_identity: bool,
}

/// A role: its name, with its path if it has one (`platform/genkan-reader`), or its whole ARN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Role(pub String);

impl Role {
    fn reader() -> Self {
        Self("genkan-reader".to_owned())
    }

    fn writer() -> Self {
        Self("genkan-writer".to_owned())
    }

    fn authoriser() -> Self {
        Self("genkan-authoriser".to_owned())
    }

    /// The role's ARN in that account, in the partition of that region.
    pub fn arn(&self, account: &AccountId, region: &Region) -> String {
        if self.0.starts_with("arn:") {
            return self.0.clone();
        }
        let name = self.0.trim_start_matches('/');
        format!("arn:{}:iam::{account}:role/{name}", partition(region))
    }
}

/// The partition that a region belongs to: `aws`, `aws-cn` or `aws-us-gov`.
pub fn partition(region: &Region) -> &'static str {
    match region.as_str() {
        name if name.starts_with("cn-") => "aws-cn",
        name if name.starts_with("us-gov-") => "aws-us-gov",
        name if name.starts_with("eusc-") => "aws-eusc",
        _ => "aws",
    }
}

const fn yes() -> bool {
    true
}
