//! Carry a request out as far as it goes now: under a lease, from the journal and from what is really there.

use std::fmt;

use jiff::Timestamp;
use tokio::sync::watch;

use super::judge::DeskJudge;
use super::{Desk, DeskError};
use crate::engine::{FreshLooks, JournalError, Judge, Lease, Standing};
use crate::model::request::RequestMove;
use crate::model::run::{begun, replay};
use crate::model::{Event, Observed, Request, RequestId, RequestState, StepState};
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

impl fmt::Display for CarriedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(state) => write!(f, "{state}"),
            Self::Resting(at) => write!(f, "goes on at {}", at.strftime("%H:%M:%S UTC")),
            Self::Held => f.write_str("waits for an approval"),
            Self::Elsewhere => f.write_str("another process has it in hand"),
        }
    }
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
            self.close_what_ended_early(id).await?;
            return Ok(CarriedOut::Ended(request.state));
        }
        let Some(lease) = self.store.lease(id, &self.holder).await? else {
            return Ok(CarriedOut::Elsewhere);
        };
        let carried_out = self.carry_out_under(&request, &lease, fresh, stop).await;
        self.let_go(&lease).await?;
        carried_out
    }

    /// Gives the request out of hand: the next one need not wait for the lease to expire. Whoever ended it early meanwhile
    /// could not close what is open, since it was in these hands; so that is seen to here.
    pub(super) async fn let_go(&self, lease: &Lease) -> Result<(), DeskError> {
        self.store.release(lease).await?;
        self.close_what_ended_early(&lease.request).await.map(drop)
    }

    /// Closes what the request left open if it ended early. False: it is in other hands.
    pub(super) async fn close_what_ended_early(&self, id: &RequestId) -> Result<bool, DeskError> {
        let request = self.store.request(id).await?;
        let ended_early = matches!(request.state, RequestState::Cancelled | RequestState::Rejected);
        if ended_early && self.is_left_open(&request).await? { self.close_if_free(id).await } else { Ok(true) }
    }

    /// Closes what a request that ended early left open. False: it is in other hands, which will.
    pub(super) async fn close_if_free(&self, id: &RequestId) -> Result<bool, DeskError> {
        let Some(lease) = self.store.lease(id, &self.holder).await? else { return Ok(false) };
        let closed = self.close(id, &lease).await;
        self.store.release(&lease).await?;
        closed.map(|()| true)
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
            Ok(Standing::Held(_)) if *stop.borrow() => Ok(CarriedOut::Resting((self.clock)())),
            Ok(Standing::Held(until)) => self.rest(lease, until, CarriedOut::Held).await,
            Err(JournalError::LeaseLost(_)) => Ok(CarriedOut::Elsewhere),
            Err(JournalError::NotOpen(id)) => Ok(CarriedOut::Ended(self.store.request(&id).await?.state)),
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

    /// Closes what the begun steps of a request that ended early left open. Safe to repeat; called by whoever notices first:
    /// who cancelled, the process that was carrying it out, or a worker at its start.
    ///
    /// # Errors
    /// [`DeskError::Cloud`] with what could not be closed: it still counts as open.
    async fn close(&self, id: &RequestId, lease: &Lease) -> Result<(), DeskError> {
        let request = self.store.request(id).await?;
        let journal = self.journal.replay(lease).await?;
        let (states, begun) = (replay(&request.plan, &journal), begun(&journal));
        let judge = DeskJudge { desk: self, request: &request };
        let mut open = None;
        for id in &begun {
            // As it was begun, with the inputs that it was begun with, whatever they are now.
            let started = journal.iter().rev().find_map(|recorded| match &recorded.event {
                Event::Started { step, .. } if step.desired.id == *id => Some(&**step),
                _ => None,
            });
            let Some(step) = started else { continue };
            let resource = self.cloud.resource(judge.ask(step).await?);
            if let Err(error) = resource.abandon().await {
                open = Some(error);
                continue;
            }
            // What was never made is not ours, whoever makes it from now on.
            if let Ok(Observed::Absent) = resource.observe().await {
                self.journal.made_nothing(lease, step).await?;
            }
            if !matches!(states.get(&step.desired.id), Some(StepState::Failed { .. })) {
                let why = format!("given up: the request was {}", request.state);
                let event = Event::Failed { step: step.desired.id.clone(), why, mend: None, retry_at: None };
                self.journal.append(lease, &event).await?;
            }
        }
        open.map_or(Ok(()), |error| Err(DeskError::Cloud(error)))
    }

    /// Closes what requests that ended early left open when the process that noticed died before it could.
    ///
    /// # Errors
    /// [`DeskError::Store`]; what could not be closed is tried again the next time.
    pub async fn sweep(&self) -> Result<(), DeskError> {
        // What time it is by now is remembered also where nothing happens.
        self.store.moment().await?;
        let ended_early = RequestFilter {
            states: vec![RequestState::Cancelled, RequestState::Rejected],
            limit: Some(SWEPT),
            ..RequestFilter::default()
        };
        for request in self.store.list(&ended_early).await? {
            if self.is_left_open(&request).await?
                && let Err(error) = self.close_if_free(&request.id).await
            {
                tracing::warn!(request = %request.id, %error, "what it left open is not closed yet");
            }
        }
        Ok(())
    }

    /// Whether a step of it was begun and neither ended nor given up since: something may be open.
    pub(super) async fn is_left_open(&self, request: &Request) -> Result<bool, DeskError> {
        let journal = self.store.journal(&request.id).await?;
        let (states, begun) = (replay(&request.plan, &journal), begun(&journal));
        Ok(begun.iter().any(|step| !matches!(states.get(step), Some(StepState::Failed { .. }))))
    }
}
