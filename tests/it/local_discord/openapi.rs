//! Discord's own OpenAPI document, where the environment variable `GENKAN_DISCORD_OPENAPI` names it: what the local Discord
//! answers, and what a bot sent to it, held against it.

use genkan::sandbox::discord::Filled;
use genkan::sandbox::discord::log::Recorded;
use serde_json::{Value, json};

use super::wire::{Api, Wire, commands, original};
use super::*;

/// The document.
pub(crate) struct Document(Value);

impl Document {
    /// Reads it; `None`, and a word about it on the standard error output, where the variable is not set.
    pub(crate) fn at_hand() -> Option<Self> {
        let Ok(path) = std::env::var("GENKAN_DISCORD_OPENAPI") else {
            eprintln!("not run: GENKAN_DISCORD_OPENAPI names no copy of Discord's openapi.json (discord-api-spec)");
            return None;
        };
        let text = std::fs::read_to_string(&path).expect("the file that GENKAN_DISCORD_OPENAPI names");
        let mut document: Value = serde_json::from_str(&text).expect("JSON");
        // The document's README: permissions are sent as text, and its types say whole number.
        let permissions = &mut document["components"]["schemas"]["ApplicationCommandUpdateRequest"]["properties"];
        permissions["default_member_permissions"] = json!({});
        Some(Self(document))
    }

    /// What is wrong with a value of this schema.
    pub(crate) fn wrong(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut whole = schema.clone();
        whole["components"] = self.0["components"].clone();
        let validator = jsonschema::validator_for(&whole).expect("a schema");
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    /// What is wrong with an answer to this operation.
    fn answer(&self, method: &str, path: &str, status: u16, value: &Value) -> Vec<String> {
        let schema =
            &self.0["paths"][path][method]["responses"][status.to_string()]["content"]["application/json"]["schema"];
        assert!(!schema.is_null(), "{method} {path} answers {status}");
        self.wrong(schema, value)
    }

    /// What is wrong with the body of a recorded call; empty for calls without one.
    pub(crate) fn request(&self, call: &Recorded) -> Vec<String> {
        let (method, path) = match call.route.as_str() {
            "PUT commands" => ("put", "/applications/{application_id}/guilds/{guild_id}/commands"),
            "POST callback" => ("post", "/interactions/{interaction_id}/{interaction_token}/callback"),
            "PATCH @original" => ("patch", "/webhooks/{webhook_id}/{webhook_token}/messages/@original"),
            "POST follow-up" => ("post", "/webhooks/{webhook_id}/{webhook_token}"),
            "PATCH follow-up" => ("patch", "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"),
            "POST message" => ("post", "/channels/{channel_id}/messages"),
            "PATCH message" => ("patch", "/channels/{channel_id}/messages/{message_id}"),
            _ => return Vec::new(),
        };
        let schema = &self.0["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"];
        assert!(!schema.is_null(), "{method} {path} has a body");
        self.wrong(schema, &call.body).into_iter().map(|wrong| format!("{}: {wrong}", call.route)).collect()
    }
}

#[tokio::test]
async fn what_the_local_discord_answers_is_what_discords_document_says() {
    let Some(document) = Document::at_hand() else { return };
    let (discord, served) = local().await;
    let api = Api::of(&served);
    api.register().await;
    let (mut wire, _) = Wire::identified(&served, json!({})).await;
    let mut wrong = Vec::new();
    let mut check = |method: &str, path: &str, status: u16, answer: &Value| {
        let found = document.answer(method, path, status, answer);
        wrong.extend(found.into_iter().map(|one| format!("{method} {path}: {one}")));
    };
    for (path, asked) in [
        ("/gateway", "/gateway".to_owned()),
        ("/gateway/bot", "/gateway/bot".to_owned()),
        ("/users/@me", "/users/@me".to_owned()),
        ("/applications/@me", "/applications/@me".to_owned()),
        ("/oauth2/applications/@me", "/oauth2/applications/@me".to_owned()),
        ("/applications/{application_id}/guilds/{guild_id}/commands", commands()),
        ("/channels/{channel_id}", format!("/channels/{PLATFORM}")),
        ("/guilds/{guild_id}", format!("/guilds/{GUILD}")),
    ] {
        check("get", path, 200, &api.call("GET", &asked, Value::Null).await.body);
    }
    discord.person(AIKO).command("deploy", &[Filled::text("service", "api")]).await.expect("sent");
    let heard = wire.interaction().await;
    let (id, token) = (heard["id"].as_str().expect("an id"), heard["token"].as_str().expect("a token"));
    let callback = format!("/interactions/{id}/{token}/callback?with_response=true");
    let answer = api.call("POST", &callback, json!({ "type": 4, "data": { "content": "x" } })).await;
    check("post", "/interactions/{interaction_id}/{interaction_token}/callback", 200, &answer.body);
    let row = json!([{ "type": 1, "components": [{ "type": 2, "style": 1, "label": "Approve", "custom_id": "a" }] }]);
    let embed = json!([{ "title": "t", "fields": [{ "name": "n", "value": "v" }], "footer": { "text": "f" } }]);
    let edit = json!({ "embeds": embed, "components": row });
    let answer = api.call("PATCH", &original(&heard), edit).await;
    check("patch", "/webhooks/{webhook_id}/{webhook_token}/messages/@original", 200, &answer.body);
    let more = format!("/webhooks/{BOT}/{token}");
    let answer = api.call("POST", &more, json!({ "content": "more" })).await;
    check("post", "/webhooks/{webhook_id}/{webhook_token}", 200, &answer.body);
    let path = format!("/channels/{PLATFORM}/messages");
    let answer = api.call("POST", &path, json!({ "content": format!("<@{AIKO}>"), "nonce": "1" })).await;
    check("post", "/channels/{channel_id}/messages", 200, &answer.body);
    check("get", "/channels/{channel_id}/messages", 200, &api.call("GET", &path, Value::Null).await.body);
    for call in discord.log().calls() {
        wrong.extend(document.request(&call));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
