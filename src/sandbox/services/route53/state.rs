//! What Route 53 remembers: zones with their owner, associations, authorisations and records; changes.

use std::collections::{BTreeMap, BTreeSet};

use awsim_core::AwsError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::common::{error, made_up, now};
use super::records::apex_records;

/// A VPC as Route 53 names it: id and region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct VpcName {
    pub(crate) id: String,
    pub(crate) region: String,
}

impl VpcName {
    /// As answers and as `route53:VPCs` write it.
    pub(super) fn value(&self) -> Value {
        json!({ "VPCRegion": self.region, "VPCId": self.id })
    }
}

/// A hosted zone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Zone {
    /// Without `/hostedzone/`.
    pub(crate) id: String,
    /// The account that made it.
    pub(crate) owner: String,
    /// Lower case, with the trailing dot.
    pub(crate) name: String,
    pub(crate) caller_reference: String,
    pub(crate) comment: Option<String>,
    pub(crate) private: bool,
    /// In the order in which they were made.
    pub(crate) associations: Vec<VpcName>,
    pub(crate) authorisations: BTreeSet<VpcName>,
    /// Each as `ResourceRecordSet` in its normal form.
    pub(crate) records: Vec<Value>,
    pub(crate) tags: BTreeMap<String, String>,
}

impl Zone {
    /// A new zone: private with its first VPC, public without one.
    pub(super) fn new(id: String, owner: &str, name: &str, caller_reference: String, vpc: Option<VpcName>) -> Self {
        let name = normal_name(name);
        Self {
            id,
            owner: owner.to_owned(),
            records: apex_records(&name),
            name,
            caller_reference,
            comment: None,
            private: vpc.is_some(),
            associations: vpc.into_iter().collect(),
            authorisations: BTreeSet::new(),
            tags: BTreeMap::new(),
        }
    }

    /// As `HostedZone` in answers.
    pub(super) fn value(&self) -> Value {
        let mut config = json!({ "PrivateZone": self.private });
        if let Some(comment) = &self.comment {
            config["Comment"] = json!(comment);
        }
        json!({
            "Id": format!("/hostedzone/{}", self.id),
            "Name": self.name,
            "CallerReference": self.caller_reference,
            "Config": config,
            "ResourceRecordSetCount": self.records.len(),
        })
    }

    /// Whether it can be deleted: nothing but the SOA and NS records of its own name.
    pub(super) fn is_empty(&self) -> bool {
        self.records
            .iter()
            .all(|record| record["Name"] == self.name.as_str() && (record["Type"] == "SOA" || record["Type"] == "NS"))
    }
}

/// A change that was accepted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Change {
    /// The account whose zone was changed: it alone may ask how the change stands.
    owner: String,
    submitted_at: String,
    comment: Option<String>,
}

/// All of Route 53; the service is global, so nothing here has a region.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) zones: BTreeMap<String, Zone>,
    changes: BTreeMap<String, Change>,
}

impl State {
    /// The zone of this id, whoever owns it.
    pub(super) fn zone(&mut self, id: &str) -> Result<&mut Zone, AwsError> {
        self.zones
            .get_mut(id)
            .ok_or_else(|| error(404, "NoSuchHostedZone", format!("No hosted zone found with ID: {id}")))
    }

    /// The zone of this id for a call that is its owner's alone.
    pub(super) fn own_zone(&mut self, id: &str, caller: &str) -> Result<&mut Zone, AwsError> {
        let zone = self.zone(id)?;
        if zone.owner == caller { Ok(zone) } else { Err(not_yours()) }
    }

    /// Writes an accepted change down; the answer's `ChangeInfo`.
    pub(super) fn accept(&mut self, owner: &str, comment: Option<&str>) -> Value {
        let id = format!("C{}", made_up(19));
        let change = Change { owner: owner.to_owned(), submitted_at: now(), comment: comment.map(str::to_owned) };
        let info = change_info(&id, "PENDING", &change);
        self.changes.insert(id, change);
        info
    }

    /// How a change stands: whatever was accepted is in force. Only the zone's owner is told.
    pub(super) fn change(&self, id: &str, caller: &str) -> Result<Value, AwsError> {
        let change = self
            .changes
            .get(id)
            .ok_or_else(|| error(404, "NoSuchChange", format!("Could not find resource with ID: {id}")))?;
        if change.owner != caller {
            return Err(not_yours());
        }
        Ok(json!({ "__xml_root": "GetChangeResponse", "ChangeInfo": change_info(id, "INSYNC", change) }))
    }

    /// The zone with this name that the VPC is associated with, if there is one.
    pub(super) fn zone_seen_by(&self, vpc: &VpcName, name: &str) -> Option<&Zone> {
        self.zones.values().find(|zone| zone.name == name && zone.associations.contains(vpc))
    }
}

fn change_info(id: &str, status: &str, change: &Change) -> Value {
    let mut info = json!({ "Id": format!("/change/{id}"), "Status": status, "SubmittedAt": change.submitted_at });
    if let Some(comment) = &change.comment {
        info["Comment"] = json!(comment);
    }
    info
}

/// What Route 53 says when the zone or the change belongs to somebody else.
fn not_yours() -> AwsError {
    error(403, "AccessDenied", "User is not authorized to access this resource")
}

/// A domain name in its normal form: lower case, with the trailing dot.
pub(super) fn normal_name(name: &str) -> String {
    let name = name.trim_end_matches('.').to_lowercase();
    format!("{name}.")
}

/// An id without the `/hostedzone/` or `/change/` that answers put before it.
pub(super) fn bare_id(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}
