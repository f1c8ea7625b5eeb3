//! What waits for somebody: the steps that this person may approve now; and what a face can offer to choose from.

use serde::Serialize;

use super::approve::Approvable;
use super::{Desk, DeskError};
use crate::model::{EnvironmentName, Person, ProjectName, Request, RequestState, StepId};
use crate::policy::{Approving, Deed};
use crate::store::RequestFilter;

/// A request with the steps of it that wait.
#[derive(Debug, Clone, Serialize)]
pub struct Awaited {
    /// The request.
    pub request: Request,
    /// Its steps that this person may approve now.
    pub held: Vec<Approvable>,
}

impl Desk {
    /// What waits for this person's approval, the oldest request first: not their own requests, not what they have approved.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn awaiting(&self, person: &Person) -> Result<Vec<Awaited>, DeskError> {
        let open = RequestFilter { states: vec![RequestState::Open], ..RequestFilter::default() };
        let mut awaited = Vec::new();
        for request in self.store.list(&open).await?.into_iter().rev() {
            let deed = Deed::Approve(Approving::anything(&request.by));
            if !self.may(person, deed, &request.plan.environment, &request.plan.project) {
                continue;
            }
            let view = self.show(&request.id).await?;
            let held: Vec<Approvable> =
                view.approvable().filter(|held| held.lacks() > 0 && !held.approved_by.contains(&person.name)).collect();
            if !held.is_empty() {
                awaited.push(Awaited { request: view.request, held });
            }
        }
        Ok(awaited)
    }

    /// The projects that somebody has asked for something for, in environments that this person may look into, by name.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn known_projects(&self, person: &Person) -> Result<Vec<ProjectName>, DeskError> {
        let asked_for = self.store.asked_for().await?.into_iter();
        let seen = asked_for.filter(|(project, environment)| self.may(person, Deed::Read, environment, project));
        let mut projects: Vec<ProjectName> = seen.map(|(project, _)| project).collect();
        projects.dedup();
        Ok(projects)
    }

    /// The environments, in the config's order.
    pub fn environments(&self) -> impl Iterator<Item = &EnvironmentName> {
        self.config.environments.keys()
    }

    /// The resources that the blueprint of an environment names, in its order. None where there is no such environment, or its
    /// blueprint cannot be read: asking for a plan says what is wrong.
    pub fn adoptable(&self, environment: &str) -> Vec<StepId> {
        let named = self.config.environment_named(environment).ok();
        let blueprint = named.and_then(|(_, settings)| self.config.blueprint(&settings.blueprint).ok());
        blueprint.map_or_else(Vec::new, |found| found.resources.into_iter().map(|resource| resource.id).collect())
    }
}
