//! The local Discord's state on disk: messages and commands, in one JSON file that is replaced as a whole.

use std::path::Path;
use std::{fs, io};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::local::{DiscordError, LocalDiscord};
use super::messages::LOADING;
use super::seed::{DiscordSeed, Id};
use super::world::Message;
use crate::sandbox::state::replace;

const FILE: &str = "local-discord.json";
/// Raised where an older file can no longer be read.
const VERSION: u32 = 1;

/// What survives a restart. Sessions, interactions with their tokens, open forms and ephemeral messages do not.
#[derive(Serialize, Deserialize)]
struct Saved {
    version: u32,
    guild: Id,
    commands: Vec<Value>,
    messages: Vec<(Id, Id, Value)>,
}

impl LocalDiscord {
    /// The file that [`LocalDiscord::save`] writes into its directory.
    pub const STATE_FILE: &str = FILE;

    /// Writes messages and commands into a directory, replacing an older state in one step. Holds no token.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub async fn save(&self, dir: &Path) -> Result<(), DiscordError> {
        let saved = {
            let world = self.core.world();
            let kept = |message: &Message| {
                message.only.is_none() && message.body["flags"].as_u64().unwrap_or_default() & LOADING == 0
            };
            let messages = world.messages.iter().filter(|(_, message)| kept(message));
            Saved {
                version: VERSION,
                guild: world.seed.guild,
                commands: world.commands.clone(),
                messages: messages.map(|(id, message)| (*id, message.channel, message.body.clone())).collect(),
            }
        };
        let dir = dir.to_owned();
        let written = tokio::task::spawn_blocking(move || replace(&dir, FILE, &saved)).await;
        Ok(written.map_err(io::Error::other)??)
    }

    /// Starts with what the seed says and what [`LocalDiscord::save`] wrote; `None` where nothing was saved there.
    ///
    /// # Errors
    /// The state is there and cannot be read, or is of another server; as [`LocalDiscord::start`].
    pub async fn restore(dir: &Path, seed: DiscordSeed) -> Result<Option<Self>, DiscordError> {
        let path = dir.join(FILE);
        let read = tokio::task::spawn_blocking(move || fs::read(path)).await.map_err(io::Error::other)?;
        let text = match read {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let saved: Saved = serde_json::from_slice(&text).map_err(io::Error::from)?;
        let wrong = |why: String| Err(io::Error::new(io::ErrorKind::InvalidData, format!("{FILE}: {why}")).into());
        if saved.version != VERSION {
            return wrong(format!("of version {}, this program reads {VERSION}", saved.version));
        }
        if saved.guild != seed.guild {
            return wrong("of another server".to_owned());
        }
        let discord = Self::start(seed)?;
        {
            let mut world = discord.core.world();
            world.commands = saved.commands;
            let channels: Vec<Id> = world.seed.channels.iter().map(|channel| channel.id).collect();
            let messages = saved.messages.into_iter().filter(|(_, channel, _)| channels.contains(channel));
            world.messages = messages.map(|(id, channel, body)| (id, Message { channel, body, only: None })).collect();
        }
        Ok(Some(discord))
    }
}
