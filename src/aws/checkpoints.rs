//! Checkpoints of the audit log in a bucket with Object Lock: who has power over this tool, its store and its roles cannot take
//! back what is there.

use std::time::Duration;

use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{ChecksumAlgorithm, ObjectLockMode};
use jiff::Timestamp;

use super::asked::{blocked, wrong};
use super::error::Refused;
use super::permission::{Reach, Statement};
use super::session::Sessions;
use crate::config::AuditBucket;
use crate::engine::CloudError;
use crate::engine::cloud::Behalf;
use crate::model::audit::Checkpoint;
use crate::model::{Digest, Place, RoleKind};

/// On whose behalf the tool does this: its own.
const GENKAN: &str = "genkan";

/// What every log's name begins with, and so every key.
const PREFIX: &str = "genkan/";

/// What a role needs for the checkpoints, where the bucket is in that account. `key`: for this one alone. To lock an object while
/// putting it takes `s3:PutObjectRetention` as well (Amazon S3 User Guide, Object Lock considerations).
pub fn permissions(role: RoleKind, reach: &Reach<'_>, key: Option<&str>) -> Vec<Statement> {
    let Some(bucket) = reach.config.audit.bucket.as_ref() else { return Vec::new() };
    if reach.config.account(&bucket.account).is_none_or(|account| account.id != *reach.account()) {
        return Vec::new();
    }
    let arn = |resource: &str| reach.bare_arn("s3", resource);
    match role {
        RoleKind::Auditor => {
            let all = format!("{PREFIX}*");
            let objects = arn(&format!("{}/{}", bucket.name, key.unwrap_or(&all)));
            vec![Statement::new("AuditCheckpoints", &["s3:PutObject", "s3:PutObjectRetention"], &[&objects])]
        }
        RoleKind::Reader => {
            let looks = ["s3:GetBucketObjectLockConfiguration", "s3:GetBucketVersioning"];
            vec![Statement::new("AuditBucketRead", &looks, &[&arn(&bucket.name)])]
        }
        RoleKind::Writer | RoleKind::Authoriser | RoleKind::SecretReader => Vec::new(),
    }
}

/// The bucket and where it is, if one is configured.
fn configured(sessions: &Sessions) -> Option<(&AuditBucket, Place)> {
    let config = sessions.config();
    let bucket = config.audit.bucket.as_ref()?;
    let account = config.account(&bucket.account)?;
    Some((bucket, Place { account: account.id.clone(), region: config.region_of(account).clone() }))
}

/// Puts it there, unless it is there; see [`crate::engine::Cloud::lock_away`].
pub(super) async fn lock_away(sessions: &Sessions, checkpoint: &Checkpoint) -> Result<String, CloudError> {
    let Some((bucket, place)) = configured(sessions) else { return Err(wrong("[audit] names no bucket")) };
    let key = key_of(checkpoint)?;
    let statements = permissions(RoleKind::Auditor, &sessions.reach(&place), Some(&key));
    let behalf = Behalf { person: GENKAN.to_owned(), ..Behalf::default() };
    let hand = sessions.hand(&place.account, &place.region, RoleKind::Auditor, &behalf, &statements);
    let until = Timestamp::now() + Duration::from_secs(u64::from(bucket.days) * 24 * 60 * 60);
    let call = hand
        .s3()
        .put_object()
        .bucket(&bucket.name)
        .expected_bucket_owner(place.account.as_str())
        .key(&key)
        .if_none_match("*")
        .content_type("text/plain; charset=utf-8")
        // With Object Lock's headers S3 asks for a checksum of the body (Amazon S3 API Reference, PutObject).
        .checksum_algorithm(ChecksumAlgorithm::Sha256)
        .object_lock_mode(ObjectLockMode::Compliance)
        .object_lock_retain_until_date(DateTime::from_secs(until.as_second()))
        .body(ByteStream::from(checkpoint.note.clone().into_bytes()));
    let arn = sessions.reach(&place).bare_arn("s3", &format!("{}/{key}", bucket.name));
    let url = format!("s3://{}/{key}", bucket.name);
    match hand.call("s3:PutObject", &arn, call.send()).await {
        Ok(put) => Ok(put.version_id.map_or_else(|| url.clone(), |version| format!("{url}?versionId={version}"))),
        // An earlier try put it there and its answer was lost: the note's hash is in the key.
        Err(refused) if refused.status == Some(412) => Ok(url),
        Err(refused) => Err(explained(bucket, refused)),
    }
}

/// `genkan/HUB/LOG/SIZE-HASH.checkpoint`: in the order of sizes, and two of one size never in one another's place.
fn key_of(checkpoint: &Checkpoint) -> Result<String, CloudError> {
    let origin = checkpoint.note.lines().next().unwrap_or_default();
    let is_plain = origin.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-._".contains(&byte));
    if !origin.starts_with(PREFIX) || !is_plain {
        return Err(wrong(format!("`{origin}` is not the name of an audit log of genkan's")));
    }
    let hash = Digest::of(&checkpoint.note);
    Ok(format!("{origin}/{:020}-{}.checkpoint", checkpoint.size, hash.short()))
}

fn explained(bucket: &AuditBucket, refused: Refused) -> CloudError {
    match refused.code.as_deref() {
        Some("InvalidRequest") => blocked(
            format!("the bucket {} takes no locked objects ({})", bucket.name, refused.error),
            mend_lock(&bucket.name),
        ),
        Some("NoSuchBucket") => blocked(
            format!("there is no bucket {} in account {}", bucket.name, bucket.account),
            mend_missing(&bucket.name),
        ),
        _ => refused.error,
    }
}

/// A bucket that can lock from its first day on.
pub(super) fn mend_missing(bucket: &str) -> String {
    format!("aws s3api create-bucket --object-lock-enabled-for-bucket --bucket {bucket}")
}

/// Object Lock needs versioning, which it turns on (Amazon S3 User Guide, Object Lock).
pub(super) fn mend_lock(bucket: &str) -> String {
    format!(
        "aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled && aws s3api \
         put-object-lock-configuration --bucket {bucket} --object-lock-configuration ObjectLockEnabled=Enabled"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_sizes_and_no_note_takes_anothers_place() {
        let key = |size, note: &str| key_of(&Checkpoint { size, at: Timestamp::UNIX_EPOCH, note: note.to_owned() });
        let of = |size, end| key(size, &format!("genkan/111111111111/0a1b\n{size}\n{end}\n")).unwrap();
        assert!(of(9, "a").starts_with("genkan/111111111111/0a1b/00000000000000000009-"));
        assert!(of(9, "a") < of(10, "a"));
        assert_ne!(of(9, "a"), of(9, "b"));
        assert_eq!(of(9, "a"), of(9, "a"));
        for origin in ["", "other/1", "genkan/../1?x", "genkan/ 1"] {
            assert!(key(1, origin).is_err(), "{origin}");
        }
    }
}
