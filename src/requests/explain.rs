//! Explain: who may do what, why, and what would change that; about a request as it stands, or about one that there could be.
//! Changes nothing, and asks nobody outside.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use super::grounds::surroundings;
use super::show::RequestView;
use super::{Desk, DeskError, Why};
use crate::config::Environment;
use crate::model::verdict::Verdict;
use crate::model::{EnvironmentName, Person, Step};
pub use crate::policy::{Act, Risk};
use crate::policy::{Asked, Concerned, Surroundings};

/// What somebody wants explained.
#[derive(Debug, Clone)]
pub struct Doubt {
    /// What is to be done.
    pub act: Act,
    /// For which project, as it was typed.
    pub project: Option<String>,
    /// In which environment, as it was typed; a request says it itself.
    pub environment: Option<String>,
    /// The request, by its id or as much of its beginning as only one has.
    pub request: Option<String>,
    /// The step.
    pub step: Option<String>,
    /// Whose request it is, where none is named; else somebody else's.
    pub by: Option<String>,
    /// What the step puts at risk, where no request says it.
    pub risk: Option<Risk>,
    /// Who has approved it, where no request says it.
    pub approved_by: Vec<String>,
    /// When; else now.
    pub at: Option<Timestamp>,
}

/// An answer with everything that it follows from.
#[derive(Debug, Clone, Serialize)]
pub struct Explained {
    /// What was asked.
    pub asked: Asked,
    /// The environment as it is at that moment.
    pub surroundings: Surroundings,
    /// What the rules say.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// What it would take for what is refused to be allowed: each is enough by itself.
    pub would_allow: Vec<String>,
}

/// Somebody who is nobody that the question speaks of: no name in a config can be this one.
const SOMEBODY_ELSE: &str = "somebody else";

impl Desk {
    /// Somebody by name, to be spoken of: what they may is explained, nothing is done for them. No name: who is asking.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] where nobody is called that; as [`Desk::who`] without a name.
    pub async fn spoken_of(&self, name: Option<&str>) -> Result<Person, DeskError> {
        match name {
            Some(name) => self.named(name),
            None => self.who(None).await,
        }
    }

    /// Whether `person` may do that, why, and what would change it.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] for names that are not known; [`DeskError::NotFound`]; [`DeskError::Refused`] where the person may not
    /// see the request.
    pub async fn explain(&self, person: &Person, doubt: &Doubt) -> Result<Explained, DeskError> {
        let now = doubt.at.unwrap_or_else(|| (self.clock)());
        let (asked, surroundings) = match &doubt.request {
            Some(request) => self.about_a_request(person, doubt, request, now).await?,
            None => self.about_any(person, doubt, now)?,
        };
        let verdict = self.policy.answer(&asked, &surroundings);
        let would_allow = self.policy.what_would_allow(&asked, &surroundings);
        Ok(Explained { asked, surroundings, verdict, would_allow })
    }

    /// About a request as it stands.
    async fn about_a_request(
        &self,
        person: &Person,
        doubt: &Doubt,
        request: &str,
        now: Timestamp,
    ) -> Result<(Asked, Surroundings), DeskError> {
        let view = self.show_to(person, &self.find(request).await?).await?;
        let (by, plan) = (&view.request.by, &view.request.plan);
        let mut asked = nothing_known(if doubt.act == Act::Start { by } else { person }, doubt.act, by);
        if doubt.act.is_about_a_step() {
            let (step, approvers) = meant(&view, doubt.step.as_deref())?;
            let (concerned, digest) = (Concerned::of(step), step.digest().to_string());
            asked.step = step.desired.id.to_string();
            asked.account = concerned.account.cloned();
            asked.risk = risk_of(concerned.risk);
            asked.approvers = approvers;
            asked.needed = step.gate.as_ref().map_or(0, |gate| gate.approvals);
            asked.shown.clone_from(&digest);
            asked.digest = digest;
        }
        Ok((asked, surroundings(&self.config, &plan.environment, Some(&plan.project), now)))
    }

    /// About a request that there could be.
    fn about_any(&self, person: &Person, doubt: &Doubt, now: Timestamp) -> Result<(Asked, Surroundings), DeskError> {
        let Some(environment) = &doubt.environment else {
            return Err(DeskError::Invalid("in which environment? --env ENVIRONMENT, or --request ID".into()));
        };
        let (environment, settings) = self.config.environment_named(environment)?;
        let project = doubt.project.as_deref().map(|project| self.config.project(project)).transpose()?;
        let by = match &doubt.by {
            Some(name) => self.named(name)?,
            None => Person { name: SOMEBODY_ELSE.to_owned(), groups: vec![], via: String::new() },
        };
        let mut asked = nothing_known(person, doubt.act, &by);
        if let Some(step) = &doubt.step {
            asked.step.clone_from(step);
        }
        asked.risk = match doubt.risk {
            Some(risk) => risk,
            None => self.usual_risk(&environment, settings, &asked.step)?,
        };
        asked.needed = match asked.risk {
            Risk::None => 0,
            Risk::OtherAccount => settings.approvals,
            Risk::DestroysData => settings.approvals_to_destroy,
        };
        for name in &doubt.approved_by {
            asked.approvers.insert(self.named(name)?.name);
        }
        Ok((asked, surroundings(&self.config, &environment, project.as_ref(), now)))
    }

    /// What the step of that name puts at risk when a project is let in.
    fn usual_risk(&self, environment: &EnvironmentName, settings: &Environment, step: &str) -> Result<Risk, DeskError> {
        let found = self.config.blueprint(&settings.blueprint);
        let found = found.map_err(|errors| DeskError::Invalid(Why::BadBlueprint { text: errors.to_string() }))?;
        if step == ANY_STEP {
            return Ok(Risk::None);
        }
        let Some(resource) = found.resources.iter().find(|resource| resource.id.as_str() == step) else {
            let known: Vec<String> = found.resources.iter().map(|resource| resource.id.to_string()).collect();
            return Err(DeskError::Invalid(
                format!("the blueprint of {environment} has no `{step}`; it has {}", known.join(", ")).into(),
            ));
        };
        let crosses = resource.fields.get("kind").is_some_and(|kind| kind == "zone-association");
        Ok(if crosses { Risk::OtherAccount } else { Risk::None })
    }

    fn named(&self, name: &str) -> Result<Person, DeskError> {
        self.config.person_by_name(name).ok_or_else(|| {
            let known = self.config.people.iter().map(|person| person.name.clone()).collect();
            DeskError::Invalid(Why::UnknownName { name: name.to_owned(), known })
        })
    }
}

/// The step of which nothing is said.
pub const ANY_STEP: &str = "any";

fn nothing_known(person: &Person, act: Act, by: &Person) -> Asked {
    Asked {
        person: person.clone(),
        act,
        requester: by.clone(),
        step: ANY_STEP.to_owned(),
        account: None,
        risk: Risk::None,
        approvers: BTreeSet::new(),
        needed: 0,
        shown: String::new(),
        digest: String::new(),
    }
}

fn risk_of(word: &str) -> Risk {
    [Risk::OtherAccount, Risk::DestroysData].into_iter().find(|risk| risk.word() == word).unwrap_or_default()
}

/// The step that is meant, and who has approved it as it stands: the one that is named, or the only one that waits for approvals.
fn meant<'v>(view: &'v RequestView, named: Option<&str>) -> Result<(&'v Step, BTreeSet<String>), DeskError> {
    let id = || view.request.id.clone();
    let known = || view.steps.iter().map(|view| view.step.desired.id.to_string()).collect();
    let held: Vec<&Step> = view.held().map(|(step, _)| step).collect();
    let step = match (named, held.as_slice()) {
        (Some(named), _) => {
            let of_all = view.steps.iter().map(|view| &view.step).find(|step| step.desired.id.as_str() == named);
            let no_such = || Why::NoSuchStep { request: id(), step: named.to_owned(), known: known() };
            of_all.ok_or_else(|| DeskError::NotFound(no_such()))?
        }
        (None, [only]) => only,
        (None, _) => {
            let known: Vec<String> = known();
            return Err(DeskError::Invalid(
                format!("which step of {}? --step, one of {}", id(), known.join(", ")).into(),
            ));
        }
    };
    let held = view.approvable().find(|held| held.step.desired.id == step.desired.id);
    Ok((step, held.map(|held| held.approved_by.into_iter().collect()).unwrap_or_default()))
}
