//! What somebody wants to do, and on what grounds it is decided: the questions that the rules are asked.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::plan::GateReason;
use crate::model::{AccountId, Digest, EnvironmentName, Person, ProjectName, Step};

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed<'a> {
    /// See plans, requests, status.
    Read,
    /// Ask for an onboarding or a teardown.
    Request,
    /// Ask that what was made by hand is taken over.
    Adopt,
    /// Ask for a teardown that destroys data.
    DestroyData,
    /// Say no to this person's request.
    Reject(&'a Person),
    /// End it.
    Cancel(&'a Person),
    /// Ask for another try.
    Retry(&'a Person),
    /// Say yes to a step.
    Approve(Approving<'a>),
    /// Take one's own yes back.
    Withdraw(Approving<'a>),
    /// A step that changes something begins, on behalf of the person who asked for it.
    Start(Starting<'a>),
}

/// What is decided about a step: how dangerous it is, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concerned<'a> {
    /// The step's name.
    pub step: &'a str,
    /// The account that it changes; none for one that is not known.
    pub account: Option<&'a AccountId>,
    /// `none`, `other-account` or `destroys-data`, as the schema has it.
    pub risk: &'static str,
}

impl<'a> Concerned<'a> {
    /// What there is to know of a step.
    pub fn of(step: &'a Step) -> Self {
        let own = &step.desired.place.account;
        let (account, risk) = match step.gate.as_ref().map(|gate| &gate.reason) {
            None => (own, "none"),
            Some(GateReason::OtherAccount { account }) => (account, "other-account"),
            Some(GateReason::DestroysData) => (own, "destroys-data"),
        };
        Self { step: step.desired.id.as_str(), account: Some(account), risk }
    }
}

/// Somebody approves a step, or withdraws that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approving<'a> {
    /// Whose request it is.
    pub requester: &'a Person,
    /// The step.
    pub concerned: Concerned<'a>,
    /// The digest of what the person saw.
    pub shown: &'a str,
    /// The digest of the step as it is now.
    pub digest: &'a str,
    /// How many approvals there are for it.
    pub approvals: u32,
    /// How many it needs.
    pub needed: u32,
}

impl<'a> Approving<'a> {
    /// Whether somebody may approve anything at all of this person's request: asked before a step is known.
    pub const fn anything(requester: &'a Person) -> Self {
        let concerned = Concerned { step: "any", account: None, risk: "none" };
        Self { requester, concerned, shown: "", digest: "", approvals: 0, needed: 0 }
    }

    /// A step that has this `digest` now and was `shown` with that one.
    pub fn step(requester: &'a Person, step: &'a Step, shown: &'a Digest, digest: &'a Digest, approvals: u32) -> Self {
        let needed = step.gate.as_ref().map_or(0, |gate| gate.approvals);
        let (shown, digest) = (shown.as_str(), digest.as_str());
        Self { requester, concerned: Concerned::of(step), shown, digest, approvals, needed }
    }
}

/// A step begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Starting<'a> {
    /// The step.
    pub concerned: Concerned<'a>,
    /// Whether it has a gate.
    pub gated: bool,
    /// The names of those whose approvals of `shown` count now: given, not expired, not withdrawn, by people who may still approve.
    pub approvers: &'a BTreeSet<String>,
    /// How many it needs.
    pub needed: u32,
    /// The digest that they approved.
    pub shown: &'a str,
    /// The digest of the step as it is now.
    pub digest: &'a str,
}

/// What is asked about, as the rules see it: an environment as it is at this moment, and a project in it.
#[derive(Debug, Clone)]
pub struct Grounds<'a> {
    /// The environment's name.
    pub environment: &'a EnvironmentName,
    /// The project; none where the question is about all of the environment.
    pub project: Option<&'a ProjectName>,
    /// The groups whose members may ask; empty = everybody known.
    pub requesters: &'a [String],
    /// The groups whose members may approve now, stand-ins among them.
    pub approvers: &'a [String],
    /// Whether the config calls it production.
    pub production: bool,
    /// The freeze that holds now, if one does.
    pub frozen: Option<Frozen<'a>>,
    /// What time it is.
    pub now: Timestamp,
}

/// A freeze that holds now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frozen<'a> {
    /// Until when.
    pub until: Timestamp,
    /// Why, in the operator's words.
    pub why: &'a str,
}

impl<'a> Deed<'a> {
    /// The action's name in the schema.
    pub const fn action(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Request => "request",
            Self::Adopt => "adopt",
            Self::DestroyData => "destroy-data",
            Self::Reject(_) => "reject",
            Self::Cancel(_) => "cancel",
            Self::Retry(_) => "retry",
            Self::Approve(_) => "approve",
            Self::Withdraw(_) => "withdraw",
            Self::Start(_) => "start",
        }
    }

    /// The step that it is about, where it is about one.
    pub const fn concerned(self) -> Option<Concerned<'a>> {
        match self {
            Self::Approve(approving) | Self::Withdraw(approving) => Some(approving.concerned),
            Self::Start(starting) => Some(starting.concerned),
            _ => None,
        }
    }
}
