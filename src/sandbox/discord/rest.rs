//! One call of the bot, one answer: read, authorised, counted, perhaps spoilt on purpose, done, written down.

use std::net::SocketAddr;

use axum::body::Body;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use serde_json::Value;

use super::core::Core;
use super::faults::Effect;
use super::log::Recorded;
use super::rates::Standing;
use super::refusal::{Refusal, TooMany};
use super::routes::Call;
use super::{applications, callback, channels, limits, webhooks};

/// The connection is to be broken instead of answered.
pub(crate) struct Broken;

/// What a call came to: a status and a body, null for none.
type Done = Result<(StatusCode, Value), Refusal>;

/// Answers a call below `/api/v10/`.
pub(crate) async fn answer(core: &Core, address: SocketAddr, head: &Parts, body: &[u8]) -> Result<Response, Broken> {
    let path = head.uri.path().strip_prefix("/api/v10/").unwrap_or_default();
    let Some(call) = Call::of(head.method.as_str(), path) else {
        let mut call = record(core, &format!("{} unknown", head.method), path, Value::Null);
        let refusal = Refusal::no_such_route();
        call.lints.push(format!("the local Discord has no route {} {}", head.method, first(path)));
        finish(core, call, &refusal);
        return Ok(response(&Err(refusal), None));
    };
    let path = call.interaction_token().map_or_else(|| path.to_owned(), |token| path.replace(token, "TOKEN"));
    let read = read(head, body);
    let mut recorded = record(core, call.name(), &path, read.as_ref().map_or(Value::Null, Clone::clone));
    recorded.lints = limits::lints(call.name(), &recorded.body);
    let (delay, effect) = core.faults.fate(call.name());
    tokio::time::sleep(delay).await;
    if effect == Some(Effect::LoseRequest) {
        core.log.add(recorded);
        core.changed();
        return Err(Broken);
    }
    let (done, standing) = match admitted(core, head, &call) {
        Err((refusal, standing)) => (Err(refusal), standing),
        Ok(standing) => {
            let done = match (spoilt(effect.as_ref()), read) {
                (Some(refusal), _) | (None, Err(refusal)) => Err(refusal),
                (None, Ok(body)) => done(core, address, head, &call, &body, &mut recorded.lints),
            };
            (done, Some(standing))
        }
    };
    recorded.answer_lost = effect == Some(Effect::LoseResponse);
    let lost = recorded.answer_lost;
    match &done {
        Ok((status, _)) => {
            recorded.status = Some(status.as_u16());
            core.log.add(recorded);
            core.changed();
        }
        Err(refusal) => finish(core, recorded, refusal),
    }
    if lost { Err(Broken) } else { Ok(response(&done, standing.as_deref())) }
}

/// Takes a callback that came as the answer to a POST at the bot's HTTP door.
pub(crate) fn inline(core: &Core, interaction: u64, token: &str, body: &[u8]) -> Result<(), Refusal> {
    let body = serde_json::from_slice(body).map_err(|_| Refusal::not_json())?;
    let mut recorded = record(core, "POST callback", "inline", body);
    recorded.lints = limits::lints("POST callback", &recorded.body);
    match callback::callback(core, interaction, token, &recorded.body) {
        Ok(_) => {
            recorded.status = Some(200);
            core.log.add(recorded);
            core.changed();
            Ok(())
        }
        Err(refusal) => {
            finish(core, recorded, &refusal);
            Err(refusal)
        }
    }
}

fn record(core: &Core, route: &str, path: &str, body: Value) -> Recorded {
    Recorded {
        number: 0,
        at: core.clock.now(),
        route: route.to_owned(),
        path: path.to_owned(),
        body,
        status: None,
        code: None,
        answer: Value::Null,
        answer_lost: false,
        lints: Vec::new(),
    }
}

fn finish(core: &Core, mut call: Recorded, refusal: &Refusal) {
    (call.status, call.code) = (Some(refusal.status), Some(refusal.code));
    call.answer = refusal.body();
    core.log.add(call);
    core.changed();
}

/// The body as JSON.
fn read(head: &Parts, body: &[u8]) -> Result<Value, Refusal> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    let kind = head.headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("multipart/") {
        return Err(Refusal::not_served("attachments"));
    }
    serde_json::from_slice(body).map_err(|_| Refusal::not_json())
}

/// Whether the caller may, and has not called too often.
fn admitted(core: &Core, head: &Parts, call: &Call) -> Result<Box<Standing>, (Refusal, Option<Box<Standing>>)> {
    let shown = head.headers.get(http::header::AUTHORIZATION);
    let wanted = format!("Bot {}", core.world().seed.bot_token);
    let right = shown.is_some_and(|shown| shown.as_bytes() == wanted.as_bytes());
    let may = right || (shown.is_none() && call.interaction_token().is_some());
    if !may {
        return Err((Refusal::unauthorised(), None));
    }
    let counts = call.interaction_token().is_none();
    core.rates
        .take(call.name(), &call.major(), counts, core.clock.now())
        .map(Box::new)
        .map_err(|(too_many, standing)| (Refusal::too_many(too_many), standing.map(Box::new)))
}

fn spoilt(effect: Option<&Effect>) -> Option<Refusal> {
    match effect? {
        Effect::TooMany { global, after } => Some(Refusal::too_many(TooMany { after: *after, global: *global })),
        Effect::Error { status, code, message } => Some(Refusal::new(*status, *code, message)),
        _ => None,
    }
}

fn done(core: &Core, address: SocketAddr, head: &Parts, call: &Call, body: &Value, lints: &mut Vec<String>) -> Done {
    let asked = |what: &str| query(head, what);
    let found = |value: Value| (StatusCode::OK, value);
    let gone = |()| (StatusCode::NO_CONTENT, Value::Null);
    match call {
        Call::Gateway => Ok(found(applications::gateway(address))),
        Call::GatewayBot => Ok(found(applications::gateway_bot(core, address))),
        Call::Me => Ok(found(applications::me(core))),
        Call::Application => Ok(found(applications::application(core))),
        Call::Commands { application, guild } => {
            let localised = asked("with_localizations").is_some_and(|value| value == "true");
            applications::commands(core, *application, *guild, localised).map(found)
        }
        Call::PutCommands { application, guild } => {
            applications::put_commands(core, *application, *guild, body).map(found)
        }
        Call::Callback { interaction, token } => {
            let response = callback::callback(core, *interaction, token, body)?;
            let wanted = asked("with_response").is_some_and(|value| value == "true");
            Ok(if wanted { found(response) } else { gone(()) })
        }
        Call::FollowUp { application, token } => {
            ours(core, *application)?;
            webhooks::follow_up(core, token, body, lints).map(found)
        }
        Call::ReadAnswer { application, token, which } => {
            ours(core, *application)?;
            webhooks::read(core, token, *which).map(found)
        }
        Call::EditAnswer { application, token, which } => {
            ours(core, *application)?;
            webhooks::edit(core, token, *which, body).map(found)
        }
        Call::DeleteAnswer { application, token, which } => {
            ours(core, *application)?;
            webhooks::delete(core, token, *which).map(gone)
        }
        Call::Channel { channel } => channels::show(core, *channel).map(found),
        Call::Guild { guild } => channels::guild(core, *guild).map(found),
        Call::Member { guild, user } => channels::member(core, *guild, *user).map(found),
        Call::Post { channel } => channels::post(core, *channel, body).map(found),
        Call::List { channel } => {
            channels::list(core, *channel, asked("limit").and_then(|limit| limit.parse().ok())).map(found)
        }
        Call::Read { channel, message } => channels::read(core, *channel, *message).map(found),
        Call::Edit { channel, message } => channels::edit(core, *channel, *message, body).map(found),
        Call::Delete { channel, message } => channels::delete(core, *channel, *message).map(gone),
    }
}

/// A webhook of another application is unknown.
fn ours(core: &Core, application: u64) -> Result<(), Refusal> {
    if core.world().seed.application == application { Ok(()) } else { Err(Refusal::unknown_webhook()) }
}

/// One parameter of the address.
pub(crate) fn query(head: &Parts, name: &str) -> Option<String> {
    let text = head.uri.query()?;
    url::form_urlencoded::parse(text.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn first(path: &str) -> &str {
    path.split('/').next().unwrap_or_default()
}

fn response(done: &Done, standing: Option<&Standing>) -> Response {
    let (status, body) = match done {
        Ok((status, body)) => (*status, body.clone()),
        Err(refusal) => (StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST), refusal.body()),
    };
    let too_many = done.as_ref().err().and_then(|refusal| refusal.too_many);
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let mut set = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    };
    if !body.is_null() {
        set("content-type", "application/json".to_owned());
    }
    if let Some(standing) = standing {
        // A 429 by rule leaves nothing of the bucket, until the time that it names.
        let after = too_many.filter(|too_many| !too_many.global).map(|too_many| too_many.after);
        let reset_after = after.unwrap_or(standing.reset_after);
        set("x-ratelimit-limit", standing.limit.to_string());
        set("x-ratelimit-remaining", if after.is_some() { 0 } else { standing.remaining }.to_string());
        let moved = reset_after.as_secs_f64() - standing.reset_after.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are exact in a double")]
        let reset = standing.reset.as_millisecond() as f64 / 1000.0 + moved;
        set("x-ratelimit-reset", format!("{reset:.3}"));
        set("x-ratelimit-reset-after", format!("{:.3}", reset_after.as_secs_f64()));
        set("x-ratelimit-bucket", standing.bucket.clone());
    }
    if let Some(too_many) = too_many {
        set("retry-after", format!("{:.3}", too_many.after.as_secs_f64()));
        set("x-ratelimit-scope", if too_many.global { "global" } else { "user" }.to_owned());
        if too_many.global {
            set("x-ratelimit-global", "true".to_owned());
        }
    }
    response
}
