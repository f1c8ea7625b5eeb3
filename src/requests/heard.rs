//! What was heard in chat: each interaction once, written down before it is acknowledged.

use super::{Desk, DeskError};
use crate::model::{Heard, Snowflake};

impl Desk {
    /// Writes down that an interaction was heard, on disk when it returns. False: it was heard before, here or in another
    /// process, and nothing may be done about it now.
    ///
    /// # Errors
    /// [`DeskError::Store`]: then nothing may be done about it either.
    pub async fn hear(&self, heard: &Heard) -> Result<bool, DeskError> {
        let _ = heard;
        todo!()
    }

    /// Writes down that its person has their answer, whatever it was.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn answered(&self, interaction: &Snowflake) -> Result<(), DeskError> {
        let _ = interaction;
        todo!()
    }

    /// What was heard, was not answered and made no request: a process died in between. The oldest first. Asked once, when a
    /// process starts to listen.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn unanswered(&self) -> Result<Vec<Heard>, DeskError> {
        todo!()
    }
}
