//! What people read of a message, and which buttons they find on it.

use genkan::sandbox::discord::seed::Id;
use serde_json::Value;

/// Whether only one person sees it.
pub fn is_ephemeral(message: &Value) -> bool {
    message["flags"].as_u64().unwrap_or_default() & 64 != 0
}

/// Everything that can be read of a message, and its buttons.
pub fn text(message: &Value) -> String {
    let mut parts = vec![message["content"].as_str().unwrap_or_default().to_owned()];
    for embed in message["embeds"].as_array().into_iter().flatten() {
        for key in ["title", "description"] {
            parts.extend(embed[key].as_str().map(str::to_owned));
        }
        for field in embed["fields"].as_array().into_iter().flatten() {
            let of = |key: &str| field[key].as_str().unwrap_or_default().to_owned();
            parts.push(format!("{}: {}", of("name"), of("value")));
        }
        parts.extend(embed["footer"]["text"].as_str().map(str::to_owned));
    }
    for button in buttons(message) {
        parts.push(format!("[{}]", button["label"].as_str().unwrap_or_default()));
    }
    parts.join("\n")
}

fn buttons(message: &Value) -> impl Iterator<Item = &Value> {
    let rows = message["components"].as_array().into_iter().flatten();
    rows.flat_map(|row| row["components"].as_array().into_iter().flatten())
}

/// The id of a message's button that begins like this, if it can be pressed.
pub fn button(message: &Value, begin: &str) -> Option<String> {
    let ids = buttons(message).filter(|button| button["disabled"] != true).filter_map(|one| one["custom_id"].as_str());
    ids.into_iter().find(|id| id.starts_with(begin)).map(str::to_owned)
}

/// An id in JSON as a number.
pub fn number(id: &Value) -> Id {
    id.as_str().and_then(|id| id.parse().ok()).expect("an id")
}
