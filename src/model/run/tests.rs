//! Every state of a step met by every event.

use std::collections::BTreeMap;

use super::*;
use crate::model::plan::{Desired, Direction, OnExisting};
use crate::model::resource::SsmParameter;
use crate::model::{Action, Spec};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn step(id: &str) -> Box<Step> {
    let place = Place { account: "111111111111".parse().unwrap(), region: "ap-northeast-1".parse().unwrap() };
    let spec = Spec::SsmParameter(SsmParameter { name: format!("/{id}"), wait_minutes: 5 });
    let desired = Desired {
        id: id.parse().unwrap(),
        place,
        scope: Scope::Project,
        on_existing: OnExisting::Block,
        after: vec![],
        inputs: BTreeMap::new(),
        spec,
    };
    Box::new(Step { desired, adopt: false, delete_data: false, action: Action::Create, gate: None })
}

fn outputs(value: &str) -> Outputs {
    Outputs::from([("value".to_owned(), value.to_owned())])
}

fn finished(did: Did, value: &str) -> Event {
    let step = step("one");
    let resource = ResourceKey { place: step.desired.place.clone(), kind: step.kind(), name: step.desired.spec.name() };
    let (scope, id) = (step.desired.scope, step.desired.id.clone());
    Event::Finished { step: id, did, outputs: outputs(value), resource, scope, ours: true }
}

fn waiting(on: &str) -> Event {
    Event::Waiting { step: "one".parse().unwrap(), on: on.to_owned(), again_at: at(60), until: Some(at(99)) }
}

fn failed(retry_at: Option<Timestamp>) -> Event {
    Event::Failed { step: "one".parse().unwrap(), why: "no".to_owned(), mend: Some("do".to_owned()), retry_at }
}

/// Every state, by name.
fn states() -> Vec<(&'static str, StepState)> {
    let step = step("one");
    let digest = step.digest();
    vec![
        ("pending", StepState::Pending),
        ("running", StepState::Running { since: at(1), failures: 2 }),
        ("waiting", StepState::Waiting { on: "it".to_owned(), since: at(1), again_at: at(2), until: Some(at(3)) }),
        ("held", StepState::Held { step, digest, since: at(1), until: at(100), note: None }),
        ("retrying", StepState::Retrying { why: "no".to_owned(), retry_at: at(2), failures: 2 }),
        ("failed", StepState::Failed { why: "no".to_owned(), mend: None, at: at(1) }),
        ("done", StepState::Done { did: Did::Created, outputs: outputs("a"), at: at(1) }),
        ("seen", StepState::Done { did: Did::Seen, outputs: outputs("a"), at: at(1) }),
    ]
}

fn word(state: &StepState) -> &'static str {
    match state {
        StepState::Pending => "pending",
        StepState::Running { .. } => "running",
        StepState::Waiting { .. } => "waiting",
        StepState::Held { .. } => "held",
        StepState::Retrying { .. } => "retrying",
        StepState::Failed { .. } => "failed",
        StepState::Done { did: Did::Seen, .. } => "seen",
        StepState::Done { .. } => "done",
    }
}

#[test]
fn every_state_met_by_every_event() {
    let one = step("one");
    let events = [
        Event::Started { digest: one.digest(), step: one.clone(), approvers: BTreeSet::new() },
        finished(Did::Created, "b"),
        finished(Did::Seen, "b"),
        waiting("it"),
        Event::Held { digest: one.digest(), step: one.clone(), until: at(100) },
        Event::Noted {
            step: one.desired.id.clone(),
            note: Some(Note::until("the end of the freeze".to_owned(), at(50))),
        },
        failed(Some(at(60))),
        failed(None),
        Event::Retried,
    ];
    // From         started    finished seen    waiting    held    noted       failed      failed    retried
    //                                                                         in passing  for good
    let table = [
        ("pending", ["running", "done", "seen", "waiting", "held", "pending", "retrying", "failed", "pending"]),
        ("running", ["running", "done", "seen", "waiting", "held", "running", "retrying", "failed", "running"]),
        ("waiting", ["running", "done", "seen", "waiting", "held", "waiting", "retrying", "failed", "pending"]),
        ("held", ["running", "done", "seen", "waiting", "held", "held", "retrying", "failed", "held"]),
        ("retrying", ["running", "done", "seen", "waiting", "held", "retrying", "retrying", "failed", "pending"]),
        ("failed", ["running", "done", "seen", "waiting", "held", "failed", "retrying", "failed", "pending"]),
        ("done", ["done", "done", "done", "done", "done", "done", "done", "done", "done"]),
        ("seen", ["seen", "seen", "seen", "seen", "seen", "seen", "seen", "seen", "pending"]),
    ];
    let states = states();
    assert_eq!(table.map(|(from, _)| from).to_vec(), states.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for ((from, state), (_, becomes)) in states.into_iter().zip(table) {
        for (event, expected) in events.iter().zip(becomes) {
            assert_eq!(word(&state.clone().after(at(10), event)), expected, "{from} met by {event:?}");
        }
    }
}

#[test]
fn what_is_done_changes_only_where_it_was_waited_for() {
    let done = |did| StepState::Done { did, outputs: outputs("a"), at: at(1) };
    assert_eq!(done(Did::Created).after(at(10), &finished(Did::Created, "b")), done(Did::Created));
    assert_eq!(done(Did::Created).after(at(10), &finished(Did::Seen, "b")), done(Did::Created));
    assert_eq!(done(Did::Seen).after(at(10), &finished(Did::Created, "b")), done(Did::Seen));
    let again = done(Did::Seen).after(at(10), &finished(Did::Seen, "b"));
    assert_eq!(again, StepState::Done { did: Did::Seen, outputs: outputs("b"), at: at(10) });
}

#[test]
fn tries_are_counted_until_a_person_asks_for_another() {
    let one = step("one");
    let started = Event::Started { digest: one.digest(), step: one, approvers: BTreeSet::new() };
    let mut state = StepState::Pending;
    for tries in 1..=3 {
        state = state.after(at(1), &started);
        assert_eq!(state, StepState::Running { since: at(1), failures: tries - 1 });
        state = state.after(at(2), &failed(Some(at(60))));
        assert_eq!(state, StepState::Retrying { why: "no".to_owned(), retry_at: at(60), failures: tries });
    }
    // A look that fails counts too, without a start.
    state = state.after(at(3), &failed(Some(at(60))));
    assert!(matches!(state, StepState::Retrying { failures: 4, .. }), "{state:?}");
    let again = state.after(at(4), &Event::Retried).after(at(5), &started);
    assert_eq!(again, StepState::Running { since: at(5), failures: 0 });
}

#[test]
fn a_wait_for_the_same_thing_goes_on_and_one_for_another_begins() {
    let first = StepState::Pending.after(at(1), &waiting("it"));
    let since = |state: &StepState| match state {
        StepState::Waiting { since, .. } => *since,
        other => panic!("{other:?}"),
    };
    let same = first.clone().after(at(5), &waiting("it"));
    let other = first.after(at(5), &waiting("another"));
    assert_eq!((since(&same), since(&other)), (at(1), at(5)));
}

#[test]
fn a_journal_is_replayed_step_by_step_and_another_try_concerns_all() {
    let steps = ["one", "two"].map(|id| *step(id));
    let plan = Plan {
        direction: Direction::Onboard,
        project: "project-x".parse().unwrap(),
        environment: "dev".parse().unwrap(),
        place: steps[0].desired.place.clone(),
        accounts: BTreeMap::new(),
        steps: steps.to_vec(),
        repository: None,
        notes: vec![],
    };
    let record = |seq, event| Recorded { seq, at: at(10), event };
    let two = Event::Failed { step: "two".parse().unwrap(), why: "no".to_owned(), mend: None, retry_at: None };
    let stranger = Event::Failed { step: "three".parse().unwrap(), why: "no".to_owned(), mend: None, retry_at: None };
    let mut journal = vec![record(1, failed(None)), record(2, two), record(3, stranger)];
    let words = |journal: &[Recorded]| replay(&plan, journal).values().map(word).collect::<Vec<_>>();
    assert_eq!(words(&[]), ["pending", "pending"]);
    assert_eq!(words(&journal), ["failed", "failed"], "and a step that the plan does not have is nobody's");
    journal.push(record(4, Event::Retried));
    assert_eq!(words(&journal), ["pending", "pending"]);
}
