//! Retry a request: steps that failed are taken up again, as if never begun; what is done stays done.

use super::{Desk, DeskError, Why};
use crate::model::request::RequestMove;
use crate::model::{Person, Request, RequestId, RequestState};
use crate::policy::Deed;
use crate::store::RequestFilter;

impl Desk {
    /// Opens a failed request again, or lets an open one look again at once for what it waits for.
    ///
    /// # Errors
    /// [`DeskError::Refused`] by policy; [`DeskError::NotNow`] where it is done, cancelled or rejected;
    /// [`DeskError::Busy`] where another request has the project meanwhile.
    pub async fn retry(&self, person: &Person, id: &RequestId) -> Result<Request, DeskError> {
        let request = self.store.request(id).await?;
        self.allow_for(person, Deed::Retry(&request.by), &request.plan)?;
        self.allow_what_it_contains(person, &request.plan)?;
        if request.state.after(RequestMove::Retry).is_none() {
            return Err(DeskError::NotNow(Why::ask_again(&request)));
        }
        if request.state == RequestState::Failed
            && let Some(later) = self.later_than(&request).await?
        {
            return Err(DeskError::NotNow(Why::overtaken(&request, later)));
        }
        Ok(self.store.advance(&request, RequestMove::Retry, Some(person), None).await?)
    }

    /// The newest request for the same project and environment that came after this one.
    async fn later_than(&self, request: &Request) -> Result<Option<Request>, DeskError> {
        let newest = RequestFilter {
            project: Some(request.plan.project.clone()),
            environment: Some(request.plan.environment.clone()),
            limit: Some(1),
            ..RequestFilter::default()
        };
        Ok(self.store.list(&newest).await?.into_iter().find(|newest| newest.asked_at > request.asked_at))
    }
}
