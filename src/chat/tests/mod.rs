//! What chat shows: drawn from values made by hand, read back as Discord would read it, held against Discord's limits, and kept
//! as snapshots for people to read.

mod approvals;
mod cards;
mod injected;
mod limits;
mod made;
mod others;
mod reader;
mod words;

use serde_json::Value as Json;

use super::drawn::Drawn;
use super::words::Scene;
use crate::config::Config;
use crate::model::Language;

/// Three accounts, two environments, people, a Discord server.
fn config() -> Config {
    let text = r#"
        [platform]
        region = "ap-northeast-1"
        hub = "platform-dev"

        [accounts.platform-dev]
        id = "111111111101"
        [accounts.platform-production]
        id = "111111111103"
        [accounts.project-dev]
        id = "222222222201"
        [accounts.project-production]
        id = "222222222203"

        [environments.dev]
        platform_account = "platform-dev"
        zone = { id = "Z0DEV00000000000001", name = "dev.platform.internal" }
        account = "project-dev"
        approvers = ["infra-leads"]
        approvals_channel = "118000000000000202"

        [environments.production]
        platform_account = "platform-production"
        zone = { id = "Z0PRODUCTION0000001", name = "production.platform.internal" }
        account = "project-production"
        approvers = ["infra-leads"]
        approvals = 2
        approvals_channel = "118000000000000202"

        [discord]
        guild = "118000000000000100"
        channel = "118000000000000201"
        roles = { infra-leads = "118000000000000302" }
    "#;
    toml::from_str(text).expect("the config is sound")
}

/// A scene in that language.
fn scene(config: &Config, language: Language) -> Scene<'_> {
    Scene { language, config }
}

/// A message as people can read it in a file.
fn readable(drawn: &Drawn) -> String {
    let json = serde_json::to_value(drawn).expect("a message can be written as JSON");
    let mut text = String::new();
    let mut line = |indent: &str, said: &str| {
        for one in said.lines() {
            text.push_str(format!("{indent}{one}").trim_end());
            text.push('\n');
        }
    };
    line("", json["content"].as_str().unwrap_or_default());
    for embed in json["embeds"].as_array().into_iter().flatten() {
        line("┃ ", &format!("{} [{}]", embed["title"].as_str().unwrap_or_default(), colour(&embed["color"])));
        line("┃ ", embed["description"].as_str().unwrap_or_default());
        for field in embed["fields"].as_array().into_iter().flatten() {
            line("┃ ", &format!("\u{2014} {}", field["name"].as_str().unwrap_or_default()));
            line("┃ ", field["value"].as_str().unwrap_or_default());
        }
        line("┃ ", &format!("\u{2014}\n{}", embed["footer"]["text"].as_str().unwrap_or_default()));
    }
    for button in buttons(&json) {
        let style = match button["style"].as_u64() {
            Some(1) => "blue",
            Some(3) => "green",
            Some(4) => "red",
            _ => "grey",
        };
        line("", &format!("[{}] {style} {}", text_of(&button["label"]), text_of(&button["custom_id"])));
    }
    text
}

fn buttons(json: &Json) -> impl Iterator<Item = &Json> {
    let rows = json["components"].as_array().into_iter().flatten();
    rows.flat_map(|row| row["components"].as_array().into_iter().flatten())
}

fn text_of(json: &Json) -> &str {
    json.as_str().unwrap_or_default()
}

fn colour(number: &Json) -> &'static str {
    match number.as_u64() {
        Some(0x005B_8DEF) => "blue",
        Some(0x00E3_A23C) => "amber",
        Some(0x0043_A66F) => "green",
        Some(0x00D6_4545) => "red",
        _ => "grey",
    }
}

/// Keeps it as a snapshot, in every language one file.
fn kept(name: &str, drawn: impl Fn(&Scene<'_>) -> String) {
    let config = config();
    for language in Language::ALL {
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_snapshot_path("shown");
        settings.set_omit_expression(true);
        let shown = drawn(&scene(&config, language));
        settings.bind(|| insta::assert_snapshot!(format!("{name}.{language}"), shown));
    }
}
