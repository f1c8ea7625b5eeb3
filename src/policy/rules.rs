//! The rules' files, read and checked against their schema: the built-in ones of `policies/authz/`, and the operator's.

use std::fmt;

use cedar_policy::{Policy as Rule, PolicyId, PolicySet, Schema, ValidationMode, Validator};

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

pub(super) const SCHEMA: &str = include_str!("../../policies/authz/schema.cedarschema");

/// What is wrong with a rule, and where.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct BrokenRule {
    /// The file.
    pub file: String,
    /// The line, counted from 1; none where it is not known.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for BrokenRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.what),
            None => write!(f, "{}: {}", self.file, self.what),
        }
    }
}

/// All rules, validated; the schema; and the digest of both.
pub(super) fn load(files: &[(String, String)]) -> Result<(PolicySet, Schema, Digest), Vec<BrokenRule>> {
    let broken = |file: &str, what: String| vec![BrokenRule { file: file.to_owned(), line: None, what }];
    let own = FILES.iter().map(|(file, text)| (*file, *text));
    let all: Vec<(&str, &str)> = own.chain(files.iter().map(|(file, text)| (file.as_str(), text.as_str()))).collect();
    let mut rules = PolicySet::new();
    for (file, text) in &all {
        let parsed: PolicySet =
            text.parse().map_err(|error: cedar_policy::ParseErrors| broken(file, error.to_string()))?;
        for rule in parsed.policies() {
            let id = rule.annotation("id").ok_or_else(|| broken(file, "a rule without @id".to_owned()))?;
            let rule = rule.new_id(PolicyId::new(id));
            rules.add(rule).map_err(|error| broken(file, error.to_string()))?;
        }
    }
    let (schema, _) =
        Schema::from_cedarschema_str(SCHEMA).map_err(|error| broken("schema.cedarschema", error.to_string()))?;
    let checked = Validator::new(schema.clone()).validate(&rules, ValidationMode::Strict);
    match checked.validation_errors().next() {
        Some(error) => Err(broken("", error.to_string())),
        None => Ok((rules, schema, Digest::of(&(SCHEMA, &all)))),
    }
}

/// Why a rule decides as it does, in the words of its annotations.
pub(super) fn reason(rule: &Rule) -> Option<Reason> {
    let en = rule.annotation("reason")?;
    let ja = rule.annotation("reason_ja").unwrap_or(en);
    Some(Reason { rule: rule.id().to_string(), en: en.to_owned(), ja: ja.to_owned() })
}
