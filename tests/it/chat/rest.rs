//! The one way out, against the local Discord: what is tried again and what is not, and that nobody is told of anything by accident.

use std::time::{Duration, Instant};

use genkan::chat::drawn::Drawn;
use genkan::chat::listen::gateway::Patience;
use genkan::chat::register;
use genkan::chat::rest::{Registered, Reply, Rest, RestError};
use genkan::model::Snowflake;
use genkan::sandbox::discord::LocalDiscord;
use genkan::sandbox::discord::faults::{Effect, Rule};
use secrecy::SecretString;
use serde_json::{Value, json};
use serenity::builder::{
    CreateActionRow, CreateAutocompleteResponse, CreateInputText, CreateInteractionResponse,
    CreateInteractionResponseMessage, CreateModal,
};
use serenity::model::application::{InputTextStyle, Interaction};

use super::doors_gateway::{Listening, local, rest};
use crate::local_discord::{APPROVALS, GUILD, LEADS, PLATFORM, TOKEN};

fn id(number: u64) -> Snowflake {
    number.to_string().parse().unwrap()
}

fn reply(interaction: &Interaction) -> Reply {
    Reply { interaction: id(interaction.id().get()), token: SecretString::from(interaction.token()) }
}

fn later() -> CreateInteractionResponse {
    CreateInteractionResponse::Defer(CreateInteractionResponseMessage::new())
}

fn unavailable() -> Effect {
    Effect::Error { status: 503, code: 0, message: "upstream".to_owned() }
}

fn slow(milliseconds: u64) -> Effect {
    Effect::TooMany { global: false, after: Duration::from_millis(milliseconds) }
}

fn calls(discord: &LocalDiscord, route: &str) -> usize {
    discord.log().calls_of(route).len()
}

#[tokio::test]
async fn commands_are_registered_once_and_again_only_when_they_changed() {
    let (discord, served) = local().await;
    let (rest, guild) = (rest(&served.endpoint(), TOKEN), id(GUILD));
    let unknown = rest.register(&guild, &register::commands()).await.unwrap_err();
    assert!(matches!(unknown, RestError::Wrong(_)), "the application comes first: {unknown}");
    rest.application().await.unwrap();
    assert_eq!(rest.register(&guild, &register::commands()).await.unwrap(), Registered::Changed);
    assert_eq!(rest.register(&guild, &register::commands()).await.unwrap(), Registered::Same);
    assert_eq!(rest.register(&guild, &register::commands()[1..]).await.unwrap(), Registered::Changed);
    assert_eq!(calls(&discord, "PUT commands"), 2);
    assert_eq!(discord.log().lints(), Vec::<String>::new());
    let elsewhere = rest.register(&id(GUILD + 1), &register::commands()).await.unwrap_err();
    assert!(matches!(elsewhere, RestError::Forbidden(_) | RestError::Gone(_)), "{elsewhere}");
}

#[tokio::test]
async fn nobody_is_told_of_anything_but_the_roles_that_are_to_be() {
    let mut bot = Listening::start(Patience::default()).await;
    let rest = rest(&bot.served.endpoint(), TOKEN);
    rest.application().await.unwrap();
    let loud = Drawn::text("@everyone @here <@118000000000000401> <@&118000000000000302>");
    let message = || CreateInteractionResponseMessage::new().content("@everyone");
    let responses = [
        CreateInteractionResponse::Message(message()),
        later(),
        CreateInteractionResponse::Defer(CreateInteractionResponseMessage::new().ephemeral(true)),
    ];
    for response in responses {
        let interaction = bot.help().await;
        rest.acknowledge(&reply(&interaction), &response).await.unwrap();
        rest.answer(&reply(&interaction), &loud).await.unwrap();
    }
    let card = rest.post(&id(PLATFORM), &loud, &[], "card").await.unwrap();
    rest.edit(&id(PLATFORM), &card, &loud).await.unwrap();
    rest.post(&id(APPROVALS), &loud, &[id(LEADS)], "approval").await.unwrap();

    let sent: Vec<(String, Value)> = ["POST callback", "PATCH @original", "POST message", "PATCH message"]
        .iter()
        .flat_map(|route| bot.discord.log().calls_of(route))
        .map(|call| (call.route, if call.body["data"].is_object() { call.body["data"].clone() } else { call.body }))
        .collect();
    assert_eq!(sent.len(), 3 + 3 + 2 + 1);
    for (route, body) in &sent {
        let expected = match body["nonce"].as_str() {
            Some("approval") => json!({"parse": [], "roles": [LEADS.to_string()]}),
            _ => json!({"parse": []}),
        };
        assert_eq!(body["allowed_mentions"], expected, "{route}");
    }
}

#[tokio::test]
async fn answers_that_hold_no_text_hold_no_mentions_either() {
    let mut bot = Listening::start(Patience::default()).await;
    let rest = rest(&bot.served.endpoint(), TOKEN);
    let input = CreateInputText::new(InputTextStyle::Short, "Why?", "reason");
    let form = CreateModal::new("reject:1", "Why?").components(vec![CreateActionRow::InputText(input)]);
    let asked = bot.help().await;
    rest.acknowledge(&reply(&asked), &CreateInteractionResponse::Modal(form)).await.unwrap();
    // Not valid for a command: refused for that, and not for how it was written.
    let wrong = CreateInteractionResponse::Autocomplete(CreateAutocompleteResponse::new());
    let asked = bot.help().await;
    assert!(matches!(rest.acknowledge(&reply(&asked), &wrong).await, Err(RestError::Wrong(_))));
    for call in bot.discord.log().calls_of("POST callback") {
        assert!(call.body["data"].get("allowed_mentions").is_none(), "{}", call.body);
    }
}

#[tokio::test]
async fn what_may_work_later_is_tried_again_and_done_once() {
    let (discord, served) = local().await;
    let rest = rest(&served.endpoint(), TOKEN);
    let (channel, text) = (id(PLATFORM), Drawn::text("a card"));
    let count = |discord: &LocalDiscord| discord.messages(crate::local_discord::AIKO, PLATFORM).len();

    discord.faults().add(Rule::next("POST message", slow(700)));
    let begun = Instant::now();
    let card = rest.post(&channel, &text, &[], "first").await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(700), "it waited as long as it was told");

    discord.faults().add(Rule::next("POST message", Effect::LoseResponse));
    rest.post(&channel, &text, &[], "second").await.unwrap();
    assert_eq!((count(&discord), calls(&discord, "POST message")), (2, 4), "sent twice, there once");

    for effect in [unavailable(), Effect::LoseRequest, Effect::LoseResponse] {
        discord.faults().add(Rule::next("PATCH message", effect).times(2));
        rest.edit(&channel, &card, &text).await.unwrap();
    }
    assert_eq!(rest.post(&channel, &text, &[], "first").await.unwrap(), card, "the same nonce is the same message");
}

#[tokio::test]
async fn what_does_not_get_better_is_given_back() {
    let (discord, served) = local().await;
    let rest = rest(&served.endpoint(), TOKEN);
    let (channel, text) = (id(PLATFORM), Drawn::text("a card"));
    let card = rest.post(&channel, &text, &[], "first").await.unwrap();

    discord.faults().add(Rule::next("PATCH message", slow(60_000)));
    let begun = Instant::now();
    let error = rest.edit(&channel, &card, &text).await.unwrap_err();
    let RestError::Passing { after: Some(after), .. } = error else { panic!("{error:?}") };
    assert!(
        after > Duration::from_secs(50) && begun.elapsed() < Duration::from_secs(10),
        "a minute is for the caller to wait"
    );

    discord.faults().add(Rule::always("PATCH message", unavailable()));
    assert!(rest.edit(&channel, &card, &text).await.unwrap_err().is_passing());
    assert_eq!(calls(&discord, "PATCH message"), 1 + 5, "and not for ever");
    discord.faults().clear();

    assert!(matches!(rest.edit(&channel, &id(PLATFORM + 9), &text).await, Err(RestError::Gone(10_008))));
    let empty = rest.edit(&channel, &card, &Drawn::default()).await.unwrap_err();
    assert!(matches!(empty, RestError::Wrong(_)), "{empty}");
    discord.set_access(APPROVALS, genkan::sandbox::discord::Access::Read);
    let refused = rest.post(&id(APPROVALS), &text, &[], "third").await.unwrap_err();
    assert!(matches!(&refused, RestError::Forbidden(why) if why.contains("50013")), "{refused}");
}

#[tokio::test]
async fn an_acknowledgement_is_sent_again_only_where_nothing_was_done() {
    let mut bot = Listening::start(Patience::default()).await;
    let rest = rest(&bot.served.endpoint(), TOKEN);
    for effect in [slow(300), Effect::TooMany { global: true, after: Duration::from_millis(300) }] {
        bot.discord.faults().add(Rule::next("POST callback", effect));
        let asked = bot.help().await;
        rest.acknowledge(&reply(&asked), &later()).await.unwrap();
        let again = rest.acknowledge(&reply(&asked), &later()).await.unwrap_err();
        assert_eq!(again, RestError::TooLate(40_060));
    }
    for effect in [unavailable(), Effect::LoseRequest, Effect::LoseResponse, slow(2900)] {
        let (before, name) = (calls(&bot.discord, "POST callback"), format!("{effect:?}"));
        bot.discord.faults().add(Rule::next("POST callback", effect));
        let asked = bot.help().await;
        let error = rest.acknowledge(&reply(&asked), &later()).await.unwrap_err();
        assert!(error.is_passing(), "{name}: {error}");
        assert_eq!(calls(&bot.discord, "POST callback"), before + 1, "{name}");
    }
    let asked = bot.help().await;
    bot.discord.pass_time(Duration::from_secs(4));
    assert_eq!(rest.acknowledge(&reply(&asked), &later()).await, Err(RestError::TooLate(10_062)));
}

#[tokio::test]
async fn an_answer_is_possible_for_a_quarter_of_an_hour() {
    let mut bot = Listening::start(Patience::default()).await;
    let rest = rest(&bot.served.endpoint(), TOKEN);
    rest.application().await.unwrap();
    let asked = bot.help().await;
    let early = rest.answer(&reply(&asked), &Drawn::text("early")).await.unwrap_err();
    assert!(matches!(early, RestError::TooLate(_)), "before the acknowledgement: {early}");
    rest.acknowledge(&reply(&asked), &later()).await.unwrap();
    bot.discord.faults().add(Rule::next("PATCH @original", Effect::LoseResponse));
    let answer = rest.answer(&reply(&asked), &Drawn::text("here it is")).await.unwrap();
    rest.edit(&id(PLATFORM), &answer, &Drawn::text("with the bot's own token")).await.unwrap();
    bot.discord.pass_time(Duration::from_mins(16));
    let late = rest.answer(&reply(&asked), &Drawn::text("late")).await.unwrap_err();
    assert!(matches!(late, RestError::TooLate(_)), "{late}");
    assert!(!*rest.unauthorised().borrow(), "an expired interaction says nothing about the bot's token");
    rest.edit(&id(PLATFORM), &answer, &Drawn::text("still")).await.unwrap();
}

/// 10,000 invalid requests within ten minutes ban the address.
#[tokio::test]
async fn after_a_wrong_token_nothing_more_is_sent() {
    let (discord, served) = local().await;
    let rest: Rest = rest(&served.endpoint(), "another-token");
    let told = rest.unauthorised();
    assert!(!*told.borrow());
    assert!(matches!(rest.application().await, Err(RestError::Unauthorised)));
    assert!(*told.borrow());
    let before = discord.log().count();
    for _ in 0..20 {
        let refused = rest.post(&id(PLATFORM), &Drawn::text("x"), &[], "n").await;
        assert_eq!(refused, Err(RestError::Unauthorised));
    }
    assert_eq!(discord.log().count(), before);
    assert!(!format!("{rest:?}").contains("another-token"));
}

/// As at a start with many open requests.
#[tokio::test]
async fn many_messages_at_once_stay_below_discords_limit_of_all_calls() {
    let (discord, served) = local().await;
    let rest = rest(&served.endpoint(), TOKEN);
    rest.application().await.unwrap();
    let card = rest.post(&id(PLATFORM), &Drawn::text("a card"), &[], "card").await.unwrap();
    let (channel, begun) = (id(PLATFORM), Instant::now());
    let text = Drawn::text("changed");
    futures::future::join_all((0..100).map(|_| rest.edit(&channel, &card, &text))).await;
    let took = begun.elapsed().as_secs_f64();
    let times: Vec<_> = discord.log().calls_of("PATCH message").iter().map(|call| call.at).collect();
    assert_eq!(times.len(), 100);
    assert!(took >= 2.0, "50 a second would be 2 s: {took}");
}
