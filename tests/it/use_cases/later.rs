//! Later: what somebody changed, what was rotated, and what holds data when it is to go.

use genkan::model::{Action, Direction, RequestState, StepState};
use genkan::requests::plan::Wish;

use super::{Story, blocked, onboard, planned, teardown, with_its_data};

#[tokio::test]
async fn somebody_changes_the_cors_rule_and_it_is_seen_and_mended() {
    let story = Story::begins().await;
    story.is_done(onboard("project-x", "dev")).await;
    story.s3("project-dev").delete_bucket_cors().bucket("project-x-dev").send().await.expect("changed by hand");

    let aiko = story.desk.person("aiko").await;
    let status = story.desk.desk.status(&aiko, Some("project-x"), Some("dev")).await.expect("a status");
    let plan = status[0].plan.as_ref().expect("it could be looked at");
    let Action::Update { changes } = planned(plan, "bucket") else { panic!("it differs:\n{plan}") };
    assert_eq!(changes.iter().map(|change| change.field.as_str()).collect::<Vec<_>>(), ["cors"]);
    assert_eq!(plan.tally().keep, 6, "{plan}");

    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    assert_eq!(story.state(&id).await, RequestState::Done);
    let status = story.desk.desk.status(&aiko, None, None).await.expect("a status");
    assert!(status.len() == 1 && status[0].plan.as_ref().is_some_and(|plan| plan.is_done()));
}

#[tokio::test]
async fn the_secret_is_rotated_and_the_copy_and_the_credential_follow() {
    let story = Story::begins().await;
    story.is_done(onboard("project-x", "dev")).await;
    let put = story.secrets("platform-dev").put_secret_value().secret_id("GITHUB_PERSONAL_ACCESS_TOKEN");
    let rotated = put.secret_string("another-made-up-token").send().await.expect("rotated");

    let plan = story.plan(onboard("project-x", "dev")).await;
    assert!(matches!(planned(&plan, "github-token"), Action::Update { .. }), "{plan}");
    assert!(matches!(planned(&plan, "source-credential"), Action::Decide), "it depends on the copy:\n{plan}");
    // As the terminal does it: the looks of the plan are fresh, and the one at the credential is not to be relied on.
    let aiko = story.desk.person("aiko").await;
    let prepared = story.desk.desk.plan(&aiko, &onboard("project-x", "dev")).await.expect("a plan");
    let submitted = story.desk.desk.submit(&aiko, &prepared, None).await.expect("submitted");
    let genkan::requests::submit::Submitted::Request(request) = submitted else { panic!("something to do") };
    let stop = tokio::sync::watch::Sender::new(false);
    let stay = genkan::requests::see_through::Stay::UntilItWaits;
    let stands = story.desk.desk.see_through(&request.id, Some(prepared), stay, stop.subscribe()).await.expect("done");
    assert_eq!(stands, genkan::requests::carry_out::CarriedOut::Ended(RequestState::Done));

    let copy = story.secrets("project-dev").get_secret_value().secret_id("GITHUB_PERSONAL_ACCESS_TOKEN");
    let copy = copy.send().await.expect("there");
    assert_eq!(copy.version_id, rotated.version_id, "the copy's version is the source's");
    assert_eq!(story.house.succeeded("codebuild:ImportSourceCredentials"), 2);
    story.has_nothing_to_do(onboard("project-x", "dev")).await;
}

#[tokio::test]
async fn what_holds_data_goes_only_if_somebody_else_says_so() {
    let story = Story::begins().await;
    story.is_done(onboard("project-x", "dev")).await;
    for key in ["a", "b"] {
        let put = story.s3("project-dev").put_object().bucket("project-x-dev").key(key).body(vec![1].into());
        put.send().await.expect("written");
    }
    let plan = story.plan(teardown("project-x", "dev")).await;
    let (why, mend) = blocked(&plan, "bucket");
    assert!(why.contains("2 objects") && mend.contains("--delete-data"), "{why}: {mend}");
    assert!(story.asks_in_vain("aiko", teardown("project-x", "dev")).await.contains("bucket"));

    let wish = with_its_data(teardown("project-x", "dev"));
    let plan = story.plan(wish.clone()).await;
    assert!(plan.to_string().contains("2 objects will be destroyed"), "{plan}");
    let id = story.asks("aiko", wish).await;
    assert!(story.waits_for_approval(&id, "bucket").await);
    assert!(story.step_is_done(&id, "batch-trigger-bucket").await, "the empty one needs nobody");
    story.approves("ren", &id).await;
    assert!(story.waits_for_approval(&id, "bucket").await, "data takes two, in dev too");
    assert_eq!(story.house.lines("project-dev", "s3 bucket project-x-dev").len(), 1);
    story.approves("mio", &id).await;
    assert_eq!(story.state(&id).await, RequestState::Done);
    assert_eq!(story.house.lines("project-dev", "s3"), [""; 0]);
}

#[tokio::test]
async fn a_repository_with_images_is_counted_and_kept() {
    let story = Story::begins().await;
    story.is_done(onboard("project-x", "dev")).await;
    let admin = story.house.platform.administrator(&story.house.account("project-dev"));
    let manifest = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}"#;
    let put = aws_sdk_ecr::Client::new(&admin).put_image().repository_name("project-x-dev-algorithm");
    put.image_manifest(manifest).image_tag("v1").send().await.expect("pushed");
    let plan = story.plan(teardown("project-x", "dev")).await;
    assert!(blocked(&plan, "repository").0.contains("1 image"), "{plan}");
    story.is_done(with_its_data(teardown("project-x", "dev"))).await;
    assert_eq!(story.house.lines("project-dev", "ecr"), [""; 0]);
}

#[tokio::test]
async fn data_that_came_after_the_plan_is_not_destroyed_with_it() {
    let story = Story::begins().await;
    story.is_done(onboard("project-x", "dev")).await;
    let id = story.desk.ask("aiko", &teardown("project-x", "dev")).await.expect("asked").expect("a request");
    let put = story.s3("project-dev").put_object().bucket("project-x-dev").key("late").body(vec![1].into());
    put.send().await.expect("written");
    assert_eq!(story.desk.see_through(&story.house, &id).await, RequestState::Failed);
    assert_eq!(story.house.lines("project-dev", "s3 bucket project-x-dev").len(), 1, "with what it holds");
}

#[tokio::test]
async fn a_plan_changes_nothing() {
    let story = Story::begins().await;
    let before = story.house.inventory();
    for direction in [Direction::Onboard, Direction::Teardown] {
        let wish = Wish { at_once: false, ..crate::house::wish(direction, "project-x", "production") };
        story.plan(wish).await;
    }
    assert_eq!(story.house.platform.aws.log().counts().changing, 0);
    assert!(before.diff(&story.house.inventory()).is_empty());
}

#[tokio::test]
async fn what_was_not_shown_in_the_plan_is_not_done() {
    let story = Story::begins().await;
    story.is_done(onboard("project-x", "dev")).await;
    story.s3("project-dev").delete_bucket_cors().bucket("project-x-dev").send().await.expect("changed by hand");
    let id = story.desk.ask("aiko", &onboard("project-x", "dev")).await.expect("asked").expect("a request");
    let admin = story.house.platform.administrator(&story.house.account("project-dev"));
    let delete = aws_sdk_ecr::Client::new(&admin).delete_repository().repository_name("project-x-dev-algorithm");
    delete.send().await.expect("removed by hand, after the plan was shown");

    assert_eq!(story.desk.see_through(&story.house, &id).await, RequestState::Failed);
    let StepState::Failed { why, mend: Some(mend), .. } = story.desk.step(&id, "repository").await else {
        panic!("nobody was shown that it would be made")
    };
    assert!(why.contains("planned was keep, now it would be create") && mend.contains("ask again"), "{why}: {mend}");
    assert!(story.step_is_done(&id, "bucket").await, "what was shown is done");
    assert_eq!(story.house.succeeded("ecr:CreateRepository"), 1, "the first time");

    let aiko = story.desk.person("aiko").await;
    story.desk.desk.cancel(&aiko, &id, None).await.expect("cancelled");
    story.is_done(onboard("project-x", "dev")).await;
}
