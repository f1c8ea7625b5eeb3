//! Limits on registered commands (Discord's application command documentation: naming, structure, limits).

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::super::refusal::Wrong;
use super::{choice_list, join, text};

/// CHAT_INPUT commands of one server.
const COMMANDS: usize = 100;
/// Options of a command.
const OPTIONS: usize = 25;
/// Characters of a command: names, descriptions and values, of each the longest localisation.
const ALL_TOGETHER: usize = 8000;
/// The languages that Discord knows (reference, Locales).
const LOCALES: [&str; 34] = [
    "ar", "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no", "pl",
    "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja", "zh-TW", "ko",
    "he",
];

/// A command's or an option's name; besides this it is lower case where its letters have one.
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[-_'\p{L}\p{N}\p{Script=Devanagari}\p{Script=Thai}]{1,32}$")
        .expect("a constant, compiled in the tests")
});

/// A bulk overwrite's list.
pub(crate) fn commands(list: &[Value], wrong: &mut Wrong) {
    wrong.count("", list.len(), 0, COMMANDS);
    let mut names = BTreeSet::new();
    for (number, command) in list.iter().enumerate() {
        let at = number.to_string();
        name(command, &at, wrong);
        text_and_localisations(command, "description", &at, wrong);
        if !names.insert(command["name"].as_str()) {
            let message = "Application command names must be unique";
            wrong.add(&join(&at, "name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", message);
        }
        options(&command["options"], &at, wrong);
        if size(command) > ALL_TOGETHER {
            wrong.add(&at, "APPLICATION_COMMAND_TOO_LARGE", "Command exceeds maximum size (8000)");
        }
    }
}

fn options(options: &Value, at: &str, wrong: &mut Wrong) {
    let options = options.as_array().map_or(&[][..], Vec::as_slice);
    wrong.count(&join(at, "options"), options.len(), 0, OPTIONS);
    let mut names = BTreeSet::new();
    let mut optional_before = false;
    for (number, option) in options.iter().enumerate() {
        let at = format!("{at}.options.{number}");
        name(option, &at, wrong);
        text_and_localisations(option, "description", &at, wrong);
        if !matches!(option["type"].as_u64(), Some(1..=11)) {
            wrong.choices(&join(&at, "type"), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11");
        }
        if !names.insert(option["name"].as_str()) {
            let message = "Option name already exists";
            wrong.add(&join(&at, "name"), "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", message);
        }
        let required = option["required"] == true;
        if required && optional_before {
            let message = "Required options must be placed before non-required options";
            wrong.add(&at, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message);
        }
        optional_before |= !required;
        let choices = option["choices"].as_array().map_or(&[][..], Vec::as_slice);
        choice_list(choices, &join(&at, "choices"), wrong);
        if option["autocomplete"] == true && !choices.is_empty() {
            let message = "Autocomplete cannot be used together with choices";
            wrong.add(&at, "APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE_MUTUALLY_EXCLUSIVE", message);
        }
    }
}

fn name(object: &Value, at: &str, wrong: &mut Wrong) {
    text_and_localisations(object, "name", at, wrong);
    let localised = object["name_localizations"].as_object();
    let localised =
        localised.into_iter().flatten().map(|(locale, name)| (format!("name_localizations.{locale}"), name));
    for (part, name) in [("name".to_owned(), &object["name"])].into_iter().chain(localised) {
        let Some(name) = name.as_str() else { continue };
        if !NAME.is_match(name) || name.to_lowercase() != name {
            wrong.add(&join(at, &part), "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid");
        }
    }
}

fn text_and_localisations(object: &Value, what: &str, at: &str, wrong: &mut Wrong) {
    let most = if what == "name" { 32 } else { 100 };
    text(object, what, at, 1, most, wrong);
    let part = format!("{what}_localizations");
    for (locale, value) in object[&part].as_object().into_iter().flatten() {
        let at = join(at, &join(&part, locale));
        if !LOCALES.contains(&locale.as_str()) {
            wrong.choices(&at, "the locales that Discord knows");
        }
        match value.as_str() {
            Some(value) => wrong.length(&at, value, 1, most),
            None => wrong.required(&at),
        }
    }
}

/// The characters of a command, with the longest localisation of each text.
fn size(object: &Value) -> usize {
    let count = |value: &Value| value.as_str().map_or(0, |text| text.chars().count());
    let longest = |what: &str| {
        let localised = object[&format!("{what}_localizations")].as_object();
        localised.into_iter().flatten().map(|(_, value)| count(value)).fold(count(&object[what]), usize::max)
    };
    let inside = |what: &str| object[what].as_array().into_iter().flatten().map(size).sum::<usize>();
    longest("name") + longest("description") + count(&object["value"]) + inside("options") + inside("choices")
}
