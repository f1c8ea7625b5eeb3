//! `genkan serve` as a process: its exit codes, and that no token is in what it writes.

use std::path::Path;
use std::process::{Output, Stdio};

use genkan::sandbox::discord::{LocalDiscord, ServedDiscord};
use tokio::process::{Child, Command};

use super::doors_gateway::local;
use crate::local_discord::{PATIENCE, TOKEN};

/// A process that serves at this local Discord, logging all that it can be made to log.
fn serve(served: &ServedDiscord, folder: &Path, token: Option<&str>) -> Child {
    let text = include_str!("../../../config/sandbox.toml");
    let text = text.replace("[discord]\n", &format!("[discord]\napi = \"{}\"\n", served.endpoint()));
    let config = folder.join("genkan.toml");
    std::fs::write(&config, text).expect("a config");
    let mut command = Command::new(env!("CARGO_BIN_EXE_genkan"));
    command.args(["serve", "--config"]).arg(&config).env("GENKAN_LOG", "trace").env_remove("DISCORD_TOKEN");
    // No AWS is there: the worker has nothing to do.
    command
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .env("AWS_ACCESS_KEY_ID", "x")
        .env("AWS_SECRET_ACCESS_KEY", "x");
    if let Some(token) = token {
        command.env("DISCORD_TOKEN", token);
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn().expect("it starts")
}

async fn ended(child: Child) -> (Option<i32>, String) {
    let ended = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.expect("it ends").expect("it was there");
    let Output { status, stdout, stderr } = ended;
    (status.code(), String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned())
}

#[tokio::test]
async fn a_bot_that_discord_refuses_ends_with_a_code_of_its_own() {
    let (_, served) = local().await;
    let folder = tempfile::tempdir().unwrap();
    let (code, told) = ended(serve(&served, folder.path(), Some("another-token"))).await;
    assert_eq!(code, Some(6), "{told}");
    assert!(told.contains("Reset Token") && !told.contains("another-token"), "{told}");
    let (code, told) = ended(serve(&served, folder.path(), None)).await;
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("DISCORD_TOKEN") && told.contains("token_file"), "{told}");
}

#[tokio::test]
async fn a_bot_that_is_stopped_ends_well_and_has_told_no_token() {
    let (discord, served) = local().await;
    let folder = tempfile::tempdir().unwrap();
    let bot = serve(&served, folder.path(), Some(TOKEN));
    let there = |discord: &LocalDiscord| discord.online().then_some(());
    discord.wait_for(PATIENCE, there).await.expect("it comes online");
    let aiko = discord.person(crate::local_discord::AIKO);
    let asked = aiko.command("requests", &[]).await.unwrap().to_string();
    let answered = |discord: &LocalDiscord| discord.log().calls_of("PATCH @original").pop();
    discord.wait_for(PATIENCE, answered).await.unwrap_or_else(|| panic!("{asked} is answered"));
    let pid = bot.id().expect("it runs").to_string();
    let sent = Command::new("kill").args(["-TERM", &pid]).status().await.expect("kill is there");
    assert!(sent.success());
    let (code, told) = ended(bot).await;
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("the commands were registered") && told.contains("the gateway is connected"), "{told}");
    // The bot's own, and those of the interactions: all are in the addresses and headers that serenity would log.
    assert!(!told.contains(TOKEN) && !told.contains("/callback") && !told.contains("serenity::"), "{told}");
    assert!(!told.contains("/webhooks/"), "{told}");
}
