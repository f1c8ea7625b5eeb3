//! See a request through from one process: carry it out, wait, carry it out again, as long as the caller wants to stay.

use std::time::Duration;

use tokio::sync::watch;

use super::carry_out::CarriedOut;
use super::plan::Prepared;
use super::{Desk, DeskError, Why};
use crate::engine::Lease;
use crate::model::{RequestId, StepState};

/// How long the caller stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stay {
    /// Until it waits for an approval, or for something that others bring.
    UntilItWaits,
    /// Until it has ended.
    UntilItEnds,
}

/// How often it is looked whether the request is due: by its time, or because another process wrote something.
const POLL: Duration = Duration::from_millis(250);

impl Desk {
    /// Sees a request through. `prepared`: the plan that it was made from, moments ago, with its looks.
    ///
    /// # Errors
    /// As [`Desk::carry_out`].
    pub async fn see_through(
        &self,
        id: &RequestId,
        prepared: Option<Prepared>,
        stay: Stay,
        mut stop: watch::Receiver<bool>,
    ) -> Result<CarriedOut, DeskError> {
        let mut fresh = prepared.map(|prepared| prepared.fresh).unwrap_or_default();
        // Subscribed before the look, so that no change between look and wait is lost.
        let mut changes = self.changes();
        loop {
            let stands = self.carry_out(id, std::mem::take(&mut fresh), stop.clone()).await?;
            match stands {
                CarriedOut::Ended(_) => return Ok(stands),
                _ if *stop.borrow() => return Ok(stands),
                // Stirred while it was carried out: it goes on at once.
                CarriedOut::Resting(at) if at <= (self.clock)() => {}
                CarriedOut::Resting(_) if self.is_retrying(id).await? => {}
                _ if stay == Stay::UntilItEnds => {}
                _ => return Ok(stands),
            }
            while !*stop.borrow() && !self.store.is_due(id, (self.clock)()).await? {
                tokio::select! {
                    () = tokio::time::sleep(POLL) => {}
                    () = stopped(&mut stop) => {}
                    _ = changes.next() => {}
                }
            }
        }
    }

    /// Sees to it that a request which somebody has just ended leaves nothing open: closes it, or waits for the process that
    /// has it in hand, which will; if that one has died, until its lease has run out.
    ///
    /// # Errors
    /// [`DeskError::Cloud`] with what could not be closed; [`DeskError::NotNow`] where it takes too long, or `stop` turns true.
    pub async fn see_closed(&self, id: &RequestId, mut stop: watch::Receiver<bool>) -> Result<(), DeskError> {
        let patience = tokio::time::Instant::now() + Lease::LENGTH + Lease::LENGTH / 6;
        while !self.close_what_ended_early(id).await? {
            if *stop.borrow() || tokio::time::Instant::now() > patience {
                return Err(DeskError::NotNow(Why::StillOpen { request: id.clone() }));
            }
            tokio::select! {
                () = tokio::time::sleep(POLL) => {}
                () = stopped(&mut stop) => {}
            }
        }
        Ok(())
    }

    /// Whether it rests only until the next try of a call: worth staying for.
    async fn is_retrying(&self, id: &RequestId) -> Result<bool, DeskError> {
        let states = self.show(id).await?.steps;
        let waits = |state: &StepState| matches!(state, StepState::Waiting { until: Some(_), .. });
        let tries =
            |state: &StepState| matches!(state, StepState::Retrying { .. } | StepState::Waiting { until: None, .. });
        Ok(states.iter().any(|step| tries(&step.state)) && !states.iter().any(|step| waits(&step.state)))
    }
}

/// Returns when `stop` turns true; never where nobody is left who could turn it.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}
