//! Make a plan: what an onboarding or a teardown would do, from a look at what is there. Changes nothing.

use std::collections::BTreeSet;

use super::look::key;
use super::{Desk, DeskError};
use crate::engine::FreshLooks;
use crate::engine::cloud::Behalf;
use crate::model::plan::Direction;
use crate::model::run::ResourceKey;
use crate::model::{Person, Plan, RequestId, StepId};
use crate::plan::build::Subject;
use crate::plan::{blueprint, build, order};
use crate::policy::Deed;

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
        let subject = self.subject(wish)?;
        self.allow(person, if wish.at_once { Deed::Request } else { Deed::Read }, &subject.environment)?;
        let wanted = self.wanted(&subject)?;
        if let Some(unknown) = subject.adopt.iter().find(|id| wanted.iter().all(|desired| desired.id != **id)) {
            let known: Vec<&str> = wanted.iter().map(|desired| desired.id.as_str()).collect();
            return Err(DeskError::Invalid(format!(
                "--adopt: there is no `{unknown}`; there are {}",
                known.join(", ")
            )));
        }
        let id = RequestId::from_random(rand::random());
        let behalf =
            Behalf { person: person.name.clone(), request: wish.at_once.then(|| id.clone()), ..Behalf::default() };
        let looked_at = (self.clock)();
        let looks = self.look(&subject, &wanted, &behalf, wish.at_once).await?;
        let ordered = order::ordered(subject.direction, wanted);
        let mut plan = build::plan(&self.config, &subject, ordered, &looks.by_step);
        if subject.direction == Direction::Teardown {
            plan.notes.extend(self.left_behind(&plan).await?);
        }
        Ok(Prepared { id, plan, fresh: looks.fresh(looked_at) })
    }

    /// Whether this person may ask for that at all: the names obey the rules, and policy lets them. Looks at nothing in AWS, so
    /// that a face can refuse at once.
    ///
    /// # Errors
    /// [`DeskError::Invalid`], [`DeskError::Refused`].
    pub fn may_ask(&self, person: &Person, wish: &Wish) -> Result<(), DeskError> {
        self.allow(person, Deed::Request, &self.subject(wish)?.environment)
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
        let (environment, _) = self.config.environment_named(&wish.environment).map_err(DeskError::Invalid)?;
        let project = self.config.project(&wish.project).map_err(DeskError::Invalid)?;
        let place = self.config.place_of(&project, &environment).ok_or_else(|| {
            DeskError::Invalid(format!(
                "{environment} has no account for {project}: name one in [environments.{environment}.accounts], or a shared \
                 one as its `account`"
            ))
        })?;
        let adopt: Result<BTreeSet<StepId>, _> = wish.adopt.iter().map(|id| id.parse()).collect();
        let adopt = adopt.map_err(|error| DeskError::Invalid(format!("--adopt: {error}")))?;
        Ok(Subject { direction: wish.direction, project, environment, place, adopt, delete_data: wish.delete_data })
    }

    /// What the environment's blueprint asks for.
    pub(super) fn wanted(&self, subject: &Subject) -> Result<Vec<crate::model::plan::Desired>, DeskError> {
        let invalid = |error: &dyn std::fmt::Display| DeskError::Invalid(error.to_string());
        let name = self.config.environments.get(&subject.environment).map(|settings| settings.blueprint.as_str());
        let found = self.config.blueprint(name.unwrap_or_default()).map_err(|error| invalid(&error))?;
        blueprint::desired(&self.config, &found, &subject.project, &subject.environment)
            .map_err(|error| invalid(&error))
    }
}
