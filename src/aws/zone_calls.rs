//! The single calls of the handshake between a VPC and a private hosted zone, each under the role that may make it.

use std::sync::Arc;

use aws_sdk_ec2::types::{AttributeBooleanValue, VpcAttributeName};
use aws_sdk_route53::types::{HostedZoneSummary, Vpc, VpcRegion};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::error::Refused;
use super::hand::Hand;
use crate::config::accounts::partition;
use crate::model::{HostedZoneId, Region, VpcId};

/// One of the two attributes of a VPC without which a private zone is not resolved in it
/// (Route 53 Developer Guide, considerations when working with a private hosted zone).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dns {
    /// `enableDnsSupport`
    Support,
    /// `enableDnsHostnames`
    Hostnames,
}

/// What a look found that the action after it need not ask again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Looked {
    /// When.
    pub(super) at: Instant,
    /// Whether `enableDnsSupport` and `enableDnsHostnames` are on; none if the VPC is gone.
    pub(super) dns: Option<(bool, bool)>,
    /// Whether an authorisation was open.
    pub(super) open: bool,
}

/// One VPC, one zone, and the hands for it.
pub(super) struct ZoneCalls {
    pub(super) zone: HostedZoneId,
    pub(super) vpc: VpcId,
    pub(super) region: Region,
    /// Looks in the VPC's account.
    pub(super) vpc_reader: Hand,
    /// Looks in the zone's account.
    pub(super) zone_reader: Hand,
    /// Associates and disassociates, in the VPC's account.
    pub(super) writer: Hand,
    /// Authorises and withdraws, in the zone's account; none where that is the VPC's account too.
    pub(super) authoriser: Option<Hand>,
    /// Authorisations of one zone are changed one after another: two at once are answered with `ConcurrentModification`.
    pub(super) turn: Arc<Mutex<()>>,
}

impl ZoneCalls {
    fn route53_vpc(&self) -> Vpc {
        Vpc::builder().vpc_id(self.vpc.as_str()).vpc_region(VpcRegion::from(self.region.as_str())).build()
    }

    fn zone_arn(&self) -> String {
        format!("arn:{}:route53:::hostedzone/{}", partition(&self.region), self.zone)
    }

    fn vpc_arn(&self) -> String {
        format!("arn:{}:ec2:{}:{}:vpc/{}", partition(&self.region), self.region, self.writer.account, self.vpc)
    }

    /// The private zones that the VPC is associated with, of any account.
    async fn zones_of_vpc(&self) -> Result<Vec<HostedZoneSummary>, Refused> {
        let mut zones = Vec::new();
        let mut next = None;
        loop {
            let call = self
                .vpc_reader
                .route53()
                .list_hosted_zones_by_vpc()
                .vpc_id(self.vpc.as_str())
                .vpc_region(VpcRegion::from(self.region.as_str()))
                .set_next_token(next);
            let page = self.vpc_reader.call("route53:ListHostedZonesByVPC", &self.vpc_arn(), call.send()).await?;
            zones.extend(page.hosted_zone_summaries);
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(zones);
            }
        }
    }

    /// Whether the VPC has the zone; another zone of that name, in words, if it has one.
    pub(super) async fn zone_on_vpc(&self, name: &str) -> Result<(bool, Option<String>), Refused> {
        let zones = self.zones_of_vpc().await?;
        let bare = |id: &str| id.trim_start_matches("/hostedzone/").to_owned();
        let plain = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
        let is_it = |zone: &HostedZoneSummary| bare(&zone.hosted_zone_id) == self.zone.as_str();
        let in_the_way = zones.iter().find(|zone| !is_it(zone) && plain(&zone.name) == plain(name)).map(|zone| {
            let owner = zone.owner.as_ref().and_then(|owner| owner.owning_account().or(owner.owning_service()));
            let (vpc, id, owner) = (&self.vpc, bare(&zone.hosted_zone_id), owner.unwrap_or("an unknown owner"));
            format!("{vpc} is associated with another zone named {}: {id} of {owner}", plain(name))
        });
        Ok((zones.iter().any(is_it), in_the_way))
    }

    /// Whether an authorisation for the VPC is open. Never where one account has both.
    pub(super) async fn is_authorised(&self) -> Result<bool, Refused> {
        if self.authoriser.is_none() {
            return Ok(false);
        }
        let mut next = None;
        loop {
            let call = self
                .zone_reader
                .route53()
                .list_vpc_association_authorizations()
                .hosted_zone_id(self.zone.as_str())
                .set_next_token(next);
            let action = "route53:ListVPCAssociationAuthorizations";
            let page = match self.zone_reader.call(action, &self.zone_arn(), call.send()).await {
                // A zone that is gone has no authorisations; authorising will say that it is gone.
                Err(refused) if refused.is("NoSuchHostedZone") => return Ok(false),
                page => page?,
            };
            if page.vpcs.iter().any(|vpc| vpc.vpc_id() == Some(self.vpc.as_str())) {
                return Ok(true);
            }
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(false);
            }
        }
    }

    /// Whether that attribute of the VPC is on.
    pub(super) async fn dns_is_on(&self, dns: Dns) -> Result<bool, Refused> {
        let attribute = match dns {
            Dns::Support => VpcAttributeName::EnableDnsSupport,
            Dns::Hostnames => VpcAttributeName::EnableDnsHostnames,
        };
        let call = self.vpc_reader.ec2().describe_vpc_attribute().vpc_id(self.vpc.as_str()).attribute(attribute);
        let answer = self.vpc_reader.call("ec2:DescribeVpcAttribute", &self.vpc_arn(), call.send()).await?;
        let value = match dns {
            Dns::Support => answer.enable_dns_support,
            Dns::Hostnames => answer.enable_dns_hostnames,
        };
        Ok(value.and_then(|value| value.value).unwrap_or(false))
    }

    /// Turns that attribute of the VPC on; a call takes one attribute only.
    pub(super) async fn turn_dns_on(&self, dns: Dns) -> Result<(), Refused> {
        let on = AttributeBooleanValue::builder().value(true).build();
        let call = self.writer.ec2().modify_vpc_attribute().vpc_id(self.vpc.as_str());
        let call = match dns {
            Dns::Support => call.enable_dns_support(on),
            Dns::Hostnames => call.enable_dns_hostnames(on),
        };
        self.writer.call("ec2:ModifyVpcAttribute", &self.vpc_arn(), call.send()).await.map(drop)
    }

    /// Lets the VPC's account associate it. Can be repeated. Nothing to do where one account has both.
    pub(super) async fn authorise(&self) -> Result<(), Refused> {
        let Some(authoriser) = &self.authoriser else { return Ok(()) };
        let _turn = self.turn.lock().await;
        let call = authoriser
            .route53()
            .create_vpc_association_authorization()
            .hosted_zone_id(self.zone.as_str())
            .vpc(self.route53_vpc());
        authoriser.call("route53:CreateVPCAssociationAuthorization", &self.zone_arn(), call.send()).await.map(drop)
    }

    /// Takes the authorisation back; one that is not there, or whose zone is gone, is taken back already.
    pub(super) async fn withdraw(&self) -> Result<(), Refused> {
        let Some(authoriser) = &self.authoriser else { return Ok(()) };
        let _turn = self.turn.lock().await;
        let call = authoriser
            .route53()
            .delete_vpc_association_authorization()
            .hosted_zone_id(self.zone.as_str())
            .vpc(self.route53_vpc());
        let action = "route53:DeleteVPCAssociationAuthorization";
        match authoriser.call(action, &self.zone_arn(), call.send()).await {
            Err(refused) if !refused.is_any(&["VPCAssociationAuthorizationNotFound", "NoSuchHostedZone"]) => {
                Err(refused)
            }
            _ => Ok(()),
        }
    }

    /// Associates the VPC with the zone. Repeated, it answers `ConflictingDomainExists`, also for the same zone.
    pub(super) async fn associate(&self) -> Result<(), Refused> {
        let call = self
            .writer
            .route53()
            .associate_vpc_with_hosted_zone()
            .hosted_zone_id(self.zone.as_str())
            .vpc(self.route53_vpc());
        self.writer.call("route53:AssociateVPCWithHostedZone", &self.zone_arn(), call.send()).await.map(drop)
    }

    /// Ends the association; one that is not there, or whose zone is gone, has ended already.
    pub(super) async fn disassociate(&self) -> Result<(), Refused> {
        let call = self
            .writer
            .route53()
            .disassociate_vpc_from_hosted_zone()
            .hosted_zone_id(self.zone.as_str())
            .vpc(self.route53_vpc());
        match self.writer.call("route53:DisassociateVPCFromHostedZone", &self.zone_arn(), call.send()).await {
            Err(refused) if !refused.is_any(&["VPCAssociationNotFound", "NoSuchHostedZone"]) => Err(refused),
            _ => Ok(()),
        }
    }
}
