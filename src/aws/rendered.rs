//! The roles as files: each account's documents as JSON, and all of them as one CloudFormation template for a StackSet.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::roles::{RoleDocument, identity_policy, role_policies};
use super::tags::{MANAGED_BY, MANAGED_BY_KEY};
use crate::config::Config;

/// What the files are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One file for each account and one for the tool's own identity, for whatever makes roles from policy documents.
    Json,
    /// One CloudFormation template for all accounts.
    Cloudformation,
}

/// The files by name. `caller`: the ARN of the tool's own identity; `account`: only that account's, by its name.
pub fn files(config: &Config, caller: &str, format: Format, account: Option<&str>) -> BTreeMap<String, Value> {
    let mut roles = role_policies(config, caller);
    roles.retain(|name, _| account.is_none_or(|wanted| wanted == name));
    match format {
        Format::Json => {
            let own = json!({"arn": caller, "permission_policy": identity_policy(config)});
            let each = roles.into_iter().map(|(name, roles)| (format!("{}.json", plain(&name)), documents(roles)));
            each.chain(account.is_none().then(|| ("identity.json".to_owned(), own))).collect()
        }
        Format::Cloudformation => [("stack.json".to_owned(), template(config, &roles, account.is_none()))].into(),
    }
}

/// By ARN: who may assume the role, and what it may do.
pub fn documents(roles: Vec<RoleDocument>) -> Value {
    let document =
        |role: RoleDocument| (role.arn, json!({"trust_policy": role.trust, "permission_policy": role.policy}));
    Value::Object(roles.into_iter().map(document).collect())
}

/// The template: each role is made in its own account only, so that the same template goes to all. `whole`: with the policy
/// of the tool's own identity, in the hub.
fn template(config: &Config, roles: &BTreeMap<String, Vec<RoleDocument>>, whole: bool) -> Value {
    let (mut conditions, mut resources, mut parameters) = (Map::new(), Map::new(), Map::new());
    let mut here = |account: &str| {
        let name = format!("In{account}");
        conditions.insert(name.clone(), json!({"Fn::Equals": [{"Ref": "AWS::AccountId"}, account]}));
        name
    };
    for (name, documents) in roles {
        let account = config.accounts[name].id.as_str();
        for role in documents {
            let what: String =
                role.kinds.iter().next().map_or("Role", |kind| kind.word()).split(' ').map(capital).collect();
            resources.insert(format!("{what}{account}"), role_resource(role, here(account), &mut parameters));
        }
    }
    let hub = config.account(&config.platform.hub).filter(|_| whole);
    if let Some(hub) = hub {
        let policy = json!({
            "Type": "AWS::IAM::ManagedPolicy",
            "Condition": here(hub.id.as_str()),
            "Properties": {
                "ManagedPolicyName": "genkan-assume-roles",
                "Description": "What genkan's own identity may do; attach it to that",
                "PolicyDocument": identity_policy(config),
            },
        });
        resources.insert("AssumeRoles".to_owned(), policy);
    }
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The roles that genkan assumes, each in its own account",
        "Parameters": parameters,
        "Conditions": conditions,
        "Resources": resources,
    })
}

fn role_resource(role: &RoleDocument, here: String, parameters: &mut Map<String, Value>) -> Value {
    let (path, name) = path_and_name(&role.arn);
    json!({
        "Type": "AWS::IAM::Role",
        "Condition": here,
        "Properties": {
            "RoleName": name,
            "Path": path,
            "MaxSessionDuration": 3600,
            "AssumeRolePolicyDocument": with_parameters(role.trust.clone(), parameters),
            "Policies": [{"PolicyName": "genkan", "PolicyDocument": role.policy}],
            "Tags": [{"Key": MANAGED_BY_KEY, "Value": MANAGED_BY}],
        },
    })
}

/// The trust policy with the tool's own identity as parameters, whose defaults are what it says.
fn with_parameters(mut trust: Value, parameters: &mut Map<String, Value>) -> Value {
    for statement in trust["Statement"].as_array_mut().into_iter().flatten() {
        let root = statement["Principal"]["AWS"].as_str().unwrap_or_default().to_owned();
        let account = root.split(':').nth(4).unwrap_or_default();
        let parameter = json!({
            "Type": "String", "AllowedPattern": "[0-9]{12}", "Default": account,
            "Description": "The account of genkan's own identity",
        });
        parameters.insert("CallerAccount".to_owned(), parameter);
        statement["Principal"]["AWS"] = json!({"Fn::Sub": "arn:${AWS::Partition}:iam::${CallerAccount}:root"});
        let pattern = statement.pointer_mut("/Condition/ArnLike/aws:PrincipalArn");
        let Some(pattern) = pattern else { continue };
        let parameter = json!({
            "Type": "String", "AllowedPattern": "arn:.*", "Default": pattern.take(),
            "Description": "The ARN of genkan's own identity: a role or user of that account; * stands for any text",
        });
        parameters.insert("Caller".to_owned(), parameter);
        *pattern = json!({"Ref": "Caller"});
    }
    trust
}

/// The path and the name in a role's ARN.
fn path_and_name(arn: &str) -> (String, &str) {
    let whole = arn.split_once(":role/").map_or(arn, |(_, whole)| whole);
    match whole.rsplit_once('/') {
        Some((path, name)) => (format!("/{path}/"), name),
        None => ("/".to_owned(), whole),
    }
}

/// A name as a file can have it.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::config;
    use crate::config::Role;

    const CALLER: &str = "arn:aws:iam::111111111111:role/genkan";

    fn stack(config: &Config, account: Option<&str>) -> Value {
        files(config, CALLER, Format::Cloudformation, account).remove("stack.json").unwrap()
    }

    #[test]
    fn a_template_makes_each_role_in_its_own_account_and_is_within_iams_limits() {
        let mut config = config();
        config.accounts.get_mut("dev").unwrap().writer = Role("team/genkan/writer".to_owned());
        let template = stack(&config, None);
        let mut names: Vec<&String> = template["Resources"].as_object().unwrap().keys().collect();
        names.sort();
        let wanted = [
            "AssumeRoles",
            "Authoriser111111111111",
            "Reader111111111111",
            "Reader222222222222",
            "SecretReader111111111111",
            "Writer222222222222",
        ];
        assert_eq!(names, wanted);
        for (name, resource) in template["Resources"].as_object().unwrap() {
            let condition = resource["Condition"].as_str().unwrap();
            let equals = &template["Conditions"][condition]["Fn::Equals"];
            assert_eq!(equals[0], json!({"Ref": "AWS::AccountId"}));
            let account = equals[1].as_str().unwrap();
            assert!(name.ends_with(account) || name == "AssumeRoles", "{name} in {account}");
            let properties = &resource["Properties"];
            let length = |value: &Value| value.to_string().chars().filter(|c| !c.is_whitespace()).count();
            // IAM User Guide, IAM and AWS STS quotas: inline policies of a role, a trust policy, a managed policy.
            assert!(
                length(&properties["Policies"]) <= 10_240 && length(&properties["AssumeRolePolicyDocument"]) <= 2048
            );
            assert!(length(&properties["PolicyDocument"]) <= 6144);
        }
        let writer = &template["Resources"]["Writer222222222222"]["Properties"];
        assert_eq!((&writer["Path"], &writer["RoleName"]), (&json!("/team/genkan/"), &json!("writer")));
        let trust = &writer["AssumeRolePolicyDocument"]["Statement"][0];
        assert_eq!(trust["Condition"]["ArnLike"]["aws:PrincipalArn"], json!({"Ref": "Caller"}));
        assert_eq!(template["Parameters"]["Caller"]["Default"], CALLER);
        assert_eq!(template["Parameters"]["CallerAccount"]["Default"], "111111111111");
    }

    #[test]
    fn one_account_can_be_had_by_itself() {
        let config = config();
        let resources =
            stack(&config, Some("dev"))["Resources"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(resources, ["Reader222222222222", "Writer222222222222"]);
        let names = |account| files(&config, CALLER, Format::Json, account).into_keys().collect::<Vec<_>>();
        assert_eq!(names(Some("dev")), ["dev.json"]);
        assert_eq!(names(None), ["dev.json", "identity.json", "platform.json"]);
    }
}
