//! The built-in rules: the files of `policies/authz/`, checked against their schema.

use cedar_policy::{Policy, PolicySet, Schema, ValidationMode, Validator};

use crate::model::verdict::Reason;

/// The rules' files: name and text.
const FILES: [(&str, &str); 7] = [
    ("read.cedar", include_str!("../../policies/authz/read.cedar")),
    ("request.cedar", include_str!("../../policies/authz/request.cedar")),
    ("approve.cedar", include_str!("../../policies/authz/approve.cedar")),
    ("four-eyes.cedar", include_str!("../../policies/authz/four-eyes.cedar")),
    ("reject.cedar", include_str!("../../policies/authz/reject.cedar")),
    ("cancel.cedar", include_str!("../../policies/authz/cancel.cedar")),
    ("retry.cedar", include_str!("../../policies/authz/retry.cedar")),
];

const SCHEMA: &str = include_str!("../../policies/authz/schema.cedarschema");

/// All built-in rules, validated.
///
/// # Errors
/// What is wrong with which file, in words.
pub(super) fn built_in() -> Result<PolicySet, String> {
    let mut rules = PolicySet::new();
    for (file, text) in FILES {
        let parsed: PolicySet = text.parse().map_err(|error| format!("{file}: {error}"))?;
        for rule in parsed.policies() {
            let id = rule.annotation("id").ok_or_else(|| format!("{file}: a rule without @id"))?;
            let rule = rule.new_id(cedar_policy::PolicyId::new(id));
            rules.add(rule).map_err(|error| format!("{file}: {error}"))?;
        }
    }
    let (schema, _) = Schema::from_cedarschema_str(SCHEMA).map_err(|error| format!("schema.cedarschema: {error}"))?;
    let checked = Validator::new(schema).validate(&rules, ValidationMode::Strict);
    match checked.validation_errors().next() {
        Some(error) => Err(error.to_string()),
        None => Ok(rules),
    }
}

/// Why a rule decides as it does, in the words of its annotations.
pub(super) fn reason(rule: &Policy) -> Option<Reason> {
    let en = rule.annotation("reason")?;
    let ja = rule.annotation("reason_ja").unwrap_or(en);
    Some(Reason { rule: rule.id().to_string(), en: en.to_owned(), ja: ja.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_valid_says_why_and_has_a_file_of_its_own() {
        let rules = built_in().unwrap();
        assert_eq!(rules.policies().count(), FILES.len());
        for rule in rules.policies() {
            let reason = reason(rule).unwrap_or_else(|| panic!("{} says why", rule.id()));
            assert!(reason.en.len() > 10 && reason.en.is_ascii(), "{reason:?}");
            assert!(reason.ja.chars().count() > 5 && !reason.ja.is_ascii(), "{reason:?}");
        }
        let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/policies/authz")).unwrap();
        let cedar = files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|end| end == "cedar"));
        assert_eq!(cedar.count(), FILES.len(), "every file of policies/authz is built in");
    }
}
