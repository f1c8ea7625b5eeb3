//! The page's interface: what one person sees as JSON and as a stream of events, and what they do, on the same loopback port.
//!
//! Another web page in the same browser must not drive it: the Host must be a loopback one (against DNS rebinding), what is
//! posted must be JSON and not come from a foreign origin.

use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::people::{Filled, is_offered};
use super::rest::query;
use super::seed::Id;
use super::serve::Served;
use super::{Person, page_events};
use crate::sandbox::page;

#[derive(Deserialize)]
struct Command {
    #[serde(rename = "as")]
    person: String,
    locale: Option<String>,
    channel_id: String,
    name: String,
    #[serde(default)]
    options: Vec<Filled>,
}

#[derive(Deserialize)]
struct Press {
    #[serde(rename = "as")]
    person: String,
    locale: Option<String>,
    channel_id: String,
    message_id: String,
    custom_id: String,
}

#[derive(Deserialize)]
struct Form {
    #[serde(rename = "as")]
    person: String,
    locale: Option<String>,
    id: String,
    fields: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    custom_id: String,
    value: String,
}

/// Answers what is neither the bot's nor the gateway's.
pub(super) async fn answer(served: &Served, head: &Parts, body: &[u8]) -> Response {
    if !is_loopback(&head.headers, "host") {
        return refused(StatusCode::FORBIDDEN, "this page is served to loopback addresses only");
    }
    let path = head.uri.path();
    match (&head.method, path) {
        (&Method::GET, "/page/state") => state(served, head),
        (&Method::GET, "/page/events") => match query(head, "as").as_deref().and_then(id) {
            Some(person) => page_events::stream(served, person),
            None => refused(StatusCode::BAD_REQUEST, "as: whose events?"),
        },
        (&Method::GET, "/page/aws") => {
            served.aws.as_ref().map_or_else(|| json!({ "accounts": [] }), |aws| aws()).to_string().into_json()
        }
        (&Method::POST, _) if path.starts_with("/page/") => match posted(&head.headers) {
            Err((status, why)) => refused(status, why),
            Ok(()) => act(served, path, body).await,
        },
        (&Method::GET, _) => asset(path.trim_start_matches('/')),
        _ => refused(StatusCode::METHOD_NOT_ALLOWED, "GET or POST"),
    }
}

async fn act(served: &Served, path: &str, body: &[u8]) -> Response {
    let done = match path {
        "/page/command" => command(served, body).await,
        "/page/autocomplete" => autocomplete(served, body).await,
        "/page/press" => press(served, body).await,
        "/page/modal" => modal(served, body).await,
        _ => return refused(StatusCode::NOT_FOUND, "there is nothing here"),
    };
    match done {
        Ok((status, answer)) => (status, answer.to_string().into_json()).into_response(),
        Err(why) => refused(StatusCode::BAD_REQUEST, &why),
    }
}

type Acted = Result<(StatusCode, Value), String>;

async fn command(served: &Served, body: &[u8]) -> Acted {
    let asked: Command = read(body)?;
    let person = who(served, &asked.person, asked.locale.as_deref())?.at(number(&asked.channel_id)?);
    Ok(accepted(person.command(&asked.name, &asked.options).await.map_err(|why| why.to_string())?))
}

async fn autocomplete(served: &Served, body: &[u8]) -> Acted {
    let asked: Command = read(body)?;
    let person = who(served, &asked.person, asked.locale.as_deref())?.at(number(&asked.channel_id)?);
    let choices = person.autocomplete(&asked.name, &asked.options).await.map_err(|why| why.to_string())?;
    Ok((StatusCode::OK, json!({ "choices": choices })))
}

async fn press(served: &Served, body: &[u8]) -> Acted {
    let asked: Press = read(body)?;
    let person = who(served, &asked.person, asked.locale.as_deref())?.at(number(&asked.channel_id)?);
    let pressed = person.press(number(&asked.message_id)?, &asked.custom_id).await;
    Ok(accepted(pressed.map_err(|why| why.to_string())?))
}

async fn modal(served: &Served, body: &[u8]) -> Acted {
    let asked: Form = read(body)?;
    let person = who(served, &asked.person, asked.locale.as_deref())?;
    let fields: Vec<(String, String)> = asked.fields.into_iter().map(|field| (field.custom_id, field.value)).collect();
    Ok(accepted(person.submit(number(&asked.id)?, &fields).await.map_err(|why| why.to_string())?))
}

fn accepted(interaction: Id) -> (StatusCode, Value) {
    (StatusCode::ACCEPTED, json!({ "interaction_id": interaction.to_string() }))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| format!("the body is not what is asked for: {error}"))
}

fn number(text: &str) -> Result<Id, String> {
    id(text).ok_or_else(|| "an id is a number".to_owned())
}

fn id(text: &str) -> Option<Id> {
    text.parse().ok()
}

fn who(served: &Served, person: &str, locale: Option<&str>) -> Result<Person, String> {
    let person = served.discord.person(number(person)?);
    Ok(match locale.filter(|locale| !locale.is_empty()) {
        Some(locale) => person.speaking(locale),
        None => person,
    })
}

/// Everything that one person sees.
fn state(served: &Served, head: &Parts) -> Response {
    let world = served.core.world();
    let me = query(head, "as").as_deref().and_then(id).and_then(|id| world.member(id));
    let Some(me) = me else { return refused(StatusCode::BAD_REQUEST, "as: nobody of that id is on this server") };
    let seed = &world.seed;
    let people: Vec<Value> = seed
        .members
        .iter()
        .map(|one| json!({ "id": one.id.to_string(), "name": one.name, "title": one.title }))
        .collect();
    let channels: Vec<Value> = seed
        .channels
        .iter()
        .map(|one| json!({ "id": one.id.to_string(), "name": one.name, "topic": one.topic }))
        .collect();
    let roles: Vec<Value> =
        seed.roles.iter().map(|one| json!({ "id": one.id.to_string(), "name": one.name })).collect();
    let commands: Vec<&Value> = world.commands.iter().filter(|command| is_offered(command, me.permissions)).collect();
    let messages: serde_json::Map<String, Value> =
        seed.channels.iter().map(|channel| (channel.id.to_string(), json!(world.seen_by(me.id, channel.id)))).collect();
    let state = json!({
        "me": {
            "id": me.id.to_string(), "name": me.name, "title": me.title, "locale": me.locale,
            "roles": me.roles.iter().map(Id::to_string).collect::<Vec<_>>(),
        },
        "people": people,
        "bot": { "id": seed.application.to_string(), "name": seed.bot_name, "online": served.core.online() },
        "guild": { "id": seed.guild.to_string(), "name": seed.guild_name },
        "roles": roles, "channels": channels, "commands": commands, "messages": messages,
    });
    state.to_string().into_json()
}

fn asset(path: &str) -> Response {
    match page::asset(path) {
        None => refused(StatusCode::NOT_FOUND, "there is nothing here"),
        Some((kind, bytes)) => {
            let mut response = bytes.into_response();
            let mut set = |name, value| response.headers_mut().insert(name, http::HeaderValue::from_static(value));
            set(header::CONTENT_TYPE, kind);
            set(header::CONTENT_SECURITY_POLICY, page::CONTENT_SECURITY_POLICY);
            set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
            set(header::CACHE_CONTROL, "no-cache");
            response
        }
    }
}

/// What is posted comes from this page: JSON, and no other origin.
fn posted(headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().is_none_or(|kind| !kind.trim().eq_ignore_ascii_case("application/json")) {
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type: application/json"));
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let own = format!("http://{host}");
    match headers.get(header::ORIGIN) {
        Some(origin) if origin.as_bytes() != own.as_bytes() => {
            Err((StatusCode::FORBIDDEN, "another page may not do this"))
        }
        _ => Ok(()),
    }
}

/// Whether a header names a loopback host, with or without a port.
fn is_loopback(headers: &HeaderMap, name: &str) -> bool {
    let host = headers.get(name).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host, |(name, _)| name);
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

fn refused(status: StatusCode, why: &str) -> Response {
    (status, json!({ "error": why }).to_string().into_json()).into_response()
}

/// A text that is JSON.
trait IntoJson {
    fn into_json(self) -> Response;
}

impl IntoJson for String {
    fn into_json(self) -> Response {
        ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], self).into_response()
    }
}
