//! HTTP's door: Discord posts interactions here, signed. What is not signed is refused before it is read.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::post;
use ed25519_dalek::{Signature, VerifyingKey};
use jiff::Timestamp;
use serenity::model::application::Interaction;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::Heard;
use crate::chat::ChatError;
use crate::requests::see_through::stopped;

/// The longest body: an interaction with the largest modal is far below it.
const LONGEST: usize = 64 * 1024;

/// How long a body may take to come in.
const BODY: Duration = Duration::from_secs(5);

/// How far the time of the signature may be from ours: what is older may be a replay.
const SKEW_SECONDS: u64 = 5;

/// The wall clock.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Who may knock.
#[derive(Clone)]
pub struct Door {
    key: VerifyingKey,
    heard: Heard,
    clock: Clock,
}

impl Door {
    /// A door for what is signed with this key (64 hex digits: Developer Portal, General Information, Public Key).
    ///
    /// # Errors
    /// [`ChatError::PublicKey`] where no signature could ever be made with it, or one for everything.
    pub fn new(public_key: &str, heard: Heard, clock: Clock) -> Result<Self, ChatError> {
        let key = bytes::<32>(public_key).and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
        match key {
            Some(key) if !key.is_weak() => Ok(Self { key, heard, clock }),
            _ => Err(ChatError::PublicKey),
        }
    }

    /// Answers at this socket until `stop` turns true; what is under way then is answered.
    ///
    /// # Errors
    /// What the system says of the socket.
    pub async fn listen(self, socket: TcpListener, mut stop: watch::Receiver<bool>) -> std::io::Result<()> {
        let router = Router::new().route("/", post(knock)).route("/{*path}", post(knock)).with_state(self);
        axum::serve(socket, router).with_graceful_shutdown(async move { stopped(&mut stop).await }).await
    }

    /// Whether Discord signed this body (Interactions, Security and Authorization): Ed25519 over the time and the body, strictly, so
    /// that there is one signature and one key for each message.
    fn is_signed(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let (Some(signature), Some(time)) = (header("x-signature-ed25519"), header("x-signature-timestamp")) else {
            return false;
        };
        let Some(signature) = bytes::<64>(signature) else { return false };
        let message = [time.as_bytes(), body].concat();
        self.is_now(time) && self.key.verify_strict(&message, &Signature::from_bytes(&signature)).is_ok()
    }

    fn is_now(&self, time: &str) -> bool {
        let digits = !time.is_empty() && time.bytes().all(|b| b.is_ascii_digit());
        let now = (self.clock)().as_second();
        digits && time.parse::<i64>().is_ok_and(|time| now.abs_diff(time) <= SKEW_SECONDS)
    }
}

async fn knock(State(door): State<Door>, headers: HeaderMap, body: Body) -> Response {
    let body = match tokio::time::timeout(BODY, to_bytes(body, LONGEST)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    if !door.is_signed(&headers, &body) {
        // Discord knocks with wrong signatures on purpose, and takes the address away where they are let in.
        tracing::debug!("a post without Discord's signature was refused");
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match serde_json::from_slice::<Interaction>(&body) {
        Ok(Interaction::Ping(_)) => Json(serde_json::json!({"type": 1})).into_response(),
        // Acknowledged through `/callback`, as what comes through the gateway is: an acknowledgement in this answer could be overtaken
        // by the first edit (404, 10015).
        Ok(interaction) => {
            let handed = door.heard.hand_on(interaction);
            if handed { StatusCode::ACCEPTED } else { StatusCode::SERVICE_UNAVAILABLE }.into_response()
        }
        Err(_) => {
            door.heard.unreadable("HTTP_POST");
            StatusCode::BAD_REQUEST.into_response()
        }
    }
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).ok().map(|()| bytes)
}
