//! Limits on embeds (Discord's message documentation, Embed Limits).

use serde_json::Value;

use super::super::refusal::Wrong;
use super::{join, optional, text};

/// Embeds of a message.
const EMBEDS: usize = 10;
/// Fields of an embed.
const FIELDS: usize = 25;
/// Characters of all embeds of a message together.
const ALL_TOGETHER: usize = 6000;

pub(super) fn embeds(embeds: &Value, at: &str, wrong: &mut Wrong) {
    let Some(embeds) = embeds.as_array() else { return };
    wrong.count(at, embeds.len(), 0, EMBEDS);
    let mut sum = 0;
    for (number, embed) in embeds.iter().enumerate() {
        sum += one(embed, &format!("{at}.{number}"), wrong);
    }
    if sum > ALL_TOGETHER {
        wrong.add(at, "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000");
    }
}

/// Checks one embed, and counts the characters that count for the sum.
fn one(embed: &Value, at: &str, wrong: &mut Wrong) -> usize {
    optional(embed, "title", at, 256, wrong);
    optional(embed, "description", at, 4096, wrong);
    optional(&embed["footer"], "text", &join(at, "footer"), 2048, wrong);
    if embed["author"].is_object() {
        text(&embed["author"], "name", &join(at, "author"), 1, 256, wrong);
    }
    for address in [&embed["url"], &embed["author"]["url"], &embed["image"]["url"], &embed["thumbnail"]["url"]] {
        if address.as_str().is_some_and(|address| !address.starts_with("http://") && !address.starts_with("https://")) {
            wrong.add(&join(at, "url"), "URL_TYPE_INVALID_SCHEME", "Scheme must be one of ('http', 'https').");
        }
    }
    if embed["color"].as_u64().is_some_and(|colour| colour > 0xff_ffff) {
        wrong.add(&join(at, "color"), "NUMBER_TYPE_MAX", "int value should be less than or equal to 16777215.");
    }
    let fields = embed["fields"].as_array().map_or(&[][..], Vec::as_slice);
    wrong.count(&join(at, "fields"), fields.len(), 0, FIELDS);
    for (number, field) in fields.iter().enumerate() {
        let at = format!("{at}.fields.{number}");
        text(field, "name", &at, 1, 256, wrong);
        text(field, "value", &at, 1, 1024, wrong);
    }
    let counts = |part: &Value| part.as_str().map_or(0, |text| text.chars().count());
    counts(&embed["title"])
        + counts(&embed["description"])
        + counts(&embed["footer"]["text"])
        + counts(&embed["author"]["name"])
        + fields.iter().map(|field| counts(&field["name"]) + counts(&field["value"])).sum::<usize>()
}
