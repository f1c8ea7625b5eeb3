//! ListObjectVersions: awsim's loses the version at which a page ends inside a key.

use awsim_core::AwsError;
use awsim_s3::state::S3State;
use serde_json::{Value, json};

use super::super::common::{error, text};

/// All versions and delete markers by key, newest first, after the pair of markers.
pub(super) fn list(state: &S3State, bucket: &str, input: &Value) -> Result<Value, AwsError> {
    let prefix = text(input, "prefix").unwrap_or_default();
    let max = match text(input, "max-keys").map(str::parse::<usize>) {
        None => 1000,
        Some(Ok(max)) => max.min(1000),
        Some(Err(_)) => return Err(error(400, "InvalidArgument", "Provided max-keys not an integer")),
    };
    let (key_marker, version_marker) = (text(input, "key-marker"), text(input, "version-id-marker"));
    if version_marker.is_some() && key_marker.is_none() {
        let message = "A version-id marker cannot be specified without a key marker.";
        return Err(error(400, "InvalidArgument", message));
    }
    let held =
        state.buckets.get(bucket).ok_or_else(|| error(404, "NoSuchBucket", "The specified bucket does not exist"))?;
    let mut keys: Vec<String> = held.objects.iter().map(|object| object.key().clone()).collect();
    keys.retain(|key| {
        key.starts_with(prefix)
            && key_marker.is_none_or(|marker| {
                if version_marker.is_some() { key.as_str() >= marker } else { key.as_str() > marker }
            })
    });
    keys.sort();

    let mut entries: Vec<(String, String, bool, Value)> = Vec::new();
    for key in keys {
        let Some(versions) = held.objects.get(&key) else { continue };
        // The version that the marker names was on the page before.
        let mut passed = version_marker.is_none() || key_marker != Some(&key);
        for (age, object) in versions.iter().rev().enumerate() {
            let id = object.version_id.clone().unwrap_or_else(|| "null".to_owned());
            if !passed {
                passed = version_marker == Some(&id);
                continue;
            }
            let modified = awsim_time(&object.last_modified);
            let mut entry = json!({ "Key": key, "VersionId": id, "IsLatest": age == 0, "LastModified": modified });
            if !object.is_delete_marker {
                entry["ETag"] = json!(object.etag);
                entry["Size"] = json!(object.content_length);
                entry["StorageClass"] = json!("STANDARD");
            }
            entries.push((key.clone(), id, object.is_delete_marker, entry));
        }
    }
    let truncated = entries.len() > max;
    entries.truncate(max);
    let of = |marker: bool| {
        entries.iter().filter(|entry| entry.2 == marker).map(|entry| entry.3.clone()).collect::<Vec<_>>()
    };
    let mut answer = json!({
        "__xml_root": "ListVersionsResult",
        "Name": bucket,
        "Prefix": prefix,
        "KeyMarker": key_marker.unwrap_or_default(),
        "VersionIdMarker": version_marker.unwrap_or_default(),
        "MaxKeys": max,
        "IsTruncated": truncated,
        "Version": of(false),
        "DeleteMarker": of(true),
    });
    if let Some((key, id, ..)) = entries.last().filter(|_| truncated) {
        answer["NextKeyMarker"] = json!(key);
        answer["NextVersionIdMarker"] = json!(id);
    }
    Ok(answer)
}

/// awsim keeps times as RFC 7231 writes them; lists write them as ISO 8601 does.
fn awsim_time(kept: &str) -> String {
    match jiff::fmt::rfc2822::parse(kept) {
        Ok(time) => time.timestamp().strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string(),
        Err(_) => kept.to_owned(),
    }
}
