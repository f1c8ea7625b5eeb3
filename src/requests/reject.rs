//! Reject a request: an approver says no, and says why.

use super::{Desk, DeskError};
use crate::model::request::RequestMove;
use crate::model::{Person, Request, RequestId};
use crate::policy::Deed;

impl Desk {
    /// Rejects a request; what was done so far stays, what was left open is closed.
    ///
    /// # Errors
    /// [`DeskError::Refused`] by policy; [`DeskError::Invalid`] without a reason; [`DeskError::NotNow`] where it has ended already.
    pub async fn reject(&self, person: &Person, id: &RequestId, reason: &str) -> Result<Request, DeskError> {
        let request = self.store.request(id).await?;
        self.allow_for(person, Deed::Reject(&request.by), &request.plan)?;
        if reason.trim().is_empty() {
            return Err(DeskError::Invalid("a rejection says why: give a reason".into()));
        }
        self.end_early(&request, RequestMove::Reject, person, Some(reason)).await
    }
}
