//! What AWS looks like, for the drawer of the sandbox's page: the local AWS's inventory as a document, account by account.

use serde_json::{Value, json};

use crate::config::Config;
use crate::sandbox::Inventory;

/// How an inventory's lines begin, and what people call such a thing. Roles, users and policies are not shown: they are the
/// platform's own, and never change.
const KINDS: [(&str, &str); 9] = [
    ("secret ", "secret"),
    ("codebuild source credential ", "source credential"),
    ("ecr repository ", "ECR repository"),
    ("s3 bucket ", "S3 bucket"),
    ("ssm parameter ", "SSM parameter"),
    ("ec2 vpc ", "VPC"),
    ("route53 zone ", "hosted zone"),
    ("route53 association ", "zone association"),
    ("route53 open authorisation ", "open authorisation"),
];

/// `{"accounts":[{"id","name","resources":[{"kind","name","detail"}]}]}`, projects' accounts and platform's by the config's names.
pub(super) fn document(config: &Config, inventory: &Inventory) -> Value {
    let accounts: Vec<Value> = config
        .accounts
        .iter()
        .map(|(name, account)| {
            let lines = inventory.0.get(account.id.as_str()).into_iter().flatten();
            let resources: Vec<Value> = lines.filter_map(|line| resource(line)).collect();
            json!({"id": account.id, "name": name, "resources": resources})
        })
        .collect();
    json!({"accounts": accounts})
}

/// One line as a resource; none for what is not shown.
fn resource(line: &str) -> Option<Value> {
    let (begins, kind) = KINDS.iter().find(|(begins, _)| line.starts_with(begins))?;
    let rest = &line[begins.len()..];
    let (name, detail) = rest.split_once(' ').unwrap_or((rest, ""));
    // A credential's name is its ARN, of which the end says all: `token/github`.
    let name = name.rsplit_once(":token/").map_or(name, |(_, token)| token);
    if begins.starts_with("route53 ") && *kind != "hosted zone" {
        // A zone has one for each VPC: together they name it.
        return Some(json!({"kind": kind, "name": detail, "detail": format!("with {name}")}));
    }
    Some(json!({"kind": kind, "name": name, "detail": detail}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_becomes_kind_name_and_detail() {
        assert_eq!(
            resource("s3 bucket project-x-dev objects 3"),
            Some(json!({"kind": "S3 bucket", "name": "project-x-dev", "detail": "objects 3"}))
        );
        assert_eq!(
            resource("route53 association Z1 vpc-1"),
            Some(json!({"kind": "zone association", "name": "vpc-1", "detail": "with Z1"}))
        );
        assert_eq!(resource("iam role genkan-reader"), None);
    }
}
