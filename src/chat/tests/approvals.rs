//! The question to approvers, however it stands, for each thing that is asked: read `shown/approval_*.snap`.

use jiff::Timestamp;
use serde_json::json;

use super::made::{Made, VPC, at, changed, id, plan, remove, request, step, zone};
use super::{kept, readable};
use crate::chat::approval::{approval, reminder};
use crate::model::chat::Asked;
use crate::model::plan::Direction;
use crate::model::{Action, Digest, Note, RequestState, Step, StepState};
use crate::requests::show::RequestView;

const ZONE: &str = "zone-association";
const CARD: &str = "https://discord.com/channels/118000000000000100/118000000000000201/118000000000000888";

fn held(environment: &str) -> (RequestView, Asked) {
    let mut view = request(plan(Direction::Onboard, environment));
    view.done_up_to(ZONE);
    let asked = view.is_held(ZONE);
    (view, asked)
}

fn keep(name: &str, view: &RequestView, asked: &Asked) {
    kept(&format!("approval_{name}"), |scene| {
        readable(&approval(view, asked, Some(CARD), scene).expect("it was asked"))
    });
}

#[test]
fn while_it_waits() {
    let (mut view, asked) = held("production");
    keep("waits", &view, &asked);
    view.approved(ZONE, "ren");
    keep("waits_for_one_more", &view, &asked);
    view.ended(RequestState::Failed, None, None);
    keep("rests", &view, &asked);
}

#[test]
fn after_it_was_approved() {
    let (mut view, asked) = held("dev");
    view.approved(ZONE, "ren");
    keep("approved", &view, &asked);
    view.begun(ZONE);
    keep("goes_on", &view, &asked);
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
    keep("failed", &failed, &asked);
    view.done(ZONE).ended(RequestState::Done, None, None);
    keep("done", &view, &asked);
}

#[test]
fn after_something_changed_both_questions_are_told_apart() {
    let (mut view, asked) = held("dev");
    view.approved(ZONE, "ren");
    let other = step(ZONE, "dev", zone("dev", Some("vpc-0ffffffffffffffff")), Action::Create);
    let now = view.asked(6, other.clone());
    view.is(ZONE, waits(&other, at(6), None));
    keep("changed", &view, &asked);
    keep("changed_and_asked_again", &view, &now);
}

#[test]
fn after_the_request_ended() {
    let (view, asked) = held("dev");
    let mut rejected = view.clone();
    rejected.ended(RequestState::Rejected, Some("ren"), Some("Wrong VPC"));
    keep("rejected", &rejected, &asked);
    let mut cancelled = view.clone();
    cancelled.ended(RequestState::Cancelled, Some("aiko"), None);
    keep("cancelled", &cancelled, &asked);
    let mut kept = view;
    kept.done(ZONE).ended(RequestState::Done, None, None);
    keep("not_needed", &kept, &asked);
}

#[test]
fn what_else_is_asked() {
    let one = |name: &str, step: crate::model::Step| {
        let mut plan = plan(Direction::Teardown, "dev");
        let of = step.desired.id.to_string();
        plan.steps = vec![step];
        let mut view = request(plan);
        let asked = view.is_held(&of);
        keep(name, &view, &asked);
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
fn what_was_never_asked_has_no_question() {
    let (view, asked) = held("dev");
    let config = super::config();
    let scene = super::scene(&config, Default::default());
    for other in [
        Asked { digest: Digest::of(&"another"), ..asked.clone() },
        Asked { question: asked.question + 1, ..asked.clone() },
    ] {
        assert!(approval(&view, &other, None, &scene).is_none());
        assert!(reminder(&view, &other, None, &scene).is_none());
    }
}

fn waits(step: &Step, since: Timestamp, note: Option<Note>) -> StepState {
    let until = since + jiff::SignedDuration::from_hours(24);
    StepState::Held { digest: step.digest(), step: Box::new(step.clone()), since, until, note }
}

#[test]
fn it_waits_for_something_besides() {
    let (mut view, asked) = held("dev");
    view.approved(ZONE, "ren");
    let step = view.questions[0].sealed.step().clone();
    let freeze = Note::until("the freeze of dev ends (the fair)".to_owned(), at(600));
    let mut frozen = view.clone();
    frozen.is(ZONE, waits(&step, at(4), Some(freeze)));
    keep("waits_for_the_freeze_to_end", &frozen, &asked);
    let on = "other approvers, since ren may not approve this any more".to_owned();
    view.is(ZONE, waits(&step, at(4), Some(Note { on, again_at: None, lost: ["ren".to_owned()].into() })));
    keep("approver_left", &view, &asked);
}

#[test]
fn somebody_stands_in() {
    let (mut view, asked) = held("dev");
    view.stand_ins = vec!["engineers".to_owned()];
    keep("stand_ins", &view, &asked);
}

#[test]
fn after_its_time_has_gone_by() {
    let (mut view, asked) = held("production");
    view.approved(ZONE, "ren");
    kept("approval_reminder", |scene| readable(&reminder(&view, &asked, Some(CARD), scene).expect("it was asked")));
    let (why, mend) =
        ("it was not approved within 24 hours".to_owned(), "`genkan retry` asks the approvers anew".to_owned());
    view.is(ZONE, StepState::Failed { why, mend: Some(mend), at: at(1444) });
    keep("lapsed", &view, &asked);
    let step = view.questions[0].sealed.step().clone();
    let anew = view.asked(1500, step.clone());
    view.is(ZONE, waits(&step, at(1500), None));
    keep("asked_anew", &view, &asked);
    let scene_of =
        |view: &RequestView| view.question(&anew.step, &anew.digest).map(|asked| view.counting(asked).count());
    assert_eq!(scene_of(&view), Some(0), "what was said to the old question is not said to the new one");
}

#[test]
fn after_it_was_taken_back() {
    let (mut view, asked) = held("dev");
    view.approved(ZONE, "ren");
    view.approvals[0].withdrawn = Some(at(9));
    keep("withdrawn", &view, &asked);
}
