//! The services as the real SDK clients see them: three accounts, IAM enforced.

mod checks;
mod ec2_codebuild;
mod ecr;
mod handshake;
mod keep;
mod s3;
mod secrets;
mod zones;

use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;

use super::Services;
use crate::sandbox::LocalAws;
use crate::sandbox::caller::Callers;
use crate::sandbox::connector::InProcess;
use crate::sandbox::gateway::Gateway;
use crate::sandbox::iam::Iam;
use crate::sandbox::seed::{SeedAccount, SeedParameter, SeedSecret, SeedUser, SeedVpc, SeedZone};

const PLATFORM: &str = "111111111111";
const PROJECT: &str = "222222222222";
const OTHER: &str = "333333333333";
const REGION: &str = "ap-northeast-1";
const ZONE: &str = "Z0PLATFORM";
const PLATFORM_VPC: &str = "vpc-0platform";
const PROJECT_VPC: &str = "vpc-0project";

/// A local AWS with a zone in the platform's account and a VPC in each.
struct Local {
    services: Services,
    http: SharedHttpClient,
}

fn vpc(id: &str) -> SeedVpc {
    let (id, cidr, region) = (id.to_owned(), "10.0.0.0/16".to_owned(), REGION.to_owned());
    SeedVpc { id, cidr, region, dns_support: true, dns_hostnames: false }
}

fn account(id: &str) -> SeedAccount {
    SeedAccount { id: id.into(), name: id.into(), region: REGION.into(), ..SeedAccount::default() }
}

fn seeds() -> [SeedAccount; 3] {
    let zone = SeedZone {
        id: ZONE.into(),
        name: "dev.internal".into(),
        vpc_id: PLATFORM_VPC.into(),
        vpc_region: REGION.into(),
    };
    let secret = SeedSecret { name: "TOKEN".into(), value: "made-up".into(), version_id: Some("v".repeat(32)) };
    let parameter = SeedParameter { name: "/dev/project-x/vpc-id".into(), value: PROJECT_VPC.into() };
    [
        SeedAccount { vpcs: vec![vpc(PLATFORM_VPC)], zones: vec![zone], secrets: vec![secret], ..account(PLATFORM) },
        SeedAccount { vpcs: vec![vpc(PROJECT_VPC)], parameters: vec![parameter], ..account(PROJECT) },
        SeedAccount { vpcs: vec![vpc("vpc-0other")], ..account(OTHER) },
    ]
}

async fn start(seeds: &[SeedAccount]) -> Local {
    let accounts: Vec<String> = seeds.iter().map(|seed| seed.id.clone()).collect();
    let services = Services::new(&accounts, REGION);
    let callers = Arc::new(Callers::new(Arc::new(Iam::new(accounts))));
    for seed in seeds {
        callers.iam.seed(seed).await.expect("sound users");
        services.seed(seed).await.expect("a sound seed");
    }
    let gateway = Arc::new(Gateway::new(callers, services.handlers()));
    Local { services, http: SharedHttpClient::new(InProcess(gateway)) }
}

async fn local() -> Local {
    start(&seeds()).await
}

async fn empty() -> Local {
    start(&[PLATFORM, PROJECT, OTHER].map(account)).await
}

/// The same, and the session of a user of one account that may do what `statements` say and nothing else.
async fn local_with_user(of: &str, statements: serde_json::Value) -> (Local, SdkConfig) {
    let policy = serde_json::json!({ "Version": "2012-10-17", "Statement": statements });
    let (access_key, secret_key) = ("AKIAUSER000000000000", "user-secret");
    let mut seeds = seeds();
    for seed in seeds.iter_mut().filter(|seed| seed.id == of) {
        seed.users.push(SeedUser {
            name: "user".into(),
            access_key: access_key.into(),
            secret_key: secret_key.into(),
            policies: vec![("p".to_owned(), policy.clone())],
        });
    }
    let aws = start(&seeds).await;
    let config = aws.config((access_key, secret_key), REGION);
    (aws, config)
}

impl Local {
    fn config(&self, (access, secret): (&str, &str), region: &str) -> SdkConfig {
        let credentials = Credentials::new(access, secret, None, None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(self.http.clone())
            .retry_config(RetryConfig::disabled())
            .build()
    }

    /// The account's administrator.
    fn admin(&self, account: &str) -> SdkConfig {
        self.admin_in(account, REGION)
    }

    fn admin_in(&self, account: &str, region: &str) -> SdkConfig {
        let (access, secret) = LocalAws::admin_credentials(account);
        self.config((&access, &secret), region)
    }

    fn route53(&self, account: &str) -> aws_sdk_route53::Client {
        aws_sdk_route53::Client::new(&self.admin(account))
    }

    /// The inventory's lines of an account that begin with `start`.
    fn lines(&self, account: &str, start: &str) -> Vec<String> {
        let inventory = self.services.inventory();
        inventory.0[account].iter().filter(|line| line.starts_with(start)).cloned().collect()
    }
}

/// The status and the code of a refusal.
#[track_caller]
fn refused<T: std::fmt::Debug, E: ProvideErrorMetadata>(answer: Result<T, SdkError<E, HttpResponse>>) -> (u16, String) {
    let refusal = answer.expect_err("a refusal");
    let status = refusal.raw_response().map_or(0, |response| response.status().as_u16());
    (status, refusal.code().unwrap_or_default().to_owned())
}

/// The same, to compare with.
fn as_said(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}
