//! What a resource is (a [`Spec`]) and what a look at it found ([`Observed`]). Both have one shape, so that a diff is a comparison.
//!
//! One kind is one struct here, one file in `aws/` that looks, applies and removes, and the lines that name it.
//! A field that is `None` in a desired spec is not managed: whatever is there stays.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ids::{AccountId, EnvironmentName, HostedZoneId, ProjectName, Region, VpcId};

/// What a resource should be, or is: one variant a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Spec {
    /// An ECR repository.
    EcrRepository(EcrRepository),
    /// An S3 bucket.
    S3Bucket(S3Bucket),
    /// A copy of the platform's secret in the project's account.
    SecretCopy(SecretCopy),
    /// CodeBuild's account-wide credential for a source provider.
    SourceCredential(SourceCredential),
    /// An SSM parameter that somebody else writes and this run waits for.
    SsmParameter(SsmParameter),
    /// The association of the project's VPC with the platform's private hosted zone.
    ZoneAssociation(ZoneAssociation),
}

/// A repository for container images. <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Repository.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EcrRepository {
    /// The repository's name, 2 to 256 characters.
    pub name: String,
    /// Whether a tag, once pushed, may be pushed again.
    #[serde(default)]
    pub tag_mutability: TagMutability,
    /// Whether an image is scanned when it is pushed.
    #[serde(default = "yes")]
    pub scan_on_push: bool,
    /// The lifecycle policy, as JSON text; compared as JSON. Absent = not managed; empty = there is to be none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle_policy: Option<String>,
}

/// Whether an image tag can be overwritten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TagMutability {
    /// A tag may be pushed again.
    Mutable,
    /// A tag once pushed stays what it is.
    #[default]
    Immutable,
}

/// A bucket. ACLs are always disabled (object ownership `BucketOwnerEnforced`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct S3Bucket {
    /// The bucket's name, unique over all accounts of the partition.
    pub name: String,
    /// Object ownership; `BucketOwnerEnforced` disables ACLs.
    #[serde(default)]
    pub object_ownership: ObjectOwnership,
    /// Whether all four public access blocks are on.
    #[serde(default = "yes")]
    pub block_public_access: bool,
    /// Default encryption.
    #[serde(default)]
    pub encryption: BucketEncryption,
    /// Whether versioning is on. Absent = not managed. It can be suspended, never taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versioning: Option<bool>,
    /// The CORS rules, all of them: the document is replaced as a whole.
    #[serde(default)]
    pub cors: Vec<CorsRule>,
}

/// Who owns objects that others write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ObjectOwnership {
    /// The bucket's owner, and ACLs are disabled.
    #[default]
    BucketOwnerEnforced,
    /// The bucket's owner where the writer says so.
    BucketOwnerPreferred,
    /// The writer.
    ObjectWriter,
}

/// A bucket's default encryption.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum BucketEncryption {
    /// SSE-S3, always on since 2023.
    #[default]
    #[serde(rename = "AES256")]
    Aes256,
    /// SSE-KMS with the account's `aws/s3` key.
    #[serde(rename = "aws:kms")]
    Kms,
}

/// One rule of a bucket's CORS configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorsRule {
    /// Headers that a preflight request may name.
    #[serde(default)]
    pub allowed_headers: Vec<String>,
    /// GET, PUT, HEAD, POST, DELETE.
    pub allowed_methods: Vec<String>,
    /// Origins that may ask.
    pub allowed_origins: Vec<String>,
    /// Headers that a script may read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expose_headers: Vec<String>,
    /// How long a browser may keep the answer, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_seconds: Option<i32>,
}

/// A copy of the platform's secret. The copy's `VersionId` is the source's (it is the write's client token),
/// so that equality is seen without reading a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretCopy {
    /// The copy's name in the project's account.
    pub name: String,
    /// The source's name in the platform's account. Absent = the config's `[secret] name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Whether the copy holds the source's current version. Desired: always true.
    #[serde(default = "yes")]
    pub current: bool,
}

/// CodeBuild's credential for a source provider: one per provider, account and region, whoever imported it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceCredential {
    /// The provider.
    #[serde(default)]
    pub server_type: ServerType,
    /// How the credential is given.
    #[serde(default)]
    pub auth_type: AuthType,
    /// The name of the secret in the project's account that holds the token.
    pub secret: String,
    /// Whether it was imported from the secret's current version. Desired: always true.
    #[serde(default = "yes")]
    pub current: bool,
}

/// A source provider that CodeBuild knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ServerType {
    /// github.com.
    #[default]
    Github,
    /// A GitHub Enterprise Server.
    GithubEnterprise,
}

/// How CodeBuild is given a source credential.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AuthType {
    /// The token itself is imported; CodeBuild never shows it again.
    #[default]
    PersonalAccessToken,
    /// The secret's ARN is imported, so that a rotated secret needs no new import.
    SecretsManager,
}

/// A parameter that is waited for, never written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SsmParameter {
    /// The parameter's name, with its leading `/`.
    pub name: String,
    /// How many minutes a run waits for it before it fails.
    #[serde(default = "two_hours")]
    pub wait_minutes: u32,
}

/// A VPC of the project's account sees a private hosted zone of the platform's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneAssociation {
    /// The private hosted zone's id.
    pub zone_id: HostedZoneId,
    /// The zone's name, without the dot at its end.
    pub zone_name: String,
    /// The account that owns the zone.
    pub zone_account: AccountId,
    /// The project's VPC. Absent = not known yet: an input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc_id: Option<VpcId>,
    /// The region that the VPC is in.
    pub vpc_region: Region,
    /// Whether the VPC is associated with the zone. Desired: true.
    #[serde(default = "yes")]
    pub associated: bool,
    /// Whether the VPC's `enableDnsSupport` and `enableDnsHostnames` are on, without which the zone is not resolved. Desired: true.
    #[serde(default = "yes")]
    pub vpc_dns: bool,
    /// Whether an authorisation for this VPC is open in the zone's account. Desired: false, always: it is withdrawn.
    #[serde(default)]
    pub authorisation_open: bool,
}

const fn yes() -> bool {
    true
}

const fn two_hours() -> u32 {
    120
}

/// A kind of resource, without its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// See [`EcrRepository`].
    EcrRepository,
    /// See [`S3Bucket`].
    S3Bucket,
    /// See [`SecretCopy`].
    SecretCopy,
    /// See [`SourceCredential`].
    SourceCredential,
    /// See [`SsmParameter`].
    SsmParameter,
    /// See [`ZoneAssociation`].
    ZoneAssociation,
}

impl Kind {
    /// Every kind, in the order of the runbook.
    pub const ALL: [Self; 6] = [
        Self::EcrRepository,
        Self::S3Bucket,
        Self::SecretCopy,
        Self::SourceCredential,
        Self::SsmParameter,
        Self::ZoneAssociation,
    ];

    /// What people call it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::EcrRepository => "ECR repository",
            Self::S3Bucket => "S3 bucket",
            Self::SecretCopy => "secret",
            Self::SourceCredential => "CodeBuild source credential",
            Self::SsmParameter => "SSM parameter",
            Self::ZoneAssociation => "zone association",
        }
    }
}

impl Spec {
    /// Which kind it is.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::EcrRepository(_) => Kind::EcrRepository,
            Self::S3Bucket(_) => Kind::S3Bucket,
            Self::SecretCopy(_) => Kind::SecretCopy,
            Self::SourceCredential(_) => Kind::SourceCredential,
            Self::SsmParameter(_) => Kind::SsmParameter,
            Self::ZoneAssociation(_) => Kind::ZoneAssociation,
        }
    }

    /// What it is called in AWS: with kind and place it says which resource is meant.
    pub fn name(&self) -> String {
        match self {
            Self::EcrRepository(spec) => spec.name.clone(),
            Self::S3Bucket(spec) => spec.name.clone(),
            Self::SecretCopy(spec) => spec.name.clone(),
            Self::SourceCredential(spec) => match spec.server_type {
                ServerType::Github => "GITHUB".to_owned(),
                ServerType::GithubEnterprise => "GITHUB_ENTERPRISE".to_owned(),
            },
            Self::SsmParameter(spec) => spec.name.clone(),
            Self::ZoneAssociation(spec) => match &spec.vpc_id {
                Some(vpc) => format!("{} ({}) ← {vpc}", spec.zone_name, spec.zone_id),
                None => format!("{} ({})", spec.zone_name, spec.zone_id),
            },
        }
    }

    /// Whether it is only waited for and read: never created, changed or removed.
    pub const fn is_awaited(&self) -> bool {
        matches!(self, Self::SsmParameter(_))
    }

    /// The account besides its own place's that carrying it out *changes*, if there is one. Such a step is gated.
    pub fn other_account(&self, own: &AccountId) -> Option<&AccountId> {
        match self {
            Self::ZoneAssociation(spec) if spec.zone_account != *own => Some(&spec.zone_account),
            _ => None,
        }
    }
}

/// What a resource told about itself once it was there: ARNs, URIs, ids, versions. Never a secret.
pub type Outputs = BTreeMap<String, String>;

/// How much of what a resource holds would be lost with it: `objects` → 12, `images` → 3.
pub type Contents = BTreeMap<String, u64>;

/// So much of something, in words: `12 objects`, `1 image`.
pub fn amount(what: &str, count: u64) -> String {
    let what = if count == 1 { what.strip_suffix('s').unwrap_or(what) } else { what };
    format!("{count} {what}")
}

/// Whose a resource is that is not this project's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "owner")]
pub enum Owner {
    /// It is in the right account but carries no mark of this tool: somebody made it by hand.
    Unmarked,
    /// This tool made it for another project or environment.
    Project {
        /// That project.
        project: ProjectName,
        /// That environment.
        environment: EnvironmentName,
    },
    /// Another AWS account has it (a bucket's name is unique in the world).
    AnotherAccount,
    /// It is the platform's own: the project's account is the platform's account.
    Platform,
    /// Something else that is in the way, in words.
    InTheWay {
        /// What it is.
        what: String,
    },
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmarked => f.write_str("made by hand, not by genkan"),
            Self::Project { project, environment } => write!(f, "of {project} {environment}"),
            Self::AnotherAccount => f.write_str("held by another AWS account"),
            Self::Platform => f.write_str("the platform's own"),
            Self::InTheWay { what } => f.write_str(what),
        }
    }
}

/// What a look found. **A look that failed is not here**: it is an error, never [`Observed::Absent`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Observed {
    /// AWS said that it is not there.
    Absent,
    /// It is there and ours: this tool made it or took it over, for this project (or for the account, where that is its scope).
    Ours {
        /// What it is.
        spec: Spec,
        /// What it tells about itself.
        outputs: Outputs,
        /// What would be lost with it.
        #[serde(default, skip_serializing_if = "Contents::is_empty")]
        contents: Contents,
    },
    /// It is there and not ours.
    Foreign {
        /// Whose it is.
        #[serde(flatten)]
        owner: Owner,
        /// What it is, as far as it can be seen.
        spec: Option<Spec>,
        /// What it tells about itself.
        outputs: Outputs,
    },
    /// It is scheduled for deletion and holds its name until then (Secrets Manager's recovery window).
    Leaving {
        /// When it will be gone, at the earliest.
        until: Option<Timestamp>,
        /// Whether this tool made it.
        ours: bool,
    },
}
