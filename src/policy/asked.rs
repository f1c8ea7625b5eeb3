//! A question as people put it, with everything that a deed only borrows: what `explain` and the rules' tests ask.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Approving, Concerned, Deed, Frozen, Grounds, Policy, Starting};
use crate::model::verdict::Verdict;
use crate::model::{AccountId, EnvironmentName, Person, ProjectName};

/// What somebody wants to do, by its name in the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each is the deed of that name")]
pub enum Act {
    Read,
    Request,
    Adopt,
    DestroyData,
    Reject,
    Cancel,
    Retry,
    Approve,
    Withdraw,
    Start,
}

impl Act {
    /// All of them, in the schema's order.
    pub const ALL: [Self; 10] = [
        Self::Read,
        Self::Request,
        Self::Adopt,
        Self::DestroyData,
        Self::Reject,
        Self::Cancel,
        Self::Retry,
        Self::Approve,
        Self::Withdraw,
        Self::Start,
    ];

    /// The action's name in the schema.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Request => "request",
            Self::Adopt => "adopt",
            Self::DestroyData => "destroy-data",
            Self::Reject => "reject",
            Self::Cancel => "cancel",
            Self::Retry => "retry",
            Self::Approve => "approve",
            Self::Withdraw => "withdraw",
            Self::Start => "start",
        }
    }

    /// Whether it is about one step.
    pub const fn is_about_a_step(self) -> bool {
        matches!(self, Self::Approve | Self::Withdraw | Self::Start)
    }

    /// Whether it matters whose request it is.
    pub const fn is_about_a_request(self) -> bool {
        matches!(self, Self::Reject | Self::Cancel | Self::Retry | Self::Approve | Self::Withdraw)
    }
}

/// What a step puts at risk, by its name in the schema.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    /// It changes the project's own account, and destroys nothing.
    #[default]
    None,
    /// It changes another account than the project's.
    OtherAccount,
    /// It destroys data.
    DestroysData,
}

impl Risk {
    /// As the schema has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::OtherAccount => "other-account",
            Self::DestroysData => "destroys-data",
        }
    }
}

/// A question: who, what, and what is known of the request and the step.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Asked {
    /// Who. For a step that begins: who asked for it.
    pub person: Person,
    /// What.
    pub act: Act,
    /// Whose request it is about.
    pub requester: Person,
    /// The step's name.
    pub step: String,
    /// The account that it changes.
    pub account: Option<AccountId>,
    /// What it puts at risk: what is at risk has a gate.
    pub risk: Risk,
    /// Whose approvals of what was shown count.
    pub approvers: BTreeSet<String>,
    /// How many approvals it needs.
    pub needed: u32,
    /// The digest of what was shown.
    pub shown: String,
    /// The digest of what is there now.
    pub digest: String,
}

impl Asked {
    /// The deed.
    pub fn deed(&self) -> Deed<'_> {
        let Self { requester, step, approvers, needed, shown, digest, .. } = self;
        let concerned = Concerned { step, account: self.account.as_ref(), risk: self.risk.word() };
        let approvals = u32::try_from(approvers.len()).unwrap_or(u32::MAX);
        let approving = Approving { requester, concerned, shown, digest, approvals, needed: *needed };
        let gated = self.risk != Risk::None;
        match self.act {
            Act::Read => Deed::Read,
            Act::Request => Deed::Request,
            Act::Adopt => Deed::Adopt,
            Act::DestroyData => Deed::DestroyData,
            Act::Reject => Deed::Reject(requester),
            Act::Cancel => Deed::Cancel(requester),
            Act::Retry => Deed::Retry(requester),
            Act::Approve => Deed::Approve(approving),
            Act::Withdraw => Deed::Withdraw(approving),
            Act::Start => Deed::Start(Starting { concerned, gated, approvers, needed: *needed, shown, digest }),
        }
    }
}

/// An environment as it is at a moment, and a project in it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Surroundings {
    /// The environment's name.
    pub environment: EnvironmentName,
    /// The project; none where the question is about all of the environment.
    pub project: Option<ProjectName>,
    /// The groups whose members may ask; empty = everybody known.
    pub requesters: Vec<String>,
    /// The groups whose members may approve now, stand-ins among them.
    pub approvers: Vec<String>,
    /// Whether it is production.
    pub production: bool,
    /// Until when it is frozen, and why.
    pub frozen: Option<(Timestamp, String)>,
    /// What time it is.
    pub now: Timestamp,
}

impl Surroundings {
    /// As policy is asked about them.
    pub fn grounds(&self) -> Grounds<'_> {
        Grounds {
            environment: &self.environment,
            project: self.project.as_ref(),
            requesters: &self.requesters,
            approvers: &self.approvers,
            production: self.production,
            frozen: self.frozen.as_ref().map(|(until, why)| Frozen { until: *until, why }),
            now: self.now,
        }
    }
}

impl Policy {
    /// The verdict on a question.
    pub fn answer(&self, asked: &Asked, surroundings: &Surroundings) -> Verdict {
        self.decide(&asked.person, asked.deed(), &surroundings.grounds())
    }
}
