//! S3's rules for bucket settings, and what a new bucket has before anybody sets anything.

use awsim_core::AwsError;
use serde_json::{Value, json};

use super::super::common::{error, many, text};

/// The flags of a public access block.
const FLAGS: [&str; 4] = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];

/// The settings that a new bucket is given, as calls: no ACLs, no public access, SSE-S3, and the tags of the call.
pub(super) fn defaults(bucket: &str, ownership: &str, tags: &Value) -> Vec<(&'static str, Value)> {
    let flags: serde_json::Map<String, Value> = FLAGS.iter().map(|flag| ((*flag).to_owned(), json!("true"))).collect();
    let mut calls = vec![
        (
            "PutBucketOwnershipControls",
            json!({ "Bucket": bucket, "OwnershipControls": { "Rule": { "ObjectOwnership": ownership } } }),
        ),
        ("PutPublicAccessBlock", json!({ "Bucket": bucket, "PublicAccessBlockConfiguration": flags })),
        ("PutBucketEncryption", encryption(bucket)),
    ];
    if tags.get("Tag").is_some() {
        calls.push(("PutBucketTagging", json!({ "Bucket": bucket, "Tagging": { "TagSet": tags } })));
    }
    calls
}

/// SSE-S3, which every bucket has that has nothing else.
pub(super) fn encryption(bucket: &str) -> Value {
    let rule =
        json!({ "ApplyServerSideEncryptionByDefault": { "SSEAlgorithm": "AES256" }, "BucketKeyEnabled": "false" });
    json!({ "Bucket": bucket, "ServerSideEncryptionConfiguration": { "Rule": rule } })
}

/// Methods that S3 knows, and one `*` at most in each origin and header.
pub(super) fn check_cors(input: &Value) -> Result<(), AwsError> {
    for rule in many(input["CORSConfiguration"].get("CORSRule")) {
        for method in many(rule.get("AllowedMethod")).into_iter().filter_map(Value::as_str) {
            if !["GET", "PUT", "HEAD", "POST", "DELETE"].contains(&method) {
                let message = format!("Found unsupported HTTP method in CORS config. Unsupported method is {method}");
                return Err(error(400, "InvalidRequest", message));
            }
        }
        for field in ["AllowedOrigin", "AllowedHeader"] {
            for pattern in many(rule.get(field)).into_iter().filter_map(Value::as_str) {
                if pattern.matches('*').count() > 1 {
                    let message = format!("{field} \"{pattern}\" can not have more than one wildcard.");
                    return Err(error(400, "InvalidRequest", message));
                }
            }
        }
    }
    Ok(())
}

/// Versioning is turned on or suspended; it is never "not set" again.
pub(super) fn check_versioning(input: &Value) -> Result<(), AwsError> {
    match text(&input["VersioningConfiguration"], "Status") {
        Some("Enabled" | "Suspended") => Ok(()),
        _ => Err(malformed()),
    }
}

/// The three kinds of object ownership.
pub(super) fn check_ownership(ownership: &str) -> Result<(), AwsError> {
    let known = ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"].contains(&ownership);
    if known { Ok(()) } else { Err(malformed()) }
}

/// A flag that is not named is off, and is shown so.
pub(super) fn name_every_flag(input: &mut Value) -> Result<(), AwsError> {
    let block = input.get_mut("PublicAccessBlockConfiguration").and_then(Value::as_object_mut).ok_or_else(malformed)?;
    for flag in FLAGS {
        block.entry(flag).or_insert(json!("false"));
    }
    Ok(())
}

fn malformed() -> AwsError {
    error(
        400,
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
}
