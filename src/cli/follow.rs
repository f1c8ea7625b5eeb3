//! Shows a request live while it is carried out: a line whenever a step stands otherwise than before.

use std::collections::BTreeMap;

use super::{Printer, draw};
use crate::model::{RequestId, StepId, StepState};
use crate::requests::{Desk, DeskError};

/// Writes a line of progress for each change, until it is dropped. Never returns by itself, except on an error of the store.
///
/// # Errors
/// As [`Desk::show`].
pub async fn follow(
    desk: &Desk,
    id: &RequestId,
    shown: &mut Shown,
    printer: &Printer,
) -> Result<std::convert::Infallible, DeskError> {
    let mut changes = desk.changes();
    loop {
        shown.update(desk, id, printer).await?;
        changes.next().await;
    }
}

/// What was shown last of each step.
#[derive(Debug, Default)]
pub struct Shown(BTreeMap<StepId, StepState>);

impl Shown {
    /// As if everything had been shown that is so now.
    ///
    /// # Errors
    /// As [`Desk::show`].
    pub async fn so_far(desk: &Desk, id: &RequestId) -> Result<Self, DeskError> {
        let steps = desk.show(id).await?.steps.into_iter();
        Ok(Self(steps.map(|view| (view.step.desired.id, view.state)).collect()))
    }

    /// Writes a line for every step that stands otherwise than when it was last shown.
    ///
    /// # Errors
    /// As [`Desk::show`].
    pub async fn update(&mut self, desk: &Desk, id: &RequestId, printer: &Printer) -> Result<(), DeskError> {
        for view in desk.show(id).await?.steps {
            let before = self.0.insert(view.step.desired.id.clone(), view.state.clone()).unwrap_or_default();
            if !same_to_a_reader(&before, &view.state) {
                printer.progress(&format!("  {}", draw::step_line(&view)));
            }
        }
        Ok(())
    }
}

/// Whether a person would see no difference: only the time of the next look moved.
fn same_to_a_reader(before: &StepState, now: &StepState) -> bool {
    match (before, now) {
        (StepState::Waiting { on: before, .. }, StepState::Waiting { on: now, .. }) => before == now,
        // Begun and not ended yet: the end is what people want to see, and it comes soon.
        (_, StepState::Pending) => true,
        _ => before == now,
    }
}
