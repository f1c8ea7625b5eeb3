//! The gateway: one WebSocket connection from HELLO to its end (Discord's gateway documentation, version 10).

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::applications;
use super::core::{Core, Event};
use super::faults::Effect;
use super::log::Spoken;
use super::sessions::{Line, Order};

/// Bytes that a client may send at once.
const PAYLOAD: usize = 4096;
/// Sends of a client in a minute.
const SENDS: usize = 120;
/// Intents that Discord gives only to bots that were granted them: members, presences, message content.
const PRIVILEGED: u64 = (1 << 1) | (1 << 8) | (1 << 15);
/// The intents that there are.
const INTENTS: u64 = (1 << 26) - 1;

/// Why a connection ends.
enum End {
    /// Closed with this code.
    Close(u16),
    /// Broken without a word.
    Cut,
    /// The other side is gone.
    Gone,
}

/// One connection.
struct Connection<'a> {
    core: &'a Core,
    address: SocketAddr,
    number: u64,
    line: Line,
    session: Option<String>,
    compressed: bool,
    /// When the client sent something within the last minute.
    sends: Vec<Instant>,
    last_heartbeat: Instant,
}

/// Serves a connection until one side ends it. `version`: what the address asked for.
pub(crate) async fn talk(
    core: Arc<Core>,
    address: SocketAddr,
    version: Option<String>,
    mut socket: WebSocket,
    mut stop: watch::Receiver<bool>,
) {
    static CONNECTIONS: AtomicU64 = AtomicU64::new(1);
    let (line, mut orders) = mpsc::unbounded_channel();
    let mut connection = Connection {
        core: &core,
        address,
        number: CONNECTIONS.fetch_add(1, Ordering::Relaxed),
        line,
        session: None,
        compressed: false,
        sends: Vec::new(),
        last_heartbeat: Instant::now(),
    };
    let end = if version.is_some_and(|version| version != "10") {
        End::Close(4012)
    } else {
        connection.converse(&mut socket, &mut orders, &mut stop).await
    };
    let was_online = core.online();
    core.sessions.lost(connection.number);
    match end {
        End::Close(code) => connection.close(socket, code).await,
        End::Cut => connection.say("CUT"),
        End::Gone => connection.say("GONE"),
    }
    if was_online && !core.online() {
        core.tell(Event::Bot { online: false });
    }
}

impl Connection<'_> {
    async fn converse(
        &mut self,
        socket: &mut WebSocket,
        orders: &mut mpsc::UnboundedReceiver<Order>,
        stop: &mut watch::Receiver<bool>,
    ) -> End {
        let milliseconds = self.core.heartbeat();
        let interval = Duration::from_millis(milliseconds);
        let hello = json!({ "op": 10, "s": null, "t": null, "d": { "heartbeat_interval": milliseconds } });
        if self.send(socket, &hello.to_string()).await.is_err() {
            return End::Gone;
        }
        loop {
            // Discord gives a client up that is silent for longer than its interval; twice as long leaves room for a busy machine.
            let silent = self.last_heartbeat + interval * 2;
            let end = tokio::select! {
                biased;
                _ = stop.changed() => Some(End::Close(1001)),
                order = orders.recv() => match order {
                    Some(Order::Text(text)) => self.send(socket, &text).await.err().map(|()| End::Gone),
                    Some(Order::Invalid { resumable }) => {
                        self.leave(resumable);
                        self.send(socket, &invalid_session(resumable)).await.err().map(|()| End::Gone)
                    }
                    Some(Order::Close(code)) => Some(End::Close(code)),
                    Some(Order::Cut) => Some(End::Cut),
                    None => Some(End::Gone),
                },
                heard = socket.recv() => match heard {
                    Some(Ok(Message::Text(text))) => self.hear(text.as_bytes()).await.err(),
                    Some(Ok(Message::Binary(bytes))) => self.hear(&bytes).await.err(),
                    Some(Ok(Message::Close(frame))) => {
                        // Who closes normally does not mean to come back: Discord ends the session.
                        let over = frame.is_none_or(|frame| matches!(frame.code, 1000 | 1001));
                        if let Some(session) = self.session.as_ref().filter(|_| over) {
                            self.core.sessions.forget(session);
                        }
                        Some(End::Gone)
                    }
                    Some(Ok(_)) => None,
                    Some(Err(_)) | None => Some(End::Gone),
                },
                () = tokio::time::sleep_until(silent) => Some(End::Close(4009)),
            };
            if let Some(end) = end {
                return end;
            }
        }
    }

    /// Sends a text, as a zlib frame of its own where the client asked for that.
    async fn send(&self, socket: &mut WebSocket, text: &str) -> Result<(), ()> {
        let message = if self.compressed {
            let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
            packed.write_all(text.as_bytes()).map_err(drop)?;
            Message::Binary(packed.finish().map_err(drop)?.into())
        } else {
            Message::Text(text.into())
        };
        socket.send(message).await.map_err(drop)
    }

    /// Hears one payload; an error ends the connection.
    async fn hear(&mut self, payload: &[u8]) -> Result<(), End> {
        if payload.len() > PAYLOAD {
            return Err(End::Close(4002));
        }
        let now = Instant::now();
        self.sends.retain(|at| now.duration_since(*at) < Duration::from_mins(1));
        self.sends.push(now);
        if self.sends.len() > SENDS {
            return Err(End::Close(4008));
        }
        let payload: Value = serde_json::from_slice(payload).map_err(|_| End::Close(4002))?;
        let name = match payload["op"].as_u64() {
            Some(1) => "HEARTBEAT",
            Some(2) => "IDENTIFY",
            Some(6) => "RESUME",
            Some(3 | 4 | 8) if self.session.is_some() => return Ok(()),
            Some(3 | 4 | 8) => return Err(End::Close(4003)),
            _ => return Err(End::Close(4001)),
        };
        self.say(name);
        let (delay, effect) = self.core.faults.fate(name);
        tokio::time::sleep(delay).await;
        if let Some(effect) = effect {
            return self.spoil(&effect);
        }
        match name {
            "HEARTBEAT" => {
                self.last_heartbeat = Instant::now();
                self.order(Order::Text(json!({ "op": 11, "s": null, "t": null, "d": null }).to_string()));
                Ok(())
            }
            "IDENTIFY" => self.identify(&payload["d"]),
            _ => self.resume(&payload["d"]),
        }
    }

    fn identify(&mut self, data: &Value) -> Result<(), End> {
        if self.session.is_some() {
            return Err(End::Close(4005));
        }
        self.authenticate(data)?;
        let intents = data["intents"].as_u64().filter(|intents| intents & !INTENTS == 0).ok_or(End::Close(4013))?;
        if intents & PRIVILEGED != 0 {
            return Err(End::Close(4014));
        }
        let shard = data["shard"].as_array().map(|shard| shard.iter().map(Value::as_u64).collect::<Vec<_>>());
        let right = match shard.as_deref() {
            None => true,
            Some([Some(id), Some(count)]) => id < count,
            Some(_) => false,
        };
        if !right {
            return Err(End::Close(4010));
        }
        let was_online = self.core.online();
        self.compressed = data["compress"] == true;
        let id = format!("{:032x}", rand::random::<u128>());
        self.core.sessions.open(&id, self.number, self.line.clone());
        self.core.sessions.dispatch_to(&id, "READY", &self.ready(&id, &data["shard"]));
        self.session = Some(id);
        self.say("READY");
        if was_online {
            self.core.changed();
        } else {
            self.core.tell(Event::Bot { online: true });
        }
        Ok(())
    }

    fn ready(&self, session: &str, shard: &Value) -> Value {
        let mut ready = json!({
            "v": 10, "user": applications::me(self.core), "session_type": "normal", "session_id": session,
            "resume_gateway_url": format!("ws://{}/gw", self.address), "private_channels": [], "presences": [],
            "relationships": [], "user_settings": {}, "geo_ordered_rtc_regions": [],
        });
        let world = self.core.world();
        ready["guilds"] = json!([{ "id": world.seed.guild.to_string(), "unavailable": true }]);
        ready["application"] = json!({ "id": world.seed.application.to_string(), "flags": 0 });
        if !shard.is_null() {
            ready["shard"] = shard.clone();
        }
        ready
    }

    fn resume(&mut self, data: &Value) -> Result<(), End> {
        if self.session.is_some() {
            return Err(End::Close(4005));
        }
        self.authenticate(data)?;
        let session = data["session_id"].as_str().unwrap_or_default();
        let sequence = data["seq"].as_u64().ok_or(End::Close(4007))?;
        let was_online = self.core.online();
        if !self.core.sessions.resume(session, sequence, self.number, self.line.clone()) {
            self.order(Order::Invalid { resumable: false });
            return Ok(());
        }
        self.session = Some(session.to_owned());
        self.say("RESUMED");
        if was_online {
            self.core.changed();
        } else {
            self.core.tell(Event::Bot { online: true });
        }
        Ok(())
    }

    fn authenticate(&self, data: &Value) -> Result<(), End> {
        let token = data["token"].as_str().unwrap_or_default();
        let right = token.strip_prefix("Bot ").unwrap_or(token) == self.core.world().seed.bot_token;
        if right { Ok(()) } else { Err(End::Close(4004)) }
    }

    /// Does what a rule says instead of what was asked.
    fn spoil(&mut self, effect: &Effect) -> Result<(), End> {
        match effect {
            Effect::Reconnect => self.order(Order::Text(reconnect())),
            Effect::InvalidSession { resumable } => self.order(Order::Invalid { resumable: *resumable }),
            Effect::Close(code) => return Err(End::Close(*code)),
            Effect::Cut => return Err(End::Cut),
            // What is left is not answered; a zombie is not ended by us either.
            _ => self.last_heartbeat = Instant::now(),
        }
        Ok(())
    }

    /// The connection leaves its session, which waits to be resumed or is forgotten.
    fn leave(&mut self, resumable: bool) {
        let was_online = self.core.online();
        self.core.sessions.lost(self.number);
        if let Some(session) = self.session.take().filter(|_| !resumable) {
            self.core.sessions.forget(&session);
        }
        self.say("INVALID_SESSION");
        if was_online && !self.core.online() {
            self.core.tell(Event::Bot { online: false });
        }
    }

    fn order(&self, order: Order) {
        // An error means that this connection is ending.
        let _ = self.line.send(order);
    }

    fn say(&self, what: &str) {
        let at = self.core.clock.now();
        self.core.log.say(Spoken { at, connection: self.number, what: what.to_owned() });
        self.core.changed();
    }

    /// Closes with a code, and gives the other side a moment to take it in.
    async fn close(&self, mut socket: WebSocket, code: u16) {
        self.say(&format!("CLOSE {code}"));
        let frame = CloseFrame { code, reason: reason(code).into() };
        if socket.send(Message::Close(Some(frame))).await.is_err() {
            return;
        }
        let rest = async { while let Some(Ok(_)) = socket.recv().await {} };
        // An error means that the other side took its time; the connection ends all the same.
        let _ = tokio::time::timeout(Duration::from_secs(1), rest).await;
    }
}

/// op 7.
pub(crate) fn reconnect() -> String {
    json!({ "op": 7, "s": null, "t": null, "d": null }).to_string()
}

/// op 9.
fn invalid_session(resumable: bool) -> String {
    json!({ "op": 9, "s": null, "t": null, "d": resumable }).to_string()
}

/// Discord's words for its close codes (reference, Gateway Close Event Codes).
fn reason(code: u16) -> &'static str {
    match code {
        1000 => "",
        1001 => "Going away.",
        4001 => "Unknown opcode.",
        4002 => "Error while decoding payload.",
        4003 => "Not authenticated.",
        4004 => "Authentication failed.",
        4005 => "Already authenticated.",
        4007 => "Invalid seq.",
        4008 => "Rate limited.",
        4009 => "Session timed out.",
        4010 => "Invalid shard.",
        4011 => "Sharding required.",
        4012 => "Invalid API version.",
        4013 => "Invalid intent(s).",
        4014 => "Disallowed intent(s).",
        _ => "Unknown error.",
    }
}
