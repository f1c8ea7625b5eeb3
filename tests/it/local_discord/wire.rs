//! A bot of bare sockets: one gateway connection frame by frame, and plain REST calls. It sees what a library hides.

use std::io::Read;

use flate2::read::ZlibDecoder;
use genkan::sandbox::discord::ServedDiscord;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

/// What came over the gateway.
#[derive(Debug, PartialEq)]
pub(super) enum Came {
    /// A payload, and whether it came in a compressed frame.
    Payload(Value, bool),
    /// The connection was closed with this code.
    Close(u16),
    /// The connection broke.
    Broken,
}

/// One gateway connection.
pub(super) struct Wire {
    stream: TcpStream,
}

impl Wire {
    pub(super) async fn open(served: &ServedDiscord, query: &str) -> Self {
        let mut stream = TcpStream::connect(served.address).await.expect("a connection");
        let head = format!(
            "GET /gw/?{query} HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            served.address
        );
        stream.write_all(head.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.expect("an answer"));
        }
        assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
        Self { stream }
    }

    /// Connects and identifies; what is asked for is added to the usual IDENTIFY.
    pub(super) async fn identified(served: &ServedDiscord, more: Value) -> (Self, Value) {
        let mut wire = Self::open(served, "v=10").await;
        assert_eq!(wire.payload().await["op"], 10);
        wire.send(&identify(more)).await;
        let ready = wire.payload().await;
        assert_eq!(ready["t"], "READY", "{ready}");
        (wire, ready["d"].clone())
    }

    pub(super) async fn send(&mut self, payload: &Value) {
        self.frame(1, payload.to_string().as_bytes()).await;
    }

    /// Closes as a client does that does not come back.
    pub(super) async fn close(mut self, code: u16) {
        self.frame(8, &code.to_be_bytes()).await;
        while self.next().await != Came::Broken {}
    }

    async fn frame(&mut self, kind: u8, data: &[u8]) {
        let length = u16::try_from(data.len()).expect("a short frame").to_be_bytes();
        // 0xfe: masked, two bytes of length follow; a mask of zeros leaves the data as it is.
        let head = [0x80 | kind, 0xfe, length[0], length[1], 0, 0, 0, 0];
        self.stream.write_all(&[&head, data].concat()).await.expect("sent");
    }

    /// What comes next, within the patience.
    pub(super) async fn next(&mut self) -> Came {
        tokio::time::timeout(PATIENCE, self.read()).await.expect("something comes").unwrap_or(Came::Broken)
    }

    async fn read(&mut self) -> std::io::Result<Came> {
        let kind = self.stream.read_u8().await? & 0x0f;
        let length = match self.stream.read_u8().await? {
            126 => u64::from(self.stream.read_u16().await?),
            127 => self.stream.read_u64().await?,
            short => u64::from(short),
        };
        let mut data = vec![0; usize::try_from(length).expect("it fits")];
        self.stream.read_exact(&mut data).await?;
        Ok(match kind {
            1 => Came::Payload(serde_json::from_slice(&data).expect("JSON"), false),
            2 => {
                let mut text = String::new();
                ZlibDecoder::new(data.as_slice()).read_to_string(&mut text).expect("one whole zlib stream");
                Came::Payload(serde_json::from_str(&text).expect("JSON"), true)
            }
            8 => Came::Close(u16::from_be_bytes([data[0], data[1]])),
            other => panic!("a frame of kind {other}"),
        })
    }

    pub(super) async fn payload(&mut self) -> Value {
        match self.next().await {
            Came::Payload(payload, _) => payload,
            other => panic!("{other:?} instead of a payload"),
        }
    }

    /// The next interaction.
    pub(super) async fn interaction(&mut self) -> Value {
        let payload = self.payload().await;
        assert_eq!(payload["t"], "INTERACTION_CREATE", "{payload}");
        payload["d"].clone()
    }
}

/// An IDENTIFY as serenity sends it, without compression.
pub(super) fn identify(more: Value) -> Value {
    let mut data = json!({ "token": TOKEN, "intents": 0, "compress": false, "shard": [0, 1], "properties": {} });
    for (field, value) in more.as_object().expect("fields") {
        data[field] = value.clone();
    }
    json!({ "op": 2, "d": data })
}

/// What a call was answered with.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub code: u64,
    pub body: Value,
    pub headers: HeaderMap,
}

/// Plain calls with the bot's token.
pub(super) struct Api {
    client: reqwest::Client,
    base: String,
}

impl Api {
    pub(super) fn of(served: &ServedDiscord) -> Self {
        Self { client: reqwest::Client::new(), base: format!("{}/api/v10", served.endpoint()) }
    }

    pub(super) async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        self.attempt(method, path, body, Some(TOKEN)).await.expect("an answer")
    }

    pub(super) async fn attempt(
        &self,
        method: &str,
        path: &str,
        body: Value,
        token: Option<&str>,
    ) -> reqwest::Result<Answer> {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bot {token}"));
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body: Value = serde_json::from_str(&response.text().await?).unwrap_or_default();
        Ok(Answer { status, code: body["code"].as_u64().unwrap_or_default(), body, headers })
    }

    /// Registers `/deploy`.
    pub(super) async fn register(&self) {
        let option =
            json!({ "type": 3, "name": "service", "description": "d", "required": true, "autocomplete": true });
        let command = json!({ "name": "deploy", "description": "d", "options": [option] });
        let answer = self.call("PUT", &commands(), json!([command])).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    pub(super) async fn callback(&self, interaction: &Value, body: Value) -> Answer {
        let (id, token) = (interaction["id"].as_str().expect("an id"), interaction["token"].as_str().expect("a token"));
        self.call("POST", &format!("/interactions/{id}/{token}/callback"), body).await
    }
}

pub(super) fn commands() -> String {
    format!("/applications/{BOT}/guilds/{GUILD}/commands")
}

/// The path of an interaction's answer.
pub(super) fn original(interaction: &Value) -> String {
    format!("/webhooks/{BOT}/{}/messages/@original", interaction["token"].as_str().expect("a token"))
}
