//! Which steps can be taken up, and how a run stands: every state, and what they are together.

use super::*;
use crate::model::plan::{Desired, Direction, Input, OnExisting, Scope};
use crate::model::resource::{EcrRepository, SsmParameter, TagMutability};
use crate::model::run::Did;
use crate::model::{Action, Place, Spec};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn place() -> Place {
    Place { account: "111111111111".parse().unwrap(), region: "ap-northeast-1".parse().unwrap() }
}

fn id(text: &str) -> StepId {
    text.parse().unwrap()
}

/// A step that has to wait for others, and gets inputs from others.
fn step(name: &str, after: &[&str], inputs: &[&str]) -> Step {
    let spec = match name {
        "parameter" => Spec::SsmParameter(SsmParameter { name: "/p".to_owned(), wait_minutes: 5 }),
        _ => Spec::EcrRepository(EcrRepository {
            name: name.to_owned(),
            tag_mutability: TagMutability::Immutable,
            scan_on_push: true,
            lifecycle_policy: None,
        }),
    };
    let input = |step: &&str| ((*step).to_owned(), Input { step: id(step), output: "value".to_owned() });
    let desired = Desired {
        id: id(name),
        place: place(),
        scope: Scope::Project,
        on_existing: OnExisting::Block,
        after: after.iter().map(|step| id(step)).collect(),
        inputs: inputs.iter().map(input).collect(),
        spec,
    };
    Step { desired, adopt: false, delete_data: false, action: Action::Create, gate: None }
}

fn plan(steps: Vec<Step>) -> Plan {
    Plan {
        direction: Direction::Onboard,
        project: "project-x".parse().unwrap(),
        environment: "dev".parse().unwrap(),
        place: place(),
        accounts: BTreeMap::new(),
        steps,
        repository: None,
        notes: vec![],
    }
}

fn pending() -> StepState {
    StepState::Pending
}

fn running() -> StepState {
    StepState::Running { since: at(1), failures: 0 }
}

fn waiting(again_at: i64) -> StepState {
    StepState::Waiting { on: "it".to_owned(), since: at(1), again_at: at(again_at), until: None }
}

fn held() -> StepState {
    let step = Box::new(step("a", &[], &[]));
    StepState::Held { digest: step.digest(), step, since: at(1), until: at(86_400), note: None }
}

fn retrying(retry_at: i64) -> StepState {
    StepState::Retrying { why: "no".to_owned(), retry_at: at(retry_at), failures: 1 }
}

fn failed() -> StepState {
    StepState::Failed { why: "no".to_owned(), mend: None, at: at(1) }
}

fn done(second: i64) -> StepState {
    StepState::Done { did: Did::Seen, outputs: Outputs::new(), at: at(second) }
}

fn states(of: &[(&str, StepState)]) -> States {
    of.iter().map(|(name, state)| (id(name), state.clone())).collect()
}

#[test]
fn a_step_is_due_in_these_states() {
    let table = [
        (pending(), true),
        (running(), true),
        (held(), true),
        (waiting(10), true),
        (waiting(11), false),
        (retrying(10), true),
        (retrying(11), false),
        (failed(), false),
        (done(1), false),
    ];
    let plan = plan(vec![step("a", &[], &[])]);
    for (state, due) in table {
        let ready = ready(&plan, &states(&[("a", state.clone())]), at(10));
        assert_eq!(!ready.is_empty(), due, "{state:?}");
    }
}

#[test]
fn a_step_is_ready_only_when_everything_that_it_needs_is_done() {
    let plan = plan(vec![step("a", &[], &[]), step("b", &[], &[]), step("c", &["a"], &["b"])]);
    for (a, b, is_ready) in [
        (done(1), done(1), true),
        (done(1), pending(), false),
        (failed(), done(1), false),
        (done(1), held(), false),
        (running(), waiting(1), false),
    ] {
        let states = states(&[("a", a), ("b", b), ("c", pending())]);
        let found = ready(&plan, &states, at(10));
        assert_eq!(found.iter().any(|step| step.desired.id == id("c")), is_ready, "{states:?}");
    }
}

#[test]
fn how_a_run_stands() {
    let table = [
        (vec![done(1), done(1)], Standing::Done),
        (vec![], Standing::Done),
        (vec![done(1), failed()], Standing::Failed),
        (vec![pending(), failed()], Standing::Failed),
        (vec![held(), failed()], Standing::Failed),
        (vec![done(1), held()], Standing::Held(at(86_400))),
        (vec![pending(), held()], Standing::Held(at(86_400))),
        (vec![waiting(20), retrying(15)], Standing::Resting(at(15))),
        (vec![waiting(20), failed()], Standing::Resting(at(20))),
        (vec![held(), waiting(20)], Standing::Resting(at(20))),
        (vec![retrying(30), held(), failed(), done(1)], Standing::Resting(at(30))),
    ];
    for (all, stands) in table {
        let names = ["a", "b", "c", "d"];
        let all: Vec<(&str, StepState)> = names.into_iter().zip(all).collect();
        assert_eq!(standing(&states(&all)), stands, "{all:?}");
    }
}

#[test]
fn what_others_wrote_is_looked_at_again_before_a_step_begins_that_relies_on_it() {
    let plan = plan(vec![
        step("parameter", &[], &[]),
        step("repository", &[], &[]),
        step("a", &[], &["parameter", "repository"]),
        step("b", &["parameter"], &[]),
    ]);
    let stale = |step: usize, seen: i64, of_step: StepState, begun: &[&str]| {
        let all = states(&[("parameter", done(seen)), ("repository", done(1)), ("a", of_step), ("b", pending())]);
        let begun = begun.iter().map(|name| id(name)).collect();
        stale_sources(&plan, &plan.steps[step], &all, &begun, at(100)).len()
    };
    assert_eq!(stale(2, 1, pending(), &[]), 1, "only what is awaited");
    assert_eq!(stale(2, 1, held(), &[]), 1);
    assert_eq!(stale(2, 95, held(), &[]), 0, "seconds ago is fresh");
    assert_eq!(stale(3, 1, held(), &[]), 0, "it only comes after it");
    assert_eq!(stale(2, 1, pending(), &["a"]), 0, "what is begun keeps its inputs");
    assert_eq!(stale(2, 1, pending(), &["b"]), 0, "and so do the others");
}
