//! A TOML file that is read as a whole: where each setting stands, and every problem of its shape at once.

use std::collections::BTreeSet;
use std::ops::Range;

use schemars::{JsonSchema, schema_for};
use serde::de::DeserializeOwned;
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Deserializer};

use super::discord::without_tokens;
use super::problem::{Problem, explain};

/// A parsed TOML file that knows the place of everything in it.
pub(super) struct Document<'a> {
    file: &'a str,
    text: &'a str,
    root: DeTable<'a>,
}

/// What was read of a document: the value without what could not be read, and all that was wrong.
pub(super) struct Read<T> {
    /// None if something that it cannot do without is wrong.
    pub value: Option<T>,
    /// What was wrong.
    pub problems: Vec<Problem>,
    /// The tables that have fields which nobody knows, as dotted paths; None if anything else was wrong.
    pub only_unknown_in: Option<BTreeSet<String>>,
}

/// The way to a setting: keys, and positions within arrays as decimal numbers.
type Way = Vec<String>;

impl<'a> Document<'a> {
    /// Reads `text` as TOML. `file` is what the file is called in messages.
    pub fn parse(file: &'a str, text: &'a str) -> Result<Self, Vec<Problem>> {
        let (root, errors) = DeTable::parse_recoverable(text);
        let document = Self { file, text, root: root.into_inner() };
        if errors.is_empty() {
            return Ok(document);
        }
        let problems = errors.iter().map(|error| {
            let (what, allowed) = explain(error.message());
            document.at(error.span().unwrap_or(0..0), String::new(), what, allowed)
        });
        Err(problems.collect())
    }

    /// A problem with the setting at the end of that way, or with the nearest table around it that is written.
    pub fn problem(&self, way: &[&str], what: String, allowed: Option<String>) -> Problem {
        self.at(self.locate(way), way.join("."), what, allowed)
    }

    /// The line of the setting at the end of that way, counted from 1.
    pub fn line(&self, way: &[&str]) -> usize {
        self.at(self.locate(way), String::new(), String::new(), None).line
    }

    /// Reads the document as a `T`. What is wrong is noted and taken out, and the rest is read again, until nothing is
    /// left to find.
    pub fn read<T: DeserializeOwned + JsonSchema>(&self) -> Read<T> {
        let schema = schema_for!(T).to_value();
        let mut tree = self.root.clone();
        let mut problems = Vec::new();
        let mut unknown_in = Some(BTreeSet::new());
        let value = loop {
            let error = match T::deserialize(Deserializer::from(Spanned::new(0..0, tree.clone()))) {
                Ok(value) => break Some(value),
                Err(error) => error,
            };
            let span = error.span().unwrap_or(0..0);
            let way = way_to(&self.root, &span);
            if let Some(missing) = error.message().strip_prefix("missing field `") {
                unknown_in = None;
                problems.extend(self.missing(&span, &way, required(&schema, &way, missing.trim_end_matches('`'))));
            } else {
                let (what, allowed) = explain(error.message());
                if !what.starts_with("unknown field `") {
                    unknown_in = None;
                } else if let Some(tables) = &mut unknown_in {
                    tables.insert(way[..way.len().saturating_sub(1)].join("."));
                }
                problems.push(self.at(span.clone(), way.join("."), what, allowed));
            }
            let way = way_to(&tree, &span);
            if !take_out(&mut tree, &way) {
                break None;
            }
        };
        problems.sort_by_key(|problem| (problem.line, problem.column));
        Read { value, problems, only_unknown_in: unknown_in }
    }

    /// Which of these fields are not written in the table at the end of that way. What was written and taken out is not missing.
    fn missing(&self, span: &Range<usize>, way: &[String], required: Vec<(String, Option<String>)>) -> Vec<Problem> {
        required
            .into_iter()
            .filter(|(field, _)| self.get(&[way, std::slice::from_ref(field)].concat()).is_none())
            .map(|(field, about)| self.at(span.clone(), way.join("."), format!("`{field}` is missing"), about))
            .collect()
    }

    fn get(&self, way: &[String]) -> Option<&Spanned<DeValue<'a>>> {
        let (first, rest) = way.split_first()?;
        rest.iter().try_fold(self.root.get(first.as_str())?, |value, step| child(value.get_ref(), step))
    }

    fn locate(&self, way: &[&str]) -> Range<usize> {
        let mut span = 0..0;
        let Some((first, rest)) = way.split_first() else { return span };
        let Some(mut value) = self.root.get(*first) else { return span };
        span = value.span();
        for step in rest {
            let Some(inner) = child(value.get_ref(), step) else { break };
            value = inner;
            span = value.span();
        }
        span
    }

    fn at(&self, span: Range<usize>, setting: String, what: String, allowed: Option<String>) -> Problem {
        let start = span.start.min(self.text.len());
        let before = self.text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let shown = self.text[line_start..].lines().next().unwrap_or_default();
        let meant = self.text.get(start..span.end).and_then(|text| text.lines().next()).unwrap_or_default();
        Problem {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: self.text[line_start..start].chars().count() + 1,
            setting,
            what: without_tokens(&what),
            allowed,
            shown: hidden(shown),
            width: meant.chars().count(),
        }
    }
}

/// A line as it may be shown: a bot's token does not belong into the file, and where it stands there all the same it is not told on.
fn hidden(line: &str) -> String {
    match line.split_once('=') {
        Some((key, _)) if key.trim().trim_matches('"') == "token" => format!("{key}= …"),
        _ => without_tokens(line),
    }
}

fn child<'v, 'a>(value: &'v DeValue<'a>, step: &str) -> Option<&'v Spanned<DeValue<'a>>> {
    match value {
        DeValue::Table(table) => table.get(step),
        DeValue::Array(array) => array.get(step.parse::<usize>().ok()?),
        _ => None,
    }
}

/// The way to what has exactly that span (its key or its value); the deepest, since a table that is
/// only implied has the span of the first table in it. Empty = the document.
fn way_to(root: &DeTable<'_>, span: &Range<usize>) -> Way {
    fn in_table(table: &DeTable<'_>, span: &Range<usize>) -> Option<Way> {
        table.iter().find_map(|(key, value)| {
            let rest = in_value(value, span).or_else(|| (key.span() == *span).then(Way::new))?;
            Some(std::iter::once(key.get_ref().to_string()).chain(rest).collect())
        })
    }
    fn in_value(value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> Option<Way> {
        let inside = match value.get_ref() {
            DeValue::Table(table) => in_table(table, span),
            DeValue::Array(array) => array
                .iter()
                .enumerate()
                .find_map(|(at, item)| Some(std::iter::once(at.to_string()).chain(in_value(item, span)?).collect())),
            _ => None,
        };
        inside.or_else(|| (value.span() == *span).then(Way::new))
    }
    if span.is_empty() { Way::new() } else { in_table(root, span).unwrap_or_default() }
}

/// Takes out what is at the end of that way. False if there is nothing.
fn take_out(table: &mut DeTable<'_>, way: &[String]) -> bool {
    match way {
        [] => false,
        [last] => table.remove(last.as_str()).is_some(),
        [first, rest @ ..] => table.get_mut(first.as_str()).is_some_and(|value| take_out_of(value.get_mut(), rest)),
    }
}

fn take_out_of(value: &mut DeValue<'_>, way: &[String]) -> bool {
    match (value, way) {
        (DeValue::Table(table), way) => take_out(table, way),
        (DeValue::Array(array), [at, rest @ ..]) => {
            let Ok(index) = at.parse::<usize>() else { return false };
            if !rest.is_empty() {
                return array.get_mut(index).is_some_and(|item| take_out_of(item.get_mut(), rest));
            }
            let before = array.len();
            let kept = std::mem::replace(array, DeArray::new()).into_iter().enumerate().filter(|(at, _)| *at != index);
            *array = kept.map(|(_, item)| item).collect();
            array.len() < before
        }
        _ => false,
    }
}

/// What the schema requires in the table at the end of that way, `missing` at the least: each field's name and what it is.
fn required(schema: &Value, way: &[String], missing: &str) -> Vec<(String, Option<String>)> {
    let table = way.iter().fold(resolve(schema, schema), |at, step| {
        let inner = [&at["properties"][step], &at["additionalProperties"], &at["items"]];
        inner.into_iter().find(|inner| inner.is_object()).map_or(&Value::Null, |inner| resolve(schema, inner))
    });
    let mut fields: Vec<&str> = table["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !fields.contains(&missing) {
        fields.push(missing);
    }
    fields
        .into_iter()
        .map(|field| {
            let property = &table["properties"][field];
            let about = property["description"].as_str().or_else(|| resolve(schema, property)["description"].as_str());
            (field.to_owned(), about.map(str::to_owned))
        })
        .collect()
}

/// Follows `$ref`, and takes what is not null of an optional setting.
fn resolve<'s>(schema: &'s Value, at: &'s Value) -> &'s Value {
    if let Some(pointer) = at["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        return schema.pointer(pointer).map_or(&Value::Null, |target| resolve(schema, target));
    }
    match at["anyOf"].as_array().and_then(|choices| choices.iter().find(|choice| choice["type"] != "null")) {
        Some(choice) => resolve(schema, choice),
        None => at,
    }
}
