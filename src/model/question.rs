//! A question to approvers, and which answers count: for this very step, for this very question, in time, by people who may.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use super::person::Person;
use super::request::Approval;
use super::sealed::Sealed;

/// That a step needs approvals, as it was asked once. Asked again, also about the same step, it is another question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Question {
    /// Its number within the request: that of the event which asked it.
    pub number: u64,
    /// What is asked about.
    #[serde(flatten)]
    pub sealed: Sealed,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// Until when it may be answered, and an answer counts.
    pub until: Timestamp,
    /// Whether the machine's clock was set back since it was asked: then nobody knows how old it is.
    pub set_back: bool,
}

/// Why no answer to a question counts any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Void {
    /// Its time has gone by.
    #[error("its time has gone by")]
    Expired,
    /// The clock was set back, or the question is of a time that has not come yet.
    #[error("the clock was set back since it was asked")]
    SetBack,
}

impl Question {
    /// Whether an answer to it counts at `now`.
    ///
    /// # Errors
    /// [`Void`]: it never will again.
    pub fn stands(&self, now: Timestamp) -> Result<(), Void> {
        if now >= self.until {
            return Err(Void::Expired);
        }
        if self.set_back || now < self.asked_at {
            return Err(Void::SetBack);
        }
        Ok(())
    }
}

/// Whether somebody who said yes may still say it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum May {
    /// Policy permits it, with the groups that they have now.
    Yes,
    /// It does not, or nobody knows them any more.
    No,
    /// It could not be asked which groups they have now: it does not count until it can.
    Unknown,
}

/// Whose yes counts, and whose does not though they said it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// Those who count.
    pub names: BTreeSet<String>,
    /// Those who may not approve any more.
    pub lost: BTreeSet<String>,
    /// Those of whom it could not be asked.
    pub unknown: BTreeSet<String>,
}

/// Who counts as an approver of what `question` asks, at `now`: who answered this very question about these very bytes, did not
/// take it back, is not `requester`, and may still approve. A person counts once.
///
/// # Errors
/// [`Void`]: nobody's answer counts, and the question has to be asked anew.
pub fn counted<'a>(
    question: &Question,
    approvals: impl IntoIterator<Item = &'a Approval>,
    now: Timestamp,
    requester: &str,
    may: impl Fn(&Person) -> May,
) -> Result<Counted, Void> {
    question.stands(now)?;
    let mut counted = Counted::default();
    for approval in approvals.into_iter().filter(|approval| answers(approval, question, requester)) {
        let names = match may(&approval.by) {
            May::Yes => &mut counted.names,
            May::No => &mut counted.lost,
            May::Unknown => &mut counted.unknown,
        };
        names.insert(approval.by.name.clone());
    }
    // Of two answers of one person the one that does not count decides.
    counted.names.retain(|name| !counted.lost.contains(name) && !counted.unknown.contains(name));
    Ok(counted)
}

/// Whether an approval that stands is an answer to this question, by somebody else than who asked for the step.
pub fn answers(approval: &Approval, question: &Question, requester: &str) -> bool {
    approval.withdrawn.is_none()
        && approval.question == question.number
        && approval.step == question.sealed.step().desired.id
        && approval.digest == *question.sealed.digest()
        && approval.by.name != requester
        && approval.at >= question.asked_at
        && approval.at < question.until
}
