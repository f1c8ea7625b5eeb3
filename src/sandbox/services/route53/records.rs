//! Records: a change batch is taken whole or not at all.

use awsim_core::AwsError;
use serde_json::{Value, json};

use super::super::common::{error, many, text};
use super::state::{Zone, normal_name};
use super::{Call, MAX_RECORDS};

impl Call<'_> {
    /// CREATE, UPSERT and DELETE of record sets in one batch.
    pub(super) fn change_records(&mut self) -> Result<Value, AwsError> {
        let batch = &self.input["ChangeBatch"];
        let changes = many(batch["Changes"].get("Change"));
        if changes.is_empty() || changes.len() > 1000 {
            return Err(error(400, "InvalidInput", "A change batch holds 1 to 1000 changes."));
        }
        let zone = self.state.own_zone(&self.zone_id, &self.ctx.account_id)?;
        let mut records = zone.records.clone();
        for change in changes {
            let set = normal_set(&change["ResourceRecordSet"], zone)?;
            apply(&mut records, text(change, "Action").unwrap_or_default(), set, zone)?;
        }
        if records.len() > MAX_RECORDS {
            return Err(invalid(format!("The hosted zone would hold more than {MAX_RECORDS} record sets.")));
        }
        records.sort_by_key(|set| (order(set), set["SetIdentifier"].to_string()));
        zone.records = records;
        let change = self.state.accept(&self.ctx.account_id, text(batch, "Comment"));
        Ok(json!({ "__xml_root": "ChangeResourceRecordSetsResponse", "ChangeInfo": change }))
    }

    /// The zone's record sets by name (its labels from the right) and type, from a name on.
    pub(super) fn list_records(&mut self) -> Result<Value, AwsError> {
        let max = self.max_items("maxitems", 300)?;
        let from = text(self.input, "name").map(|name| {
            order(&json!({ "Name": normal_name(name), "Type": text(self.input, "type").unwrap_or_default() }))
        });
        let zone = self.state.own_zone(&self.zone_id, &self.ctx.account_id)?;
        let mut sets: Vec<&Value> =
            zone.records.iter().filter(|set| from.as_ref().is_none_or(|from| order(set) >= *from)).collect();
        sets.sort_by_key(|set| order(set));
        let mut answer = json!({
            "__xml_root": "ListResourceRecordSetsResponse",
            "ResourceRecordSets": { "ResourceRecordSet": sets.iter().take(max).collect::<Vec<_>>() },
            "IsTruncated": max < sets.len(),
            "MaxItems": max,
        });
        if let Some(next) = sets.get(max) {
            answer["NextRecordName"] = next["Name"].clone();
            answer["NextRecordType"] = next["Type"].clone();
            if let Some(identifier) = next.get("SetIdentifier") {
                answer["NextRecordIdentifier"] = identifier.clone();
            }
        }
        Ok(answer)
    }
}

/// The SOA and NS records that every zone has.
pub(super) fn apex_records(name: &str) -> Vec<Value> {
    let set = |kind: &str, ttl: &str, value: &str| json!({ "Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": { "ResourceRecord": [{ "Value": value }] } });
    vec![
        set("NS", "172800", "ns-0.awsdns-00.com."),
        set("SOA", "900", "ns-0.awsdns-00.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"),
    ]
}

/// Where a record set stands in a list.
fn order(set: &Value) -> (Vec<String>, String) {
    let name = set["Name"].as_str().unwrap_or_default();
    let labels = name.trim_end_matches('.').rsplit('.').map(str::to_owned).collect();
    (labels, set["Type"].as_str().unwrap_or_default().to_owned())
}

/// The set with its name in normal form and its values in order, so that equal sets are equal values.
fn normal_set(set: &Value, zone: &Zone) -> Result<Value, AwsError> {
    let (Some(name), Some(_)) = (text(set, "Name"), text(set, "Type")) else {
        return Err(error(400, "InvalidInput", "A record set needs Name and Type."));
    };
    let name = normal_name(name);
    if name != zone.name && !name.ends_with(&format!(".{}", zone.name)) {
        return Err(invalid(format!("RRSet with DNS name {name} is not permitted in zone {}", zone.name)));
    }
    let mut set = set.clone();
    set["Name"] = json!(name);
    if let Some(alias) = set.get_mut("AliasTarget").and_then(Value::as_object_mut) {
        let target = alias.get("DNSName").and_then(Value::as_str).map(normal_name).unwrap_or_default();
        alias.insert("DNSName".to_owned(), json!(target));
    } else {
        let mut values: Vec<Value> = many(set["ResourceRecords"].get("ResourceRecord")).into_iter().cloned().collect();
        if values.is_empty() || text(&set, "TTL").is_none() {
            return Err(error(400, "InvalidInput", "A record set needs TTL and ResourceRecords, or AliasTarget."));
        }
        values.sort_by_key(ToString::to_string);
        set["ResourceRecords"] = json!({ "ResourceRecord": values });
    }
    Ok(set)
}

fn apply(records: &mut Vec<Value>, action: &str, set: Value, zone: &Zone) -> Result<(), AwsError> {
    let same =
        |other: &Value| ["Name", "Type", "SetIdentifier"].iter().all(|field| other.get(*field) == set.get(*field));
    let at = records.iter().position(same);
    let label = format!("[name={}, type={}]", set["Name"], set["Type"]).replace('"', "'");
    match (action, at) {
        ("CREATE", Some(_)) => {
            return Err(invalid(format!("Tried to create resource record set {label} but it already exists")));
        }
        ("CREATE" | "UPSERT", None) => records.push(set),
        ("UPSERT", Some(at)) => records[at] = set,
        ("DELETE", None) => {
            return Err(invalid(format!("Tried to delete resource record set {label} but it was not found")));
        }
        ("DELETE", Some(at)) if records[at] != set => {
            return Err(invalid(format!(
                "Tried to delete resource record set {label} but the values provided do not match the current values"
            )));
        }
        ("DELETE", Some(_)) if set["Name"] == zone.name.as_str() && (set["Type"] == "SOA" || set["Type"] == "NS") => {
            return Err(invalid(format!("A HostedZone must contain its {} record", set["Type"])));
        }
        ("DELETE", Some(at)) => {
            records.remove(at);
        }
        _ => return Err(error(400, "InvalidInput", format!("{action} is not an action."))),
    }
    Ok(())
}

fn invalid(message: String) -> AwsError {
    error(400, "InvalidChangeBatch", format!("[{message}]"))
}
