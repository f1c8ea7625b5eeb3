//! Show a request: what was asked, how each step stands, who approved what, and its whole history.

use jiff::Timestamp;
use serde::Serialize;

use super::{Desk, DeskError};
use crate::model::question::{self, Question};
use crate::model::run::replay;
use crate::model::{
    Approval, Digest, EnvironmentName, Event, Person, ProjectName, Recorded, Request, RequestId, RequestState, Step,
    StepId, StepState,
};
use crate::policy::Deed;
use crate::store::RequestFilter;

/// A request as people see it: a function of what is stored.
#[derive(Debug, Clone, Serialize)]
pub struct RequestView {
    /// The request.
    pub request: Request,
    /// Its steps in order.
    pub steps: Vec<StepView>,
    /// Every approval that was given, also those that were taken back.
    pub approvals: Vec<Approval>,
    /// Everything that approvers were asked, the oldest first.
    pub questions: Vec<Question>,
    /// The groups that stand in for the environment's approvers now.
    pub stand_ins: Vec<String>,
    /// Everything that happened to its steps, in order.
    pub history: Vec<Recorded>,
    /// How it came to its state: who asked, ended, retried.
    pub changes: Vec<StateChange>,
}

/// A change of a request's state.
#[derive(Debug, Clone, Serialize)]
pub struct StateChange {
    /// When.
    pub at: Timestamp,
    /// What it became.
    pub to: RequestState,
    /// Who; none where the carrying out came to its end.
    pub by: Option<Person>,
    /// Why, where somebody said why.
    pub reason: Option<String>,
}

/// One step as people see it.
#[derive(Debug, Clone, Serialize)]
pub struct StepView {
    /// The step as it was planned; with its inputs, once it is held or begun.
    pub step: Step,
    /// How it stands.
    pub state: StepState,
}

impl RequestView {
    /// Whether a person has to mend something before the whole of it can be done.
    pub fn has_failed_steps(&self) -> bool {
        self.steps.iter().any(|view| matches!(view.state, StepState::Failed { .. }))
    }

    /// The steps that wait for approvals, with the digest that an approval is for.
    pub fn held(&self) -> impl Iterator<Item = (&Step, &Digest)> {
        self.steps.iter().filter_map(|view| match &view.state {
            StepState::Held { step, digest, .. } => Some((&**step, digest)),
            _ => None,
        })
    }

    /// What was asked last about a step, if it had this digest then.
    pub fn question(&self, step: &StepId, digest: &Digest) -> Option<&Question> {
        let latest = self.questions.iter().rev().find(|asked| asked.sealed.step().desired.id == *step)?;
        (latest.sealed.digest() == digest).then_some(latest)
    }

    /// Whether nothing else was asked about its step since.
    pub fn is_latest(&self, asked: &Question) -> bool {
        let latest = self.question(&asked.sealed.step().desired.id, asked.sealed.digest());
        latest.is_some_and(|latest| latest.number == asked.number)
    }

    /// Whether its step waits for an answer to it, or for something besides.
    pub fn awaits(&self, asked: &Question) -> bool {
        let is_this = |step: &Step| step.desired.id == asked.sealed.step().desired.id;
        self.is_latest(asked) && self.held().any(|(step, digest)| is_this(step) && digest == asked.sealed.digest())
    }

    /// The approvals that answer a question and were not taken back. Whether they count is decided where the step starts.
    pub fn answers<'v>(&'v self, asked: &'v Question) -> impl Iterator<Item = &'v Approval> {
        self.approvals.iter().filter(move |given| question::answers(given, asked, &self.request.by.name))
    }

    /// Those of them that count, as it was seen last: who may not approve any more does not.
    pub fn counting<'v>(&'v self, asked: &'v Question) -> impl Iterator<Item = &'v Person> {
        let note = self.steps.iter().find_map(|view| match &view.state {
            StepState::Held { step, note: Some(note), .. } if step.desired.id == asked.sealed.step().desired.id => {
                Some(note)
            }
            _ => None,
        });
        let counts = move |by: &&Person| note.is_none_or(|note| !note.lost.contains(&by.name));
        self.answers(asked).map(|given| &given.by).filter(counts)
    }

    /// Who has approved a held step as it stands, and counts.
    pub fn approvers<'v>(&'v self, step: &'v Step, digest: &'v Digest) -> impl Iterator<Item = &'v Person> {
        self.question(&step.desired.id, digest).into_iter().flat_map(|asked| self.counting(asked))
    }
}

/// Which requests to list.
#[derive(Debug, Clone, Default)]
pub struct Which {
    /// Only of this project.
    pub project: Option<ProjectName>,
    /// Only in this environment.
    pub environment: Option<EnvironmentName>,
    /// Only in these states; empty = in any.
    pub states: Vec<RequestState>,
    /// Only those that the person of this name asked for.
    pub by: Option<String>,
    /// At most so many, the newest.
    pub limit: u32,
}

impl Desk {
    /// The id that somebody meant: the whole of it, or a beginning that only one has.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] where none or several begin so; [`DeskError::Invalid`] where nothing was said.
    pub async fn find(&self, text: &str) -> Result<RequestId, DeskError> {
        Ok(self.store.find(text).await?.id)
    }

    /// Everything about a request, for the process that carries it out.
    ///
    /// # Errors
    /// [`DeskError::NotFound`], [`DeskError::Store`].
    pub async fn show(&self, id: &RequestId) -> Result<RequestView, DeskError> {
        let request = self.store.request(id).await?;
        let history = self.store.journal(id).await?;
        let approvals = self.store.approvals(id).await?;
        let questions = self.store.questions(id).await?;
        let stand_ins = self.stand_ins(&request.plan.environment);
        let changes = self.store.history(id).await?.into_iter();
        let changes =
            changes.map(|change| StateChange { at: change.at, to: change.to, by: change.by, reason: change.reason });
        let mut states = replay(&request.plan, &history);
        let steps = request.plan.steps.iter().map(|step| {
            let state = states.remove(&step.desired.id).unwrap_or_default();
            let latest = history.iter().rev().find_map(|recorded| match &recorded.event {
                Event::Started { step: now, .. } | Event::Held { step: now, .. }
                    if now.desired.id == step.desired.id =>
                {
                    Some((**now).clone())
                }
                _ => None,
            });
            StepView { step: latest.unwrap_or_else(|| step.clone()), state }
        });
        let (steps, changes) = (steps.collect(), changes.collect());
        Ok(RequestView { request, steps, approvals, questions, stand_ins, history, changes })
    }

    /// Everything about a request, for a person.
    ///
    /// # Errors
    /// [`DeskError::NotFound`]; [`DeskError::Refused`] by policy.
    pub async fn show_to(&self, person: &Person, id: &RequestId) -> Result<RequestView, DeskError> {
        let view = self.show(id).await?;
        self.allow_for(person, Deed::Read, &view.request.plan)?;
        Ok(view)
    }

    /// What an open request waits for, a part a step: approvals, or what others bring.
    ///
    /// # Errors
    /// As [`Desk::show`].
    pub async fn waits_for(&self, request: &Request) -> Result<Vec<String>, DeskError> {
        if request.state != RequestState::Open {
            return Ok(vec![]);
        }
        let view = self.show(&request.id).await?;
        let told = view.steps.iter().filter_map(|one| match &one.state {
            StepState::Held { step, digest, note, .. } => {
                let gate = step.gate.as_ref()?;
                let given = view.approvers(step, digest).count();
                let approvers = gate.approvers.join(" or ");
                let note = note.as_ref().map_or_else(String::new, |note| format!("; {}", note.on));
                Some(format!("{}: {given} of {} approvals of {approvers}{note}", one.step.desired.id, gate.approvals))
            }
            StepState::Waiting { on, .. } => Some(format!("{}: {on}", one.step.desired.id)),
            StepState::Failed { .. } => Some(format!("{}: FAILED", one.step.desired.id)),
            _ => None,
        });
        Ok(told.collect())
    }

    /// The groups that stand in for an environment's approvers now.
    pub(super) fn stand_ins(&self, environment: &EnvironmentName) -> Vec<String> {
        let Some(settings) = self.config.environments.get(environment) else { return vec![] };
        let mut now = settings.approvers_at((self.clock)());
        now.retain(|group| !settings.approvers.contains(group));
        now
    }

    /// The requests, newest first, of the environments that this person may look into.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn list(&self, person: &Person, which: &Which) -> Result<Vec<Request>, DeskError> {
        let filter = RequestFilter {
            project: which.project.clone(),
            environment: which.environment.clone(),
            states: which.states.clone(),
            by: which.by.clone(),
            limit: Some(which.limit),
        };
        let mut requests = self.store.list(&filter).await?;
        requests.retain(|request| self.may(person, Deed::Read, &request.plan.environment, &request.plan.project));
        Ok(requests)
    }
}
