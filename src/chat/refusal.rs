//! What a person is told when something was not done: one or two sentences, and what to do.

use std::fmt::Display;

use minijinja::{Value, context};
use serde::Serialize;
use serde_json::Value as Json;

use super::card::failure;
use super::drawn::Drawn;
use super::preview;
use super::text::{self, code};
use super::words::Scene;
use crate::requests::DeskError;

/// What to say about an error. `reference`: under which id the details are in the log; only said where an operator has to look.
pub fn refusal(error: &DeskError, reference: &str, scene: &Scene<'_>) -> Drawn {
    let said = match error {
        DeskError::Blocked(plan) => {
            return preview::blocked(plan, scene);
        }
        DeskError::Invalid(why)
        | DeskError::NotFound(why)
        | DeskError::Refused(why)
        | DeskError::Busy(why)
        | DeskError::NotNow(why) => return Drawn::text(say(why, scene)),
        DeskError::Cloud(error) => {
            let why = error.to_string();
            let mut lines = vec![scene.word("refusal.cloud")];
            lines.extend(failure(&why, error.mend(), 480, scene));
            lines.join("\n")
        }
        DeskError::Store(_) => scene.word("refusal.store"),
    };
    Drawn::text(referred(&said, reference, scene))
}

/// What is said, with the reference at the end.
fn referred(said: &str, reference: &str, scene: &Scene<'_>) -> String {
    let reference = scene.say("refusal.reference", context! { reference => code(reference, 40) });
    format!("{said}\n{reference}").trim_start().to_owned()
}

/// A reason in chat's own words, by its name and its fields; in the words of the terminal where the catalogue has none.
pub(super) fn say(why: &(impl Serialize + Display), scene: &Scene<'_>) -> String {
    let plain = || text::escape(&scene.phrase(&why.to_string()), 1200);
    let Ok(Json::Object(fields)) = serde_json::to_value(why) else { return plain() };
    let Some(name) = fields.get("why").and_then(Json::as_str) else { return plain() };
    let values = fields.iter().map(|(field, value)| (field.clone(), filled(field, value, scene)));
    scene.try_say(&format!("why.{name}"), Value::from_pairs(values)).unwrap_or_else(|_| plain())
}

/// A field of a reason: states and directions in the reader's language, lists one after the other, rules' reasons in it too.
fn filled(field: &str, value: &Json, scene: &Scene<'_>) -> Value {
    match (field, value) {
        ("state" | "direction" | "kind", Json::String(word)) => scene
            .try_say(&format!("{field}.{word}"), context! {})
            .map_or_else(|_| Value::from(word.as_str()), Value::from_safe_string),
        ("text", Json::String(made)) => Value::from_safe_string(text::escape(&scene.phrase(made), 600)),
        ("request" | "later", Json::String(id)) => code(id, 12),
        (_, Json::Array(items)) => {
            let items: Vec<String> = items.iter().take(20).map(|item| listed(item, scene)).collect();
            Value::from_safe_string(items.join(&scene.word("list.comma")))
        }
        (_, Json::Null) => Value::from(()),
        (_, Json::Bool(is)) => Value::from(*is),
        (_, Json::String(text)) => Value::from(text.as_str()),
        (_, other) => Value::from(other.to_string()),
    }
}

/// An item of a list: a name to be copied, or a rule's reason.
fn listed(item: &Json, scene: &Scene<'_>) -> String {
    let language = scene.language.code();
    match item {
        Json::String(name) => code(name, 40).to_string(),
        Json::Object(reason) => {
            let said = reason.get(language).or_else(|| reason.get("en")).and_then(Json::as_str);
            text::escape(said.unwrap_or_default(), 240)
        }
        other => text::escape(&other.to_string(), 60),
    }
}
