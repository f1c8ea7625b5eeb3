//! Empties a bucket: every version, every delete marker, every upload that was begun. Only after a person asked, others approved, and the marks were read again.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use tokio::time::Instant;

use super::asked::{blocked, wrong};
use super::s3_settings::{Bucket, unbuilt};
use crate::engine::CloudError;
use crate::model::Contents;

/// How far an emptying came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emptied {
    /// Nothing was left when it ended.
    Wholly,
    /// Time was up; so many versions and delete markers were destroyed.
    Partly(u64),
}

/// What a bucket holds, from the first page of at most 1000 versions and delete markers: where a bucket holds more, the
/// counts are "at least".
///
/// # Errors
/// When the look failed.
pub async fn contents(bucket: &Bucket<'_>) -> Result<Contents, CloudError> {
    let page = page(bucket, None, None).await?;
    let versions = page.versions.unwrap_or_default();
    let objects = versions.iter().filter(|version| version.is_latest == Some(true)).count();
    let counts = [
        ("objects", objects),
        ("older versions", versions.len() - objects),
        ("delete markers", page.delete_markers.unwrap_or_default().len()),
    ];
    Ok(counts.into_iter().filter(|(_, n)| *n > 0).map(|(what, n)| (what.to_owned(), n as u64)).collect())
}

/// Destroys all that the bucket holds, until `deadline`.
///
/// # Errors
/// Blocked if S3 kept something back (Object Lock, MFA delete, a policy); else when a call failed.
pub async fn empty(bucket: &Bucket<'_>, deadline: Instant) -> Result<Emptied, CloudError> {
    let mut destroyed = 0;
    let (mut key, mut version) = (None, None);
    loop {
        let page = page(bucket, key, version).await?;
        let objects = identifiers(&page)?;
        if !objects.is_empty() {
            destroyed += objects.len() as u64;
            destroy(bucket, objects).await?;
        }
        if page.is_truncated != Some(true) {
            break;
        }
        if Instant::now() >= deadline {
            return Ok(Emptied::Partly(destroyed));
        }
        // Both markers are needed: a page can end between two versions of one key.
        (key, version) = (page.next_key_marker, page.next_version_id_marker);
    }
    abort_uploads(bucket).await?;
    Ok(Emptied::Wholly)
}

type Page = aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;

async fn page(bucket: &Bucket<'_>, key: Option<String>, version: Option<String>) -> Result<Page, CloudError> {
    let call = bucket
        .hand
        .s3()
        .list_object_versions()
        .bucket(bucket.name)
        .expected_bucket_owner(bucket.owner())
        .max_keys(1000)
        .set_key_marker(key)
        .set_version_id_marker(version);
    Ok(bucket.hand.call("s3:ListBucketVersions", bucket.arn, call.send()).await?)
}

/// The versions and the delete markers of a page. An object of a bucket that never had versions is version `null`.
fn identifiers(page: &Page) -> Result<Vec<ObjectIdentifier>, CloudError> {
    let versions = page.versions().iter().map(|version| (version.key(), version.version_id()));
    let markers = page.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
    versions
        .chain(markers)
        .map(|(key, version)| {
            let version = version.unwrap_or("null");
            ObjectIdentifier::builder().set_key(key.map(str::to_owned)).version_id(version).build().map_err(unbuilt)
        })
        .collect()
}

async fn destroy(bucket: &Bucket<'_>, objects: Vec<ObjectIdentifier>) -> Result<(), CloudError> {
    let count = objects.len();
    let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build().map_err(unbuilt)?;
    let call =
        bucket.hand.s3().delete_objects().bucket(bucket.name).expected_bucket_owner(bucket.owner()).delete(delete);
    let objects = format!("{}/*", bucket.arn);
    let answer = bucket.hand.call("s3:DeleteObjectVersion", &objects, call.send()).await?;
    // The call is answered with 200 also when single objects were refused.
    let kept: Vec<&str> = answer.errors().iter().map(|error| error.code().unwrap_or("no code")).collect();
    judged(&kept, count, bucket.name)
}

/// What it means that S3 answered with these codes for some of `count` versions. What passes by itself counts for less
/// than what does not.
fn judged(codes: &[&str], count: usize, name: &str) -> Result<(), CloudError> {
    let passes = |code: &&str| matches!(*code, "InternalError" | "SlowDown" | "ServiceUnavailable");
    let Some(code) = codes.iter().find(|code| !passes(code)).or(codes.first()) else {
        return Ok(());
    };
    let why = format!("S3 kept {} of {count} versions in {name} back: {code}", codes.len());
    match *code {
        "AccessDenied" => Err(blocked(
            why,
            "see whether Object Lock, MFA delete or a bucket policy protects them; what is locked can be destroyed by nobody",
        )),
        _ if passes(code) => Err(CloudError::Passing { why, after: None }),
        _ => Err(wrong(why)),
    }
}

/// Aborts the uploads that were begun and never ended: their parts cost money and are seen by no listing of objects.
async fn abort_uploads(bucket: &Bucket<'_>) -> Result<(), CloudError> {
    let (mut key, mut upload) = (None, None);
    loop {
        let call = bucket
            .hand
            .s3()
            .list_multipart_uploads()
            .bucket(bucket.name)
            .expected_bucket_owner(bucket.owner())
            .set_key_marker(key)
            .set_upload_id_marker(upload);
        let page = bucket.hand.call("s3:ListBucketMultipartUploads", bucket.arn, call.send()).await?;
        for begun in page.uploads() {
            let call = bucket
                .hand
                .s3()
                .abort_multipart_upload()
                .bucket(bucket.name)
                .expected_bucket_owner(bucket.owner())
                .set_key(begun.key.clone())
                .set_upload_id(begun.upload_id.clone());
            let objects = format!("{}/*", bucket.arn);
            match bucket.hand.call("s3:AbortMultipartUpload", &objects, call.send()).await {
                Err(refused) if !refused.is("NoSuchUpload") => return Err(refused.into()),
                _ => {}
            }
        }
        if page.is_truncated != Some(true) {
            return Ok(());
        }
        (key, upload) = (page.next_key_marker, page.next_upload_id_marker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_s3_keeps_back_in_a_good_answer_is_a_failure() {
        assert_eq!(judged(&[], 3, "b"), Ok(()));
        let Err(CloudError::Blocked { why, .. }) = judged(&["SlowDown", "AccessDenied"], 3, "b") else {
            panic!("locked objects are for a person to see to")
        };
        assert!(why.contains("2 of 3") && why.contains("AccessDenied"), "{why}");
        assert!(matches!(judged(&["SlowDown"], 3, "b"), Err(CloudError::Passing { .. })));
        assert!(matches!(judged(&["InternalError", "MalformedXML"], 3, "b"), Err(CloudError::Wrong { .. })));
    }
}
