//! Sessions: each carries who and what, is opened once, and is verified before anything is done with it.

use std::time::Duration;

use genkan::engine::{Cloud, CloudError};
use genkan::sandbox::faults::{Effect, Rule, When};

use super::support::{PLATFORM, PROJECTS, VPC, World, association, config, counted, parameter, seed};

#[tokio::test]
async fn every_step_runs_under_sessions_that_say_who_and_what() {
    let world = World::new().await;
    world.converge(&mut association(PROJECTS, VPC)).await.expect("it is permitted");
    let calls = world.local.log().calls();
    for call in calls.iter().filter(|call| call.service != "sts") {
        assert_eq!(call.source_identity.as_deref(), Some("aiko"), "{}", call.action());
        let name = if call.changing { "genkan-r-7k2m9x4bqd-zone" } else { "genkan-look-aiko" };
        assert_eq!(call.session_name.as_deref(), Some(name), "{}", call.action());
        if call.changing {
            assert_eq!(call.session_tags["genkan:request"], "r-7k2m9x4bqd");
            assert_eq!(call.session_tags["genkan:step"], "zone");
            assert_eq!(call.session_tags["genkan:approvers"], "ken");
        }
    }
    assert_eq!(counted(&calls)["sts:AssumeRole"], 4, "two readers, the writer, the authoriser: each once");
}

#[tokio::test]
async fn many_calls_at_once_open_one_session() {
    let world = World::new().await;
    let ask = parameter("/dev/project-x/vpc-id");
    let looks = (0..50).map(|_| world.observe(&ask));
    assert!(futures::future::join_all(looks).await.iter().all(Result::is_ok));
    assert_eq!(counted(&world.local.log().calls())["sts:AssumeRole"], 1);
}

#[tokio::test]
async fn expected_steps_find_their_sessions_open() {
    let world = World::new().await;
    let ask = association(PROJECTS, VPC);
    world.aws.expect(std::slice::from_ref(&ask));
    while world.local.log().calls().len() < 4 {
        tokio::task::yield_now().await;
    }
    let mark = world.local.log().mark();
    world.observe(&ask).await.expect("it is permitted");
    assert!(!counted(&world.local.log().calls_since(mark)).contains_key("sts:AssumeRole"));
}

#[tokio::test]
async fn a_session_that_aws_calls_expired_is_opened_again() {
    let world = World::new().await;
    let ask = parameter("/dev/project-x/vpc-id");
    world.observe(&ask).await.expect("it is permitted");
    world.local.pass_time(Duration::from_secs(3600));
    let expired = world.observe(&ask).await;
    assert!(matches!(expired, Err(CloudError::Passing { .. })), "{expired:?}");
    world.observe(&ask).await.expect("a new session");
}

#[tokio::test]
async fn a_role_that_does_not_trust_the_tool_is_named_with_what_mends_it() {
    let config = config();
    let mut seed = seed(&config);
    for role in &mut seed.accounts[1].roles {
        role.trust["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"] = "another".into();
    }
    let world = World::of(config, seed).await;
    let refused = world.observe(&parameter("/dev/project-x/vpc-id")).await;
    let Err(CloudError::Forbidden { why, mend: Some(mend) }) = refused else { panic!("{refused:?}") };
    assert!(
        why.contains("arn:aws:iam::222222222222:role/genkan-reader") && why.contains("dev (222222222222)"),
        "{why}"
    );
    let mend: serde_json::Value = serde_json::from_str(&mend).expect("JSON");
    let statement = &mend["Statement"][0];
    assert_eq!(statement["Principal"]["AWS"], "arn:aws:iam::111111111111:user/genkan");
    assert_eq!(statement["Condition"]["StringEquals"]["sts:ExternalId"], "genkan-test");
    assert_eq!(statement["Action"], serde_json::json!(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]));
}

#[tokio::test]
async fn a_role_of_another_account_is_not_used() {
    let mut config = config();
    let seed = seed(&config);
    let dev = config.accounts.get_mut("dev").expect("configured");
    dev.reader = genkan::config::Role(format!("arn:aws:iam::{PLATFORM}:role/genkan-reader"));
    let world = World::of(config, seed).await;
    let wrong = world.observe(&parameter("/dev/project-x/vpc-id")).await;
    assert!(matches!(&wrong, Err(CloudError::Wrong { why }) if why.contains("not in dev (222222222222)")), "{wrong:?}");
    assert!(!counted(&world.local.log().calls()).contains_key("ssm:GetParameter"), "nothing was done with it");
}

#[tokio::test]
async fn a_throttled_sts_passes() {
    let world = World::new().await;
    world.local.faults().add(Rule::on("sts", "AssumeRole", Effect::Throttle).when(When::First(3)));
    let ask = parameter("/dev/project-x/vpc-id");
    let throttled = world.observe(&ask).await;
    assert!(matches!(throttled, Err(CloudError::Passing { .. })), "{throttled:?}");
    world.observe(&ask).await.expect("it passed");
}
