//! Make a request of a plan: from now on it is in the memory, and will be carried out.

use super::plan::Prepared;
use super::{Desk, DeskError};
use crate::model::{Person, Request};
use crate::policy::Deed;
use crate::store::{NewRequest, SubmitError};

/// What became of a wish.
#[derive(Debug)]
pub enum Submitted {
    /// Everything is as it should be: no request was made.
    NothingToDo,
    /// It will be carried out.
    Request(Box<Request>),
}

impl Desk {
    /// Makes a request of a plan that was shown.
    ///
    /// # Errors
    /// [`DeskError::Blocked`] where a step stands in the way: nothing is begun then; [`DeskError::Busy`] where another
    /// request has this project and environment; [`DeskError::Refused`] by policy.
    pub async fn submit(&self, person: &Person, prepared: &Prepared) -> Result<Submitted, DeskError> {
        let plan = &prepared.plan;
        self.allow(person, Deed::Request, &plan.environment)?;
        if plan.blocked().next().is_some() {
            return Err(DeskError::Blocked(Box::new(plan.clone())));
        }
        if plan.is_done() && self.is_settled(prepared).await? {
            return Ok(Submitted::NothingToDo);
        }
        let new = NewRequest {
            id: prepared.id.clone(),
            plan: plan.clone(),
            by: person.clone(),
            asked_at: (self.clock)(),
        };
        match self.store.submit(new).await {
            Ok(request) => Ok(Submitted::Request(Box::new(request))),
            Err(SubmitError::Busy(other)) => Err(DeskError::Busy {
                why: format!(
                    "{} {} is taken by {} ({}, asked by {}): `genkan show {}` says how it stands, `genkan cancel {}` ends it",
                    plan.project, plan.environment, other.id, other.plan.direction, other.by, other.id, other.id
                ),
                request: other,
            }),
            Err(SubmitError::SharedInUse { request, resource }) => Err(DeskError::Busy {
                why: format!(
                    "{} {} is shared with {} {}, and {} ({}) is under way there: try again when it has ended",
                    resource.kind.title(),
                    resource.name,
                    request.plan.project,
                    request.plan.environment,
                    request.id,
                    request.plan.direction
                ),
                request,
            }),
            Err(SubmitError::Store(error)) => Err(error.into()),
        }
    }

    /// Whether the memory agrees that nothing is left to do: a plan in which everything is kept still becomes a request
    /// where it settles what the memory does not know yet (who relies on a shared resource) or still holds.
    async fn is_settled(&self, prepared: &Prepared) -> Result<bool, DeskError> {
        let plan = &prepared.plan;
        let known = self.store.projects().await?;
        let onboarded = known.iter().any(|known| known.project == plan.project && known.environment == plan.environment);
        Ok(match plan.direction {
            crate::model::Direction::Onboard => onboarded,
            crate::model::Direction::Teardown => !onboarded,
        })
    }
}
