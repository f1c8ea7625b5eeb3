//! Which steps can be taken up now, and how the run as a whole stands.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::model::{Outputs, Plan, Step, StepId, StepState};

/// How old may be what an awaited step told when a step that relies on it begins; what is older is looked at again.
const FRESH: Duration = Duration::from_secs(10);

/// How every step stands.
pub type States = BTreeMap<StepId, StepState>;

/// How a run stands when nothing of it is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Every step is done.
    Done,
    /// A step failed, and nothing goes on by itself.
    Failed,
    /// It goes on by itself at this time (something is waited for, or tried again).
    Resting(Timestamp),
    /// It goes on when somebody approves, and is looked at again at this time: a question expires, or what it waits for besides may
    /// have come.
    Held(Timestamp),
}

/// The steps that can be taken up at `now`: everything that they need is done, and they are new, due again, held (somebody
/// may have approved), or were under way when a process died.
pub fn ready<'p>(plan: &'p Plan, states: &States, now: Timestamp) -> Vec<&'p Step> {
    plan.steps.iter().filter(|step| is_due(&states[&step.desired.id], now) && needs_are_done(step, states)).collect()
}

fn is_due(state: &StepState, now: Timestamp) -> bool {
    match state {
        StepState::Pending | StepState::Running { .. } | StepState::Held { .. } => true,
        StepState::Waiting { again_at, .. } => *again_at <= now,
        StepState::Retrying { retry_at, .. } => *retry_at <= now,
        StepState::Failed { .. } | StepState::Done { .. } => false,
    }
}

fn needs_are_done(step: &Step, states: &States) -> bool {
    step.needs().all(|needed| matches!(states.get(needed), Some(StepState::Done { .. })))
}

/// The awaited steps that a step which is about to begin gets its inputs from and that were looked at a while ago, with what
/// they told. What others write they can change: what an approval was given for may not be what is there any more. A step
/// that was begun keeps its inputs, and so do the others that get theirs from the same.
pub fn stale_sources(
    plan: &Plan,
    step: &Step,
    states: &States,
    begun: &BTreeSet<StepId>,
    now: Timestamp,
) -> Vec<(Step, Outputs)> {
    let names: BTreeSet<&StepId> = step.desired.inputs.values().map(|input| &input.step).collect();
    let awaited = names.into_iter().filter_map(|id| plan.step(id)).filter(|source| source.desired.spec.is_awaited());
    awaited
        .filter(|source| {
            let id = &source.desired.id;
            plan.steps
                .iter()
                .filter(|one| one.needs().any(|needed| needed == id))
                .all(|one| !begun.contains(&one.desired.id))
        })
        .filter_map(|source| match &states[&source.desired.id] {
            StepState::Done { outputs, at, .. } if *at + FRESH < now => Some((source.clone(), outputs.clone())),
            _ => None,
        })
        .collect()
}

/// How the run stands, when no call is under way and no step is ready but held ones.
pub fn standing(states: &States) -> Standing {
    let resting = states.values().filter_map(|state| match state {
        StepState::Waiting { again_at, .. } => Some(*again_at),
        StepState::Retrying { retry_at, .. } => Some(*retry_at),
        _ => None,
    });
    let held = states.values().filter_map(|state| match state {
        StepState::Held { until, note, .. } => {
            let again_at = note.as_ref().and_then(|note| note.again_at);
            Some(again_at.map_or(*until, |again_at| again_at.min(*until)))
        }
        _ => None,
    });
    let held = held.min();
    if let Some(next) = resting.min() {
        return Standing::Resting(held.map_or(next, |held| held.min(next)));
    }
    if states.values().any(|state| matches!(state, StepState::Failed { .. })) {
        return Standing::Failed;
    }
    if states.values().all(|state| matches!(state, StepState::Done { .. })) {
        return Standing::Done;
    }
    Standing::Held(held.unwrap_or(Timestamp::MAX))
}

#[cfg(test)]
mod tests;
