//! Templates in a blueprint: what they may name, and what becomes of them.

use std::collections::BTreeMap;

use minijinja::{Environment as Templates, ErrorKind};
use serde_json::Value;

use crate::config::problem::{instead_of, quoted};

/// What a template may name, and what it becomes.
pub(super) type Variables = BTreeMap<&'static str, String>;

/// The variable that is there only where a repository is known.
pub(super) const REPOSITORY: &str = "repository";

/// Whether a template in it names the project's repository.
pub(super) fn names_repository(value: &Value) -> bool {
    match value {
        Value::String(text) => Templates::new()
            .template_from_str(text)
            .is_ok_and(|template| template.undeclared_variables(false).contains(REPOSITORY)),
        Value::Array(items) => items.iter().any(names_repository),
        Value::Object(inner) => inner.values().any(names_repository),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// `text` with its variables filled in.
pub(super) fn fill_in(templates: &Templates<'_>, variables: &Variables, text: &str) -> Result<String, String> {
    let wrong = |error: &minijinja::Error| match error.detail() {
        Some(detail) => format!("`{text}` is not a template: {detail}"),
        None => format!("`{text}` is not a template: {}", error.kind()),
    };
    let template = templates.template_from_str(text).map_err(|error| wrong(&error))?;
    template.render(variables).map_err(|error| {
        let mut unknown: Vec<String> = template.undeclared_variables(false).into_iter().collect();
        unknown.retain(|name| !variables.contains_key(name.as_str()));
        unknown.sort();
        match (error.kind(), unknown.as_slice()) {
            (ErrorKind::UndefinedError, []) => format!("`{text}` names something that a variable does not have"),
            (ErrorKind::UndefinedError, unknown) => {
                let also = (!variables.contains_key(REPOSITORY)).then_some(REPOSITORY);
                let known = variables.keys().copied().chain(also);
                let allowed = instead_of(unknown.first().map_or("", String::as_str), known);
                format!("unknown variable {} in `{text}`; {allowed}", quoted(unknown))
            }
            _ => wrong(&error),
        }
    })
}
