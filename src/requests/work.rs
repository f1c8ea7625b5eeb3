//! What a worker does: takes up the request that is due longest, whoever asked for it.

use jiff::Timestamp;
use tokio::sync::watch;

use super::carry_out::CarriedOut;
use super::{Desk, DeskError};
use crate::engine::{FreshLooks, Lease};
use crate::model::RequestId;

/// A request that this process has taken in hand.
#[derive(Debug)]
pub struct Claimed(Lease);

impl Claimed {
    /// Which one.
    pub const fn request(&self) -> &RequestId {
        &self.0.request
    }
}

impl Desk {
    /// Takes in hand the request that is due longest, if one is.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn claim(&self) -> Result<Option<Claimed>, DeskError> {
        let now = (self.clock)();
        // Asked without writing first: this is looked at every second, and mostly nothing is due.
        if self.store.next_due().await?.is_none_or(|due| due > now) {
            return Ok(None);
        }
        Ok(self.store.claim_due(now, &self.holder).await?.map(Claimed))
    }

    /// When the next request will be due if nothing happens until then.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn next_due(&self) -> Result<Option<Timestamp>, DeskError> {
        Ok(self.store.next_due().await?)
    }

    /// Carries out a request that was claimed, as far as it goes now, and lets go of it.
    ///
    /// # Errors
    /// As [`Desk::carry_out`].
    pub async fn carry_out_claimed(
        &self,
        claimed: Claimed,
        stop: watch::Receiver<bool>,
    ) -> Result<CarriedOut, DeskError> {
        let Claimed(lease) = claimed;
        let request = self.store.request(&lease.request).await?;
        let carried_out = self.carry_out_under(&request, &lease, FreshLooks::new(), stop).await;
        self.let_go(&lease).await?;
        carried_out
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }
}
