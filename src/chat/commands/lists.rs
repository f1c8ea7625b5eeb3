//! What people look at: `/status`, `/requests`, `/show` and the Details button, `/approvals`, `/help`. Only who asks sees it.

use super::super::asked::Of;
use super::super::lists;
use super::super::turn::{Outcome, Turn};
use crate::model::audit::Face;
use crate::model::{Part, Person, RequestId, RequestState};
use crate::requests::DeskError;
use crate::requests::show::Which;

/// How many requests are listed.
const LISTED: u32 = 20;

/// Among how many those that wait are looked for.
const LOOKED_AT: u32 = 200;

pub(super) async fn status(
    turn: &Turn<'_>,
    person: &Person,
    project: Option<&str>,
    environment: Option<&str>,
) -> Result<Outcome, DeskError> {
    let statuses = turn.chat.desk.status(person, project, environment).await?;
    Ok(Outcome::say(lists::statuses(&statuses, &turn.scene())))
}

pub(super) async fn requests(turn: &Turn<'_>, person: &Person, of: Of) -> Result<Outcome, DeskError> {
    let which = match of {
        Of::All => Which { limit: LISTED, ..Which::default() },
        Of::Mine => Which { by: Some(person.name.clone()), limit: LISTED, ..Which::default() },
        Of::Waiting => {
            Which { states: vec![RequestState::Open, RequestState::Failed], limit: LOOKED_AT, ..Which::default() }
        }
    };
    let mut listed = Vec::new();
    for request in turn.chat.desk.list(person, &which).await? {
        let waits_for = turn.chat.desk.waits_for(&request).await?;
        let is_meant = of != Of::Waiting || !waits_for.is_empty() || request.state == RequestState::Failed;
        if is_meant && listed.len() < LISTED as usize {
            let link = turn.card_of(&request.id).await?;
            listed.push((request, waits_for, link));
        }
    }
    Ok(Outcome::say(lists::requests(&listed, &turn.scene())))
}

pub(super) async fn details(turn: &Turn<'_>, person: &Person, id: &RequestId) -> Result<Outcome, DeskError> {
    let view = turn.chat.desk.show_to(person, id).await?;
    let (channel, interaction) = (turn.incoming.channel.clone(), turn.incoming.reply.interaction.clone());
    turn.chat.desk.was_shown(person, id, None, &Face::Discord { channel, id: interaction }).await?;
    Ok(Outcome::say(lists::details(&view, &turn.scene())))
}

pub(super) async fn approvals(turn: &Turn<'_>, person: &Person) -> Result<Outcome, DeskError> {
    let mut awaiting = Vec::new();
    for awaited in turn.chat.desk.awaiting(person).await? {
        let asks = |part: &Part| matches!(part, Part::Approval(asked) if awaited.held.iter().any(|held| held.question == asked.question));
        let link = turn.chat.link_to(&awaited.request.id, asks).await?;
        awaiting.push((awaited, link));
    }
    Ok(Outcome::say(lists::awaiting(&awaiting, &turn.scene())))
}

pub(super) fn help(turn: &Turn<'_>) -> Outcome {
    Outcome::say(lists::help(&turn.scene()))
}
