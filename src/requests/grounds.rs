//! On what grounds policy decides: the environment as it is at this moment; and the one place where it is asked.

use jiff::Timestamp;

use super::{Desk, DeskError, Why};
use crate::config::Config;
use crate::model::audit::What;
use crate::model::verdict::Verdict;
use crate::model::{EnvironmentName, Person, Plan, ProjectName};
use crate::policy::{Deed, Surroundings};

impl Desk {
    /// Asks policy about a project; what it refuses is an error with its reasons, and the audit log is told of it. `project`: none where the question is about the
    /// environment as a whole.
    pub(super) fn allow(
        &self,
        person: &Person,
        deed: Deed<'_>,
        environment: &EnvironmentName,
        project: Option<&ProjectName>,
    ) -> Result<(), DeskError> {
        let verdict = self.verdict(person, deed, environment, project);
        if verdict.allowed {
            return Ok(());
        }
        self.store.note(What::Refused {
            by: person.name.clone(),
            via: person.via.clone(),
            deed: deed.action().to_owned(),
            project: project.cloned(),
            environment: environment.clone(),
            rules: verdict.reasons.iter().map(|reason| reason.rule.clone()).collect(),
        });
        Err(DeskError::Refused(Why::Forbidden { person: person.name.clone(), reasons: verdict.reasons }))
    }

    /// The same about a plan's project.
    pub(super) fn allow_for(&self, person: &Person, deed: Deed<'_>, plan: &Plan) -> Result<(), DeskError> {
        self.allow(person, deed, &plan.environment, Some(&plan.project))
    }

    /// Whether policy allows it, where nobody asks for it: to choose what somebody is shown.
    pub(super) fn may(
        &self,
        person: &Person,
        deed: Deed<'_>,
        environment: &EnvironmentName,
        project: &ProjectName,
    ) -> bool {
        self.verdict(person, deed, environment, Some(project)).allowed
    }

    /// Whether somebody may have what a plan takes over or destroys, where it does either.
    pub(super) fn allow_what_it_contains(&self, person: &Person, plan: &Plan) -> Result<(), DeskError> {
        self.allow_besides(
            person,
            plan.steps.iter().any(|step| step.adopt),
            plan.steps.iter().any(|step| step.delete_data),
            &plan.environment,
            &plan.project,
        )
    }

    /// What is asked besides the request itself: that what was made by hand is taken over, that data is destroyed.
    pub(super) fn allow_besides(
        &self,
        person: &Person,
        adopts: bool,
        destroys: bool,
        environment: &EnvironmentName,
        project: &ProjectName,
    ) -> Result<(), DeskError> {
        let asked = [(adopts, Deed::Adopt), (destroys, Deed::DestroyData)];
        let mut deeds = asked.into_iter().filter_map(|(is_asked, deed)| is_asked.then_some(deed));
        deeds.try_for_each(|deed| self.allow(person, deed, environment, Some(project)))
    }

    /// What policy says, and why.
    pub(super) fn verdict(
        &self,
        person: &Person,
        deed: Deed<'_>,
        environment: &EnvironmentName,
        project: Option<&ProjectName>,
    ) -> Verdict {
        let surroundings = surroundings(&self.config, environment, project, (self.clock)());
        self.policy.decide(person, deed, &surroundings.grounds())
    }
}

/// An environment as the config has it at that moment. One that is not in the config is production, in which nobody approves.
pub(super) fn surroundings(
    config: &Config,
    environment: &EnvironmentName,
    project: Option<&ProjectName>,
    now: Timestamp,
) -> Surroundings {
    let settings = config.environments.get(environment);
    let freeze = settings.and_then(|settings| settings.frozen_at(now));
    Surroundings {
        environment: environment.clone(),
        project: project.cloned(),
        requesters: settings.map(|settings| settings.requesters.clone()).unwrap_or_default(),
        approvers: settings.map(|settings| settings.approvers_at(now)).unwrap_or_default(),
        production: settings.is_none_or(|settings| settings.is_production(environment)),
        frozen: freeze.map(|freeze| (freeze.until, freeze.why.clone())),
        now,
    }
}
