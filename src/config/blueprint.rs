//! Blueprints: what a project is given, as the operator wrote it, before any name is filled in.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use schemars::JsonSchema;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::Config;
use super::document::Document;
use super::problem::{ConfigErrors, instead_of};
use crate::model::plan::{Input, OnExisting, Scope};
use crate::model::{Spec, StepId};

/// The blueprints that the program brings along: name and text.
const BUILT_IN: [(&str, &str); 1] =
    [("algorithm-server", include_str!("../../config/blueprints/algorithm-server.toml"))];

/// What a project of one kind is given. Strings are templates still.
#[derive(Debug, Clone, PartialEq)]
pub struct Blueprint {
    /// Its name: the file's, without `.toml`.
    pub name: String,
    /// The file, or `built in`.
    pub source: String,
    /// What a project is given, in a sentence.
    pub description: String,
    /// The resources, in the order in which people think of them.
    pub resources: Vec<ResourceTemplate>,
}

/// `[[resource]]`
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceTemplate {
    /// The step's name.
    pub id: StepId,
    /// To whom it belongs.
    pub scope: Scope,
    /// What becomes of it if it is there already and not ours.
    pub on_existing: OnExisting,
    /// Steps that have to be done before, besides those that `inputs` name.
    pub after: Vec<StepId>,
    /// Fields that are filled in from earlier steps' outputs.
    pub inputs: BTreeMap<String, Input>,
    /// `kind` and the kind's own fields.
    pub fields: Map<String, Value>,
    /// The line on which it begins.
    pub line: usize,
    /// The line of each of its fields.
    pub lines: BTreeMap<String, usize>,
}

impl ResourceTemplate {
    /// The line on which that field is given, or is an input, or else the resource begins.
    pub fn line_of(&self, field: &str) -> usize {
        let field = if self.inputs.contains_key(field) && !self.fields.contains_key(field) { "inputs" } else { field };
        self.lines.get(field).copied().unwrap_or(self.line)
    }
}

impl Config {
    /// The blueprint of that name: a file of `[platform] blueprints` if there is one of that name, else a built-in one.
    pub fn blueprint(&self, name: &str) -> Result<Blueprint, ConfigErrors> {
        let named: Option<StepId> = name.parse().ok(); // the same rule; above all no `/` and no `..`
        if let (Some(_), Some(folder)) = (named, &self.platform.blueprints) {
            let path = Path::new(folder).join(format!("{name}.toml"));
            match std::fs::read_to_string(&path) {
                Ok(text) => return Blueprint::parse(name, &path.display().to_string(), &text),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(ConfigErrors::Unreadable { file: path, why: error.to_string() }),
            }
        }
        if let Some((_, text)) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name) {
            Blueprint::parse(name, "built in", text)
        } else {
            let known = self.blueprint_names();
            let allowed = instead_of(name, known.iter().map(String::as_str));
            Err(ConfigErrors::NoBlueprint { name: name.to_owned(), allowed })
        }
    }

    /// The names of all blueprints: built in, and in the folder.
    pub fn blueprint_names(&self) -> Vec<String> {
        let mut names: Vec<String> = BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect();
        let files = self.platform.blueprints.as_ref().and_then(|folder| std::fs::read_dir(folder).ok());
        for path in files.into_iter().flatten().flatten().map(|entry| entry.path()) {
            if path.extension().is_some_and(|extension| extension == "toml") {
                names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
            }
        }
        names.sort();
        names.dedup();
        names
    }
}

impl Blueprint {
    /// Reads `text`. `source` is what the file is called in messages.
    pub fn parse(name: &str, source: &str, text: &str) -> Result<Self, ConfigErrors> {
        let document = Document::parse(source, text).map_err(ConfigErrors::Wrong)?;
        let read = document.read::<BlueprintFile>();
        let (Some(file), true) = (read.value, read.problems.is_empty()) else {
            return Err(ConfigErrors::Wrong(read.problems));
        };
        let resources = file.resource.into_iter().enumerate().map(|(at, WrittenResource { meta, fields })| {
            let at = at.to_string();
            let line = |field: &str| document.line(&["resource", &at, field]);
            let own = fields.keys().map(String::as_str);
            let lines = own.chain(Meta::FIELDS).map(|field| (field.to_owned(), line(field))).collect();
            let Meta { id, scope, on_existing, after, inputs } = meta;
            let line = document.line(&["resource", &at]);
            ResourceTemplate { id, scope, on_existing, after, inputs, fields, line, lines }
        });
        let resources = resources.collect();
        Ok(Self { name: name.to_owned(), source: source.to_owned(), description: file.description, resources })
    }

    /// The JSON Schema of a blueprint's file.
    pub fn schema() -> Value {
        schemars::schema_for!(BlueprintFile).to_value()
    }
}

/// What a project of one kind is given. Strings of a resource's own fields are templates: `{{ project }}`, `{{ env }}`,
/// `{{ region }}`, `{{ account }}` (its id), `{{ account_name }}`, `{{ zone_id }}`, `{{ zone_name }}`,
/// `{{ zone_account }}` (its id) and `{{ secret_name }}` are filled in.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Blueprint")]
struct BlueprintFile {
    /// What a project is given, in a sentence.
    description: String,
    /// The resources.
    resource: Vec<WrittenResource>,
}

/// What every resource has, whatever its kind.
#[derive(JsonSchema)]
struct Meta {
    /// The step's name, unique in the blueprint.
    id: StepId,
    /// To whom it belongs: to the project, or to the account, where it stays while another project needs it.
    #[serde(default)]
    scope: Scope,
    /// What becomes of it if it is there already and not ours.
    #[serde(default)]
    on_existing: OnExisting,
    /// Resources that have to be there before, besides those that `inputs` name.
    #[serde(default)]
    after: Vec<StepId>,
    /// Fields that are left out here and filled in from the output of an earlier resource.
    #[serde(default)]
    inputs: BTreeMap<String, Input>,
}

impl Meta {
    const FIELDS: [&str; 5] = ["id", "scope", "on_existing", "after", "inputs"];
}

/// A resource as it is written. The fields of its kind are checked when they are filled in.
#[derive(JsonSchema)]
#[schemars(rename = "Resource", extend("unevaluatedProperties" = false))]
struct WrittenResource {
    #[serde(flatten)]
    meta: Meta,
    #[serde(flatten)]
    #[schemars(with = "Spec")]
    fields: Map<String, Value>,
}

/// By hand rather than flattened: so each error keeps its place in the file.
impl<'de> Deserialize<'de> for WrittenResource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = WrittenResource;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a resource: a table with `id` and `kind`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<WrittenResource, A::Error> {
                let (mut id, mut fields) = (None, Map::new());
                let (mut scope, mut on_existing) = (Scope::default(), OnExisting::default());
                let (mut after, mut inputs) = (Vec::new(), BTreeMap::new());
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "id" => id = Some(map.next_value()?),
                        "scope" => scope = map.next_value()?,
                        "on_existing" => on_existing = map.next_value()?,
                        "after" => after = map.next_value()?,
                        "inputs" => inputs = map.next_value()?,
                        _ => drop(fields.insert(key, map.next_value()?)),
                    }
                }
                let id = id.ok_or_else(|| A::Error::missing_field("id"))?;
                Ok(WrittenResource { meta: Meta { id, scope, on_existing, after, inputs }, fields })
            }
        }

        deserializer.deserialize_map(Fields)
    }
}
