//! FACE: Discord. People ask by slash commands, approve by a button, and see one live card for each request.
//!
//! Reading order: [`listen`] hears an interaction through one of two doors, [`handle`] writes it down, acknowledges it and has it
//! done by `commands`, `buttons` or `modals`; [`keeper`] keeps the messages that show requests true. What is shown is drawn by
//! pure functions ([`card`], [`approval`], [`preview`], [`lists`], [`refusal`]) in the words of [`words`]; everything that is sent
//! goes through [`rest`].

pub mod approval;
pub mod calls;
pub mod card;
mod details;
pub mod drawn;
pub mod handle;
pub mod keeper;
pub mod lists;
pub mod listen;
pub mod preview;
pub mod refusal;
pub mod register;
pub mod rest;
mod results;
pub mod said;
mod sheet;
mod steps;
mod text;
pub mod words;

use std::sync::Arc;

use secrecy::SecretString;
use tokio::sync::watch;

use crate::requests::Desk;
use rest::Rest;

/// Everything that answering an interaction needs. Cheap to clone.
#[derive(Clone)]
pub struct Chat {
    /// The one way in.
    pub(crate) desk: Desk,
    /// The one way out.
    pub(crate) rest: Arc<Rest>,
}

/// Why chat came to an end.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// The config has no `[discord]`.
    #[error("the config has no [discord]: it says which server, which channels and whose roles")]
    NotConfigured,
}

/// Listens and answers until `stop` turns true. `token`: the bot's.
///
/// # Errors
/// When Discord refuses the bot for good, or the connection is lost again and again.
pub async fn serve(desk: Desk, token: SecretString, stop: watch::Receiver<bool>) -> Result<(), ChatError> {
    let _ = (desk, token, stop);
    todo!()
}

#[cfg(test)]
mod tests;
