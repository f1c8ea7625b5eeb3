//! How the engine asks the thinking above it: it knows neither diffs nor approvals nor people.

use std::time::Duration;

use async_trait::async_trait;

use super::{Ask, JournalError};
use crate::model::{Digest, Observed, Step};

/// What is to be done about a step, given what was just seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// Nothing: it is as it should be, or not ours to change.
    Nothing,
    /// It is not there and others bring it: wait, at most this long in all.
    Wait {
        /// The longest that a run waits for it.
        within: Duration,
    },
    /// Do this: the step with its action and its gate as they were decided now.
    Do(Box<Step>),
    /// Do not go on: what is there now does not allow what was planned.
    Refuse {
        /// Why.
        why: String,
        /// What a person can do.
        mend: String,
    },
}

/// The thinking above the engine.
///
/// A contract: every method is asked anew each time a step is taken up, also after a restart; none of them changes anything.
/// The engine passes steps with their inputs filled in.
#[async_trait]
pub trait Judge: Send + Sync {
    /// Everything that the step's resource needs to know. For a step with a gate that was decided and approved, who
    /// approved it is among that.
    ///
    /// # Errors
    /// When the store fails.
    async fn ask(&self, step: &Step) -> Result<Ask, JournalError>;

    /// Whether the step's gate is met by approvals for exactly this digest. The journal checks it again in the
    /// transaction that starts the step; this answer only saves a look at what nobody has approved yet.
    ///
    /// # Errors
    /// When the store fails.
    async fn approved(&self, step: &Step, digest: &Digest) -> Result<bool, JournalError>;

    /// Whether another request makes the same thing, shared by both, or did a moment ago. What is found of it that is nobody's may be that
    /// one's, made a moment ago and not written down yet; so it is looked at again before a person is asked.
    ///
    /// # Errors
    /// When the store fails.
    async fn contested(&self, step: &Step) -> Result<bool, JournalError>;

    /// What is to be done, now that this was seen.
    ///
    /// # Errors
    /// When the store fails.
    async fn judge(&self, step: &Step, observed: &Observed) -> Result<Judgement, JournalError>;
}
