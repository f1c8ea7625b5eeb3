//! The audit log as people use it: checkpoints for outsiders to keep.

use super::{Desk, DeskError};
use crate::model::audit::{Checkpoint, Outside};

impl Desk {
    /// A checkpoint that covers everything written so far: a new one where the log has grown since the last, else the last.
    /// None while the log is empty.
    ///
    /// # Errors
    /// [`DeskError::Store`]; also where the log does not fit its own tree: then nothing is signed.
    pub async fn checkpoint(&self) -> Result<Option<Checkpoint>, DeskError> {
        todo!()
    }

    /// The newest checkpoint, if it has not been put there yet.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn checkpoint_for(&self, _place: Outside) -> Result<Option<Checkpoint>, DeskError> {
        todo!()
    }

    /// It is there now; `link`: where to find it (a message's link, an object's URL with its version).
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn checkpoint_is_at(
        &self,
        _checkpoint: &Checkpoint,
        _place: Outside,
        _link: &str,
    ) -> Result<(), DeskError> {
        todo!()
    }
}
