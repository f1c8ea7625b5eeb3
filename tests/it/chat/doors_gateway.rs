//! The gateway's door: serenity's real client against the local Discord, through each way in which a connection goes wrong.

use std::time::{Duration, Instant};

use genkan::chat::ChatError;
use genkan::chat::listen::gateway::{self, Patience};
use genkan::chat::listen::{self, Heard};
use genkan::chat::rest::Rest;
use genkan::config::Discord;
use genkan::sandbox::discord::faults::{Effect, Rule};
use genkan::sandbox::discord::{Filled, LocalDiscord, ServedDiscord};
use secrecy::SecretString;
use serde_json::json;
use serenity::model::application::Interaction;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::local_discord::{AIKO, GUILD, PATIENCE, PLATFORM, TOKEN, seed};

/// A local Discord on a free port and on the real time, as the bot's is.
pub(super) async fn local() -> (LocalDiscord, ServedDiscord) {
    let discord = LocalDiscord::start(seed()).expect("a seed as it should be");
    let served = discord.serve(0, None).await.expect("a free port");
    (discord, served)
}

/// The settings of a bot at this local Discord.
pub(super) fn settings(endpoint: &str) -> Discord {
    serde_json::from_value(json!({"guild": GUILD.to_string(), "channel": PLATFORM.to_string(), "api": endpoint}))
        .unwrap()
}

pub(super) fn rest(endpoint: &str, token: &str) -> Rest {
    Rest::new(&settings(endpoint), &SecretString::from(token)).unwrap()
}

/// A bot that listens, and does nothing about what it hears.
pub(super) struct Listening {
    pub(super) discord: LocalDiscord,
    pub(super) served: ServedDiscord,
    counts: Heard,
    heard: mpsc::Receiver<Interaction>,
    stop: watch::Sender<bool>,
    door: JoinHandle<Result<(), ChatError>>,
}

impl Listening {
    pub(super) async fn start(patience: Patience) -> Self {
        let (discord, served) = local().await;
        let listening = Self::begin(discord, served, patience, TOKEN).await;
        listening.online(true).await;
        listening
    }

    async fn begin(discord: LocalDiscord, served: ServedDiscord, patience: Patience, token: &str) -> Self {
        let rest = rest(&served.endpoint(), TOKEN);
        rest.application().await.unwrap();
        let commands = genkan::chat::register::commands();
        rest.register(&GUILD.to_string().parse().unwrap(), &commands).await.unwrap();
        let rest = self::rest(&served.endpoint(), token);
        let (counts, heard) = listen::queue(64);
        let (stop, stopped) = watch::channel(false);
        let hears = counts.clone();
        let door = tokio::spawn(async move { gateway::listen(&rest, &hears, patience, stopped).await });
        Self { discord, served, counts, heard, stop, door }
    }

    async fn online(&self, online: bool) {
        let seen = self.discord.wait_for(PATIENCE, |discord| (discord.online() == online).then_some(())).await;
        seen.unwrap_or_else(|| panic!("the bot never was {}", if online { "there" } else { "gone" }));
    }

    async fn said(&self, what: &str, times: usize) {
        let enough = |discord: &LocalDiscord| {
            let said = discord.log().spoken().iter().filter(|spoken| spoken.what == what).count();
            (said >= times).then_some(())
        };
        assert!(self.discord.wait_for(PATIENCE, enough).await.is_some(), "{what}: {:?}", self.discord.log().spoken());
    }

    /// Somebody asks for help, and the bot hears it.
    pub(super) async fn help(&mut self) -> Interaction {
        let asked = self.discord.person(AIKO).command("help", &[]).await.unwrap();
        self.hear(asked).await
    }

    async fn hear(&mut self, asked: u64) -> Interaction {
        let heard = tokio::time::timeout(PATIENCE, self.heard.recv()).await.expect("the bot hears it").unwrap();
        assert_eq!(heard.id().get(), asked);
        heard
    }

    async fn end(self) -> Result<(), ChatError> {
        tokio::time::timeout(PATIENCE, self.door).await.expect("the door closes").unwrap()
    }
}

#[tokio::test]
async fn what_people_ask_is_heard_and_a_stop_says_goodbye() {
    let mut bot = Listening::start(Patience::default()).await;
    let Interaction::Command(command) = bot.help().await else { panic!("it is a command") };
    assert_eq!(command.data.name, "help");
    let typed = bot.discord.person(AIKO);
    let typing = tokio::spawn(async move { typed.autocomplete("status", &[Filled::typing("project", "pro")]).await });
    let heard = tokio::time::timeout(PATIENCE, bot.heard.recv()).await.unwrap().unwrap();
    assert!(matches!(heard, Interaction::Autocomplete(_)));
    typing.abort();
    bot.stop.send_replace(true);
    bot.online(false).await;
    let begun = Instant::now();
    bot.end().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "a stop does not wait for the network");
}

#[tokio::test]
async fn a_connection_that_breaks_is_resumed_and_what_was_missed_is_heard() {
    let mut bot = Listening::start(Patience::default()).await;
    let breaks = [Effect::Reconnect, Effect::InvalidSession { resumable: true }, Effect::Close(4000), Effect::Cut];
    for (at, effect) in breaks.iter().enumerate() {
        bot.discord.disturb(effect);
        // Asked while nobody may be listening.
        let asked = bot.discord.person(AIKO).command("help", &[]).await.unwrap();
        bot.said("RESUMED", at + 1).await;
        bot.hear(asked).await;
    }
    assert_eq!(bot.discord.log().identifies(), 1, "no identify was spent on it");
}

#[tokio::test]
async fn a_session_that_is_gone_begins_anew() {
    let mut bot = Listening::start(Patience::default()).await;
    bot.discord.disturb(&Effect::InvalidSession { resumable: false });
    bot.said("READY", 2).await;
    bot.help().await;
}

#[tokio::test]
async fn sessions_that_begin_again_and_again_end_the_bot() {
    let patience = Patience { sessions_an_hour: 1, ..Patience::default() };
    let bot = Listening::start(patience).await;
    bot.discord.disturb(&Effect::InvalidSession { resumable: false });
    let discord = bot.discord.clone();
    let error = bot.end().await.unwrap_err();
    assert!(matches!(error, ChatError::IdentifyStorm { sessions: 2 }), "{error}");
    assert_eq!(discord.log().identifies(), 2);
}

#[tokio::test]
async fn a_token_that_discord_takes_back_ends_the_bot() {
    let bot = Listening::start(Patience::default()).await;
    bot.discord.disturb(&Effect::Close(4004));
    let error = bot.end().await.unwrap_err();
    assert!(matches!(error, ChatError::Token) && error.to_string().contains("Reset Token"), "{error}");
}

#[tokio::test]
async fn a_wrong_token_is_not_even_identified_with() {
    let (discord, served) = local().await;
    let bot = Listening::begin(discord, served, Patience::default(), "another").await;
    let discord = bot.discord.clone();
    assert!(matches!(bot.end().await, Err(ChatError::Token)));
    assert_eq!(discord.log().identifies(), 0);
}

#[tokio::test]
async fn intents_that_discord_refuses_end_the_bot() {
    for code in [4013, 4014] {
        let bot = Listening::start(Patience::default()).await;
        bot.discord.disturb(&Effect::Close(code));
        let error = bot.end().await.unwrap_err();
        assert!(matches!(error, ChatError::Refused { .. }) && error.to_string().contains("4014"), "{error}");
    }
}

/// serenity would identify for ever, every 5 to 8 s (discord-facts, 1.2).
#[tokio::test]
async fn a_gateway_that_ends_every_session_ends_the_bot() {
    let (discord, served) = local().await;
    discord.faults().add(Rule::always("IDENTIFY", Effect::Close(4010)));
    let unconnected = Duration::from_secs(2);
    let patience = Patience { unconnected, fruitless: 2, pause: Duration::from_millis(10), ..Patience::default() };
    let bot = Listening::begin(discord, served, patience, TOKEN).await;
    let discord = bot.discord.clone();
    let error = bot.end().await.unwrap_err();
    assert!(matches!(error, ChatError::Lost { times: 3 }), "{error}");
    assert!(discord.log().identifies() <= 6, "{}", discord.log().identifies());
}

#[tokio::test]
async fn a_bot_waits_for_a_discord_that_cannot_be_reached() {
    let (discord, served) = local().await;
    let patience = Patience { pause: Duration::from_millis(10), ..Patience::default() };
    // More often than one call is tried again: the door itself goes on.
    discord.faults().add(Rule::next("GET gateway/bot", Effect::LoseRequest).times(7));
    let mut bot = Listening::begin(discord, served, patience, TOKEN).await;
    bot.online(true).await;
    bot.help().await;
    assert!(bot.discord.log().calls_of("GET gateway/bot").len() > 7);
}

#[tokio::test]
async fn what_cannot_be_read_is_counted_and_the_rest_is_heard() {
    let mut bot = Listening::start(Patience::default()).await;
    bot.discord.faults().add(Rule::next("INTERACTION_CREATE", Effect::Malformed));
    bot.discord.person(AIKO).command("help", &[]).await.unwrap();
    bot.help().await;
    // serenity hands on each event in a task of its own: the later one may be heard first.
    let counted = async {
        while bot.counts.counts().unreadable() == 0 {
            tokio::task::yield_now().await;
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(10), counted).await;
    assert_eq!((bot.counts.counts().unreadable(), bot.counts.counts().dropped()), (1, 0));
}
