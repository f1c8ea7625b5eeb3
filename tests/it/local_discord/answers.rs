//! Interactions and their answers: one acknowledgement, three seconds, fifteen minutes, for whom, in which form.

use genkan::sandbox::discord::{Event, Filled};
use serde_json::json;

use super::wire::{Answer, Api, Wire, original};
use super::*;

/// A local Discord with a bot that registered `/deploy` and listens.
async fn listening() -> (LocalDiscord, ServedDiscord, Wire, Api) {
    let (discord, served) = local().await;
    let api = Api::of(&served);
    api.register().await;
    let (wire, _) = Wire::identified(&served, json!({})).await;
    (discord, served, wire, api)
}

async fn deploy(discord: &LocalDiscord) -> Id {
    discord.person(AIKO).command("deploy", &[Filled::text("service", "api")]).await.expect("sent")
}

fn refused(answer: &Answer, status: u16, code: u64) {
    assert_eq!((answer.status, answer.code), (status, code), "{answer:?}");
}

#[tokio::test]
async fn an_interaction_carries_everything_that_is_documented() {
    let (discord, _served, mut wire, _) = listening().await;
    let id = deploy(&discord).await;
    let heard = wire.interaction().await;
    assert_eq!(heard["id"], id.to_string());
    assert_eq!((&heard["type"], &heard["version"]), (&json!(2), &json!(1)));
    assert_eq!(heard["data"]["name"], "deploy");
    assert_eq!(heard["data"]["options"], json!([{ "name": "service", "type": 3, "value": "api" }]));
    assert_eq!(heard["data"]["id"], discord.commands()[0]["id"]);
    assert_eq!(heard["member"]["user"]["id"], AIKO.to_string());
    assert_eq!(heard["channel"]["id"], PLATFORM.to_string());
    for field in ["application_id", "guild_id", "guild_locale", "locale", "app_permissions", "token", "channel_id"] {
        assert!(heard[field].is_string(), "{field} in {heard}");
    }
    assert!(heard["attachment_size_limit"].is_number());
    discord.person(REN).at(APPROVALS).command("deploy", &[Filled::text("service", "x")]).await.expect("sent");
    let heard = wire.interaction().await;
    assert_eq!((&heard["locale"], &heard["member"]["roles"]), (&json!("ja"), &json!([LEADS.to_string()])));
    assert_eq!(heard["channel_id"], APPROVALS.to_string());
}

#[tokio::test]
async fn what_is_not_offered_cannot_be_done() {
    let (discord, served) = local().await;
    let api = Api::of(&served);
    let aiko = discord.person(AIKO);
    aiko.command("deploy", &[Filled::text("service", "x")]).await.expect_err("not registered");
    let command = json!({ "name": "deploy", "description": "d", "default_member_permissions": "32" });
    api.call("PUT", &wire::commands(), json!([command])).await;
    aiko.command("deploy", &[]).await.expect_err("for those who manage the server");
    api.register().await;
    aiko.command("deploy", &[]).await.expect_err("without the required option");
    discord.person(7).command("deploy", &[Filled::text("service", "x")]).await.expect_err("nobody");
    aiko.at(7).command("deploy", &[Filled::text("service", "x")]).await.expect_err("nowhere");
    assert!(discord.log().spoken().is_empty());
}

#[tokio::test]
async fn one_acknowledgement_within_three_seconds() {
    let (discord, _served, mut wire, api) = listening().await;
    let mut events = discord.events();
    deploy(&discord).await;
    let heard = wire.interaction().await;
    refused(&api.call("GET", &original(&heard), json!(null)).await, 404, 10_015);
    assert_eq!(api.callback(&heard, json!({ "type": 5, "data": {} })).await.status, 204);
    refused(&api.callback(&heard, json!({ "type": 5 })).await, 400, 40_060);

    let late = deploy(&discord).await;
    let heard = wire.interaction().await;
    discord.pass_time(Duration::from_millis(3001));
    let failed = loop {
        let event = tokio::time::timeout(PATIENCE, events.recv()).await.expect("in time").expect("an event");
        if let Event::Failed { interaction, name, .. } = event {
            break (interaction, name);
        }
    };
    assert_eq!(failed, (late, "/deploy".to_owned()), "the one that was acknowledged does not fail");
    refused(&api.callback(&heard, json!({ "type": 5 })).await, 404, 10_062);
    refused(&api.call("PATCH", &original(&heard), json!({ "content": "x" })).await, 404, 10_015);
    let mut forged = heard.clone();
    forged["token"] = json!("another");
    refused(&api.callback(&forged, json!({ "type": 5 })).await, 404, 10_062);
}

#[tokio::test]
async fn a_token_is_good_for_fifteen_minutes_and_the_bots_own_for_longer() {
    let (discord, _served, mut wire, api) = listening().await;
    deploy(&discord).await;
    let heard = wire.interaction().await;
    api.callback(&heard, json!({ "type": 5 })).await;
    let deferred = &discord.messages(REN, PLATFORM)[0];
    assert_eq!((&deferred["flags"], &deferred["content"]), (&json!(128), &json!("")));
    let edited = api.call("PATCH", &original(&heard), json!({ "content": "working" })).await;
    assert_eq!((edited.status, &edited.body["flags"]), (200, &json!(0)));
    discord.pass_time(Duration::from_mins(15));
    refused(&api.call("PATCH", &original(&heard), json!({ "content": "done" })).await, 401, 50_027);
    let path = format!("/channels/{PLATFORM}/messages/{}", edited.body["id"].as_str().expect("an id"));
    assert_eq!(api.call("PATCH", &path, json!({ "content": "done" })).await.status, 200);
    assert_eq!(discord.messages(AIKO, PLATFORM)[0]["content"], "done");
    refused(&api.call("PATCH", &path, json!({ "content": "" })).await, 400, 50_006);
}

#[tokio::test]
async fn what_is_ephemeral_is_seen_by_its_person_and_not_by_the_bots_token() {
    let (discord, _served, mut wire, api) = listening().await;
    deploy(&discord).await;
    let heard = wire.interaction().await;
    let hidden = json!({ "type": 4, "data": { "content": "for you", "flags": 64 } });
    assert_eq!(api.callback(&heard, hidden).await.status, 204);
    assert_eq!(discord.messages(AIKO, PLATFORM).len(), 1);
    assert_eq!(discord.messages(REN, PLATFORM).len(), 0);
    let answer = api.call("GET", &original(&heard), json!(null)).await;
    let id = answer.body["id"].as_str().expect("an id").to_owned();
    let path = format!("/channels/{PLATFORM}/messages/{id}");
    refused(&api.call("GET", &path, json!(null)).await, 404, 10_008);
    refused(&api.call("PATCH", &path, json!({ "content": "x" })).await, 404, 10_008);
    discord.person(REN).press(id.parse().expect("a number"), "x").await.expect_err("he does not see it");
    let more = format!("/webhooks/{BOT}/{}", heard["token"].as_str().expect("a token"));
    let follow_up = api.call("POST", &more, json!({ "content": "for all" })).await;
    assert_eq!(follow_up.body["message_reference"]["message_id"], id.as_str());
    assert_eq!(discord.messages(REN, PLATFORM).len(), 1);
    let path = format!("{more}/messages/{}", follow_up.body["id"].as_str().expect("an id"));
    assert_eq!(api.call("PATCH", &path, json!({ "content": "for everybody" })).await.status, 200);
    assert_eq!(api.call("DELETE", &path, json!(null)).await.status, 204);
    refused(&api.call("DELETE", &path, json!(null)).await, 404, 10_008);
    assert_eq!(api.call("DELETE", &original(&heard), json!(null)).await.status, 204);
    assert_eq!(discord.messages(AIKO, PLATFORM).len(), 0);
}

#[tokio::test]
async fn each_kind_of_interaction_takes_its_kinds_of_answers() {
    let (discord, _served, mut wire, api) = listening().await;
    for kind in [1, 6, 7, 8, 77] {
        deploy(&discord).await;
        let heard = wire.interaction().await;
        let answer = api.callback(&heard, json!({ "type": kind, "data": { "content": "x", "choices": [] } })).await;
        refused(&answer, 400, 50_035);
        assert!(answer.body["errors"]["type"]["_errors"].is_array(), "{answer:?}");
    }
    let aiko = discord.person(AIKO);
    let typing = tokio::spawn(async move { aiko.autocomplete("deploy", &[Filled::typing("service", "a")]).await });
    let heard = wire.interaction().await;
    assert_eq!(heard["type"], 4);
    assert_eq!(heard["data"]["options"][0]["focused"], true);
    refused(&api.callback(&heard, json!({ "type": 5 })).await, 400, 50_035);
    let many = json!({ "type": 8, "data": { "choices": vec![json!({ "name": "n", "value": "v" }); 26] } });
    refused(&api.callback(&heard, many).await, 400, 50_035);
    discord.pass_time(Duration::from_secs(4));
    typing.await.expect("no panic").expect_err("nobody answered in time");
}

#[tokio::test]
async fn a_first_follow_up_after_a_defer_edits_the_answer_and_is_noted() {
    let (discord, _served, mut wire, api) = listening().await;
    deploy(&discord).await;
    let heard = wire.interaction().await;
    api.callback(&heard, json!({ "type": 5, "data": { "flags": 64 } })).await;
    let path = format!("/webhooks/{BOT}/{}", heard["token"].as_str().expect("a token"));
    let quiet = json!({ "content": "here", "allowed_mentions": { "parse": [] } });
    assert_eq!(api.call("POST", &path, quiet).await.status, 200);
    assert_eq!(discord.messages(AIKO, PLATFORM).len(), 1);
    assert_eq!(discord.messages(AIKO, PLATFORM)[0]["flags"], 64, "still only for her");
    assert_eq!(discord.log().lints().len(), 1, "{:?}", discord.log().lints());
    let written = format!("{:?}", discord.log().calls());
    assert!(!written.contains(heard["token"].as_str().expect("a token")), "no token is written down");
    assert!(!written.contains(TOKEN));
}
