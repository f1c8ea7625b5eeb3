//! Accounts: what projects share in one, and a platform's account that is itself the projects' account.

use genkan::model::{Action, EnvironmentName, RequestState};

use super::{Story, onboard, planned, teardown};

#[tokio::test]
async fn what_the_account_holds_goes_with_the_last_project() {
    let story = Story::begins().await;
    story.is_done(onboard("project-x", "dev")).await;
    story.is_done(onboard("project-y", "dev")).await;
    assert_eq!(story.house.succeeded("codebuild:ImportSourceCredentials"), 1, "one for both");

    let plan = story.plan(teardown("project-x", "dev")).await;
    for shared in ["github-token", "source-credential"] {
        let Action::Keep { why } = planned(&plan, shared) else { panic!("{shared} is kept") };
        assert!(why.contains("project-y dev still needs it"), "{why}");
    }
    story.is_done(teardown("project-x", "dev")).await;
    assert_eq!(story.house.lines("project-dev", "secret").len(), 1);
    assert_eq!(story.house.lines("project-dev", "codebuild").len(), 1);
    assert!(story.zone_has(&story.vpc_of("project-y").await), "the other one is not touched");
    story.has_nothing_to_do(onboard("project-y", "dev")).await;

    story.is_done(teardown("project-y", "dev")).await;
    for kind in ["secret", "codebuild", "s3", "ecr"] {
        assert_eq!(story.house.lines("project-dev", kind), [""; 0]);
    }
}

#[tokio::test]
async fn what_the_account_holds_stays_while_another_is_being_let_in() {
    let story = Story::begins().await;
    story.is_done(onboard("project-x", "dev")).await;
    let other = story.asks("aiko", onboard("project-y", "dev")).await;
    assert!(story.waits_for_approval(&other, "zone-association").await);
    story.is_done(teardown("project-x", "dev")).await;
    assert_eq!(story.house.lines("project-dev", "secret").len(), 1);
    story.goes_well(&other).await;
    story.has_nothing_to_do(onboard("project-y", "dev")).await;
}

#[tokio::test]
async fn what_the_account_holds_is_not_promised_while_it_is_being_removed() {
    let story = Story::begins().await;
    story.is_done(onboard("project-x", "dev")).await;
    let leaving = story.desk.ask("aiko", &teardown("project-x", "dev")).await.expect("asked").expect("a request");
    let why = story.asks_in_vain("aiko", onboard("project-y", "dev")).await;
    assert!(why.contains("removes it") && why.contains(leaving.as_str()), "{why}");
    story.goes_well(&leaving).await;
    story.is_done(onboard("project-y", "dev")).await;
}

#[tokio::test]
async fn the_platforms_account_is_the_projects_account() {
    let story = Story::where_config(|config| {
        config.environments.get_mut(&"dev".parse::<EnvironmentName>().expect("a name")).expect("dev").account =
            Some("platform-dev".to_owned());
    })
    .await;
    let before = story.house.inventory();
    let plan = story.plan(onboard("project-x", "dev")).await;
    let Action::Keep { why } = planned(&plan, "github-token") else { panic!("the source is its own copy") };
    assert!(why.contains("the platform's own"), "{why}");
    assert!(plan.steps.iter().all(|step| step.gate.is_none()), "nothing crosses accounts:\n{plan}");

    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    assert_eq!(story.state(&id).await, RequestState::Done, "nobody had to approve");
    assert_eq!(story.house.lines("platform-dev", "route53 association").len(), 2);
    story.has_nothing_to_do(onboard("project-x", "dev")).await;

    let id = story.asks("aiko", teardown("project-x", "dev")).await;
    assert_eq!(story.state(&id).await, RequestState::Done);
    assert_eq!(before.diff(&story.house.inventory()).to_string(), "", "nothing of the platform's was touched");
    let calls = story.house.platform.aws.log().counts().by_action;
    assert!(calls.keys().all(|action| !action.contains("Authorization")), "{calls:?}");
    assert!(!calls.contains_key("secretsmanager:DeleteSecret"), "{calls:?}");
}

#[tokio::test]
async fn a_vpc_that_two_projects_live_in_is_let_go_with_the_last() {
    let story = Story::begins().await;
    story.is_done(onboard("project-x", "dev")).await;
    let vpc = story.vpc_of("project-x").await;
    story.vpc_becomes("project-y", &vpc).await;
    story.is_done(onboard("project-y", "dev")).await;

    let plan = story.plan(teardown("project-x", "dev")).await;
    let Action::Keep { why } = planned(&plan, "zone-association") else { panic!("{plan}") };
    assert!(why.contains("project-y dev still needs it"), "{why}");
    story.is_done(teardown("project-x", "dev")).await;
    assert!(story.zone_has(&vpc));
    story.has_nothing_to_do(onboard("project-y", "dev")).await;

    story.is_done(teardown("project-y", "dev")).await;
    assert!(!story.zone_has(&vpc));
}
