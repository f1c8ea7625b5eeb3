//! HTTP's door: Discord posts interactions here, signed. What is not signed is refused before it is read.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::post;
use ed25519_dalek::{Signature, VerifyingKey};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use jiff::Timestamp;
use serenity::model::application::Interaction;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::Heard;
use crate::chat::ChatError;
use crate::requests::see_through::stopped;

/// The longest body: an interaction with the largest modal is far below it.
const LONGEST: usize = 64 * 1024;

/// How long a body may take to come in.
const BODY: Duration = Duration::from_secs(5);

/// How long the headers of a post may take to come in, and how long a connection may be idle.
const HEADERS: Duration = Duration::from_secs(10);

/// How many connections are open at once; more wait outside.
const CONNECTIONS: usize = 256;

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
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        while let Some((stream, place)) = knocked(&socket, &places, &mut stop).await? {
            tokio::spawn(opened(stream, router.clone(), place, stop.clone()));
        }
        drop(socket);
        // Each connection gives its place back when it ends.
        for _ in 0..CONNECTIONS {
            places.acquire().await.map_err(std::io::Error::other)?.forget();
        }
        Ok(())
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

/// The next connection, once there is a place for it; none when `stop` turned true.
async fn knocked(
    socket: &TcpListener,
    places: &Arc<Semaphore>,
    stop: &mut watch::Receiver<bool>,
) -> std::io::Result<Option<(TcpStream, OwnedSemaphorePermit)>> {
    let next = async {
        let place = Arc::clone(places).acquire_owned().await.map_err(std::io::Error::other)?;
        loop {
            match socket.accept().await {
                Ok((stream, _)) => return Ok(Some((stream, place))),
                Err(error) => {
                    // Of one connection, or of too many files for now: either passes.
                    tracing::warn!(%error, "a connection to the door could not be taken");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    };
    tokio::select! {
        () = stopped(stop) => Ok(None),
        next = next => next,
    }
}

/// Answers what comes through a connection until it ends, or until `stop` turns true and what is under way is answered.
async fn opened(stream: TcpStream, router: Router, place: OwnedSemaphorePermit, mut stop: watch::Receiver<bool>) {
    let mut http = http1::Builder::new();
    // Without a timer, which axum's own `serve` does not set, hyper waits for headers without end.
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)));
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if ended.is_err() {
        tracing::debug!("a connection to the door was bad, or too slow");
    }
    drop(place);
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
