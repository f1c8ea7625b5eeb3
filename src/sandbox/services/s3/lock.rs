//! Object Lock as an object is put: awsim leaves its headers unread, and lets a retention be shortened.
//! Codes and words: Amazon S3 API Reference, PutObject and PutObjectRetention; Amazon S3 User Guide, Object Lock.

use awsim_core::AwsError;
use awsim_s3::state::Bucket;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::common::{error, text};

/// The input of PutObjectRetention that a PutObject with a lock's headers stands for; none without them.
pub(super) fn of_a_put(bucket: &Bucket, input: &Value) -> Result<Option<Value>, AwsError> {
    let (mode, until) = match (text(input, "ObjectLockMode"), text(input, "ObjectLockRetainUntilDate")) {
        (None, None) => return Ok(None),
        (Some(mode), Some(until)) => (mode, until),
        _ => {
            let message = "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied";
            return Err(error(400, "InvalidArgument", message));
        }
    };
    if !bucket.configs.contains_key("object-lock-enabled") {
        return Err(error(400, "InvalidRequest", "Bucket is missing Object Lock Configuration"));
    }
    let is_a_checksum = |name: &String| name == "ContentMd5" || name.starts_with("Checksum") || name == "Trailer";
    if !input.as_object().is_some_and(|input| input.keys().any(is_a_checksum)) {
        let message = "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters";
        return Err(error(400, "InvalidRequest", message));
    }
    if !["COMPLIANCE", "GOVERNANCE"].contains(&mode) {
        return Err(error(400, "InvalidArgument", "Unknown wormMode directive."));
    }
    if time(until).is_none_or(|until| until <= Timestamp::now()) {
        return Err(error(400, "InvalidArgument", "The retain until date must be in the future!"));
    }
    let retention = json!({ "Mode": mode, "RetainUntilDate": until });
    Ok(Some(json!({ "Bucket": input["Bucket"], "Key": input["Key"], "Retention": retention })))
}

/// A retention in compliance mode becomes longer only.
pub(super) fn check_change(bucket: &Bucket, input: &Value) -> Result<(), AwsError> {
    let held = bucket.configs.get(&format!("retention:{}", text(input, "Key").unwrap_or_default()));
    let held: Value = held.and_then(|held| serde_json::from_str(held).ok()).unwrap_or_default();
    let until = |retention: &Value| text(retention, "RetainUntilDate").and_then(time);
    let is_held = held["Mode"] == "COMPLIANCE" && until(&held).is_some_and(|until| until > Timestamp::now());
    let retention = &input["Retention"];
    if is_held && (retention["Mode"] != "COMPLIANCE" || until(retention) < until(&held)) {
        return Err(denied());
    }
    Ok(())
}

/// What a lock refuses is a 403 in S3, and a 400 in awsim.
pub(super) fn forbidden(refused: AwsError) -> AwsError {
    if refused.code == "AccessDenied" { denied() } else { refused }
}

fn denied() -> AwsError {
    error(403, "AccessDenied", "Access Denied because object protected by object lock.")
}

fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}
