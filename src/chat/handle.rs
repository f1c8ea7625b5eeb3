//! One interaction, from whichever door: written down, acknowledged, done, answered. Each at most once.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::FutureExt as _;
use serenity::builder::{CreateInteractionResponse, CreateInteractionResponseMessage};
use serenity::model::application::Interaction;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::asked::{Asked, Filled, Press};
use super::drawn::Drawn;
use super::incoming::{Came, Incoming};
use super::rest::RestError;
use super::said::{Said, said};
use super::turn::{Outcome, Turn};
use super::{Chat, buttons, commands, complete, modals, refusal};
use crate::model::{Heard, RequestId};
use crate::requests::DeskError;

/// How old an interaction may be when it is taken up. After 3 s Discord has told its person that nobody answered; what a
/// connection that was lost and resumed delivers later than that is not done behind their back.
const TOO_OLD: Duration = Duration::from_millis(2500);

/// How long the store may take to write an interaction down, where another process holds it: then there is still time to say so.
const WRITTEN: Duration = Duration::from_millis(1200);

/// How many are acknowledged at once, each over a connection of its own.
const ACKNOWLEDGED_AT_ONCE: usize = 256;

/// How many are done at once after that. Fewer: an acknowledgement has 3 s, an answer 15 minutes, so that in a rush the first are
/// not to wait for the second.
const DONE_AT_ONCE: usize = 64;

/// Where what is to be acknowledged, and what is to be done, waits for its turn.
pub(super) struct Room {
    acknowledge: Semaphore,
    act: Semaphore,
}

impl Default for Room {
    fn default() -> Self {
        Self { acknowledge: Semaphore::new(ACKNOWLEDGED_AT_ONCE), act: Semaphore::new(DONE_AT_ONCE) }
    }
}

/// What the log says where the answer did not arrive.
const UNANSWERED: &str = "the answer could not be given";

/// How an interaction is acknowledged.
pub(super) enum Acknowledgement {
    /// Everybody in the channel sees the answer, which follows.
    Public,
    /// Only who asked sees the answer, which follows.
    Ephemeral,
    /// A form is the answer.
    Modal(Box<serenity::builder::CreateModal>),
    /// Only who asked sees this, and nothing follows.
    Say(Box<Drawn>),
}

/// Handles an interaction to its end. Never fails: what goes wrong is told to the person and logged with a reference.
pub async fn handle(chat: &Chat, interaction: Interaction) {
    let Some((incoming, came)) = Incoming::read(interaction) else {
        tracing::warn!("an interaction of a kind that is not known, or without proper ids, was passed over");
        return;
    };
    // Nobody closes it.
    let room = chat.room.acknowledge.acquire().await.ok();
    if is_too_old(chat, &incoming) {
        return;
    }
    match came {
        Came::Complete(command) => complete::complete(chat, &incoming, &command).await,
        Came::Ask(asked) => match chat.crowd.asks.enter(&incoming.user.clone()) {
            Some(_place) => take_up(chat, incoming, asked, room).await,
            None => not_so_fast(chat, incoming).await,
        },
    }
}

/// Tells who asks too much that nothing was done, as long as they can be told without keeping others waiting.
async fn not_so_fast(chat: &Chat, incoming: Incoming) {
    static COUNTED: AtomicU64 = AtomicU64::new(0);
    let user = incoming.user.clone();
    let place = chat.crowd.told.enter(&user);
    let so_far = COUNTED.fetch_add(1, Ordering::Relaxed) + 1;
    // Once in a while: the log is not to be flooded either.
    if so_far % 100 == 1 || place.is_none() && so_far.is_multiple_of(1000) {
        tracing::warn!(%user, so_far, "somebody asks more than one person can; what is too much is not done");
    }
    if place.is_some() {
        let mut turn = Turn::new(chat, incoming, None);
        let said = turn.acknowledge(turn.only_says(Said::NotSoFast)).await;
        log_if(said.err(), turn.incoming.reference(), "it could not be said that nothing was done");
    }
}

/// Whether it is too late to do anything about it; then that is logged and counted.
fn is_too_old(chat: &Chat, incoming: &Incoming) -> bool {
    static COUNTED: AtomicU64 = AtomicU64::new(0);
    let now = u64::try_from(chat.desk.now().as_millisecond()).unwrap_or_default();
    let age = Duration::from_millis(now.saturating_sub(incoming.reply.interaction.made_at_ms()));
    if age <= TOO_OLD {
        return false;
    }
    let so_far = COUNTED.fetch_add(1, Ordering::Relaxed) + 1;
    let interaction = incoming.reference();
    tracing::warn!(interaction, age_ms = age.as_millis(), so_far, "an interaction came too late; nothing was done");
    true
}

async fn take_up(chat: &Chat, incoming: Incoming, asked: Asked, room: Option<SemaphorePermit<'_>>) {
    // Everything up to here and in `begin` takes no I/O: nothing can be decided differently once it is acknowledged.
    let (mut turn, acknowledgement) = begin(chat, incoming, &asked);
    let reference = turn.incoming.reference().to_owned();
    let reference = reference.as_str();
    let heard = heard(chat, &turn.incoming, &asked);
    let mut hearing = pin!(chat.desk.hear(&heard));
    let written = tokio::time::timeout(WRITTEN, &mut hearing).await;
    let is_late = written.is_err();
    match written.unwrap_or_else(|_| Err(DeskError::Store("it takes too long".to_owned()))) {
        Ok(true) => {}
        Ok(false) => return tracing::info!(interaction = reference, "an interaction was delivered twice"),
        Err(error) => {
            tracing::error!(interaction = reference, %error, "an interaction could not be written down");
            let drawn = refusal::refusal(&error, reference, &turn.scene());
            let said = turn.acknowledge(Acknowledgement::Say(Box::new(drawn))).await;
            log_if(said.err(), reference, "it could not be said that nothing was done");
            // Should it be written down after all, nobody has to be told again.
            if is_late && matches!(hearing.await, Ok(true)) {
                answered(chat, reference, &heard).await;
            }
            return;
        }
    }
    let goes_on = matches!(acknowledgement, Acknowledgement::Public | Acknowledgement::Ephemeral);
    let acknowledged = turn.acknowledge(acknowledgement).await;
    drop(room);
    let to_close = match acknowledged {
        Ok(()) if goes_on => {
            let _room = chat.room.act.acquire().await;
            act(&turn, asked).await
        }
        Ok(()) => None,
        Err(error) => {
            // Discord has told its person that nobody answered.
            log_if(Some(error), reference, "an interaction was not acknowledged; nothing was done");
            None
        }
    };
    answered(chat, reference, &heard).await;
    if let Some(id) = to_close {
        turn.see_closed(&id).await;
    }
}

async fn answered(chat: &Chat, reference: &str, heard: &Heard) {
    if let Err(error) = chat.desk.answered(&heard.interaction).await {
        tracing::error!(interaction = reference, %error, "it could not be written down that it was answered");
    }
}

/// Whose turn it is, and how what they ask is acknowledged: decided before anything is done, from what came in alone.
fn begin<'c>(chat: &'c Chat, incoming: Incoming, asked: &Asked) -> (Turn<'c>, Acknowledgement) {
    let config = chat.desk.config();
    let is_here = incoming.is_from(config.discord.as_ref());
    let member = incoming.roles.as_ref().map(|roles| chat.desk.member(&incoming.user, roles));
    let (person, refused) = match member {
        Some(Ok(person)) if is_here => (Some(person), None),
        Some(Err(error)) if is_here => (None, Some(error)),
        _ => (None, None),
    };
    let turn = Turn::new(chat, incoming, person);
    let acknowledgement = match (&turn.person, asked) {
        _ if !is_here => turn.only_says(Said::NotHere),
        (_, Asked::Unknown) => turn.only_says(Said::Unknown),
        (_, Asked::Old) => turn.only_says(Said::OldButton),
        (None, _) => match refused {
            Some(error) => turn.only_refuses(&error),
            None => turn.only_says(Said::NotHere),
        },
        (Some(person), Asked::Command(command)) => commands::acknowledgement(&turn, person, command),
        (Some(_), Asked::Press(Press::Reject(held))) => modals::reason(&turn, held),
        (Some(person), Asked::Press(Press::Teardown(shown))) => modals::project(&turn, person, shown),
        (Some(_), Asked::Press(_) | Asked::Filled(Filled::Reject { .. })) => Acknowledgement::Ephemeral,
        (Some(person), Asked::Filled(Filled::Teardown { shown, typed })) => modals::typed(&turn, person, shown, typed),
    };
    (turn, acknowledgement)
}

/// Does what is asked, and answers. What fails is said, and logged under the same reference. Returns the request that has ended
/// by it, and may have left something open.
async fn act(turn: &Turn<'_>, asked: Asked) -> Option<RequestId> {
    let reference = turn.incoming.reference();
    let done = AssertUnwindSafe(perform(turn, asked)).catch_unwind().await;
    let private = match done {
        Ok(Ok(Outcome::Silent)) => return None,
        Ok(Ok(Outcome::Say(drawn))) => {
            log_if(turn.answer(&drawn).await.err(), reference, UNANSWERED);
            return None;
        }
        Ok(Ok(Outcome::SayAndClose(drawn, id))) => {
            log_if(turn.answer(&drawn).await.err(), reference, UNANSWERED);
            return Some(id);
        }
        Ok(Ok(Outcome::Privately(drawn))) => *drawn,
        Ok(Err(error)) => {
            let (interaction, person) = (reference, turn.name());
            // What people mistype or may not do is told to them; an operator need not look.
            if matches!(error, DeskError::Cloud(_) | DeskError::Store(_)) {
                tracing::warn!(interaction, person, %error, "it was not done");
            } else {
                tracing::info!(interaction, person, %error, "it was not done");
            }
            refusal::refusal(&error, reference, &turn.scene())
        }
        Err(_) => {
            tracing::error!(interaction = reference, person = turn.name(), "the handler panicked");
            said(Said::Broken(reference), &turn.scene())
        }
    };
    log_if(turn.answer_privately(&private).await.err(), reference, UNANSWERED);
    None
}

async fn perform(turn: &Turn<'_>, asked: Asked) -> Result<Outcome, DeskError> {
    let Some(person) = &turn.person else { return Ok(Outcome::Silent) };
    match asked {
        Asked::Command(command) => commands::perform(turn, person, command).await,
        Asked::Press(press) => buttons::perform(turn, person, press).await,
        Asked::Filled(filled) => modals::perform(turn, person, filled).await,
        Asked::Unknown | Asked::Old => Ok(Outcome::Silent),
    }
}

fn heard(chat: &Chat, incoming: &Incoming, asked: &Asked) -> Heard {
    Heard {
        interaction: incoming.reply.interaction.clone(),
        user: incoming.user.clone(),
        channel: incoming.channel.clone(),
        language: incoming.language,
        words: asked.words(),
        at: chat.desk.now(),
    }
}

fn log_if(error: Option<RestError>, reference: &str, what: &str) {
    if let Some(error) = error {
        tracing::warn!(interaction = reference, %error, "{what}");
    }
}

impl Acknowledgement {
    /// As Discord wants it: for a person in a channel.
    pub(super) fn response(self) -> CreateInteractionResponse {
        let message = CreateInteractionResponseMessage::new();
        match self {
            Self::Public => CreateInteractionResponse::Defer(message),
            Self::Ephemeral => CreateInteractionResponse::Defer(message.ephemeral(true)),
            Self::Modal(modal) => CreateInteractionResponse::Modal(*modal),
            Self::Say(drawn) => {
                let Drawn { content, embeds, components } = *drawn;
                let message = message.content(content).embeds(embeds).components(components).ephemeral(true);
                CreateInteractionResponse::Message(message)
            }
        }
    }
}

/// Tells those whom a process heard that died before it answered them or made a request of what they asked. Asked once, when this
/// process begins to listen.
pub async fn tell_unanswered(chat: &Chat) {
    let unanswered = match chat.desk.unanswered().await {
        Ok(unanswered) => unanswered,
        Err(error) => return tracing::error!(%error, "the store was not asked who was left without an answer"),
    };
    for heard in unanswered {
        let interaction = heard.interaction.as_str();
        let mut drawn = said(Said::Interrupted(&heard.words), &chat.scene(heard.language));
        // Shown as their name, and pings nobody: what is sent says so.
        drawn.content = format!("<@{}> {}", heard.user, drawn.content);
        if let Err(error) = chat.rest.post(&heard.channel, &drawn, &[], interaction).await {
            tracing::warn!(interaction, %error, "somebody was not told that they were not answered");
            if matches!(error, RestError::Passing { .. }) {
                continue;
            }
        }
        if let Err(error) = chat.desk.answered(&heard.interaction).await {
            tracing::error!(interaction, %error, "it could not be written down that it was answered");
        }
    }
}
