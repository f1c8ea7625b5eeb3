//! Approve a step: for exactly what was shown, by somebody who may, and who did not ask for it.

use jiff::Timestamp;
use serde::Serialize;

use super::show::RequestView;
use super::{Desk, DeskError, Why};
use crate::model::{Approval, Digest, Person, RequestId, RequestState, Step, StepId, StepState};
use crate::policy::{Approving, Deed};
use crate::store::ApproveError;
pub use crate::store::Given;

/// A step that can be approved now: read from the very bytes that its digest is of.
#[derive(Debug, Clone, Serialize)]
pub struct Approvable {
    /// The step, inputs filled in: exactly what is to be approved.
    pub step: Step,
    /// Its digest: what the approval is for.
    pub digest: Digest,
    /// The question's number.
    pub question: u64,
    /// Until when it may be approved, and an approval counts.
    pub until: Timestamp,
    /// Who has approved it so far.
    pub approved_by: Vec<String>,
    /// What it waits for besides approvals, or why those that were given do not count.
    pub note: Option<String>,
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
        let held = self.steps.iter().filter_map(|view| match &view.state {
            StepState::Held { step, digest, note, .. } => {
                Some((self.question(&step.desired.id, digest)?, note.as_ref()))
            }
            _ => None,
        });
        held.map(|(asked, note)| Approvable {
            step: asked.sealed.step().clone(),
            digest: asked.sealed.digest().clone(),
            question: asked.number,
            until: asked.until,
            approved_by: self.counting(asked).map(|by| by.name.clone()).collect(),
            note: note.map(|note| note.on.clone()),
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
    /// [`DeskError::Refused`] by policy; [`DeskError::NotNow`] where the step has changed since it was shown, waits no more, or was
    /// asked about too long ago.
    pub async fn approve(
        &self,
        person: &Person,
        id: &RequestId,
        step: &StepId,
        digest: &Digest,
    ) -> Result<Given, DeskError> {
        self.answer(person, id, step, digest, None).await
    }

    /// The same where it is known which question the person saw: it is refused where another has been asked since.
    ///
    /// # Errors
    /// As [`Desk::approve`].
    pub async fn answer(
        &self,
        person: &Person,
        id: &RequestId,
        step: &StepId,
        digest: &Digest,
        question: Option<u64>,
    ) -> Result<Given, DeskError> {
        let held = self.approvable(person, id, Some(step.as_str())).await?;
        let changed = || DeskError::NotNow(Why::Changed { request: id.clone(), step: step.clone() });
        let is_meant =
            |held: &&Approvable| held.digest == *digest && question.is_none_or(|shown| held.question == shown);
        let held = held.iter().find(is_meant).ok_or_else(changed)?;
        let request = self.store.request(id).await?;
        let given = u32::try_from(held.approved_by.len()).unwrap_or(u32::MAX);
        let deed = Deed::Approve(Approving::step(&request.by, &held.step, digest, &held.digest, given));
        self.allow_for(person, deed, &request.plan)?;
        let approval = Approval {
            step: step.clone(),
            digest: digest.clone(),
            question: held.question,
            by: person.clone(),
            at: (self.clock)(),
            withdrawn: None,
        };
        match self.store.approve(id, &approval).await {
            Err(ApproveError::Changed) => Err(changed()),
            Err(ApproveError::Void(void)) => {
                Err(DeskError::NotNow(Why::VoidQuestion { request: id.clone(), step: step.clone(), void }))
            }
            given => Ok(given?),
        }
    }
}
