//! An order in which steps can be done: none before one that it needs.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::StepId;
use crate::model::plan::{Desired, Direction};

/// The resources in the order in which they can be done, with `after` naming every step that each has to wait for:
/// for an onboarding what it needs, for a teardown what needs it. Of those that could go first, the blueprint's order decides.
///
/// The blueprint was checked to hold no circle and no name that is not there.
pub fn ordered(direction: Direction, blueprint: Vec<Desired>) -> Vec<Desired> {
    let mut waits_for: BTreeMap<StepId, BTreeSet<StepId>> =
        blueprint.iter().map(|desired| (desired.id.clone(), BTreeSet::new())).collect();
    for desired in &blueprint {
        for needed in desired.after.iter().chain(desired.inputs.values().map(|input| &input.step)) {
            let (later, earlier) = match direction {
                Direction::Onboard => (&desired.id, needed),
                Direction::Teardown => (needed, &desired.id),
            };
            if let Some(waits) = waits_for.get_mut(later) {
                waits.insert(earlier.clone());
            }
        }
    }

    let mut left = match direction {
        Direction::Onboard => blueprint,
        Direction::Teardown => blueprint.into_iter().rev().collect(),
    };
    let mut placed: Vec<Desired> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let free = left.iter().position(|desired| {
            waits_for[&desired.id].iter().all(|needed| placed.iter().any(|done| done.id == *needed))
        });
        let mut next = left.remove(free.unwrap_or(0));
        next.after = waits_for[&next.id].iter().cloned().collect();
        if direction == Direction::Teardown {
            // Looked up before: nothing is waited for to be filled in.
            next.inputs.clear();
        }
        placed.push(next);
    }
    placed
}
