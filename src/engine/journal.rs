//! The journal as the engine sees it: write before you act, and only while the lease is yours.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::model::run::{Event, Recorded};
use crate::model::{RequestId, Step};

/// The right to carry one request out, until it expires or somebody with a higher fence has taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Which request.
    pub request: RequestId,
    /// Grows by one with each lease of this request: a write with an older fence is refused.
    pub fence: u64,
    /// Until when, by the store's clock.
    pub expires_at: Timestamp,
}

impl Lease {
    /// How long a lease lasts unless it is renewed; it is renewed every third of this.
    pub const LENGTH: Duration = Duration::from_mins(1);

    /// The longest that one call of a resource may take: shorter than a lease, so that no call of a process that was
    /// frozen and has lost its lease is still under way when the next one acts.
    pub const CALL_TIMEOUT: Duration = Duration::from_secs(45);
}

/// Why the journal refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Somebody else carries the request out now: stop at once.
    #[error("another process has taken over {0}")]
    LeaseLost(RequestId),
    /// The request is not open any more (cancelled, rejected): begin nothing new.
    #[error("{0} is not open any more")]
    NotOpen(RequestId),
    /// The step's approvals do not reach what its gate asks for, counted in the very transaction that would start it.
    #[error("{0} has a step that is not approved as it stands now")]
    NotApproved(RequestId),
    /// The store itself failed; nothing was written.
    #[error("the store failed: {0}")]
    Storage(String),
}

/// The memory of a run.
///
/// A contract: `append` returns after the event is on disk, with all earlier ones; an event that was refused was not
/// written. Events of one request are numbered without a gap. All methods may be called from several tasks at once.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Everything that was written for the lease's request, in order.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    async fn replay(&self, lease: &Lease) -> Result<Vec<Recorded>, JournalError>;

    /// Writes one event. For [`Event::Started`] the same transaction makes sure that the request is open and that
    /// the step's gate, if it has one, is met by approvals for exactly this digest, none of them by who asked.
    /// For [`Event::Finished`] the same transaction keeps what is remembered of the resource.
    ///
    /// # Errors
    /// [`JournalError`]; nothing was written then.
    async fn append(&self, lease: &Lease, event: &Event) -> Result<Recorded, JournalError>;

    /// Keeps in mind that a step which began to create its resource is known to have made nothing: what is found of it later
    /// was made by somebody else.
    ///
    /// # Errors
    /// [`JournalError`]; nothing was written then.
    async fn made_nothing(&self, lease: &Lease, step: &Step) -> Result<(), JournalError>;

    /// Makes the lease last for another [`Lease::LENGTH`] from now.
    ///
    /// # Errors
    /// [`JournalError::LeaseLost`] if it had already gone to somebody else.
    async fn renew(&self, lease: &Lease) -> Result<(), JournalError>;
}
