//! Asking: who may, who is told what, and what becomes of a request that is not wanted any more.

use std::time::Duration;

use genkan::model::{RequestState, StepState};
use genkan::requests::carry_out::CarriedOut;

use super::{Story, onboard, teardown};

#[tokio::test]
async fn an_engineer_asks_and_a_lead_approves() {
    let story = Story::begins().await;
    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    assert!(story.waits_for_approval(&id, "zone-association").await);
    for step in ["github-token", "source-credential", "repository", "bucket", "batch-trigger-bucket", "vpc-id"] {
        assert!(story.step_is_done(&id, step).await, "{step} does not wait for the approval of another");
    }
    story.approves("ren", &id).await;
    assert_eq!(story.state(&id).await, RequestState::Done);
    story.has_nothing_to_do(onboard("project-x", "dev")).await;
    assert!(story.zone_has(&story.vpc_of("project-x").await));
}

#[tokio::test]
async fn an_outsider_may_look_and_nothing_else() {
    let story = Story::begins().await;
    let why = story.asks_in_vain("guest", onboard("project-x", "dev")).await;
    assert!(why.contains("guest may not") && why.contains("members of engineers or infra-leads"), "{why}");
    assert_eq!(story.desk.plan("guest", &onboard("project-x", "dev")).await.tally().create, 6);

    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    assert!(story.approves_in_vain("guest", &id).await.contains("guest may not"));
    let guest = story.desk.person("guest").await;
    assert!(story.desk.desk.cancel(&guest, &id, None).await.is_err());
    assert!(story.desk.desk.reject(&guest, &id, "no").await.is_err());
    assert_eq!(story.state(&id).await, RequestState::Open);
}

#[tokio::test]
async fn a_second_request_is_told_who_has_it() {
    let story = Story::begins().await;
    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    for wish in [onboard("project-x", "dev"), teardown("project-x", "dev")] {
        let why = story.asks_in_vain("mio", wish).await;
        assert!(why.contains("aiko") && why.contains(id.as_str()) && why.contains("genkan show"), "{why}");
    }
    // Another environment is another matter.
    story.asks("mio", onboard("project-x", "staging")).await;
    story.goes_well(&id).await;
    story.is_done(teardown("project-x", "dev")).await;
}

#[tokio::test]
async fn a_cancelled_request_stops_where_it_is_and_can_be_asked_for_again() {
    let story = Story::begins().await;
    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    let aiko = story.desk.person("aiko").await;
    story.desk.desk.cancel(&aiko, &id, Some("not yet")).await.expect("cancelled");
    assert_eq!(story.desk.work(&id).await.expect("nothing to do"), CarriedOut::Ended(RequestState::Cancelled));
    assert!(story.approves_in_vain("ren", &id).await.contains("cancelled"));
    assert_eq!(story.house.lines("project-dev", "s3 bucket").len(), 2, "what was done stays");
    assert!(story.desk.desk.retry(&aiko, &id).await.is_err(), "what was cancelled is asked for anew");
    story.is_done(onboard("project-x", "dev")).await;
    assert_eq!(story.house.succeeded("s3:CreateBucket"), 2, "and is not done again");
}

#[tokio::test]
async fn a_rejected_request_says_why() {
    let story = Story::begins().await;
    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    let ren = story.desk.person("ren").await;
    story.desk.desk.reject(&ren, &id, "the VPC is the wrong one").await.expect("rejected");
    let request = story.desk.show(&id).await.request;
    assert_eq!((request.state, request.reason.as_deref()), (RequestState::Rejected, Some("the VPC is the wrong one")));
    assert!(!story.zone_has(&story.vpc_of("project-x").await));
}

#[tokio::test]
async fn it_waits_for_the_vpc_and_goes_on_when_it_appears() {
    let story = Story::before_the_stacks().await;
    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    let StepState::Waiting { on, until: Some(_), .. } = story.desk.step(&id, "vpc-id").await else {
        panic!("it waits")
    };
    assert!(on.contains("/dev/project-x/vpc-id"), "{on}");
    assert!(story.step_is_done(&id, "bucket").await, "the others do not wait");
    let CarriedOut::Resting(at) = story.desk.work(&id).await.expect("it rests") else { panic!("it rests") };
    story.house.stack_is_up("project-x", "dev").await;
    story.desk.wait_until(at);
    story.desk.work(&id).await.expect("it goes on");
    assert!(story.waits_for_approval(&id, "zone-association").await);
    story.goes_well(&id).await;
}

#[tokio::test]
async fn it_does_not_wait_for_ever_and_can_be_tried_again() {
    let story = Story::before_the_stacks().await;
    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    let StepState::Waiting { until: Some(until), since, .. } = story.desk.step(&id, "vpc-id").await else {
        panic!("it waits")
    };
    let waits = Duration::try_from(until.duration_since(since)).expect("later");
    assert!(waits.abs_diff(Duration::from_hours(2)) < Duration::from_mins(1), "{waits:?}");
    story.desk.wait_until(until);
    assert_eq!(story.desk.work(&id).await.expect("it ends"), CarriedOut::Ended(RequestState::Failed));
    let StepState::Failed { why, mend, .. } = story.desk.step(&id, "vpc-id").await else { panic!("it failed") };
    assert!(why.contains("did not appear within 120 minutes") && mend.is_some(), "{why}");

    story.house.stack_is_up("project-x", "dev").await;
    let aiko = story.desk.person("aiko").await;
    story.desk.desk.retry(&aiko, &id).await.expect("retried");
    story.goes_well(&id).await;
}

#[tokio::test]
async fn a_wrong_vpc_id_is_corrected_and_tried_again() {
    let story = Story::before_the_stacks().await;
    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    let CarriedOut::Resting(at) = story.desk.work(&id).await.expect("it rests") else { panic!("it rests") };
    story.house.stack_is_up("project-x", "dev").await;
    let right = story.vpc_of("project-x").await;
    story.vpc_becomes("project-x", "vpc-0000000000000dead").await;
    story.desk.wait_until(at);
    assert_eq!(story.desk.work(&id).await.expect("it ends"), CarriedOut::Ended(RequestState::Failed));

    story.vpc_becomes("project-x", &right).await;
    let aiko = story.desk.person("aiko").await;
    story.desk.desk.retry(&aiko, &id).await.expect("retried");
    story.goes_well(&id).await;
    assert!(story.zone_has(&right));
}
