//! What people type for a project and an environment, held against what the operator allows.

use super::problem::instead_of;
use super::{Config, Environment};
use crate::model::{EnvironmentName, ProjectName};

impl Config {
    /// The project of that name, if a project may be called that: the rule for names, and `[names] project_prefix`.
    /// The error says what is expected, with an example.
    pub fn project(&self, text: &str) -> Result<ProjectName, String> {
        let example = self.sample_project();
        let project: ProjectName = text.parse().map_err(|error| format!("{error}; for example `{example}`"))?;
        let prefix = &self.names.project_prefix;
        let rest = text.strip_prefix(prefix.as_str());
        if rest.is_some_and(|rest| !rest.is_empty()) {
            return Ok(project);
        }
        Err(format!("`{text}` is not a project name here: it begins with `{prefix}`, as in `{example}`"))
    }

    /// A project that could be let into that environment, to try its blueprint with: one of any name, or where there is
    /// no shared account the first that has its own.
    pub fn sample_project_of(&self, environment: &Environment) -> ProjectName {
        match (&environment.account, environment.accounts.keys().next()) {
            (None, Some(project)) => project.clone(),
            _ => self.sample_project(),
        }
    }

    fn sample_project(&self) -> ProjectName {
        // The validation made sure that a project's name can begin with the prefix.
        format!("{}x", self.names.project_prefix)
            .parse()
            .unwrap_or_else(|_| "project-x".parse().expect("`project-x` obeys the rule for names"))
    }

    /// The environment of that name. The error lists those that are configured.
    pub fn environment_named(&self, text: &str) -> Result<(EnvironmentName, &Environment), String> {
        let names: Vec<&str> = self.environments.keys().map(EnvironmentName::as_str).collect();
        match self.environments.iter().find(|(name, _)| name.as_str() == text) {
            Some((name, environment)) => Ok((name.clone(), environment)),
            None => Err(format!("there is no environment `{text}`; {}", instead_of(text, names))),
        }
    }

    /// The names of all accounts, for messages.
    pub(super) fn account_names(&self) -> impl Iterator<Item = &str> {
        self.accounts.keys().map(String::as_str)
    }

    /// Every group that somebody is in, in order.
    pub(super) fn groups(&self) -> Vec<&str> {
        let mut groups: Vec<&str> =
            self.people.iter().flat_map(|person| person.groups.iter().map(String::as_str)).collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }
}
