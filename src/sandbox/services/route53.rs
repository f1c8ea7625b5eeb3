//! Route 53 as far as private zones across accounts go: zones, records, changes and the whole handshake.
//!
//! Who may call what, the codes and their statuses follow the Route 53 API Reference. The service is global: its
//! calls are signed for `us-east-1`, and its state has no region.

mod handshake;
mod iam;
mod records;
pub(super) mod state;
mod zones;

use std::collections::btree_map::Entry;
use std::sync::Mutex;

use async_trait::async_trait;
use awsim_core::{AwsError, IamCheck, Protocol, RequestContext, RouteDefinition, ServiceHandler};
use serde_json::Value;

use super::super::seed::SeedZone;
use super::common::{error, lock, text};
use super::ec2::Vpcs;
use state::{State, VpcName, Zone, bare_id};

/// VPCs that one zone may be associated with.
const MAX_VPCS: usize = 300;
/// Open authorisations that one zone may have.
const MAX_AUTHORISATIONS: usize = 1000;
/// Zones that one account may have.
const MAX_ZONES: usize = 500;
/// Record sets that one zone may hold.
const MAX_RECORDS: usize = 10_000;

/// The Route 53 service.
pub(super) struct Route53 {
    pub(super) state: Mutex<State>,
    vpcs: Vpcs,
}

/// One call: what was asked, by whom, on which state.
struct Call<'a> {
    state: &'a mut State,
    vpcs: &'a Vpcs,
    input: &'a Value,
    ctx: &'a RequestContext,
    /// The zone that the path names, bare; empty where it names none.
    zone_id: String,
}

impl Call<'_> {
    /// How many items a page may hold: `field` of the query, at most `most`.
    fn max_items(&self, field: &str, most: usize) -> Result<usize, AwsError> {
        match text(self.input, field).map(str::parse::<usize>) {
            None => Ok(most),
            Some(Ok(max)) if max > 0 => Ok(max.min(most)),
            Some(_) => Err(error(400, "InvalidInput", format!("{field} is a number from 1 on."))),
        }
    }
}

impl Route53 {
    /// `vpcs` tells whose each VPC is.
    pub(super) fn new(vpcs: Vpcs) -> Self {
        Self { state: Mutex::default(), vpcs }
    }

    /// Makes a private zone of an account, with its id, on a VPC of the same account.
    pub(super) fn seed(&self, account: &str, zone: &SeedZone) -> Result<(), String> {
        let owned = self.vpcs.get(&zone.vpc_id).filter(|vpc| vpc.owner == account && vpc.region == zone.vpc_region);
        owned.ok_or_else(|| format!("the zone {} needs the VPC {} of its own account", zone.id, zone.vpc_id))?;
        let vpc = VpcName { id: zone.vpc_id.clone(), region: zone.vpc_region.clone() };
        let made = Zone::new(zone.id.clone(), account, &zone.name, format!("seed-{}", zone.id), Some(vpc));
        match lock(&self.state).zones.entry(zone.id.clone()) {
            Entry::Occupied(_) => return Err(format!("{} is there already", zone.id)),
            Entry::Vacant(place) => place.insert(made),
        };
        Ok(())
    }

    /// `(account, line)` of each zone, association and open authorisation.
    pub(super) fn inventory(&self) -> Vec<(String, String)> {
        let mut lines = Vec::new();
        for zone in lock(&self.state).zones.values() {
            let mut add = |line: String| lines.push((zone.owner.clone(), line));
            add(format!("route53 zone {} {} with {} record sets", zone.id, zone.name, zone.records.len()));
            zone.associations.iter().for_each(|vpc| add(format!("route53 association {} {}", zone.id, vpc.id)));
            zone.authorisations
                .iter()
                .for_each(|vpc| add(format!("route53 open authorisation {} {}", zone.id, vpc.id)));
        }
        lines
    }
}

#[async_trait]
impl ServiceHandler for Route53 {
    fn service_name(&self) -> &'static str {
        "route53"
    }

    fn protocol(&self) -> Protocol {
        Protocol::RestXml
    }

    fn routes(&self) -> Vec<RouteDefinition> {
        const ROUTES: [(&str, &str, &str); 18] = [
            ("POST", "/2013-04-01/hostedzone", "CreateHostedZone"),
            ("GET", "/2013-04-01/hostedzone", "ListHostedZones"),
            ("GET", "/2013-04-01/hostedzonesbyname", "ListHostedZonesByName"),
            ("GET", "/2013-04-01/hostedzonesbyvpc", "ListHostedZonesByVPC"),
            ("GET", "/2013-04-01/hostedzonecount", "GetHostedZoneCount"),
            ("GET", "/2013-04-01/hostedzone/{Id}", "GetHostedZone"),
            ("DELETE", "/2013-04-01/hostedzone/{Id}", "DeleteHostedZone"),
            ("GET", "/2013-04-01/hostedzonelimit/{Id}/{Type}", "GetHostedZoneLimit"),
            ("POST", "/2013-04-01/hostedzone/{Id}/authorizevpcassociation", "CreateVPCAssociationAuthorization"),
            ("GET", "/2013-04-01/hostedzone/{Id}/authorizevpcassociation", "ListVPCAssociationAuthorizations"),
            ("POST", "/2013-04-01/hostedzone/{Id}/deauthorizevpcassociation", "DeleteVPCAssociationAuthorization"),
            ("POST", "/2013-04-01/hostedzone/{Id}/associatevpc", "AssociateVPCWithHostedZone"),
            ("POST", "/2013-04-01/hostedzone/{Id}/disassociatevpc", "DisassociateVPCFromHostedZone"),
            ("POST", "/2013-04-01/hostedzone/{Id}/rrset", "ChangeResourceRecordSets"),
            ("GET", "/2013-04-01/hostedzone/{Id}/rrset", "ListResourceRecordSets"),
            ("GET", "/2013-04-01/change/{Id}", "GetChange"),
            ("GET", "/2013-04-01/tags/{ResourceType}/{Id}", "ListTagsForResource"),
            ("POST", "/2013-04-01/tags/{ResourceType}/{Id}", "ChangeTagsForResource"),
        ];
        let route = |(method, path_pattern, operation)| RouteDefinition {
            method,
            path_pattern,
            operation,
            required_query_param: None,
        };
        ROUTES.into_iter().map(route).collect()
    }

    async fn handle(&self, operation: &str, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let zone_id = text(&input, "Id").map_or("", bare_id).to_owned();
        let mut state = lock(&self.state);
        let mut call = Call { state: &mut state, vpcs: &self.vpcs, input: &input, ctx, zone_id };
        match operation {
            "CreateHostedZone" => call.create_zone(),
            "GetHostedZone" => call.get_zone(),
            "DeleteHostedZone" => call.delete_zone(),
            "ListHostedZones" => call.list_zones(),
            "ListHostedZonesByName" => call.list_zones_by_name(),
            "ListHostedZonesByVPC" => call.zones_by_vpc(),
            "GetHostedZoneCount" => Ok(call.count_zones()),
            "GetHostedZoneLimit" => call.zone_limit(),
            "CreateVPCAssociationAuthorization" => call.authorise(),
            "DeleteVPCAssociationAuthorization" => call.withdraw(),
            "ListVPCAssociationAuthorizations" => call.authorisations(),
            "AssociateVPCWithHostedZone" => call.associate(),
            "DisassociateVPCFromHostedZone" => call.disassociate(),
            "ChangeResourceRecordSets" => call.change_records(),
            "ListResourceRecordSets" => call.list_records(),
            "ListTagsForResource" => call.list_tags(),
            "ChangeTagsForResource" => call.change_tags(),
            "GetChange" => call.state.change(&call.zone_id, &ctx.account_id),
            _ => Err(AwsError::unknown_operation(operation)),
        }
    }

    fn iam_checks_with_context(&self, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<IamCheck> {
        iam::checks(operation, input, ctx, &self.vpcs)
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(&*lock(&self.state)).ok()
    }

    fn restore(&self, data: &[u8]) -> Result<(), String> {
        *lock(&self.state) = serde_json::from_slice(data).map_err(|error| error.to_string())?;
        Ok(())
    }
}
