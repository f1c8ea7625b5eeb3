//! `/channels/{id}`: what the bot does with its own token, also long after an interaction's token has expired.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::callback::id_of;
use super::core::{Core, Event};
use super::limits;
use super::messages::{Draft, is_empty};
use super::refusal::{Refusal, Wrong};
use super::seed::{Access, Id};
use super::world::{Message, World};

/// How long a nonce is remembered: Discord says "the past few minutes" (Create Message, `enforce_nonce`).
const NONCE: SignedDuration = SignedDuration::from_mins(5);
/// How many messages one look gives at most (Get Channel Messages).
const PAGE: usize = 100;

/// Posts a message; with `enforce_nonce` the same nonce gives the message that is there.
pub(crate) fn post(core: &Core, channel: Id, body: &Value) -> Result<Value, Refusal> {
    let mut world = core.world();
    world.writable_channel(channel)?;
    let mut wrong = Wrong::default();
    limits::message(body, "", &mut wrong);
    let nonce = limits::nonce(body, &mut wrong);
    wrong.refuse()?;
    if is_empty(body) {
        return Err(Refusal::empty_message());
    }
    let now = core.clock.now();
    world.nonces.retain(|_, (_, at)| now.duration_since(*at) <= NONCE);
    let nonce = nonce.filter(|_| body["enforce_nonce"] == true).map(|nonce| (channel, nonce));
    let known = nonce.as_ref().and_then(|nonce| world.nonces.get(nonce)).map(|(id, _)| *id);
    if let Some(message) = known.and_then(|id| world.messages.get(&id)) {
        return Ok(message.body.clone());
    }
    let draft = Draft { channel, only: None, body, loading: false, metadata: None, reference: None };
    let message = world.post(&core.clock, draft);
    if let (Some(nonce), Some(id)) = (nonce, id_of(&message)) {
        world.nonces.insert(nonce, (id, now));
    }
    core.tell(Event::Message { channel, message: message.clone(), only: None });
    Ok(message)
}

pub(crate) fn read(core: &Core, channel: Id, id: Id) -> Result<Value, Refusal> {
    let world = core.world();
    world.visible_channel(channel)?;
    Ok(public(&world, channel, id)?.body.clone())
}

/// The newest messages, newest first. `limit`: 1 to 100, 50 where none is asked for.
pub(crate) fn list(core: &Core, channel: Id, limit: Option<usize>) -> Result<Value, Refusal> {
    let world = core.world();
    world.visible_channel(channel)?;
    let limit = limit.unwrap_or(50).clamp(1, PAGE);
    let there = world.messages.values().rev().filter(|message| message.channel == channel && message.only.is_none());
    Ok(there.take(limit).map(|message| message.body.clone()).collect())
}

pub(crate) fn edit(core: &Core, channel: Id, id: Id, body: &Value) -> Result<Value, Refusal> {
    let mut world = core.world();
    world.visible_channel(channel)?;
    own(&world, channel, id)?;
    let mut wrong = Wrong::default();
    limits::message(body, "", &mut wrong);
    wrong.refuse()?;
    let message = world.edit(id, body, core.clock.now())?;
    core.tell(Event::Message { channel, message: message.clone(), only: None });
    Ok(message)
}

pub(crate) fn delete(core: &Core, channel: Id, id: Id) -> Result<(), Refusal> {
    let mut world = core.world();
    world.visible_channel(channel)?;
    own(&world, channel, id)?;
    world.messages.remove(&id);
    core.tell(Event::Deleted { channel, id, only: None });
    Ok(())
}

/// The channel itself.
pub(crate) fn show(core: &Core, channel: Id) -> Result<Value, Refusal> {
    let world = core.world();
    Ok(world.channel_object(world.visible_channel(channel)?))
}

/// The server, as far as a bot asks for it.
pub(crate) fn guild(core: &Core, guild: Id) -> Result<Value, Refusal> {
    let world = core.world();
    let seed = &world.seed;
    if seed.guild != guild {
        return Err(Refusal::unknown_guild());
    }
    let roles: Vec<Value> = seed.roles.iter().map(|role| json!({
        "id": role.id.to_string(), "name": role.name, "color": 0, "hoist": false, "icon": null,
        "colors": { "primary_color": 0, "secondary_color": null, "tertiary_color": null }, "unicode_emoji": null,
        "position": 1, "permissions": "0", "managed": false, "mentionable": true, "flags": 0,
    })).collect();
    Ok(json!({
        "id": seed.guild.to_string(), "name": seed.guild_name, "icon": null, "splash": null, "discovery_splash": null,
        "owner_id": seed.members.first().map_or(seed.application, |member| member.id).to_string(),
        "afk_channel_id": null, "afk_timeout": 300, "verification_level": 0, "default_message_notifications": 1,
        "explicit_content_filter": 0, "roles": roles, "emojis": [], "features": [], "mfa_level": 0,
        "application_id": null, "system_channel_id": null, "system_channel_flags": 0, "rules_channel_id": null,
        "vanity_url_code": null, "description": null, "banner": null, "premium_tier": 0,
        "preferred_locale": seed.guild_locale, "public_updates_channel_id": null, "nsfw_level": 0, "stickers": [],
        "premium_progress_bar_enabled": false, "premium_subscription_count": 0, "home_header": null,
        "widget_enabled": false, "widget_channel_id": null, "max_presences": null, "max_members": 500_000,
        "max_stage_video_channel_users": 50, "max_video_channel_users": 25, "nsfw": false, "incidents_data": null,
        "safety_alerts_channel_id": null, "region": "deprecated",
    }))
}

/// Somebody on the server, with the roles that they have now.
pub(crate) fn member(core: &Core, guild: Id, user: Id) -> Result<Value, Refusal> {
    let world = core.world();
    if world.seed.guild != guild {
        return Err(Refusal::unknown_guild());
    }
    let mut member =
        world.member(user).map(|member| world.member_object(member)).ok_or_else(Refusal::unknown_member)?;
    // Said only of who acts in a channel.
    member.as_object_mut().and_then(|member| member.remove("permissions"));
    Ok(member)
}

/// Gives somebody these roles from now on, and no others.
pub(crate) fn set_roles(core: &Core, user: Id, roles: &[Id]) {
    let mut world = core.world();
    if let Some(member) = world.seed.members.iter_mut().find(|member| member.id == user) {
        roles.clone_into(&mut member.roles);
    }
}

/// What a channel's rule lets the bot do, from now on.
pub(crate) fn set_access(core: &Core, channel: Id, access: Access) {
    let mut world = core.world();
    if let Some(channel) = world.seed.channels.iter_mut().find(|one| one.id == channel) {
        channel.access = access;
    }
}

/// A message that the bot's token can see: ephemeral ones it cannot.
fn public(world: &World, channel: Id, id: Id) -> Result<&Message, Refusal> {
    let message = world.messages.get(&id).filter(|message| message.channel == channel && message.only.is_none());
    message.ok_or_else(Refusal::unknown_message)
}

fn own(world: &World, channel: Id, id: Id) -> Result<(), Refusal> {
    let message = public(world, channel, id)?;
    let is_own = message.body["author"]["id"] == world.seed.application.to_string().as_str();
    if is_own { Ok(()) } else { Err(Refusal::not_the_author()) }
}
