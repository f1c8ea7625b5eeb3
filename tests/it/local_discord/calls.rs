//! Plain calls with the bot's token: who may, what fits, how often, and what goes wrong on purpose.

use genkan::sandbox::discord::faults::{Effect, Rule};
use serde_json::{Value, json};

use super::wire::{Api, commands};
use super::*;

fn messages(channel: Id) -> String {
    format!("/channels/{channel}/messages")
}

async fn api() -> (LocalDiscord, ServedDiscord, Api) {
    let (discord, served) = local().await;
    let api = Api::of(&served);
    (discord, served, api)
}

#[tokio::test]
async fn who_the_bot_is_and_where_its_gateway_is() {
    let (_discord, served, api) = api().await;
    let get = async |path: &str| api.call("GET", path, Value::Null).await;
    assert_eq!(get("/users/@me").await.body["id"], BOT.to_string());
    assert_eq!(get("/applications/@me").await.body["id"], BOT.to_string());
    assert_eq!(get("/oauth2/applications/@me").await.body["verify_key"].as_str().map(str::len), Some(64));
    assert_eq!(get("/gateway").await.body["url"], format!("ws://{}/gw", served.address));
    assert_eq!(get("/gateway/bot").await.body["session_start_limit"]["total"], 1000);
    assert_eq!(get(&format!("/channels/{PLATFORM}")).await.body["name"], "platform");
    assert_eq!(get(&format!("/guilds/{GUILD}")).await.body["roles"][0]["name"], "infra-lead");
    for (token, path) in [(Some("wrong"), "/users/@me"), (None, "/users/@me"), (None, "/gateway")] {
        let answer = api.attempt("GET", path, Value::Null, token).await.expect("an answer");
        assert_eq!(answer.status, 401, "{path}");
    }
    assert_eq!(get("/voice/regions").await.status, 404);
    let real = "MTE4MDAwMDAwMDAwMDAwNTAw.GaBcDe.abcdefghijklmnopqrstuvwxyz0123456789AB";
    let refused = LocalDiscord::start(DiscordSeed { bot_token: real.into(), ..seed() });
    assert!(!refused.expect_err("a real token").to_string().contains(real));
}

#[tokio::test]
async fn commands_keep_their_ids_and_have_new_versions_when_they_change() {
    let (discord, _served, api) = api().await;
    let put = async |description: &str| {
        let localised = json!({ "ja": "あ" });
        let one = json!({ "name": "a", "description": "d", "description_localizations": localised });
        let two = json!({ "name": "b", "description": description });
        api.call("PUT", &commands(), json!([one, two])).await.body
    };
    let (first, same, changed) = (put("d").await, put("d").await, put("other").await);
    assert_eq!(first, same);
    assert_eq!(first[0], changed[0]);
    assert_eq!(first[1]["id"], changed[1]["id"]);
    assert_ne!(first[1]["version"], changed[1]["version"]);
    let shown = api.call("GET", &commands(), Value::Null).await.body;
    assert!(shown[0].get("description_localizations").is_none());
    let shown = api.call("GET", &format!("{}?with_localizations=true", commands()), Value::Null).await.body;
    assert_eq!(shown[0]["description_localizations"]["ja"], "あ");
    let bad = api.call("PUT", &commands(), json!([{ "name": "Up", "description": "d" }])).await;
    assert_eq!((bad.status, bad.code), (400, 50_035));
    assert_eq!(bad.body["errors"]["0"]["name"]["_errors"][0]["code"], "APPLICATION_COMMAND_INVALID_NAME");
    assert_eq!(discord.commands().len(), 2, "nothing changed");
    let elsewhere = format!("/applications/{BOT}/guilds/7/commands");
    assert_eq!(api.call("PUT", &elsewhere, json!([])).await.code, 10_004);
}

#[tokio::test]
async fn a_nonce_is_posted_once() {
    let (discord, _served, api) = api().await;
    let post = async |channel| {
        let body = json!({ "content": "card", "nonce": "r-1", "enforce_nonce": true });
        api.call("POST", &messages(channel), body).await.body["id"].clone()
    };
    let first = post(PLATFORM).await;
    assert_eq!(post(PLATFORM).await, first);
    assert_ne!(post(APPROVALS).await, first);
    assert_eq!(discord.messages(AIKO, PLATFORM).len(), 1);
    discord.pass_time(Duration::from_mins(6));
    assert_ne!(post(PLATFORM).await, first, "only for some minutes");
    let listed = api.call("GET", &format!("{}?limit=1", messages(PLATFORM)), Value::Null).await.body;
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    assert_ne!(listed[0]["id"], first, "the newest");
}

#[tokio::test]
async fn a_channel_may_be_closed_to_the_bot() {
    let (discord, _served, api) = api().await;
    let post = async |channel: Id| api.call("POST", &messages(channel), json!({ "content": "x" })).await.code;
    discord.set_access(PLATFORM, Access::Read);
    discord.set_access(APPROVALS, Access::None);
    assert_eq!((post(PLATFORM).await, post(APPROVALS).await, post(7).await), (50_013, 50_001, 10_003));
    assert_eq!(api.call("GET", &format!("/channels/{APPROVALS}"), Value::Null).await.code, 50_001);
    discord.set_access(PLATFORM, Access::Write);
    assert_eq!(post(PLATFORM).await, 0);
    let gone = format!("{}/118000000000009999", messages(PLATFORM));
    assert_eq!(api.call("PATCH", &gone, json!({ "content": "x" })).await.code, 10_008);
}

#[tokio::test]
async fn a_message_pings_whom_it_may() {
    let (discord, _served, api) = api().await;
    let content = format!("<@{AIKO}> <@&{LEADS}> @everyone");
    let post = async |allowed: Value| {
        let mut body = json!({ "content": content });
        if !allowed.is_null() {
            body["allowed_mentions"] = allowed;
        }
        let made = api.call("POST", &messages(PLATFORM), body).await.body;
        let count = |part: &str| made[part].as_array().map_or(0, Vec::len);
        (count("mentions"), count("mention_roles"), made["mention_everyone"] == true)
    };
    assert_eq!(post(Value::Null).await, (1, 1, true));
    assert_eq!(post(json!({ "parse": [] })).await, (0, 0, false));
    assert_eq!(post(json!({ "parse": [], "roles": [LEADS.to_string()] })).await, (0, 1, false));
    assert_eq!(discord.log().lints().len(), 1, "the first one leaves mentions open");
    let both = json!({ "content": "x", "allowed_mentions": { "parse": ["roles"], "roles": [LEADS.to_string()] } });
    assert_eq!(api.call("POST", &messages(PLATFORM), both).await.code, 50_035);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_its_place() {
    let (discord, _served, api) = api().await;
    let long = api.call("POST", &messages(PLATFORM), json!({ "content": "x".repeat(2001) })).await;
    assert_eq!((long.status, long.code), (400, 50_035));
    assert_eq!(long.body["errors"]["content"]["_errors"][0]["code"], "BASE_TYPE_MAX_LENGTH");
    for empty in [json!({}), json!({ "content": " " }), json!({ "embeds": [] })] {
        assert_eq!(api.call("POST", &messages(PLATFORM), empty).await.code, 50_006);
    }
    assert!(discord.messages(AIKO, PLATFORM).is_empty());
    let recorded = discord.log().calls_of("POST message");
    assert_eq!(recorded.len(), 4);
    assert_eq!((recorded[0].status, recorded[0].code), (Some(400), Some(50_035)));
}

#[tokio::test]
async fn every_answer_says_how_much_is_left_and_too_much_is_refused() {
    let (discord, _served, api) = api().await;
    discord.rates().limit("POST message", 2, Duration::from_mins(10));
    let post = async |channel| api.call("POST", &messages(channel), json!({ "content": "x" })).await;
    let header = |answer: &super::wire::Answer, name: &str| {
        answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let first = post(PLATFORM).await;
    assert_eq!(
        (header(&first, "x-ratelimit-limit"), header(&first, "x-ratelimit-remaining")),
        ("2".into(), "1".into())
    );
    assert!(!header(&first, "x-ratelimit-bucket").is_empty());
    post(PLATFORM).await;
    let third = post(PLATFORM).await;
    assert_eq!((third.status, &third.body["global"]), (429, &json!(false)));
    let after: f64 = header(&third, "retry-after").parse().expect("seconds");
    assert!((after - 600.0).abs() < 0.01 && third.body["retry_after"] == after, "{after}");
    assert_eq!(post(APPROVALS).await.status, 200, "another channel, another bucket");
    discord.pass_time(Duration::from_secs(601));
    assert_eq!(post(PLATFORM).await.status, 200);
    discord.rates().limit_all(1);
    assert_eq!(post(APPROVALS).await.status, 200);
    let fifth = post(APPROVALS).await;
    assert_eq!((fifth.status, header(&fifth, "x-ratelimit-global")), (429, "true".into()));
    discord.pass_time(Duration::from_secs(1));
    assert_eq!(post(APPROVALS).await.status, 200);
}

#[tokio::test]
async fn what_goes_wrong_on_purpose_goes_wrong_as_often_as_its_rule_says() {
    let (discord, _served, api) = api().await;
    let post = async || api.attempt("POST", &messages(PLATFORM), json!({ "content": "x" }), Some(TOKEN)).await;
    let rule = |effect| discord.faults().add(Rule::next("POST message", effect));
    rule(Effect::TooMany { global: true, after: Duration::from_millis(700) });
    rule(Effect::Error { status: 503, code: 0, message: "upstream".into() });
    rule(Effect::LoseRequest);
    rule(Effect::LoseResponse);
    let throttled = post().await.expect("an answer");
    assert_eq!((throttled.status, &throttled.body["global"]), (429, &json!(true)));
    assert_eq!(throttled.headers["retry-after"], "0.700");
    assert_eq!(throttled.headers["x-ratelimit-global"], "true");
    assert_eq!(post().await.expect("an answer").status, 503);
    post().await.expect_err("lost before it was done");
    assert!(discord.messages(AIKO, PLATFORM).is_empty());
    post().await.expect_err("done, and the answer is lost");
    assert_eq!(discord.messages(AIKO, PLATFORM).len(), 1);
    assert_eq!(post().await.expect("the rules are used up").status, 200);
    let kept: Vec<_> = discord.log().calls().iter().map(|call| (call.status, call.answer_lost)).collect();
    assert_eq!(kept, [(Some(429), false), (Some(503), false), (None, false), (Some(200), true), (Some(200), false)]);
}
