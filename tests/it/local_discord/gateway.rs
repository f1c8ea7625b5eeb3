//! The gateway, frame by frame: HELLO, IDENTIFY, heartbeats, RESUME with replay, close codes, both kinds of frames.

use genkan::sandbox::discord::Filled;
use genkan::sandbox::discord::faults::{Effect, Rule};
use serde_json::{Value, json};

use super::wire::{Api, Came, Wire, identify};
use super::*;

async fn registered() -> (LocalDiscord, ServedDiscord) {
    let (discord, served) = local().await;
    Api::of(&served).register().await;
    (discord, served)
}

async fn deploy(discord: &LocalDiscord, service: &str) -> Id {
    discord.person(AIKO).command("deploy", &[Filled::text("service", service)]).await.expect("sent")
}

fn resume(session: &Value, sequence: u64) -> Value {
    json!({ "op": 6, "d": { "token": format!("Bot {TOKEN}"), "session_id": session, "seq": sequence } })
}

#[tokio::test]
async fn frames_are_text_or_one_whole_zlib_stream_each() {
    let (discord, served) = registered().await;
    discord.set_heartbeat(Duration::from_secs(5));
    for compress in [false, true] {
        let mut wire = Wire::open(&served, "v=10").await;
        assert!(matches!(wire.next().await, Came::Payload(hello, false) if hello["d"]["heartbeat_interval"] == 5000));
        wire.send(&identify(json!({ "compress": compress }))).await;
        assert!(
            matches!(wire.next().await, Came::Payload(ready, packed) if ready["t"] == "READY" && packed == compress)
        );
        wire.send(&json!({ "op": 1, "d": 1 })).await;
        assert!(matches!(wire.next().await, Came::Payload(ack, packed) if ack["op"] == 11 && packed == compress));
        deploy(&discord, "api").await;
        assert!(matches!(wire.next().await, Came::Payload(event, _) if event["s"] == 2));
        wire.close(1000).await;
    }
    assert_eq!(discord.log().identifies(), 2);
    discord.wait_for(PATIENCE, |discord| (!discord.online()).then_some(())).await.expect("offline");
}

#[tokio::test]
async fn what_was_missed_is_replayed_in_order_and_several_sessions_all_hear() {
    let (discord, served) = registered().await;
    let (mut one, ready) = Wire::identified(&served, json!({})).await;
    let (mut other, _) = Wire::identified(&served, json!({})).await;
    deploy(&discord, "first").await;
    let service = |heard: &Value| heard["data"]["options"][0]["value"].clone();
    assert_eq!(service(&one.interaction().await), "first");
    assert_eq!(service(&other.interaction().await), "first");
    drop(one);
    let gone = |discord: &LocalDiscord| discord.log().spoken().iter().any(|one| one.what == "GONE").then_some(());
    discord.wait_for(PATIENCE, gone).await.expect("noticed");
    assert!(discord.online(), "the other one is still there");
    for name in ["second", "third"] {
        deploy(&discord, name).await;
    }
    let mut back = Wire::open(&served, "v=10").await;
    back.payload().await;
    back.send(&resume(&ready["session_id"], 2)).await;
    assert_eq!(service(&back.interaction().await), "second");
    assert_eq!(service(&back.interaction().await), "third");
    assert_eq!(back.payload().await["t"], "RESUMED");
    deploy(&discord, "fourth").await;
    assert_eq!(service(&back.interaction().await), "fourth");
}

#[tokio::test]
async fn a_session_that_is_not_known_or_was_closed_for_good_is_invalid() {
    let (discord, served) = registered().await;
    let (wire, ready) = Wire::identified(&served, json!({})).await;
    wire.close(1000).await;
    let over = |discord: &LocalDiscord| (!discord.online()).then_some(());
    discord.wait_for(PATIENCE, over).await.expect("noticed");
    for session in [&ready["session_id"], &json!("another")] {
        let mut back = Wire::open(&served, "v=10").await;
        back.payload().await;
        back.send(&resume(session, 1)).await;
        let answer = back.payload().await;
        assert_eq!((&answer["op"], &answer["d"]), (&json!(9), &json!(false)));
        back.send(&identify(json!({}))).await;
        assert_eq!(back.payload().await["t"], "READY", "a new session on the same connection");
    }
}

#[tokio::test]
async fn what_a_client_does_wrong_closes_the_connection_with_discords_code() {
    let (_discord, served) = registered().await;
    let long = "x".repeat(5000);
    for (payload, code) in [
        (json!({ "op": 99 }), 4001),
        (json!({ "op": 1, "d": long }), 4002),
        (json!({ "op": 3, "d": {} }), 4003),
        (identify(json!({ "token": "wrong" })), 4004),
        (json!({ "op": 6, "d": { "token": TOKEN, "session_id": "x" } }), 4007),
        (identify(json!({ "shard": [2, 1] })), 4010),
        (identify(json!({ "intents": 1_u64 << 40 })), 4013),
        (identify(json!({ "intents": 1 << 15 })), 4014),
    ] {
        let mut wire = Wire::open(&served, "v=10").await;
        wire.payload().await;
        wire.send(&payload).await;
        assert_eq!(wire.next().await, Came::Close(code));
    }
    let (mut wire, _) = Wire::identified(&served, json!({})).await;
    wire.send(&identify(json!({}))).await;
    assert_eq!(wire.next().await, Came::Close(4005));
    let mut wire = Wire::open(&served, "v=9").await;
    assert_eq!(wire.next().await, Came::Close(4012));
    let (mut wire, _) = Wire::identified(&served, json!({})).await;
    for _ in 0..120 {
        wire.send(&json!({ "op": 1, "d": null })).await;
    }
    let end = loop {
        match wire.next().await {
            Came::Payload(..) => {}
            end => break end,
        }
    };
    assert_eq!(end, Came::Close(4008));
}

#[tokio::test]
async fn who_does_not_send_heartbeats_is_timed_out() {
    let (discord, served) = registered().await;
    discord.set_heartbeat(Duration::from_millis(50));
    let (mut wire, _) = Wire::identified(&served, json!({})).await;
    assert_eq!(wire.next().await, Came::Close(4009));
}

#[tokio::test]
async fn disturbances_reach_every_connection() {
    let (discord, served) = registered().await;
    let (mut wire, ready) = Wire::identified(&served, json!({})).await;
    discord.disturb(&Effect::Reconnect);
    assert_eq!(wire.payload().await["op"], 7);
    discord.disturb(&Effect::InvalidSession { resumable: true });
    let invalid = wire.payload().await;
    assert_eq!((&invalid["op"], &invalid["d"]), (&json!(9), &json!(true)));
    assert!(!discord.online());
    wire.send(&resume(&ready["session_id"], 1)).await;
    assert_eq!(wire.payload().await["t"], "RESUMED", "on the same connection");
    discord.disturb(&Effect::Close(4000));
    assert_eq!(wire.next().await, Came::Close(4000));
    let (mut wire, _) = Wire::identified(&served, json!({})).await;
    discord.disturb(&Effect::Cut);
    assert_eq!(wire.next().await, Came::Broken);
    discord.faults().add(Rule::next("IDENTIFY", Effect::Close(4014)));
    let mut wire = Wire::open(&served, "v=10").await;
    wire.payload().await;
    wire.send(&identify(json!({}))).await;
    assert_eq!(wire.next().await, Came::Close(4014));
}

#[tokio::test]
async fn a_delivery_may_come_twice_late_or_broken() {
    let (discord, served) = registered().await;
    let (mut wire, _) = Wire::identified(&served, json!({})).await;
    let spoil = |effect| discord.faults().add(Rule::next("INTERACTION_CREATE", effect));
    spoil(Effect::Twice);
    deploy(&discord, "twice").await;
    assert_eq!(wire.interaction().await, wire.interaction().await);
    spoil(Effect::Malformed);
    deploy(&discord, "broken").await;
    assert!(wire.interaction().await.get("attachment_size_limit").is_none());
    spoil(Effect::Late(Duration::from_mins(1)));
    let id = deploy(&discord, "late").await;
    assert_eq!(wire.interaction().await["id"], id.to_string());
    let age = discord.now().duration_since(genkan::sandbox::discord::made_at(id));
    assert!(age.as_secs() >= 60, "{age:?}");
    let failed = discord.log().calls().len();
    assert_eq!(failed, 1, "only the registration was called");
}
