//! Acts on one step: writes before, calls, writes after; what is given up leaves nothing open.

use std::sync::Arc;

use super::cloud::Work;
use super::run::{Run, in_time, needs_approval};
use super::{CloudError, JournalError, Leave, Progress, Resource};
use crate::model::run::Did;
use crate::model::{Action, Event, Note, Observed, Recorded, Step, StepId, StepState};

impl Run<'_> {
    /// Writes before, calls, writes after.
    pub(super) async fn act(
        &self,
        step: Box<Step>,
        was_ours: bool,
        taken_up: TakenUp<'_>,
        mut resource: Arc<dyn Resource>,
    ) -> Result<Vec<Recorded>, JournalError> {
        let digest = step.digest();
        let state = taken_up.state;
        let approvers = match self.judge.may_start(&step, &digest).await? {
            Leave::Granted { approvers } => approvers,
            otherwise => return self.not_yet(step, otherwise, taken_up, &*resource).await,
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
            Err(JournalError::NotApproved(_)) => {
                return self.not_yet(step, Leave::Lacking { note: None }, taken_up, &*resource).await;
            }
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

    /// A step that may not begin now, or not go on: it waits for approvals, or for a time, or is given up. What was begun of it
    /// leaves nothing open meanwhile.
    async fn not_yet(
        &self,
        step: Box<Step>,
        leave: Leave,
        taken_up: TakenUp<'_>,
        resource: &dyn Resource,
    ) -> Result<Vec<Recorded>, JournalError> {
        let TakenUp { state, begun } = taken_up;
        if begun && let Err(error) = in_time(resource.abandon()).await {
            return Ok(vec![self.fail(&step, &error, state).await?]);
        }
        let is_asked = matches!(state, StepState::Held { digest, .. } if *digest == step.digest());
        let id = &step.desired.id;
        match leave {
            Leave::Later { on, again_at } if !is_asked => {
                let event = Event::Waiting { step: id.clone(), on, again_at, until: None };
                Ok(vec![self.journal.append(self.lease, &event).await?])
            }
            Leave::Later { on, again_at } => self.note(id, state, Some(Note::until(on, again_at))).await,
            Leave::Lacking { note } if is_asked => self.note(id, state, note).await,
            // It was asked before, nobody can answer that any more, and somebody wants another try.
            Leave::Void { .. } if *state == StepState::Pending => self.ask_for_approval(step, None).await,
            Leave::Void { why, mend } => Ok(vec![self.fail(&step, &CloudError::Blocked { why, mend }, state).await?]),
            Leave::Lacking { note } => self.ask_for_approval(step, note).await,
            Leave::Granted { .. } => Ok(vec![]),
        }
    }

    async fn ask_for_approval(&self, step: Box<Step>, note: Option<Note>) -> Result<Vec<Recorded>, JournalError> {
        let (id, digest, until) = (step.desired.id.clone(), step.digest(), self.judge.answered_until());
        let mut written = vec![self.journal.append(self.lease, &Event::Held { step, digest, until }).await?];
        if note.is_some() {
            written.push(self.journal.append(self.lease, &Event::Noted { step: id, note }).await?);
        }
        Ok(written)
    }

    /// What a held step waits for besides approvals, where that has changed.
    async fn note(&self, step: &StepId, state: &StepState, note: Option<Note>) -> Result<Vec<Recorded>, JournalError> {
        if matches!(state, StepState::Held { note: before, .. } if *before == note) {
            return Ok(vec![]);
        }
        Ok(vec![self.journal.append(self.lease, &Event::Noted { step: step.clone(), note }).await?])
    }

    /// A held step before it is looked at again: none where it may begin, otherwise what is to be written about it.
    pub(super) async fn is_not_answered(
        &self,
        step: &Step,
        taken_up: TakenUp<'_>,
    ) -> Result<Option<Vec<Recorded>>, JournalError> {
        let StepState::Held { step: held, digest, .. } = taken_up.state else { return Ok(None) };
        let id = &step.desired.id;
        Ok(Some(match self.judge.may_start(held, digest).await? {
            Leave::Granted { .. } => return Ok(None),
            Leave::Lacking { note } => self.note(id, taken_up.state, note).await?,
            Leave::Later { on, again_at } => self.note(id, taken_up.state, Some(Note::until(on, again_at))).await?,
            Leave::Void { why, mend } => {
                vec![self.fail(step, &CloudError::Blocked { why, mend }, taken_up.state).await?]
            }
        }))
    }
}

/// How a step stood when it was taken up.
#[derive(Clone, Copy)]
pub(super) struct TakenUp<'s> {
    pub(super) state: &'s StepState,
    /// Whether it was begun before, and no end of it is known.
    pub(super) begun: bool,
}

fn work(action: &Action) -> Work {
    match action {
        Action::Update { changes } => Work::Converge { changes: changes.clone(), adopt: false },
        Action::Adopt { changes } => Work::Converge { changes: changes.clone(), adopt: true },
        _ => Work::Create,
    }
}
