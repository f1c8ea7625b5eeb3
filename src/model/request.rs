//! A request: who wants what (never changes), its state, and the approvals that were given.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::ids::{RequestId, StepId};
use super::person::Person;
use super::plan::Plan;

/// Somebody's wish to let a project in or to show it out, with the plan that they were shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// Who asked.
    pub by: Person,
    /// When.
    pub asked_at: Timestamp,
    /// What will be done: the plan as it was shown.
    pub plan: Plan,
    /// How it stands.
    pub state: RequestState,
    /// Why it stands so, where a person said why (a rejection, a cancellation).
    pub reason: Option<String>,
    /// When the state last changed.
    pub changed_at: Timestamp,
}

/// How a request stands. See [`RequestState::after`] for the table of what leads where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestState {
    /// It is being carried out, or waits for an approval or for something to appear.
    Open,
    /// A step failed in a way that only a person can mend; `retry` opens it again.
    Failed,
    /// Everything is as it was planned.
    Done,
    /// Somebody ended it; what was done stays as it is.
    Cancelled,
    /// An approver said no.
    Rejected,
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestMove {
    /// All steps are done.
    Finish,
    /// No step can go on without a person.
    Fail,
    /// Somebody asks for another try.
    Retry,
    /// Somebody ends it.
    Cancel,
    /// An approver says no.
    Reject,
}

impl RequestState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Open, Self::Failed, Self::Done, Self::Cancelled, Self::Rejected];

    /// Where a move leads from here, or `None` where it is not possible.
    pub const fn after(self, change: RequestMove) -> Option<Self> {
        match (self, change) {
            (Self::Open, RequestMove::Finish) => Some(Self::Done),
            (Self::Open, RequestMove::Fail) => Some(Self::Failed),
            (Self::Open | Self::Failed, RequestMove::Cancel) => Some(Self::Cancelled),
            (Self::Open, RequestMove::Reject) => Some(Self::Rejected),
            (Self::Open | Self::Failed, RequestMove::Retry) => Some(Self::Open),
            _ => None,
        }
    }

    /// Whether it holds its project and environment, so that no other request may be made for them.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open)
    }

    /// Its name, as stored and shown.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Failed => "failed",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
        }
    }
}

impl fmt::Display for RequestState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// One person's yes to one step, as it was shown to them. Never changed, never deleted: that it was taken back is written beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The step.
    pub step: StepId,
    /// The digest of the step, inputs filled in, that they saw. For any other it does not count.
    pub digest: Digest,
    /// The number of the question that it answers ([`super::Question::number`]). For any other it does not count.
    pub question: u64,
    /// Who.
    pub by: Person,
    /// When.
    pub at: Timestamp,
    /// When they took it back, if they did.
    pub withdrawn: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_met_by_every_move() {
        use RequestMove::{Cancel, Fail, Finish, Reject, Retry};
        use RequestState::{Cancelled, Done, Failed, Open, Rejected};
        let moves = [Finish, Fail, Retry, Cancel, Reject];
        let table = [
            (Open, [Some(Done), Some(Failed), Some(Open), Some(Cancelled), Some(Rejected)]),
            (Failed, [None, None, Some(Open), Some(Cancelled), None]),
            (Done, [None; 5]),
            (Cancelled, [None; 5]),
            (Rejected, [None; 5]),
        ];
        assert_eq!(table.map(|(from, _)| from), RequestState::ALL);
        for (from, becomes) in table {
            assert_eq!(moves.map(|change| from.after(change)), becomes, "{from}");
            assert_eq!(from.is_open(), from == Open);
        }
    }
}
