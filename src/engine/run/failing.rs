//! How a step fails: what it left open is closed, what it did not make is not kept in mind as ours.

use super::{Run, in_time};
use crate::engine::retry;
use crate::engine::{CloudError, JournalError, Resource};
use crate::model::{Event, Observed, Recorded, Step, StepState};

impl Run<'_> {
    /// What was begun is ours when it is found later. So where a creation was given up and is known to have made nothing,
    /// that is kept in mind: what somebody else makes under that name from now on is theirs.
    pub(super) async fn forget_if_nothing_was_made(
        &self,
        step: &Step,
        error: &CloudError,
        resource: &dyn Resource,
    ) -> Result<(), JournalError> {
        let is_theirs = matches!(error, CloudError::Blocked { .. });
        match in_time(resource.observe()).await {
            Ok(Observed::Absent) => self.journal.made_nothing(self.lease, step).await,
            Ok(Observed::Foreign { .. }) if is_theirs => self.journal.made_nothing(self.lease, step).await,
            _ => Ok(()),
        }
    }

    /// A step that cannot go on after a look; if it was begun before, something of it may be open.
    pub(super) async fn fail_after_look(
        &self,
        step: &Step,
        error: &CloudError,
        state: &StepState,
        begun: bool,
        resource: &dyn Resource,
    ) -> Result<Recorded, JournalError> {
        let failed = self.failure(step, error, state);
        let event = if begun { self.close_what_is_open(failed, resource).await } else { failed };
        self.journal.append(self.lease, &event).await
    }

    /// A step that is given up leaves nothing open; if that cannot be closed either, a person is told.
    pub(super) async fn close_what_is_open(&self, failed: Event, resource: &dyn Resource) -> Event {
        let Event::Failed { step, why, mend, retry_at: None } = failed else { return failed };
        let why = match in_time(resource.abandon()).await {
            Ok(()) => why,
            Err(error) => format!("{why}; and what it left open could not be closed: {error}"),
        };
        Event::Failed { step, why, mend, retry_at: None }
    }

    /// A step that cannot go on, and of which nothing was begun.
    pub(super) async fn fail(
        &self,
        step: &Step,
        error: &CloudError,
        state: &StepState,
    ) -> Result<Recorded, JournalError> {
        self.journal.append(self.lease, &self.failure(step, error, state)).await
    }

    /// What the journal is told of a failure.
    pub(super) fn failure(&self, step: &Step, error: &CloudError, state: &StepState) -> Event {
        let failures = match state {
            StepState::Running { failures, .. } | StepState::Retrying { failures, .. } => *failures,
            _ => 0,
        };
        retry::failed(step.desired.id.clone(), error, failures, (self.engine.clock)(), rand::random())
    }
}
