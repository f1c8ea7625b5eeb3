//! The roles that the config names, as IAM documents: who may assume each, and what it may do. `genkan policies render`
//! prints them, the sandbox is made with them, `genkan doctor` says which is missing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::hand::RoleKind;
use super::permission::{Reach, Statement, to_policy};
use super::session::role_of;
use super::trust::trust_policy;
use super::{ecr_repository, s3_bucket, secret_copy, source_credential, ssm_parameter, zone_permissions};
use crate::config::{Account, Config};
use crate::model::{Kind, Place};

/// One role of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleDocument {
    /// The role's ARN.
    pub arn: String,
    /// What for; more than one where the config names one role for several.
    pub kinds: BTreeSet<RoleKind>,
    /// Who may assume it.
    pub trust: Value,
    /// What it may do.
    pub policy: Value,
}

impl RoleDocument {
    /// The role's name, without its path.
    pub fn name(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or(&self.arn)
    }
}

/// What a role needs for one kind of resource; see [`super::permission`].
pub fn statements(kind: Kind, role: RoleKind, reach: &Reach<'_>) -> Vec<Statement> {
    match kind {
        Kind::SsmParameter => ssm_parameter::permissions(role, reach, None),
        Kind::ZoneAssociation => zone_permissions::permissions(role, reach, None),
        Kind::EcrRepository => ecr_repository::permissions(role, reach, None),
        Kind::S3Bucket => s3_bucket::permissions(role, reach, None),
        Kind::SecretCopy => secret_copy::permissions(role, reach, None),
        Kind::SourceCredential => source_credential::permissions(role, reach, None),
    }
}

/// Which of an account's roles the tool will assume: the reader everywhere, the writer where projects live, the
/// authoriser where a zone is, the secret reader where the source is.
pub fn roles_in_use(config: &Config, name: &str) -> BTreeSet<RoleKind> {
    let mut kinds = BTreeSet::from([RoleKind::Reader]);
    let environments = || config.environments.values();
    if environments().any(|one| one.account.iter().chain(one.accounts.values()).any(|account| account == name)) {
        kinds.insert(RoleKind::Writer);
    }
    if environments().any(|one| one.platform_account == name) {
        kinds.insert(RoleKind::Authoriser);
    }
    if config.secret_account().is_some_and(|(account, _)| account == name) {
        kinds.insert(RoleKind::SecretReader);
    }
    kinds
}

/// Every account's roles, by the account's name. `caller` is the ARN of the identity that the tool runs under, as in
/// [`trust_policy`].
pub fn role_policies(config: &Config, caller: &str) -> BTreeMap<String, Vec<RoleDocument>> {
    config.accounts.iter().map(|(name, account)| (name.clone(), roles_of(config, name, account, caller))).collect()
}

fn roles_of(config: &Config, name: &str, account: &Account, caller: &str) -> Vec<RoleDocument> {
    let place = Place { account: account.id.clone(), region: config.region_of(account).clone() };
    let reach = Reach { place: &place, config };
    let mut roles: BTreeMap<String, BTreeSet<RoleKind>> = BTreeMap::new();
    for kind in roles_in_use(config, name) {
        roles.entry(role_of(config, account, kind).arn(&account.id, &place.region)).or_default().insert(kind);
    }
    let document = |(arn, kinds): (String, BTreeSet<RoleKind>)| RoleDocument {
        trust: trust_policy(caller, account.external_id.as_deref(), account.session_tags, account.source_identity),
        policy: to_policy(&all_statements(&kinds, &reach)),
        arn,
        kinds,
    };
    roles.into_iter().map(document).collect()
}

/// What these roles together need for every kind.
pub fn all_statements(roles: &BTreeSet<RoleKind>, reach: &Reach<'_>) -> Vec<Statement> {
    let each = roles.iter().flat_map(|role| Kind::ALL.map(|kind| statements(kind, *role, reach)));
    each.flatten().collect()
}
