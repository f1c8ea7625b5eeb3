//! What the slash commands do, a file for each or for a few that belong together.

mod lists;
mod onboard;
mod requests;
mod teardown;

use super::asked::Command;
use super::handle::Acknowledgement;
use super::turn::{Outcome, Turn};
use crate::model::{Direction, Person, RequestId};
use crate::requests::DeskError;
use crate::requests::plan::Wish;

pub(super) use teardown::confirmed;

/// How a command is acknowledged. Who may not ask for it, or named something that cannot be, is refused at once, so that
/// nobody else reads it.
pub(super) fn acknowledgement(turn: &Turn<'_>, person: &Person, command: &Command) -> Acknowledgement {
    let desk = &turn.chat.desk;
    match command {
        Command::Onboard { .. } => match desk.may_ask(person, &onboard::wish(command)) {
            Ok(()) => Acknowledgement::Public,
            Err(refused) => turn.only_refuses(&refused),
        },
        Command::Teardown { project, environment } => {
            match desk.may_ask(person, &teardown_wish(project, environment, false)) {
                Ok(()) => Acknowledgement::Ephemeral,
                Err(refused) => turn.only_refuses(&refused),
            }
        }
        _ => Acknowledgement::Ephemeral,
    }
}

/// Does what a command asks.
pub(super) async fn perform(turn: &Turn<'_>, person: &Person, command: Command) -> Result<Outcome, DeskError> {
    match command {
        Command::Onboard { .. } => onboard::onboard(turn, person, &onboard::wish(&command)).await,
        Command::Teardown { project, environment } => teardown::preview(turn, person, &project, &environment).await,
        Command::Status { project, environment } => {
            lists::status(turn, person, project.as_deref(), environment.as_deref()).await
        }
        Command::Requests { which } => lists::requests(turn, person, which).await,
        Command::Show { request } => lists::details(turn, person, &turn.chat.desk.find(&request).await?).await,
        Command::Approvals => lists::approvals(turn, person).await,
        Command::Help => Ok(lists::help(turn)),
        Command::Retry { request } => requests::retry(turn, person, &turn.chat.desk.find(&request).await?).await,
        Command::Cancel { request } => requests::cancel(turn, person, &turn.chat.desk.find(&request).await?).await,
    }
}

/// What the Details button of a request shows.
pub(super) async fn details(turn: &Turn<'_>, person: &Person, id: &RequestId) -> Result<Outcome, DeskError> {
    lists::details(turn, person, id).await
}

/// What the Retry button of a request does.
pub(super) async fn retry(turn: &Turn<'_>, person: &Person, id: &RequestId) -> Result<Outcome, DeskError> {
    requests::retry(turn, person, id).await
}

/// What the Cancel button of a request does.
pub(super) async fn cancel(turn: &Turn<'_>, person: &Person, id: &RequestId) -> Result<Outcome, DeskError> {
    requests::cancel(turn, person, id).await
}

/// The wish to show a project out.
pub(super) fn teardown_wish(project: &str, environment: &str, delete_data: bool) -> Wish {
    Wish {
        direction: Direction::Teardown,
        project: project.to_owned(),
        environment: environment.to_owned(),
        repository: None,
        adopt: vec![],
        delete_data,
        at_once: false,
    }
}
