//! Which messages a request should have, where, and what they should show: pure.

use jiff::{SignedDuration, Timestamp};

use super::super::drawn::Drawn;
use super::super::words::Scene;
use super::super::{approval, card};
use crate::config::Config;
use crate::model::chat::Asked;
use crate::model::{Digest, Event, Part, Posted, RequestState, Snowflake, StepState};
use crate::requests::approve::Approvable;
use crate::requests::show::RequestView;

/// The parts of a request whose messages may have to be tended: its card, the steps that wait for approvals, and what asked for
/// others that do not wait any more and has not shown so yet.
pub(super) fn parts(view: &RequestView, posted: &[Posted], config: &Config, now: Timestamp) -> Vec<Part> {
    let mut parts = vec![Part::Card];
    if view.request.state.is_open() {
        parts.extend(view.approvable().map(|held| Part::Approval(asked(&held))));
        parts.extend(
            view.approvable().filter(|held| is_remembered(held, config, now)).map(|held| Part::Reminder(asked(&held))),
        );
    }
    for message in posted.iter().filter(|message| !message.ended) {
        if !parts.contains(&message.part) {
            parts.push(message.part.clone());
        }
    }
    parts
}

fn asked(held: &Approvable) -> Asked {
    Asked { step: held.step.desired.id.clone(), digest: held.digest.clone(), question: held.question }
}

/// When a question's approvers are to be reminded of it; none = never.
fn remembered_at(held: &Approvable, config: &Config) -> Option<Timestamp> {
    let approvals = &config.approvals;
    let is_wanted = held.lacks() > 0 && (1..approvals.valid_hours).contains(&approvals.remind_hours);
    is_wanted.then(|| held.until - SignedDuration::from_hours(approvals.remind_hours.into()))
}

fn is_remembered(held: &Approvable, config: &Config, now: Timestamp) -> bool {
    remembered_at(held, config).is_some_and(|at| at <= now && now < held.until)
}

/// When the approvers of a request are to be reminded next; none = there is nothing to remind them of, or they have been.
pub(super) fn next_reminder(view: &RequestView, posted: &[Posted], config: &Config) -> Option<Timestamp> {
    let is_due = |held: &Approvable| {
        let reminder = Part::Reminder(asked(held));
        !posted.iter().any(|message| message.part == reminder && message.ended)
    };
    if !view.request.state.is_open() {
        return None;
    }
    view.approvable().filter(is_due).filter_map(|held| remembered_at(&held, config)).min()
}

/// Where a part is shown that has no message yet; none where the config names no channel. The card of a request that was made in
/// chat has its row from the moment of the request on.
pub(super) fn first(view: &RequestView, part: &Part, config: &Config) -> Option<Posted> {
    let discord = config.discord.as_ref()?;
    let environment = config.environments.get(&view.request.plan.environment);
    let approvals = environment.and_then(|environment| environment.approvals_channel.as_ref());
    let channel = match part {
        Part::Card => &discord.channel,
        Part::Approval(_) | Part::Reminder(_) => approvals.unwrap_or(&discord.channel),
    };
    Some(Posted {
        request: view.request.id.clone(),
        part: part.clone(),
        channel: channel.clone(),
        message: None,
        language: discord.language,
        shown: None,
        ended: false,
    })
}

/// What a part should show now; none where it never had anything to show.
pub(super) fn drawn(view: &RequestView, part: &Part, posted: &[Posted], scene: &Scene<'_>) -> Option<Drawn> {
    match part {
        Part::Card => Some(card::card(view, posted, scene)),
        Part::Approval(asked) => {
            let card = posted.iter().find(|message| message.part == Part::Card);
            let link = card.and_then(|card| scene.link(&card.channel, card.message.as_ref()?));
            approval::approval(view, asked, link.as_deref(), scene)
        }
        Part::Reminder(asked) => {
            let is_this = |message: &&Posted| message.part == Part::Approval(asked.clone());
            let question = posted.iter().find(is_this);
            let link = question.and_then(|question| scene.link(&question.channel, question.message.as_ref()?));
            approval::reminder(view, asked, link.as_deref(), scene)
        }
    }
}

/// Whether what a part shows now is the last that it will show.
pub(super) fn is_last(view: &RequestView, part: &Part) -> bool {
    let ended = matches!(view.request.state, RequestState::Done | RequestState::Cancelled | RequestState::Rejected);
    match part {
        // What was under way when somebody ended it is still being finished, and shown.
        Part::Card => ended && !view.steps.iter().any(|step| matches!(step.state, StepState::Running { .. })),
        // Said once, it stays as it is.
        Part::Reminder(_) => true,
        Part::Approval(asked) => {
            let state = view.steps.iter().find(|view| view.step.desired.id == asked.step).map(|view| &view.state);
            let is_running = matches!(state, Some(StepState::Running { .. }));
            // Who approved sees what came of it: that it goes on is not the last.
            is_void(view, asked) || matches!(state, Some(StepState::Done { .. })) || (ended && !is_running)
        }
    }
}

/// Whether the step was asked for, or begun, as something else since, or asked about anew.
fn is_void(view: &RequestView, asked: &Asked) -> bool {
    let Asked { step, digest, question } = asked;
    if view.question(step, digest).is_none_or(|latest| latest.number != *question) {
        return true;
    }
    let latest = view.history.iter().rev().find_map(|recorded| match &recorded.event {
        Event::Held { step: now, digest, .. } | Event::Started { step: now, digest, .. } if now.desired.id == *step => {
            Some(digest)
        }
        _ => None,
    });
    latest != Some(digest)
}

/// Whether a part that has no message yet is to get one: nobody is asked any more for what was never asked.
pub(super) fn is_to_be_posted(view: &RequestView, part: &Part) -> bool {
    match part {
        Part::Card => true,
        Part::Approval(asked) => {
            view.request.state.is_open() && view.approvable().any(|held| held.question == asked.question)
        }
        Part::Reminder(asked) => {
            let waits = |held: &Approvable| held.question == asked.question && held.lacks() > 0;
            view.request.state.is_open() && view.approvable().any(|held| waits(&held))
        }
    }
}

/// The roles that are told when a part is posted.
pub(super) fn pinged(view: &RequestView, part: &Part, scene: &Scene<'_>) -> Vec<Snowflake> {
    match part {
        Part::Card => vec![],
        Part::Approval(_) | Part::Reminder(_) => approval::pinged(view, scene),
    }
}

/// Under which nonce (at most 25 characters) a part is posted: the same again after a restart, so that Discord gives the
/// message that is there already; another one for a message that takes the place of a deleted one.
pub(super) fn nonce(message: &Posted, instead_of: Option<&Snowflake>) -> String {
    let part = match &message.part {
        Part::Card => ("card", "", "", 0),
        Part::Approval(asked) => ("approval", asked.step.as_str(), asked.digest.as_str(), asked.question),
        Part::Reminder(asked) => ("reminder", asked.step.as_str(), asked.digest.as_str(), asked.question),
    };
    let instead_of = instead_of.map_or("", |message| message.as_str());
    let all = Digest::of(&(message.request.as_str(), part, message.channel.as_str(), instead_of));
    all.as_str()[..25].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Language;

    fn posted(request: &str, part: Part) -> Posted {
        Posted {
            request: request.parse().expect("an id"),
            part,
            channel: "118000000000000201".parse().expect("an id"),
            message: None,
            language: Language::English,
            shown: None,
            ended: false,
        }
    }

    #[test]
    fn a_nonce_is_the_same_for_one_message_and_another_for_any_other() {
        let step = || "zone-association".parse().expect("a step");
        let asked = |n: u8| Asked { step: step(), digest: Digest::of(&n), question: 4 };
        let approval = |n: u8| Part::Approval(asked(n));
        let deleted: Snowflake = "118000000000009999".parse().expect("an id");
        let nonces = [
            nonce(&posted("r-7k2m9x4bqd", Part::Card), None),
            nonce(&posted("r-7k2m9x4bqd", Part::Card), Some(&deleted)),
            nonce(&posted("r-8k2m9x4bqd", Part::Card), None),
            nonce(&posted("r-7k2m9x4bqd", approval(1)), None),
            nonce(&posted("r-7k2m9x4bqd", approval(2)), None),
            nonce(&posted("r-7k2m9x4bqd", Part::Approval(Asked { question: 9, ..asked(2) })), None),
            nonce(&posted("r-7k2m9x4bqd", Part::Reminder(asked(2))), None),
        ];
        assert_eq!(nonces[0], nonce(&posted("r-7k2m9x4bqd", Part::Card), None));
        for (at, one) in nonces.iter().enumerate() {
            assert_eq!(one.len(), 25);
            assert!(nonces[at + 1..].iter().all(|other| other != one), "{nonces:?}");
        }
    }
}
