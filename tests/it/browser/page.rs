//! The page as a person uses it: what is seen, typed and pressed, each waited for with a deadline.

use std::path::Path;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::Value;
use thirtyfour::TypingData;
use thirtyfour::prelude::*;

/// How long anything may take on a busy machine before a test gives up, and how often it looks.
const PATIENCE: Duration = Duration::from_secs(40);
const GLANCE: Duration = Duration::from_millis(60);

/// An open page.
pub(super) struct Page {
    pub driver: WebDriver,
    /// The line that commands are typed into.
    line: &'static str,
}

/// Whether an element was found and is not in the page any more.
fn is_stale(error: &WebDriverError) -> bool {
    error.to_string().contains("stale element")
}

impl Page {
    /// Opens the page and waits until it is there.
    pub(super) async fn open(driver: WebDriver, address: &str) -> Self {
        driver.goto(address).await.expect("the page opens");
        let page = Self { driver, line: "#line" };
        page.see("#app:not([aria-busy])").await;
        page
    }

    /// Waits until something is seen, and gives it.
    pub(super) async fn see(&self, css: &str) -> WebElement {
        let until = Instant::now() + PATIENCE;
        loop {
            let found = self.driver.query(By::Css(css)).and_displayed().wait(PATIENCE, GLANCE).first().await;
            match found {
                Ok(element) => return element,
                // Drawn anew between the find and the look at it: it is looked for again.
                Err(error) if is_stale(&error) && Instant::now() < until => {}
                Err(error) => panic!("not seen: {css} ({error})\n{}", self.text("body").await),
            }
        }
    }

    /// Waits until something holds a text.
    pub(super) async fn reads(&self, css: &str, text: &str) {
        let script =
            "return [...document.querySelectorAll(arguments[0])].some((node) => node.innerText.includes(arguments[1]))";
        let read = self.comes_true(script, vec![css.into(), text.into()]).await;
        assert!(read, "not read in {css}: {text}\n{}", self.text("body").await);
    }

    /// Waits until something is not there, or not seen.
    pub(super) async fn gone(&self, css: &str) {
        let script = "return ![...document.querySelectorAll(arguments[0])].some((node) => node.checkVisibility())";
        assert!(self.comes_true(script, vec![css.into()]).await, "still there: {css}");
    }

    /// Waits until a script says true.
    pub(super) async fn holds(&self, script: &str) {
        assert!(self.comes_true(script, vec![]).await, "never true: {script}");
    }

    async fn comes_true(&self, script: &str, arguments: Vec<Value>) -> bool {
        let looked = async {
            while !self.run::<bool>(script, arguments.clone()).await {
                tokio::time::sleep(GLANCE).await;
            }
        };
        tokio::time::timeout(PATIENCE, looked).await.is_ok()
    }

    /// What a script says.
    pub(super) async fn run<T: DeserializeOwned>(&self, script: &str, arguments: Vec<Value>) -> T {
        let said = self.driver.execute(script, arguments).await.expect("the script runs");
        serde_json::from_value(said.json().clone()).expect("what the script says")
    }

    /// The text of the first such thing; empty where there is none.
    pub(super) async fn text(&self, css: &str) -> String {
        self.run("return document.querySelector(arguments[0])?.innerText ?? ''", vec![css.into()]).await
    }

    /// How many there are.
    pub(super) async fn count(&self, css: &str) -> usize {
        self.run("return document.querySelectorAll(arguments[0]).length", vec![css.into()]).await
    }

    /// Clicks, as with a mouse: what covers it is clicked instead.
    pub(super) async fn click(&self, css: &str) {
        let until = Instant::now() + PATIENCE;
        loop {
            let element = self.see(css).await;
            let clicked = async {
                element.scroll_into_view().await?;
                element.click().await
            };
            match clicked.await {
                Ok(()) => return,
                // A card that is drawn anew under the mouse is looked for again.
                Err(_) if Instant::now() < until => tokio::time::sleep(GLANCE).await,
                Err(error) => panic!("{css}: {error}"),
            }
        }
    }

    /// Types into the composer, or presses a key there.
    pub(super) async fn types(&self, keys: impl Into<TypingData>) {
        self.see(self.line).await.send_keys(keys).await.expect("typed");
    }

    /// Types a command and sends it.
    pub(super) async fn says(&self, line: &str) {
        self.types(line).await;
        self.types(Key::Enter).await;
    }

    /// What stands in the composer.
    pub(super) async fn typed(&self) -> String {
        self.run("return document.querySelector('#line').value", vec![]).await
    }

    /// Becomes another person.
    pub(super) async fn becomes(&self, name: &str) {
        self.click(&format!("[data-person='{name}']")).await;
        self.see(&format!("[data-person='{name}'][aria-checked='true']")).await;
    }

    /// Opens a channel.
    pub(super) async fn goes_to(&self, channel: &str) {
        self.click(&format!("[data-name='{channel}']")).await;
        self.see(&format!("[data-name='{channel}'][aria-current]")).await;
    }

    /// Chooses the page's language: `en`, `ja`.
    pub(super) async fn speaks(&self, language: &str) {
        self.click(&format!(".language[lang='{language}']")).await;
        self.holds(&format!("return document.documentElement.lang === '{language}'")).await;
    }

    /// Writes `target/screenshots/NAME.png`.
    pub(super) async fn shot(&self, name: &str) -> Vec<u8> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
        std::fs::create_dir_all(&folder).expect("a folder");
        let picture = self.driver.screenshot_as_png().await.expect("a screenshot");
        std::fs::write(folder.join(format!("{name}.png")), &picture).expect("written");
        picture
    }

    /// What the browser complained of since it was asked last: errors, warnings, requests that failed.
    pub(super) async fn complaints(&self) -> Vec<String> {
        let log = self.driver.browser_log().await.expect("the browser's log");
        let bad = log.into_iter().filter(|entry| matches!(entry.level.as_str(), "SEVERE" | "WARNING" | "ERROR"));
        bad.map(|entry| format!("{}: {}", entry.level, entry.message)).collect()
    }
}
