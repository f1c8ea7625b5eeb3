//! The marks of ownership: the tags that every resource of ours carries, and whose a resource is that carries some.

use crate::engine::Ask;
use crate::model::Owner;
use crate::model::plan::Scope;

/// The tag that says that this tool manages a resource; its value is [`MANAGED_BY`].
pub const MANAGED_BY_KEY: &str = "genkan:managed-by";
/// The value of [`MANAGED_BY_KEY`].
pub const MANAGED_BY: &str = "genkan";
/// The tag that names the project.
pub const PROJECT_KEY: &str = "genkan:project";
/// The tag that names the environment.
pub const ENVIRONMENT_KEY: &str = "genkan:environment";
/// The tag that says to whom it belongs: `project` or `account`.
pub const SCOPE_KEY: &str = "genkan:scope";

/// Whose a resource is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Belongs {
    /// It is ours: this tool made it for this project and environment, or for the account as the ask's scope is.
    Mine,
    /// It is not.
    NotMine(Owner),
}

/// The tags that the asked resource is to carry, as (key, value).
pub fn marks(ask: &Ask) -> Vec<(String, String)> {
    let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    vec![
        tag(MANAGED_BY_KEY, MANAGED_BY),
        tag(PROJECT_KEY, ask.project.as_str()),
        tag(ENVIRONMENT_KEY, ask.environment.as_str()),
        tag(SCOPE_KEY, scope_word(ask.scope)),
    ]
}

/// Whose a resource with these tags is. One of the account's scope is ours whichever project it was made for.
pub fn owner<K: AsRef<str>, V: AsRef<str>>(tags: impl IntoIterator<Item = (K, V)>, ask: &Ask) -> Belongs {
    let tags: Vec<(K, V)> = tags.into_iter().collect();
    let value = |wanted: &str| tags.iter().find(|(key, _)| key.as_ref() == wanted).map(|(_, value)| value.as_ref());
    if value(MANAGED_BY_KEY) != Some(MANAGED_BY) {
        return Belongs::NotMine(Owner::Unmarked);
    }
    if ask.scope == Scope::Account && value(SCOPE_KEY) == Some(scope_word(Scope::Account)) {
        return Belongs::Mine;
    }
    let project = value(PROJECT_KEY).and_then(|text| text.parse().ok());
    let environment = value(ENVIRONMENT_KEY).and_then(|text| text.parse().ok());
    match (project, environment) {
        (Some(project), Some(environment)) if project != ask.project || environment != ask.environment => {
            Belongs::NotMine(Owner::Project { project, environment })
        }
        (Some(_), Some(_)) if value(SCOPE_KEY) == Some(scope_word(ask.scope)) => Belongs::Mine,
        (Some(_), Some(_)) => Belongs::NotMine(Owner::InTheWay {
            what: format!("made by genkan, but not for the {}", scope_word(ask.scope)),
        }),
        _ => Belongs::NotMine(Owner::InTheWay { what: "made by genkan, but its marks are damaged".to_owned() }),
    }
}

/// The value of [`SCOPE_KEY`].
pub const fn scope_word(scope: Scope) -> &'static str {
    match scope {
        Scope::Project => "project",
        Scope::Account => "account",
    }
}
