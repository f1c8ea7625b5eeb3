//! Around the chat: the drawer, the bot's coming and going, a lost connection, a phone, and who uses no mouse.

use super::bot::Bot;
use super::scene::{DESKTOP, PHONE, Scene, play, play_with};

/// Every button that is seen lies on a phone's screen and can be hit.
const IN_REACH: &str = "return [...document.querySelectorAll('button')].filter((one) => one.checkVisibility()) \
                        .map((one) => one.getBoundingClientRect()) \
                        .every((box) => box.left >= 0 && box.right <= 390 && box.height >= 24)";

/// What a screen reader would have no name for.
const NAMELESS: &str = "const all = 'button, input, textarea, nav, aside, [role=log], [role=radiogroup]'; \
                        const named = (one) => one.getAttribute('aria-label') || one.innerText.trim() || one.labels?.length; \
                        return [...document.querySelectorAll(all)].filter((one) => !named(one)).map((one) => one.outerHTML)";

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_and_goes_in_aws_is_shown_and_counted() {
    let scene = Scene::start().await;
    let _bot = Bot::start(&scene.served.endpoint()).await;
    let vpc = ("VPC", "vpc-1");
    let bucket = ("S3 bucket", "project-x-dev");
    scene.aws(&[("111111111101", "platform-dev", &[]), ("222222222201", "project-dev", &[vpc])]);
    play(&scene.served.endpoint(), DESKTOP, async |page| {
        page.reads(".drawer-sum", "No change yet").await;
        page.reads("[data-account='project-dev'] .account-all", "1").await;
        page.click("[data-account='platform-dev'] summary").await;
        page.reads("[data-account='platform-dev']", "Nothing here").await;
        scene.aws(&[("111111111101", "platform-dev", &[]), ("222222222201", "project-dev", &[vpc, bucket])]);
        page.reads("[data-account='project-dev'] .chip", "project-x-dev").await;
        page.reads(".drawer-sum", "+1").await;
        page.reads("#drawer-toggle", "+1").await;
        page.shot("drawer").await;
        scene.aws(&[("111111111101", "platform-dev", &[]), ("222222222201", "project-dev", &[])]);
        page.see(".chip.is-leaving").await;
        page.reads(".drawer-sum", "−1").await;
        page.gone(".chip.is-leaving").await;
        page.speaks("ja").await;
        page.reads("#drawer h2", "AWS のいまの様子").await;
        page.click("#drawer [data-close]").await;
        page.gone("#drawer").await;
        page.click("#drawer-toggle").await;
        page.see("#drawer").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_says_when_the_bot_or_the_sandbox_is_away_and_comes_back_by_itself() {
    let Scene { discord, served, .. } = Scene::start().await;
    let bot = Bot::start(&served.endpoint()).await;
    let address = served.address;
    let lost = |complaint: &str| complaint.contains("net::ERR_");
    play_with(&served.endpoint(), DESKTOP, lost, async |page| {
        page.gone(".banner").await;
        drop(bot);
        page.reads(".banner", "The bot is offline").await;
        served.stop().await.expect("stopped");
        page.reads(".banner.is-lost", "The connection to the sandbox is lost").await;
        let served = discord.serve(address.port(), None).await.expect("the same port");
        page.gone(".banner.is-lost").await;
        let _bot = Bot::start(&served.endpoint()).await;
        page.gone(".banner").await;
        // The stream is the new one: what is said now arrives.
        page.says("/onboard project-x dev").await;
        page.reads(".message", "is thinking").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_has_all_of_it() {
    let scene = Scene::start().await;
    let _bot = Bot::start(&scene.served.endpoint()).await;
    scene.aws(&[("222222222201", "project-dev", &[("VPC", "vpc-1")])]);
    play(&scene.served.endpoint(), PHONE, async |page| {
        for language in ["en", "ja"] {
            page.speaks(language).await;
            for name in ["aiko", "ren", "mio", "guest", "stranger"] {
                page.see(&format!("[data-person='{name}']")).await;
            }
            page.holds("return document.scrollingElement.scrollWidth <= 390").await;
            page.holds(IN_REACH).await;
        }
        page.gone("#drawer").await;
        page.click("#drawer-toggle").await;
        page.reads("#drawer", "project-dev").await;
        page.shot("phone-drawer").await;
        page.click("#drawer [data-close]").await;
        page.says("/onboard project-x dev").await;
        page.see(".thinking").await;
        page.shot("phone").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_has_a_name_and_the_keyboard_reaches_it() {
    let scene = Scene::start().await;
    let _bot = Bot::start(&scene.served.endpoint()).await;
    scene.aws(&[("222222222201", "project-dev", &[("VPC", "vpc-1")])]);
    play(&scene.served.endpoint(), DESKTOP, async |page| {
        page.says("/form").await;
        page.see("[data-press='form']").await;
        let nameless: Vec<String> = page.run(NAMELESS, vec![]).await;
        assert_eq!(nameless, [""; 0]);
        // By Tab alone: from the person to the languages, the drawer, the channels, the feed, the button and the line.
        page.run::<()>("document.querySelector('[role=radio][aria-checked=true]').focus()", vec![]).await;
        for wanted in [
            ".language",
            "#drawer-toggle",
            ".channel",
            ".channel",
            "#feed",
            "[data-press='form']",
            "[data-press='silent']",
            "[data-dismiss]",
        ] {
            page.driver.active_element().await.expect("focused").send_keys(thirtyfour::Key::Tab).await.expect("tabbed");
            page.holds(&format!("return document.activeElement.matches(\"{wanted}\")")).await;
        }
        page.holds("return getComputedStyle(document.activeElement).outlineStyle === 'solid'").await;
        // The arrow keys choose a person.
        page.run::<()>("document.querySelector('[role=radio][aria-checked=true]').focus()", vec![]).await;
        page.driver.active_element().await.expect("focused").send_keys(thirtyfour::Key::Right).await.expect("moved");
        page.see("[data-person='ren'][aria-checked='true']:focus").await;
    })
    .await;
}
