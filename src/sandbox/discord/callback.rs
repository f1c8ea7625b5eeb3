//! `POST /interactions/{id}/{token}/callback`: the one acknowledgement that an interaction takes, within three seconds.

use serde_json::{Value, json};

use super::core::{Core, Event};
use super::limits;
use super::messages::{Draft, EPHEMERAL, LOADING, is_empty};
use super::refusal::{Refusal, Wrong};
use super::seed::Id;
use super::world::{Interaction, Kind, Modal, World};

/// The kinds of callback (interactions reference, Interaction Callback Type).
mod kind {
    pub(super) const MESSAGE: u64 = 4;
    pub(super) const DEFERRED_MESSAGE: u64 = 5;
    pub(super) const DEFERRED_UPDATE: u64 = 6;
    pub(super) const UPDATE: u64 = 7;
    pub(super) const CHOICES: u64 = 8;
    pub(super) const MODAL: u64 = 9;
}

/// Acknowledges; the answer is the body that `with_response=true` asks for.
///
/// # Errors
/// 10062 where the interaction is unknown or three seconds old, 40060 where it was acknowledged before, 50035 where the body
/// is not one that this kind of interaction takes.
pub(crate) fn callback(core: &Core, id: Id, token: &str, body: &Value) -> Result<Value, Refusal> {
    let now = core.clock.now();
    let mut world = core.world();
    let interaction = world.interactions.get(&id).filter(|interaction| interaction.token == token);
    let interaction = interaction.ok_or_else(Refusal::unknown_interaction)?;
    if interaction.is_lost(now) {
        return Err(Refusal::unknown_interaction());
    }
    if interaction.answered.is_some() {
        return Err(Refusal::acknowledged_already());
    }
    let kind = checked(interaction, body)?;
    let (event, message) = done(core, &mut world, id, kind, &body["data"])?;
    let answer = response(&world, id, kind, message.as_ref());
    if let Some(interaction) = world.interactions.get_mut(&id) {
        interaction.answered = Some(kind);
    }
    // Told while the world is held, so that events come in the order of what happened.
    match event {
        Some(event) => core.tell(event),
        None => core.changed(),
    }
    Ok(answer)
}

/// The callback's kind, where the interaction takes it and its data keeps within the limits.
fn checked(interaction: &Interaction, body: &Value) -> Result<u64, Refusal> {
    let mut wrong = Wrong::default();
    let kind = body["type"].as_u64();
    let allowed: &[u64] = match interaction.kind {
        Kind::Command => &[kind::MESSAGE, kind::DEFERRED_MESSAGE, kind::MODAL],
        Kind::Component => &[kind::MESSAGE, kind::DEFERRED_MESSAGE, kind::DEFERRED_UPDATE, kind::UPDATE, kind::MODAL],
        Kind::Autocomplete => &[kind::CHOICES],
        Kind::Modal if interaction.source.is_some() => {
            &[kind::MESSAGE, kind::DEFERRED_MESSAGE, kind::DEFERRED_UPDATE, kind::UPDATE]
        }
        Kind::Modal => &[kind::MESSAGE, kind::DEFERRED_MESSAGE],
    };
    let Some(kind) = kind.filter(|kind| allowed.contains(kind)) else {
        let choices: Vec<String> = allowed.iter().map(u64::to_string).collect();
        wrong.choices("type", &choices.join(", "));
        return wrong.refuse().map(|()| 0);
    };
    let data = &body["data"];
    match kind {
        kind::MESSAGE | kind::UPDATE => limits::message(data, "data", &mut wrong),
        kind::CHOICES => limits::choices(data, &mut wrong),
        kind::MODAL => limits::modal(data, &mut wrong),
        _ => {}
    }
    wrong.refuse()?;
    if kind == kind::MESSAGE && is_empty(data) {
        return Err(Refusal::empty_message());
    }
    Ok(kind)
}

/// Does what the callback asks for: the event that people see, and the message that it is about.
fn done(
    core: &Core,
    world: &mut World,
    id: Id,
    kind: u64,
    data: &Value,
) -> Result<(Option<Event>, Option<Value>), Refusal> {
    let Some(interaction) = world.interactions.get_mut(&id) else { return Err(Refusal::unknown_interaction()) };
    let (channel, person, source) = (interaction.channel, interaction.person, interaction.source);
    match kind {
        kind::MESSAGE | kind::DEFERRED_MESSAGE => {
            let ephemeral = data["flags"].as_u64().unwrap_or_default() & EPHEMERAL != 0;
            let only = ephemeral.then_some(person);
            let loading = kind == kind::DEFERRED_MESSAGE;
            let metadata = Some(interaction.metadata.clone());
            let message =
                world.post(&core.clock, Draft { channel, only, body: data, loading, metadata, reference: source });
            let made = id_of(&message);
            if let Some(interaction) = world.interactions.get_mut(&id) {
                interaction.original = made;
            }
            Ok((Some(Event::Message { channel, message: message.clone(), only }), Some(message)))
        }
        kind::DEFERRED_UPDATE => {
            interaction.original = source;
            Ok((None, None))
        }
        kind::UPDATE => {
            interaction.original = source;
            let source = source.ok_or_else(Refusal::unknown_message)?;
            let only = world.messages.get(&source).and_then(|message| message.only);
            let message = world.edit(source, data, core.clock.now())?;
            Ok((Some(Event::Message { channel, message: message.clone(), only }), Some(message)))
        }
        kind::CHOICES => {
            let choices = data["choices"].as_array().cloned().unwrap_or_default();
            if let Some(waiting) = interaction.choices.take() {
                // An error means that nobody waits for them any more.
                let _ = waiting.send(choices);
            }
            Ok((None, None))
        }
        _ => {
            let opened_by = interaction.metadata.clone();
            let form = core.clock.id();
            let body = json!({
                "custom_id": data["custom_id"], "title": data["title"], "components": data["components"],
            });
            let modal = Modal { id: form, person, channel, source, body: body.clone(), opened_by };
            world.modals.insert(form, modal);
            Ok((Some(Event::Modal { person, id: form, modal: body }), None))
        }
    }
}

/// Discord's Interaction Callback Response Object.
fn response(world: &World, id: Id, kind: u64, message: Option<&Value>) -> Value {
    let Some(interaction) = world.interactions.get(&id) else { return Value::Null };
    let flags = message.and_then(|message| message["flags"].as_u64()).unwrap_or_default();
    let mut about = json!({ "id": id.to_string(), "type": interaction.kind as u64 });
    let mut resource = json!({ "type": kind });
    if let Some(message) = message {
        about["response_message_id"] = message["id"].clone();
        about["response_message_loading"] = json!(flags & LOADING != 0);
        about["response_message_ephemeral"] = json!(flags & EPHEMERAL != 0);
        resource["message"] = message.clone();
    }
    json!({ "interaction": about, "resource": resource })
}

/// A message's id as a number.
pub(crate) fn id_of(message: &Value) -> Option<Id> {
    message["id"].as_str()?.parse().ok()
}
