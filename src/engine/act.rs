//! Acts on one step: writes before, calls, writes after; what is given up leaves nothing open.

use std::sync::Arc;

use super::cloud::Work;
use super::run::{Run, in_time, needs_approval};
use super::{CloudError, JournalError, Leave, Progress, Resource};
use crate::model::run::Did;
use crate::model::{Action, Event, Observed, Recorded, Step, StepState};

impl Run<'_> {
    /// Writes before, calls, writes after.
    pub(super) async fn act(
        &self,
        step: Box<Step>,
        was_ours: bool,
        state: &StepState,
        mut resource: Arc<dyn Resource>,
    ) -> Result<Vec<Recorded>, JournalError> {
        let digest = step.digest();
        let approvers = match self.judge.may_start(&step, &digest).await? {
            Leave::Granted { approvers } => approvers,
            Leave::Lacking => return self.hold(step, state).await,
            Leave::Later { on, again_at } => {
                let event = Event::Waiting { step: step.desired.id.clone(), on, again_at, until: None };
                return Ok(vec![self.journal.append(self.lease, &event).await?]);
            }
        };
        if needs_approval(&step) {
            // Asked again for this very step, whose approvers are known now: they are named in its sessions.
            let ask = self.judge.ask(&step).await?;
            self.engine.cloud.expect(std::slice::from_ref(&ask));
            resource = self.engine.cloud.resource(ask);
        }
        if self.stopping() {
            return Ok(vec![]);
        }
        let started = Event::Started { step: step.clone(), digest, approvers };
        let started = match self.journal.append(self.lease, &started).await {
            // An approval was withdrawn, or the input changed, between the question and the transaction.
            Err(JournalError::NotApproved(_)) => return self.hold(step, state).await,
            written => written?,
        };
        let state = state.clone().after(started.at, &started.event);
        let called = match &step.action {
            // Only data that was there when the gate was decided is destroyed: what came since nobody has approved.
            Action::Remove { contents } => in_time(resource.remove(step.delete_data && !contents.is_empty())).await,
            action => in_time(resource.apply(&work(action))).await,
        };
        let ended = match called {
            Ok(Progress::Done(outputs)) => {
                // What is somebody else's and only corrected (an authorisation left open) stays somebody else's.
                let ours = was_ours || !matches!(step.action, Action::Update { .. });
                self.finish(&step, Did::by(&step.action), outputs, ours).await?
            }
            Ok(Progress::Waiting { on, again_in }) => {
                let again_at = (self.engine.clock)() + again_in;
                let event = Event::Waiting { step: step.desired.id.clone(), on, again_at, until: None };
                self.journal.append(self.lease, &event).await?
            }
            Err(error) => {
                let is_theirs = matches!(error, CloudError::Blocked { .. });
                let error = self.passing_if_contested(&step, error).await?;
                let failed = self.failure(&step, &error, &state);
                let given_up = matches!(failed, Event::Failed { retry_at: None, .. });
                let event = self.close_what_is_open(failed, &*resource).await;
                let failed = self.journal.append(self.lease, &event).await?;
                if (given_up || is_theirs) && matches!(step.action, Action::Create) {
                    self.forget_if_nothing_was_made(&step, is_theirs, &*resource).await?;
                }
                failed
            }
        };
        Ok(vec![started, ended])
    }

    /// What was begun is ours when it is found later. So where a creation was given up and is known to have made nothing,
    /// that is kept in mind: what somebody else makes under that name from now on is theirs. `is_theirs`: what stood in the way
    /// was somebody's already.
    async fn forget_if_nothing_was_made(
        &self,
        step: &Step,
        is_theirs: bool,
        resource: &dyn Resource,
    ) -> Result<(), JournalError> {
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
    async fn close_what_is_open(&self, failed: Event, resource: &dyn Resource) -> Event {
        let Event::Failed { step, why, mend, retry_at: None } = failed else { return failed };
        let why = match in_time(resource.abandon()).await {
            Ok(()) => why,
            Err(error) => format!("{why}; and what it left open could not be closed: {error}"),
        };
        Event::Failed { step, why, mend, retry_at: None }
    }

    pub(super) async fn hold(&self, step: Box<Step>, state: &StepState) -> Result<Vec<Recorded>, JournalError> {
        let digest = step.digest();
        if matches!(state, StepState::Held { digest: before, .. } if *before == digest) {
            return Ok(vec![]);
        }
        Ok(vec![self.journal.append(self.lease, &Event::Held { step, digest }).await?])
    }
}

fn work(action: &Action) -> Work {
    match action {
        Action::Update { changes } => Work::Converge { changes: changes.clone(), adopt: false },
        Action::Adopt { changes } => Work::Converge { changes: changes.clone(), adopt: true },
        _ => Work::Create,
    }
}
