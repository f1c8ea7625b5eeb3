//! The forms: why something is rejected, and the name of the project that is to be shown out. A form is the first answer to a
//! press, so that whether there is one is decided from the button's id alone.

use serenity::builder::{CreateActionRow, CreateInputText, CreateModal};
use serenity::model::application::InputTextStyle;

use super::asked::{Filled, Held, PROJECT, REASON, Shown};
use super::buttons::step_shown;
use super::commands;
use super::handle::Acknowledgement;
use super::said::{Said, said};
use super::text;
use super::turn::{Outcome, Turn};
use crate::model::Person;
use crate::requests::DeskError;

/// How long a reason may be: it is drawn on cards.
const LONGEST_REASON: u16 = 500;

/// The form that asks why somebody rejects a request.
pub(super) fn reason(turn: &Turn<'_>, held: &Held) -> Acknowledgement {
    let scene = turn.scene();
    let input = CreateInputText::new(InputTextStyle::Paragraph, scene.word("form.reason"), REASON)
        .placeholder(scene.word("form.reason-example"))
        .min_length(1)
        .max_length(LONGEST_REASON)
        .required(true);
    form(held.reject_id(), scene.word("form.reject"), input)
}

/// The form that asks to type the name of the project that is to be shown out.
pub(super) fn project(turn: &Turn<'_>, person: &Person, shown: &Shown) -> Acknowledgement {
    if let Err(refused) = may_ask(turn, person, shown) {
        return turn.only_refuses(&refused);
    }
    let scene = turn.scene();
    let input = CreateInputText::new(InputTextStyle::Short, scene.word("form.project"), PROJECT)
        .placeholder(shown.project.as_str())
        .min_length(1)
        .max_length(100)
        .required(true);
    let title = if shown.destroy { "form.destroy" } else { "form.teardown" };
    form(shown.id(), scene.word(title), input)
}

fn form(id: String, title: String, input: CreateInputText) -> Acknowledgement {
    let modal = CreateModal::new(id, title).components(vec![CreateActionRow::InputText(input)]);
    Acknowledgement::Modal(Box::new(modal))
}

/// How a form with a project's name is acknowledged: where another name was typed only who typed it is told.
pub(super) fn typed(turn: &Turn<'_>, person: &Person, shown: &Shown, typed: &str) -> Acknowledgement {
    if typed != shown.project.as_str() {
        return turn.only_says(Said::OtherName { typed, project: shown.project.as_str() });
    }
    match may_ask(turn, person, shown) {
        Ok(()) => Acknowledgement::Public,
        Err(refused) => turn.only_refuses(&refused),
    }
}

fn may_ask(turn: &Turn<'_>, person: &Person, shown: &Shown) -> Result<(), DeskError> {
    let Shown { project, environment, destroy, .. } = shown;
    turn.chat.desk.may_ask(person, &commands::teardown_wish(project.as_str(), environment.as_str(), *destroy))
}

/// Does what a filled-in form asks.
pub(super) async fn perform(turn: &Turn<'_>, person: &Person, filled: Filled) -> Result<Outcome, DeskError> {
    match filled {
        Filled::Reject { held, reason } => reject(turn, person, &held, &reason).await,
        Filled::Teardown { shown, .. } => commands::confirmed(turn, person, &shown).await,
    }
}

/// Rejects the request whose step was shown. Who said no to one thing has not said no to another: what has changed since is
/// shown anew first.
async fn reject(turn: &Turn<'_>, person: &Person, held: &Held, reason: &str) -> Result<Outcome, DeskError> {
    if text::is_blank(reason) {
        return Ok(turn.says(Said::NoReason));
    }
    let desk = &turn.chat.desk;
    let view = desk.show(&held.request).await?;
    let Some(step) = step_shown(&view, held) else {
        return Ok(turn.says(Said::OldButton));
    };
    let still_waits = view.held().any(|(_, digest)| *digest == held.digest);
    if view.request.state.is_open() && !still_waits {
        return Ok(turn.says(Said::NotRejected(&step)));
    }
    let request = desk.reject(person, &held.request, reason).await?;
    Ok(Outcome::SayAndClose(Box::new(said(Said::Rejected(&request), &turn.scene())), request.id))
}
