//! What the real serenity client makes of the gateway's faults: what it resumes, what it gives up, what it never sees.

use genkan::sandbox::discord::Filled;
use genkan::sandbox::discord::faults::{Effect, Rule};

use super::bot::Bot;
use super::*;

async fn deploy(discord: &LocalDiscord, service: &str) {
    discord.person(AIKO).command("deploy", &[Filled::text("service", service)]).await.expect("sent");
}

/// Waits until the log of the gateway has so many of these.
async fn spoken(discord: &LocalDiscord, what: &str, times: usize) {
    let count = |discord: &LocalDiscord| discord.log().spoken().iter().filter(|one| one.what == what).count();
    let there = discord.wait_for(PATIENCE, |discord| (count(discord) >= times).then_some(())).await;
    there.unwrap_or_else(|| panic!("{what} only {} times: {:?}", count(discord), discord.log().spoken()));
}

#[tokio::test]
async fn after_a_reconnect_a_close_or_a_cut_it_resumes_and_hears_what_it_missed() {
    let (discord, served) = local().await;
    let bot = Bot::start(&discord, &served).await;
    let faults = [
        Effect::Reconnect,
        Effect::InvalidSession { resumable: true },
        Effect::Close(1001),
        Effect::Close(4000),
        Effect::Cut,
    ];
    for (number, effect) in faults.iter().enumerate() {
        discord.disturb(effect);
        deploy(&discord, &format!("after-{number}")).await;
        spoken(&discord, "RESUMED", number + 1).await;
    }
    let heard = || bot.heard();
    let all = discord.wait_for(PATIENCE, |_| (heard().len() >= faults.len()).then(heard)).await.expect("all are heard");
    for (number, what) in all.iter().enumerate() {
        assert!(what.starts_with(&format!("command after-{number} ")), "{all:?}");
    }
    assert_eq!(discord.log().identifies(), 1);
}

#[tokio::test]
async fn where_the_session_is_gone_it_identifies_anew() {
    let (discord, served) = local().await;
    let _bot = Bot::start(&discord, &served).await;
    discord.disturb(&Effect::InvalidSession { resumable: false });
    spoken(&discord, "IDENTIFY", 2).await;
}

#[tokio::test]
async fn a_zombie_connection_is_left() {
    let (discord, served) = local().await;
    discord.set_heartbeat(Duration::from_millis(300));
    discord.faults().add(Rule::always("HEARTBEAT", Effect::Silence));
    let _bot = Bot::start(&discord, &served).await;
    spoken(&discord, "IDENTIFY", 2).await;
}

#[tokio::test]
async fn what_cannot_be_mended_ends_the_client() {
    for code in [4004, 4013, 4014] {
        let (discord, served) = local().await;
        discord.faults().add(Rule::always("IDENTIFY", Effect::Close(code)));
        let mut bot = Bot::connect(&served).await;
        bot.end().await.expect_err("the client gives up");
    }
}

#[tokio::test]
async fn an_event_that_it_cannot_read_is_never_heard_and_a_second_acknowledgement_is_refused() {
    let (discord, served) = local().await;
    let bot = Bot::start(&discord, &served).await;
    let spoil = |effect| discord.faults().add(Rule::next("INTERACTION_CREATE", effect));
    spoil(Effect::Malformed);
    deploy(&discord, "lost").await;
    spoil(Effect::Twice);
    deploy(&discord, "twice").await;
    spoil(Effect::Late(Duration::from_secs(10)));
    deploy(&discord, "late").await;
    let refused = |code: &str| bot.heard().iter().any(|what| what == &format!("refused {code}"));
    let both = discord.wait_for(PATIENCE, |_| (refused("40060") && refused("10062")).then_some(())).await;
    both.unwrap_or_else(|| panic!("{:?}", bot.heard()));
    assert!(!bot.heard().iter().any(|what| what.contains("lost")));
    assert_eq!(discord.messages(AIKO, PLATFORM).len(), 1, "done once");
}
