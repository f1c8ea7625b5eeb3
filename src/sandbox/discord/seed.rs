//! What the local Discord holds at its start: one server with its channels, roles and members, and one bot.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A Discord id as a number; in JSON it is text.
pub type Id = u64;

/// Everything that is there before anybody says anything. All of it is made up by whoever writes the seed.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct DiscordSeed {
    /// The server's id.
    pub guild: Id,
    /// The server's name.
    pub guild_name: String,
    /// The server's preferred language, as Discord writes it: `en-US`, `ja`.
    pub guild_locale: String,
    /// The bot's user id, which is also its application's id.
    pub application: Id,
    /// The bot's name.
    pub bot_name: String,
    /// The token that the bot shows (made up; one that looks like a real one is refused).
    pub bot_token: String,
    /// The channels, in the order in which they are shown.
    pub channels: Vec<SeedChannel>,
    /// The roles.
    pub roles: Vec<SeedRole>,
    /// The people.
    pub members: Vec<SeedMember>,
}

/// A text channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedChannel {
    /// Its id.
    pub id: Id,
    /// Its name, without `#`.
    pub name: String,
    /// What it is for.
    pub topic: String,
    /// What the bot may do there by itself; answers to interactions are always possible.
    #[serde(default)]
    pub access: Access,
}

/// What the bot may do in a channel with its token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Access {
    /// See it and write in it.
    #[default]
    Write,
    /// See it; writing is refused with 50013.
    Read,
    /// Nothing: refused with 50001.
    None,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedRole {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
}

/// A person on the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedMember {
    /// The user's id.
    pub id: Id,
    /// The user's name.
    pub name: String,
    /// What the page says about this person: `engineer`.
    pub title: String,
    /// The ids of the person's roles.
    pub roles: Vec<Id>,
    /// The person's language: `en-US`, `ja`.
    pub locale: String,
    /// The person's permissions as bits (API reference, Permissions).
    #[serde(default = "SeedMember::usual_permissions")]
    pub permissions: u64,
}

impl SeedMember {
    /// View channels, send messages, embed links, read the history, use application commands.
    pub fn usual_permissions() -> u64 {
        (1 << 10) | (1 << 11) | (1 << 14) | (1 << 16) | (1 << 31)
    }
}

impl fmt::Debug for DiscordSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiscordSeed").field("guild", &self.guild).finish_non_exhaustive()
    }
}
