//! Discord's documented limits on what a bot sends, as errors with Discord's own codes; and lints for what Discord lets pass.
//!
//! Source of the numbers: Discord's API documentation of July 2026 (Message, Embed, Components, Application Commands).

mod command;
mod components;
mod embeds;
mod lint;

pub(crate) use command::commands;
pub(crate) use components::modal;
pub(crate) use lint::lints;

use serde_json::Value;

use super::refusal::Wrong;

/// Characters of a message's content.
const CONTENT: usize = 2000;
/// Users or roles that `allowed_mentions` lists at most.
const MENTIONS: usize = 100;
/// Choices of an autocomplete or an option.
const CHOICES: usize = 25;
/// Characters of a choice's name and value.
const CHOICE: usize = 100;
/// Characters of a nonce.
const NONCE: usize = 25;

/// A message that is posted, answered or edited. `at`: where it stands in the body.
pub(crate) fn message(data: &Value, at: &str, wrong: &mut Wrong) {
    let path = |part: &str| join(at, part);
    if data.is_null() {
        return;
    }
    match &data["content"] {
        Value::Null => {}
        Value::String(content) => wrong.length(&path("content"), content, 0, CONTENT),
        _ => wrong.add(&path("content"), "BASE_TYPE_STRING", "Must be a string."),
    }
    embeds::embeds(&data["embeds"], &path("embeds"), wrong);
    components::rows(&data["components"], &path("components"), wrong);
    allowed_mentions(&data["allowed_mentions"], &path("allowed_mentions"), wrong);
    if !data["flags"].is_null() && data["flags"].as_u64().is_none() {
        wrong.add(&path("flags"), "NUMBER_TYPE_COERCE", "Value is not int.");
    }
}

/// The nonce, a text or a number of at most 25 characters.
pub(crate) fn nonce(data: &Value, wrong: &mut Wrong) -> Option<String> {
    let nonce = match &data["nonce"] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    wrong.length("nonce", &nonce, 0, NONCE);
    Some(nonce)
}

/// What an autocomplete is answered with.
pub(crate) fn choices(data: &Value, wrong: &mut Wrong) {
    match data["choices"].as_array() {
        None => wrong.required("data.choices"),
        Some(choices) => choice_list(choices, "data.choices", wrong),
    }
}

fn choice_list(choices: &[Value], at: &str, wrong: &mut Wrong) {
    wrong.count(at, choices.len(), 0, CHOICES);
    for (number, choice) in choices.iter().enumerate() {
        text(choice, "name", &format!("{at}.{number}"), 1, CHOICE, wrong);
        match &choice["value"] {
            Value::String(value) => wrong.length(&format!("{at}.{number}.value"), value, 1, CHOICE),
            Value::Number(_) => {}
            _ => wrong.required(&format!("{at}.{number}.value")),
        }
    }
}

fn allowed_mentions(allowed: &Value, at: &str, wrong: &mut Wrong) {
    for what in ["users", "roles"] {
        let listed = allowed[what].as_array().map_or(0, Vec::len);
        wrong.count(&join(at, what), listed, 0, MENTIONS);
        let parses = allowed["parse"].as_array().is_some_and(|parse| parse.iter().any(|part| part == what));
        if parses && listed > 0 {
            let message = format!("parse:[\"{what}\"] and {what}: [ids...] are mutually exclusive.");
            wrong.add(at, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message);
        }
    }
    for (number, part) in allowed["parse"].as_array().into_iter().flatten().enumerate() {
        if !["users", "roles", "everyone"].iter().any(|known| part == known) {
            wrong.choices(&format!("{}.{number}", join(at, "parse")), "'users', 'roles', 'everyone'");
        }
    }
}

/// A text that must be there.
fn text(object: &Value, name: &str, at: &str, least: usize, most: usize, wrong: &mut Wrong) {
    match object[name].as_str() {
        None => wrong.required(&join(at, name)),
        Some(text) => wrong.length(&join(at, name), text, least, most),
    }
}

/// A text that may be there; `null` is as good as not there.
fn optional(object: &Value, name: &str, at: &str, most: usize, wrong: &mut Wrong) {
    match &object[name] {
        Value::Null => {}
        Value::String(text) => wrong.length(&join(at, name), text, 0, most),
        _ => wrong.add(&join(at, name), "BASE_TYPE_STRING", "Must be a string."),
    }
}

fn join(at: &str, part: &str) -> String {
    if at.is_empty() { part.to_owned() } else { format!("{at}.{part}") }
}

#[cfg(test)]
mod tests;
