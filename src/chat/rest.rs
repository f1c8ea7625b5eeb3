//! The one way out to Discord's REST API: sets `allowed_mentions` on every body, honours 429 and 5xx, and tells errors without
//! tokens or addresses.

use std::time::Duration;

use secrecy::SecretString;
use serenity::builder::{CreateCommand, CreateInteractionResponse};

use super::drawn::Drawn;
use crate::config::Discord;
use crate::model::Snowflake;

/// The one way out.
pub struct Rest {}

/// How an interaction is answered: its id and the token that is good for 15 minutes. Never printed.
#[derive(Clone)]
pub struct Reply {
    /// The interaction.
    pub interaction: Snowflake,
    /// Good for 15 minutes after the interaction was made.
    pub token: SecretString,
}

/// What Discord refused, by what to do next. Holds neither token nor address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestError {
    /// The interaction is unknown or too old, was acknowledged already, or its token has expired (10062, 40060, 50027, 10015):
    /// nothing more can be done through it.
    #[error("the interaction cannot be answered any more (Discord's code {0})")]
    TooLate(isize),
    /// The message or channel is not there (10003, 10008).
    #[error("it is not there any more (Discord's code {0})")]
    Gone(isize),
    /// The bot may not do that there (401, 403, 50001, 50013).
    #[error("the bot may not: {0}")]
    Forbidden(String),
    /// It may work later: throttled for longer than was waited, a server's error, no connection.
    #[error("Discord could not be reached or had no time: {why}")]
    Passing {
        /// In words, without an address.
        why: String,
        /// When to try again, where Discord said.
        after: Option<Duration>,
    },
    /// The request was not well formed: a fault of ours.
    #[error("Discord refused what was sent: {0}")]
    Wrong(String),
}

impl Rest {
    /// Connects to Discord, or to the local one that the settings name. Sends nothing yet.
    pub fn new(settings: &Discord, token: &SecretString) -> Self {
        let _ = (settings, token);
        todo!()
    }

    /// Acknowledges an interaction: the first answer, within 3 s. Tried once more at most where the connection failed before
    /// anything was sent.
    ///
    /// # Errors
    /// [`RestError::TooLate`]: then nothing may be done about the interaction.
    pub async fn acknowledge(&self, reply: &Reply, response: &CreateInteractionResponse) -> Result<(), RestError> {
        let _ = (reply, response);
        todo!()
    }

    /// Puts the real answer where the acknowledgement stands, and returns that message's id.
    ///
    /// # Errors
    /// [`RestError::TooLate`] after 15 minutes.
    pub async fn answer(&self, reply: &Reply, drawn: &Drawn) -> Result<Snowflake, RestError> {
        let _ = (reply, drawn);
        todo!()
    }

    /// Posts a message, and returns its id. `ping`: the roles that are told. `nonce` (at most 25 characters): the same one
    /// within a few minutes gives the message that is there instead of a second one.
    ///
    /// # Errors
    /// What Discord refused.
    pub async fn post(
        &self,
        channel: &Snowflake,
        drawn: &Drawn,
        ping: &[Snowflake],
        nonce: &str,
    ) -> Result<Snowflake, RestError> {
        let _ = (channel, drawn, ping, nonce);
        todo!()
    }

    /// Edits a message of the bot's own. Pings nobody.
    ///
    /// # Errors
    /// [`RestError::Gone`] where somebody deleted it.
    pub async fn edit(&self, channel: &Snowflake, message: &Snowflake, drawn: &Drawn) -> Result<(), RestError> {
        let _ = (channel, message, drawn);
        todo!()
    }

    /// Makes these the server's commands, where they are not already.
    ///
    /// # Errors
    /// What Discord refused.
    pub async fn register(&self, guild: &Snowflake, commands: &[CreateCommand]) -> Result<(), RestError> {
        let _ = (guild, commands);
        todo!()
    }
}
