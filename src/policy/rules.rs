//! The rules' files, read and checked against their schema: the built-in ones of `policies/authz/`, and the operator's.

use std::collections::BTreeMap;
use std::ops::Range;

use cedar_policy::ffi::DetailedError;
use cedar_policy::{Policy as Rule, PolicyId, PolicySet, Schema, ValidationMode, ValidationWarning, Validator};

use super::broken::BrokenRule;
use super::{Grounds, NO_RULE, UNDECIDED};
use crate::model::Digest;
use crate::model::verdict::Reason;

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../policies/authz/", $name)))),*]
    };
}

/// The built-in rules' files: name and text.
pub(super) const FILES: [(&str, &str); 17] = built_in![
    "read.cedar",
    "request.cedar",
    "adopt.cedar",
    "destroy-data.cedar",
    "reject.cedar",
    "cancel.cedar",
    "retry.cedar",
    "approve.cedar",
    "withdraw.cedar",
    "start.cedar",
    "four-eyes.cedar",
    "four-eyes-at-start.cedar",
    "same-digest.cedar",
    "enough-approvals.cedar",
    "production-two.cedar",
    "destroy-two.cedar",
    "freeze.cedar",
];

const SCHEMA_FILE: &str = "schema.cedarschema";
pub(super) const SCHEMA: &str = include_str!("../../policies/authz/schema.cedarschema");

/// How long a rule's id may be, in characters of `a-z`, `0-9` and `-`.
const LONGEST_ID: usize = 64;

/// All rules, validated; the schema; and the digest of both.
pub(super) fn load(files: &[(String, String)]) -> Result<(PolicySet, Schema, Digest), Vec<BrokenRule>> {
    let (schema, _) = Schema::from_cedarschema_str(SCHEMA)
        .map_err(|error| vec![BrokenRule::of(SCHEMA_FILE, SCHEMA, DetailedError::from(&error), 0..0)])?;
    let mut reading = Reading::default();
    for (file, text) in FILES {
        reading.read(file, text);
    }
    reading.built_in = reading.of.keys().cloned().collect();
    for (file, text) in files {
        reading.read(file, text);
    }
    reading.check(&schema);
    if !reading.broken.is_empty() {
        reading.broken.sort();
        return Err(reading.broken);
    }
    Ok((reading.rules, schema, digest(files)))
}

/// What the rules say, wherever the operator's lie: which folder that is depends on where a process runs.
fn digest(files: &[(String, String)]) -> Digest {
    let mut texts: Vec<&str> = files.iter().map(|(_, text)| text.as_str()).collect();
    texts.sort_unstable();
    Digest::of(&(SCHEMA, FILES, texts))
}

/// Files as they are read, one after the other.
#[derive(Default)]
struct Reading<'t> {
    rules: PolicySet,
    /// Where each rule stands: its file, that file's text, and where in it.
    of: BTreeMap<String, (&'t str, &'t str, Range<usize>)>,
    /// The ids of the built-in ones, once they are read.
    built_in: Vec<String>,
    broken: Vec<BrokenRule>,
}

impl<'t> Reading<'t> {
    fn read(&mut self, file: &'t str, text: &'t str) {
        let parsed: PolicySet = match text.parse() {
            Ok(parsed) => parsed,
            Err(errors) => {
                let errors: &cedar_policy::ParseErrors = &errors;
                let found = errors.iter().map(|error| BrokenRule::of(file, text, DetailedError::from(error), 0..0));
                self.broken.extend(found);
                return;
            }
        };
        for template in parsed.templates() {
            let span = place(text, &template.to_cedar());
            let what = "a template, and nothing fills it in".to_owned();
            self.note(file, text, span, what, "write it without ?principal and ?resource");
        }
        for rule in parsed.policies() {
            let span = rule.to_cedar().map_or(0..0, |rule| place(text, &rule));
            self.rule(file, text, span, rule);
        }
    }

    fn rule(&mut self, file: &'t str, text: &'t str, span: Range<usize>, rule: &Rule) {
        if rule.annotation("reason").is_none_or(|reason| reason.trim().is_empty()) {
            let mend = "add @reason(\"…\"), and @reason_ja(\"…\") for those who read Japanese: people are told it";
            self.note(file, text, span.clone(), "a rule that does not say why".to_owned(), mend);
        }
        let unnamed = format!("unnamed rule {}", self.of.len());
        let id = rule.annotation("id").filter(|id| is_id(id)).unwrap_or_else(|| {
            let mend = format!("add @id(\"…\"): 1 to {LONGEST_ID} of a-z, 0-9 and -");
            self.note(file, text, span.clone(), "a rule without a name".to_owned(), &mend);
            &unnamed
        });
        if self.built_in.iter().any(|own| own == id) || id == NO_RULE || id == UNDECIDED {
            let what = format!("`{id}` is the name of a built-in rule, which cannot be replaced");
            self.note(
                file,
                text,
                span,
                what,
                "give it another @id; a `forbid` of yours holds besides the built-in rules",
            );
        } else if let Some((other, ..)) = self.of.get(id) {
            let what = format!("there is another rule `{id}`, in {other}");
            self.note(file, text, span, what, "a name is one rule's");
        } else if let Err(error) = self.rules.add(rule.new_id(PolicyId::new(id))) {
            self.note(file, text, span, error.to_string(), "write it in another way");
        } else {
            self.of.insert(id.to_owned(), (file, text, span));
        }
    }

    fn check(&mut self, schema: &Schema) {
        let checked = Validator::new(schema.clone()).validate(&self.rules, ValidationMode::Strict);
        let errors: Vec<_> =
            checked.validation_errors().map(|error| (error.policy_id(), DetailedError::from(error))).collect();
        // A rule that never applies forbids nothing, and somebody thinks that it does.
        let never = checked.validation_warnings().filter_map(|warning| match warning {
            ValidationWarning::ImpossiblePolicy(never) => Some((never.policy_id(), DetailedError::from(never))),
            _ => None,
        });
        let never: Vec<_> = never.filter(|(id, _)| errors.iter().all(|(wrong, _)| wrong != id)).collect();
        for (id, mut found) in errors.into_iter().chain(never) {
            let id: &str = id.as_ref();
            found.message = found.message.replacen(&format!("for policy `{id}`, "), "", 1);
            let (file, text, span) = self.of.get(id).cloned().unwrap_or(("", "", 0..0));
            self.broken.push(BrokenRule::of(file, text, found, span));
        }
    }

    fn note(&mut self, file: &str, text: &str, span: Range<usize>, what: String, mend: &str) {
        self.broken.push(BrokenRule::at(file, text, span, what, Some(mend.to_owned())));
    }
}

fn is_id(id: &str) -> bool {
    let allowed = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
    (1..=LONGEST_ID).contains(&id.len()) && id.chars().all(allowed)
}

/// Where a rule stands in its file.
fn place(text: &str, rule: &str) -> Range<usize> {
    text.find(rule).map_or(0..0, |start| start..start + rule.len())
}

/// Why a rule decides as it does, in the words of its annotations; `{environment}`, `{until}` and `{why}` in them are filled in from
/// what it was asked about.
pub(super) fn reason(rule: &Rule, grounds: &Grounds<'_>) -> Option<Reason> {
    let en = rule.annotation("reason")?;
    let ja = rule.annotation("reason_ja").unwrap_or(en);
    Some(Reason { rule: rule.id().to_string(), en: filled(en, grounds), ja: filled(ja, grounds) })
}

fn filled(words: &str, grounds: &Grounds<'_>) -> String {
    let words = words.replace("{environment}", grounds.environment.as_str());
    let Some(frozen) = &grounds.frozen else { return words };
    let until = frozen.until.strftime("%Y-%m-%d %H:%M UTC").to_string();
    words.replace("{until}", &until).replace("{why}", frozen.why)
}
