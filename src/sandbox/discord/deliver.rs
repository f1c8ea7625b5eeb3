//! From what somebody did to the INTERACTION_CREATE that the bot gets, over the gateway or its HTTP door; and its three seconds.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::core::Core;
use super::faults::Effect;
use super::seed::Id;
use super::world::{Interaction, Kind, TO_ACKNOWLEDGE, World};

/// Bytes of an attachment on a server without boosts.
const ATTACHMENT_SIZE_LIMIT: u64 = 10 * 1024 * 1024;
/// What the bot may do where the interaction comes from: view, send, embed, attach, history, mention everyone, threads.
const APP_PERMISSIONS: u64 =
    (1 << 10) | (1 << 11) | (1 << 14) | (1 << 15) | (1 << 16) | (1 << 17) | (1 << 35) | (1 << 38);

/// What somebody did.
pub(super) struct Deed {
    pub kind: Kind,
    pub person: Id,
    pub locale: String,
    pub channel: Id,
    /// What it is called when it fails.
    pub name: String,
    pub data: Value,
    /// What `interaction_metadata` has besides id, kind and user.
    pub metadata: Value,
    /// The message that was pressed.
    pub source: Option<Id>,
    pub message: Option<Value>,
}

/// Makes the interaction, remembers it, sends it, and has it fail after three seconds without an acknowledgement.
pub(super) fn deliver(core: &Arc<Core>, deed: Deed, choices: Option<oneshot::Sender<Vec<Value>>>) -> Id {
    let (delay, effect) = core.faults.fate("INTERACTION_CREATE");
    let id = match &effect {
        Some(Effect::Late(age)) => core.clock.old_id(*age),
        _ => core.clock.id(),
    };
    let token = token();
    let mut payload = {
        let mut world = core.world();
        let payload = payload(&world, id, &token, &deed);
        let metadata = metadata(&world, id, &deed);
        let interaction = Interaction {
            id,
            token,
            kind: deed.kind,
            person: deed.person,
            channel: deed.channel,
            name: deed.name,
            source: deed.source,
            answered: None,
            original: None,
            failed: false,
            choices,
            metadata,
        };
        world.remember(interaction, core.clock.now());
        payload
    };
    if effect == Some(Effect::Malformed)
        && let Some(payload) = payload.as_object_mut()
    {
        payload.remove("attachment_size_limit");
        payload.insert("channel_id".to_owned(), json!([]));
    }
    if let Some(Effect::Altered(with)) = &effect {
        merge(&mut payload, with);
    }
    let times = if effect == Some(Effect::Twice) { 2 } else { 1 };
    if delay.is_zero() && core.door.url().is_none() {
        // At once, so that what happens in order arrives in order.
        (0..times).for_each(|_| core.sessions.dispatch("INTERACTION_CREATE", &payload));
    } else {
        tokio::spawn(send(Arc::clone(core), id, payload, delay, times));
    }
    tokio::spawn(watch(Arc::clone(core), id));
    id
}

/// Puts a JSON merge patch (RFC 7386) over a value.
fn merge(into: &mut Value, with: &Value) {
    let Value::Object(fields) = with else { return into.clone_from(with) };
    if !into.is_object() {
        *into = json!({});
    }
    for (key, value) in fields {
        if value.is_null() {
            into.as_object_mut().map(|fields| fields.remove(key));
        } else {
            merge(&mut into[key], value);
        }
    }
}

async fn send(core: Arc<Core>, id: Id, payload: Value, delay: Duration, times: usize) {
    tokio::time::sleep(delay).await;
    for _ in 0..times {
        if core.door.url().is_some() {
            core.door.deliver(&core, id, &payload).await;
        } else {
            core.sessions.dispatch("INTERACTION_CREATE", &payload);
        }
    }
}

/// Says that the application did not respond, when the time is over.
async fn watch(core: Arc<Core>, id: Id) {
    let made = super::clock::made_at(id);
    let end = made.saturating_add(TO_ACKNOWLEDGE).unwrap_or(made);
    core.clock.until(end).await;
    core.fail(id, "The application did not respond");
}

/// A token as long as Discord's. It is good for one interaction, and nobody is to see it.
fn token() -> String {
    let random: [u8; 64] = rand::random();
    hex::encode(random)
}

/// INTERACTION_CREATE's data (interactions reference, Interaction Object).
fn payload(world: &World, id: Id, token: &str, deed: &Deed) -> Value {
    let seed = &world.seed;
    let (guild, application) = (seed.guild.to_string(), seed.application.to_string());
    let mut payload = json!({
        "id": id.to_string(), "application_id": application, "type": deed.kind as u64, "token": token, "version": 1,
        "guild_id": guild, "guild": { "id": guild, "locale": seed.guild_locale, "features": [] },
        "guild_locale": seed.guild_locale, "channel_id": deed.channel.to_string(), "locale": deed.locale,
        "app_permissions": APP_PERMISSIONS.to_string(), "entitlements": [], "entitlement_sku_ids": [], "context": 0,
        "authorizing_integration_owners": { "0": guild }, "attachment_size_limit": ATTACHMENT_SIZE_LIMIT,
        "data": deed.data,
    });
    if let Some(member) = world.member(deed.person) {
        payload["member"] = world.member_object(member);
    }
    if let Ok(channel) = world.channel(deed.channel) {
        payload["channel"] = world.channel_object(channel);
        payload["channel"]["permissions"] =
            json!(world.member(deed.person).map_or(0, |one| one.permissions).to_string());
    }
    if let Some(message) = &deed.message {
        payload["message"] = message.clone();
    }
    payload
}

/// `interaction_metadata` of the messages that the interaction makes.
fn metadata(world: &World, id: Id, deed: &Deed) -> Value {
    let mut metadata = deed.metadata.clone();
    metadata["id"] = json!(id.to_string());
    metadata["type"] = json!(deed.kind as u64);
    metadata["user"] = world.user(deed.person);
    metadata["authorizing_integration_owners"] = json!({ "0": world.seed.guild.to_string() });
    metadata
}
