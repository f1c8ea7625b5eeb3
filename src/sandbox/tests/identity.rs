//! Who may call at all: unknown keys, wrong secrets, unsigned requests, ended sessions, undeclared permissions.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use awsim_core::{AwsError, Protocol, RequestContext, ServiceHandler};
use bytes::Bytes;

use super::super::connector::InProcess;
use super::super::gateway::Gateway;
use super::*;

#[tokio::test]
async fn an_unknown_key_is_refused_by_every_service() {
    let aws = local().await;
    let nobody = || keys(("AKIANOBODY0000000000", "x"));
    assert_eq!(refusal(sts_of(&aws, nobody()).get_caller_identity().send().await).0, "InvalidClientTokenId");
    assert_eq!(
        refusal(ssm_of(&aws, nobody()).get_parameter().name("/a").send().await).0,
        "UnrecognizedClientException"
    );
}

#[tokio::test]
async fn a_known_key_with_a_wrong_secret_is_refused() {
    let aws = local().await;
    let wrong = keys((BOT.0, "not-the-secret"));
    assert_eq!(refusal(sts_of(&aws, wrong.clone()).get_caller_identity().send().await).0, "SignatureDoesNotMatch");
    assert_eq!(refusal(ssm_of(&aws, wrong).get_parameter().name("/a").send().await).0, "InvalidSignatureException");
}

#[tokio::test]
async fn an_unsigned_request_is_refused() {
    let aws = local().await;
    let request =
        http::Request::post("https://sts.amazonaws.com/").body(Bytes::from("Action=GetCallerIdentity")).unwrap();
    let answer = aws.inner.gateway.call(request).await.expect("an answer");
    assert!(answer.status().is_client_error());
    assert!(String::from_utf8_lossy(answer.body()).contains("MissingAuthenticationToken"));
}

#[tokio::test]
async fn a_sessions_key_is_nothing_without_its_token() {
    let aws = local().await;
    let given = session(&assume(&aws).send().await.expect("assumed"));
    let bare = Credentials::new(given.access_key_id(), given.secret_access_key(), None, None, "bare");
    assert_eq!(refusal(sts_of(&aws, bare).get_caller_identity().send().await).0, "InvalidClientTokenId");
}

#[tokio::test]
async fn a_session_ends_by_the_clock() {
    let aws = local().await;
    let given = session(&assume(&aws).duration_seconds(900).send().await.expect("assumed"));
    aws.pass_time(Duration::from_secs(890));
    let me = sts_of(&aws, given.clone()).get_caller_identity().send().await.expect("still there");
    assert_eq!(me.arn(), Some("arn:aws:sts::222222222222:assumed-role/writer/run-1"));
    assert_eq!(me.account(), Some(SPOKE));
    aws.pass_time(Duration::from_secs(11));
    assert_eq!(refusal(sts_of(&aws, given.clone()).get_caller_identity().send().await).0, "ExpiredToken");
    assert_eq!(refusal(ssm_of(&aws, given).get_parameter().name("/mine").send().await).0, "ExpiredTokenException");
}

/// A service that declares no permission for anything.
struct Silent;

#[async_trait]
impl ServiceHandler for Silent {
    fn service_name(&self) -> &'static str {
        "ssm"
    }

    fn protocol(&self) -> Protocol {
        Protocol::AwsJson1_1
    }

    async fn handle(&self, _: &str, _: Value, _: &RequestContext) -> Result<Value, AwsError> {
        Ok(json!({}))
    }
}

#[tokio::test]
async fn an_operation_without_a_declared_permission_is_nobodys() {
    let aws = local().await;
    let handlers: [Arc<dyn ServiceHandler>; 1] = [Arc::new(Silent)];
    let gateway = Arc::new(Gateway::new(Arc::clone(&aws.inner.callers), handlers));
    let config = config_with(SharedHttpClient::new(InProcess(gateway)), admin(SPOKE));
    let (code, message) = refusal(aws_sdk_ssm::Client::new(&config).delete_parameter().name("/mine").send().await);
    assert_eq!(code, "AccessDeniedException");
    assert!(message.contains("is not authorized to perform: ssm:DeleteParameter"), "{message}");
}

#[tokio::test]
async fn a_session_does_what_its_role_may_in_its_own_account() {
    let aws = local().await;
    let spoke = ssm_of(&aws, session(&assume(&aws).send().await.expect("assumed")));
    put(&spoke, "/mine").await.expect("allowed");
    let (code, message) = refusal(put(&spoke, "/other").await);
    assert_eq!(code, "AccessDeniedException");
    assert_eq!(
        message,
        "User: arn:aws:sts::222222222222:assumed-role/writer/run-1 is not authorized to perform: ssm:PutParameter on resource: \
         arn:aws:ssm:ap-northeast-1:222222222222:parameter/other because no identity-based policy allows the ssm:PutParameter action"
    );
    let seen_from_the_hub = ssm_of(&aws, admin(HUB)).get_parameter().name("/mine").send().await;
    assert_eq!(refusal(seen_from_the_hub).0, "ParameterNotFound", "accounts do not share anything");
    let seen_in_the_spoke = ssm_of(&aws, admin(SPOKE)).get_parameter().name("/mine").send().await.expect("there");
    assert_eq!(seen_in_the_spoke.parameter().and_then(|p| p.value()), Some("v"));
}

#[tokio::test]
async fn two_local_aws_in_one_process_do_not_see_each_other() {
    let (one, other) = tokio::join!(local(), local());
    put(&ssm_of(&one, admin(SPOKE)), "/mine").await.expect("allowed");
    assert_eq!(refusal(ssm_of(&other, admin(SPOKE)).get_parameter().name("/mine").send().await).0, "ParameterNotFound");
    let given = session(&assume(&one).send().await.expect("assumed"));
    assert_eq!(refusal(sts_of(&other, given).get_caller_identity().send().await).0, "InvalidClientTokenId");
}

#[tokio::test]
async fn a_seed_that_aws_would_refuse_is_refused() {
    let why = async |change: fn(&mut Seed)| {
        let mut seed = seed();
        change(&mut seed);
        LocalAws::start(seed).await.expect_err("refused").to_string()
    };
    assert!(why(|seed| seed.accounts[0].id = "123".into()).await.contains("twelve digits"));
    assert!(why(|seed| seed.accounts[1].id = HUB.into()).await.contains("is somebody else's already"));
    let key_twice = why(|seed| seed.accounts[1].users = seed.accounts[0].users.clone()).await;
    assert_eq!(
        key_twice,
        "the seed of account 222222222222: the access key AKIABOT0000000000000 is somebody else's already"
    );
    let no_resource =
        why(|seed| seed.accounts[1].roles[0].policies[0].1["Statement"][0]["Resource"] = Value::Null).await;
    assert!(no_resource.contains("222222222222"), "{no_resource}");
    assert!(why(|seed| seed.accounts[1].roles[0].trust = json!({})).await.contains("Statement"));
}
