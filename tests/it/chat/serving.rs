//! Chat from its start to its end: what it refuses to begin with, what ends it, and the HTTP door from Discord to the answer.

use std::net::TcpListener;
use std::time::Duration;

use genkan::chat::{self, ChatError};
use genkan::config::{Discord, Door};
use genkan::sandbox::discord::faults::{Effect, Rule};
use genkan::sandbox::discord::{LocalDiscord, ServedDiscord};
use secrecy::SecretString;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::doors_gateway::local;
use crate::house::{House, Process};
use crate::local_discord::{AIKO, GUILD, PATIENCE, TOKEN};

/// A bot as a whole, at its local Discord.
struct Serving {
    discord: LocalDiscord,
    _served: ServedDiscord,
    _house: House,
    _process: Process,
    stop: watch::Sender<bool>,
    chat: JoinHandle<Result<(), ChatError>>,
}

impl Serving {
    async fn begins(token: &str, change: impl FnOnce(&LocalDiscord, &mut Discord)) -> Self {
        let (discord, served) = local().await;
        let house = House::with(&[], |config| {
            let settings = config.discord.as_mut().expect("the sandbox has one");
            settings.api = Some(served.endpoint());
            change(&discord, settings);
        })
        .await;
        let process = house.start().await;
        let (stop, stopped) = watch::channel(false);
        let chat = tokio::spawn(chat::serve(process.desk.clone(), SecretString::from(token), stopped));
        Self { discord, _served: served, _house: house, _process: process, stop, chat }
    }

    async fn ends(self) -> Result<(), ChatError> {
        tokio::time::timeout(PATIENCE, self.chat).await.expect("it ends").expect("no panic")
    }

    async fn is_there(&self) {
        let there = |discord: &LocalDiscord| (discord.online() && !discord.commands().is_empty()).then_some(());
        self.discord.wait_for(PATIENCE, there).await.expect("the bot comes online");
    }
}

/// A port that was free a moment ago.
fn free_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}

fn over_http(settings: &mut Discord, listen: &str, key: String) {
    (settings.door, settings.listen, settings.public_key) = (Door::Http, Some(listen.to_owned()), Some(key));
}

#[tokio::test]
async fn a_start_that_cannot_go_well_ends_with_what_mends_it() {
    let error = Serving::begins("another", |_, _| {}).await.ends().await.unwrap_err();
    assert!(matches!(error, ChatError::Token), "{error}");

    let elsewhere =
        |_: &LocalDiscord, settings: &mut Discord| settings.guild = (GUILD + 1).to_string().parse().unwrap();
    let error = Serving::begins(TOKEN, elsewhere).await.ends().await.unwrap_err();
    assert!(matches!(error, ChatError::Guild { .. }) && error.to_string().contains("applications.commands"), "{error}");

    let (one, other) = (free_port(), "67c6bd767ca099e79efac9fcce4d2022a63bf7dea780e7f3d813f694c1597089");
    let wrong_key = |_: &LocalDiscord, settings: &mut Discord| over_http(settings, &one, other.to_owned());
    let error = Serving::begins(TOKEN, wrong_key).await.ends().await.unwrap_err();
    assert!(matches!(error, ChatError::PublicKey), "{error}");

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let in_use = |discord: &LocalDiscord, settings: &mut Discord| over_http(settings, &address, discord.public_key());
    let error = Serving::begins(TOKEN, in_use).await.ends().await.unwrap_err();
    assert!(matches!(error, ChatError::Listen { .. }) && error.to_string().contains(&address), "{error}");
}

#[tokio::test]
async fn a_discord_that_is_not_there_yet_is_waited_for_and_a_stop_is_heard_meanwhile() {
    let bot = Serving::begins(TOKEN, |discord, _| {
        discord.faults().add(Rule::next("GET applications/@me", Effect::LoseRequest).times(6));
    })
    .await;
    bot.is_there().await;
    bot.stop.send_replace(true);
    bot.ends().await.unwrap();

    let bot = Serving::begins(TOKEN, |discord, _| {
        discord.faults().add(Rule::always("GET applications/@me", Effect::LoseRequest));
    })
    .await;
    bot.stop.send_replace(true);
    bot.ends().await.unwrap();
}

#[tokio::test]
async fn a_token_that_is_taken_back_ends_chat_at_the_first_call() {
    let bot = Serving::begins(TOKEN, |_, _| {}).await;
    bot.is_there().await;
    let unauthorised = Effect::Error { status: 401, code: 0, message: "401: Unauthorized".to_owned() };
    bot.discord.faults().add(Rule::next("POST callback", unauthorised));
    bot.discord.person(AIKO).command("help", &[]).await.unwrap();
    let error = bot.ends().await.unwrap_err();
    assert!(matches!(error, ChatError::Token), "{error}");
}

#[tokio::test]
async fn what_is_posted_to_the_http_door_is_answered_as_what_comes_through_the_gateway() {
    let address = free_port();
    let bot = Serving::begins(TOKEN, |discord, settings| over_http(settings, &address, discord.public_key())).await;
    let registered = |discord: &LocalDiscord| (!discord.commands().is_empty()).then_some(());
    bot.discord.wait_for(PATIENCE, registered).await.expect("the commands are registered");
    let url = format!("http://{address}/");
    let taken = async {
        // It listens as soon as the commands are registered, or a moment later.
        while bot.discord.set_endpoint(Some(&url)).await.is_err() {
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, taken).await.expect("Discord takes the address: it pings, and forges signatures");
    assert_eq!(bot.discord.log().identifies(), 0, "the gateway is not used");

    let aiko = bot.discord.person(AIKO);
    for asked in 0..25 {
        // Discord forges signatures now and then too.
        let interaction = aiko.command("help", &[]).await.unwrap_or_else(|why| panic!("{asked}: {why}")).to_string();
        let answer = aiko.wait_for(PATIENCE, |aiko| {
            let messages = aiko.messages();
            messages.into_iter().find(|message| message["interaction_metadata"]["id"] == interaction.as_str())
        });
        let answer = answer.await.unwrap_or_else(|| panic!("{asked} is answered"));
        assert!(answer["flags"].as_u64().is_some_and(|flags| flags & 64 != 0), "{answer}");
    }
    bot.stop.send_replace(true);
    bot.ends().await.unwrap();
}

/// What is under way when the stop comes is finished.
#[tokio::test]
async fn what_was_asked_before_the_stop_is_answered_after_it() {
    let bot = Serving::begins(TOKEN, |_, _| {}).await;
    bot.is_there().await;
    let (discord, aiko) = (bot.discord.clone(), bot.discord.person(AIKO));
    discord.faults().add(Rule::next("PATCH @original", Effect::Latency(Duration::from_millis(1500))));
    let asked = aiko.command("requests", &[]).await.unwrap().to_string();
    let acknowledged = |discord: &LocalDiscord| discord.log().calls_of("POST callback").pop();
    discord.wait_for(PATIENCE, acknowledged).await.expect("it is acknowledged");
    assert!(discord.log().calls_of("PATCH @original").is_empty(), "and not answered yet");
    bot.stop.send_replace(true);
    bot.ends().await.unwrap();
    let answers = discord.log().calls_of("PATCH @original");
    assert_eq!(answers.iter().map(|call| call.status).collect::<Vec<_>>(), [Some(200)]);
    let messages = aiko.messages();
    let answer = messages.iter().find(|message| message["interaction_metadata"]["id"] == asked.as_str());
    assert!(answer.is_some_and(|answer| answer["flags"].as_u64().unwrap_or_default() & 128 == 0), "{messages:#?}");
}
