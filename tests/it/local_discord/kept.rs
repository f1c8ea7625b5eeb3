//! What survives a restart of the local Discord: messages and commands, and no token.

use serde_json::{Value, json};

use super::wire::{Api, Wire, original};
use super::*;
use genkan::sandbox::discord::Filled;

#[tokio::test]
async fn messages_and_commands_are_there_again_and_secrets_are_not_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(LocalDiscord::restore(folder.path(), seed()).await.expect("readable").is_none());
    let (discord, served) = local().await;
    let api = Api::of(&served);
    api.register().await;
    let (mut wire, _) = Wire::identified(&served, json!({})).await;
    let deploy = async || {
        discord.person(AIKO).command("deploy", &[Filled::text("service", "api")]).await.expect("sent");
    };
    deploy().await;
    let answered = wire.interaction().await;
    api.callback(&answered, json!({ "type": 4, "data": { "content": "kept" } })).await;
    deploy().await;
    let hidden = wire.interaction().await;
    api.callback(&hidden, json!({ "type": 4, "data": { "content": "for her", "flags": 64 } })).await;
    deploy().await;
    let deferred = wire.interaction().await;
    api.callback(&deferred, json!({ "type": 5 })).await;
    discord.save(folder.path()).await.expect("saved");
    let text = std::fs::read_to_string(folder.path().join(LocalDiscord::STATE_FILE)).expect("a file");
    for secret in [TOKEN, answered["token"].as_str().expect("a token")] {
        assert!(!text.contains(secret));
    }

    let again = LocalDiscord::restore(folder.path(), seed()).await.expect("readable").expect("saved");
    assert_eq!(again.commands(), discord.commands());
    let messages = again.messages(AIKO, PLATFORM);
    assert_eq!(messages.iter().map(|one| &one["content"]).collect::<Vec<_>>(), ["kept"]);
    let served = again.serve(0, None).await.expect("a free port");
    let api = Api::of(&served);
    let path = format!("/channels/{PLATFORM}/messages/{}", messages[0]["id"].as_str().expect("an id"));
    assert_eq!(api.call("PATCH", &path, json!({ "content": "goes on" })).await.status, 200);
    assert_eq!(api.call("GET", &original(&answered), Value::Null).await.code, 10_015);
    let elsewhere = DiscordSeed { guild: 7, ..seed() };
    LocalDiscord::restore(folder.path(), elsewhere).await.expect_err("of another server");
}
