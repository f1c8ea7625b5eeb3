//! The made-up platform of `genkan demo` and `genkan sandbox`: six accounts in a local AWS, set up as the config and the role
//! tables of this very program say.

use std::path::Path;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

use serde_json::json;

use crate::aws::roles::{identity_policy, role_policies};
use crate::config::Config;
use crate::model::{AccountId, EnvironmentName, ProjectName};
use crate::requests::{Desk, DeskError};
use crate::sandbox::seed::{Seed, SeedAccount, SeedParameter, SeedRole, SeedSecret, SeedUser, SeedVpc, SeedZone};
use crate::sandbox::{LocalAws, SandboxError};

/// The config of the made-up platform.
pub const CONFIG: &str = include_str!("../../config/sandbox.toml");

/// The access key of the tool's own identity there, and its secret: made up, like everything in it.
pub const ACCESS_KEY: (&str, &str) = ("AKIAGENKANSANDBOX001", "genkan-sandbox-secret-key-made-up-0001");

/// The user that the tool runs under there.
const USER: &str = "genkan";

/// A made-up token: the value of the platform's secret.
const TOKEN: &str = "made-up-github-token-of-the-sandbox";

/// Projects whose infrastructure exists in the sandbox: each has a VPC and its `vpc-id` parameter in every environment.
pub const PREPARED: [&str; 3] = ["project-x", "project-y", "project-z"];

/// The local platform.
pub struct LocalPlatform {
    /// The local AWS.
    pub aws: LocalAws,
    /// Its config.
    pub config: Config,
}

impl LocalPlatform {
    /// A new one. `prepared`: projects whose VPC's id is in SSM already. `folder` is where the store goes.
    ///
    /// # Errors
    /// When the local AWS refuses its own seed.
    pub async fn start(folder: &Path, prepared: &[&str]) -> Result<Self, SandboxError> {
        Self::of(config(folder), prepared).await
    }

    /// A new one, of another config.
    ///
    /// # Errors
    /// When the local AWS refuses its own seed.
    pub async fn of(config: Config, prepared: &[&str]) -> Result<Self, SandboxError> {
        let aws = LocalAws::start(seed(&config, prepared)).await?;
        Ok(Self { aws, config })
    }

    /// One that goes on from a local AWS that was restored.
    pub fn over(aws: LocalAws, folder: &Path) -> Self {
        Self { aws, config: config(folder) }
    }

    /// Writes the config that other processes can use, unless one is there: somebody may have changed it. In either, the local
    /// Discord is where it is now.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn write_config(file: &Path, discord: &str) -> std::io::Result<()> {
        let text = if file.exists() { std::fs::read_to_string(file)? } else { CONFIG.to_owned() };
        let without = text.lines().filter(|line| !line.starts_with("api = "));
        let with: Vec<String> = without
            .map(|line| if line == "[discord]" { format!("{line}\napi = {discord:?}") } else { line.to_owned() })
            .collect();
        std::fs::write(file, with.join("\n") + "\n")
    }

    /// A desk over it, in the same process.
    ///
    /// # Errors
    /// When the store cannot be opened.
    pub async fn desk(&self) -> Result<Desk, DeskError> {
        super::wire::desk_over(self.config.clone(), self.tool()).await
    }

    /// The tool's own identity, as the SDK's settings.
    pub fn tool(&self) -> SdkConfig {
        self.sdk(ACCESS_KEY.0, ACCESS_KEY.1)
    }

    /// An account's administrator, as the SDK's settings.
    pub fn administrator(&self, account: &AccountId) -> SdkConfig {
        let (key, secret) = LocalAws::admin_credentials(account.as_str());
        self.sdk(&key, &secret)
    }

    fn sdk(&self, key: &str, secret: &str) -> SdkConfig {
        let credentials = Credentials::new(key, secret, None, None, "sandbox");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(self.aws.region().to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(self.aws.http_client())
            .endpoint_url("http://127.0.0.1")
            .build()
    }

    /// Does what the project's infrastructure stack does at its end: writes the VPC's id into SSM.
    ///
    /// # Errors
    /// What AWS refused, in words.
    pub async fn write_vpc_id(&self, project: &ProjectName, environment: &EnvironmentName) -> Result<(), String> {
        let (name, account) = self.parameter(project, environment)?;
        let ssm = aws_sdk_ssm::Client::new(&self.administrator(&account));
        let number = PREPARED.iter().position(|prepared| *prepared == project.as_str()).unwrap_or_default();
        let vpc = vpc_id(environment.as_str(), number);
        let put = ssm.put_parameter().name(name).value(vpc).r#type(aws_sdk_ssm::types::ParameterType::String);
        put.send().await.map(drop).map_err(|error| format!("{error:?}"))
    }

    /// Removes that parameter again, as deleting the stack would.
    ///
    /// # Errors
    /// What AWS refused, in words.
    pub async fn remove_vpc_id(&self, project: &ProjectName, environment: &EnvironmentName) -> Result<(), String> {
        let (name, account) = self.parameter(project, environment)?;
        let ssm = aws_sdk_ssm::Client::new(&self.administrator(&account));
        ssm.delete_parameter().name(name).send().await.map(drop).map_err(|error| format!("{error:?}"))
    }

    fn parameter(&self, project: &ProjectName, environment: &EnvironmentName) -> Result<(String, AccountId), String> {
        let account = self.config.account_of(project, environment);
        let (_, account) = account.ok_or_else(|| format!("{environment} has no account for {project}"))?;
        Ok((format!("/{environment}/{project}/vpc-id"), account.id.clone()))
    }
}

fn config(folder: &Path) -> Config {
    let loaded = Config::parse(CONFIG, &folder.join("genkan.toml"));
    loaded.expect("the built-in config is tested to be well").config
}

fn seed(config: &Config, prepared: &[&str]) -> Seed {
    let hub = config.account(&config.platform.hub).expect("the config was validated");
    let caller = format!("arn:aws:iam::{}:user/{USER}", hub.id);
    let mut roles = role_policies(config, &caller);
    let audit = config.audit.bucket.as_ref();
    let accounts = config.accounts.iter().map(|(name, account)| {
        let region = config.region_of(account).to_string();
        let is_hub = *name == config.platform.hub;
        let zones = config.environments.iter().filter(|(_, environment)| environment.platform_account == *name);
        let shared = config.environments.iter().filter(|(_, one)| one.account.as_deref() == Some(name));
        let shared: Vec<&EnvironmentName> = shared.map(|(environment, _)| environment).collect();
        let platform_vpc = SeedVpc {
            id: format!("vpc-0{}{}", "a".repeat(8), &account.id.as_str()[4..]),
            cidr: "10.0.0.0/16".to_owned(),
            region: region.clone(),
            dns_support: true,
            dns_hostnames: true,
        };
        let project_vpcs = shared.iter().flat_map(|environment| {
            let region = region.clone();
            (0_usize..PREPARED.len()).map(move |number| SeedVpc {
                id: vpc_id(environment.as_str(), number),
                cidr: format!("10.{}.0.0/16", 10 + number),
                region: region.clone(),
                dns_support: true,
                dns_hostnames: true,
            })
        });
        let parameters = shared.iter().flat_map(|&environment| {
            prepared.iter().enumerate().map(move |(number, project)| SeedParameter {
                name: format!("/{environment}/{project}/vpc-id"),
                value: vpc_id(environment.as_str(), number),
            })
        });
        let zones: Vec<SeedZone> = zones
            .map(|(_, environment)| SeedZone {
                id: environment.zone.id.to_string(),
                name: environment.zone.name.clone(),
                vpc_id: platform_vpc.id.clone(),
                vpc_region: region.clone(),
            })
            .collect();
        SeedAccount {
            id: account.id.to_string(),
            name: name.clone(),
            region: region.clone(),
            roles: roles
                .remove(name)
                .unwrap_or_default()
                .into_iter()
                .map(|role| SeedRole {
                    name: role.name().to_owned(),
                    trust: role.trust,
                    policies: vec![("genkan".to_owned(), role.policy)],
                    max_session_seconds: 3600,
                })
                .collect(),
            users: if is_hub { vec![user(config)] } else { vec![] },
            secrets: if is_hub {
                vec![SeedSecret { name: config.secret.name.clone(), value: TOKEN.to_owned(), version_id: None }]
            } else {
                vec![]
            },
            vpcs: project_vpcs.chain((!zones.is_empty()).then_some(platform_vpc)).collect(),
            zones,
            locked_buckets: audit
                .filter(|bucket| bucket.account == *name)
                .map(|bucket| bucket.name.clone())
                .into_iter()
                .collect(),
            parameters: parameters.collect(),
        }
    });
    Seed { region: config.platform.region.to_string(), accounts: accounts.collect() }
}

/// The tool's own identity: it may assume roles, and nothing else.
fn user(config: &Config) -> SeedUser {
    let policy = identity_policy(config);
    let statements = policy["Statement"].as_array().cloned().unwrap_or_default();
    SeedUser {
        name: USER.to_owned(),
        access_key: ACCESS_KEY.0.to_owned(),
        secret_key: ACCESS_KEY.1.to_owned(),
        // A user's policy may be 2048 characters long: each statement is one.
        policies: statements
            .iter()
            .enumerate()
            .map(|(number, statement)| {
                (format!("assume-roles-{number}"), json!({"Version": "2012-10-17", "Statement": [statement]}))
            })
            .collect(),
    }
}

/// The id of an environment's VPC number so-and-so: `vpc-` and 17 hex digits.
pub(super) fn vpc_id(environment: &str, number: usize) -> String {
    use std::fmt::Write as _;
    let mut id = String::from("vpc-0");
    for byte in environment.bytes().take(4) {
        let _ = write!(id, "{byte:02x}");
    }
    let _ = write!(id, "{number:08x}");
    id.push_str(&"0".repeat(21_usize.saturating_sub(id.len())));
    id
}
