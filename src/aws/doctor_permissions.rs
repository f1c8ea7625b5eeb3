//! What each account's reader needs beyond what the kinds look at: for `genkan doctor` alone.
//!
//! Resources: Service Authorization Reference for IAM (simulating is allowed on the role whose policies are simulated),
//! Amazon Route 53 and KMS.

use std::collections::BTreeSet;

use super::permission::{Reach, Statement};
use super::roles::roles_in_use;
use super::session::role_of;
use super::zone_permissions::own_zones;
use crate::model::RoleKind;

/// See [`super::permission`]. Nothing of it is needed to onboard: without it doctor sees less, and says so.
pub(super) fn permissions(role: RoleKind, reach: &Reach<'_>) -> Vec<Statement> {
    let Some((name, account)) = reach.config.account_by_id(reach.account()).filter(|_| role == RoleKind::Reader) else {
        return vec![];
    };
    let on = |sid, action, arns: &BTreeSet<String>| {
        let arns: Vec<&str> = arns.iter().map(String::as_str).collect();
        (!arns.is_empty()).then(|| Statement::new(sid, &[action], &arns))
    };
    let kinds = roles_in_use(reach.config, name).into_iter();
    let roles = kinds.map(|kind| role_of(reach.config, account, kind).arn(&account.id, &reach.place.region)).collect();
    let holds_secret = reach.config.secret_account().is_some_and(|(holder, _)| holder == name);
    let keys = holds_secret.then(|| reach.arn("kms", "key/*")).into_iter().collect();
    [
        on("DoctorSimulate", "iam:SimulatePrincipalPolicy", &roles),
        on("DoctorZoneLimit", "route53:GetHostedZoneLimit", &own_zones(reach)),
        on("DoctorSecretKey", "kms:DescribeKey", &keys),
    ]
    .into_iter()
    .flatten()
    .collect()
}
