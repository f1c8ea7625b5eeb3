//! The same local AWS over a loopback port, through the SDK's own HTTP client.

use super::super::faults::{Effect, Rule, When};
use super::*;

fn over(address: &str, credentials: Credentials) -> aws_sdk_ssm::Client {
    let config = aws_sdk_ssm::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("ap-northeast-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(address)
        .retry_config(RetryConfig::disabled());
    aws_sdk_ssm::Client::from_conf(config.build())
}

#[tokio::test]
async fn a_port_serves_the_same_accounts_and_loses_answers_too() {
    let aws = local().await;
    let served = aws.serve(0).await.expect("a free port");
    assert!(served.address.ip().is_loopback());
    let ssm = over(&served.endpoint(), admin(SPOKE));
    put(&ssm, "/mine").await.expect("over the port");
    ssm_of(&aws, admin(SPOKE)).get_parameter().name("/mine").send().await.expect("seen in the process");
    let wrong = over(&served.endpoint(), keys((BOT.0, "not-the-secret")));
    assert_eq!(refusal(wrong.get_parameter().name("/mine").send().await).0, "InvalidSignatureException");

    aws.faults().add(Rule::on("ssm", "PutParameter", Effect::LoseResponse).when(When::First(1)));
    let lost = put(&ssm, "/other").await.expect_err("no answer");
    assert!(matches!(lost, SdkError::DispatchFailure(_)), "{lost:?}");
    ssm.get_parameter().name("/other").send().await.expect("the effect happened, and a new connection is made");

    let endpoint = served.endpoint();
    served.stop().await.expect("stopped");
    over(&endpoint, admin(SPOKE)).get_parameter().name("/mine").send().await.expect_err("nobody listens");
}
