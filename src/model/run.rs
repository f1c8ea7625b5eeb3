//! A run: the journal of a request being carried out, and what it says of each step.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::ids::{Place, StepId};
use super::plan::{Action, Plan, Scope, Step};
use super::resource::{Kind, Outputs};

/// What was done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Did {
    /// Nothing, it was as it should be.
    Kept,
    /// Made.
    Created,
    /// Taken over.
    Adopted,
    /// Changed.
    Updated,
    /// Removed, or gone already.
    Removed,
    /// It appeared.
    Seen,
}

impl Did {
    /// What a step with this action has done when it is done.
    pub const fn by(action: &Action) -> Self {
        match action {
            Action::Create => Self::Created,
            Action::Adopt { .. } => Self::Adopted,
            Action::Update { .. } => Self::Updated,
            Action::Remove { .. } => Self::Removed,
            Action::Keep { .. } | Action::Await | Action::Decide | Action::Blocked { .. } => Self::Kept,
        }
    }
}

/// Which resource is meant, whatever request speaks of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ResourceKey {
    /// Where it is.
    pub place: Place,
    /// Its kind.
    pub kind: Kind,
    /// Its name in AWS.
    pub name: String,
}

/// Something that happened to a step. Written before and after each call; never changed, never deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Event {
    /// The step begins: written before the first call that changes anything.
    Started {
        /// The step, inputs filled in, with the action as it was decided now.
        step: Box<Step>,
        /// Its digest: what the approvals that it counts on are for.
        digest: Digest,
        /// Whose approvals those are, by name; nobody's for a step without a gate.
        approvers: BTreeSet<String>,
    },
    /// It is done.
    Finished {
        /// The step's name.
        step: StepId,
        /// What was done.
        did: Did,
        /// What it told about itself.
        outputs: Outputs,
        /// The resource.
        resource: ResourceKey,
        /// To whom it belongs.
        scope: Scope,
        /// Whether it is ours from now on (for an onboarding), or was (for a teardown).
        ours: bool,
    },
    /// It waits for something that is not there yet.
    Waiting {
        /// The step's name.
        step: StepId,
        /// For what, in words.
        on: String,
        /// When it is looked at again.
        again_at: Timestamp,
        /// Until when it waits before it fails.
        until: Option<Timestamp>,
    },
    /// It needs approvals, for this digest.
    Held {
        /// The step, inputs filled in: exactly what is to be approved.
        step: Box<Step>,
        /// Its digest.
        digest: Digest,
        /// Until when the question may be answered, and an answer counts.
        until: Timestamp,
    },
    /// What a step that needs approvals waits for besides them has changed.
    Noted {
        /// The step's name.
        step: StepId,
        /// What it is; none = nothing any more.
        note: Option<Note>,
    },
    /// A call failed.
    Failed {
        /// The step's name.
        step: StepId,
        /// What went wrong, in words; never a secret.
        why: String,
        /// What a person can do about it.
        mend: Option<String>,
        /// When it is tried again by itself; none if a person has to act first.
        retry_at: Option<Timestamp>,
    },
    /// A person asked for another try: steps that failed are as if never begun.
    Retried,
}

/// What a step that needs approvals waits for besides them, or why those that were given do not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// In words.
    pub on: String,
    /// When it is looked at again; none = when something changes.
    pub again_at: Option<Timestamp>,
    /// Who said yes, and does not count any more.
    #[serde(default)]
    pub lost: BTreeSet<String>,
}

impl Note {
    /// That it waits for this until then.
    pub const fn until(on: String, again_at: Timestamp) -> Self {
        Self { on, again_at: Some(again_at), lost: BTreeSet::new() }
    }
}

/// An event as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Its number within the request, from 1, without a gap.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// How one step stands, as the journal tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum StepState {
    /// Not begun.
    #[default]
    Pending,
    /// A call is under way, or was when the process died.
    Running {
        /// Since when.
        since: Timestamp,
        /// How many tries failed before.
        failures: u32,
    },
    /// It waits for something.
    Waiting {
        /// For what.
        on: String,
        /// Since when.
        since: Timestamp,
        /// When it is looked at again.
        again_at: Timestamp,
        /// Until when.
        until: Option<Timestamp>,
    },
    /// It needs approvals for this.
    Held {
        /// What is to be approved.
        step: Box<Step>,
        /// Its digest.
        digest: Digest,
        /// Since when.
        since: Timestamp,
        /// Until when the question may be answered, and an answer counts.
        until: Timestamp,
        /// What it waits for besides.
        note: Option<Note>,
    },
    /// It failed and is tried again by itself.
    Retrying {
        /// What went wrong.
        why: String,
        /// When it is tried again.
        retry_at: Timestamp,
        /// How many tries have failed.
        failures: u32,
    },
    /// It failed, and a person has to act.
    Failed {
        /// What went wrong.
        why: String,
        /// What to do.
        mend: Option<String>,
        /// When.
        at: Timestamp,
    },
    /// It is done.
    Done {
        /// What was done.
        did: Did,
        /// What it told about itself.
        outputs: Outputs,
        /// When.
        at: Timestamp,
    },
}

impl StepState {
    /// The state after an event of this step (or [`Event::Retried`], which concerns all).
    #[must_use]
    pub fn after(self, at: Timestamp, event: &Event) -> Self {
        let failures = match &self {
            Self::Running { failures, .. } | Self::Retrying { failures, .. } => *failures,
            _ => 0,
        };
        match (self, event) {
            // What is only waited for was looked at again, and says something else now.
            (Self::Done { did: Did::Seen, .. }, Event::Finished { did: did @ Did::Seen, outputs, .. }) => {
                Self::Done { did: *did, outputs: outputs.clone(), at }
            }
            // What others write may have been corrected: it is looked at again.
            (Self::Done { did: Did::Seen, .. }, Event::Retried) => Self::Pending,
            // What is done is done, whatever an older process still writes.
            (done @ Self::Done { .. }, _) => done,
            (Self::Failed { .. } | Self::Retrying { .. } | Self::Waiting { .. }, Event::Retried) => Self::Pending,
            // A question that nobody can answer any more is asked anew.
            (Self::Held { until, .. }, Event::Retried) if until <= at => Self::Pending,
            (other, Event::Retried) => other,
            (Self::Held { step, digest, since, until, .. }, Event::Noted { note, .. }) => {
                Self::Held { step, digest, since, until, note: note.clone() }
            }
            (other, Event::Noted { .. }) => other,
            (_, Event::Started { .. }) => Self::Running { since: at, failures },
            (_, Event::Finished { did, outputs, .. }) => Self::Done { did: *did, outputs: outputs.clone(), at },
            (before, Event::Waiting { on, again_at, until, .. }) => {
                let since = match before {
                    Self::Waiting { since, on: same, .. } if same == *on => since,
                    _ => at,
                };
                Self::Waiting { on: on.clone(), since, again_at: *again_at, until: *until }
            }
            (_, Event::Held { step, digest, until }) => {
                let (step, digest) = (step.clone(), digest.clone());
                Self::Held { step, digest, since: at, until: *until, note: None }
            }
            (_, Event::Failed { why, retry_at: Some(retry_at), .. }) => {
                Self::Retrying { why: why.clone(), retry_at: *retry_at, failures: failures + 1 }
            }
            (_, Event::Failed { why, mend, retry_at: None, .. }) => {
                Self::Failed { why: why.clone(), mend: mend.clone(), at }
            }
        }
    }

    /// The outputs of a step that is done.
    pub const fn outputs(&self) -> Option<&Outputs> {
        match self {
            Self::Done { outputs, .. } => Some(outputs),
            _ => None,
        }
    }
}

impl Event {
    /// The step that it concerns; none where it concerns all.
    pub fn step(&self) -> Option<&StepId> {
        match self {
            Self::Started { step, .. } | Self::Held { step, .. } => Some(&step.desired.id),
            Self::Finished { step, .. }
            | Self::Waiting { step, .. }
            | Self::Noted { step, .. }
            | Self::Failed { step, .. } => Some(step),
            Self::Retried => None,
        }
    }
}

/// How every step of a plan stands after these events: what people see is a function of what is stored.
pub fn replay(plan: &Plan, journal: &[Recorded]) -> BTreeMap<StepId, StepState> {
    let mut states: BTreeMap<StepId, StepState> =
        plan.steps.iter().map(|step| (step.desired.id.clone(), StepState::Pending)).collect();
    let mut begun = BTreeSet::new();
    for Recorded { at, event, .. } in journal {
        note_begun(&mut begun, event);
        // What is begun keeps its inputs, so that it ends what it began, and nothing of it stays open.
        let is_used = |id: &StepId| {
            let mut users = plan.steps.iter().filter(|step| begun.contains(&step.desired.id));
            users.any(|step| step.needs().any(|needed| needed == id))
        };
        let concerns = |id: &StepId| event.step().map_or_else(|| !is_used(id), |step| step == id);
        for (_, state) in states.iter_mut().filter(|(id, _)| concerns(id)) {
            *state = std::mem::take(state).after(*at, event);
        }
    }
    states
}

/// The steps that were begun and of which no good end is known: a call of theirs may have had an effect. Asking for another try
/// or a failure does not change that; only an end does.
pub fn begun(journal: &[Recorded]) -> BTreeSet<StepId> {
    let mut begun = BTreeSet::new();
    for recorded in journal {
        note_begun(&mut begun, &recorded.event);
    }
    begun
}

/// The same with one event more.
pub fn note_begun(begun: &mut BTreeSet<StepId>, event: &Event) {
    match event {
        Event::Started { step, .. } => drop(begun.insert(step.desired.id.clone())),
        Event::Finished { step, .. } => drop(begun.remove(step)),
        Event::Waiting { .. } | Event::Held { .. } | Event::Noted { .. } | Event::Failed { .. } | Event::Retried => {}
    }
}

#[cfg(test)]
mod tests;
