//! Trust policies: who may assume a role of this tool's and under which conditions; and what the tool's own identity may do.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::config::Account;

/// What every session in an account carries besides its name and what it may do, as the config says of the account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Carried {
    /// The `sts:ExternalId`, if its roles ask for one.
    pub external_id: Option<String>,
    /// Tags: request, step, approvers, digest.
    pub tags: bool,
    /// A source identity: who asked.
    pub source_identity: bool,
}

impl From<&Account> for Carried {
    fn from(account: &Account) -> Self {
        let external_id = account.external_id.clone();
        Self { external_id, tags: account.session_tags, source_identity: account.source_identity }
    }
}

/// The trust policy of a role that this tool assumes. `caller` is the ARN of the tool's own identity: a role, a user,
/// an account's root, or what `sts:GetCallerIdentity` shows (`…:assumed-role/NAME/SESSION`), also with `*` in it.
/// It asks for all that sessions carry.
///
/// The principal is always the identity's account, and which identity of it a condition: a role that is named as the principal
/// is stored as its unique id, and trusted no more once it was deleted and made again; and it takes no `*`, nor shows the
/// path that roles of IAM Identity Center have (IAM User Guide, AWS JSON policy elements: Principal). Keys of the
/// conditions: Service Authorization Reference, AWS Security Token Service.
pub fn trust_policy(caller: &str, carried: &Carried) -> Value {
    let (principal, pattern) = principal_of(caller);
    let mut always = Map::new();
    if let Some(pattern) = pattern {
        always.insert("ArnLike".to_owned(), json!({"aws:PrincipalArn": pattern}));
    }
    let mut assume = always.clone();
    assume.extend(conditions(carried));
    let statement = |action: &str, condition: Map<String, Value>| {
        let mut statement = json!({
            "Sid": action.trim_start_matches("sts:"),
            "Effect": "Allow",
            "Principal": {"AWS": principal},
            "Action": action,
        });
        if !condition.is_empty() {
            statement["Condition"] = Value::Object(condition);
        }
        statement
    };
    let mut statements = vec![statement("sts:AssumeRole", assume)];
    statements.extend(more_actions(carried).map(|action| statement(action, always.clone())));
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// The policy of the tool's own identity: it may assume exactly these roles, as it always does, and nothing else.
pub fn identity_policy(roles: impl IntoIterator<Item = (String, Carried)>) -> Value {
    let mut alike: BTreeMap<Carried, Vec<String>> = BTreeMap::new();
    for (arn, carried) in roles {
        alike.entry(carried).or_default().push(arn);
    }
    let mut statements = Vec::new();
    for (number, (carried, arns)) in alike.into_iter().enumerate() {
        let number = if number == 0 { String::new() } else { (number + 1).to_string() };
        statements.push(json!({
            "Sid": format!("AssumeRole{number}"),
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": arns,
            "Condition": conditions(&carried),
        }));
        let more: Vec<&str> = more_actions(&carried).collect();
        if !more.is_empty() {
            let sid = format!("SayWho{number}");
            statements.push(json!({"Sid": sid, "Effect": "Allow", "Action": more, "Resource": arns}));
        }
    }
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// What every AssumeRole of the tool in that account fulfils.
fn conditions(carried: &Carried) -> Map<String, Value> {
    let mut conditions = Map::new();
    conditions.insert("StringLike".to_owned(), json!({"sts:RoleSessionName": "genkan-*"}));
    if let Some(id) = &carried.external_id {
        conditions.insert("StringEquals".to_owned(), json!({"sts:ExternalId": id}));
    }
    let mut given = Map::new();
    if carried.source_identity {
        given.insert("sts:SourceIdentity".to_owned(), json!("false"));
    }
    if carried.tags {
        let tags = ["request", "step", "approvers", "digest"];
        given.extend(tags.map(|tag| (format!("aws:RequestTag/genkan:{tag}"), json!("false"))));
    }
    if !given.is_empty() {
        conditions.insert("Null".to_owned(), Value::Object(given));
    }
    conditions
}

/// What else an AssumeRole takes that carries tags and a source identity.
fn more_actions(carried: &Carried) -> impl Iterator<Item = &'static str> {
    let actions = [(carried.tags, "sts:TagSession"), (carried.source_identity, "sts:SetSourceIdentity")];
    actions.into_iter().filter_map(|(is_used, action)| is_used.then_some(action))
}

/// The account to name as the principal, and the pattern that `aws:PrincipalArn` has to match; none for the whole account.
fn principal_of(caller: &str) -> (String, Option<String>) {
    let parts: Vec<&str> = caller.splitn(6, ':').collect();
    let [_, partition, service, _, account, resource] = parts[..] else { return (caller.to_owned(), None) };
    let root = format!("arn:{partition}:iam::{account}:root");
    let role = resource.strip_prefix("assumed-role/").and_then(|rest| rest.split('/').next());
    let pattern = match (service, role) {
        // Only these have a path that is known.
        ("sts", Some(name)) if name.starts_with("AWSReservedSSO_") => {
            Some(format!("arn:{partition}:iam::{account}:role/aws-reserved/sso.amazonaws.com/*{name}"))
        }
        ("sts", Some(name)) => Some(format!("arn:{partition}:iam::{account}:role/{name}")),
        _ if caller == root => None,
        _ => Some(caller.to_owned()),
    };
    (root, pattern)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::config;

    fn trusted(caller: &str, change: impl FnOnce(&mut Account)) -> Value {
        let mut account = config().accounts["dev"].clone();
        change(&mut account);
        trust_policy(caller, &Carried::from(&account))
    }

    #[test]
    fn a_trust_policy_asks_for_all_that_a_session_carries() {
        let policy = trusted("arn:aws:sts::111111111111:assumed-role/genkan/i-0abc", |_| {});
        let statement = &policy["Statement"][0];
        assert_eq!(statement["Principal"]["AWS"], "arn:aws:iam::111111111111:root");
        let wanted = json!({
            "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/genkan"},
            "StringEquals": {"sts:ExternalId": "genkan-test"},
            "StringLike": {"sts:RoleSessionName": "genkan-*"},
            "Null": {
                "sts:SourceIdentity": "false",
                "aws:RequestTag/genkan:request": "false",
                "aws:RequestTag/genkan:step": "false",
                "aws:RequestTag/genkan:approvers": "false",
                "aws:RequestTag/genkan:digest": "false",
            },
        });
        assert_eq!(statement["Condition"], wanted);
        let actions: Vec<&Value> = policy["Statement"].as_array().unwrap().iter().map(|one| &one["Action"]).collect();
        assert_eq!(actions, ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]);
    }

    #[test]
    fn what_the_config_does_not_let_sessions_carry_is_not_asked_for() {
        let policy = trusted("arn:aws:iam::111111111111:root", |account| {
            (account.session_tags, account.source_identity, account.external_id) = (false, false, None);
        });
        let statement = json!({
            "Sid": "AssumeRole", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
            "Action": "sts:AssumeRole", "Condition": {"StringLike": {"sts:RoleSessionName": "genkan-*"}},
        });
        assert_eq!(policy["Statement"], json!([statement]));
    }

    #[test]
    fn a_pattern_and_a_path_that_is_not_seen_are_conditions_on_the_account() {
        let statement = &trusted("arn:aws:iam::111111111111:role/genkan-*", |_| {})["Statement"][0];
        assert_eq!(statement["Condition"]["ArnLike"]["aws:PrincipalArn"], "arn:aws:iam::111111111111:role/genkan-*");
        let caller = "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_Ops_0a1b/aiko@example.com";
        let statement = &trusted(caller, |_| {})["Statement"][0];
        assert_eq!(statement["Principal"]["AWS"], "arn:aws:iam::111111111111:root");
        let pattern = statement["Condition"]["ArnLike"]["aws:PrincipalArn"].as_str().unwrap();
        assert!(pattern.ends_with("*AWSReservedSSO_Ops_0a1b"), "{pattern}");
    }

    #[test]
    fn the_tool_may_assume_these_roles_as_it_does_and_nothing_else() {
        let config = config();
        let roles = config.accounts.iter();
        let roles = roles.map(|(name, account)| (format!("arn:aws:iam::{}:role/{name}", account.id), account.into()));
        let policy = identity_policy(roles);
        let said: Vec<(&Value, &Value)> =
            policy["Statement"].as_array().unwrap().iter().map(|one| (&one["Action"], &one["Resource"])).collect();
        let (dev, platform) =
            (json!(["arn:aws:iam::222222222222:role/dev"]), json!(["arn:aws:iam::111111111111:role/platform"]));
        let actions = [json!("sts:AssumeRole"), json!(["sts:TagSession", "sts:SetSourceIdentity"])];
        let each = |arns| actions.iter().map(move |action| (action, arns));
        assert_eq!(said, each(&platform).chain(each(&dev)).collect::<Vec<_>>());
        assert_eq!(policy["Statement"][2]["Condition"]["StringEquals"]["sts:ExternalId"], "genkan-test");
    }
}
