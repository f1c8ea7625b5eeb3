//! What Discord lets pass and a careful bot does not send: mentions left open, fields that nobody reads, languages left out.

use serde_json::Value;

/// Fields of a message's body (Discord's OpenAPI document, `MessageCreateRequest` and its relatives).
const MESSAGE: [&str; 14] = [
    "content",
    "embeds",
    "allowed_mentions",
    "components",
    "flags",
    "attachments",
    "poll",
    "tts",
    "sticker_ids",
    "message_reference",
    "nonce",
    "enforce_nonce",
    "shared_client_theme",
    "thread_name",
];
const EMBED: [&str; 13] = [
    "type",
    "url",
    "title",
    "color",
    "timestamp",
    "description",
    "author",
    "image",
    "thumbnail",
    "footer",
    "fields",
    "provider",
    "video",
];
const COMPONENT: [&str; 18] = [
    "type",
    "id",
    "components",
    "custom_id",
    "style",
    "label",
    "disabled",
    "url",
    "sku_id",
    "emoji",
    "placeholder",
    "min_values",
    "max_values",
    "options",
    "required",
    "value",
    "min_length",
    "max_length",
];
const MODAL: [&str; 3] = ["custom_id", "title", "components"];
const COMMAND: [&str; 14] = [
    "id",
    "name",
    "name_localizations",
    "description",
    "description_localizations",
    "options",
    "default_member_permissions",
    "dm_permission",
    "default_permission",
    "contexts",
    "integration_types",
    "handler",
    "type",
    "nsfw",
];
const OPTION: [&str; 15] = [
    "type",
    "name",
    "name_localizations",
    "description",
    "description_localizations",
    "required",
    "choices",
    "options",
    "channel_types",
    "min_value",
    "max_value",
    "min_length",
    "max_length",
    "autocomplete",
    "file_types",
];

/// What is odd about a call's body.
pub(crate) fn lints(route: &str, body: &Value) -> Vec<String> {
    let mut odd = Vec::new();
    match route {
        "PUT commands" => {
            for command in body.as_array().into_iter().flatten() {
                unknown(command, &COMMAND, "command", &mut odd);
                for option in command["options"].as_array().into_iter().flatten() {
                    unknown(option, &OPTION, "option", &mut odd);
                }
                locales(command, &mut odd);
            }
        }
        "POST callback" => {
            unknown(body, &["type", "data"], "callback", &mut odd);
            match body["type"].as_u64() {
                Some(4 | 7) => message(&body["data"], &mut odd),
                Some(5) if ["content", "embeds", "components"].iter().any(|part| body["data"].get(part).is_some()) => {
                    odd.push("a deferred answer carries nothing but the flag 64: what else is sent is lost".to_owned());
                }
                Some(9) => {
                    unknown(&body["data"], &MODAL, "modal", &mut odd);
                    components(&body["data"]["components"], &mut odd);
                }
                _ => {}
            }
        }
        _ if body.is_object() => message(body, &mut odd),
        _ => {}
    }
    odd
}

fn message(body: &Value, odd: &mut Vec<String>) {
    unknown(body, &MESSAGE, "message", odd);
    if body["allowed_mentions"]["parse"].as_array().is_none_or(|parse| !parse.is_empty()) {
        odd.push("allowed_mentions.parse is not []: text from outside could ping people".to_owned());
    }
    for embed in body["embeds"].as_array().into_iter().flatten() {
        unknown(embed, &EMBED, "embed", odd);
        for field in embed["fields"].as_array().into_iter().flatten() {
            unknown(field, &["name", "value", "inline"], "field", odd);
        }
    }
    components(&body["components"], odd);
}

fn components(list: &Value, odd: &mut Vec<String>) {
    for component in list.as_array().into_iter().flatten() {
        unknown(component, &COMPONENT, "component", odd);
        components(&component["components"], odd);
    }
}

/// A command that is localised needs its own language too: English is shown as en-GB to some who chose en-US otherwise.
fn locales(command: &Value, odd: &mut Vec<String>) {
    for part in ["name_localizations", "description_localizations"] {
        let localised = command[part].as_object();
        if localised.is_some_and(|texts| texts.contains_key("en-GB") && !texts.contains_key("en-US")) {
            odd.push(format!("{part} has en-GB and not en-US"));
        }
    }
}

fn unknown(object: &Value, known: &[&str], what: &str, odd: &mut Vec<String>) {
    for field in object.as_object().into_iter().flatten().map(|(field, _)| field) {
        if !known.contains(&field.as_str()) {
            odd.push(format!("a {what} has no field {field}"));
        }
    }
}
