//! The roles that the config names, as IAM documents: who may assume each, and what it may do. The sandbox is made with
//! them, docs/roles.md shows them, `genkan doctor` says what a role lacks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::permission::{Reach, Statement, to_policy};
use super::session::role_of;
use super::trust::{self, Carried};
use super::{
    checkpoints, doctor_permissions, ecr_repository, s3_bucket, secret_permissions, source_credential, ssm_parameter,
    zone_permissions,
};
use crate::config::{Account, Config};
use crate::model::{Kind, Place, RoleKind};

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
        Kind::ZoneAssociation => zone_permissions::permissions(role, reach, None),
        Kind::SecretCopy => secret_permissions::permissions(role, reach, None),
        // The others are where projects live, and nowhere else.
        _ if !reach.is_home() => vec![],
        Kind::SsmParameter => ssm_parameter::permissions(role, reach, None),
        Kind::EcrRepository => ecr_repository::permissions(role, reach, None),
        Kind::S3Bucket => s3_bucket::permissions(role, reach, None),
        Kind::SourceCredential => source_credential::permissions(role, reach, None),
    }
}

/// Which of an account's roles the tool will assume: the reader everywhere, the writer where projects live, the
/// authoriser where a zone is, the secret reader where the source is, the auditor where checkpoints are put.
pub fn roles_in_use(config: &Config, name: &str) -> BTreeSet<RoleKind> {
    let Some(account) = config.account(name) else { return BTreeSet::new() };
    let place = Place { account: account.id.clone(), region: config.region_of(account).clone() };
    let reach = Reach { place: &place, config };
    let has_zone = config.environments.values().any(|environment| environment.platform_account == name);
    let kinds = [
        (true, RoleKind::Reader),
        (reach.is_home(), RoleKind::Writer),
        (has_zone, RoleKind::Authoriser),
        (reach.has_secret(), RoleKind::SecretReader),
        (config.audit.bucket.as_ref().is_some_and(|bucket| bucket.account == name), RoleKind::Auditor),
    ];
    kinds.into_iter().filter_map(|(is_used, kind)| is_used.then_some(kind)).collect()
}

/// Every account's roles, by the account's name. `caller` is the ARN of the identity that the tool runs under, as in
/// [`trust::trust_policy`].
pub fn role_policies(config: &Config, caller: &str) -> BTreeMap<String, Vec<RoleDocument>> {
    config.accounts.iter().map(|(name, account)| (name.clone(), roles_of(config, name, account, caller))).collect()
}

/// The policy of the tool's own identity: it may assume the roles of [`role_policies`], and nothing else.
pub fn identity_policy(config: &Config) -> Value {
    let arns = |name: &str| roles_of(config, name, &config.accounts[name], "").into_iter().map(|role| role.arn);
    let roles = config.accounts.iter().map(|(name, account)| (arns(name), Carried::from(account)));
    trust::identity_policy(roles.flat_map(|(arns, carried)| arns.map(move |arn| (arn, carried.clone()))))
}

fn roles_of(config: &Config, name: &str, account: &Account, caller: &str) -> Vec<RoleDocument> {
    let place = Place { account: account.id.clone(), region: config.region_of(account).clone() };
    let reach = Reach { place: &place, config };
    let mut roles: BTreeMap<String, BTreeSet<RoleKind>> = BTreeMap::new();
    for kind in roles_in_use(config, name) {
        roles.entry(role_of(config, account, kind).arn(&account.id, &place.region)).or_default().insert(kind);
    }
    let document = |(arn, kinds): (String, BTreeSet<RoleKind>)| RoleDocument {
        trust: trust::trust_policy(caller, &Carried::from(account)),
        policy: to_policy(&all_statements(&kinds, &reach)),
        arn,
        kinds,
    };
    roles.into_iter().map(document).collect()
}

/// What these roles together need for every kind, for the audit log's checkpoints, and for `doctor`; what two need alike is there
/// once.
pub fn all_statements(roles: &BTreeSet<RoleKind>, reach: &Reach<'_>) -> Vec<Statement> {
    let each = roles.iter().flat_map(|role| Kind::ALL.map(|kind| statements(kind, *role, reach)));
    let mut seen = BTreeSet::new();
    let checkpoints = roles.iter().flat_map(|role| checkpoints::permissions(*role, reach, None));
    let looks = roles.iter().flat_map(|role| doctor_permissions::permissions(*role, reach));
    let mut all: Vec<Statement> = each.flatten().chain(checkpoints).chain(looks).collect();
    for Statement { actions, resources, condition, .. } in &mut all {
        actions.retain(|action| seen.insert((action.clone(), resources.clone(), condition.to_string())));
    }
    all.retain(|statement| !statement.actions.is_empty());
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::permission::{merged, to_session_policy};
    use crate::aws::testing::config;
    use crate::model::Spec;
    use serde_json::json;

    /// One of each kind, with names as long as they can be.
    fn longest() -> Vec<Spec> {
        let name = "a".repeat(63);
        let specs = json!([
            {"kind": "ecr-repository", "name": "a".repeat(256)},
            {"kind": "s3-bucket", "name": name},
            {"kind": "secret-copy", "name": "a".repeat(64)},
            {"kind": "source-credential", "secret": "a".repeat(64)},
            {"kind": "ssm-parameter", "name": format!("/{name}/{name}")},
            {"kind": "zone-association", "zone_id": "Z".repeat(32), "zone_name": name, "zone_account": "111111111111",
             "vpc_id": "vpc-0123456789abcdef0", "vpc_region": "ap-northeast-1"},
        ]);
        serde_json::from_value(specs).unwrap()
    }

    fn of_step(spec: &Spec, role: RoleKind, reach: &Reach<'_>) -> Vec<Statement> {
        match spec {
            Spec::EcrRepository(spec) => ecr_repository::permissions(role, reach, Some(spec)),
            Spec::S3Bucket(spec) => s3_bucket::permissions(role, reach, Some(spec)),
            Spec::SecretCopy(spec) => secret_permissions::permissions(role, reach, Some(spec)),
            Spec::SourceCredential(spec) => source_credential::permissions(role, reach, Some(spec)),
            Spec::SsmParameter(spec) => ssm_parameter::permissions(role, reach, Some(spec)),
            Spec::ZoneAssociation(spec) => zone_permissions::permissions(role, reach, Some(spec)),
        }
    }

    fn place() -> Place {
        Place { account: "222222222222".parse().unwrap(), region: "ap-northeast-1".parse().unwrap() }
    }

    #[test]
    fn every_steps_session_policy_is_short_enough() {
        let (config, place) = (config(), place());
        let reach = Reach { place: &place, config: &config };
        for spec in longest() {
            for role in [RoleKind::Writer, RoleKind::Authoriser, RoleKind::SecretReader] {
                let length = to_session_policy(&merged(&of_step(&spec, role, &reach))).len();
                assert!(length <= 2048, "{:?} {role:?}: {length}", spec.kind());
            }
        }
    }

    #[test]
    fn a_step_is_never_allowed_an_action_that_its_role_has_not() {
        let (config, place) = (config(), place());
        let reach = Reach { place: &place, config: &config };
        for spec in longest() {
            for role in [RoleKind::Reader, RoleKind::Writer] {
                let actions = |statements: Vec<Statement>| -> BTreeSet<String> {
                    statements.into_iter().flat_map(|statement| statement.actions).collect()
                };
                let of_role = actions(statements(spec.kind(), role, &reach));
                let of_step = actions(of_step(&spec, role, &reach));
                assert!(of_step.is_subset(&of_role), "{:?} {role:?}: {of_step:?} {of_role:?}", spec.kind());
            }
        }
    }

    #[test]
    fn each_account_has_the_roles_that_are_used_there_and_no_other() {
        let config = config();
        let roles = role_policies(&config, "arn:aws:iam::111111111111:role/genkan");
        let names =
            |account: &str| -> Vec<String> { roles[account].iter().map(|role| role.name().to_owned()).collect() };
        assert_eq!(names("platform"), ["genkan-authoriser", "genkan-reader", "genkan-secret-reader"]);
        assert_eq!(names("dev"), ["genkan-reader", "genkan-writer"]);
        let reader = roles["platform"].iter().find(|role| role.name() == "genkan-reader").unwrap();
        assert!(!reader.policy.to_string().contains("GetSecretValue"), "who looks does not read the secret's value");
        let authoriser = roles["platform"].iter().find(|role| role.name() == "genkan-authoriser").unwrap();
        assert_eq!(authoriser.policy["Statement"][0]["Resource"], "arn:aws:route53:::hostedzone/Z0DEV");
        assert_eq!(authoriser.policy["Statement"].as_array().unwrap().len(), 1, "it authorises and withdraws, no more");
    }

    #[test]
    fn a_handshakes_sessions_are_for_one_vpc() {
        let (config, place) = (config(), place());
        let reach = Reach { place: &place, config: &config };
        let spec = longest().pop().unwrap();
        let policy = to_policy(&of_step(&spec, RoleKind::Writer, &reach));
        let condition = &policy["Statement"][0]["Condition"]["StringLike"]["route53:VPCs"];
        assert_eq!(condition, "VPCId=vpc-0123456789abcdef0,VPCRegion=ap-northeast-1");
        let vpc = "arn:aws:ec2:ap-northeast-1:222222222222:vpc/vpc-0123456789abcdef0";
        assert_eq!(policy["Statement"][1]["Resource"], vpc);
    }
}
