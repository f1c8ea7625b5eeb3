//! The handshake: authorisations, associations and the list by VPC, with who may call what.

use awsim_core::AwsError;
use serde_json::{Value, json};

use super::super::common::{error, page, text};
use super::state::VpcName;
use super::{Call, MAX_AUTHORISATIONS, MAX_VPCS};

impl Call<'_> {
    /// The zone's owner lets a VPC in. Said twice, it is the same; whether the VPC is there is not looked at.
    pub(super) fn authorise(&mut self) -> Result<Value, AwsError> {
        let vpc = self.vpc()?;
        let zone = self.state.own_zone(&self.zone_id, &self.ctx.account_id)?;
        if !zone.private {
            return Err(error(400, "InvalidInput", "The hosted zone is public: it takes no VPC."));
        }
        if zone.authorisations.len() >= MAX_AUTHORISATIONS && !zone.authorisations.contains(&vpc) {
            let message = format!("The hosted zone {} has {MAX_AUTHORISATIONS} authorisations.", zone.id);
            return Err(error(400, "TooManyVPCAssociationAuthorizations", message));
        }
        zone.authorisations.insert(vpc.clone());
        Ok(json!({
            "__xml_root": "CreateVPCAssociationAuthorizationResponse",
            "HostedZoneId": zone.id,
            "VPC": vpc.value(),
        }))
    }

    /// The zone's owner withdraws an authorisation; an association stays.
    pub(super) fn withdraw(&mut self) -> Result<Value, AwsError> {
        let vpc = self.vpc()?;
        let zone = self.state.own_zone(&self.zone_id, &self.ctx.account_id)?;
        if !zone.authorisations.remove(&vpc) {
            return Err(error(
                404,
                "VPCAssociationAuthorizationNotFound",
                "The VPC that you specified is not authorized to be associated with the hosted zone.",
            ));
        }
        Ok(json!({ "__xml_root": "DeleteVPCAssociationAuthorizationResponse" }))
    }

    /// The zone's owner sees the open authorisations, 50 to a page.
    pub(super) fn authorisations(&mut self) -> Result<Value, AwsError> {
        let max = self.max_items("maxresults", 50)?;
        let token = text(self.input, "nexttoken");
        let zone = self.state.own_zone(&self.zone_id, &self.ctx.account_id)?;
        let open: Vec<VpcName> = zone.authorisations.iter().cloned().collect();
        let (shown, next) =
            page(&open, |vpc| format!("{} {}", vpc.id, vpc.region), token, max).ok_or_else(stale_token)?;
        let mut answer = json!({
            "__xml_root": "ListVPCAssociationAuthorizationsResponse",
            "HostedZoneId": zone.id,
            "VPCs": { "VPC": shown.iter().map(VpcName::value).collect::<Vec<_>>() },
        });
        if let Some(next) = next {
            answer["NextToken"] = json!(next);
        }
        Ok(answer)
    }

    /// The VPC's owner joins a zone: of its own, or with an open authorisation.
    pub(super) fn associate(&mut self) -> Result<Value, AwsError> {
        let vpc = self.vpc()?;
        let caller = self.ctx.account_id.as_str();
        let seen = self.vpcs.get(&vpc.id);
        let zone = self.state.zone(&self.zone_id)?;
        let (owner, name) = (zone.owner.clone(), zone.name.clone());
        match seen {
            Some(seen) if seen.owner == caller && seen.region == vpc.region => {}
            Some(seen) if seen.owner != caller && owner == caller => return Err(not_authorised(&vpc)),
            _ => return Err(invalid_vpc()),
        }
        if !zone.private {
            let message = format!("The hosted zone {} is public.", zone.id);
            return Err(error(400, "PublicZoneVPCAssociation", message));
        }
        if owner != caller && !zone.authorisations.contains(&vpc) {
            return Err(not_authorised(&vpc));
        }
        let count = zone.associations.len();
        if let Some(other) = self.state.zone_seen_by(&vpc, &name) {
            return Err(conflict(&vpc, &other.id));
        }
        if count >= MAX_VPCS {
            let message = format!("The hosted zone {} is associated with {MAX_VPCS} VPCs.", self.zone_id);
            return Err(error(400, "LimitsExceeded", message));
        }
        self.state.zone(&self.zone_id)?.associations.push(vpc);
        let change = self.state.accept(&owner, text(self.input, "Comment"));
        Ok(json!({ "__xml_root": "AssociateVPCWithHostedZoneResponse", "ChangeInfo": change }))
    }

    /// Either owner parts a VPC from a zone; the last VPC stays. It works for a VPC that is gone, too.
    pub(super) fn disassociate(&mut self) -> Result<Value, AwsError> {
        let vpc = self.vpc()?;
        let caller = self.ctx.account_id.as_str();
        let seen = self.vpcs.get(&vpc.id);
        let zone = self.state.zone(&self.zone_id)?;
        let owner = zone.owner.clone();
        match seen {
            _ if owner == caller => {}
            Some(seen) if seen.owner == caller && seen.region == vpc.region => {}
            Some(seen) if seen.owner != caller => return Err(not_authorised(&vpc)),
            _ => return Err(invalid_vpc()),
        }
        let Some(at) = zone.associations.iter().position(|other| *other == vpc) else {
            let message = format!("The VPC {} and the hosted zone {} are not associated.", vpc.id, zone.id);
            return Err(error(404, "VPCAssociationNotFound", message));
        };
        if zone.associations.len() == 1 {
            let message = format!("The VPC {} is the last one of the hosted zone {}.", vpc.id, zone.id);
            return Err(error(400, "LastVPCAssociation", message));
        }
        zone.associations.remove(at);
        let change = self.state.accept(&owner, text(self.input, "Comment"));
        Ok(json!({ "__xml_root": "DisassociateVPCFromHostedZoneResponse", "ChangeInfo": change }))
    }

    /// The VPC's owner sees every zone that the VPC is associated with, whoever owns the zone.
    pub(super) fn zones_by_vpc(&mut self) -> Result<Value, AwsError> {
        let (Some(id), Some(region)) = (text(self.input, "vpcid"), text(self.input, "vpcregion")) else {
            return Err(error(400, "InvalidInput", "vpcid and vpcregion are needed."));
        };
        let vpc = VpcName { id: id.to_owned(), region: region.to_owned() };
        match self.vpcs.get(&vpc.id) {
            Some(seen) if seen.owner == self.ctx.account_id && seen.region == vpc.region => {}
            Some(seen) if seen.owner == self.ctx.account_id => return Err(invalid_vpc()),
            _ => {
                let message = format!("The VPC {} in region {} is not owned by you.", vpc.id, vpc.region);
                return Err(error(403, "AccessDenied", message));
            }
        }
        let max = self.max_items("maxitems", 100)?;
        let zones: Vec<_> = self.state.zones.values().filter(|zone| zone.associations.contains(&vpc)).collect();
        let (shown, next) =
            page(&zones, |zone| zone.id.clone(), text(self.input, "nexttoken"), max).ok_or_else(stale_token)?;
        let summary = |zone: &&_| -> Value {
            let zone: &super::state::Zone = zone;
            json!({ "HostedZoneId": zone.id, "Name": zone.name, "Owner": { "OwningAccount": zone.owner } })
        };
        let mut answer = json!({
            "__xml_root": "ListHostedZonesByVPCResponse",
            "HostedZoneSummaries": { "HostedZoneSummary": shown.iter().map(summary).collect::<Vec<_>>() },
            "MaxItems": max,
        });
        if let Some(next) = next {
            answer["NextToken"] = json!(next);
        }
        Ok(answer)
    }

    /// The request's VPC, well formed.
    pub(super) fn vpc(&self) -> Result<VpcName, AwsError> {
        let (Some(id), Some(region)) = (text(&self.input["VPC"], "VPCId"), text(&self.input["VPC"], "VPCRegion"))
        else {
            return Err(error(400, "InvalidInput", "VPC with VPCId and VPCRegion is needed."));
        };
        let rest = id.strip_prefix("vpc-").ok_or_else(invalid_vpc)?;
        if !(4..=32).contains(&rest.len())
            || !rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        {
            return Err(invalid_vpc());
        }
        Ok(VpcName { id: id.to_owned(), region: region.to_owned() })
    }
}

/// The code for an id that is wrong, in another region, or not to be seen by the caller.
pub(super) fn invalid_vpc() -> AwsError {
    error(400, "InvalidVPCId", "The VPC ID is invalid.")
}

/// One code for the same zone and for another one of the same name.
pub(super) fn conflict(vpc: &VpcName, zone: &str) -> AwsError {
    let message = format!(
        "The VPC {} in region {} has already been associated with the hosted zone {zone} with the same domain name.",
        vpc.id, vpc.region
    );
    error(400, "ConflictingDomainExists", message)
}

fn not_authorised(vpc: &VpcName) -> AwsError {
    error(
        401,
        "NotAuthorizedException",
        format!("The VPC: {} has not authorized to associate with your hosted zone.", vpc.id),
    )
}

fn stale_token() -> AwsError {
    error(400, "InvalidPaginationToken", "The pagination token is not valid: list from the beginning.")
}
