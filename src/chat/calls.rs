//! Which AWS calls a step with a gate will make, under which role in which account: what an approver says yes to.
//!
//! They are those of `aws/zone_association.rs`, `aws/s3_bucket.rs` and `aws/ecr_repository.rs`; a test holds them against what
//! the local AWS is asked. Calls that only look are left out.

use crate::config::{Account, Config};
use crate::model::resource::ZoneAssociation;
use crate::model::{AccountId, Action, Spec, Step};

/// One call, or one sort of call that is repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// IAM's name of it: `service:Action`.
    pub action: &'static str,
    /// The role.
    pub role: String,
    /// The account that the role is in.
    pub account: AccountId,
    /// The catalogue's key for when it is made, where that is not always.
    pub only: Option<&'static str>,
}

/// The calls that a step will make to change something, in order. Empty for one that no gate can have.
pub fn calls(step: &Step, config: &Config) -> Vec<Call> {
    let own = &step.desired.place.account;
    let writer = |action, only| call(config, own, |account| &account.writer.0, action, only);
    let is_full = matches!(&step.action, Action::Remove { contents } if !contents.is_empty());
    match &step.desired.spec {
        Spec::ZoneAssociation(zone) => of_zone(zone, step, config),
        Spec::S3Bucket(_) if is_full => vec![
            writer("s3:DeleteObjectVersion", None),
            writer("s3:AbortMultipartUpload", Some("call.uploads")),
            writer("s3:DeleteBucket", None),
        ],
        Spec::EcrRepository(_) if is_full => vec![writer("ecr:DeleteRepository", Some("call.force"))],
        _ => vec![],
    }
}

fn of_zone(zone: &ZoneAssociation, step: &Step, config: &Config) -> Vec<Call> {
    let own = &step.desired.place.account;
    let writer = |action, only| Some(call(config, own, |account| &account.writer.0, action, only));
    // One account that has both needs no authorisation.
    let authoriser = |action, only| {
        let crosses = zone.zone_account != *own;
        crosses.then(|| call(config, &zone.zone_account, |account| &account.authoriser.0, action, only))
    };
    let differs = |field: &str| match &step.action {
        Action::Create => true,
        Action::Update { changes } | Action::Adopt { changes } => changes.iter().any(|change| change.field == field),
        _ => false,
    };
    let dns = |only| differs("vpc_dns").then(|| writer("ec2:ModifyVpcAttribute", only)).flatten();
    let calls = match &step.action {
        Action::Remove { .. } => vec![
            writer("route53:DisassociateVPCFromHostedZone", None),
            authoriser("route53:DeleteVPCAssociationAuthorization", Some("call.open")),
        ],
        _ if differs("associated") => vec![
            dns(Some("call.dns")),
            authoriser("route53:CreateVPCAssociationAuthorization", None),
            writer("route53:AssociateVPCWithHostedZone", None),
            authoriser("route53:DeleteVPCAssociationAuthorization", None),
        ],
        _ => vec![
            differs("authorisation_open")
                .then(|| authoriser("route53:DeleteVPCAssociationAuthorization", None))
                .flatten(),
            dns(None),
        ],
    };
    calls.into_iter().flatten().collect()
}

fn call(
    config: &Config,
    account: &AccountId,
    role: impl Fn(&Account) -> &String,
    action: &'static str,
    only: Option<&'static str>,
) -> Call {
    let role = config.account_by_id(account).map_or_else(String::new, |(_, account)| role(account).clone());
    Call { action, role, account: account.clone(), only }
}
