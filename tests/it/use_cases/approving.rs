//! Approving: by whom, how many, and for exactly what.

use std::time::Duration;

use genkan::model::{Digest, EnvironmentName, RequestState, StepState};
use genkan::requests::carry_out::CarriedOut;

use super::{Story, onboard, planned};
use crate::tap::Trouble;

#[tokio::test]
async fn nobody_approves_their_own_request_even_as_a_lead() {
    let story = Story::begins().await;
    let id = story.asks("ren", onboard("project-x", "dev")).await;
    let why = story.approves_in_vain("ren", &id).await;
    assert!(why.contains("nobody approves their own request"), "{why}");
    assert!(story.waits_for_approval(&id, "zone-association").await);
    story.approves("mio", &id).await;
    assert_eq!(story.state(&id).await, RequestState::Done);
}

#[tokio::test]
async fn production_takes_two_and_the_same_one_twice_is_one() {
    let story = Story::begins().await;
    let id = story.asks("aiko", onboard("project-x", "production")).await;
    story.approves("ren", &id).await;
    story.approves("ren", &id).await;
    assert!(story.waits_for_approval(&id, "zone-association").await);
    assert_eq!(story.house.succeeded("route53:CreateVPCAssociationAuthorization"), 0);
    story.approves("mio", &id).await;
    assert_eq!(story.state(&id).await, RequestState::Done);
}

#[tokio::test]
async fn an_approval_is_for_one_vpc_and_void_for_another() {
    let story = Story::begins().await;
    let (first, second) = (story.vpc_of("project-x").await, story.vpc_of("project-y").await);
    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    let StepState::Held { digest: shown, .. } = story.desk.step(&id, "zone-association").await else { panic!("held") };

    // The stack is built anew while the lead is at lunch.
    story.vpc_becomes("project-x", &second).await;
    story.desk.wait_until(story.desk.desk.now() + Duration::from_hours(1));
    story.approves("ren", &id).await;
    let StepState::Held { step, digest, .. } = story.desk.step(&id, "zone-association").await else {
        panic!("it is asked for again")
    };
    assert_ne!(digest, shown);
    assert!(step.desired.spec.name().contains(&second), "{}", step.desired.spec.name());
    assert_eq!(story.house.succeeded("route53:CreateVPCAssociationAuthorization"), 0, "nothing was done with it");

    story.approves("ren", &id).await;
    assert_eq!(story.state(&id).await, RequestState::Done);
    assert!(story.zone_has(&second) && !story.zone_has(&first));
}

#[tokio::test]
async fn what_an_approval_was_for_is_gone() {
    let story = Story::begins().await;
    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    story.house.stack_is_down("project-x", "dev").await;
    story.desk.wait_until(story.desk.desk.now() + Duration::from_hours(1));
    story.approves("ren", &id).await;
    let StepState::Failed { why, .. } = story.desk.step(&id, "zone-association").await else { panic!("it failed") };
    assert!(why.contains("/dev/project-x/vpc-id is not there any more"), "{why}");
    story.house.stack_is_up("project-x", "dev").await;
    story.desk.desk.retry(&story.desk.person("aiko").await, &id).await.expect("retried");
    story.goes_well(&id).await;
}

#[tokio::test]
async fn a_stale_digest_is_refused() {
    let story = Story::begins().await;
    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    let ren = story.desk.person("ren").await;
    let stale = Digest::from("0".repeat(64));
    let step = "zone-association".parse().expect("a step");
    let refused = story.desk.desk.approve(&ren, &id, &step, &stale).await.expect_err("refused").to_string();
    assert!(refused.contains("has changed since it was shown"), "{refused}");
    let refused = story.desk.desk.approve(&ren, &id, &"bucket".parse().expect("a step"), &stale).await;
    assert!(refused.expect_err("it does not wait for one").to_string().contains("bucket of "));
    assert!(story.desk.show(&id).await.approvals.is_empty());
}

#[tokio::test]
async fn an_unattended_environment_says_so_and_runs_through() {
    let story = Story::where_config(|config| {
        let dev = config.environments.get_mut(&"dev".parse::<EnvironmentName>().expect("a name")).expect("dev");
        dev.approvals = 0;
    })
    .await;
    let plan = story.plan(onboard("project-x", "dev")).await;
    assert!(plan.to_string().contains("UNATTENDED"), "{plan}");
    assert_eq!(planned(&plan, "zone-association").word(), "create");
    let id = story.desk.ask("aiko", &onboard("project-x", "dev")).await.expect("asked").expect("a request");
    assert_eq!(story.desk.work(&id).await.expect("done"), CarriedOut::Ended(RequestState::Done));
    assert!(story.desk.show(&id).await.approvals.is_empty());
}

#[tokio::test]
async fn what_a_failed_step_left_open_is_closed_when_the_request_is_cancelled() {
    let story = Story::begins().await;
    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    let withdraw = "call route53 POST /2013-04-01/hostedzone/Z0DEV00000000000001/deauthorizevpcassociation";
    story.desk.trap.trouble(Some((withdraw, Trouble::Forbidden)));
    story.approves("ren", &id).await;
    assert_eq!(story.state(&id).await, RequestState::Failed);
    let StepState::Failed { why, .. } = story.desk.step(&id, "zone-association").await else { panic!("it failed") };
    assert!(why.contains("could not be closed") && why.contains("genkan-authoriser"), "{why}");
    assert_eq!(story.house.authorisations().len(), 1, "a person was told");

    story.desk.trap.trouble(None);
    let aiko = story.desk.person("aiko").await;
    story.desk.desk.cancel(&aiko, &id, None).await.expect("cancelled");
    assert_eq!(story.house.authorisations(), [""; 0]);
}
