//! FACE: Discord. People ask by slash commands, approve by a button, and see one live card for each request.
//!
//! Reading order: [`listen`] hears an interaction through one of two doors, [`handle`] writes it down, acknowledges it and has it
//! done by `commands`, `buttons` or `modals`; [`keeper`] keeps the messages that show requests true. What is shown is drawn by
//! pure functions ([`card`], [`approval`], [`preview`], [`lists`], [`refusal`]) in the words of [`words`]; everything that is sent
//! goes through [`rest`].

pub mod approval;
mod asked;
mod buttons;
pub mod calls;
pub mod card;
mod commands;
mod complete;
mod crowd;
mod details;
pub mod drawn;
pub mod examine;
pub mod handle;
mod incoming;
pub mod keeper;
pub mod lists;
pub mod listen;
pub mod members;
mod modals;
pub mod preview;
pub mod refusal;
pub mod register;
pub mod rest;
mod results;
pub mod said;
mod serve;
mod sheet;
mod steps;
mod text;
mod tokens;
mod turn;
pub mod words;

use std::sync::Arc;

use secrecy::SecretString;
use tokio::sync::watch;

use crate::model::Snowflake;
use crate::requests::{Desk, DeskError};
use rest::Rest;

/// Everything that answering an interaction needs. Cheap to clone.
#[derive(Clone)]
pub struct Chat {
    /// The one way in.
    pub(crate) desk: Desk,
    /// The one way out.
    pub(crate) rest: Arc<Rest>,
    /// The tokens by which cards can still be edited as answers.
    tokens: tokens::Tokens,
    /// Who asks how much.
    crowd: Arc<crowd::Crowd>,
    /// Where interactions wait for their turn.
    room: Arc<handle::Room>,
}

impl Chat {
    /// Over this desk, and through this way out.
    pub fn new(desk: Desk, rest: Arc<Rest>) -> Self {
        Self { desk, rest, tokens: tokens::Tokens::default(), crowd: Arc::default(), room: Arc::default() }
    }
}

/// Why chat came to an end, and what mends it.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// The config has no `[discord]`.
    #[error("the config has no [discord]: it says which server, which channels and whose roles")]
    NotConfigured,
    /// Discord does not accept the token.
    #[error(
        "Discord does not accept the bot's token: reset it (Discord Developer Portal > your application > Bot > Reset Token) \
         and give the new one in DISCORD_TOKEN or in the file that `token_file` names"
    )]
    Token,
    /// The bot may not work in that server.
    #[error(
        "the bot may not work in the server {guild} ({why}): check `guild`, and invite the bot there with the scopes `bot` and \
         `applications.commands` (Developer Portal > OAuth2 > URL Generator)"
    )]
    Guild {
        /// The server's id.
        guild: Snowflake,
        /// What Discord said.
        why: String,
    },
    /// Sessions began too often: something ends each one, and Discord resets a token that identifies 1,000 times a day.
    #[error(
        "the gateway's session began anew {sessions} times within an hour, which spends Discord's budget of identifies: is the bot \
         running twice with one token, or the connection bad? It was stopped before Discord resets the token"
    )]
    IdentifyStorm {
        /// How often.
        sessions: usize,
    },
    /// Discord's own count of identifies is nearly spent, by this process or by others with the same token.
    #[error(
        "only {remaining} identifies are left to this token, and then Discord resets it: find out what keeps connecting with it, and \
         start again in {minutes} minutes, when Discord counts anew"
    )]
    BudgetSpent {
        /// How many are left.
        remaining: u32,
        /// After how many minutes they are all there again.
        minutes: u64,
    },
    /// Discord wants the bot in parts.
    #[error(
        "Discord wants {wanted} shards for this bot (4010, 4011): give genkan an application of its own, in one server"
    )]
    Shards {
        /// How many.
        wanted: u32,
    },
    /// The gateway ended every connection, while the REST API answered.
    #[error(
        "the gateway could not be kept {times} times in a row, though Discord's REST API answers: can this machine reach \
         gateway.discord.gg on port 443, and does https://discordstatus.com say that all is well?"
    )]
    Lost {
        /// How often in a row.
        times: u32,
    },
    /// The HTTP door's key.
    #[error(
        "`public_key` in [discord] is not the application's: copy it from Discord Developer Portal > your application > General \
         Information > Public Key"
    )]
    PublicKey,
    /// The HTTP door's socket.
    #[error("`listen` in [discord]: {address}: {why}")]
    Listen {
        /// Where it was to listen.
        address: String,
        /// What the system said.
        why: String,
    },
    /// Discord refused for good.
    #[error("Discord refused the bot: {what}")]
    Refused {
        /// What it said.
        what: String,
    },
    /// The memory.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

/// Listens and answers until `stop` turns true. `token`: the bot's.
///
/// # Errors
/// When Discord refuses the bot for good, or the connection is lost again and again.
pub async fn serve(desk: Desk, token: SecretString, stop: watch::Receiver<bool>) -> Result<(), ChatError> {
    let settings = desk.config().discord.clone().ok_or(ChatError::NotConfigured)?;
    let rest = Rest::new(&settings, &token).map_err(|error| ChatError::Refused { what: error.to_string() })?;
    serve::serve(Chat::new(desk, Arc::new(rest)), &settings, stop).await
}

#[cfg(test)]
mod tests;
