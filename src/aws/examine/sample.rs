//! What a statement is about, by example: a resource that its patterns mean, and condition keys that its conditions ask
//! for. The policy simulator takes single resources and values, no patterns.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::aws::permission::Statement;

/// What a simulated call is like: the resources and the condition keys. Statements that are alike share one call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sample {
    /// ARNs; empty where the statement is for all resources.
    pub(super) resources: Vec<String>,
    /// Condition keys, with what each is given.
    pub(super) context: BTreeMap<String, Given>,
}

/// A condition key's values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Given {
    /// One text.
    Text(String),
    /// Several texts.
    Texts(Vec<String>),
    /// True or false.
    Flag(bool),
    /// A number.
    Number(String),
}

/// An example of what that statement allows, in that region.
pub(super) fn of(statement: &Statement, region: &str) -> Sample {
    let resources = statement.resources.iter().filter(|resource| *resource != "*").map(|arn| example(arn)).collect();
    let mut context = BTreeMap::new();
    for (operator, keys) in statement.condition.as_object().into_iter().flatten() {
        for (key, values) in keys.as_object().into_iter().flatten() {
            if let Some(given) = given(operator, values) {
                // A test that the key is there says nothing of its value.
                if operator.contains("Null") {
                    context.entry(key.clone()).or_insert(given);
                } else {
                    context.insert(key.clone(), given);
                }
            }
        }
    }
    if statement.actions.iter().any(|action| names_vpcs(action)) {
        let vpc = format!("VPCId=vpc-0123456789abcdef0,VPCRegion={region}");
        context.entry("route53:VPCs".to_owned()).or_insert(Given::Text(vpc));
    }
    Sample { resources, context }
}

/// Whether Route 53 gives `route53:VPCs` for that action (Service Authorization Reference, Amazon Route 53).
fn names_vpcs(action: &str) -> bool {
    action.starts_with("route53:")
        && (action.contains("VPCAssociation") || action.contains("VPCWith") || action.contains("VPCFrom"))
        && !action.contains("List")
}

/// A value that satisfies the operator; none for one that an absent key satisfies.
fn given(operator: &str, values: &Value) -> Option<Given> {
    let many = operator.starts_with("ForAllValues:") || operator.starts_with("ForAnyValue:");
    let base = operator.rsplit(':').next().unwrap_or(operator);
    let texts: Vec<String> = match values {
        Value::Array(values) => values.iter().map(text).collect(),
        value => vec![text(value)],
    };
    let first = texts.first().cloned()?;
    match base.trim_end_matches("IfExists") {
        "Null" if first == "false" => Some(Given::Text(EXAMPLE.to_owned())),
        "StringEquals" | "StringEqualsIgnoreCase" | "StringLike" | "ArnEquals" | "ArnLike" => {
            let texts: Vec<String> = texts.iter().map(|text| example(text)).collect();
            Some(if many { Given::Texts(texts) } else { Given::Text(example(&first)) })
        }
        "Bool" => Some(Given::Flag(first == "true")),
        "NumericEquals" | "NumericLessThanEquals" | "NumericGreaterThanEquals" => Some(Given::Number(first)),
        _ => None,
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What stands for `*` in an example.
const EXAMPLE: &str = "genkan-doctor";

/// One that the pattern means: `*` and `?` filled in.
fn example(pattern: &str) -> String {
    pattern.replace('*', EXAMPLE).replace('?', "x")
}

/// Which type of resource an ARN names, as far as actions are told apart by it: the service and what stands before the
/// name; a bucket is not an object.
pub(super) fn type_of(arn: &str) -> (&str, &str) {
    let mut parts = arn.splitn(6, ':').skip(2);
    let service = parts.next().unwrap_or_default();
    let rest = parts.nth(2).unwrap_or_default();
    let begin = rest.split(['/', ':']).next().unwrap_or_default();
    match service {
        "s3" => (service, if rest.contains('/') { "object" } else { "bucket" }),
        _ => (service, begin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn patterns_and_conditions_become_an_example_that_they_mean() {
        let statement = Statement::new(
            "Sid",
            &["secretsmanager:CreateSecret"],
            &["arn:aws:secretsmanager:eu-west-1:1:secret:TOKEN-??????", "*"],
        )
        .when(json!({
            "StringLike": {"secretsmanager:Name": "TOKEN*"},
            "ForAllValues:StringEquals": {"aws:TagKeys": ["genkan:owner", "genkan:project"]},
            "Null": {"aws:TagKeys": "false", "aws:MultiFactorAuthAge": "true"},
            "Bool": {"secretsmanager:ForceDeleteWithoutRecovery": "false"},
            "NumericLessThanEquals": {"secretsmanager:RecoveryWindowInDays": 30},
            "StringNotEquals": {"aws:RequestedRegion": "us-east-1"},
        }));
        let sample = of(&statement, "eu-west-1");
        assert_eq!(sample.resources, ["arn:aws:secretsmanager:eu-west-1:1:secret:TOKEN-xxxxxx"]);
        let text = |text: &str| Given::Text(text.to_owned());
        let expected: BTreeMap<String, Given> = [
            ("secretsmanager:Name", text("TOKENgenkan-doctor")),
            ("aws:TagKeys", Given::Texts(vec!["genkan:owner".to_owned(), "genkan:project".to_owned()])),
            ("secretsmanager:ForceDeleteWithoutRecovery", Given::Flag(false)),
            ("secretsmanager:RecoveryWindowInDays", Given::Number("30".to_owned())),
        ]
        .map(|(key, given)| (key.to_owned(), given))
        .into();
        assert_eq!(sample.context, expected);
    }

    #[test]
    fn what_route_53_tells_iam_of_vpcs_is_told_the_simulator_too() {
        for (action, told) in [
            ("route53:CreateVPCAssociationAuthorization", true),
            ("route53:DisassociateVPCFromHostedZone", true),
            ("route53:AssociateVPCWithHostedZone", true),
            ("route53:ListVPCAssociationAuthorizations", false),
            ("route53:GetHostedZone", false),
        ] {
            let sample = of(&Statement::new("Sid", &[action], &["*"]), "eu-west-1");
            let vpcs = Given::Text("VPCId=vpc-0123456789abcdef0,VPCRegion=eu-west-1".to_owned());
            assert_eq!(sample.context.get("route53:VPCs"), told.then_some(&vpcs), "{action}");
        }
    }

    #[test]
    fn a_bucket_is_not_an_object() {
        assert_ne!(type_of("arn:aws:s3:::bucket"), type_of("arn:aws:s3:::bucket/key"));
        assert_eq!(type_of("arn:aws:iam::111111111111:role/a"), ("iam", "role"));
        assert_eq!(type_of("arn:aws:secretsmanager:r:a:secret:name"), ("secretsmanager", "secret"));
        assert_eq!(type_of("arn:aws:route53:::hostedzone/Z1"), ("route53", "hostedzone"));
    }
}
