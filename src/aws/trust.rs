//! Trust policies: who may assume a role of this tool's, and under which conditions.

use serde_json::{Map, Value, json};

/// The trust policy of a role that this tool assumes. `caller` is the ARN of the tool's own identity: a role, a user,
/// an account's root, or what `sts:GetCallerIdentity` shows (`…:assumed-role/NAME/SESSION`), also with `*` in it.
/// `tags` and `source_identity`: whether the config lets sessions carry them.
pub fn trust_policy(caller: &str, external_id: Option<&str>, tags: bool, source_identity: bool) -> Value {
    let mut actions = vec!["sts:AssumeRole"];
    actions.extend(tags.then_some("sts:TagSession"));
    actions.extend(source_identity.then_some("sts:SetSourceIdentity"));
    let (principal, pattern) = principal_of(caller);
    let mut condition = Map::new();
    if let Some(pattern) = pattern {
        condition.insert("ArnLike".to_owned(), json!({"aws:PrincipalArn": pattern}));
    }
    if let Some(id) = external_id {
        condition.insert("StringEquals".to_owned(), json!({"sts:ExternalId": id}));
    }
    let mut statement = json!({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": actions});
    if !condition.is_empty() {
        statement["Condition"] = Value::Object(condition);
    }
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

/// The principal to name, and the pattern that `aws:PrincipalArn` has to match where the principal cannot say it:
/// a principal takes no `*` within an ARN, and a role's path is not seen in its sessions' ARNs, so that for roles of
/// IAM Identity Center, which have one, it is the account with a pattern (IAM User Guide, AWS JSON policy elements: Principal).
fn principal_of(caller: &str) -> (String, Option<String>) {
    let parts: Vec<&str> = caller.splitn(6, ':').collect();
    let [_, partition, service, _, account, resource] = parts[..] else { return (caller.to_owned(), None) };
    let root = format!("arn:{partition}:iam::{account}:root");
    let role = resource.strip_prefix("assumed-role/").and_then(|rest| rest.split('/').next());
    match (service, role) {
        ("sts", Some(name)) if name.starts_with("AWSReservedSSO_") => {
            (root, Some(format!("arn:{partition}:iam::{account}:role/aws-reserved/sso.amazonaws.com/*{name}")))
        }
        ("sts", Some(name)) => (format!("arn:{partition}:iam::{account}:role/{name}"), None),
        _ if resource.contains('*') => (root, Some(caller.to_owned())),
        _ => (caller.to_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trust_policy_names_the_role_of_a_session_and_its_conditions() {
        let policy = trust_policy("arn:aws:sts::111111111111:assumed-role/genkan/i-0abc", Some("x-1"), true, false);
        let statement = &policy["Statement"][0];
        assert_eq!(statement["Principal"]["AWS"], "arn:aws:iam::111111111111:role/genkan");
        assert_eq!(statement["Action"], json!(["sts:AssumeRole", "sts:TagSession"]));
        assert_eq!(statement["Condition"], json!({"StringEquals": {"sts:ExternalId": "x-1"}}));
    }

    #[test]
    fn a_pattern_and_a_path_that_is_not_seen_are_conditions_on_the_account() {
        let statement = &trust_policy("arn:aws:iam::111111111111:role/genkan-*", None, false, true)["Statement"][0];
        assert_eq!(statement["Principal"]["AWS"], "arn:aws:iam::111111111111:root");
        assert_eq!(statement["Condition"]["ArnLike"]["aws:PrincipalArn"], "arn:aws:iam::111111111111:role/genkan-*");
        let caller = "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_Ops_0a1b/aiko@example.com";
        let statement = &trust_policy(caller, None, false, false)["Statement"][0];
        assert_eq!(statement["Principal"]["AWS"], "arn:aws:iam::111111111111:root");
        let pattern = statement["Condition"]["ArnLike"]["aws:PrincipalArn"].as_str().unwrap();
        assert!(pattern.ends_with("*AWSReservedSSO_Ops_0a1b"), "{pattern}");
    }
}
