//! HTTP's door: nothing comes in that Discord did not sign just now, and whatever does comes in is not waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ed25519_dalek::{Signer, SigningKey};
use genkan::chat::ChatError;
use genkan::chat::listen::http::{Clock, Door};
use genkan::chat::listen::{self, Heard};
use jiff::Timestamp;
use reqwest::StatusCode;
use serde_json::{Value, json};
use serenity::model::application::Interaction;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

const NOW: i64 = 1_790_000_000;
const WAITING: usize = 8;

/// A door, and Discord's side of it.
struct Knocker {
    key: SigningKey,
    address: String,
    client: reqwest::Client,
    clock: Arc<AtomicI64>,
    counts: Heard,
    heard: mpsc::Receiver<Interaction>,
    stop: watch::Sender<bool>,
    door: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Knocker {
    async fn new() -> Self {
        let key = SigningKey::from_bytes(&[7; 32]);
        let clock = Arc::new(AtomicI64::new(NOW));
        let (counts, heard) = listen::queue(WAITING);
        let time = Arc::clone(&clock);
        let now: Clock = Arc::new(move || Timestamp::from_second(time.load(Ordering::Relaxed)).unwrap());
        let door = Door::new(&hex::encode(key.verifying_key().as_bytes()), counts.clone(), now).unwrap();
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", socket.local_addr().unwrap());
        let (stop, stopped) = watch::channel(false);
        let door = tokio::spawn(door.listen(socket, stopped));
        Self { key, address, client: reqwest::Client::new(), clock, counts, heard, stop, door }
    }

    fn sign(&self, time: &str, body: &[u8]) -> String {
        hex::encode(self.key.sign(&[time.as_bytes(), body].concat()).to_bytes())
    }

    async fn post(&self, signature: &str, time: &str, body: &[u8]) -> reqwest::Response {
        let request = self.client.post(&self.address).body(body.to_vec());
        let request = request.header("X-Signature-Ed25519", signature).header("X-Signature-Timestamp", time);
        request.send().await.unwrap()
    }

    async fn knock(&self, body: &[u8]) -> reqwest::Response {
        let time = NOW.to_string();
        self.post(&self.sign(&time, body), &time, body).await
    }

    fn nothing_came_in(&mut self) -> bool {
        self.heard.try_recv().is_err() && self.counts.counts().unreadable() == 0
    }
}

fn command() -> Value {
    json!({
        "id": "118000000000000900", "application_id": "118000000000000500", "type": 2, "token": "a-token", "version": 1,
        "channel_id": "118000000000000201", "locale": "ja", "entitlements": [], "attachment_size_limit": 10_485_760,
        "guild_id": "118000000000000100",
        "member": {"user": {"id": "118000000000000401", "username": "aiko"}, "roles": [], "deaf": false, "mute": false,
            "flags": 0, "permissions": "0"},
        "data": {"id": "118000000000000700", "name": "help", "type": 1}
    })
}

fn ping() -> Value {
    json!({"id": "118000000000000900", "application_id": "118000000000000500", "type": 1, "token": "t", "version": 1})
}

#[tokio::test]
async fn a_ping_is_answered_and_a_command_is_taken_without_an_answer() {
    let mut knocker = Knocker::new().await;
    let pong = knocker.knock(ping().to_string().as_bytes()).await;
    assert_eq!((pong.status(), pong.json::<Value>().await.unwrap()), (StatusCode::OK, json!({"type": 1})));
    assert!(knocker.nothing_came_in(), "a ping is nobody's question");

    knocker.address += "behind/a/proxy";
    let taken = knocker.knock(command().to_string().as_bytes()).await;
    assert_eq!((taken.status(), taken.text().await.unwrap()), (StatusCode::ACCEPTED, String::new()));
    let Interaction::Command(heard) = knocker.heard.recv().await.unwrap() else { panic!("it is a command") };
    assert_eq!((heard.data.name.as_str(), heard.locale.as_str()), ("help", "ja"));
}

/// Discord posts wrong signatures on purpose, and takes an endpoint away that lets them in.
#[tokio::test]
async fn whatever_is_changed_in_a_signed_post_it_does_not_come_in() {
    let mut knocker = Knocker::new().await;
    let body = command().to_string().into_bytes();
    let time = NOW.to_string();
    let signature = knocker.sign(&time, &body);
    let flipped = |text: &[u8], at: usize, bit: usize| {
        let mut text = text.to_vec();
        text[at] ^= 1 << bit;
        text
    };
    let mut tried = 0;
    // Every bit of the signature, and every bit of the body.
    let raw = hex::decode(&signature).unwrap();
    for bit in 0..raw.len() * 8 {
        let forged = hex::encode(flipped(&raw, bit / 8, bit % 8));
        assert_eq!(
            knocker.post(&forged, &time, &body).await.status(),
            StatusCode::UNAUTHORIZED,
            "signature, bit {bit}"
        );
        tried += 1;
    }
    for bit in 0..body.len() * 8 {
        let forged = flipped(&body, bit / 8, bit % 8);
        assert_eq!(
            knocker.post(&signature, &time, &forged).await.status(),
            StatusCode::UNAUTHORIZED,
            "body, bit {bit}"
        );
        tried += 1;
    }
    // Every length of the body, a signature of another key, of another time, of nothing, and ones that are none.
    for length in 0..body.len() {
        assert_eq!(
            knocker.post(&signature, &time, &body[..length]).await.status(),
            StatusCode::UNAUTHORIZED,
            "{length}"
        );
        tried += 1;
    }
    let other = SigningKey::from_bytes(&[8; 32]);
    let of_other = hex::encode(other.sign(&[time.as_bytes(), &body].concat()).to_bytes());
    let of_body = hex::encode(knocker.key.sign(&body).to_bytes());
    let later = knocker.sign(&(NOW + 1).to_string(), &body);
    let (short, long, zeros) = (signature[..126].to_owned(), format!("{signature}00"), "0".repeat(128));
    let spaced = format!(" {}", &signature[1..]);
    for forged in [&of_other, &of_body, &later, "", "00", &short, &long, &zeros, &spaced, "not hex"] {
        assert_eq!(knocker.post(forged, &time, &body).await.status(), StatusCode::UNAUTHORIZED, "{forged}");
        tried += 1;
    }
    let bare = knocker.client.post(&knocker.address).body(body.clone()).send().await.unwrap();
    assert_eq!(bare.status(), StatusCode::UNAUTHORIZED, "without any header");
    assert!(tried > 4000, "{tried}");
    assert!(knocker.nothing_came_in());
    assert_eq!(knocker.knock(&body).await.status(), StatusCode::ACCEPTED, "the door still opens for what is right");
}

/// A signature is valid for ever; that it is of now is ours to see.
#[tokio::test]
async fn a_post_of_another_time_does_not_come_in() {
    let mut knocker = Knocker::new().await;
    let body = command().to_string().into_bytes();
    for (off, status) in [(-6, StatusCode::UNAUTHORIZED), (-5, StatusCode::ACCEPTED), (0, StatusCode::ACCEPTED)]
        .into_iter()
        .chain([(5, StatusCode::ACCEPTED), (6, StatusCode::UNAUTHORIZED), (-86_400, StatusCode::UNAUTHORIZED)])
    {
        knocker.clock.store(NOW + off, Ordering::Relaxed);
        assert_eq!(knocker.knock(&body).await.status(), status, "{off} s");
    }
    knocker.clock.store(NOW, Ordering::Relaxed);
    while knocker.heard.try_recv().is_ok() {}
    for time in [
        "",
        "now",
        "+1790000000",
        "-1790000000",
        "1790000000.0",
        "1790000000 ",
        "99999999999999999999999",
        "１７９０００００００",
    ] {
        let signature = knocker.sign(time, &body);
        let request = knocker.client.post(&knocker.address).body(body.clone());
        let time = reqwest::header::HeaderValue::from_bytes(time.trim_end().as_bytes()).unwrap();
        let request = request.header("X-Signature-Ed25519", signature).header("X-Signature-Timestamp", time.clone());
        assert_eq!(request.send().await.unwrap().status(), StatusCode::UNAUTHORIZED, "{time:?}");
    }
    assert!(knocker.nothing_came_in());
}

#[tokio::test]
async fn what_is_signed_and_cannot_be_read_is_refused_and_counted() {
    let knocker = Knocker::new().await;
    let mut without_limit = command();
    without_limit.as_object_mut().unwrap().remove("attachment_size_limit");
    let bodies =
        ["", "{", "null", "[]", "{}", r#"{"type":1}"#, r#"{"type":99,"id":"1"}"#, "\u{0}", &without_limit.to_string()];
    for (at, body) in bodies.iter().enumerate() {
        let refused = knocker.knock(body.as_bytes()).await;
        assert_eq!(
            (refused.status(), refused.text().await.unwrap()),
            (StatusCode::BAD_REQUEST, String::new()),
            "{body}"
        );
        assert_eq!(knocker.counts.counts().unreadable(), at as u64 + 1, "{body}");
    }
}

#[tokio::test]
async fn what_is_too_large_is_not_read_and_what_is_no_post_finds_no_door() {
    let mut knocker = Knocker::new().await;
    let large = json!({"padding": "x".repeat(64 * 1024)}).to_string();
    assert_eq!(knocker.knock(large.as_bytes()).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    for method in [reqwest::Method::GET, reqwest::Method::PUT, reqwest::Method::DELETE] {
        let answer = knocker.client.request(method.clone(), &knocker.address).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
    assert!(knocker.nothing_came_in());
}

#[tokio::test]
async fn when_more_comes_than_can_be_handled_it_says_so() {
    let knocker = Knocker::new().await;
    let body = command().to_string().into_bytes();
    let mut taken = 0;
    loop {
        match knocker.knock(&body).await.status() {
            StatusCode::ACCEPTED => taken += 1,
            status => break assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE),
        }
        assert!(taken <= WAITING, "the queue has an end");
    }
    assert_eq!((taken, knocker.counts.counts().dropped()), (WAITING, 1));
}

/// Whoever can reach the door could otherwise keep it shut: with headers that never end, and with connections that say nothing.
#[tokio::test]
async fn who_does_not_get_to_the_point_is_shown_out_and_keeps_nobody_out() {
    let mut knocker = Knocker::new().await;
    let address = knocker.address.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let mut idle = Vec::new();
    for _ in 0..300 {
        idle.push(TcpStream::connect(&address).await.unwrap());
    }
    let first = &mut idle[0];
    let closed = async {
        first.write_all(b"POST / HTTP/1.1\r\nhost: x\r\nx-padding: ").await.unwrap();
        let mut answer = Vec::new();
        // A closed connection may also be reset.
        let _ = first.read_to_end(&mut answer).await;
    };
    tokio::time::timeout(Duration::from_secs(30), closed).await.expect("it is closed");
    let body = command().to_string();
    let taken = tokio::time::timeout(Duration::from_secs(30), knocker.knock(body.as_bytes()));
    assert_eq!(taken.await.expect("there is room").status(), StatusCode::ACCEPTED);
    assert!(knocker.heard.try_recv().is_ok());
}

#[tokio::test]
async fn headers_that_are_none_and_large_ones_are_refused() {
    let mut knocker = Knocker::new().await;
    let address = knocker.address.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let large = format!("POST / HTTP/1.1\r\nhost: x\r\nx-padding: {}\r\n\r\n", "x".repeat(1024 * 1024)).into_bytes();
    let odd = b"POST / HTTP/1.1\r\nhost: x\r\nx-signature-ed25519: \xff\xfe\r\nx-signature-timestamp: \xc3\r\ncontent-length: 2\r\n\
                connection: close\r\n\r\n{}";
    for (sent, status) in [(large.as_slice(), "431"), (odd, "401"), (b"\x16\x03\x01\x00\r\n\r\n", "400")] {
        let mut connection = TcpStream::connect(&address).await.unwrap();
        let (mut answer, (mut reads, mut writes)) = (Vec::new(), connection.split());
        let whole = async {
            let _ = tokio::join!(writes.write_all(sent), reads.read_to_end(&mut answer));
        };
        tokio::time::timeout(Duration::from_secs(20), whole).await.expect("it is closed");
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.contains(status), "{answer}");
    }
    assert!(knocker.nothing_came_in());
    assert_eq!(knocker.knock(command().to_string().as_bytes()).await.status(), StatusCode::ACCEPTED);
}

#[tokio::test]
async fn the_door_closes_when_it_is_told_to() {
    let knocker = Knocker::new().await;
    assert_eq!(knocker.knock(ping().to_string().as_bytes()).await.status(), StatusCode::OK);
    knocker.stop.send_replace(true);
    drop(knocker.client);
    knocker.door.await.unwrap().unwrap();
}

#[test]
fn a_key_that_is_none_opens_no_door() {
    let clock: Clock = Arc::new(Timestamp::now);
    let open = |key: &str| Door::new(key, listen::queue(1).0, Arc::clone(&clock)).map(|_| ());
    assert!(open(&hex::encode(SigningKey::from_bytes(&[7; 32]).verifying_key().as_bytes())).is_ok());
    // The neutral element and another point of small order: one signature would fit every message.
    let small = format!("01{}", "0".repeat(62));
    let off_curve = format!("02{}", "0".repeat(62));
    let eight = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a";
    for key in ["", "67", &"0".repeat(64), &small, eight, &off_curve, &"g".repeat(64)] {
        assert!(matches!(open(key), Err(ChatError::PublicKey)), "{key}");
    }
}
