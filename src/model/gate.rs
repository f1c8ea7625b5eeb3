//! A gate: why a step needs approvals, how many, of whom, and under what they are given.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::ids::AccountId;
use super::role::RoleKind;

/// Why a step needs approvals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "because")]
pub enum GateReason {
    /// It changes an account other than the project's own.
    OtherAccount {
        /// That account.
        account: AccountId,
    },
    /// It destroys data.
    DestroysData,
}

/// A step with a gate starts only when this many people have approved it, each for its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Why.
    #[serde(flatten)]
    pub reason: GateReason,
    /// How many approvals are needed. 0 = the operator lets this environment run unattended.
    pub approvals: u32,
    /// The groups whose members may approve.
    pub approvers: Vec<String>,
    /// Under what an approval is given.
    pub terms: Terms,
}

/// Under what an approval is given, besides the step itself. All of it is part of the step's digest: where any of it changes, the
/// approval is void.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The roles that are assumed to do it, by ARN, and what each is.
    pub roles: BTreeMap<String, RoleKind>,
    /// The accounts that it touches, as people call them.
    pub accounts: BTreeMap<AccountId, String>,
    /// The rules that decide who may approve (`policy::Policy::digest`).
    pub policy: Digest,
    /// The program, and its version, that shows it and carries it out.
    pub engine: String,
}
