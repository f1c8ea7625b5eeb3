//! Withdraw: who approved a step takes that back, before it begins.

use super::{Desk, DeskError, Why};
use crate::model::{Person, Question, RequestId, StepId};
use crate::policy::{Approving, Deed};
use crate::store::WithdrawError;

impl Desk {
    /// Takes this person's approval of a step back. Which step, where none is named: the only one that they have approved.
    ///
    /// # Errors
    /// [`DeskError::Refused`] by policy; [`DeskError::NotNow`] where they have approved nothing that waits, or it has begun.
    pub async fn withdraw(&self, person: &Person, id: &RequestId, step: Option<&StepId>) -> Result<StepId, DeskError> {
        let view = self.show(id).await?;
        let request = &view.request;
        let mut given: Vec<&Question> = view.questions.iter().filter(|asked| view.is_latest(asked)).collect();
        given.retain(|asked| step.is_none_or(|step| asked.sealed.step().desired.id == *step));
        given.retain(|asked| view.answers(asked).any(|approval| approval.by.name == person.name));
        if given.iter().any(|asked| view.awaits(asked)) {
            given.retain(|asked| view.awaits(asked));
        }
        let [asked] = given.as_slice() else {
            return Err(DeskError::NotNow(match given.is_empty() {
                true => Why::NothingToWithdraw { request: id.clone() },
                false => Why::WhichStep { request: id.clone() },
            }));
        };
        let (sealed, digest) = (&asked.sealed, asked.sealed.digest());
        let number = u32::try_from(view.answers(asked).count()).unwrap_or(u32::MAX);
        let approving = Approving::step(&request.by, sealed.step(), digest, digest, number);
        self.allow_for(person, Deed::Withdraw(approving), &request.plan)?;
        let step = sealed.step().desired.id.clone();
        match self.store.withdraw(id, &step, person).await {
            Ok(()) => Ok(step),
            Err(WithdrawError::NotOpen { id, state }) => Err(DeskError::NotNow(Why::Ended { request: id, state })),
            Err(WithdrawError::NotGiven) => Err(DeskError::NotNow(Why::NothingToWithdraw { request: id.clone() })),
            Err(WithdrawError::Begun) => Err(DeskError::NotNow(Why::HasBegun { request: id.clone(), step })),
            Err(WithdrawError::Store(error)) => Err(error.into()),
        }
    }
}
