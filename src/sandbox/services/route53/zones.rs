//! Hosted zones: made, shown, listed, limited, tagged and deleted, each by its owner.

use awsim_core::AwsError;
use serde_json::{Value, json};

use super::super::common::{error, made_up, many, tags, text};
use super::handshake::{conflict, invalid_vpc};
use super::state::{VpcName, Zone, bare_id, normal_name};
use super::{Call, MAX_RECORDS, MAX_VPCS, MAX_ZONES};

impl Call<'_> {
    /// With a VPC of the caller's the zone is private, without one it is public.
    pub(super) fn create_zone(&mut self) -> Result<Value, AwsError> {
        let (Some(name), Some(reference)) = (text(self.input, "Name"), text(self.input, "CallerReference")) else {
            return Err(error(400, "InvalidInput", "Name and CallerReference are needed."));
        };
        let caller = self.ctx.account_id.clone();
        let name = normal_name(name);
        let config = &self.input["HostedZoneConfig"];
        let said_private = config["PrivateZone"].as_str();
        let vpc = if self.input["VPC"].is_object() { Some(self.vpc()?) } else { None };
        if vpc.is_some() && said_private == Some("false") || vpc.is_none() && said_private == Some("true") {
            return Err(error(400, "InvalidInput", "A private zone has a VPC, a public zone has none."));
        }
        let mut own = self.state.zones.values().filter(|zone| zone.owner == caller);
        if own.clone().any(|zone| zone.caller_reference == reference) {
            let message = format!("A hosted zone with caller reference {reference} exists already.");
            return Err(error(409, "HostedZoneAlreadyExists", message));
        }
        if own.by_ref().count() >= MAX_ZONES {
            return Err(error(400, "TooManyHostedZones", format!("The account has {MAX_ZONES} hosted zones.")));
        }
        if let Some(vpc) = &vpc {
            self.own_vpc(vpc, &caller)?;
            if let Some(other) = self.state.zone_seen_by(vpc, &name) {
                return Err(conflict(vpc, &other.id));
            }
        }
        let id = format!("Z{}", made_up(20));
        let mut zone = Zone::new(id, &caller, &name, reference.to_owned(), vpc.clone());
        zone.comment = text(config, "Comment").map(str::to_owned);
        let mut answer = json!({
            "__xml_root": "CreateHostedZoneResponse",
            "__status_code": 201,
            "__headers": { "location": format!("https://route53.amazonaws.com/2013-04-01/hostedzone/{}", zone.id) },
            "HostedZone": zone.value(),
            "ChangeInfo": self.state.accept(&caller, None),
        });
        match vpc {
            Some(vpc) => answer["VPC"] = vpc.value(),
            None => answer["DelegationSet"] = delegation(),
        }
        self.state.zones.insert(zone.id.clone(), zone);
        Ok(answer)
    }

    fn own_vpc(&self, vpc: &VpcName, caller: &str) -> Result<(), AwsError> {
        let seen = self.vpcs.get(&vpc.id).filter(|seen| seen.owner == caller && seen.region == vpc.region);
        seen.map(|_| ()).ok_or_else(invalid_vpc)
    }

    /// The zone with its associations, for its owner.
    pub(super) fn get_zone(&mut self) -> Result<Value, AwsError> {
        let zone = self.state.own_zone(&self.zone_id, &self.ctx.account_id)?;
        let mut answer = json!({ "__xml_root": "GetHostedZoneResponse", "HostedZone": zone.value() });
        if zone.private {
            answer["VPCs"] = json!({ "VPC": zone.associations.iter().map(VpcName::value).collect::<Vec<_>>() });
        } else {
            answer["DelegationSet"] = delegation();
        }
        Ok(answer)
    }

    /// A limit of the zone and how much of it is used.
    pub(super) fn zone_limit(&mut self) -> Result<Value, AwsError> {
        let asked = text(self.input, "Type").unwrap_or_default().to_owned();
        let zone = self.state.own_zone(&self.zone_id, &self.ctx.account_id)?;
        let (limit, count) = match asked.as_str() {
            "MAX_RRSETS_BY_ZONE" => (MAX_RECORDS, zone.records.len()),
            "MAX_VPCS_ASSOCIATED_BY_ZONE" if zone.private => (MAX_VPCS, zone.associations.len()),
            "MAX_VPCS_ASSOCIATED_BY_ZONE" => {
                return Err(error(400, "HostedZoneNotPrivate", "The hosted zone is not private."));
            }
            _ => return Err(error(400, "InvalidInput", format!("{asked} is not a limit of a hosted zone."))),
        };
        Ok(json!({
            "__xml_root": "GetHostedZoneLimitResponse",
            "Limit": { "Type": asked, "Value": limit },
            "Count": count,
        }))
    }

    /// The caller's zones, by id.
    pub(super) fn list_zones(&mut self) -> Result<Value, AwsError> {
        let max = self.max_items("maxitems", 100)?;
        let marker = text(self.input, "marker").map(bare_id);
        let own: Vec<&Zone> = self.own_zones().collect();
        let start = match marker {
            None => 0,
            Some(marker) => own
                .iter()
                .position(|zone| zone.id == marker)
                .ok_or_else(|| error(404, "NoSuchHostedZone", format!("No hosted zone found with ID: {marker}")))?,
        };
        let mut answer = json!({
            "__xml_root": "ListHostedZonesResponse",
            "HostedZones": { "HostedZone": own.iter().skip(start).take(max).map(|zone| zone.value()).collect::<Vec<_>>() },
            "IsTruncated": start + max < own.len(),
            "MaxItems": max,
            "Marker": marker.unwrap_or_default(),
        });
        if let Some(next) = own.get(start + max) {
            answer["NextMarker"] = json!(next.id);
        }
        Ok(answer)
    }

    /// The caller's zones by name (its labels from the right), from a name on.
    pub(super) fn list_zones_by_name(&mut self) -> Result<Value, AwsError> {
        let max = self.max_items("maxitems", 100)?;
        let order = |name: &str, id: &str| {
            let labels: Vec<String> = name.trim_end_matches('.').rsplit('.').map(str::to_owned).collect();
            (labels, id.to_owned())
        };
        let from_name = text(self.input, "dnsname").map(normal_name);
        let from = from_name.as_deref().map(|name| order(name, text(self.input, "hostedzoneid").map_or("", bare_id)));
        let mut own: Vec<&Zone> = self.own_zones().collect();
        own.sort_by_key(|zone| order(&zone.name, &zone.id));
        own.retain(|zone| from.as_ref().is_none_or(|from| order(&zone.name, &zone.id) >= *from));
        let mut answer = json!({
            "__xml_root": "ListHostedZonesByNameResponse",
            "HostedZones": { "HostedZone": own.iter().take(max).map(|zone| zone.value()).collect::<Vec<_>>() },
            "IsTruncated": max < own.len(),
            "MaxItems": max,
        });
        if let Some(name) = from_name {
            answer["DNSName"] = json!(name);
        }
        if let Some(next) = own.get(max) {
            answer["NextDNSName"] = json!(next.name);
            answer["NextHostedZoneId"] = json!(next.id);
        }
        Ok(answer)
    }

    fn own_zones(&self) -> impl Iterator<Item = &Zone> {
        self.state.zones.values().filter(|zone| zone.owner == self.ctx.account_id)
    }

    /// How many zones the caller has.
    pub(super) fn count_zones(&self) -> Value {
        json!({ "__xml_root": "GetHostedZoneCountResponse", "HostedZoneCount": self.own_zones().count() })
    }

    /// Deletes an empty zone of the caller's, with its associations and authorisations.
    pub(super) fn delete_zone(&mut self) -> Result<Value, AwsError> {
        let zone = self.state.own_zone(&self.zone_id, &self.ctx.account_id)?;
        if !zone.is_empty() {
            let message =
                "The specified hosted zone contains non-required resource record sets and so cannot be deleted.";
            return Err(error(400, "HostedZoneNotEmpty", message));
        }
        self.state.zones.remove(&self.zone_id);
        let change = self.state.accept(&self.ctx.account_id, None);
        Ok(json!({ "__xml_root": "DeleteHostedZoneResponse", "ChangeInfo": change }))
    }

    /// The tags of a zone.
    pub(super) fn list_tags(&mut self) -> Result<Value, AwsError> {
        let zone = self.tagged_zone()?;
        let tags: Vec<Value> = zone.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
        let set = json!({ "ResourceType": "hostedzone", "ResourceId": zone.id, "Tags": { "Tag": tags } });
        Ok(json!({ "__xml_root": "ListTagsForResourceResponse", "ResourceTagSet": set }))
    }

    /// Adds, overwrites and removes tags of a zone.
    pub(super) fn change_tags(&mut self) -> Result<Value, AwsError> {
        let added = tags(self.input["AddTags"].get("Tag"));
        let removed: Vec<String> = many(self.input["RemoveTagKeys"].get("Key"))
            .into_iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        let zone = self.tagged_zone()?;
        zone.tags.extend(added);
        zone.tags.retain(|key, _| !removed.contains(key));
        Ok(json!({ "__xml_root": "ChangeTagsForResourceResponse" }))
    }

    fn tagged_zone(&mut self) -> Result<&mut Zone, AwsError> {
        if text(self.input, "ResourceType") != Some("hostedzone") {
            return Err(error(400, "InvalidInput", "Only hosted zones have tags here."));
        }
        self.state.own_zone(&self.zone_id, &self.ctx.account_id)
    }
}

/// Name servers of a public zone, made up.
fn delegation() -> Value {
    json!({ "NameServers": { "NameServer": ["ns-1.awsdns-01.org", "ns-2.awsdns-02.net"] } })
}
