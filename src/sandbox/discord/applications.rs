//! `/applications`, `/users/@me`, `/gateway`: who the bot is, where its gateway is, and which commands it registers.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::core::{Core, Event};
use super::limits;
use super::refusal::{Refusal, Wrong};
use super::seed::Id;

/// IDENTIFYs a day (gateway documentation, Session Start Limit).
const SESSION_STARTS: u64 = 1000;
/// Option types that this stand-in serves: text, whole number, yes or no, number.
const SERVED: [u64; 4] = [3, 4, 5, 10];

pub(crate) fn gateway(address: SocketAddr) -> Value {
    json!({ "url": format!("ws://{address}/gw") })
}

pub(crate) fn gateway_bot(core: &Core, address: SocketAddr) -> Value {
    let remaining = SESSION_STARTS.saturating_sub(core.log.identifies());
    let mut answer = gateway(address);
    answer["shards"] = json!(1);
    answer["session_start_limit"] = json!({
        "total": SESSION_STARTS, "remaining": remaining, "reset_after": 86_400_000, "max_concurrency": 1,
    });
    answer
}

pub(crate) fn me(core: &Core) -> Value {
    let mut me = core.world().bot();
    for (field, value) in [("mfa_enabled", json!(false)), ("verified", json!(true)), ("locale", json!("en-US"))] {
        me[field] = value;
    }
    me
}

pub(crate) fn application(core: &Core) -> Value {
    let world = core.world();
    let owner = world.seed.members.first().map_or_else(|| world.bot(), |member| world.user(member.id));
    json!({
        "id": world.seed.application.to_string(), "name": world.seed.bot_name, "icon": null, "description": "",
        "summary": "", "type": null, "bot_public": false, "bot_require_code_grant": false,
        "verify_key": core.door.public_key(), "flags": 0, "flags_new": "0", "bot": world.bot(), "owner": owner,
        "team": null, "hook": true, "redirect_uris": [], "guild_id": world.seed.guild.to_string(),
        "integration_types_config": { "0": {} }, "interactions_endpoint_url": core.door.url(),
        "role_connections_verification_url": null, "approximate_guild_count": 1, "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0, "explicit_content_filter": 0, "eligible_oauth2_scopes": [],
    })
}

/// The registered commands; localisations only where they are asked for, as Discord does.
pub(crate) fn commands(core: &Core, application: Id, guild: Id, localised: bool) -> Result<Value, Refusal> {
    known(core, application, guild)?;
    let mut commands = core.world().commands.clone();
    if !localised {
        commands.iter_mut().for_each(without_localisations);
    }
    Ok(Value::Array(commands))
}

/// Bulk overwrite: these are the server's commands from now on. One with a known name keeps its id; a changed one has a new
/// version.
pub(crate) fn put_commands(core: &Core, application: Id, guild: Id, body: &Value) -> Result<Value, Refusal> {
    known(core, application, guild)?;
    let list = body.as_array().ok_or_else(Refusal::not_json)?;
    let mut wrong = Wrong::default();
    limits::commands(list, &mut wrong);
    wrong.refuse()?;
    for command in list {
        let kind = command["type"].as_u64().unwrap_or(1);
        let options = command["options"].as_array().into_iter().flatten();
        if kind != 1 {
            return Err(Refusal::not_served("commands on users or messages"));
        }
        if options.map(|option| option["type"].as_u64()).any(|kind| !kind.is_some_and(|kind| SERVED.contains(&kind))) {
            return Err(Refusal::not_served("options other than text, numbers and yes or no"));
        }
    }
    let mut world = core.world();
    let old = std::mem::take(&mut world.commands);
    world.commands = list.iter().map(|command| registered(core, application, guild, command, &old)).collect();
    let answer = Value::Array(world.commands.clone());
    drop(world);
    core.tell(Event::Commands);
    Ok(answer)
}

fn registered(core: &Core, application: Id, guild: Id, command: &Value, old: &[Value]) -> Value {
    let mut made = json!({
        "application_id": application.to_string(), "guild_id": guild.to_string(), "type": 1,
        "name": command["name"], "name_localizations": command["name_localizations"],
        "description": command["description"], "description_localizations": command["description_localizations"],
        "options": command["options"].as_array().cloned().unwrap_or_default(),
        "default_member_permissions": bits(&command["default_member_permissions"]),
        "dm_permission": command["dm_permission"].as_bool().unwrap_or(true), "nsfw": command["nsfw"] == true,
        "contexts": command["contexts"], "integration_types": [0],
    });
    let before = old.iter().find(|old| old["name"] == made["name"]);
    let (id, version) = before.map_or((Value::Null, Value::Null), |old| (old["id"].clone(), old["version"].clone()));
    let fresh = || json!(core.clock.id().to_string());
    made["id"] = if id.is_null() { fresh() } else { id };
    made["version"] = version;
    if before != Some(&made) {
        made["version"] = fresh();
    }
    made
}

/// Permissions come as text or as a number, and are told as text.
fn bits(permissions: &Value) -> Value {
    permissions.as_u64().map_or_else(|| permissions.clone(), |bits| json!(bits.to_string()))
}

fn without_localisations(object: &mut Value) {
    if let Some(object) = object.as_object_mut() {
        object.remove("name_localizations");
        object.remove("description_localizations");
    }
    for inside in ["options", "choices"] {
        object[inside].as_array_mut().into_iter().flatten().for_each(without_localisations);
        if object[inside].is_null()
            && let Some(object) = object.as_object_mut()
        {
            object.remove(inside);
        }
    }
}

fn known(core: &Core, application: Id, guild: Id) -> Result<(), Refusal> {
    let world = core.world();
    if world.seed.application != application {
        return Err(Refusal::unknown_application());
    }
    if world.seed.guild == guild { Ok(()) } else { Err(Refusal::unknown_guild()) }
}
