//! Approve a step: for exactly what was shown, by somebody who may, and who did not ask for it.

use serde::Serialize;

use super::show::RequestView;
use super::{Desk, DeskError, Why};
use crate::model::{Approval, Digest, Person, RequestId, RequestState, Step, StepId};
use crate::policy::{Approving, Deed};
pub use crate::store::Given;

/// A step that can be approved now.
#[derive(Debug, Clone, Serialize)]
pub struct Approvable {
    /// The step, inputs filled in: exactly what is to be approved.
    pub step: Step,
    /// Its digest: what the approval is for.
    pub digest: Digest,
    /// Who has approved it so far.
    pub approved_by: Vec<String>,
}

impl Approvable {
    /// How many approvals it still takes.
    pub fn lacks(&self) -> usize {
        let needed = self.step.gate.as_ref().map_or(0, |gate| gate.approvals);
        (needed as usize).saturating_sub(self.approved_by.len())
    }
}

impl RequestView {
    /// The steps that wait for approvals, whoever may give them.
    pub fn approvable(&self) -> impl Iterator<Item = Approvable> {
        self.held().map(|(step, digest)| Approvable {
            step: step.clone(),
            digest: digest.clone(),
            approved_by: self.approvers(step, digest).map(|by| by.name.clone()).collect(),
        })
    }
}

impl Desk {
    /// The steps of a request that wait for this person's approval: the one that `step` names, or all.
    ///
    /// # Errors
    /// [`DeskError::Refused`] by policy; [`DeskError::NotNow`] where no step, or not that step, waits for one.
    pub async fn approvable(
        &self,
        person: &Person,
        id: &RequestId,
        step: Option<&str>,
    ) -> Result<Vec<Approvable>, DeskError> {
        let view = self.show(id).await?;
        let request = &view.request;
        self.allow_for(person, Deed::Approve(Approving::anything(&request.by)), &request.plan)?;
        if request.state != RequestState::Open {
            return Err(DeskError::NotNow(Why::NothingToApprove { request: id.clone(), state: request.state }));
        }
        if let Some(named) = step
            && view.steps.iter().all(|view| view.step.desired.id.as_str() != named)
        {
            let known = view.steps.iter().map(|view| view.step.desired.id.to_string()).collect();
            return Err(DeskError::NotFound(Why::NoSuchStep { request: id.clone(), step: named.to_owned(), known }));
        }
        let meant = |held: &Approvable| step.is_none_or(|named| held.step.desired.id.as_str() == named);
        let held: Vec<Approvable> = view.approvable().filter(meant).collect();
        if held.is_empty() {
            let step = step.map(str::to_owned);
            return Err(DeskError::NotNow(Why::NothingHeld { request: id.clone(), step }));
        }
        Ok(held)
    }

    /// Approves a step as it was shown: `digest` is that of what the person saw. Rights are checked now, whenever it was shown.
    ///
    /// # Errors
    /// [`DeskError::Refused`] by policy; [`DeskError::NotNow`] where the step has changed since it was shown, or waits no more.
    pub async fn approve(
        &self,
        person: &Person,
        id: &RequestId,
        step: &StepId,
        digest: &Digest,
    ) -> Result<Given, DeskError> {
        let held = self.approvable(person, id, Some(step.as_str())).await?;
        if held.iter().all(|held| held.digest != *digest) {
            return Err(DeskError::NotNow(Why::Changed { request: id.clone(), step: step.clone() }));
        }
        let approval = Approval { step: step.clone(), digest: digest.clone(), by: person.clone(), at: (self.clock)() };
        Ok(self.store.approve(id, &approval).await?)
    }
}
