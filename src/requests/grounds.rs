//! On what grounds policy decides: the environment as it is at this moment; and the one place where it is asked.

use super::{Desk, DeskError, Why};
use crate::model::verdict::Verdict;
use crate::model::{EnvironmentName, Person, Plan, ProjectName};
use crate::policy::{Deed, Frozen, Grounds};

impl Desk {
    /// Asks policy about a project; what it refuses is an error with its reasons. `project`: none where the question is about the
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
        Err(DeskError::Refused(Why::Forbidden { person: person.name.clone(), reasons: verdict.reasons }))
    }

    /// The same about a plan's project.
    pub(super) fn allow_for(&self, person: &Person, deed: Deed<'_>, plan: &Plan) -> Result<(), DeskError> {
        self.allow(person, deed, &plan.environment, Some(&plan.project))
    }

    /// What policy says, and why.
    pub(super) fn verdict(
        &self,
        person: &Person,
        deed: Deed<'_>,
        environment: &EnvironmentName,
        project: Option<&ProjectName>,
    ) -> Verdict {
        let now = (self.clock)();
        let settings = self.config.environments.get(environment);
        let freeze = settings.and_then(|settings| settings.frozen_at(now));
        let approvers = settings.map(|settings| settings.approvers_at(now)).unwrap_or_default();
        let grounds = Grounds {
            environment,
            project,
            requesters: settings.map_or(&[], |settings| &settings.requesters),
            approvers: &approvers,
            production: settings.is_none_or(|settings| settings.is_production(environment)),
            frozen: freeze.map(|freeze| Frozen { until: freeze.until, why: &freeze.why }),
            now,
        };
        self.policy.decide(person, deed, &grounds)
    }
}
