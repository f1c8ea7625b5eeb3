//! The core, called by the real SDK clients: two accounts, a tiny service, and what may and may not be.

mod faults;
mod handshake;
mod iam_api;
mod identity;
mod port;
mod services;
mod sts;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ssm::error::SdkError;
use aws_sdk_ssm::operation::put_parameter::{PutParameterError, PutParameterOutput};
use aws_sdk_ssm::types::ParameterType;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use serde_json::{Value, json};

use super::LocalAws;
use super::seed::{Seed, SeedAccount, SeedRole, SeedUser};

const HUB: &str = "111111111111";
const SPOKE: &str = "222222222222";
const BOT: (&str, &str) = ("AKIABOT0000000000000", "bot-secret");

fn writer() -> String {
    format!("arn:aws:iam::{SPOKE}:role/genkan/writer")
}

/// The hub has a bot that may assume every role of the spoke; the spoke's writer trusts it with an ExternalId and may use one parameter.
fn seed() -> Seed {
    let allow = |action: Value, resource: &str| json!({ "Effect": "Allow", "Action": action, "Resource": resource });
    let policy = |statements: Value| ("p".to_owned(), json!({ "Version": "2012-10-17", "Statement": statements }));
    let assume = json!(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]);
    let bot = SeedUser {
        name: "bot".into(),
        access_key: BOT.0.into(),
        secret_key: BOT.1.into(),
        policies: vec![policy(json!([allow(assume, &format!("arn:aws:iam::{SPOKE}:role/genkan/*"))]))],
    };
    let trust = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
          "Principal": { "AWS": format!("arn:aws:iam::{HUB}:root") },
          "Condition": { "StringEquals": { "sts:ExternalId": "xid" }, "StringLike": { "AWS:PrincipalArn": "arn:aws:iam::*:user/bot" } } },
    ]});
    let writer = SeedRole {
        name: "genkan/writer".into(),
        trust,
        policies: vec![policy(json!([
            allow(json!("ssm:*Parameter"), "arn:aws:ssm:*:*:parameter/mine"),
            { "Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "arn:aws:ssm:*:*:parameter/${aws:PrincipalTag/request}" },
        ]))],
        max_session_seconds: 7200,
    };
    let account = |id: &str| SeedAccount {
        id: id.into(),
        name: id.into(),
        region: "ap-northeast-1".into(),
        ..SeedAccount::default()
    };
    let hub = SeedAccount { users: vec![bot], ..account(HUB) };
    let spoke = SeedAccount { roles: vec![writer], ..account(SPOKE) };
    Seed { region: "ap-northeast-1".into(), accounts: vec![hub, spoke] }
}

async fn local() -> LocalAws {
    LocalAws::start(seed()).await.expect("the seed is sound")
}

fn config(aws: &LocalAws, credentials: Credentials) -> SdkConfig {
    config_with(aws.http_client(), credentials)
}

fn config_with(http_client: SharedHttpClient, credentials: Credentials) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("ap-northeast-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http_client)
        .retry_config(RetryConfig::disabled())
        .build()
}

fn keys((access_key, secret_key): (&str, &str)) -> Credentials {
    Credentials::new(access_key, secret_key, None, None, "test")
}

fn admin(account: &str) -> Credentials {
    let (access_key, secret_key) = LocalAws::admin_credentials(account);
    keys((&access_key, &secret_key))
}

fn sts_of(aws: &LocalAws, credentials: Credentials) -> aws_sdk_sts::Client {
    aws_sdk_sts::Client::new(&config(aws, credentials))
}

fn ssm_of(aws: &LocalAws, credentials: Credentials) -> aws_sdk_ssm::Client {
    aws_sdk_ssm::Client::new(&config(aws, credentials))
}

/// AssumeRole of the writer as the bot would send it.
fn assume(aws: &LocalAws) -> aws_sdk_sts::operation::assume_role::builders::AssumeRoleFluentBuilder {
    sts_of(aws, keys(BOT)).assume_role().role_arn(writer()).role_session_name("run-1").external_id("xid")
}

fn session(given: &aws_sdk_sts::operation::assume_role::AssumeRoleOutput) -> Credentials {
    let given = given.credentials().expect("credentials");
    let token = Some(given.session_token().to_owned());
    Credentials::new(given.access_key_id(), given.secret_access_key(), token, None, "session")
}

/// An error's code and message.
fn refusal<T: std::fmt::Debug>(result: Result<T, impl ProvideErrorMetadata>) -> (String, String) {
    let error = result.expect_err("refused");
    (error.code().unwrap_or("none").to_owned(), error.message().unwrap_or_default().to_owned())
}

/// Puts a parameter with the value `v`.
async fn put(ssm: &aws_sdk_ssm::Client, name: &str) -> Result<PutParameterOutput, SdkError<PutParameterError>> {
    let put = ssm.put_parameter().name(name).value("v").r#type(ParameterType::String);
    put.send().await
}
