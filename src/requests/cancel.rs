//! Cancel a request: it ends where it is; what was done stays, what was left open is closed.

use super::{Desk, DeskError, Why};
use crate::model::request::RequestMove;
use crate::model::{Person, Request, RequestId, RequestState};
use crate::policy::Deed;

impl Desk {
    /// Cancels a request.
    ///
    /// # Errors
    /// [`DeskError::Refused`] by policy; [`DeskError::NotNow`] where it has ended already.
    pub async fn cancel(&self, person: &Person, id: &RequestId, reason: Option<&str>) -> Result<Request, DeskError> {
        let request = self.store.request(id).await?;
        self.allow_for(person, Deed::Cancel(&request.by), &request.plan)?;
        self.end_early(&request, RequestMove::Cancel, person, reason).await
    }

    /// Ends a request early. From then on nothing new begins; the process that carries it out, if there is one, closes what
    /// is open once its calls have ended, otherwise it is closed here.
    pub(super) async fn end_early(
        &self,
        request: &Request,
        how: RequestMove,
        person: &Person,
        reason: Option<&str>,
    ) -> Result<Request, DeskError> {
        let ended_early = matches!(request.state, RequestState::Cancelled | RequestState::Rejected);
        if ended_early && self.is_left_open(request).await? {
            // The process that ended it died, or AWS did not answer, before what was open was closed.
            self.close_if_free(&request.id).await?;
            return Ok(request.clone());
        }
        if request.state.after(how).is_none() {
            return Err(DeskError::NotNow(Why::Ended { request: request.id.clone(), state: request.state }));
        }
        let ended = self.store.advance(request, how, Some(person), reason).await?;
        self.close_if_free(&request.id).await?;
        Ok(ended)
    }
}
