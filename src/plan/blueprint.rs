//! From a blueprint to what one project is to have in one environment: templates filled in, everything checked.

mod names;
mod template;

use std::collections::BTreeMap;
use std::fmt;

use minijinja::{Environment as Templates, UndefinedBehavior};
use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
use serde_json::{Map, Value, json};

use crate::config::problem::{explain, instead_of, quoted};
use crate::config::{Blueprint, Config, ResourceTemplate};
use crate::model::plan::Desired;
use crate::model::resource::ZoneAssociation;
use crate::model::{EnvironmentName, Kind, Place, ProjectName, Repository, Spec, StepId};

use template::{REPOSITORY, Variables, fill_in, names_repository};

/// One thing that is wrong in a blueprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line of the blueprint's file, counted from 1.
    pub line: usize,
    /// The resource.
    pub resource: StepId,
    /// Its field, as in `cors[0].allowed_origins`, if it is about one.
    pub field: Option<String>,
    /// What is wrong, and what is allowed.
    pub what: String,
}

/// Why a blueprint cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlueprintError {
    /// The project has no place in that environment, for this reason.
    NoPlace(String),
    /// It names the project's repository, and none is known.
    NeedsRepository {
        /// The blueprint's name.
        blueprint: String,
    },
    /// The blueprint is wrong.
    Wrong {
        /// Its name.
        blueprint: String,
        /// Its file, or `built in`.
        source: String,
        /// Everything that was found.
        faults: Vec<Fault>,
    },
}

impl fmt::Display for BlueprintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPlace(why) => f.write_str(why),
            Self::NeedsRepository { blueprint } => {
                write!(f, "the blueprint `{blueprint}` needs a repository: give one with --repository OWNER/NAME")
            }
            Self::Wrong { blueprint, source, faults } => {
                for (at, Fault { line, resource, field, what }) in faults.iter().enumerate() {
                    let separator = if at == 0 { "" } else { "\n" };
                    write!(f, "{separator}blueprint `{blueprint}` ({source}:{line}), resource `{resource}`")?;
                    match field {
                        Some(field) => write!(f, ", field `{field}`: {what}")?,
                        None => write!(f, ": {what}")?,
                    }
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for BlueprintError {}

/// What `blueprint` asks for, for that project in that environment, in the blueprint's own order. `repository`: the project's,
/// where one is known. Nothing is looked up.
pub fn desired(
    config: &Config,
    blueprint: &Blueprint,
    project: &ProjectName,
    environment: &EnvironmentName,
    repository: Option<&Repository>,
) -> Result<Vec<Desired>, BlueprintError> {
    let (place, mut variables) = surroundings(config, project, environment).map_err(BlueprintError::NoPlace)?;
    match repository {
        Some(repository) => drop(variables.insert(REPOSITORY, repository.to_string())),
        None if blueprint.resources.iter().any(|resource| resource.fields.values().any(names_repository)) => {
            return Err(BlueprintError::NeedsRepository { blueprint: blueprint.name.clone() });
        }
        None => {}
    }
    let mut faults = Vec::new();
    let mut all = Vec::new();
    for template in &blueprint.resources {
        let Some(spec) = Reader { template, faults: &mut faults }.spec(&variables) else { continue };
        all.push(Desired {
            id: template.id.clone(),
            place: place.clone(),
            scope: template.scope,
            on_existing: template.on_existing,
            after: template.after.clone(),
            inputs: template.inputs.clone(),
            spec,
        });
    }
    references(&blueprint.resources, &mut faults);
    circles(&blueprint.resources, &mut faults);
    doubles(&blueprint.resources, &all, &mut faults);
    inputs(&blueprint.resources, &all, &mut faults);
    if faults.is_empty() {
        return Ok(all);
    }
    faults.sort_by_key(|fault| fault.line);
    Err(BlueprintError::Wrong { blueprint: blueprint.name.clone(), source: blueprint.source.clone(), faults })
}

/// The project's place, and what templates may name there.
fn surroundings(
    config: &Config,
    project: &ProjectName,
    environment: &EnvironmentName,
) -> Result<(Place, Variables), String> {
    let (_, settings) = config.environment_named(environment.as_str()).map_err(|error| error.to_string())?;
    let none = || {
        format!(
            "{project} has no account in {environment}: name one under [environments.{environment}], \
             as `account` for all projects or in `accounts` for this one"
        )
    };
    let (account_name, account) = config.account_of(project, environment).ok_or_else(none)?;
    let zone_account = config
        .account(&settings.platform_account)
        .ok_or_else(|| format!("there is no account `{}`, which is to own the zone", settings.platform_account))?;
    let region = config.region_of(account);
    let variables = BTreeMap::from([
        ("project", project.to_string()),
        ("env", environment.to_string()),
        ("region", region.to_string()),
        ("account", account.id.to_string()),
        ("account_name", account_name.to_owned()),
        ("zone_id", settings.zone.id.to_string()),
        ("zone_name", settings.zone.name.trim_end_matches('.').to_owned()),
        ("zone_account", zone_account.id.to_string()),
        ("secret_name", config.secret.name.clone()),
    ]);
    Ok((Place { account: account.id.clone(), region: region.clone() }, variables))
}

fn fault(template: &ResourceTemplate, field: Option<&str>, what: String) -> Fault {
    // `cors[0].allowed_origins` stands where `cors` does.
    let line =
        field.map_or(template.line, |field| template.line_of(field.split(['[', '.']).next().unwrap_or_default()));
    Fault { line, resource: template.id.clone(), field: field.map(str::to_owned), what }
}

/// Fills in one resource and reads it as what its kind is.
struct Reader<'a> {
    template: &'a ResourceTemplate,
    faults: &'a mut Vec<Fault>,
}

impl Reader<'_> {
    /// The filled-in spec. None if anything is wrong with it; then the faults say what.
    fn spec(&mut self, variables: &Variables) -> Option<Spec> {
        let before = self.faults.len();
        let mut fields = self.template.fields.clone();
        let mut templates = Templates::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        for (field, value) in &mut fields {
            self.render(&templates, variables, field, value);
        }
        if self.faults.len() > before {
            return None;
        }
        let spec = self.read(fields)?;
        for (field, what) in names::faults(&spec) {
            self.fault(&field, what);
        }
        (self.faults.len() == before).then_some(spec)
    }

    fn fault(&mut self, field: &str, what: String) {
        self.faults.push(fault(self.template, Some(field), what));
    }

    /// Fills in every string of `value`.
    fn render(&mut self, templates: &Templates<'_>, variables: &Variables, field: &str, value: &mut Value) {
        match value {
            Value::String(text) => match fill_in(templates, variables, text) {
                Ok(filled) => *text = filled,
                Err(why) => self.fault(field, why),
            },
            Value::Array(items) => {
                for (at, item) in items.iter_mut().enumerate() {
                    self.render(templates, variables, &format!("{field}[{at}]"), item);
                }
            }
            Value::Object(inner) => {
                for (key, item) in inner {
                    self.render(templates, variables, &format!("{field}.{key}"), item);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Reads filled-in fields. What is wrong is noted and taken out, and the rest is read again.
    fn read(&mut self, mut fields: Map<String, Value>) -> Option<Spec> {
        let before = self.faults.len();
        for field in self.template.inputs.keys() {
            if fields.contains_key(field) {
                self.fault(field, "it is filled in from `inputs`, so it is left out here".to_owned());
            } else {
                // Exactly those fields that may be left out can be read as null.
                fields.insert(field.clone(), Value::Null);
            }
        }
        let mut taken_out = Vec::new();
        loop {
            let message = match serde_json::from_value::<Spec>(Value::Object(fields.clone())) {
                Ok(spec) => return (self.faults.len() == before).then_some(spec),
                Err(error) => error.to_string(),
            };
            let field = blame(&fields, &message);
            if taken_out.contains(&field) {
                return None; // it is missing because it was taken out
            }
            if fields.get(&field) == Some(&Value::Null) && message.starts_with("invalid type: null") {
                self.fault(
                    &field,
                    "it cannot be filled in from `inputs`: only a field that may be left out can".to_owned(),
                );
            } else {
                self.fault(&field, said(&message));
            }
            if !fields.contains_key(&field) {
                return None;
            }
            fields = without(&fields, &field);
            taken_out.push(field);
        }
    }
}

/// What serde says, with what is allowed.
fn said(message: &str) -> String {
    if message == "missing field `kind`" {
        let kinds: Vec<Value> = Kind::ALL.iter().map(|kind| json!(kind)).collect();
        return format!(
            "{message}; expected one of {}",
            quoted(&kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>())
        );
    }
    match explain(message) {
        (what, Some(allowed)) => format!("{what}; {allowed}"),
        (what, None) => what,
    }
}

/// Which field of a resource a message is about. A message that names none is about the field without which it is another.
fn blame(fields: &Map<String, Value>, message: &str) -> String {
    let named = ["missing field `", "unknown field `"].iter().find_map(|begin| message.strip_prefix(begin));
    if let Some((field, _)) = named.and_then(|rest| rest.split_once('`'))
        && message.starts_with("missing") != fields.contains_key(field)
    {
        return field.to_owned();
    }
    let about = |field: &&String| {
        let rest = serde_json::from_value::<Spec>(Value::Object(without(fields, field)));
        *field != "kind" && rest.map_err(|error| error.to_string()) != Err(message.to_owned())
    };
    fields.keys().find(about).map_or_else(|| "kind".to_owned(), Clone::clone)
}

/// The same fields in the same order, but for one: serde reports the first that is wrong, so the order matters.
fn without(fields: &Map<String, Value>, left_out: &str) -> Map<String, Value> {
    fields.iter().filter(|(field, _)| *field != left_out).map(|(field, value)| (field.clone(), value.clone())).collect()
}

/// Ids are unique, and every id that is named exists.
fn references(resources: &[ResourceTemplate], faults: &mut Vec<Fault>) {
    let ids: Vec<&str> = resources.iter().map(|resource| resource.id.as_str()).collect();
    for (at, resource) in resources.iter().enumerate() {
        if ids[..at].contains(&resource.id.as_str()) {
            faults.push(fault(resource, Some("id"), "another resource has this id already".to_owned()));
        }
        let inputs = resource.inputs.values().map(|input| ("inputs", &input.step));
        for (field, id) in resource.after.iter().map(|id| ("after", id)).chain(inputs) {
            if !ids.contains(&id.as_str()) {
                let what = format!("there is no resource `{id}`; {}", instead_of(id.as_str(), ids.iter().copied()));
                faults.push(fault(resource, Some(field), what));
            }
        }
    }
}

/// No resource waits for itself, by whatever way.
fn circles(resources: &[ResourceTemplate], faults: &mut Vec<Fault>) {
    let mut graph = DiGraphMap::<&str, ()>::new();
    for resource in resources {
        for needed in resource.after.iter().chain(resource.inputs.values().map(|input| &input.step)) {
            graph.add_edge(needed.as_str(), resource.id.as_str(), ());
        }
    }
    for circle in tarjan_scc(&graph) {
        let turns = circle.len() > 1 || circle.iter().any(|id| graph.contains_edge(id, id));
        let first = resources.iter().find(|resource| circle.contains(&resource.id.as_str()));
        if let (true, Some(first)) = (turns, first) {
            let mut others: Vec<&str> = circle;
            others.sort_unstable();
            let what = match others.as_slice() {
                [_] => "it waits for itself".to_owned(),
                several => {
                    format!("each of these waits for another of them, so none can begin: {}", several.join(", "))
                }
            };
            faults.push(fault(first, None, what));
        }
    }
}

/// What a field is to be filled in with is told by the resource that it is taken from; and what has to be filled in is.
fn inputs(resources: &[ResourceTemplate], all: &[Desired], faults: &mut Vec<Fault>) {
    for desired in all {
        let Some(template) = resources.iter().find(|resource| resource.id == desired.id) else { continue };
        for (field, input) in &desired.inputs {
            let source = all.iter().find(|one| one.id == input.step).map(|one| &one.spec);
            if matches!(source, Some(Spec::SsmParameter(_))) && !PARAMETER_TELLS.contains(&input.output.as_str()) {
                let what = format!(
                    "an SSM parameter does not tell `{}` for `{field}`; it tells {}",
                    input.output,
                    PARAMETER_TELLS.join(", ")
                );
                faults.push(fault(template, Some("inputs"), what));
            }
        }
        let is_given = |spec: &ZoneAssociation| spec.vpc_id.is_some() || desired.inputs.contains_key("vpc_id");
        if matches!(&desired.spec, Spec::ZoneAssociation(spec) if !is_given(spec)) {
            let what = "no VPC: say `vpc_id`, or where it comes from in `inputs`".to_owned();
            faults.push(fault(template, Some("vpc_id"), what));
        }
    }
}

/// The outputs of an SSM parameter.
const PARAMETER_TELLS: [&str; 2] = ["value", "version"];

/// No two resources of one kind are the same thing in AWS.
fn doubles(resources: &[ResourceTemplate], all: &[Desired], faults: &mut Vec<Fault>) {
    for (at, desired) in all.iter().enumerate() {
        let same = |other: &&Desired| {
            (other.spec.kind(), other.spec.name()) == (desired.spec.kind(), desired.spec.name())
                && other.id != desired.id
        };
        if let (Some(other), Some(template)) =
            (all[..at].iter().find(same), resources.iter().find(|resource| resource.id == desired.id))
        {
            let (kind, name) = (desired.spec.kind().title(), desired.spec.name());
            faults.push(fault(template, None, format!("it is the same {kind} as `{}`: {name}", other.id)));
        }
    }
}

#[cfg(test)]
mod tests;
