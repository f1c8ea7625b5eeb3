//! What people on the local Discord do: commands, autocomplete, buttons, forms; each checked as Discord's client and server would.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::deliver::{Deed, deliver};
use super::local::LocalDiscord;
use super::options;
use super::seed::Id;
use super::world::{Kind, Modal, World};

/// Why somebody could not do a thing: what Discord's client would show or not offer at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CannotDo(pub String);

/// Somebody on the server, in a channel, with a language.
#[derive(Clone)]
pub struct Person {
    pub(super) discord: LocalDiscord,
    pub(super) id: Id,
    pub(super) locale: String,
    pub(super) channel: Id,
}

/// An option as somebody filled it in.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
pub struct Filled {
    /// The option's name, not localised.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// Whether it is being typed right now: for autocomplete, one of them is.
    #[serde(default)]
    pub focused: bool,
}

impl Filled {
    /// A text option.
    pub fn text(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), value: json!(value), focused: false }
    }

    /// A text option that is being typed.
    pub fn typing(name: &str, value: &str) -> Self {
        Self { focused: true, ..Self::text(name, value) }
    }
}

impl Person {
    /// The same person in another channel.
    #[must_use]
    pub fn at(mut self, channel: Id) -> Self {
        self.channel = channel;
        self
    }

    /// The same person with another language: `ja`, `en-US`.
    #[must_use]
    pub fn speaking(mut self, locale: &str) -> Self {
        locale.clone_into(&mut self.locale);
        self
    }

    /// What the person sees in the channel, oldest first.
    pub fn messages(&self) -> Vec<Value> {
        self.discord.messages(self.id, self.channel)
    }

    /// Sends a slash command, and returns its interaction's id.
    ///
    /// # Errors
    /// Where the command is not registered or not for this person, or the options are not what its schema asks for.
    #[expect(clippy::unused_async, reason = "what people do is awaited, whether or not an answer is waited for")]
    pub async fn command(&self, name: &str, filled: &[Filled]) -> Result<Id, CannotDo> {
        let deed = {
            let world = self.world()?;
            let command = self.offered(&world, name)?;
            let options = options::checked(command, filled).map_err(CannotDo)?;
            let data = options::data(command, options);
            self.deed(Kind::Command, format!("/{name}"), data, json!({ "name": name }))
        };
        Ok(deliver(&self.discord.core, deed, None))
    }

    /// Types a command's option, and returns the choices that the bot offers.
    ///
    /// # Errors
    /// Where there is no such command or option, it has no autocomplete, or the bot does not answer within three seconds.
    pub async fn autocomplete(&self, name: &str, filled: &[Filled]) -> Result<Vec<Value>, CannotDo> {
        let deed = {
            let world = self.world()?;
            let command = self.offered(&world, name)?;
            let options = options::typed(command, filled).map_err(CannotDo)?;
            let data = options::data(command, options);
            self.deed(Kind::Autocomplete, format!("/{name}"), data, json!({ "name": name }))
        };
        let (choices, chosen) = oneshot::channel();
        deliver(&self.discord.core, deed, Some(choices));
        chosen.await.map_err(|_| CannotDo("Loading options failed".to_owned()))
    }

    /// Presses a button of a message, and returns the interaction's id.
    ///
    /// # Errors
    /// Where the person does not see that message, or it has no such button, or the button is disabled.
    #[expect(clippy::unused_async, reason = "what people do is awaited, whether or not an answer is waited for")]
    pub async fn press(&self, message: Id, custom_id: &str) -> Result<Id, CannotDo> {
        let deed = {
            let world = self.world()?;
            let there = world.messages.get(&message).filter(|there| there.only.is_none_or(|only| only == self.id));
            let there = there.ok_or_else(|| CannotDo("there is no such message here".to_owned()))?;
            if there.channel != self.channel {
                return Err(CannotDo("the message is in another channel".to_owned()));
            }
            let button = button(&there.body["components"], custom_id)
                .ok_or_else(|| CannotDo("the message has no such button".to_owned()))?;
            if button["disabled"] == true {
                return Err(CannotDo("the button is disabled".to_owned()));
            }
            let name = button["label"].as_str().unwrap_or("button").to_owned();
            let data = json!({ "custom_id": custom_id, "component_type": button["type"], "id": button["id"] });
            let mut deed =
                self.deed(Kind::Component, name, data, json!({ "interacted_message_id": message.to_string() }));
            deed.source = Some(message);
            deed.message = Some(there.body.clone());
            deed
        };
        Ok(deliver(&self.discord.core, deed, None))
    }

    /// Sends a form that the bot opened for this person: `fields` are custom ids and texts. Each form can be sent once.
    ///
    /// # Errors
    /// Where no such form is open for this person, or the fields are not what it asks for.
    #[expect(clippy::unused_async, reason = "what people do is awaited, whether or not an answer is waited for")]
    pub async fn submit(&self, modal: Id, fields: &[(String, String)]) -> Result<Id, CannotDo> {
        let deed = {
            let mut world = self.world()?;
            let open = world.modals.get(&modal).filter(|open| open.person == self.id).cloned();
            let open = open.ok_or_else(|| CannotDo("that form is not open".to_owned()))?;
            let components = form(&open, fields)?;
            world.modals.remove(&modal);
            let data = json!({ "custom_id": open.body["custom_id"], "components": components });
            let name = open.body["title"].as_str().unwrap_or("form").to_owned();
            let metadata = json!({ "triggering_interaction_metadata": open.opened_by });
            let mut deed = self.deed(Kind::Modal, name, data, metadata);
            deed.channel = open.channel;
            deed.message = open.source.and_then(|id| world.messages.get(&id)).map(|message| message.body.clone());
            deed.source = open.source.filter(|_| deed.message.is_some());
            deed
        };
        Ok(deliver(&self.discord.core, deed, None))
    }

    /// The form that is open for this person, newest first.
    pub fn open_modal(&self) -> Option<(Id, Value)> {
        let world = self.discord.core.world();
        let open = world.modals.values().rev().find(|open| open.person == self.id);
        open.map(|open| (open.id, open.body.clone()))
    }

    /// Waits until something is so for this person: see [`LocalDiscord::wait_for`].
    pub async fn wait_for<T>(&self, within: Duration, mut find: impl FnMut(&Self) -> Option<T>) -> Option<T> {
        self.discord.wait_for(within, |_| find(self)).await
    }

    fn deed(&self, kind: Kind, name: String, data: Value, metadata: Value) -> Deed {
        let (person, locale, channel) = (self.id, self.locale.clone(), self.channel);
        Deed { kind, person, locale, channel, name, data, metadata, source: None, message: None }
    }

    /// The world, where the person and the channel are in it.
    fn world(&self) -> Result<std::sync::MutexGuard<'_, World>, CannotDo> {
        let world = self.discord.core.world();
        if world.member(self.id).is_none() {
            return Err(CannotDo("nobody of that id is on this server".to_owned()));
        }
        world.channel(self.channel).map_err(|_| CannotDo("there is no such channel".to_owned()))?;
        Ok(world)
    }

    /// A command that Discord offers this person: one that is registered, and whose `default_member_permissions` they have.
    fn offered<'a>(&self, world: &'a World, name: &str) -> Result<&'a Value, CannotDo> {
        let permissions = world.member(self.id).map_or(0, |member| member.permissions);
        let there = world.commands.iter().find(|command| command["name"] == name && is_offered(command, permissions));
        there.ok_or_else(|| CannotDo(format!("there is no command /{name}")))
    }
}

/// Whether who has these permissions sees a command.
pub(super) fn is_offered(command: &Value, permissions: u64) -> bool {
    const ADMINISTRATOR: u64 = 1 << 3;
    let asked = command["default_member_permissions"].as_str().and_then(|bits| bits.parse::<u64>().ok());
    match asked {
        None => true,
        // "0" is for administrators only.
        Some(0) => permissions & ADMINISTRATOR != 0,
        Some(bits) => permissions & ADMINISTRATOR != 0 || permissions & bits == bits,
    }
}

fn button<'a>(rows: &'a Value, custom_id: &str) -> Option<&'a Value> {
    let parts = rows.as_array()?.iter().filter_map(|row| row["components"].as_array()).flatten();
    parts.into_iter().find(|part| part["type"] == 2 && part["custom_id"] == custom_id)
}

/// A form as it is sent: every text input with its value, none that the form does not have.
fn form(open: &Modal, fields: &[(String, String)]) -> Result<Vec<Value>, CannotDo> {
    let cannot = |why: String| Err(CannotDo(why));
    let rows = open.body["components"].as_array().map_or(&[][..], Vec::as_slice);
    let inputs: Vec<&Value> = rows.iter().map(|row| &row["components"][0]).collect();
    if let Some((unknown, _)) =
        fields.iter().find(|(id, _)| !inputs.iter().any(|input| input["custom_id"] == id.as_str()))
    {
        return cannot(format!("the form has no field {unknown}"));
    }
    let mut sent = Vec::new();
    for input in inputs {
        let id = input["custom_id"].as_str().unwrap_or_default();
        let value = fields.iter().find(|(field, _)| field == id).map_or("", |(_, value)| value.as_str());
        let count = value.chars().count() as u64;
        let label = input["label"].as_str().unwrap_or(id);
        if input["required"].as_bool().unwrap_or(true) && value.is_empty() {
            return cannot(format!("{label}: this field is required"));
        }
        let (least, most) = (input["min_length"].as_u64().unwrap_or(0), input["max_length"].as_u64().unwrap_or(4000));
        if !value.is_empty() && !(least..=most).contains(&count) {
            return cannot(format!("{label}: must be between {least} and {most} in length"));
        }
        sent.push(json!({ "type": 1, "id": 1, "components": [
            { "type": 4, "id": 2, "custom_id": id, "value": value },
        ] }));
    }
    Ok(sent)
}

/// When an interaction was made, for who reads events.
pub fn made_at(id: Id) -> Timestamp {
    super::clock::made_at(id)
}
