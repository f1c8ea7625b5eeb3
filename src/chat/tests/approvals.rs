//! The question to approvers, however it stands, for each thing that is asked: read `shown/approval_*.snap`.

use serde_json::json;

use super::made::{Made, VPC, at, changed, id, plan, remove, request, step, zone};
use super::{kept, readable};
use crate::chat::approval::approval;
use crate::model::plan::Direction;
use crate::model::{Action, Digest, Event, RequestState, StepState};
use crate::requests::show::RequestView;

const ZONE: &str = "zone-association";
const CARD: &str = "https://discord.com/channels/118000000000000100/118000000000000201/118000000000000888";

fn held(environment: &str) -> (RequestView, Digest) {
    let mut view = request(plan(Direction::Onboard, environment));
    view.done_up_to(ZONE);
    let digest = view.is_held(ZONE);
    (view, digest)
}

fn keep(name: &str, step: &str, view: &RequestView, digest: &Digest) {
    kept(&format!("approval_{name}"), |scene| {
        readable(&approval(view, &id(step), digest, Some(CARD), scene).expect("it was held for that digest"))
    });
}

#[test]
fn while_it_waits() {
    let (mut view, digest) = held("production");
    keep("waits", ZONE, &view, &digest);
    view.approved(ZONE, "ren");
    keep("waits_for_one_more", ZONE, &view, &digest);
    view.ended(RequestState::Failed, None, None);
    keep("rests", ZONE, &view, &digest);
}

#[test]
fn after_it_was_approved() {
    let (mut view, digest) = held("dev");
    view.approved(ZONE, "ren");
    keep("approved", ZONE, &view, &digest);
    view.begun(ZONE);
    keep("goes_on", ZONE, &view, &digest);
    let mut failed = view.clone();
    let why = "route53:AssociateVPCWithHostedZone failed with LimitsExceeded".to_owned();
    failed.is(
        ZONE,
        StepState::Failed {
            why,
            mend: Some("raise the quota in Service Quotas, or remove what is not needed".to_owned()),
            at: at(10),
        },
    );
    failed.ended(RequestState::Failed, None, None);
    keep("failed", ZONE, &failed, &digest);
    view.done(ZONE).ended(RequestState::Done, None, None);
    keep("done", ZONE, &view, &digest);
}

#[test]
fn after_something_changed_both_questions_are_told_apart() {
    let (mut view, digest) = held("dev");
    view.approved(ZONE, "ren");
    let other = step(ZONE, "dev", zone("dev", Some("vpc-0ffffffffffffffff")), Action::Create);
    let now = other.digest();
    view.wrote(6, Event::Held { step: Box::new(other.clone()), digest: now.clone() });
    view.is(ZONE, StepState::Held { step: Box::new(other), digest: now.clone(), since: at(6) });
    keep("changed", ZONE, &view, &digest);
    keep("changed_and_asked_again", ZONE, &view, &now);
}

#[test]
fn after_the_request_ended() {
    let (view, digest) = held("dev");
    let mut rejected = view.clone();
    rejected.ended(RequestState::Rejected, Some("ren"), Some("Wrong VPC"));
    keep("rejected", ZONE, &rejected, &digest);
    let mut cancelled = view.clone();
    cancelled.ended(RequestState::Cancelled, Some("aiko"), None);
    keep("cancelled", ZONE, &cancelled, &digest);
    let mut kept = view;
    kept.done(ZONE).ended(RequestState::Done, None, None);
    keep("not_needed", ZONE, &kept, &digest);
}

#[test]
fn what_else_is_asked() {
    let one = |name: &str, step: crate::model::Step| {
        let mut plan = plan(Direction::Teardown, "dev");
        let of = step.desired.id.to_string();
        plan.steps = vec![step];
        let mut view = request(plan);
        let digest = view.is_held(&of);
        keep(name, &of, &view, &digest);
    };
    let teardown = plan(Direction::Teardown, "dev");
    for name in ["bucket", "repository", ZONE] {
        one(&format!("removes_{name}"), teardown.step(&id(name)).expect("a step").clone());
    }
    let changes = changed(&[("associated", json!(false), json!(true)), ("vpc_dns", json!(false), json!(true))]);
    one("adopts_zone", step(ZONE, "dev", zone("dev", Some(VPC)), Action::Adopt { changes }));
    let changes = changed(&[("authorisation_open", json!(true), json!(false))]);
    one("withdraws", step(ZONE, "dev", zone("dev", Some(VPC)), Action::Update { changes }));
    one(
        "removes_much",
        step("bucket", "dev", super::made::bucket("project-x-dev"), remove(&[("objects", 1), ("uploads", 2)])),
    );
}

#[test]
fn a_step_that_was_never_held_so_has_no_question() {
    let (view, _) = held("dev");
    let config = super::config();
    let scene = super::scene(&config, Default::default());
    assert!(approval(&view, &id(ZONE), &Digest::of(&"another"), None, &scene).is_none());
    assert!(approval(&view, &id("bucket"), &Digest::of(&"another"), None, &scene).is_none());
}
