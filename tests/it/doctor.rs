//! What doctor finds: all well on a sound platform, and exactly what is broken on a broken one.

use genkan::engine::Cloud;
use genkan::model::finding::{Finding, Health};
use serde_json::Value;

use crate::world::{CONFIG, World, trust_policy_in};

fn failed(findings: &[Finding]) -> Vec<&Finding> {
    findings.iter().filter(|finding| finding.health != Health::Ok).collect()
}

#[tokio::test]
async fn a_sound_platform_has_nothing_to_mend() {
    let world = World::start().await;
    let findings = world.cloud.examine().await;
    assert_eq!(failed(&findings), [&findings[0]; 0]);
    assert!(findings.len() > 10, "{findings:#?}");
    assert_eq!(world.aws.log().counts().changing, 0, "it changes nothing");
}

#[tokio::test]
async fn a_broken_trust_is_named_with_the_statement_that_mends_it() {
    let world = World::changed(|seed| {
        let writer = seed.accounts[1].roles.iter_mut().find(|role| role.name == "genkan-writer").expect("seeded");
        let statements = writer.trust["Statement"].as_array_mut().expect("a list");
        statements.retain(|statement| statement["Action"] != "sts:TagSession");
    })
    .await;
    let findings = world.cloud.examine().await;
    let [finding] = failed(&findings)[..] else { panic!("{findings:#?}") };
    assert_eq!(finding.place, "shared (222222222222)");
    assert!(finding.subject.contains("genkan-writer"), "{finding:?}");
    let mend = trust_policy_in(finding.mend.as_ref().expect("mended by a trust policy"));
    let mut statements = mend["Statement"].as_array().expect("a list").iter();
    assert!(statements.any(|statement| statement["Action"] == "sts:TagSession"), "{mend}");
}

#[tokio::test]
async fn a_missing_permission_is_named_with_its_statement() {
    let world = World::changed(|seed| {
        let reader = seed.accounts[1].roles.iter_mut().find(|role| role.name == "genkan-reader").expect("seeded");
        let statements = reader.policies[0].1["Statement"].as_array_mut().expect("a list");
        statements.retain(|statement| statement["Sid"] != "ParameterLook");
    })
    .await;
    let findings = world.cloud.examine().await;
    let [finding] = failed(&findings)[..] else { panic!("{findings:#?}") };
    assert!(finding.subject.contains("ssm:GetParameter"), "{finding:?}");
    let mend: Value = serde_json::from_str(finding.mend.as_ref().expect("mended by a statement")).expect("JSON");
    assert_eq!(mend["Sid"], "ParameterLook");
}

#[tokio::test]
async fn a_zone_that_is_not_what_the_config_says_is_found() {
    let world = World::with(&CONFIG.replace("dev.internal", "staging.internal"), |_| {}).await;
    let findings = world.cloud.examine().await;
    let [finding] = failed(&findings)[..] else { panic!("{findings:#?}") };
    assert!(finding.subject == "hosted zone Z0000000DEV" && finding.seen.contains("dev.internal"), "{finding:?}");
}
