//! What IAM must allow for each call of Route 53 (Service Authorization Reference; Route 53 Developer Guide, specifying conditions).

use awsim_core::{IamCheck, RequestContext};
use serde_json::Value;

use super::super::common::{Check, many, text};
use super::super::ec2::Vpcs;
use super::state::{bare_id, normal_name};

/// The checks of one call. Associations are checked twice: on the zone, and on the VPC's ARN, where Route 53 turns
/// a denial into `NotAuthorizedException` 401.
pub(super) fn checks(operation: &str, input: &Value, ctx: &RequestContext, vpcs: &Vpcs) -> Vec<IamCheck> {
    let action = format!("route53:{operation}");
    let arn = |rest: &str| format!("arn:{}:route53:::{rest}", ctx.partition);
    let zone = arn(&format!("hostedzone/{}", text(input, "Id").map_or("", bare_id)));
    let describe_vpcs = || Check::new("ec2:DescribeVpcs", "*").done();
    match operation {
        "ListHostedZones" | "ListHostedZonesByName" | "GetHostedZoneCount" => vec![Check::new(action, "*").done()],
        "GetChange" => {
            vec![Check::new(action, arn(&format!("change/{}", text(input, "Id").map_or("", bare_id)))).done()]
        }
        "CreateHostedZone" => {
            let mut checks =
                vec![Check::new(action, "*").key("route53:VPCs", named(&input["VPC"], "VPCId", "VPCRegion")).done()];
            if input["VPC"].is_object() {
                checks.push(describe_vpcs());
            }
            checks
        }
        "ListHostedZonesByVPC" => {
            let check = Check::new(action, "*").key("route53:VPCs", named(input, "vpcid", "vpcregion"));
            vec![check.done(), describe_vpcs()]
        }
        "CreateVPCAssociationAuthorization" | "DeleteVPCAssociationAuthorization" => {
            vec![Check::new(action, zone).key("route53:VPCs", named(&input["VPC"], "VPCId", "VPCRegion")).done()]
        }
        "AssociateVPCWithHostedZone" | "DisassociateVPCFromHostedZone" => {
            let (id, region) = (text(&input["VPC"], "VPCId"), text(&input["VPC"], "VPCRegion"));
            let (id, region) = (id.unwrap_or_default(), region.unwrap_or_default());
            let vpcs_key = named(&input["VPC"], "VPCId", "VPCRegion");
            let mut checks =
                vec![describe_vpcs(), Check::new(&action, zone).key("route53:VPCs", vpcs_key.clone()).done()];
            // A zone's owner that parts somebody else's VPC has no ARN of its own to be allowed on.
            let foreign = vpcs.get(id).is_some_and(|vpc| vpc.owner != ctx.account_id);
            if operation == "AssociateVPCWithHostedZone" || !foreign {
                let vpc = format!("arn:{}:ec2:{region}:{}:vpc/{id}", ctx.partition, ctx.account_id);
                checks.push(Check::new(action, vpc).key("route53:VPCs", vpcs_key).done());
            }
            checks
        }
        "ChangeResourceRecordSets" => {
            let changes = many(input["ChangeBatch"]["Changes"].get("Change"));
            let of = |field: &str| -> Vec<String> {
                changes
                    .iter()
                    .filter_map(|change| text(&change["ResourceRecordSet"], field))
                    .map(str::to_owned)
                    .collect()
            };
            let names = of("Name").iter().map(|name| normal_name(name).trim_end_matches('.').to_owned()).collect();
            let actions = changes.iter().filter_map(|change| text(change, "Action")).map(str::to_owned).collect();
            let check = Check::new(action, zone)
                .keys("route53:ChangeResourceRecordSetsNormalizedRecordNames", names)
                .keys("route53:ChangeResourceRecordSetsRecordTypes", of("Type"))
                .keys("route53:ChangeResourceRecordSetsActions", actions);
            vec![check.done()]
        }
        _ => vec![Check::new(action, zone).done()],
    }
}

/// `VPCId=vpc-…,VPCRegion=…`, the values in lower case.
fn named(vpc: &Value, id: &str, region: &str) -> Option<String> {
    let (id, region) = (text(vpc, id)?, text(vpc, region)?);
    Some(format!("VPCId={},VPCRegion={}", id.to_lowercase(), region.to_lowercase()))
}
