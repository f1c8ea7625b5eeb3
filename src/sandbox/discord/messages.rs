//! Messages: posted, edited, deleted; what a text mentions, and whom that pings.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::clock::{Clock, iso};
use super::refusal::Refusal;
use super::seed::Id;
use super::world::{Message, World};

/// Only its person sees the message (API reference, Message Flags).
pub(crate) const EPHEMERAL: u64 = 1 << 6;
/// The answer is deferred: "is thinking …".
pub(crate) const LOADING: u64 = 1 << 7;
/// Flags that a bot may set when it posts: no embeds shown, nobody notified.
const SETTABLE: u64 = (1 << 2) | (1 << 12);

/// A message that is about to be.
pub(crate) struct Draft<'a> {
    pub channel: Id,
    pub only: Option<Id>,
    /// The request's body.
    pub body: &'a Value,
    pub loading: bool,
    /// The interaction that makes it.
    pub metadata: Option<Value>,
    /// The message that it answers.
    pub reference: Option<Id>,
}

impl World {
    /// Posts a message of the bot's, and returns it.
    pub(crate) fn post(&mut self, clock: &Clock, draft: Draft<'_>) -> Value {
        let id = clock.id();
        let flags = draft.body["flags"].as_u64().unwrap_or_default() & SETTABLE;
        let flags = flags | if draft.only.is_some() { EPHEMERAL } else { 0 } | if draft.loading { LOADING } else { 0 };
        let is_answer = draft.metadata.is_some();
        let kind = match (&draft.metadata, draft.reference) {
            (_, Some(_)) => 19,
            (Some(_), None) => 20,
            (None, None) => 0,
        };
        let mut message = json!({
            "id": id.to_string(), "channel_id": draft.channel.to_string(), "type": kind, "author": self.bot(),
            "content": "", "timestamp": iso(clock.now()), "edited_timestamp": null, "tts": false,
            "mention_everyone": false, "mentions": [], "mention_roles": [], "attachments": [], "embeds": [],
            "components": [], "pinned": false, "flags": flags,
            "application_id": self.seed.application.to_string(),
        });
        if let Some(metadata) = draft.metadata {
            message["interaction_metadata"] = metadata;
            message["webhook_id"] = json!(self.seed.application.to_string());
        }
        if let Some(to) = draft.reference {
            let (channel, guild) = (draft.channel.to_string(), self.seed.guild.to_string());
            message["message_reference"] =
                json!({ "type": 0, "message_id": to.to_string(), "channel_id": channel, "guild_id": guild });
        }
        if !draft.body["nonce"].is_null() {
            message["nonce"] = draft.body["nonce"].clone();
        }
        if !draft.loading {
            write(&mut message, draft.body);
            self.mention(&mut message, draft.body, is_answer);
        }
        self.messages.insert(id, Message { channel: draft.channel, body: message.clone(), only: draft.only });
        message
    }

    /// Changes what the body names, and returns the message. A deferred answer is there from then on.
    pub(crate) fn edit(&mut self, id: Id, body: &Value, now: Timestamp) -> Result<Value, Refusal> {
        let old = self.messages.get(&id).ok_or_else(Refusal::unknown_message)?;
        let mut message = old.body.clone();
        write(&mut message, body);
        if is_empty(&message) {
            return Err(Refusal::empty_message());
        }
        let flags = message["flags"].as_u64().unwrap_or_default();
        if flags & LOADING == 0 {
            message["edited_timestamp"] = json!(iso(now));
        }
        message["flags"] = json!(flags & !LOADING);
        let is_answer = !message["interaction_metadata"].is_null();
        if !body["content"].is_null() || !body["allowed_mentions"].is_null() {
            self.mention(&mut message, body, is_answer);
        }
        if let Some(old) = self.messages.get_mut(&id) {
            old.body = message.clone();
        }
        Ok(message)
    }

    /// Writes whom the message's content mentions and is allowed to. Without `allowed_mentions` an answer to an interaction
    /// mentions users, any other message everybody (API reference, Allowed Mentions Object).
    fn mention(&self, message: &mut Value, body: &Value, is_answer: bool) {
        let content = message["content"].as_str().unwrap_or_default();
        let allowed = &body["allowed_mentions"];
        let parsed = |what: &str| match allowed["parse"].as_array() {
            Some(parse) => parse.iter().any(|part| part == what),
            None if allowed.is_null() => what == "users" || !is_answer,
            None => false,
        };
        let listed = |what: &str, id: Id| {
            allowed[what].as_array().is_some_and(|ids| ids.iter().any(|one| *one == id.to_string().as_str()))
        };
        let says = |forms: &[String]| forms.iter().any(|form| content.contains(form.as_str()));
        let users = self.seed.members.iter().map(|member| member.id);
        let users = users.filter(|id| says(&[format!("<@{id}>"), format!("<@!{id}>")]));
        let users: Vec<Value> =
            users.filter(|id| parsed("users") || listed("users", *id)).map(|id| self.user(id)).collect();
        let roles = self.seed.roles.iter().map(|role| role.id).filter(|id| says(&[format!("<@&{id}>")]));
        let roles: Vec<String> =
            roles.filter(|id| parsed("roles") || listed("roles", *id)).map(|id| id.to_string()).collect();
        let everyone = parsed("everyone") && (content.contains("@everyone") || content.contains("@here"));
        message["mentions"] = json!(users);
        message["mention_roles"] = json!(roles);
        message["mention_everyone"] = json!(everyone);
    }
}

/// Whether there is nothing to see.
pub(crate) fn is_empty(message: &Value) -> bool {
    let none = |what: &str| message[what].as_array().is_none_or(Vec::is_empty);
    message["content"].as_str().unwrap_or_default().trim().is_empty()
        && none("embeds")
        && none("components")
        && none("attachments")
}

fn write(message: &mut Value, body: &Value) {
    if let Some(content) = body.get("content") {
        message["content"] = json!(content.as_str().unwrap_or_default());
    }
    for part in ["embeds", "components"] {
        if let Some(list) = body.get(part) {
            message[part] = if list.is_array() { list.clone() } else { json!([]) };
        }
    }
    number(&mut message["components"], &mut 0);
    for embed in message["embeds"].as_array_mut().into_iter().flatten() {
        embed["type"] = json!("rich");
        // Discord leaves out what an embed does not have: clients do not read a null there.
        for field in embed.get_mut("fields").and_then(Value::as_array_mut).into_iter().flatten() {
            if field["inline"].is_null() {
                field["inline"] = json!(false);
            }
        }
    }
}

/// Numbers the components that have no id of their own, as Discord does (component reference, `id`).
fn number(components: &mut Value, last: &mut u64) {
    for component in components.as_array_mut().into_iter().flatten() {
        *last += 1;
        if component["id"].as_u64().unwrap_or_default() == 0 {
            component["id"] = json!(*last);
        }
        if component["type"] == 3 {
            for part in ["min_values", "max_values"] {
                if component[part].is_null() {
                    component[part] = json!(1);
                }
            }
        }
        if component.get("components").is_some() {
            number(&mut component["components"], last);
        }
    }
}
