//! Typing: what is offered, what is completed, what is sent, and what is said where something is wrong.

use serde_json::{Value, json};
use thirtyfour::Key;

use super::bot::Bot;
use super::scene::{DESKTOP, Scene, play};

/// The commands that the bot got: name and options.
fn commands(bot: &Bot) -> Vec<Value> {
    let commands = bot.heard().into_iter().filter(|heard| heard["type"] == 2);
    let option = |option: &Value| json!([option["name"], option["value"]]);
    commands
        .map(|heard| {
            let options = heard["data"]["options"].as_array().map_or(vec![], |all| all.iter().map(option).collect());
            json!([heard["data"]["name"], options, heard["locale"]])
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn words_and_named_options_are_one_command() {
    let scene = Scene::start().await;
    let bot = Bot::start(&scene.served.endpoint()).await;
    play(&scene.served.endpoint(), DESKTOP, async |page| {
        page.says("/onboard project-x dev").await;
        page.reads(".message", "is thinking").await;
        page.says("/onboard environment:dev project:project-y").await;
        page.speaks("ja").await;
        page.says("/onboard project-y adopt:\"two words\" staging").await;
        page.reads(".message:last-child", "考えています").await;
        page.holds(
            "return document.querySelectorAll('.message').length === 3 && !document.querySelector('.is-sending')",
        )
        .await;
        let onboard = |options: Value, locale: &str| json!(["onboard", options, locale]);
        assert_eq!(
            commands(&bot),
            [
                onboard(json!([["project", "project-x"], ["environment", "dev"]]), "en-US"),
                onboard(json!([["environment", "dev"], ["project", "project-y"]]), "en-US"),
                onboard(json!([["project", "project-y"], ["adopt", "two words"], ["environment", "staging"]]), "ja"),
            ]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_is_completed() {
    let scene = Scene::start().await;
    let bot = Bot::start(&scene.served.endpoint()).await;
    play(&scene.served.endpoint(), DESKTOP, async |page| {
        page.types("/").await;
        page.reads(".popup-row[aria-selected='true']", "/onboard").await;
        page.reads(".popup-row", "/requests").await;
        page.shot("composer-commands").await;
        // Enter finishes a name that is not finished.
        page.says("onb").await;
        assert_eq!(page.typed().await, "/onboard ");
        // The bot is asked for what fits; Tab takes the first.
        page.types("ct-y").await;
        page.reads(".popup-row[aria-selected='true']", "project-y").await;
        page.types(Key::Tab).await;
        assert_eq!(page.typed().await, "/onboard project-y ");
        // Arrow keys choose, Enter takes what was chosen.
        page.reads(".popup-row", "staging").await;
        page.types(Key::Down).await;
        page.types(Key::Enter).await;
        assert_eq!(page.typed().await, "/onboard project-y staging ");
        // A click does too, and what holds a space is one value.
        page.reads(".popup-row", "two words").await;
        page.click(".popup-row:nth-child(3)").await;
        assert_eq!(page.typed().await, "/onboard project-y staging \"two words\" ");
        page.types(Key::Enter).await;
        page.reads(".answers", "/onboard").await;
        let filled = json!([["project", "project-y"], ["environment", "staging"], ["adopt", "two words"]]);
        assert_eq!(commands(&bot), [json!(["onboard", filled, "en-US"])]);
        // Up brings the last one back.
        assert_eq!(page.typed().await, "");
        page.types(Key::Up).await;
        assert_eq!(page.typed().await, "/onboard project-y staging \"two words\"");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_where_it_is_typed() {
    let scene = Scene::start().await;
    let bot = Bot::start(&scene.served.endpoint()).await;
    play(&scene.served.endpoint(), DESKTOP, async |page| {
        for (line, said) in [
            ("hello", "only takes commands"),
            ("/nothing", "no command /nothing"),
            ("/onboard project-x", "Still needed: environment"),
            ("/requests some", "which: choose one of mine, all"),
            ("/silent now", "No option is left for “now”"),
            ("/requests which:all which:mine", "which is given twice"),
        ] {
            page.says(line).await;
            page.reads(".line-error", said).await;
            assert_eq!(
                page.run::<String>("return document.querySelector('#line').getAttribute('aria-invalid')", vec![]).await,
                "true"
            );
            page.types(Key::Control + "a").await;
            page.types(Key::Backspace).await;
            page.gone(".line-error").await;
        }
        page.speaks("ja").await;
        page.says("hello").await;
        page.reads(".line-error", "コマンドだけ").await;
        assert_eq!(commands(&bot), Vec::<Value>::new());
    })
    .await;
}
