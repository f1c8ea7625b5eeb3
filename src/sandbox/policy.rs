//! Policy documents as IAM takes them: awsim's parser lets pass what AWS refuses, such as a statement without a resource.

use awsim_core::AwsError;
use awsim_iam_policy::PolicyDocument;
use serde_json::{Map, Value};

use super::refusal::error;

const DOCUMENT: [&str; 3] = ["Version", "Id", "Statement"];
const STATEMENT: [&str; 9] =
    ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition", "Principal", "NotPrincipal"];

/// How many of Action and NotAction, Resource and NotResource, Principal and NotPrincipal a statement has.
type Has = (usize, usize, usize);

/// A policy of a role, a user or a session: every statement has actions and resources, and no principal
/// [IAM User Guide, "Grammar of the IAM JSON policy language"].
pub(crate) fn identity_policy(document: &str) -> Result<PolicyDocument, AwsError> {
    parse(document, |has: Has| match has {
        (0, _, _) => Some("Policy statement must contain actions."),
        (_, 0, _) => Some("Policy statement must contain resources."),
        (1, 1, 0) => None,
        (_, _, 0) => Some("Syntax errors in policy."),
        (_, _, _) => Some("Policy document should not specify a principal."),
    })
}

/// A role's trust policy: every statement has actions and a principal, and no resource.
pub(crate) fn trust_policy(document: &str) -> Result<PolicyDocument, AwsError> {
    parse(document, |has: Has| match has {
        (_, 1.., _) => Some("Has prohibited field Resource"),
        (_, _, 0) => Some("Missing required field Principal"),
        (1, 0, 1) => None,
        (_, _, _) => Some("Syntax errors in policy."),
    })
}

fn parse(document: &str, wrong: impl Fn(Has) -> Option<&'static str>) -> Result<PolicyDocument, AwsError> {
    let syntax = |why: &dyn std::fmt::Display| malformed(&format!("Syntax errors in policy. {why}"));
    let value: Value = serde_json::from_str(document).map_err(|why| syntax(&why))?;
    let fields = value.as_object().ok_or_else(|| syntax(&"A policy is an object."))?;
    known(fields, &DOCUMENT)?;
    let statements = match fields.get("Statement") {
        Some(Value::Array(statements)) => statements.iter().collect(),
        one => one.into_iter().collect::<Vec<_>>(),
    };
    for statement in statements {
        let statement = statement.as_object().ok_or_else(|| syntax(&"A statement is an object."))?;
        known(statement, &STATEMENT)?;
        let has = |names: [&str; 2]| names.iter().filter(|name| statement.contains_key(**name)).count();
        let has = (has(["Action", "NotAction"]), has(["Resource", "NotResource"]), has(["Principal", "NotPrincipal"]));
        if let Some(why) = wrong(has) {
            return Err(malformed(why));
        }
        for action in words(statement, &["Action", "NotAction"]) {
            if action != "*" && !action.contains(':') {
                return Err(malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."));
            }
        }
        for resource in words(statement, &["Resource", "NotResource"]) {
            if resource != "*" && resource.split(':').count() < 6 {
                return Err(malformed(&format!("Resource {resource} must be in ARN format or \"*\".")));
            }
        }
    }
    awsim_iam_policy::parse_value(&value).map_err(|why| syntax(&why))
}

fn known(fields: &Map<String, Value>, names: &[&str]) -> Result<(), AwsError> {
    match fields.keys().find(|name| !names.contains(&name.as_str())) {
        Some(unknown) => Err(malformed(&format!("Syntax errors in policy. Unknown field {unknown}"))),
        None => Ok(()),
    }
}

fn words<'a>(statement: &'a Map<String, Value>, fields: &[&str]) -> impl Iterator<Item = &'a str> {
    let values: Vec<&Value> = fields.iter().filter_map(|field| statement.get(*field)).collect();
    values.into_iter().flat_map(|value| match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect::<Vec<_>>(),
    })
}

fn malformed(message: &str) -> AwsError {
    error(400, "MalformedPolicyDocument", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(result: Result<PolicyDocument, AwsError>) -> String {
        result.err().map(|error| error.message).unwrap_or_default()
    }

    #[test]
    fn what_iam_refuses_is_refused() {
        let identity =
            |statement: &str| why(identity_policy(&format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#)));
        assert_eq!(identity(r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#), "");
        assert_eq!(identity(r#"[{"Effect":"Deny","NotAction":["s3:Get*"],"NotResource":["arn:aws:s3:::a"]}]"#), "");
        assert_eq!(identity(r#"{"Effect":"Allow","Action":"s3:*"}"#), "Policy statement must contain resources.");
        assert_eq!(identity(r#"{"Effect":"Allow","Resource":"*"}"#), "Policy statement must contain actions.");
        assert_eq!(
            identity(r#"{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*"}"#),
            "Policy document should not specify a principal."
        );
        assert!(identity(r#"{"Effect":"Allow","Action":"s3:*","Resouce":"*"}"#).contains("Resouce"));
        assert!(
            identity(r#"{"Effect":"Allow","Action":"everything","Resource":"*"}"#).contains("prefaced by a vendor")
        );
        assert_eq!(
            identity(r#"{"Effect":"Allow","Action":"s3:*","Resource":"my-bucket"}"#),
            "Resource my-bucket must be in ARN format or \"*\"."
        );
        assert!(
            identity(r#"{"Effect":"Maybe","Action":"s3:*","Resource":"*"}"#).starts_with("Syntax errors in policy.")
        );
        assert!(why(identity_policy("{")).starts_with("Syntax errors in policy."));
    }

    #[test]
    fn a_trust_policy_names_whom_and_not_what() {
        let trust =
            |statement: &str| why(trust_policy(&format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#)));
        assert_eq!(trust(r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"*"}}"#), "");
        assert_eq!(
            trust(r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"*"},"Resource":"*"}"#),
            "Has prohibited field Resource"
        );
        assert_eq!(trust(r#"{"Effect":"Allow","Action":"sts:AssumeRole"}"#), "Missing required field Principal");
    }
}
