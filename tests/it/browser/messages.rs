//! Messages: kept true in place, drawn from hostile text without harm, private ones, forms, and what nobody answered.

use std::time::Duration;

use serde_json::json;
use thirtyfour::Key;

use super::bot::Bot;
use super::scene::{APPROVALS, DESKTOP, LEADS, PLATFORM, Scene, play};

/// The feed is at its end.
const AT_END: &str = "const feed = document.querySelector('#feed'); \
                      return feed.scrollHeight - feed.scrollTop - feed.clientHeight < 2";

/// The embed's bar is green.
const GREEN: &str = "const bar = getComputedStyle(document.querySelector('.embed'), '::before'); \
                     return bar.backgroundColor === 'rgb(0, 255, 0)'";

/// The focus is in the form, or on its way round at the browser's own controls.
const INSIDE: &str = "const here = document.activeElement; \
                      return here === document.body || document.querySelector('dialog').contains(here)";

/// Every link: where to, what it leaves behind, its text.
const LINKS: &str =
    "return [...document.querySelectorAll('.content a')].map((a) => [a.href, a.rel, a.firstChild.data])";

#[tokio::test(flavor = "multi_thread")]
async fn a_card_changes_in_place_and_the_view_stays_at_its_end() {
    let scene = Scene::start().await;
    let bot = Bot::start(&scene.served.endpoint()).await;
    play(&scene.served.endpoint(), DESKTOP, async |page| {
        let button = json!({ "type": 1, "components": [{ "type": 2, "style": 4, "custom_id": "cancel:r-1", "label": "Cancel" }] });
        let card = |steps: usize, color: u32| {
            let embed = json!({ "title": "Onboard project-x", "description": "step\n".repeat(steps), "color": color });
            json!({ "embeds": [embed], "components": [button] })
        };
        let message = bot.posts(PLATFORM, &card(1, 255)).await;
        page.reads(".embed-title", "Onboard project-x").await;
        assert_eq!(page.count(".edited").await, 0);
        page.run::<()>("document.querySelector('.embed-title').marked = 1; document.querySelector('[data-press]').focus()", vec![]).await;
        bot.edits(&message, &card(60, 0x0000_FF00)).await;
        page.see(".edited").await;
        // The same nodes, the focus where it was, the last line in view.
        page.holds("return document.querySelector('.embed-title').marked === 1").await;
        page.holds("return document.activeElement.dataset.press === 'cancel:r-1'").await;
        page.holds("const feed = document.querySelector('#feed'); return feed.scrollHeight > feed.clientHeight").await;
        page.holds(AT_END).await;
        page.holds(GREEN).await;
        // Who reads further up is left there.
        page.run::<()>("document.querySelector('#feed').scrollTop = 0", vec![]).await;
        page.see(".latest").await;
        bot.posts(PLATFORM, &json!({ "content": "news" })).await;
        page.reads(".content", "news").await;
        assert_eq!(page.run::<i64>("return document.querySelector('#feed').scrollTop", vec![]).await, 0);
        page.click(".latest").await;
        page.gone(".latest").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_text_stays_text() {
    let scene = Scene::start().await;
    let bot = Bot::start(&scene.served.endpoint()).await;
    play(&scene.served.endpoint(), DESKTOP, async |page| {
        let text = "<img src=x onerror=alert(1)><script>alert(1)</script> [js](javascript:alert(1)) [https://good.example](https://evil.example) \
                    \\*\\*plain\\*\\* snake_case_name **bold *both*** `code **no**` [named](https://example.com/a?b=1&c=2)\n\
                    > quoted\n- one\n  - two\n    goes on\n```sh\nrm \"<b>\"\n```\n# head\n<t:1700000000:R> \
                    <@118000000000000402> <#118000000000000202> @everyone";
        bot.posts(PLATFORM, &json!({ "content": text, "allowed_mentions": { "parse": [] } })).await;
        page.reads(".content", "rm \"<b>\"").await;
        assert_eq!(page.count(".content img, .content script, .content iframe, .content [style], .content [onerror]").await, 0);
        let links: Vec<[String; 3]> = page.run(LINKS, vec![]).await;
        assert_eq!(
            links,
            // A text that looks like an address is not hidden behind another one.
            [["https://example.com/a?b=1&c=2", "noopener noreferrer", "named"].map(str::to_owned)]
        );
        let first = page.text(".content p").await;
        for part in [
            "<img src=x onerror=alert(1)><script>alert(1)</script>",
            "[js](javascript:alert(1))", "**plain**", "snake_case_name", "code **no**"] {
            assert!(first.contains(part), "{part} in {first}");
        }
        for (css, text) in [
            ("strong", "bold both"),
            ("strong em", "both"),
            ("blockquote", "quoted"),
            ("li li", "two\ngoes on"),
            (".heading-1", "head"),
            ("time", "years ago"),
            (".mention-user", "@ren"),
            (".mention-channel", "#infra-approvals"),
        ] {
            page.reads(&format!(".content {css}"), text).await;
        }
        page.speaks("ja").await;
        page.reads(".content time", "年前").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_called_is_marked_until_they_have_read_it() {
    let scene = Scene::start().await;
    let bot = Bot::start(&scene.served.endpoint()).await;
    play(&scene.served.endpoint(), DESKTOP, async |page| {
        let card = bot.posts(PLATFORM, &json!({ "content": "the card" })).await;
        page.reads(".content", "the card").await;
        let link = format!(
            "<@&{LEADS}> see [the card](https://discord.com/channels/118000000000000100/{PLATFORM}/{})",
            card.id
        );
        bot.posts(APPROVALS, &json!({ "content": link, "allowed_mentions": { "roles": [LEADS.to_string()] } })).await;
        // The engineer sees that somebody wrote, and who is called.
        page.see(".channel.is-unread[data-name='infra-approvals']").await;
        page.reads("[data-person='ren'] .badge", "1").await;
        page.reads("[data-person='mio'] .badge", "1").await;
        assert_eq!(page.count("[data-person='aiko'] .badge, [data-person='guest'] .badge, .channel .badge").await, 0);
        page.becomes("ren").await;
        page.reads("[data-name='infra-approvals'] .badge", "1").await;
        page.goes_to("infra-approvals").await;
        page.reads(".message.is-ping .mention-mine", "@infra-lead").await;
        page.gone(".channel .badge").await;
        page.click(".jump").await;
        page.see("[data-name='platform'][aria-current]").await;
        page.see(&format!("[data-message='{}']:focus", card.id)).await;
        // Who has read is not called any more; the other one still is.
        page.becomes("aiko").await;
        page.see("[data-person='mio'] .badge").await;
        page.gone("[data-person='ren'] .badge").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_filled_in_sent_and_only_theirs() {
    let scene = Scene::start().await;
    let bot = Bot::start(&scene.served.endpoint()).await;
    play(&scene.served.endpoint(), DESKTOP, async |page| {
        page.says("/form").await;
        page.reads(".message.is-ephemeral", "Only you can see this").await;
        page.click("[data-press='form']").await;
        page.reads("dialog h2", "Why?").await;
        page.see("#modal-reason:focus").await;
        // The focus goes round inside.
        for _ in 0..7 {
            page.driver.active_element().await.expect("focused").send_keys(Key::Tab).await.expect("tabbed");
            page.holds(INSIDE).await;
        }
        page.driver.active_element().await.expect("focused").send_keys(Key::Escape).await.expect("closed");
        page.gone("dialog").await;
        page.click("[data-press='form']").await;
        let reason = page.see("#modal-reason").await;
        page.click("dialog [type='submit']").await;
        page.reads("dialog .field-error", "Please fill this in").await;
        reason.send_keys("no").await.expect("typed");
        page.click("dialog [type='submit']").await;
        page.reads("dialog .field-error", "At least 3 characters").await;
        page.shot("modal").await;
        reason.send_keys(" way").await.expect("typed");
        page.click("dialog [type='submit']").await;
        page.gone("dialog").await;
        page.reads(".message.is-ephemeral", "thank you").await;
        let sent = bot.heard().into_iter().find(|heard| heard["type"] == 5).expect("a form");
        assert_eq!(sent["data"]["components"][0]["components"][0]["value"], "no way");
        // Nobody else sees what is only for aiko, and she can put it away.
        page.becomes("ren").await;
        page.gone(".message").await;
        page.becomes("aiko").await;
        page.click(".message.is-ephemeral [data-dismiss]").await;
        page.holds("return document.querySelectorAll('.message').length === 1").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_answers_is_said_to_have_failed() {
    let scene = Scene::start().await;
    let _bot = Bot::start(&scene.served.endpoint()).await;
    play(&scene.served.endpoint(), DESKTOP, async |page| {
        page.says("/silent").await;
        page.reads(".note.is-sending", "/silent").await;
        scene.discord.pass_time(Duration::from_secs(4));
        page.reads(".note.is-failed", "The application did not respond").await;
        page.gone(".is-sending").await;
        page.shot("failed").await;
        page.says("/form").await;
        page.click("[data-press='silent']").await;
        page.see("[data-press='silent'].is-busy").await;
        scene.discord.pass_time(Duration::from_secs(4));
        page.reads(".press-failed", "did not respond").await;
        page.gone(".is-busy").await;
        page.click("[data-drop-note]").await;
        page.gone(".note").await;
    })
    .await;
}
