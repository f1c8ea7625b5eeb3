//! What the local AWS holds at its start: accounts with their roles, users, networks, zones, secrets and parameters.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Everything that is there before the first call. The values are made up by whoever writes the seed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seed {
    /// The region of calls that name none, e.g. `ap-northeast-1`.
    pub region: String,
    /// The accounts; a call for any other account is refused.
    pub accounts: Vec<SeedAccount>,
}

/// One AWS account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SeedAccount {
    /// Twelve digits.
    pub id: String,
    /// A name for people; AWS calls do not show it.
    pub name: String,
    /// Where the account's regional things are made.
    pub region: String,
    /// Its IAM roles.
    #[serde(default)]
    pub roles: Vec<SeedRole>,
    /// Its IAM users; an administrator is there without being named.
    #[serde(default)]
    pub users: Vec<SeedUser>,
    /// Its VPCs.
    #[serde(default)]
    pub vpcs: Vec<SeedVpc>,
    /// Its private hosted zones.
    #[serde(default)]
    pub zones: Vec<SeedZone>,
    /// Its secrets.
    #[serde(default)]
    pub secrets: Vec<SeedSecret>,
    /// Its S3 buckets with Object Lock, in its region.
    #[serde(default)]
    pub locked_buckets: Vec<String>,
    /// Its SSM parameters.
    #[serde(default)]
    pub parameters: Vec<SeedParameter>,
}

/// An IAM role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SeedRole {
    /// The name, with its path if it has one: `writer` or `genkan/writer`.
    pub name: String,
    /// The trust policy document.
    pub trust: Value,
    /// Inline policies: name and document.
    pub policies: Vec<(String, Value)>,
    /// MaxSessionDuration, 3600 to 43200 seconds.
    pub max_session_seconds: u32,
}

/// An IAM user with one access key.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SeedUser {
    /// The user's name, without a path.
    pub name: String,
    /// The access key's id (made up, begins with `AKIA`).
    pub access_key: String,
    /// The access key's secret (made up).
    pub secret_key: String,
    /// Inline policies: name and document.
    pub policies: Vec<(String, Value)>,
}

/// A VPC with its DNS attributes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SeedVpc {
    /// `vpc-…`.
    pub id: String,
    /// For example `10.20.0.0/16`.
    pub cidr: String,
    /// The VPC's region.
    pub region: String,
    /// enableDnsSupport.
    pub dns_support: bool,
    /// enableDnsHostnames.
    pub dns_hostnames: bool,
}

/// A private hosted zone, associated with one VPC of its own account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SeedZone {
    /// `Z…`, without `/hostedzone/`.
    pub id: String,
    /// The domain; a trailing dot is added where it is missing.
    pub name: String,
    /// A VPC of the same account.
    pub vpc_id: String,
    /// That VPC's region.
    pub vpc_region: String,
}

/// A secret in Secrets Manager. Its Debug form does not show the value.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SeedSecret {
    /// The secret's name.
    pub name: String,
    /// The SecretString (made up).
    pub value: String,
    /// The VersionId of its first version; made up where it is `None`.
    #[serde(default)]
    pub version_id: Option<String>,
}

/// An SSM parameter of type String.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SeedParameter {
    /// The full name, e.g. `/dev/project-x/vpc-id`.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl fmt::Debug for SeedUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeedUser")
            .field("name", &self.name)
            .field("access_key", &self.access_key)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SeedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeedSecret").field("name", &self.name).finish_non_exhaustive()
    }
}
