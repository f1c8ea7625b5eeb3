//! What each role needs for the handshake between a VPC and a private hosted zone.
//!
//! Resources and condition keys: Service Authorization Reference, Amazon Route 53; Route 53 Developer Guide, using IAM
//! policy conditions (the form of `route53:VPCs`: lower-case values, no space). Associating is checked against the
//! zone's ARN and the VPC's.

use std::collections::BTreeSet;

use serde_json::json;

use super::permission::{Reach, Statement};
use crate::model::RoleKind;
use crate::model::resource::ZoneAssociation;

/// See [`super::permission`].
pub(super) fn permissions(role: RoleKind, reach: &Reach<'_>, spec: Option<&ZoneAssociation>) -> Vec<Statement> {
    match role {
        RoleKind::Reader => reader(reach),
        RoleKind::Writer => writer(reach, spec),
        RoleKind::Authoriser => authoriser(reach, spec),
        RoleKind::SecretReader | RoleKind::Auditor => vec![],
    }
}

fn reader(reach: &Reach<'_>) -> Vec<Statement> {
    let vpcs = if reach.is_home() { vec![vpc_look()] } else { vec![] };
    let own = own_zones(reach);
    let zones = (!own.is_empty()).then(|| zone_look(&own));
    // `genkan doctor` looks at the zone itself.
    let itself = (!own.is_empty()).then(|| Statement::new("ZoneLook", &["route53:GetHostedZone"], &texts(&own)));
    vpcs.into_iter().chain(zones).chain(itself).collect()
}

/// What it takes in that account to look at an association: at the VPC where it is (`has_vpc`), at the zone where that is.
pub(super) fn looks(reach: &Reach<'_>, spec: &ZoneAssociation, has_vpc: bool) -> Vec<Statement> {
    let is_zones = spec.zone_account == *reach.account();
    let zone = is_zones.then(|| zone_look(&[zone_arn(reach, spec.zone_id.as_str())].into()));
    has_vpc.then(vpc_look).into_iter().chain(zone).collect()
}

fn vpc_look() -> Statement {
    let actions = ["route53:ListHostedZonesByVPC", "ec2:DescribeVpcs", "ec2:DescribeVpcAttribute"];
    Statement::new("ZoneAssociationLook", &actions, &["*"])
}

fn zone_look(zones: &BTreeSet<String>) -> Statement {
    Statement::new("ZoneAuthorisationLook", &["route53:ListVPCAssociationAuthorizations"], &texts(zones))
}

fn writer(reach: &Reach<'_>, spec: Option<&ZoneAssociation>) -> Vec<Statement> {
    let zones = spec.map_or_else(|| projects_zones(reach), |spec| [zone_arn(reach, spec.zone_id.as_str())].into());
    if zones.is_empty() {
        return vec![];
    }
    let vpc = spec.and_then(|spec| spec.vpc_id.as_ref()).map_or("*", |vpc| vpc.as_str());
    let vpc = reach.arn("ec2", &format!("vpc/{vpc}"));
    let associate = ["route53:AssociateVPCWithHostedZone", "route53:DisassociateVPCFromHostedZone"];
    let on_vpc = [associate[0], associate[1], "ec2:ModifyVpcAttribute"];
    vec![
        for_vpc(Statement::new("ZoneAssociation", &associate, &texts(&zones)), spec),
        Statement::new("ZoneAssociationVpc", &on_vpc, &[&vpc]),
        Statement::new("ZoneAssociationVpcLook", &["ec2:DescribeVpcs"], &["*"]),
    ]
}

fn authoriser(reach: &Reach<'_>, spec: Option<&ZoneAssociation>) -> Vec<Statement> {
    let zones = spec.map_or_else(|| own_zones(reach), |spec| [zone_arn(reach, spec.zone_id.as_str())].into());
    if zones.is_empty() {
        return vec![];
    }
    let actions = ["route53:CreateVPCAssociationAuthorization", "route53:DeleteVPCAssociationAuthorization"];
    vec![for_vpc(Statement::new("ZoneAuthorisation", &actions, &texts(&zones)), spec)]
}

/// The statement for that one VPC, where it is known.
fn for_vpc(statement: Statement, spec: Option<&ZoneAssociation>) -> Statement {
    let known = spec.and_then(|spec| Some((spec.vpc_id.as_ref()?, &spec.vpc_region)));
    match known {
        Some((vpc, region)) => {
            let value = format!("VPCId={vpc},VPCRegion={region}");
            statement.when(json!({"StringLike": {"route53:VPCs": value}}))
        }
        None => statement,
    }
}

fn zone_arn(reach: &Reach<'_>, zone: &str) -> String {
    reach.bare_arn("route53", &format!("hostedzone/{zone}"))
}

/// The zones that this account owns.
fn own_zones(reach: &Reach<'_>) -> BTreeSet<String> {
    let config = reach.config;
    let owns = |name: &str| config.account(name).is_some_and(|account| account.id == *reach.account());
    let zones = config.environments.values().filter(|environment| owns(&environment.platform_account));
    zones.map(|environment| zone_arn(reach, environment.zone.id.as_str())).collect()
}

/// The zones that projects in this account are associated with.
fn projects_zones(reach: &Reach<'_>) -> BTreeSet<String> {
    let config = reach.config;
    let is_this = |name: &String| config.account(name).is_some_and(|account| account.id == *reach.account());
    let zones = config
        .environments
        .values()
        .filter(|environment| environment.account.iter().chain(environment.accounts.values()).any(is_this));
    zones.map(|environment| zone_arn(reach, environment.zone.id.as_str())).collect()
}

fn texts(arns: &BTreeSet<String>) -> Vec<&str> {
    arns.iter().map(String::as_str).collect()
}
