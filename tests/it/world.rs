//! Two accounts of a local AWS: the platform's with the secret's source and the tool's identity, and the project's; both with the roles and
//! policies that the config implies, enforced.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::config::{AsyncSleep, SharedAsyncSleep, Sleep};
use aws_smithy_types::retry::RetryConfig;
use genkan::aws::cloud::Aws;
use genkan::aws::roles::{identity_policy, role_policies};
use genkan::config::Config;
use genkan::engine::cloud::{Behalf, Work};
use genkan::engine::limit::Gates;
use genkan::engine::{Ask, Cloud, CloudError, Progress, Resource};
use genkan::model::plan::Scope;
use genkan::model::{Observed, Outputs, Place, Spec};
use genkan::plan::diff::changes;
use genkan::sandbox::LocalAws;
use genkan::sandbox::log::Call;
use genkan::sandbox::seed::{Seed, SeedAccount, SeedParameter, SeedRole, SeedSecret, SeedUser, SeedVpc, SeedZone};

use crate::ledger::Ledger;

pub const HUB: &str = "111111111111";
pub const SPOKE: &str = "222222222222";
pub const TOKEN: &str = "GITHUB_PERSONAL_ACCESS_TOKEN";
pub const VALUE: &str = "made-up-value-of-the-token";
pub const VERSION: &str = "11111111-2222-4333-8444-555555555555";
pub const REGION: &str = "ap-northeast-1";
/// The zone of the platform's account, named `dev.internal`.
pub const ZONE: &str = "Z0000000DEV";
/// The zone's own VPC.
pub const ZONE_VPC: &str = "vpc-0bbbbbbbbbbbbbbbb";
/// A VPC of the project's account; the parameter [`PARAMETER`] there says its id.
pub const VPC: &str = "vpc-0aaaaaaaaaaaaaaaa";
/// Another one, whose `enableDnsHostnames` is off.
pub const PLAIN_VPC: &str = "vpc-0cccccccccccccccc";
pub const PARAMETER: &str = "/dev/project-x/vpc-id";
pub const KEYS: (&str, &str) = ("AKIAGENKAN0000000000", "made-up-key");

pub const CONFIG: &str = r#"
[platform]
region = "ap-northeast-1"
hub = "platform"
[names]
project_prefix = "project-"
[accounts.platform]
id = "111111111111"
external_id = "genkan-test"
[accounts.shared]
id = "222222222222"
external_id = "genkan-test"
[environments.dev]
platform_account = "platform"
zone = { id = "Z0000000DEV", name = "dev.internal" }
account = "shared"
"#;

/// A local AWS and the tool's view of it.
pub struct World {
    pub aws: LocalAws,
    pub cloud: Aws,
    pub ledger: Ledger,
    pub config: Arc<Config>,
}

/// The SDK's pauses between tries are skipped, its timeouts are kept.
#[derive(Debug)]
pub struct NoPauses;

impl AsyncSleep for NoPauses {
    fn sleep(&self, duration: Duration) -> Sleep {
        if duration < Duration::from_secs(3) {
            return Sleep::new(std::future::ready(()));
        }
        Sleep::new(tokio::time::sleep(duration))
    }
}

impl World {
    /// With everything prepared, in Tokyo.
    pub async fn start() -> Self {
        Self::with(CONFIG, |_| {}).await
    }

    /// The same in another region.
    pub async fn in_region(region: &str) -> Self {
        Self::with(&CONFIG.replace(REGION, region), |_| {}).await
    }

    /// The same after a change of what is seeded.
    pub async fn changed(change: impl FnOnce(&mut Seed)) -> Self {
        Self::with(CONFIG, change).await
    }

    /// The same with another config, and after a change of what is seeded.
    pub async fn with(config: &str, change: impl FnOnce(&mut Seed)) -> Self {
        let config: Arc<Config> = Arc::new(toml::from_str(config).expect("a sound config"));
        let mut seed = seed(&config);
        change(&mut seed);
        let aws = LocalAws::start(seed).await.expect("a sound seed");
        let ledger = Ledger::default();
        let cloud = cloud(&aws, &config, &ledger);
        Self { aws, cloud, ledger, config }
    }

    /// What another process sees: no session is open, nothing is known.
    pub fn restarted(self) -> Self {
        Self { cloud: self.restarted_cloud(), ..self }
    }

    /// What another process would use.
    pub fn restarted_cloud(&self) -> Aws {
        cloud(&self.aws, &self.config, &self.ledger)
    }

    /// What an administrator of that account does by hand, in Tokyo.
    pub fn admin(&self, account: &str) -> SdkConfig {
        let (access_key, secret_key) = LocalAws::admin_credentials(account);
        sdk(&self.aws, &access_key, &secret_key, REGION)
    }

    /// What a user of the platform's account does, whose key is known: the tool's own user, or `other`.
    pub fn user(&self, name: &str) -> SdkConfig {
        let key = if name == "genkan" { KEYS.0 } else { "AKIAOTHER00000000000" };
        sdk(&self.aws, key, KEYS.1, REGION)
    }

    /// An S3 client of an administrator.
    pub fn s3(&self, account: &str) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::new(&self.admin(account))
    }

    /// A Secrets Manager client of an administrator.
    pub fn secrets(&self, account: &str) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.admin(account))
    }

    /// The resource that `ask` means.
    pub fn resource(&self, ask: &Ask) -> Arc<dyn Resource> {
        self.cloud.resource(ask.clone())
    }

    /// A look.
    pub async fn look(&self, ask: &Ask) -> Result<Observed, CloudError> {
        self.resource(ask).observe().await
    }

    /// What the engine does to bring a resource to its spec: looks, decides, calls. Returns whether anything was done.
    pub async fn settle(&self, ask: &Ask) -> Result<Option<Outputs>, CloudError> {
        let resource = self.resource(ask);
        let work = match resource.observe().await? {
            Observed::Absent => Work::Create,
            Observed::Ours { spec, .. } => match changes(&ask.spec, &spec) {
                changes if changes.is_empty() => return Ok(None),
                changes => Work::Converge { changes, adopt: false },
            },
            other => panic!("in the way: {other:?}"),
        };
        match resource.apply(&work).await? {
            Progress::Done(outputs) => Ok(Some(outputs)),
            waiting => panic!("not done: {waiting:?}"),
        }
    }

    /// What the engine does for one step until there is nothing to do or a person has to act: looks, does what differs,
    /// comes back after what passes, abandons what it gives up.
    pub async fn converge(&self, ask: &mut Ask) -> Result<(), CloudError> {
        let mut passing = 0;
        loop {
            let resource = self.resource(ask);
            let done = match resource.observe().await {
                Ok(Observed::Absent) => resource.apply(&Work::Create).await.map(Some),
                Ok(Observed::Ours { spec, .. }) => match changes(&ask.spec, &spec) {
                    changes if changes.is_empty() => Ok(None),
                    changes => resource.apply(&Work::Converge { changes, adopt: false }).await.map(Some),
                },
                Ok(other) => panic!("in the way: {other:?}"),
                Err(error) => Err(error),
            };
            ask.begun = true;
            match done {
                Ok(None) => return Ok(()),
                Ok(Some(Progress::Done(outputs))) => ask.remembered = Some(outputs),
                Ok(Some(Progress::Waiting { .. })) => {}
                Err(CloudError::Passing { .. }) if passing < 8 => passing += 1,
                Err(error) => {
                    resource.abandon().await?;
                    return Err(error);
                }
            }
        }
    }

    /// Takes over what is foreign.
    pub async fn adopt(&self, ask: &Ask) -> Result<Outputs, CloudError> {
        let resource = self.resource(ask);
        let changes = match resource.observe().await? {
            Observed::Foreign { spec: Some(spec), .. } => changes(&ask.spec, &spec),
            Observed::Leaving { .. } => vec![],
            other => panic!("not to be taken over: {other:?}"),
        };
        match resource.apply(&Work::Converge { changes, adopt: true }).await? {
            Progress::Done(outputs) => Ok(outputs),
            waiting => panic!("not done: {waiting:?}"),
        }
    }

    /// Removes it, as often as it takes.
    pub async fn remove(&self, ask: &Ask, delete_data: bool) -> Result<(), CloudError> {
        let resource = self.resource(ask);
        resource.observe().await?;
        while let Progress::Waiting { .. } = resource.remove(delete_data).await? {}
        Ok(())
    }

    /// The lines of the inventory of the project's account that begin like this.
    pub fn lines(&self, begin: &str) -> Vec<String> {
        self.lines_of(SPOKE, begin)
    }

    /// The same of any account.
    pub fn lines_of(&self, account: &str, begin: &str) -> Vec<String> {
        let inventory = self.aws.inventory();
        let lines = inventory.0.get(account).into_iter().flatten();
        lines.filter(|line| line.starts_with(begin)).cloned().collect()
    }
}

/// What a project asks for in the shared account.
pub fn ask(spec: Spec, scope: Scope) -> Ask {
    ask_at(spec, scope, SPOKE, REGION)
}

/// The same elsewhere.
pub fn ask_at(spec: Spec, scope: Scope, account: &str, region: &str) -> Ask {
    Ask {
        place: Place { account: account.parse().unwrap(), region: region.parse().unwrap() },
        spec,
        scope,
        project: "project-x".parse().unwrap(),
        environment: "dev".parse().unwrap(),
        remembered: None,
        begun: false,
        removing: false,
        behalf: Behalf {
            person: "aiko".to_owned(),
            request: Some("r-7k2m9x4bqd".parse().unwrap()),
            step: Some("a-step".parse().unwrap()),
            approvers: ["ken".to_owned()].into(),
            digest: Some(genkan::model::Digest::of(&"a step")),
            ..Behalf::default()
        },
    }
}

fn cloud(aws: &LocalAws, config: &Arc<Config>, ledger: &Ledger) -> Aws {
    let base = sdk(aws, KEYS.0, KEYS.1, config.platform.region.as_str());
    Aws::new(Arc::clone(config), base, Gates::new(&config.limits), Arc::new(ledger.clone()))
}

/// How often each action was called.
pub fn counted(calls: &[Call]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for call in calls {
        *counts.entry(call.action()).or_default() += 1;
    }
    counts
}

fn sdk(aws: &LocalAws, access_key: &str, secret_key: &str, region: &str) -> SdkConfig {
    let credentials = Credentials::new(access_key, secret_key, None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws.http_client())
        .sleep_impl(SharedAsyncSleep::new(NoPauses))
        .retry_config(RetryConfig::disabled())
        .build()
}

/// The accounts of the config with the roles that it implies.
fn seed(config: &Config) -> Seed {
    let region = config.platform.region.to_string();
    let user = SeedUser {
        name: "genkan".to_owned(),
        access_key: KEYS.0.to_owned(),
        secret_key: KEYS.1.to_owned(),
        policies: vec![("assume".to_owned(), identity_policy(config))],
    };
    let documents = role_policies(config, &format!("arn:aws:iam::{HUB}:user/genkan"));
    let account = |name: &str| SeedAccount {
        id: config.accounts[name].id.to_string(),
        name: name.to_owned(),
        region: region.clone(),
        roles: documents[name]
            .iter()
            .map(|role| SeedRole {
                name: role.name().to_owned(),
                trust: role.trust.clone(),
                policies: vec![("genkan".to_owned(), role.policy.clone())],
                max_session_seconds: 3600,
            })
            .collect(),
        ..SeedAccount::default()
    };
    let source = SeedSecret { name: TOKEN.to_owned(), value: VALUE.to_owned(), version_id: Some(VERSION.to_owned()) };
    let vpc = |id: &str, dns_hostnames| SeedVpc {
        id: id.to_owned(),
        cidr: "10.20.0.0/16".to_owned(),
        region: region.clone(),
        dns_support: true,
        dns_hostnames,
    };
    let zone = SeedZone {
        id: ZONE.to_owned(),
        name: "dev.internal".to_owned(),
        vpc_id: ZONE_VPC.to_owned(),
        vpc_region: region.clone(),
    };
    let parameter = SeedParameter { name: PARAMETER.to_owned(), value: VPC.to_owned() };
    let platform = SeedAccount {
        users: vec![user],
        secrets: vec![source],
        vpcs: vec![vpc(ZONE_VPC, true)],
        zones: vec![zone],
        ..account("platform")
    };
    let shared = SeedAccount {
        vpcs: vec![vpc(VPC, true), vpc(PLAIN_VPC, false)],
        parameters: vec![parameter],
        ..account("shared")
    };
    let accounts = vec![platform, shared];
    Seed { region, accounts }
}

/// The trust policy that a message about a role ends with.
pub fn trust_policy_in(mend: &str) -> serde_json::Value {
    let begin = mend.find('{').expect("a policy");
    serde_json::from_str(&mend[begin..]).expect("JSON")
}
