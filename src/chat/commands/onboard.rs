//! `/onboard`: a plan, and a request that a worker carries out; its card is the answer, kept true by the keeper.

use super::super::asked::Command;
use super::super::preview;
use super::super::said::{Said, said};
use super::super::turn::{Outcome, Turn};
use crate::model::{Direction, Person};
use crate::requests::DeskError;
use crate::requests::plan::Wish;
use crate::requests::submit::Submitted;

/// What somebody wants who types `/onboard`.
pub(super) fn wish(command: &Command) -> Wish {
    let (project, environment, repository, adopt) = match command {
        Command::Onboard { project, environment, repository, adopt } => {
            (project.clone(), environment.clone(), repository.clone(), adopt.clone())
        }
        _ => Default::default(),
    };
    Wish { direction: Direction::Onboard, project, environment, repository, adopt, delete_data: false, at_once: true }
}

/// Plans, and hands the request in. While the plan is made the answer says so; that message becomes the card.
pub(super) async fn onboard(turn: &Turn<'_>, person: &Person, wish: &Wish) -> Result<Outcome, DeskError> {
    let working = said(Said::Working, &turn.scene());
    let (message, prepared) = tokio::join!(turn.answer(&working), turn.chat.desk.plan(person, wish));
    let prepared = prepared?;
    if prepared.plan.blocked().next().is_some() {
        return Ok(Outcome::say(preview::blocked(&prepared.plan, &turn.scene())));
    }
    submit(turn, person, &prepared, message).await
}

/// Hands in what was planned. The request, its card's message and what was heard are written together, so that a process that
/// dies here leaves no request without a card; from there on the keeper draws it.
pub(super) async fn submit(
    turn: &Turn<'_>,
    person: &Person,
    prepared: &crate::requests::plan::Prepared,
    message: Result<crate::model::Snowflake, super::super::rest::RestError>,
) -> Result<Outcome, DeskError> {
    let message = match message {
        Ok(message) => Some(message),
        Err(error) => {
            let interaction = turn.incoming.reference();
            tracing::warn!(interaction, %error, "the answer has no message; the card is posted as one of its own");
            None
        }
    };
    if let Some(message) = &message {
        turn.chat.tokens.keep(message, &turn.incoming.reply, turn.chat.desk.now());
    }
    match turn.chat.desk.submit(person, prepared, Some(&turn.origin(message))).await? {
        Submitted::NothingToDo => Ok(Outcome::say(preview::nothing_to_do(&prepared.plan, &turn.scene()))),
        Submitted::Request(_) => Ok(Outcome::Silent),
    }
}
