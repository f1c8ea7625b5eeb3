//! Make a plan: what an onboarding or a teardown would do, from a look at what is there. Changes nothing.

use std::collections::BTreeSet;

use super::look::key;
use super::{Desk, DeskError, Why};
use crate::engine::FreshLooks;
use crate::engine::cloud::Behalf;
use crate::model::ids::InvalidId;
use crate::model::lookalike::lookalikes;
use crate::model::plan::{Desired, Direction};
use crate::model::run::ResourceKey;
use crate::model::{EnvironmentName, Person, Plan, ProjectName, Repository, RequestId, RequestState, StepId};
use crate::plan::blueprint::BlueprintError;
use crate::plan::build::Subject;
use crate::plan::{blueprint, build, order};
use crate::policy::Deed;
use crate::store::RequestFilter;

/// What somebody wants, in their own words.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Let in or shown out.
    pub direction: Direction,
    /// The project's name as it was typed.
    pub project: String,
    /// The environment's name as it was typed.
    pub environment: String,
    /// Resources (by the blueprint's ids) to take over if they are there and not ours.
    pub adopt: Vec<String>,
    /// The project's GitHub repository (`owner/name`) as it was typed; none = the one that its last onboarding named.
    pub repository: Option<String>,
    /// Destroy what is held, with what holds it.
    pub delete_data: bool,
    /// It will be carried out at once if nothing is in the way, so that sessions may be opened meanwhile.
    pub at_once: bool,
}

/// A plan and what it takes to make a request of it.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The id that the request will have.
    pub(super) id: RequestId,
    /// The plan, to be shown.
    pub plan: Plan,
    /// The looks that it was made from.
    pub(super) fresh: FreshLooks,
}

impl Desk {
    /// The plan for a wish.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] for names that are not known or against the rule; [`DeskError::Refused`] by policy. A resource
    /// that could not be looked at is not an error: it is a blocked step, with the reason.
    pub async fn plan(&self, person: &Person, wish: &Wish) -> Result<Prepared, DeskError> {
        let mut subject = self.subject(wish)?;
        let deed = if wish.at_once { Deed::Request } else { Deed::Read };
        self.allow(person, deed, &subject.environment, Some(&subject.project))?;
        if subject.repository.is_none() {
            subject.repository = self.repository_of(&subject.project, &subject.environment).await?;
        }
        let wanted = self.wanted(&subject)?;
        adopts_what_there_is(&subject, &wanted)?;
        let id = RequestId::from_random(rand::random());
        let behalf =
            Behalf { person: person.name.clone(), request: wish.at_once.then(|| id.clone()), ..Behalf::default() };
        let looked_at = (self.clock)();
        let looks = self.look(&subject, &wanted, &behalf).await?;
        let ordered = order::ordered(subject.direction, wanted);
        let mut plan = build::plan(&self.config, &subject, ordered, &looks.by_step, self.policy.digest());
        plan.notes.extend(match subject.direction {
            Direction::Onboard => self.looks_like(&subject.project).await?,
            Direction::Teardown => self.left_behind(&plan).await?,
        });
        Ok(Prepared { id, plan, fresh: looks.fresh(looked_at) })
    }

    /// Whether this person may ask for that at all: the names obey the rules, and policy lets them. Looks at nothing in AWS, so
    /// that a face can refuse at once.
    ///
    /// # Errors
    /// [`DeskError::Invalid`], [`DeskError::Refused`].
    pub fn may_ask(&self, person: &Person, wish: &Wish) -> Result<(), DeskError> {
        let subject = self.subject(wish)?;
        self.allow(person, Deed::Request, &subject.environment, Some(&subject.project))?;
        // What else the blueprint needs may be known from before: that is for the plan to say.
        self.wanted(&subject).map_or(Ok(()), |wanted| adopts_what_there_is(&subject, &wanted))
    }

    /// Other projects that this one can be taken for: those that the memory knows and those that the config names.
    async fn looks_like(&self, project: &ProjectName) -> Result<Vec<String>, DeskError> {
        let known = self.store.project_names().await?;
        let configured = self.config.environments.values().flat_map(|settings| settings.accounts.keys());
        let alike = lookalikes(project, known.iter().chain(configured));
        Ok(alike.into_iter().map(|other| format!("LOOKS LIKE {other}: is that the one you mean?")).collect())
    }

    /// The repository that the project's last onboarding named, there or else in another environment.
    pub(super) async fn repository_of(
        &self,
        project: &ProjectName,
        environment: &EnvironmentName,
    ) -> Result<Option<Repository>, DeskError> {
        let of_project = RequestFilter {
            project: Some(project.clone()),
            states: vec![RequestState::Open, RequestState::Failed, RequestState::Done],
            ..RequestFilter::default()
        };
        let requests = self.store.list(&of_project).await?.into_iter().map(|request| request.plan);
        let (here, elsewhere): (Vec<Plan>, Vec<Plan>) = requests
            .filter(|plan| plan.direction == Direction::Onboard)
            .partition(|plan| plan.environment == *environment);
        Ok(here.into_iter().chain(elsewhere).find_map(|plan| plan.repository))
    }

    /// What was made for the project and is not in its blueprint any more: a teardown does not know how to remove it.
    async fn left_behind(&self, plan: &Plan) -> Result<Vec<String>, DeskError> {
        let planned: Vec<ResourceKey> = plan.steps.iter().map(|step| key(&step.desired)).collect();
        let held = self.store.holdings(&plan.project, &plan.environment).await?;
        let left = held.into_iter().filter(|(key, _)| !planned.contains(key));
        Ok(left
            .map(|(key, _)| {
                format!(
                    "STAYS: {} {} in {} was made by genkan and is not in the blueprint any more; put it back there to remove it.",
                    key.kind.title(),
                    key.name,
                    plan.account(&key.place.account)
                )
            })
            .collect())
    }

    /// A wish with its names checked.
    pub(super) fn subject(&self, wish: &Wish) -> Result<Subject, DeskError> {
        let (environment, _) = self.config.environment_named(&wish.environment)?;
        let project = self.config.project(&wish.project)?;
        let place = self.config.place_of(&project, &environment).ok_or_else(|| {
            DeskError::Invalid(Why::NoAccount { project: project.clone(), environment: environment.clone() })
        })?;
        let adopt: Result<BTreeSet<StepId>, InvalidId> = wish.adopt.iter().map(|id| id.parse()).collect();
        let adopt = adopt.map_err(|error| DeskError::Invalid(Why::BadStep { text: error.text }))?;
        let repository = wish.repository.as_deref().map(str::parse).transpose();
        let repository =
            repository.map_err(|error: InvalidId| DeskError::Invalid(Why::BadRepository { text: error.text }))?;
        let (direction, delete_data) = (wish.direction, wish.delete_data);
        Ok(Subject { direction, project, environment, place, repository, adopt, delete_data })
    }

    /// What the environment's blueprint asks for.
    pub(super) fn wanted(&self, subject: &Subject) -> Result<Vec<Desired>, DeskError> {
        let (project, environment) = (&subject.project, &subject.environment);
        let name = self.config.environments.get(environment).map(|settings| settings.blueprint.as_str());
        let found = self.config.blueprint(name.unwrap_or_default());
        let found = found.map_err(|errors| DeskError::Invalid(Why::BadBlueprint { text: errors.to_string() }))?;
        let desired = blueprint::desired(&self.config, &found, project, environment, subject.repository.as_ref());
        desired.map_err(|error| {
            DeskError::Invalid(match error {
                BlueprintError::NeedsRepository { .. } => {
                    Why::NeedsRepository { project: project.clone(), environment: environment.clone() }
                }
                wrong => Why::BadBlueprint { text: wrong.to_string() },
            })
        })
    }
}

/// An error where something is to be adopted that the blueprint does not have.
fn adopts_what_there_is(subject: &Subject, wanted: &[Desired]) -> Result<(), DeskError> {
    let Some(unknown) = subject.adopt.iter().find(|id| wanted.iter().all(|desired| desired.id != **id)) else {
        return Ok(());
    };
    let known = wanted.iter().map(|desired| desired.id.to_string()).collect();
    Err(DeskError::Invalid(Why::UnknownAdopt { id: unknown.clone(), known }))
}
