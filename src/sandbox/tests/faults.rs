//! What goes wrong on purpose, seen from the SDK.

use std::time::{Duration, Instant};

use super::super::faults::{Effect, Rule, When};
use super::*;

#[tokio::test]
async fn a_lost_response_has_its_effect_and_a_lost_request_has_none() {
    let aws = local().await;
    let ssm = ssm_of(&aws, admin(SPOKE));
    let mark = aws.log().mark();
    aws.faults().add(Rule::on("ssm", "PutParameter", Effect::LoseResponse).when(When::Nth(1)));
    aws.faults().add(Rule::on("ssm", "PutParameter", Effect::LoseRequest).when(When::Nth(2)));
    for name in ["/done", "/not-done"] {
        let lost = put(&ssm, name).await.expect_err("no answer");
        assert!(matches!(&lost, SdkError::DispatchFailure(failure) if failure.is_io()), "{lost:?}");
    }
    ssm.get_parameter().name("/done").send().await.expect("the effect happened");
    assert_eq!(refusal(ssm.get_parameter().name("/not-done").send().await).0, "ParameterNotFound");
    let changing = aws.log().changing_calls_since(mark);
    assert_eq!(
        changing.iter().map(|call| (call.status, call.response_lost)).collect::<Vec<_>>(),
        [(Some(200), true), (None, false)]
    );
}

#[tokio::test]
async fn a_rule_refuses_and_throttles_in_the_services_own_words() {
    let aws = local().await;
    let error = Effect::Error { status: 500, code: "InternalServerError".into(), message: "made up".into() };
    aws.faults().add(Rule::on("ssm", "GetParameter", error).in_account(SPOKE).when(When::First(1)));
    aws.faults().add(Rule::everywhere(Effect::Throttle).when(When::Nth(2)));
    let (spoke, hub) = (ssm_of(&aws, admin(SPOKE)), ssm_of(&aws, admin(HUB)));
    assert_eq!(refusal(spoke.get_parameter().name("/mine").send().await).0, "InternalServerError");
    assert_eq!(
        refusal(hub.get_parameter().name("/mine").send().await),
        ("ThrottlingException".into(), "Rate exceeded".into())
    );
    assert_eq!(refusal(spoke.get_parameter().name("/mine").send().await).0, "ParameterNotFound");
    let codes: Vec<_> =
        aws.log().calls().into_iter().map(|call| (call.status, call.code.unwrap_or_default())).collect();
    assert_eq!(codes[0], (Some(500), "InternalServerError".to_owned()));
    assert_eq!(codes[1], (Some(400), "ThrottlingException".to_owned()));
}

#[tokio::test]
async fn every_call_takes_the_round_trip() {
    let aws = local().await;
    let sts = sts_of(&aws, keys(BOT));
    aws.faults().set_latency(Duration::from_millis(40));
    let begun = Instant::now();
    let all = (0..5).map(|_| sts.get_caller_identity().send());
    assert!(futures::future::join_all(all).await.iter().all(Result::is_ok));
    assert!(begun.elapsed() >= Duration::from_millis(40));
    assert!(begun.elapsed() < Duration::from_millis(5 * 40), "calls wait side by side: {:?}", begun.elapsed());
}

#[tokio::test]
async fn the_log_counts_what_changes_and_what_does_not() {
    let aws = local().await;
    let ssm = ssm_of(&aws, admin(SPOKE));
    ssm.put_parameter()
        .name("/mine")
        .value("a value that no log may hold")
        .r#type(ParameterType::String)
        .send()
        .await
        .expect("allowed");
    let mark = aws.log().mark();
    ssm.get_parameter().name("/mine").send().await.expect("there");
    assume(&aws).send().await.expect("assumed");
    assert_eq!(aws.log().changing_calls_since(mark), []);
    assert_eq!(aws.log().calls_since(mark).len(), 2);
    let counts = aws.log().counts();
    assert_eq!((counts.total, counts.changing, counts.by_action["ssm:PutParameter"]), (3, 1, 1));
    assert!(!serde_json::to_string(&aws.log().calls()).unwrap().contains("no log may hold"));
}
