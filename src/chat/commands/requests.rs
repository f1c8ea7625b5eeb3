//! `/retry` and `/cancel`, and the buttons of a card that do the same.

use super::super::said::{Said, said};
use super::super::turn::{Outcome, Turn};
use crate::model::{Person, RequestId};
use crate::requests::DeskError;

/// Opens a failed request again, or has an open one look again at once. A worker goes on with it.
pub(super) async fn retry(turn: &Turn<'_>, person: &Person, id: &RequestId) -> Result<Outcome, DeskError> {
    let request = turn.chat.desk.retry(person, id).await?;
    Ok(turn.says(Said::TakenUpAgain(&request)))
}

/// Ends a request where it is.
pub(super) async fn cancel(turn: &Turn<'_>, person: &Person, id: &RequestId) -> Result<Outcome, DeskError> {
    let request = turn.chat.desk.cancel(person, id, None).await?;
    Ok(Outcome::SayAndClose(Box::new(said(Said::Cancelled(&request), &turn.scene())), request.id))
}
