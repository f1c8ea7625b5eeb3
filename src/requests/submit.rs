//! Make a request of a plan: from now on it is in the memory, and will be carried out.

use super::plan::Prepared;
use super::{Desk, DeskError};
use crate::model::{Origin, Person, Request};
use crate::policy::Deed;
use crate::store::NewRequest;

/// What became of a wish.
#[derive(Debug)]
pub enum Submitted {
    /// Everything is as it should be: no request was made.
    NothingToDo,
    /// It will be carried out.
    Request(Box<Request>),
}

impl Desk {
    /// Makes a request of a plan that was shown. `origin`: where in chat it was asked for. The interaction, the request and
    /// the message that becomes its card are written together; an interaction that has made a request already gives that one.
    ///
    /// # Errors
    /// [`DeskError::Blocked`] where a step stands in the way: nothing is begun then; [`DeskError::Busy`] where another
    /// request has this project and environment; [`DeskError::Refused`] by policy.
    pub async fn submit(
        &self,
        person: &Person,
        prepared: &Prepared,
        origin: Option<&Origin>,
    ) -> Result<Submitted, DeskError> {
        let plan = &prepared.plan;
        self.allow_for(person, Deed::Request, plan)?;
        self.allow_what_it_contains(person, plan)?;
        if let Some(origin) = origin
            && let Some(made) = self.store.made_by(&origin.interaction).await?
        {
            return Ok(Submitted::Request(Box::new(self.store.request(&made).await?)));
        }
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
            origin: origin.cloned(),
        };
        let request = self.store.submit(new).await?;
        Ok(Submitted::Request(Box::new(request)))
    }

    /// Whether the memory agrees that nothing is left to do: a plan in which everything is kept still becomes a request
    /// where it settles what the memory does not know yet (who relies on a shared resource) or still holds.
    async fn is_settled(&self, prepared: &Prepared) -> Result<bool, DeskError> {
        let plan = &prepared.plan;
        let known = self.store.projects().await?;
        let onboarded =
            known.iter().any(|known| known.project == plan.project && known.environment == plan.environment);
        Ok(match plan.direction {
            // Another repository than before is written down too.
            crate::model::Direction::Onboard => {
                onboarded && self.repository_of(&plan.project, &plan.environment).await? == plan.repository
            }
            crate::model::Direction::Teardown => !onboarded,
        })
    }
}
