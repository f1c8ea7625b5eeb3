//! What the local Discord remembers: commands, messages, interactions, open modals.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::clock::made_at;
use super::refusal::Refusal;
use super::seed::{Access, DiscordSeed, Id, SeedChannel, SeedMember, SeedRole};

/// An interaction must be acknowledged within this (Discord's interactions reference, "Responding to an Interaction").
pub(crate) const TO_ACKNOWLEDGE: SignedDuration = SignedDuration::from_secs(3);
/// An interaction's token is good for this long (same place).
pub(crate) const TOKEN: SignedDuration = SignedDuration::from_mins(15);
/// Interactions older than this are forgotten: their tokens are then unknown instead of expired.
const REMEMBERED: SignedDuration = SignedDuration::from_mins(30);

/// Permissions, as bits (API reference, Permissions).
const VIEW_CHANNEL: u64 = 1 << 10;
const SEND_MESSAGES: u64 = 1 << 11;

/// The kinds of interactions (interactions reference, Interaction Type).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Command = 2,
    Component = 3,
    Autocomplete = 4,
    Modal = 5,
}

/// What somebody did, and how far it is answered.
pub(crate) struct Interaction {
    pub id: Id,
    pub token: String,
    pub kind: Kind,
    /// Who did it.
    pub person: Id,
    pub channel: Id,
    /// What it is called when it fails: the command, or the button's label.
    pub name: String,
    /// The message that was pressed, or from whose button the modal was opened.
    pub source: Option<Id>,
    /// The kind of callback that acknowledged it.
    pub answered: Option<u64>,
    /// The message that `@original` means.
    pub original: Option<Id>,
    /// Said to have failed.
    pub failed: bool,
    /// Somebody waits for an autocomplete's choices.
    pub choices: Option<oneshot::Sender<Vec<Value>>>,
    /// `interaction_metadata` of the messages that it makes.
    pub metadata: Value,
}

impl Interaction {
    pub(crate) fn made(&self) -> Timestamp {
        made_at(self.id)
    }

    /// Nobody acknowledged it in time: from now on it is unknown.
    pub(crate) fn is_lost(&self, now: Timestamp) -> bool {
        self.answered.is_none() && (self.failed || now.duration_since(self.made()) > TO_ACKNOWLEDGE)
    }
}

/// A message as everybody sees it, and for whom it is.
#[derive(Clone)]
pub(crate) struct Message {
    pub channel: Id,
    /// Discord's JSON.
    pub body: Value,
    /// The only person who sees it, where it is ephemeral.
    pub only: Option<Id>,
}

/// A form that a person has open.
#[derive(Clone)]
pub(crate) struct Modal {
    pub id: Id,
    pub person: Id,
    pub channel: Id,
    pub source: Option<Id>,
    /// `custom_id`, `title`, `components`.
    pub body: Value,
    /// The metadata of the interaction that opened it.
    pub opened_by: Value,
}

/// Everything, behind one lock.
pub(crate) struct World {
    pub seed: DiscordSeed,
    pub commands: Vec<Value>,
    /// By id, so oldest first.
    pub messages: BTreeMap<Id, Message>,
    pub interactions: BTreeMap<Id, Interaction>,
    pub tokens: HashMap<String, Id>,
    pub modals: BTreeMap<Id, Modal>,
    /// What the bot is denied in a channel beyond its access there, as bits (API reference, Permissions).
    pub denied: HashMap<Id, u64>,
    /// Roles that only those who may mention everyone can mention.
    pub unmentionable: HashSet<Id>,
    /// (channel, nonce) → message and when it was posted.
    pub nonces: HashMap<(Id, String), (Id, Timestamp)>,
}

impl World {
    pub(crate) fn new(seed: DiscordSeed) -> Self {
        Self {
            seed,
            commands: Vec::new(),
            messages: BTreeMap::new(),
            interactions: BTreeMap::new(),
            tokens: HashMap::new(),
            modals: BTreeMap::new(),
            denied: HashMap::new(),
            unmentionable: HashSet::new(),
            nonces: HashMap::new(),
        }
    }

    pub(crate) fn member(&self, id: Id) -> Option<&SeedMember> {
        self.seed.members.iter().find(|member| member.id == id)
    }

    pub(crate) fn channel(&self, id: Id) -> Result<&SeedChannel, Refusal> {
        self.seed.channels.iter().find(|channel| channel.id == id).ok_or_else(Refusal::unknown_channel)
    }

    /// A channel that the bot may see with its token.
    pub(crate) fn visible_channel(&self, id: Id) -> Result<&SeedChannel, Refusal> {
        let channel = self.channel(id)?;
        if self.denied_in(channel) & VIEW_CHANNEL != 0 { Err(Refusal::missing_access()) } else { Ok(channel) }
    }

    /// A channel that the bot may write to with its token.
    pub(crate) fn writable_channel(&self, id: Id) -> Result<&SeedChannel, Refusal> {
        let channel = self.visible_channel(id)?;
        if self.denied_in(channel) & SEND_MESSAGES != 0 { Err(Refusal::missing_permissions()) } else { Ok(channel) }
    }

    /// What the bot is denied in a channel, as bits.
    fn denied_in(&self, channel: &SeedChannel) -> u64 {
        let by_access = match channel.access {
            Access::Write => 0,
            Access::Read => SEND_MESSAGES,
            Access::None => VIEW_CHANNEL,
        };
        by_access | self.denied.get(&channel.id).copied().unwrap_or_default()
    }

    /// The server's roles, and that of everybody, with what may be done by who is denied nothing.
    pub(crate) fn roles(&self) -> Vec<Value> {
        let own = |one: &SeedRole| role(one, 0, !self.unmentionable.contains(&one.id));
        let everyone = SeedRole { id: self.seed.guild, name: "@everyone".to_owned() };
        let everyone = role(&everyone, SeedMember::usual_permissions(), false);
        self.seed.roles.iter().map(own).chain([everyone]).collect()
    }

    /// The bot as a member of the server: it has no role but everybody's.
    pub(crate) fn bot_member(&self) -> Value {
        let (id, name) = (self.seed.application, self.seed.bot_name.clone());
        let (title, locale, permissions) = (String::new(), String::new(), SeedMember::usual_permissions());
        let mut member = self.member_object(&SeedMember { id, name, title, roles: vec![], locale, permissions });
        member["user"] = self.bot();
        if let Some(member) = member.as_object_mut() {
            // Only interactions tell a member's permissions.
            member.remove("permissions");
        }
        member
    }

    /// Remembers an interaction, and forgets those that are long over.
    pub(crate) fn remember(&mut self, interaction: Interaction, now: Timestamp) {
        while let Some(oldest) = self.interactions.first_entry() {
            if now.duration_since(oldest.get().made()) <= REMEMBERED {
                break;
            }
            self.tokens.remove(&oldest.remove().token);
        }
        self.tokens.insert(interaction.token.clone(), interaction.id);
        self.interactions.insert(interaction.id, interaction);
    }

    /// The interaction that a webhook call means by its token, where it was acknowledged and the token is still good.
    pub(crate) fn by_token(&self, token: &str, now: Timestamp) -> Result<&Interaction, Refusal> {
        let id = self.tokens.get(token).ok_or_else(Refusal::unknown_webhook)?;
        let interaction = self.interactions.get(id).ok_or_else(Refusal::unknown_webhook)?;
        if now.duration_since(interaction.made()) >= TOKEN {
            return Err(Refusal::invalid_webhook_token());
        }
        match interaction.answered {
            None => Err(Refusal::unknown_webhook()),
            Some(_) => Ok(interaction),
        }
    }

    /// What a person sees in a channel, oldest first.
    pub(crate) fn seen_by(&self, person: Id, channel: Id) -> Vec<Value> {
        let seen = |message: &&Message| message.channel == channel && message.only.is_none_or(|only| only == person);
        self.messages.values().filter(seen).map(|message| message.body.clone()).collect()
    }

    /// The bot's user object.
    pub(crate) fn bot(&self) -> Value {
        let mut bot = user(self.seed.application, &self.seed.bot_name);
        bot["bot"] = json!(true);
        bot
    }

    /// A person's user object.
    pub(crate) fn user(&self, id: Id) -> Value {
        user(id, self.member(id).map_or("somebody", |member| member.name.as_str()))
    }

    /// A person's member object, as interactions carry it.
    pub(crate) fn member_object(&self, member: &SeedMember) -> Value {
        json!({
            "user": self.user(member.id),
            "nick": null, "avatar": null, "banner": null,
            "roles": member.roles.iter().map(Id::to_string).collect::<Vec<_>>(),
            "joined_at": "2026-01-05T09:00:00.000000+00:00",
            "premium_since": null, "deaf": false, "mute": false, "flags": 0, "pending": false,
            "permissions": member.permissions.to_string(),
            "communication_disabled_until": null, "unusual_dm_activity_until": null,
        })
    }

    /// A channel object.
    pub(crate) fn channel_object(&self, channel: &SeedChannel) -> Value {
        let denied = self.denied_in(channel);
        let bot = self.seed.application.to_string();
        let of_bot = json!({ "id": bot, "type": 1, "allow": "0", "deny": denied.to_string() });
        let overwrites: Vec<Value> = (denied != 0).then_some(of_bot).into_iter().collect();
        json!({
            "id": channel.id.to_string(), "type": 0, "guild_id": self.seed.guild.to_string(),
            "name": channel.name, "topic": channel.topic, "position": 0, "nsfw": false, "parent_id": null,
            "last_message_id": null, "rate_limit_per_user": 0, "permission_overwrites": overwrites, "flags": 0,
        })
    }
}

fn role(role: &SeedRole, permissions: u64, mentionable: bool) -> Value {
    json!({
        "id": role.id.to_string(), "name": role.name, "color": 0, "hoist": false, "icon": null,
        "colors": { "primary_color": 0, "secondary_color": null, "tertiary_color": null }, "unicode_emoji": null,
        "position": 1, "permissions": permissions.to_string(), "managed": false, "mentionable": mentionable, "flags": 0,
    })
}

fn user(id: Id, name: &str) -> Value {
    json!({
        "id": id.to_string(), "username": name, "global_name": null, "discriminator": "0", "avatar": null,
        "bot": false, "system": false, "public_flags": 0, "flags": 0, "banner": null, "accent_color": null,
        "primary_guild": null,
    })
}
