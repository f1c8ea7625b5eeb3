//! What was heard in chat: each interaction once, written down before it is acknowledged.

use std::time::Duration;

use super::{Desk, DeskError};
use crate::model::{Heard, Snowflake};

/// How long an interaction can be answered: its token is good for 15 minutes (Discord, Receiving and Responding to Interactions).
pub const ANSWERABLE_FOR: Duration = Duration::from_mins(15);

/// For how long somebody who was not answered is told that nothing came of it.
const TOLD_FOR: Duration = Duration::from_hours(24);

impl Desk {
    /// Writes down that an interaction was heard, on disk when it returns. False: it was heard before, here or in another
    /// process, and nothing may be done about it now.
    ///
    /// # Errors
    /// [`DeskError::Store`]: then nothing may be done about it either.
    pub async fn hear(&self, heard: &Heard) -> Result<bool, DeskError> {
        Ok(self.store.hear(heard).await?)
    }

    /// Writes down that its person has their answer, whatever it was.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn answered(&self, interaction: &Snowflake) -> Result<(), DeskError> {
        Ok(self.store.answered(interaction).await?)
    }

    /// What a process heard that died before it answered or made a request of it, the oldest first, of the last 24 hours. What is
    /// younger than 15 minutes can still be answered, and is to be marked so ([`Desk::answered`]); what is older can only be told
    /// in its channel, and is not returned again. Asked once, when a process starts to listen; what a living process has heard is
    /// that one's.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn unanswered(&self) -> Result<Vec<Heard>, DeskError> {
        let now = (self.clock)();
        let (since, answerable) = (now - TOLD_FOR, now - ANSWERABLE_FOR);
        Ok(self.store.take_unanswered(since, answerable).await?)
    }
}
