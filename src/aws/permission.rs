//! What may be done: IAM statements as values, from which session policies and the roles' policies are both made.
//!
//! Each kind's file has one table,
//! `pub fn permissions(role: RoleKind, reach: &Reach, spec: Option<&ITS_SPEC>) -> Vec<Statement>`:
//! what that role needs for that kind. With a spec the resources are that step's exact ARNs (this becomes the session
//! policy of a step); without one they are the widest that the config implies, with [`Reach::project_names`] where a
//! name begins with the project's (this becomes the role's own policy). A role that a kind does not use gets none.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::tags::{MANAGED_BY, MANAGED_BY_KEY};
use crate::config::Config;
use crate::config::accounts::partition;
use crate::model::{AccountId, Place};

/// One statement of an IAM policy that allows something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// What it is for, letters and digits only: `ZoneAssociationAuthorise`.
    pub sid: String,
    /// The actions, by their IAM names (`s3:PutBucketCORS`, not the operation's name).
    pub actions: Vec<String>,
    /// The resources, ARNs or `*`.
    pub resources: Vec<String>,
    /// The condition block, or null.
    pub condition: Value,
}

impl Statement {
    /// A statement without a condition.
    pub fn new(sid: &str, actions: &[&str], resources: &[&str]) -> Self {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        Self { sid: sid.to_owned(), actions: owned(actions), resources: owned(resources), condition: Value::Null }
    }

    /// The same under a condition block, `{"StringEquals": {…}}`.
    #[must_use]
    pub fn when(self, condition: Value) -> Self {
        Self { condition, ..self }
    }

    /// The statement as IAM writes it.
    pub fn to_json(&self) -> Value {
        let mut fields = self.without_sid();
        fields.insert("Sid".to_owned(), json!(self.sid));
        Value::Object(fields)
    }

    fn without_sid(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert("Effect".to_owned(), json!("Allow"));
        fields.insert("Action".to_owned(), one_or_all(&self.actions));
        fields.insert("Resource".to_owned(), one_or_all(&self.resources));
        if !self.condition.is_null() {
            fields.insert("Condition".to_owned(), self.condition.clone());
        }
        fields
    }
}

/// The condition that what is touched carries our mark.
pub(super) fn is_marked() -> Value {
    json!({"StringEquals": {format!("aws:ResourceTag/{MANAGED_BY_KEY}"): MANAGED_BY}})
}

/// The condition that what is made or tagged gets our mark.
pub(super) fn gets_marked() -> Value {
    json!({"StringEquals": {format!("aws:RequestTag/{MANAGED_BY_KEY}"): MANAGED_BY}})
}

/// IAM takes a single text where a list has one entry.
fn one_or_all(texts: &[String]) -> Value {
    match texts {
        [one] => json!(one),
        all => json!(all),
    }
}

/// A policy document of these statements, for a role.
pub fn to_policy(statements: &[Statement]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements.iter().map(Statement::to_json).collect::<Vec<_>>()})
}

/// The same for a session, as short as can be: at most 2048 characters are allowed (STS API Reference, AssumeRole).
pub fn to_session_policy(statements: &[Statement]) -> String {
    let statements: Vec<Value> = statements.iter().map(|statement| Value::Object(statement.without_sid())).collect();
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// The same statements in fewer words, always in the same order: what has the same condition and is allowed on the same
/// resources, or is the same on several, is one.
pub fn merged(statements: &[Statement]) -> Vec<Statement> {
    let mut actions: BTreeMap<(String, BTreeSet<&str>), BTreeSet<&str>> = BTreeMap::new();
    for statement in statements {
        let resources = statement.resources.iter().map(String::as_str).collect();
        let all = actions.entry((statement.condition.to_string(), resources)).or_default();
        all.extend(statement.actions.iter().map(String::as_str));
    }
    let mut resources: BTreeMap<(String, BTreeSet<&str>), BTreeSet<&str>> = BTreeMap::new();
    for ((condition, on), what) in actions {
        resources.entry((condition, what)).or_default().extend(on);
    }
    let owned = |texts: BTreeSet<&str>| texts.into_iter().map(str::to_owned).collect();
    let statement = |((condition, actions), resources): ((String, BTreeSet<&str>), BTreeSet<&str>)| Statement {
        sid: String::new(),
        actions: owned(actions),
        resources: owned(resources),
        condition: serde_json::from_str(&condition).unwrap_or_default(),
    };
    resources.into_iter().map(statement).collect()
}

/// Where a kind's permissions reach: an account and region, and the config for what a name may be.
#[derive(Debug, Clone, Copy)]
pub struct Reach<'a> {
    /// The account and region of the resource (for an authoriser: of the zone's account; for a secret reader: of the source's).
    pub place: &'a Place,
    /// What the operator configured.
    pub config: &'a Config,
}

impl<'a> Reach<'a> {
    /// `aws`, `aws-cn` …
    pub fn partition(&self) -> &'static str {
        partition(&self.place.region)
    }

    /// The account.
    pub fn account(&self) -> &'a AccountId {
        &self.place.account
    }

    /// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`
    pub fn arn(&self, service: &str, resource: &str) -> String {
        let Place { account, region } = self.place;
        format!("arn:{}:{service}:{region}:{account}:{resource}", self.partition())
    }

    /// `arn:PARTITION:SERVICE:::RESOURCE`, as S3 buckets and hosted zones have it.
    pub fn bare_arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:::{resource}", self.partition())
    }

    /// Whether projects live in this account.
    pub fn is_home(&self) -> bool {
        self.config.environments.values().any(|environment| {
            let mut accounts = environment.account.iter().chain(environment.accounts.values());
            accounts.any(|name| self.is(name))
        })
    }

    /// Whether the account that the config calls so is this one.
    pub fn is(&self, name: &str) -> bool {
        self.config.account(name).is_some_and(|account| account.id == *self.account())
    }

    /// Whether the secret's source is in this account.
    pub fn has_secret(&self) -> bool {
        self.config.secret_account().is_some_and(|(_, account)| account.id == *self.account())
    }

    /// What the name of any project's resource looks like: the configured prefix of project names, then anything.
    pub fn project_names(&self) -> String {
        format!("{}*", self.config.names.project_prefix)
    }
}
