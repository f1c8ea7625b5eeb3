//! Status: what is really there, against what should be. Changes nothing.

use std::collections::BTreeSet;

use serde::Serialize;

use super::plan::Wish;
use super::{Desk, DeskError, Why};
use crate::model::plan::Direction;
use crate::model::{EnvironmentName, Person, Plan, ProjectName, Request, RequestState};
use crate::store::RequestFilter;

/// How a project stands in an environment.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// The project.
    pub project: ProjectName,
    /// The environment.
    pub environment: EnvironmentName,
    /// What an onboarding would find and do now: everything kept = all is as it should be.
    pub plan: Option<Plan>,
    /// Why it could not be looked at, if so.
    pub error: Option<String>,
    /// The request that is under way for it, or else the last one.
    pub request: Option<Request>,
}

impl Desk {
    /// The status of one project in one environment, of a project in all, or of every project that is known.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] for names that are not known or against the rule; [`DeskError::Refused`] by policy.
    pub async fn status(
        &self,
        person: &Person,
        project: Option<&str>,
        environment: Option<&str>,
    ) -> Result<Vec<Status>, DeskError> {
        let pairs = self.meant(project, environment).await?;
        futures::future::try_join_all(
            pairs
                .into_iter()
                .map(|(project, environment)| async move { self.status_of(person, project, environment).await }),
        )
        .await
    }

    /// The pairs that somebody meant.
    async fn meant(
        &self,
        project: Option<&str>,
        environment: Option<&str>,
    ) -> Result<Vec<(ProjectName, EnvironmentName)>, DeskError> {
        let project = project.map(|name| self.config.project(name)).transpose()?;
        let environment =
            environment.map(|name| self.config.environment_named(name).map(|(name, _)| name)).transpose()?;
        if let (Some(project), Some(environment)) = (&project, &environment) {
            return Ok(vec![(project.clone(), environment.clone())]);
        }
        let filter = RequestFilter { project: project.clone(), environment, ..RequestFilter::default() };
        let requests = self.store.list(&filter).await?;
        if let (Some(project), true) = (&project, requests.is_empty()) {
            return Err(DeskError::NotFound(Why::NeverAskedFor { project: project.clone() }));
        }
        let mut pairs = Vec::new();
        let mut met = BTreeSet::new();
        // The newest request of each says how it stands.
        for request in requests {
            let pair = (request.plan.project.clone(), request.plan.environment.clone());
            if met.insert(pair.clone()) && self.is_there(&request).await? {
                pairs.push(pair);
            }
        }
        pairs.sort();
        Ok(pairs)
    }

    /// Whether something of the project may be there after its last request.
    async fn is_there(&self, last: &Request) -> Result<bool, DeskError> {
        let Plan { direction, project, environment, .. } = &last.plan;
        if !self.config.environments.contains_key(environment) {
            return Ok(false);
        }
        if last.state == RequestState::Done {
            return Ok(*direction == Direction::Onboard);
        }
        let ended = matches!(last.state, RequestState::Cancelled | RequestState::Rejected);
        Ok(!ended || !self.store.holdings(project, environment).await?.is_empty())
    }

    async fn status_of(
        &self,
        person: &Person,
        project: ProjectName,
        environment: EnvironmentName,
    ) -> Result<Status, DeskError> {
        let wish = Wish {
            direction: Direction::Onboard,
            project: project.to_string(),
            environment: environment.to_string(),
            adopt: vec![],
            repository: None,
            delete_data: false,
            at_once: false,
        };
        let (plan, error) = match self.plan(person, &wish).await {
            Ok(prepared) => (Some(prepared.plan), None),
            Err(refused @ DeskError::Refused(_)) => return Err(refused),
            Err(error) => (None, Some(error.to_string())),
        };
        let filter = RequestFilter {
            project: Some(project.clone()),
            environment: Some(environment.clone()),
            limit: Some(20),
            ..RequestFilter::default()
        };
        let mut requests = self.store.list(&filter).await?;
        let under_way = requests.iter().position(|request| request.state == RequestState::Open).unwrap_or(0);
        let request = (!requests.is_empty()).then(|| requests.swap_remove(under_way));
        Ok(Status { project, environment, plan, error, request })
    }
}
