//! Limits on buttons, selects and forms (Discord's component reference). Components V2 are not served.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::refusal::Wrong;
use super::{join, optional, text};

const ACTION_ROW: u64 = 1;
const BUTTON: u64 = 2;
const STRING_SELECT: u64 = 3;
const TEXT_INPUT: u64 = 4;
const LINK: u64 = 5;
/// Rows of a message or a form.
const ROWS: usize = 5;
/// Buttons of a row.
const BUTTONS: usize = 5;
/// Options of a select.
const OPTIONS: usize = 25;
/// Characters of a custom id.
const CUSTOM_ID: usize = 100;
/// Characters that a text input takes at most.
const INPUT: u64 = 4000;

/// A message's action rows.
pub(super) fn rows(rows: &Value, at: &str, wrong: &mut Wrong) {
    let Some(rows) = rows.as_array() else { return };
    wrong.count(at, rows.len(), 0, ROWS);
    let mut ids = BTreeSet::new();
    for (number, row) in rows.iter().enumerate() {
        let at = format!("{at}.{number}");
        let Some(parts) = parts(row, &at, wrong) else { continue };
        let selects = parts.iter().filter(|part| part["type"] != BUTTON).count();
        if parts.len() > BUTTONS || (selects > 0 && parts.len() > 1) {
            let message = "The specified component exceeds the maximum width";
            wrong.add(&join(&at, "components"), "COMPONENT_LAYOUT_WIDTH_EXCEEDED", message);
        }
        for (number, part) in parts.iter().enumerate() {
            let at = format!("{at}.components.{number}");
            match part["type"].as_u64() {
                Some(BUTTON) => button(part, &at, &mut ids, wrong),
                Some(STRING_SELECT) => select(part, &at, &mut ids, wrong),
                Some(5..=8) => custom_id(part, &at, &mut ids, wrong),
                _ => wrong.choices(&join(&at, "type"), "2, 3, 5, 6, 7, 8"),
            }
        }
    }
}

/// A form: `custom_id`, `title`, one to five rows of one text input each.
pub(crate) fn modal(data: &Value, wrong: &mut Wrong) {
    text(data, "custom_id", "data", 1, CUSTOM_ID, wrong);
    text(data, "title", "data", 1, 45, wrong);
    let Some(rows) = data["components"].as_array() else { return wrong.required("data.components") };
    wrong.count("data.components", rows.len(), 1, ROWS);
    let mut ids = BTreeSet::new();
    for (number, row) in rows.iter().enumerate() {
        let at = format!("data.components.{number}");
        let Some(parts) = parts(row, &at, wrong) else { continue };
        wrong.count(&join(&at, "components"), parts.len(), 1, 1);
        for (number, part) in parts.iter().enumerate() {
            let at = format!("{at}.components.{number}");
            if part["type"] == TEXT_INPUT {
                input(part, &at, &mut ids, wrong);
            } else {
                wrong.choices(&join(&at, "type"), "4");
            }
        }
    }
}

/// What stands in an action row.
fn parts<'a>(row: &'a Value, at: &str, wrong: &mut Wrong) -> Option<&'a Vec<Value>> {
    if row["type"] != ACTION_ROW {
        wrong.choices(&join(at, "type"), "1");
        return None;
    }
    let parts = row["components"].as_array().filter(|parts| !parts.is_empty());
    if parts.is_none() {
        wrong.add(&join(at, "components"), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.");
    }
    parts
}

fn button(part: &Value, at: &str, ids: &mut BTreeSet<String>, wrong: &mut Wrong) {
    optional(part, "label", at, 80, wrong);
    if part["label"].as_str().is_none_or(str::is_empty) && part["emoji"].is_null() {
        let message = "A button must have either an emoji or a label.";
        wrong.add(at, "BUTTON_COMPONENT_INVALID_LABEL_OR_EMOJI", message);
    }
    match part["style"].as_u64() {
        Some(LINK) if !part["custom_id"].is_null() => {
            let message = "A custom id and url cannot both be specified";
            wrong.add(&join(at, "custom_id"), "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", message);
        }
        Some(LINK) => text(part, "url", at, 1, 512, wrong),
        Some(1..=4) => custom_id(part, at, ids, wrong),
        _ => wrong.choices(&join(at, "style"), "1, 2, 3, 4, 5"),
    }
}

fn select(part: &Value, at: &str, ids: &mut BTreeSet<String>, wrong: &mut Wrong) {
    custom_id(part, at, ids, wrong);
    optional(part, "placeholder", at, 150, wrong);
    let options = part["options"].as_array().map_or(&[][..], Vec::as_slice);
    wrong.count(&join(at, "options"), options.len(), 1, OPTIONS);
    let mut values = BTreeSet::new();
    for (number, option) in options.iter().enumerate() {
        let at = format!("{at}.options.{number}");
        text(option, "label", &at, 1, 100, wrong);
        text(option, "value", &at, 1, 100, wrong);
        optional(option, "description", &at, 100, wrong);
        if !values.insert(option["value"].as_str().unwrap_or_default()) {
            let message = "The specified option value is already used";
            wrong.add(&join(&at, "value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message);
        }
    }
}

fn input(part: &Value, at: &str, ids: &mut BTreeSet<String>, wrong: &mut Wrong) {
    custom_id(part, at, ids, wrong);
    text(part, "label", at, 1, 45, wrong);
    optional(part, "placeholder", at, 100, wrong);
    optional(part, "value", at, 4000, wrong);
    if !matches!(part["style"].as_u64(), Some(1 | 2)) {
        wrong.choices(&join(at, "style"), "1, 2");
    }
    let number = |name: &str| part[name].as_u64().unwrap_or_default();
    for (name, least) in [("min_length", 0), ("max_length", 1)] {
        if !part[name].is_null() && !(least..=INPUT).contains(&number(name)) {
            let message = format!("int value should be between {least} and {INPUT}.");
            wrong.add(&join(at, name), "NUMBER_TYPE_MAX", message);
        }
    }
}

fn custom_id(part: &Value, at: &str, ids: &mut BTreeSet<String>, wrong: &mut Wrong) {
    text(part, "custom_id", at, 1, CUSTOM_ID, wrong);
    if let Some(id) = part["custom_id"].as_str()
        && !ids.insert(id.to_owned())
    {
        let message = "Component custom id cannot be duplicated";
        wrong.add(&join(at, "custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED", message);
    }
}
