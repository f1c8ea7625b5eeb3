//! Which messages show a request: what a face needs to find its own messages again after a restart.

use super::{Desk, DeskError};
use crate::model::{Posted, RequestId};
use crate::store::Changes;

impl Desk {
    /// The messages that show this request.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn posted(&self, request: &RequestId) -> Result<Vec<Posted>, DeskError> {
        Ok(self.store.posted(request).await?)
    }

    /// Writes down where and what a message shows, over what was known of it. Ticks no change feed.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn remember_posted(&self, posted: &Posted) -> Result<(), DeskError> {
        Ok(self.store.remember_posted(posted).await?)
    }

    /// The requests whose messages may have to be drawn: every open or failed one, and every one with a message that does not
    /// show its last yet. The oldest first.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn to_draw(&self) -> Result<Vec<RequestId>, DeskError> {
        Ok(self.store.to_draw().await?)
    }

    /// As [`Desk::changes`], and `Many` within a second after another process has written something too.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn changes_everywhere(&self) -> Result<Changes, DeskError> {
        Ok(self.store.subscribe_everywhere().await?)
    }
}
