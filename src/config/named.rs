//! What people type for a project and an environment, held against what the operator allows.

use super::problem::instead_of;
use super::{Config, Environment};
use crate::model::{EnvironmentName, ProjectName};

/// What somebody typed is no name here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It is against the rule for projects' names.
    #[error("`{text}` is not {}; for example `{example}`", ProjectName::EXPECTED)]
    Project {
        /// What was typed.
        text: String,
        /// A name that is well.
        example: String,
    },
    /// It does not begin as `[names] project_prefix` says, or has nothing after it.
    #[error("`{text}` is not a project name here: it begins with `{prefix}`, as in `{example}`")]
    Prefix {
        /// What was typed.
        text: String,
        /// How a name begins here.
        prefix: String,
        /// A name that is well.
        example: String,
    },
    /// No environment is called that.
    #[error("there is no environment `{text}`; {}", instead_of(text, known.iter().map(String::as_str)))]
    Environment {
        /// What was typed.
        text: String,
        /// Those that are configured.
        known: Vec<String>,
    },
}

impl Config {
    /// The project of that name, if a project may be called that: the rule for names, and `[names] project_prefix`.
    /// The error says what is expected, with an example.
    ///
    /// # Errors
    /// [`NameError::Project`], [`NameError::Prefix`].
    pub fn project(&self, text: &str) -> Result<ProjectName, NameError> {
        let (text, example) = (text.to_owned(), self.sample_project().to_string());
        let Ok(project) = text.parse() else { return Err(NameError::Project { text, example }) };
        let prefix = &self.names.project_prefix;
        let rest = text.strip_prefix(prefix.as_str());
        if rest.is_some_and(|rest| !rest.is_empty()) {
            return Ok(project);
        }
        Err(NameError::Prefix { text, prefix: prefix.clone(), example })
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
    ///
    /// # Errors
    /// [`NameError::Environment`].
    pub fn environment_named(&self, text: &str) -> Result<(EnvironmentName, &Environment), NameError> {
        let found = self.environments.iter().find(|(name, _)| name.as_str() == text);
        found.map(|(name, environment)| (name.clone(), environment)).ok_or_else(|| {
            let known = self.environments.keys().map(ToString::to_string).collect();
            NameError::Environment { text: text.to_owned(), known }
        })
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
