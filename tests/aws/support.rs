//! A platform account with a zone and the secret, a project account, and the cloud over them.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use genkan::aws::cloud::Aws;
use genkan::aws::roles::{RoleDocument, role_policies};
use genkan::config::Config;
use genkan::engine::cloud::{Behalf, Work};
use genkan::engine::limit::Gates;
use genkan::engine::{Ask, Cloud, CloudError, Progress};
use genkan::model::plan::Scope;
use genkan::model::resource::{SsmParameter, ZoneAssociation};
use genkan::model::{Observed, Place, Spec};
use genkan::plan::diff::changes;
use genkan::sandbox::LocalAws;
use genkan::sandbox::seed::{Seed, SeedAccount, SeedParameter, SeedRole, SeedSecret, SeedUser, SeedVpc, SeedZone};
use serde_json::json;

pub const PLATFORM: &str = "111111111111";
pub const PROJECTS: &str = "222222222222";
pub const REGION: &str = "ap-northeast-1";
pub const ZONE: &str = "Z0DEV";
pub const VPC: &str = "vpc-0aaaaaaaaaaaaaaaa";
/// A VPC of the project account whose DNS attributes are off.
pub const PLAIN_VPC: &str = "vpc-0cccccccccccccccc";
const ZONE_VPC: &str = "vpc-0bbbbbbbbbbbbbbbb";
const CALLER: &str = "arn:aws:iam::111111111111:user/genkan";

pub fn config() -> Config {
    let text = format!(
        r#"
        [platform]
        region = "{REGION}"
        hub = "platform"

        [accounts.platform]
        id = "{PLATFORM}"
        external_id = "genkan-test"

        [accounts.dev]
        id = "{PROJECTS}"
        external_id = "genkan-test"

        [environments.dev]
        platform_account = "platform"
        zone = {{ id = "{ZONE}", name = "dev.example.internal" }}
        account = "dev"
        accounts = {{ project-home = "platform" }}

        [names]
        project_prefix = "project-"
        "#
    );
    toml::from_str(&text).expect("the config is sound")
}

/// The two accounts; the project account has the parameter of `project-x`.
pub fn seed(config: &Config) -> Seed {
    let mut documents = role_policies(config, CALLER);
    let mut account = |name: &str| SeedAccount {
        id: config.account(name).expect("configured").id.to_string(),
        name: name.to_owned(),
        region: REGION.to_owned(),
        roles: documents.remove(name).unwrap_or_default().iter().map(role).collect(),
        ..SeedAccount::default()
    };
    let vpc = |id: &str, dns_hostnames| SeedVpc {
        id: id.to_owned(),
        cidr: "10.20.0.0/16".to_owned(),
        region: REGION.to_owned(),
        dns_support: true,
        dns_hostnames,
    };
    let zone = SeedZone {
        id: ZONE.to_owned(),
        name: "dev.example.internal".to_owned(),
        vpc_id: ZONE_VPC.to_owned(),
        vpc_region: REGION.to_owned(),
    };
    let may = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Resource": "*",
        "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]}]});
    let user = SeedUser {
        name: "genkan".to_owned(),
        access_key: "AKIAGENKAN0000000000".to_owned(),
        secret_key: "made-up".to_owned(),
        policies: vec![("assume".to_owned(), may)],
    };
    let secret = SeedSecret {
        name: "GITHUB_PERSONAL_ACCESS_TOKEN".to_owned(),
        value: "made-up-token".to_owned(),
        version_id: None,
    };
    let parameter = SeedParameter { name: "/dev/project-x/vpc-id".to_owned(), value: VPC.to_owned() };
    let platform = SeedAccount {
        users: vec![user],
        vpcs: vec![vpc(ZONE_VPC, true)],
        zones: vec![zone],
        secrets: vec![secret],
        ..account("platform")
    };
    let projects = SeedAccount {
        vpcs: vec![vpc(VPC, true), vpc(PLAIN_VPC, false)],
        parameters: vec![parameter],
        ..account("dev")
    };
    Seed { region: REGION.to_owned(), accounts: vec![platform, projects] }
}

fn role(document: &RoleDocument) -> SeedRole {
    SeedRole {
        name: document.name().to_owned(),
        trust: document.trust.clone(),
        policies: vec![("genkan".to_owned(), document.policy.clone())],
        max_session_seconds: 3600,
    }
}

pub struct World {
    pub local: LocalAws,
    pub config: Arc<Config>,
    pub aws: Aws,
}

impl World {
    pub async fn new() -> Self {
        let config = config();
        let seed = seed(&config);
        Self::of(config, seed).await
    }

    pub async fn of(config: Config, seed: Seed) -> Self {
        let local = LocalAws::start(seed).await.expect("the seed is sound");
        let config = Arc::new(config);
        let aws = Aws::new(Arc::clone(&config), base(&local), Gates::new(&config.limits));
        Self { local, config, aws }
    }

    /// The cloud as another process would see it: nothing remembered, no session open.
    pub fn restarted(self) -> Self {
        let aws = Aws::new(Arc::clone(&self.config), base(&self.local), Gates::new(&self.config.limits));
        Self { aws, ..self }
    }

    /// What the platform's account has open for others.
    pub async fn open_authorisations(&self) -> Vec<String> {
        let inventory = self.local.inventory().await;
        inventory.0[PLATFORM].iter().filter(|line| line.contains("open authorisation")).cloned().collect()
    }

    /// Whether the zone has that VPC.
    pub async fn has(&self, vpc: &str) -> bool {
        let inventory = self.local.inventory().await;
        inventory.0[PLATFORM].contains(&format!("route53 association {ZONE} {vpc}"))
    }

    pub async fn observe(&self, ask: &Ask) -> Result<Observed, CloudError> {
        self.aws.resource(ask.clone()).observe().await
    }

    /// What the engine does for one step: looks and does what differs, until there is nothing to do or a person has to act.
    pub async fn converge(&self, ask: &mut Ask) -> Result<(), CloudError> {
        let mut passing = 0;
        loop {
            let resource = self.aws.resource(ask.clone());
            let done = match resource.observe().await {
                Ok(Observed::Absent) => resource.apply(&Work::Create).await.map(Some),
                Ok(Observed::Ours { spec, .. }) => match changes(&ask.spec, &spec) {
                    changes if changes.is_empty() => Ok(None),
                    changes => resource.apply(&Work::Converge { changes, adopt: false }).await.map(Some),
                },
                Ok(other) => panic!("neither absent nor ours: {other:?}"),
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
}

fn base(local: &LocalAws) -> SdkConfig {
    let credentials = Credentials::new("AKIAGENKAN0000000000", "made-up", None, None, "test");
    SdkConfig::builder()
        .region(aws_config::Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(local.http_client())
        .build()
}

pub fn place(account: &str) -> Place {
    Place { account: account.parse().expect("an account"), region: REGION.parse().expect("a region") }
}

fn ask(account: &str, step: &str, spec: Spec) -> Ask {
    Ask {
        place: place(account),
        spec,
        scope: Scope::Project,
        project: "project-x".parse().expect("a name"),
        environment: "dev".parse().expect("a name"),
        remembered: None,
        begun: false,
        behalf: Behalf {
            person: "aiko".to_owned(),
            request: Some("r-7k2m9x4bqd".parse().expect("an id")),
            step: Some(step.parse().expect("an id")),
            approvers: ["ken".to_owned()].into(),
        },
    }
}

/// The association of that VPC of that account.
pub fn association(account: &str, vpc: &str) -> Ask {
    let spec = ZoneAssociation {
        zone_id: ZONE.parse().expect("an id"),
        zone_name: "dev.example.internal".to_owned(),
        zone_account: PLATFORM.parse().expect("an account"),
        vpc_id: Some(vpc.parse().expect("an id")),
        vpc_region: REGION.parse().expect("a region"),
        associated: true,
        vpc_dns: true,
        authorisation_open: false,
    };
    ask(account, "zone", Spec::ZoneAssociation(spec))
}

pub fn parameter(name: &str) -> Ask {
    ask(PROJECTS, "vpc", Spec::SsmParameter(SsmParameter { name: name.to_owned(), wait_minutes: 1 }))
}

/// How often each of the calls was made, by its action.
pub fn counted(calls: &[genkan::sandbox::log::Call]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for call in calls {
        *counts.entry(call.action()).or_default() += 1;
    }
    counts
}
