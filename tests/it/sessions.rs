//! Sessions: each carries who and what, is opened once, and is verified before anything is done with it.

use std::time::Duration;

use genkan::engine::{Cloud, CloudError};
use genkan::model::plan::Scope;
use genkan::model::{Observed, Owner, Spec};
use genkan::sandbox::faults::{Effect, Rule, When};
use genkan::sandbox::seed::SeedVpc;

use crate::kinds::ssm_parameter::parameter;
use crate::kinds::zone_association::association;
use crate::world::{CONFIG, HUB, PARAMETER, SPOKE, TOKEN, VPC, World, ZONE, ask_at, counted, trust_policy_in};

#[tokio::test]
async fn every_step_runs_under_sessions_that_say_who_and_what() {
    let world = World::start().await;
    world.converge(&mut association(SPOKE, VPC)).await.expect("it is permitted");
    let calls = world.aws.log().calls();
    for call in calls.iter().filter(|call| call.service != "sts") {
        assert_eq!(call.source_identity.as_deref(), Some("aiko"), "{}", call.action());
        let name = if call.changing { "genkan-r-7k2m9x4bqd-a-step" } else { "genkan-r-7k2m9x4bqd-look" };
        assert_eq!(call.session_name.as_deref(), Some(name), "{}", call.action());
        if call.changing {
            assert_eq!(call.session_tags["genkan:request"], "r-7k2m9x4bqd");
            assert_eq!(call.session_tags["genkan:step"], "a-step");
            assert_eq!(call.session_tags["genkan:approvers"], "ken");
        }
    }
    assert_eq!(counted(&calls)["sts:AssumeRole"], 4, "two readers, the writer, the authoriser: each once");
}

#[tokio::test]
async fn many_calls_at_once_open_one_session() {
    let world = World::start().await;
    let ask = parameter(PARAMETER);
    let looks = (0..50).map(|_| world.look(&ask));
    assert!(futures::future::join_all(looks).await.iter().all(Result::is_ok));
    assert_eq!(counted(&world.aws.log().calls())["sts:AssumeRole"], 1);
}

#[tokio::test]
async fn expected_steps_find_their_sessions_open() {
    let world = World::start().await;
    let ask = association(SPOKE, VPC);
    world.cloud.expect(std::slice::from_ref(&ask));
    while world.aws.log().calls().len() < 4 {
        tokio::task::yield_now().await;
    }
    let mark = world.aws.log().mark();
    world.look(&ask).await.expect("it is permitted");
    assert!(!counted(&world.aws.log().calls_since(mark)).contains_key("sts:AssumeRole"));
}

#[tokio::test]
async fn a_session_that_aws_calls_expired_is_opened_again() {
    let world = World::start().await;
    let ask = parameter(PARAMETER);
    world.look(&ask).await.expect("it is permitted");
    world.aws.pass_time(Duration::from_hours(1));
    let expired = world.look(&ask).await;
    assert!(matches!(expired, Err(CloudError::Passing { .. })), "{expired:?}");
    world.look(&ask).await.expect("a new session");
}

#[tokio::test]
async fn a_role_that_does_not_trust_the_tool_is_named_with_what_mends_it() {
    let world = World::changed(|seed| {
        for role in &mut seed.accounts[1].roles {
            role.trust["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"] = "another".into();
        }
    })
    .await;
    let refused = world.look(&parameter(PARAMETER)).await;
    let Err(CloudError::Forbidden { why, mend: Some(mend) }) = refused else { panic!("{refused:?}") };
    assert!(
        why.contains("arn:aws:iam::222222222222:role/genkan-reader") && why.contains("shared (222222222222)"),
        "{why}"
    );
    let mend = trust_policy_in(&mend);
    let statement = &mend["Statement"][0];
    assert_eq!(statement["Principal"]["AWS"], "arn:aws:iam::111111111111:root");
    assert_eq!(statement["Condition"]["ArnLike"]["aws:PrincipalArn"], "arn:aws:iam::111111111111:user/genkan");
    assert_eq!(statement["Condition"]["StringEquals"]["sts:ExternalId"], "genkan-test");
    let actions =
        mend["Statement"].as_array().expect("statements").iter().map(|statement| statement["Action"].as_str());
    assert!(actions.flatten().eq(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]), "{mend}");
}

#[tokio::test]
async fn a_role_of_another_account_is_not_used() {
    let shared = "[accounts.shared]\n";
    let elsewhere = format!("{shared}reader = \"arn:aws:iam::{HUB}:role/genkan-reader\"\n");
    let world = World::with(&CONFIG.replace(shared, &elsewhere), |_| {}).await;
    let wrong = world.look(&parameter(PARAMETER)).await;
    assert!(
        matches!(&wrong, Err(CloudError::Wrong { why }) if why.contains("not in shared (222222222222)")),
        "{wrong:?}"
    );
    assert!(!counted(&world.aws.log().calls()).contains_key("ssm:GetParameter"), "nothing was done with it");
}

#[tokio::test]
async fn a_throttled_sts_passes() {
    let world = World::start().await;
    world.aws.faults().add(Rule::on("sts", "AssumeRole", Effect::Throttle).when(When::First(3)));
    let ask = parameter(PARAMETER);
    let throttled = world.look(&ask).await;
    assert!(matches!(throttled, Err(CloudError::Passing { .. })), "{throttled:?}");
    world.look(&ask).await.expect("it passed");
}

#[tokio::test]
async fn one_account_and_one_role_can_be_everything() {
    let config = r#"
        [platform]
        region = "us-east-1"
        hub = "platform"
        [names]
        project_prefix = "project-"
        [accounts.platform]
        id = "111111111111"
        reader = "ops"
        writer = "arn:aws:iam::111111111111:role/ops"
        authoriser = "ops"
        session_tags = false
        source_identity = false
        [accounts.shared]
        id = "222222222222"
        [environments.dev]
        platform_account = "platform"
        zone = { id = "Z0000000DEV", name = "DEV.internal." }
        account = "platform"
    "#;
    let specs = serde_json::json!([
        {"kind": "ecr-repository", "name": "project-x-dev-algorithm"},
        {"kind": "s3-bucket", "name": "project-x-dev",
         "cors": [{"allowed_headers": ["*"], "allowed_methods": ["GET", "PUT"], "allowed_origins": ["*"]}]},
        {"kind": "source-credential", "secret": TOKEN},
        {"kind": "zone-association", "zone_id": ZONE, "zone_name": "DEV.internal", "zone_account": HUB,
         "vpc_id": "vpc-0dddddddddddddddd", "vpc_region": "us-east-1"},
    ]);
    let world = World::with(config, |seed| {
        let vpc = seed.accounts[0].vpcs[0].clone();
        seed.accounts[0].vpcs.push(SeedVpc { id: "vpc-0dddddddddddddddd".to_owned(), ..vpc });
    })
    .await;
    for spec in serde_json::from_value::<Vec<Spec>>(specs).expect("specs") {
        let mut ask = ask_at(spec, Scope::Project, HUB, "us-east-1");
        let title = ask.spec.name();
        assert_eq!(world.look(&ask).await, Ok(Observed::Absent), "{title}");
        ask.remembered = world.settle(&ask).await.unwrap_or_else(|error| panic!("{title}: {error}"));
        assert_eq!(world.settle(&ask).await, Ok(None), "{title} is as it should be");
        world.remove(&ask, false).await.unwrap_or_else(|error| panic!("{title}: {error}"));
        assert_eq!(world.look(&ask).await, Ok(Observed::Absent), "{title}");
    }
    let secret = serde_json::from_value(serde_json::json!({"kind": "secret-copy", "name": TOKEN})).expect("a spec");
    let found = world.look(&ask_at(secret, Scope::Account, HUB, "us-east-1")).await;
    assert!(matches!(found, Ok(Observed::Foreign { owner: Owner::Platform, .. })), "{found:?}");
}
