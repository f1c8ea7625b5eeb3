//! How the engine asks the thinking above it: it knows neither diffs nor approvals nor people.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Ask, JournalError};
use crate::model::{Digest, Note, Observed, Step};

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

/// Whether a step may begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leave {
    /// It may; these people's approvals are counted on (none for a step without a gate).
    Granted {
        /// Their names.
        approvers: BTreeSet<String>,
    },
    /// Approvals are missing: ask for them.
    Lacking {
        /// Why those that were given do not count, or what is waited for besides; none where there is no more to say.
        note: Option<Note>,
    },
    /// What was asked can be answered no more: the step is given up, and another try asks anew.
    Void {
        /// Why.
        why: String,
        /// What a person can do.
        mend: String,
    },
    /// Nothing may begin now, whoever approves: look again then.
    Later {
        /// Until what, in words: `the freeze of production ends`.
        on: String,
        /// When to ask again.
        again_at: Timestamp,
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

    /// Whether a step that changes something, with or without a gate, may begin now: asked right before it starts, with the digest
    /// that it has now. Rights are looked at as they are at this moment. The journal checks in the transaction that starts the step
    /// that the approvals which this answer counts on are still there.
    ///
    /// # Errors
    /// When the store fails.
    async fn may_start(&self, step: &Step, digest: &Digest) -> Result<Leave, JournalError>;

    /// Until when a question that is asked now may be answered.
    fn answered_until(&self) -> Timestamp;

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
