//! Carry a request out as far as it goes now: under a lease, from the journal and from what is really there.

use jiff::Timestamp;
use tokio::sync::watch;

use super::judge::DeskJudge;
use super::{Desk, DeskError};
use crate::engine::{CloudError, FreshLooks, JournalError, Judge, Lease, Standing};
use crate::model::request::RequestMove;
use crate::model::run::replay;
use crate::model::{Event, Request, RequestId, RequestState, Step, StepState};
use crate::store::RequestFilter;

/// How many requests that ended early, the newest, are looked at when a worker starts.
const SWEPT: u32 = 200;

/// How a request stands after it was carried out as far as it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CarriedOut {
    /// It has ended, in this state.
    Ended(RequestState),
    /// It goes on by itself at this time.
    Resting(Timestamp),
    /// It needs an approval.
    Held,
    /// Another process carries it out.
    Elsewhere,
}

impl Desk {
    /// Carries a request out as far as it goes now. `fresh` are looks made moments ago. When `stop` turns true, calls under way
    /// are finished and written, and nothing new begins.
    ///
    /// # Errors
    /// [`DeskError::NotFound`], [`DeskError::Store`]. What a step failed of is in its journal, not here.
    pub async fn carry_out(
        &self,
        id: &RequestId,
        fresh: FreshLooks,
        stop: watch::Receiver<bool>,
    ) -> Result<CarriedOut, DeskError> {
        let request = self.store.request(id).await?;
        if request.state != RequestState::Open {
            return Ok(CarriedOut::Ended(request.state));
        }
        let Some(lease) = self.store.lease(id, &self.holder).await? else {
            return Ok(CarriedOut::Elsewhere);
        };
        let carried_out = self.carry_out_under(&request, &lease, fresh, stop).await;
        // Whatever came of it: the next one need not wait for the lease to expire.
        self.store.release(&lease).await?;
        carried_out
    }

    /// As [`Desk::carry_out`], under a lease that the caller has claimed and will release.
    ///
    /// # Errors
    /// As [`Desk::carry_out`].
    pub(super) async fn carry_out_under(
        &self,
        request: &Request,
        lease: &Lease,
        fresh: FreshLooks,
        stop: watch::Receiver<bool>,
    ) -> Result<CarriedOut, DeskError> {
        let judge = DeskJudge { desk: self, request };
        let standing = self.engine.carry_out(&request.plan, lease, &*self.journal, &judge, fresh, stop.clone()).await;
        match standing {
            Ok(Standing::Done) => self.conclude(lease, RequestMove::Finish).await,
            Ok(Standing::Failed) => self.conclude(lease, RequestMove::Fail).await,
            Ok(Standing::Resting(at)) => self.rest(lease, at, CarriedOut::Resting(at)).await,
            Ok(Standing::Held) if *stop.borrow() => Ok(CarriedOut::Resting((self.clock)())),
            Ok(Standing::Held) => self.rest(lease, Timestamp::MAX, CarriedOut::Held).await,
            Err(JournalError::LeaseLost(_)) => Ok(CarriedOut::Elsewhere),
            Err(JournalError::NotOpen(id)) => {
                self.close(&id, lease).await?;
                Ok(CarriedOut::Ended(self.store.request(&id).await?.state))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Ends the request, unless something stirred it meanwhile: then it is due again at once.
    async fn conclude(&self, lease: &Lease, how: RequestMove) -> Result<CarriedOut, DeskError> {
        match self.store.conclude(lease, how, None).await {
            Ok(Some(ended)) => Ok(CarriedOut::Ended(ended.state)),
            Ok(None) => Ok(CarriedOut::Resting((self.clock)())),
            Err(JournalError::LeaseLost(_)) => Ok(CarriedOut::Elsewhere),
            Err(JournalError::NotOpen(id)) => Ok(CarriedOut::Ended(self.store.request(&id).await?.state)),
            Err(error) => Err(error.into()),
        }
    }

    /// Lets the request rest, unless something stirred it meanwhile: then it is due again at once.
    async fn rest(&self, lease: &Lease, until: Timestamp, so: CarriedOut) -> Result<CarriedOut, DeskError> {
        let rests = self.store.set_wake(lease, Some(until)).await?;
        Ok(if rests { so } else { CarriedOut::Resting((self.clock)()) })
    }

    /// Closes what the begun steps of a request that ended early left open, and those that failed: what they left may have
    /// been closed in vain. Safe to repeat; called by whoever notices first:
    /// who cancelled, the process that was carrying it out, or a worker at its start.
    pub(super) async fn close(&self, id: &RequestId, lease: &Lease) -> Result<(), DeskError> {
        let request = self.store.request(id).await?;
        let states = replay(&request.plan, &self.journal.replay(lease).await?);
        let judge = DeskJudge { desk: self, request: &request };
        for step in &request.plan.steps {
            let (state, outputs_of) = (&states[&step.desired.id], |id: &_| states.get(id).and_then(StepState::outputs));
            let begun = match step.desired.filled(outputs_of) {
                Ok(Some(desired)) if is_begun(state) || has_failed(state) => Step { desired, ..step.clone() },
                _ => continue,
            };
            let ask = judge.ask(&begun).await?;
            let why = match self.cloud.resource(ask).abandon().await {
                Ok(()) => format!("given up: the request was {}", request.state),
                Err(CloudError::Passing { why, .. }) => {
                    return Err(DeskError::Cloud(CloudError::Passing { why, after: None }));
                }
                Err(error) => format!("given up, and what it left open could not be closed: {error}"),
            };
            let event = Event::Failed { step: begun.desired.id, why, mend: None, retry_at: None };
            self.journal.append(lease, &event).await?;
        }
        Ok(())
    }

    /// Closes what requests that ended early left open when the process that noticed died before it could.
    ///
    /// # Errors
    /// [`DeskError::Store`]; what could not be closed is tried again at the next start.
    pub async fn sweep(&self) -> Result<(), DeskError> {
        let ended_early = RequestFilter {
            states: vec![RequestState::Cancelled, RequestState::Rejected],
            limit: Some(SWEPT),
            ..RequestFilter::default()
        };
        for request in self.store.list(&ended_early).await? {
            let states = replay(&request.plan, &self.store.journal(&request.id).await?);
            if !states.values().any(is_begun) {
                continue;
            }
            if let Some(lease) = self.store.lease(&request.id, &self.holder).await? {
                if let Err(error) = self.close(&request.id, &lease).await {
                    tracing::warn!(request = %request.id, %error, "what it left open is not closed yet");
                }
                self.store.release(&lease).await?;
            }
        }
        Ok(())
    }
}

/// Whether the step was given up.
const fn has_failed(state: &StepState) -> bool {
    matches!(state, StepState::Failed { .. })
}

/// Whether a call of the step was under way, or may be repeated: something may be open.
const fn is_begun(state: &StepState) -> bool {
    matches!(state, StepState::Running { .. } | StepState::Retrying { .. })
}
