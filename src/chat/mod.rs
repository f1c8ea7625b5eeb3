//! FACE: Discord. People ask by slash commands, approve by a button, and see one live card for each request.
//!
//! Reading order: [`listen`] hears an interaction through one of two doors, [`handle`] writes it down, acknowledges it and has it
//! done by `commands`, `buttons` or `modals`; [`keeper`] keeps the messages that show requests true. What is shown is drawn by
//! pure functions ([`card`], [`approval`], [`preview`], [`lists`], [`refusal`]) in the words of [`words`]; everything that is sent
//! goes through [`rest`].

pub mod approval;
mod asked;
mod buttons;
pub mod card;
mod commands;
mod complete;
pub mod drawn;
pub mod handle;
mod incoming;
pub mod keeper;
pub mod lists;
pub mod listen;
mod modals;
pub mod preview;
pub mod refusal;
pub mod register;
pub mod rest;
mod tokens;
mod turn;
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
    /// The tokens by which cards can still be edited as answers.
    tokens: tokens::Tokens,
}

impl Chat {
    /// Over this desk, and through this way out.
    pub fn new(desk: Desk, rest: Arc<Rest>) -> Self {
        Self { desk, rest, tokens: tokens::Tokens::default() }
    }
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
