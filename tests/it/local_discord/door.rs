//! The bot's HTTP door: taken only where bad signatures are refused; interactions posted there, answered inline or by callback.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use genkan::sandbox::discord::Filled;
use genkan::sandbox::discord::faults::{Effect, Rule};
use serde_json::{Value, json};
use serenity::interactions_endpoint::Verifier;
use tokio::sync::mpsc;

use super::wire::{Api, original};
use super::*;

/// A door of the bot's that checks signatures while `honest` is true, and gives out what it hears.
struct Door {
    url: String,
    honest: Arc<AtomicBool>,
    heard: mpsc::UnboundedReceiver<Value>,
}

/// What a door answers a command with: nothing (202, the callback follows), or an answer at once.
#[derive(Clone, Copy, PartialEq)]
enum Style {
    Callback,
    Inline,
}

impl Door {
    async fn open(key: &str, style: Style) -> Self {
        let honest = Arc::new(AtomicBool::new(true));
        let (tell, heard) = mpsc::unbounded_channel();
        let verifier = Arc::new(Verifier::new(key));
        let checks = Arc::clone(&honest);
        let app = Router::new().route(
            "/interactions",
            post(move |headers: HeaderMap, body: Bytes| async move {
                let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
                let (signature, time) = (text("x-signature-ed25519"), text("x-signature-timestamp"));
                let right = verifier.verify(signature, time, &body).is_ok();
                if !right && checks.load(Ordering::Relaxed) {
                    return (StatusCode::UNAUTHORIZED, String::new());
                }
                let heard: Value = serde_json::from_slice(&body).expect("JSON");
                if heard["type"] == 1 {
                    return (StatusCode::OK, json!({ "type": 1 }).to_string());
                }
                tell.send(heard).expect("the test listens");
                match style {
                    Style::Callback => (StatusCode::ACCEPTED, String::new()),
                    Style::Inline => {
                        (StatusCode::OK, json!({ "type": 4, "data": { "content": "at once" } }).to_string())
                    }
                }
            }),
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address: SocketAddr = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url: format!("http://{address}/interactions"), honest, heard }
    }

    async fn hear(&mut self) -> Value {
        tokio::time::timeout(PATIENCE, self.heard.recv()).await.expect("in time").expect("something is heard")
    }
}

async fn deploy(discord: &LocalDiscord) -> Id {
    discord.person(AIKO).command("deploy", &[Filled::text("service", "api")]).await.expect("sent")
}

#[tokio::test]
async fn interactions_are_posted_signed_and_acknowledged_through_the_callback() {
    let (discord, served) = local().await;
    let api = Api::of(&served);
    api.register().await;
    let mut door = Door::open(&discord.public_key(), Style::Callback).await;
    assert!(!discord.online());
    discord.set_endpoint(Some(&door.url)).await.expect("a careful door");
    assert!(discord.online());
    discord.faults().add(Rule::next("INTERACTION_CREATE", Effect::Twice));
    let id = deploy(&discord).await;
    let heard = door.hear().await;
    assert_eq!(heard["id"], id.to_string());
    assert_eq!(door.hear().await, heard, "delivered twice on purpose");
    assert_eq!(api.callback(&heard, json!({ "type": 5 })).await.status, 204);
    assert_eq!(api.call("PATCH", &original(&heard), json!({ "content": "done" })).await.status, 200);
    assert_eq!(discord.messages(REN, PLATFORM)[0]["content"], "done");
    discord.set_endpoint(None).await.expect("taken away");
    assert!(!discord.online());
}

#[tokio::test]
async fn an_answer_may_come_with_the_response() {
    let (discord, served) = local().await;
    Api::of(&served).register().await;
    let mut door = Door::open(&discord.public_key(), Style::Inline).await;
    discord.set_endpoint(Some(&door.url)).await.expect("a careful door");
    deploy(&discord).await;
    door.hear().await;
    let ren = discord.person(REN);
    let message = super::serenity_client::seen(&ren, |message| message["content"] == "at once").await;
    assert_eq!(message["interaction_metadata"]["user"]["id"], AIKO.to_string());
    assert_eq!(discord.log().calls_of("POST callback").len(), 1, "recorded like any other");
}

#[tokio::test]
async fn a_door_that_accepts_bad_signatures_is_refused_and_later_closed() {
    let (discord, served) = local().await;
    Api::of(&served).register().await;
    let door = Door::open(&discord.public_key(), Style::Callback).await;
    door.honest.store(false, Ordering::Relaxed);
    let why = discord.set_endpoint(Some(&door.url)).await.expect_err("it accepts everything");
    assert!(why.0.contains("401"), "{why}");
    let other = Door::open(&"11".repeat(32), Style::Callback).await;
    discord.set_endpoint(Some(&other.url)).await.expect_err("it does not take the PING");
    discord.set_endpoint(Some("http://127.0.0.1:1/x")).await.expect_err("nobody listens");
    discord.set_endpoint(Some("https://example.org/x")).await.expect_err("not on this machine");

    door.honest.store(true, Ordering::Relaxed);
    discord.set_endpoint(Some(&door.url)).await.expect("careful now");
    door.honest.store(false, Ordering::Relaxed);
    for _ in 0..20 {
        deploy(&discord).await;
    }
    let closed = discord.wait_for(PATIENCE, |discord| (!discord.online()).then_some(())).await;
    closed.expect("a bad signature is tried again now and then");
}
