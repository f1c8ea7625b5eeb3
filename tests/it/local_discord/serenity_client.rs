//! The real serenity client on the local Discord: one of everything, and what each person sees of it.

use genkan::sandbox::discord::{Filled, Person};
use serde_json::Value;

use super::bot::Bot;
use super::*;

/// The newest message that the person sees and that fits.
pub(crate) async fn seen(person: &Person, fits: impl Fn(&Value) -> bool) -> Value {
    let found = person.wait_for(PATIENCE, |person| person.messages().into_iter().rev().find(|one| fits(one))).await;
    found.unwrap_or_else(|| panic!("no such message among {:#?}", person.messages()))
}

pub(crate) fn id_of(message: &Value) -> Id {
    message["id"].as_str().expect("an id").parse().expect("a number")
}

#[tokio::test]
async fn one_of_everything_through_the_real_client() {
    let (discord, served) = local().await;
    let bot = Bot::start(&discord, &served).await;
    let (aiko, ren) = (discord.person(AIKO), discord.person(REN));

    let choices = aiko.autocomplete("deploy", &[Filled::typing("service", "my")]).await.expect("choices");
    assert_eq!(choices, [serde_json::json!({ "name": "my-api", "value": "api" })]);

    aiko.command("deploy", &[Filled::text("service", "api")]).await.expect("sent");
    let card = seen(&ren, |message| message["embeds"][0]["title"] == "Deploy api").await;
    assert_eq!(card["flags"], 0, "no longer deferred");
    assert_eq!(card["interaction_metadata"]["user"]["username"], "aiko");
    assert_eq!(card["interaction_metadata"]["name"], "deploy");

    ren.press(id_of(&card), "old").await.expect_err("disabled");
    ren.press(id_of(&card), "other").await.expect_err("not there");
    ren.press(id_of(&card), "reject").await.expect("pressed");
    let (form, modal) = ren.wait_for(PATIENCE, Person::open_modal).await.expect("a form opens");
    assert_eq!(modal["title"], "Reject");
    assert!(aiko.open_modal().is_none(), "for nobody else");
    let reason = |text: &str| vec![("reason".to_owned(), text.to_owned())];
    aiko.submit(form, &reason("not mine")).await.expect_err("somebody else's form");
    ren.submit(form, &reason("no")).await.expect_err("too short");
    ren.submit(form, &reason("too early")).await.expect("sent");
    seen(&ren, |message| message["content"] == "noted").await;
    let thanks = seen(&ren, |message| message["content"] == "thank you").await;
    assert_eq!(thanks["flags"], 64);
    assert!(aiko.messages().iter().all(|message| message["content"] != "thank you"), "only ren sees it");
    assert_eq!(aiko.messages().len() + 1, ren.messages().len());
    ren.submit(form, &reason("again")).await.expect_err("sent already");

    ren.press(id_of(&card), "approve").await.expect("pressed");
    let card = seen(&aiko, |message| message["content"] == "approved").await;
    assert_eq!(card["components"], serde_json::json!([]));

    assert_eq!(
        bot.heard(),
        [
            "command api by aiko in en-US with 0 roles",
            "button reject by ren",
            "modal rejected Some(\"too early\")",
            "button approve by ren",
        ]
    );
    assert_eq!(discord.log().lints(), Vec::<String>::new());
    assert!(discord.log().calls().iter().all(|call| call.status.is_some_and(|status| status < 300)));
    assert_eq!(discord.log().identifies(), 1);
    served.stop().await.expect("stopped");
    let gone = discord.wait_for(PATIENCE, |discord| (!discord.online()).then_some(())).await;
    gone.expect("the connection is closed");
}
