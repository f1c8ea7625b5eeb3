//! What was there before: made by hand, somebody else's, or not to be seen.

use genkan::model::{Action, StepState};
use genkan::sandbox::faults::{Effect, Rule};

use super::{Story, adopting, blocked, onboard, planned, teardown};

const BUCKET: &str = "project-x-dev";

#[tokio::test]
async fn a_bucket_made_by_hand_is_taken_over_only_where_that_was_asked_for() {
    let story = Story::begins().await;
    story.bucket_by_hand("project-dev", BUCKET).await;
    let plan = story.plan(onboard("project-x", "dev")).await;
    let (why, mend) = blocked(&plan, "bucket");
    assert!(why.contains("was not made by genkan") && mend.contains("--adopt bucket"), "{why}: {mend}");
    let refused = story.asks_in_vain("aiko", onboard("project-x", "dev")).await;
    assert!(refused.contains("blocked at bucket"), "{refused}");
    assert_eq!(
        story.house.platform.aws.log().counts().by_action.get("ecr:CreateRepository"),
        None,
        "nothing was begun"
    );

    let adopt = adopting(&["bucket"], onboard("project-x", "dev"));
    let plan = story.plan(adopt.clone()).await;
    assert!(plan.to_string().contains("not genkan's until now: taken over as asked"), "{plan}");
    story.is_done(adopt).await;
    story.has_nothing_to_do(onboard("project-x", "dev")).await;
    assert_eq!(story.house.succeeded("s3:CreateBucket"), 2, "by hand, and the other one");
    story.is_done(teardown("project-x", "dev")).await;
    assert_eq!(story.house.lines("project-dev", "s3 bucket"), [""; 0], "taken over is ours");

    let why = story.asks_in_vain("aiko", adopting(&["buckett"], onboard("project-x", "dev"))).await;
    assert!(why.contains("there is no `buckett`"), "{why}");
}

#[tokio::test]
async fn a_bucket_of_another_account_is_in_the_way_and_nobody_takes_it_over() {
    let story = Story::begins().await;
    story.bucket_by_hand("project-staging", BUCKET).await;
    for wish in [onboard("project-x", "dev"), adopting(&["bucket"], onboard("project-x", "dev"))] {
        let plan = story.plan(wish).await;
        let (why, mend) = blocked(&plan, "bucket");
        assert!(why.contains("held by another AWS account") && mend.contains("another name"), "{why}: {mend}");
    }
}

#[tokio::test]
async fn what_cannot_be_looked_at_is_in_the_way_and_never_absent() {
    let looks = [
        ("ecr", "DescribeRepositories", "repository"),
        ("codebuild", "ListSourceCredentials", "source-credential"),
        ("ssm", "GetParameter", "vpc-id"),
        ("route53", "ListHostedZonesByVPC", "zone-association"),
    ];
    for (service, operation, step) in looks {
        let story = Story::begins().await;
        let denied = Effect::Error { status: 403, code: "AccessDeniedException".to_owned(), message: "no".to_owned() };
        story.house.platform.aws.faults().add(Rule::on(service, operation, denied));
        let plan = story.plan(onboard("project-x", "dev")).await;
        let (why, _) = blocked(&plan, step);
        assert!(why.contains("could not be looked at") && why.contains(operation), "{step}: {why}");
        assert!(why.contains("genkan-reader"), "{step}: {why}");
        assert!(plan.steps.iter().filter(|other| other.desired.id.as_str() == step).count() == 1);
        assert!(story.asks_in_vain("aiko", onboard("project-x", "dev")).await.contains(step));
        assert_eq!(story.house.platform.aws.log().counts().changing, 0, "nothing was begun");
    }
}

#[tokio::test]
async fn a_look_that_fails_later_is_not_absent_either() {
    let story = Story::begins().await;
    let id = story.desk.ask("aiko", &onboard("project-x", "dev")).await.expect("asked").expect("a request");
    let denied = Effect::Error { status: 403, code: "AccessDeniedException".to_owned(), message: "no".to_owned() };
    story.house.platform.aws.faults().add(Rule::on("ecr", "DescribeRepositories", denied));
    story.desk.work(&id).await.expect("taken up");
    let state = story.desk.step(&id, "repository").await;
    assert!(matches!(state, StepState::Failed { .. }), "{state:?}");
    assert_eq!(story.house.succeeded("ecr:CreateRepository"), 0);
}

#[tokio::test]
async fn a_vpc_that_was_associated_by_hand_is_kept() {
    let story = Story::begins().await;
    let vpc = story.vpc_of("project-x").await;
    story.associated_by_hand(&vpc).await;
    let plan = story.plan(onboard("project-x", "dev")).await;
    let Action::Keep { why } = planned(&plan, "zone-association") else { panic!("kept:\n{plan}") };
    assert!(why.contains("made by hand"), "{why}");
    story.is_done(onboard("project-x", "dev")).await;
    story.is_done(teardown("project-x", "dev")).await;
    assert!(story.zone_has(&vpc), "what was made by hand stays");
}

#[tokio::test]
async fn an_authorisation_that_somebody_left_open_is_withdrawn() {
    let story = Story::begins().await;
    let vpc = story.vpc_of("project-x").await;
    story.authorised_by_hand(&vpc).await;
    assert_eq!(story.house.authorisations().len(), 1, "it is seen");
    story.is_done(onboard("project-x", "dev")).await;
    assert_eq!(story.house.authorisations(), [""; 0]);

    // Also when everything else is as it should be, and somebody approves that.
    story.authorised_by_hand(&vpc).await;
    let plan = story.plan(onboard("project-x", "dev")).await;
    assert!(plan.to_string().contains("authorisation_open: true → false"), "{plan}");
    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    assert!(story.waits_for_approval(&id, "zone-association").await);
    story.goes_well(&id).await;
    assert_eq!(story.house.authorisations(), [""; 0]);
    assert!(story.zone_has(&vpc));
}
