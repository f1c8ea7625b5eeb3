//! Which messages a request should have, where, and what they should show: pure.

use super::super::drawn::Drawn;
use super::super::words::Scene;
use super::super::{approval, card};
use crate::config::Config;
use crate::model::{Digest, Event, Part, Posted, RequestState, Snowflake, StepId, StepState};
use crate::requests::show::RequestView;

/// The parts of a request whose messages may have to be tended: its card, the steps that wait for approvals, and what asked for
/// others that do not wait any more and has not shown so yet.
pub(super) fn parts(view: &RequestView, posted: &[Posted]) -> Vec<Part> {
    let mut parts = vec![Part::Card];
    if view.request.state.is_open() {
        parts.extend(
            view.held().map(|(step, digest)| Part::Approval { step: step.desired.id.clone(), digest: digest.clone() }),
        );
    }
    for message in posted.iter().filter(|message| !message.ended) {
        if !parts.contains(&message.part) {
            parts.push(message.part.clone());
        }
    }
    parts
}

/// Where a part is shown that has no message yet; none where the config names no channel. The card of a request that was made in
/// chat has its row from the moment of the request on.
pub(super) fn first(view: &RequestView, part: &Part, config: &Config) -> Option<Posted> {
    let discord = config.discord.as_ref()?;
    let environment = config.environments.get(&view.request.plan.environment);
    let approvals = environment.and_then(|environment| environment.approvals_channel.as_ref());
    let channel = match part {
        Part::Card => &discord.channel,
        Part::Approval { .. } => approvals.unwrap_or(&discord.channel),
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
        Part::Approval { step, digest } => {
            let card = posted.iter().find(|message| message.part == Part::Card);
            let link = card.and_then(|card| scene.link(&card.channel, card.message.as_ref()?));
            approval::approval(view, step, digest, link.as_deref(), scene)
        }
    }
}

/// Whether what a part shows now is the last that it will show.
pub(super) fn is_last(view: &RequestView, part: &Part) -> bool {
    let ended = matches!(view.request.state, RequestState::Done | RequestState::Cancelled | RequestState::Rejected);
    match part {
        // What was under way when somebody ended it is still being finished, and shown.
        Part::Card => ended && !view.steps.iter().any(|step| matches!(step.state, StepState::Running { .. })),
        Part::Approval { step, digest } => {
            let state = view.steps.iter().find(|view| view.step.desired.id == *step).map(|view| &view.state);
            let is_running = matches!(state, Some(StepState::Running { .. }));
            // Who approved sees what came of it: that it goes on is not the last.
            is_void(view, step, digest) || matches!(state, Some(StepState::Done { .. })) || (ended && !is_running)
        }
    }
}

/// Whether the step was asked for, or begun, as something else since.
fn is_void(view: &RequestView, step: &StepId, digest: &Digest) -> bool {
    let latest = view.history.iter().rev().find_map(|recorded| match &recorded.event {
        Event::Held { step: now, digest } | Event::Started { step: now, digest, .. } if now.desired.id == *step => {
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
        Part::Approval { step, digest } => {
            let asked = |held: &StepId, now: &Digest| held == step && now == digest;
            view.request.state.is_open() && view.held().any(|(held, now)| asked(&held.desired.id, now))
        }
    }
}

/// The roles that are told when a part is posted.
pub(super) fn pinged(view: &RequestView, part: &Part, scene: &Scene<'_>) -> Vec<Snowflake> {
    match part {
        Part::Card => vec![],
        Part::Approval { .. } => approval::pinged(&view.request.plan.environment, scene),
    }
}

/// Under which nonce (at most 25 characters) a part is posted: the same again after a restart, so that Discord gives the
/// message that is there already; another one for a message that takes the place of a deleted one.
pub(super) fn nonce(message: &Posted, instead_of: Option<&Snowflake>) -> String {
    let part = match &message.part {
        Part::Card => ("card", "", ""),
        Part::Approval { step, digest } => ("approval", step.as_str(), digest.as_str()),
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
        let approval = |n: u8| Part::Approval { step: step(), digest: Digest::of(&n) };
        let deleted: Snowflake = "118000000000009999".parse().expect("an id");
        let nonces = [
            nonce(&posted("r-7k2m9x4bqd", Part::Card), None),
            nonce(&posted("r-7k2m9x4bqd", Part::Card), Some(&deleted)),
            nonce(&posted("r-8k2m9x4bqd", Part::Card), None),
            nonce(&posted("r-7k2m9x4bqd", approval(1)), None),
            nonce(&posted("r-7k2m9x4bqd", approval(2)), None),
        ];
        assert_eq!(nonces[0], nonce(&posted("r-7k2m9x4bqd", Part::Card), None));
        for (at, one) in nonces.iter().enumerate() {
            assert_eq!(one.len(), 25);
            assert!(nonces[at + 1..].iter().all(|other| other != one), "{nonces:?}");
        }
    }
}
