//! What a press of a button does: on a card, or on the message that asks for an approval. Rights are checked now, with the roles
//! that the person has now, whoever could see the button.

use super::asked::{Held, Press};
use super::commands;
use super::said::Said;
use super::turn::{Outcome, Turn};
use crate::model::{Event, Person, StepId};
use crate::requests::DeskError;
use crate::requests::approve::Given;
use crate::requests::show::RequestView;

/// Does what a press asks.
pub(super) async fn perform(turn: &Turn<'_>, person: &Person, press: Press) -> Result<Outcome, DeskError> {
    match press {
        Press::Approve(held, question) => approve(turn, person, &held, question).await,
        Press::Withdraw(held, _) => withdraw(turn, person, &held).await,
        Press::Details(id) => commands::details(turn, person, &id).await,
        Press::Cancel(id) => commands::cancel(turn, person, &id).await,
        Press::Retry(id) => commands::retry(turn, person, &id).await,
        // Both were answered with a form.
        Press::Reject(_) | Press::Teardown(_) => Ok(Outcome::Silent),
    }
}

/// Takes back what the person said to the step that a message showed, whatever it is now.
async fn withdraw(turn: &Turn<'_>, person: &Person, held: &Held) -> Result<Outcome, DeskError> {
    let desk = &turn.chat.desk;
    let Some(step) = step_shown(&desk.show(&held.request).await?, held) else {
        return Ok(turn.says(Said::OldButton));
    };
    let step = desk.withdraw(person, &held.request, Some(&step)).await?;
    Ok(turn.says(Said::Withdrawn(&step)))
}

async fn approve(turn: &Turn<'_>, person: &Person, held: &Held, question: u64) -> Result<Outcome, DeskError> {
    let desk = &turn.chat.desk;
    let Some(step) = step_shown(&desk.show(&held.request).await?, held) else {
        return Ok(turn.says(Said::OldButton));
    };
    let given = desk.answer(person, &held.request, &step, &held.digest, Some(question)).await?;
    let view = desk.show(&held.request).await?;
    Ok(turn.says(match (given, lacking(&view, &step, held)) {
        (Given::AlreadyThere, _) => Said::ApprovedAlready(&step),
        (Given::Recorded, 0) => Said::Approved(&step),
        (Given::Recorded, n) => Said::ApprovedMoreNeeded(&step, n),
    }))
}

/// The step that a message showed with this digest; none if the request never had such a one. Whether it still waits is for
/// the use case to say.
pub(super) fn step_shown(view: &RequestView, held: &Held) -> Option<StepId> {
    view.history.iter().rev().find_map(|recorded| match &recorded.event {
        Event::Held { step, digest, .. } if *digest == held.digest => Some(step.desired.id.clone()),
        _ => None,
    })
}

/// How many approvals a step lacks as it was shown; none where it has gone on since.
fn lacking(view: &RequestView, step: &StepId, shown: &Held) -> u32 {
    let held = view.approvable().find(|held| held.step.desired.id == *step && held.digest == shown.digest);
    held.and_then(|held| u32::try_from(held.lacks()).ok()).unwrap_or_default()
}
