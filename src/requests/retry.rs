//! Retry a request: steps that failed are taken up again, as if never begun; what is done stays done.

use super::{Desk, DeskError};
use crate::model::request::RequestMove;
use crate::model::{Person, Request, RequestId};
use crate::policy::Deed;

impl Desk {
    /// Opens a failed request again, or lets an open one look again at once for what it waits for.
    ///
    /// # Errors
    /// [`DeskError::Refused`] by policy; [`DeskError::NotNow`] where it is done, cancelled or rejected;
    /// [`DeskError::Busy`] where another request has the project meanwhile.
    pub async fn retry(&self, person: &Person, id: &RequestId) -> Result<Request, DeskError> {
        let request = self.store.request(id).await?;
        self.allow(person, Deed::Retry(&request.by), &request.plan.environment)?;
        if request.state.after(RequestMove::Retry).is_none() {
            return Err(DeskError::NotNow(format!(
                "{id} is {}: ask again with `genkan {} {} {}`",
                request.state, request.plan.direction, request.plan.project, request.plan.environment
            )));
        }
        Ok(self.store.advance(&request, RequestMove::Retry, Some(person), None).await?)
    }
}
