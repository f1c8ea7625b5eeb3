//! `/retry` and `/cancel`, and the buttons of a card that do the same.

use minijinja::context;

use super::super::drawn::Drawn;
use super::super::turn::{Outcome, Turn, linked};
use crate::model::{Person, RequestId};
use crate::requests::DeskError;

/// Opens a failed request again, or has an open one look again at once. A worker goes on with it.
pub(super) async fn retry(turn: &Turn<'_>, person: &Person, id: &RequestId) -> Result<Outcome, DeskError> {
    let request = turn.chat.desk.retry(person, id).await?;
    let link = linked(turn.card_of(id).await?);
    let (project, environment) = (&request.plan.project, &request.plan.environment);
    Ok(turn.says("answer.retried", context! { id, project, environment, link }))
}

/// Ends a request where it is.
pub(super) async fn cancel(turn: &Turn<'_>, person: &Person, id: &RequestId) -> Result<Outcome, DeskError> {
    let request = turn.chat.desk.cancel(person, id, None).await?;
    let link = linked(turn.card_of(id).await?);
    let (project, environment) = (&request.plan.project, &request.plan.environment);
    let said = turn.scene().say("answer.cancelled", context! { id, project, environment, link });
    Ok(Outcome::SayAndClose(Box::new(Drawn::text(said)), id.clone()))
}
