//! The change feed: tells faces and the worker which request something was written for.

use tokio::sync::broadcast;

use crate::model::RequestId;

/// How many changes a listener may be behind before it is told to look at everything.
pub(super) const DEPTH: usize = 256;

/// What a listener is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// Something was committed for this request.
    Request(RequestId),
    /// More than can be listed: look at everything.
    Many,
}

/// What this process commits, from the moment of [`super::Store::subscribe`] on.
///
/// So that no wake-up is lost: **subscribe, then look, then wait**. What is committed before the look is seen by
/// it; what is committed after it is in the feed, because the feed was there already. Then look again, and wait again
/// on the same feed; never subscribe between a look and a wait.
#[derive(Debug)]
pub struct Changes(pub(super) broadcast::Receiver<RequestId>);

impl Changes {
    /// Waits for the next change. `None` when the store is gone. It may be dropped while it waits; nothing is lost.
    pub async fn next(&mut self) -> Option<Changed> {
        match self.0.recv().await {
            Ok(id) => Some(Changed::Request(id)),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Changed::Many),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}
