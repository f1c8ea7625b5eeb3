//! Keeps the messages that show requests true: posts them, edits them within Discord's limits, finds them again after a restart.

use tokio::sync::watch;

use super::Chat;
use crate::requests::DeskError;

/// Keeps every request's messages as they should be, until `stop` turns true.
///
/// # Errors
/// When the store fails at the start; later failures are logged and tried again.
pub async fn keep(chat: Chat, stop: watch::Receiver<bool>) -> Result<(), DeskError> {
    let _ = (chat, stop);
    todo!()
}
