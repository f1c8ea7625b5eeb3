//! The cloud as the engine sees it: resources that can be looked at, applied and removed, each safe to ask again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::model::audit::Checkpoint;
use crate::model::finding::Finding;
use crate::model::plan::{Change, Scope};
use crate::model::{Digest, EnvironmentName, Observed, Outputs, Place, ProjectName, RequestId, Spec, StepId};

/// Everything that a resource needs to know to be looked at, applied or removed.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Where it is.
    pub place: Place,
    /// What it should be (for a removal: what it was to be). Inputs are filled in.
    pub spec: Spec,
    /// To whom it belongs.
    pub scope: Scope,
    /// For which project.
    pub project: ProjectName,
    /// In which environment.
    pub environment: EnvironmentName,
    /// What it told about itself when this tool last finished with it, from the store; `None` if it never did.
    /// For what AWS cannot show (from which version a credential was imported) this is the only memory.
    pub remembered: Option<Outputs>,
    /// The journal says that this tool began to create it, having seen that it was not there. A resource that is
    /// found without a mark is then ours: the process died between the call that made it and the one that marked it.
    pub begun: bool,
    /// It is to be removed: only then is it asked how much it holds.
    pub removing: bool,
    /// On whose behalf.
    pub behalf: Behalf,
}

/// On whose behalf a call is made: it becomes the session's name, source identity, tags, and what a reader may look at.
#[derive(Debug, Clone, Default)]
pub struct Behalf {
    /// Who asked: 2 to 64 of `[\w+=,.@-]`.
    pub person: String,
    /// The request; none for a look without one (`plan`, `status`).
    pub request: Option<RequestId>,
    /// The step; none for a look without one.
    pub step: Option<StepId>,
    /// Who approved it.
    pub approvers: BTreeSet<String>,
    /// The step's digest, for a step that is being carried out. Without one there is no session but a reader's that may do anything.
    pub digest: Option<Digest>,
    /// All that is looked at on this behalf, and where: an account's reader is assumed once for all of it that is there.
    /// Nothing: each look has a session for what it looks at.
    pub sights: Arc<[Sight]>,
}

/// Something that is looked at, and where it is.
pub type Sight = (Place, Spec);

/// What is to be done to a resource to bring it to its spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// It is not there: make it.
    Create,
    /// It is there, ours or taken over: mark it as ours and change these fields.
    Converge {
        /// The fields that differ.
        changes: Vec<Change>,
        /// It was not ours until now (or is scheduled for deletion): a person asked to take it over.
        adopt: bool,
    },
}

/// How far a call came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It is as it should be; this is what it tells about itself.
    Done(Outputs),
    /// It is under way in AWS; look again after a while.
    Waiting {
        /// For what, in words.
        on: String,
        /// When to look again.
        again_in: Duration,
    },
}

/// Why a call failed, sorted by what to do next. The text is for people and never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloudError {
    /// It will pass: throttled, a server error, the network, something not propagated yet.
    #[error("{why}")]
    Passing {
        /// What happened.
        why: String,
        /// When AWS said to come back, if it did.
        after: Option<Duration>,
    },
    /// A permission is missing.
    #[error("{why}")]
    Forbidden {
        /// What was forbidden to whom: action, resource, role.
        why: String,
        /// The statement that would allow it, where it is known.
        mend: Option<String>,
    },
    /// Something is in the way, and a person has to decide.
    #[error("{why}")]
    Blocked {
        /// What is in the way.
        why: String,
        /// What the person can do.
        mend: String,
    },
    /// It will fail again the same way.
    #[error("{why}")]
    Wrong {
        /// What is wrong.
        why: String,
    },
}

impl CloudError {
    /// What a person can do about it, where that is known.
    pub fn mend(&self) -> Option<&str> {
        match self {
            Self::Forbidden { mend, .. } => mend.as_deref(),
            Self::Blocked { mend, .. } => Some(mend),
            Self::Passing { .. } | Self::Wrong { .. } => None,
        }
    }
}

/// One resource.
///
/// A contract: every method may be called again at any time, also after the process died in the middle of it, also
/// while AWS still shows an older state. `observe` changes nothing. A method ends well before its lease does: the
/// engine gives it [`crate::engine::journal::Lease::CALL_TIMEOUT`] and treats running over as [`CloudError::Passing`].
#[async_trait]
pub trait Resource: Send + Sync {
    /// What is there. Called before every `apply` and `remove`, and for plans and status.
    ///
    /// # Errors
    /// When the look failed. A look that failed is never [`Observed::Absent`].
    async fn observe(&self) -> Result<Observed, CloudError>;

    /// Brings it to its spec. Called after the journal holds `Started`; once, unless a try failed or the process died,
    /// and then again after a new look, with what that look showed.
    ///
    /// # Errors
    /// When it could not be done; whatever was done half stays and is found by the next look, except what must not
    /// be left open (an authorisation), which is withdrawn before returning.
    async fn apply(&self, work: &Work) -> Result<Progress, CloudError>;

    /// Removes it; what is gone already is done. `delete_data`: a person asked, and others approved, that what it holds goes too.
    ///
    /// # Errors
    /// When it could not be done. What holds data and may not destroy it is [`CloudError::Blocked`].
    async fn remove(&self, delete_data: bool) -> Result<Progress, CloudError>;

    /// Closes what must not stay open when a step is given up half-way: it failed for good, or its request was cancelled
    /// or rejected after it began. Called after the last `apply` or `remove`; what is closed already is done. Most kinds
    /// leave nothing open.
    ///
    /// # Errors
    /// When it could not be closed; the caller says so to a person.
    async fn abandon(&self) -> Result<(), CloudError> {
        Ok(())
    }
}

/// The outside world.
#[async_trait]
pub trait Cloud: Send + Sync {
    /// The resource that `ask` means. Makes no call.
    fn resource(&self, ask: Ask) -> Arc<dyn Resource>;

    /// Says that these will be asked soon, so that sessions can be opened meanwhile. Returns at once; failures
    /// show later, at the call that needs the session.
    fn expect(&self, _asks: &[Ask]) {}

    /// Who the process is, as the cloud sees it: the caller's ARN.
    ///
    /// # Errors
    /// When there are no credentials, or they are not valid.
    async fn caller(&self) -> Result<String, CloudError>;

    /// Puts a checkpoint of the audit log into the bucket that `[audit]` names, locked for as many days as it says: nobody can
    /// change or remove it before, not even this tool. Its key is the log's name, the size and the note's hash, so that the same
    /// one again changes nothing. Returns where it is, for people.
    ///
    /// # Errors
    /// When it could not be put there, or no bucket is configured. Calling again is safe.
    async fn lock_away(&self, checkpoint: &Checkpoint) -> Result<String, CloudError>;

    /// Looks at everything that the tool will need: identities, roles, zones, the secret, permissions.
    /// Never fails: what could not be looked at is a finding.
    async fn examine(&self) -> Vec<Finding>;
}
