//! The card in every state of a request and of a step, both ways, in every language: read `shown/card_*.snap`.

use super::made::{Made, at, plan, request};
use super::{kept, readable};
use crate::chat::card::card;
use crate::model::plan::Direction;
use crate::model::{Part, Posted, RequestState, StepState};
use crate::requests::show::RequestView;

const WHY: &str = "route53:AssociateVPCWithHostedZone on arn:aws:route53:::hostedzone/Z0DEV00000000000001 as \
                   genkan-writer failed with AccessDenied (HTTP 403)";

fn failed(mend: Option<&str>) -> StepState {
    StepState::Failed { why: WHY.to_owned(), mend: mend.map(str::to_owned), at: at(10) }
}

fn waiting() -> StepState {
    let (on, until) = ("SSM parameter /dev/project-x/vpc-id".to_owned(), Some(at(120)));
    StepState::Waiting { on, since: at(2), again_at: at(3), until }
}

fn retrying() -> StepState {
    StepState::Retrying { why: "no answer within 45 seconds".to_owned(), retry_at: at(6), failures: 2 }
}

/// An open request in which one step is in each state that there is.
fn open(direction: Direction) -> Vec<(&'static str, RequestView)> {
    let begun = || {
        let mut view = request(plan(direction, "dev"));
        if direction == Direction::Onboard {
            view.done_up_to("vpc-id");
        }
        view
    };
    let mut cases = vec![("pending", request(plan(direction, "dev")))];
    let gated = match direction {
        Direction::Onboard => "zone-association",
        Direction::Teardown => "bucket",
    };
    let free = match direction {
        Direction::Onboard => "vpc-id",
        Direction::Teardown => "batch-trigger-bucket",
    };
    let mut add = |name, change: &dyn Fn(&mut RequestView)| {
        let mut view = begun();
        change(&mut view);
        cases.push((name, view));
    };
    add("running", &|view| {
        view.is(free, StepState::Running { since: at(5), failures: 0 });
    });
    add("waiting", &|view| {
        view.is(free, waiting());
    });
    add("waiting-in-aws", &|view| {
        let on = "project-x-dev to be empty: 1000 versions destroyed in this go, more to come".to_owned();
        view.is(free, StepState::Waiting { on, since: at(2), again_at: at(3), until: None });
    });
    add("held", &|view| drop(view.is_held(gated)));
    add("retrying", &|view| {
        view.is(free, retrying());
    });
    add("failed", &|view| {
        view.is(free, failed(Some("check where its id comes from")));
    });
    add("failed-and-held", &|view| {
        view.is_held(gated);
        view.is("github-token", failed(None));
    });
    cases
}

fn all(cases: Vec<(&str, RequestView)>, posted: &[Posted]) -> impl Fn(&crate::chat::words::Scene<'_>) -> String {
    let posted = posted.to_vec();
    let cases: Vec<(String, RequestView)> = cases.into_iter().map(|(name, view)| (name.to_owned(), view)).collect();
    move |scene| {
        let shown = cases.iter().map(|(name, view)| format!("=== {name}\n{}", readable(&card(view, &posted, scene))));
        shown.collect::<Vec<_>>().join("\n")
    }
}

#[test]
fn an_open_request_with_a_step_in_each_state() {
    kept("card_onboard_open", all(open(Direction::Onboard), &[]));
    kept("card_teardown_open", all(open(Direction::Teardown), &[]));
}

#[test]
fn a_step_that_waits_for_two_approvals_links_to_the_question() {
    let mut none = request(plan(Direction::Onboard, "production"));
    none.done_up_to("zone-association");
    let asked = none.is_held("zone-association");
    let mut one = none.clone();
    one.approved("zone-association", "ren");
    let mut own = one.clone();
    own.approved("zone-association", "aiko");
    let mut both = one.clone();
    both.approved("zone-association", "mio");
    let posted = Posted {
        request: none.request.id.clone(),
        part: Part::Approval(asked),
        channel: "118000000000000202".parse().expect("an id"),
        message: Some("118000000000000999".parse().expect("an id")),
        language: Default::default(),
        shown: None,
        ended: false,
    };
    let cases = vec![("none", none), ("one", one), ("one and the requester's own", own), ("both", both)];
    kept("card_onboard_held", all(cases, &[posted]));
}

#[test]
fn a_request_that_is_done() {
    for direction in [Direction::Onboard, Direction::Teardown] {
        let mut view = request(plan(direction, "dev"));
        view.is_held("zone-association");
        let ids: Vec<String> = view.steps.iter().map(|step| step.step.desired.id.to_string()).collect();
        for id in &ids {
            view.done(id);
        }
        view.ended(RequestState::Done, None, None);
        kept(&format!("card_{direction}_done"), all(vec![("done", view)], &[]));
    }
}

#[test]
fn a_request_that_failed() {
    let trust = "it is one of:\n  - the role does not exist\n  - its trust policy asks for an sts:ExternalId";
    for direction in [Direction::Onboard, Direction::Teardown] {
        let mut one = request(plan(direction, "dev"));
        one.done_up_to("zone-association").is("zone-association", failed(Some("{\"Effect\":\"Allow\"}")));
        one.ended(RequestState::Failed, None, None);
        let mut several = request(plan(direction, "dev"));
        for step in ["repository", "bucket", "batch-trigger-bucket", "github-token", "vpc-id"] {
            several.is(step, failed(Some(trust)));
        }
        several.is_held("zone-association");
        several.ended(RequestState::Failed, None, None);
        kept(&format!("card_{direction}_failed"), all(vec![("one step", one), ("several steps", several)], &[]));
    }
}

#[test]
fn a_request_that_ended_early() {
    for direction in [Direction::Onboard, Direction::Teardown] {
        for (state, by, reason) in [
            (RequestState::Cancelled, "aiko", None),
            (RequestState::Rejected, "ren", Some("The CIDR overlaps with project-y: see #42")),
        ] {
            let mut before = request(plan(direction, "dev"));
            before.ended(state, Some(by), reason);
            let mut held = request(plan(direction, "dev"));
            held.done_up_to("zone-association").is_held("zone-association");
            held.ended(state, Some(by), reason);
            let mut given_up = request(plan(direction, "dev"));
            let why = format!("given up: the request was {state}");
            given_up.is("bucket", StepState::Failed { why, mend: None, at: at(12) }).ended(state, Some(by), reason);
            let cases = vec![("before it began", before), ("while held", held), ("given up half-way", given_up)];
            kept(&format!("card_{direction}_{state}"), all(cases, &[]));
        }
    }
}

#[test]
fn what_stays_and_what_looks_alike_is_told() {
    let mut plan = plan(Direction::Onboard, "dev");
    plan.notes = vec![
        "The project's account is the platform's account: nothing crosses accounts.".to_owned(),
        "STAYS: S3 bucket project-x-dev-old in project-dev (222222222201) was made by genkan and is not in the blueprint \
         any more; put it back there to remove it."
            .to_owned(),
        "LOOKS LIKE: project-x looks like project-х, which is another".to_owned(),
    ];
    kept("card_onboard_notes", all(vec![("notes", request(plan))], &[]));
}
