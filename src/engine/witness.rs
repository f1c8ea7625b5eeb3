//! The witness of what is done with power: every privileged call is told to it before it is made, and what came of it afterwards.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::model::{AccountId, Digest, RequestId, RoleKind, StepId};

/// A call that is about to be made under a role that can do more than look, or the assuming of such a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// On whose behalf: who asked.
    pub person: String,
    /// For which request; none for `doctor`.
    pub request: Option<RequestId>,
    /// For which step.
    pub step: Option<StepId>,
    /// Who approved it.
    pub approvers: BTreeSet<String>,
    /// The step's digest.
    pub digest: Option<Digest>,
    /// In which account.
    pub account: AccountId,
    /// Under which role, by ARN.
    pub role: String,
    /// What that role is.
    pub kind: RoleKind,
    /// The IAM action: `route53:AssociateVPCWithHostedZone`.
    pub action: String,
    /// What it is done to: an ARN or a name; never a secret.
    pub resource: String,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// AWS's error code; `no answer` where none came; none where it was done.
    pub code: Option<String>,
    /// AWS's id of the request, as CloudTrail has it.
    pub aws_request: Option<String>,
}

/// An outcome's code where no answer came, or none was waited for: whether the call was carried out is not known.
pub const NO_ANSWER: &str = "no answer";

/// An intent that was written down: what came of it is written beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told(pub u64);

/// The witness could not write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the audit log cannot be written: {0}")]
pub struct Unwitnessed(pub String);

/// Who writes down what is done with power.
///
/// A contract: [`Witness::before`] returns after the intent is on disk, and a call is made only after that; where it fails, the call
/// is not made. [`Witness::after`] is told once for each intent, unless the process dies in between: an intent without an outcome
/// is one of which nobody knows whether it was carried out. Both may be called from many tasks at once.
#[async_trait]
pub trait Witness: Send + Sync + std::fmt::Debug {
    /// A call is about to be made.
    ///
    /// # Errors
    /// [`Unwitnessed`]: then it must not be made.
    async fn before(&self, intent: &Intent) -> Result<Told, Unwitnessed>;

    /// What came of it.
    ///
    /// # Errors
    /// [`Unwitnessed`]: the call was made, and the log says only that it was to be.
    async fn after(&self, told: Told, outcome: &Outcome) -> Result<(), Unwitnessed>;
}

/// Where nothing is to be done with power: it writes nothing down, so no such call is made.
#[derive(Debug, Clone, Copy)]
pub struct NoPower;

#[async_trait]
impl Witness for NoPower {
    async fn before(&self, _: &Intent) -> Result<Told, Unwitnessed> {
        Err(Unwitnessed("nothing is to be done with power here".to_owned()))
    }

    async fn after(&self, _: Told, _: &Outcome) -> Result<(), Unwitnessed> {
        Ok(())
    }
}
