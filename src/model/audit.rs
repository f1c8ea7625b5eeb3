//! The words of the audit log: an entry is one thing that happened, a checkpoint is what an outsider keeps of the whole.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::plan::Direction;
use super::run::Did;
use super::{
    AccountId, Digest, EnvironmentName, ProjectName, RequestId, RequestState, RoleKind, Snowflake, StepId, digest,
};

/// One entry of the log. Its canonical JSON is a leaf of the log's tree; nobody changes it afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 0, without a gap.
    pub number: u64,
    /// When it was written, never before the entry before it.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

impl Entry {
    /// The bytes that are hashed: object keys sorted, no white space.
    pub fn canonical(&self) -> String {
        digest::canonical(self)
    }
}

/// Where a person met the tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "at")]
pub enum Face {
    /// In Discord.
    Discord {
        /// The channel.
        channel: Snowflake,
        /// What they sent (an interaction's id), or the message that they were shown.
        id: Snowflake,
    },
    /// At a terminal.
    Terminal,
}

/// Something that happened. Written in the same transaction as the thing itself, so that neither is there without the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum What {
    /// The log begins: always the first entry, once.
    LogBegun {
        /// The log's id, by chance: two logs are never taken for one another.
        log: String,
    },
    /// A process that can change something began to work.
    ProcessStarted {
        /// Which: as its leases name it.
        process: String,
        /// What it does: a command's name.
        does: String,
        /// Program and version.
        program: String,
        /// The digest of its config.
        config: Digest,
        /// The digest of its rules.
        policy: Digest,
    },
    /// It ended in order.
    ProcessEnded {
        /// Which.
        process: String,
    },
    /// Somebody asked for something: a request was made.
    Asked {
        /// The request.
        request: RequestId,
        /// Of which project.
        project: ProjectName,
        /// In which environment.
        environment: EnvironmentName,
        /// In or out.
        direction: Direction,
        /// The digest of the plan that they were shown.
        plan: Digest,
        /// Who.
        by: String,
        /// How they were recognised.
        via: String,
        /// Where.
        face: Face,
    },
    /// A step was shown to be approved.
    Shown {
        /// The request.
        request: RequestId,
        /// The step.
        step: StepId,
        /// The digest of what was shown.
        digest: Digest,
        /// To whom; none where everybody who can read there was shown it.
        to: Option<String>,
        /// Where.
        face: Face,
    },
    /// An approver said yes.
    Approved {
        /// The request.
        request: RequestId,
        /// The step.
        step: StepId,
        /// The digest of what they said it to.
        digest: Digest,
        /// Who.
        by: String,
        /// How they were recognised.
        via: String,
    },
    /// An approver took their yes back.
    Withdrawn {
        /// The request.
        request: RequestId,
        /// The step.
        step: StepId,
        /// The digest of what they had said it to.
        digest: Digest,
        /// Who.
        by: String,
        /// How they were recognised.
        via: String,
    },
    /// A request's state changed: a person rejected it, cancelled it, asked for another try; or it was done or failed.
    Became {
        /// The request.
        request: RequestId,
        /// What it was.
        was: RequestState,
        /// What it became. From open to open: another try.
        becomes: RequestState,
        /// Who; none where the carrying out itself did.
        by: Option<String>,
        /// How they were recognised.
        via: Option<String>,
        /// Why, in their words.
        reason: Option<String>,
    },
    /// A step waits for approvals.
    Held {
        /// The request.
        request: RequestId,
        /// The step.
        step: StepId,
        /// The digest of what is to be approved.
        digest: Digest,
        /// How many it needs.
        needs: u32,
    },
    /// A step that changes something begins.
    Started {
        /// The request.
        request: RequestId,
        /// The step.
        step: StepId,
        /// The digest of what is done.
        digest: Digest,
        /// Whose approvals count for it.
        approvers: BTreeSet<String>,
    },
    /// A step is done.
    Finished {
        /// The request.
        request: RequestId,
        /// The step.
        step: StepId,
        /// What was done.
        did: Did,
    },
    /// A step failed.
    Failed {
        /// The request.
        request: RequestId,
        /// The step.
        step: StepId,
        /// Of what, as the journal has it.
        why: String,
        /// When it is tried again by itself.
        retry_at: Option<Timestamp>,
    },
    /// Policy refused somebody something.
    Refused {
        /// Who tried.
        by: String,
        /// How they were recognised.
        via: String,
        /// What: the deed's name.
        deed: String,
        /// For which project; none where it was about the environment.
        project: Option<ProjectName>,
        /// In which environment.
        environment: EnvironmentName,
        /// The rules that decided.
        rules: Vec<String>,
    },
    /// A call with power is about to be made.
    Call(Intent),
    /// What came of it.
    Answer {
        /// The number of the entry with the call.
        call: u64,
        /// What came of it.
        #[serde(flatten)]
        outcome: Outcome,
    },
    /// A checkpoint was signed: always the entry right behind what it covers.
    Signed {
        /// How many entries it covers.
        size: u64,
    },
    /// A checkpoint was put outside the tool's own power.
    Posted {
        /// How many entries it covers.
        size: u64,
        /// Where.
        place: Outside,
        /// A message's link, or an object's URL with its version.
        link: String,
    },
}

impl What {
    /// The request that it is about.
    pub fn request(&self) -> Option<&RequestId> {
        match self {
            Self::Asked { request, .. }
            | Self::Shown { request, .. }
            | Self::Approved { request, .. }
            | Self::Withdrawn { request, .. }
            | Self::Became { request, .. }
            | Self::Held { request, .. }
            | Self::Started { request, .. }
            | Self::Finished { request, .. }
            | Self::Failed { request, .. } => Some(request),
            Self::Call(intent) => intent.request.as_ref(),
            Self::LogBegun { .. }
            | Self::ProcessStarted { .. }
            | Self::ProcessEnded { .. }
            | Self::Refused { .. }
            | Self::Answer { .. }
            | Self::Signed { .. }
            | Self::Posted { .. } => None,
        }
    }
}

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

/// A signed statement of how long the log is and what its tree's root is: who keeps one can tell later whether anything before it was
/// changed. `note` is a checkpoint in the form of C2SP's `tlog-checkpoint`, signed as a `signed-note`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// How many entries it covers.
    pub size: u64,
    /// When it was made.
    pub at: Timestamp,
    /// The signed note, its last line ended.
    pub note: String,
}

/// Where a checkpoint was put, outside the bot's own power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outside {
    /// A Discord channel.
    Discord,
    /// An S3 bucket with Object Lock.
    S3,
}
