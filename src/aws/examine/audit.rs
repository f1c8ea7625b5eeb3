//! The bucket for checkpoints of the audit log: that it is there, and that what is put there cannot be removed.
//!
//! Facts: Amazon S3 User Guide, Object Lock (it needs versioning); Amazon S3 API Reference, GetObjectLockConfiguration
//! (a bucket that never had one is told apart from a bucket that is not there).

use aws_sdk_s3::types::{BucketVersioningStatus, ObjectLockEnabled};

use super::account::{Examined, is_explained};
use super::{broken, ok};
use crate::aws::checkpoints::{mend_lock, mend_missing};
use crate::aws::error::Refused;
use crate::aws::hand::Hand;
use crate::config::AuditBucket;
use crate::model::finding::Finding;

const NO_BUCKET: &str = "NoSuchBucket";

impl Examined<'_> {
    /// That the bucket is there, is this account's, and locks what is put there.
    pub(super) async fn object_lock(&self, hand: &Hand, bucket: &AuditBucket) -> Finding {
        let AuditBucket { name, days, .. } = bucket;
        let (action, subject) = ("s3:GetBucketObjectLockConfiguration", format!("audit bucket {name}: Object Lock"));
        let call = hand.s3().get_object_lock_configuration().bucket(name);
        let call = call.expected_bucket_owner(self.place.account.as_str()).send();
        let is_on = match hand.call(action, name, call).await {
            Ok(answer) => {
                let on = Some(ObjectLockEnabled::Enabled);
                answer.object_lock_configuration.is_some_and(|lock| lock.object_lock_enabled == on)
            }
            Err(refused) if refused.is("ObjectLockConfigurationNotFoundError") => false,
            Err(refused) if refused.is(NO_BUCKET) => {
                let mend = format!("{}; or correct `bucket` in [audit]", mend_missing(name));
                return broken(&self.title, &format!("audit bucket {name}"), "there is no such bucket", mend);
            }
            Err(refused) => return self.bucket_look_failed(hand, action, name, &refused),
        };
        if is_on {
            ok(&self.title, &subject, format!("it is on: each checkpoint is locked for {days} days"))
        } else {
            broken(&self.title, &subject, "it is off: what is put there can be removed", mend_lock(name))
        }
    }

    /// That the bucket keeps versions.
    pub(super) async fn versioning(&self, hand: &Hand, bucket: &AuditBucket) -> Finding {
        let (action, name) = ("s3:GetBucketVersioning", bucket.name.as_str());
        let subject = format!("audit bucket {name}: versioning");
        let call = hand.s3().get_bucket_versioning().bucket(name);
        match hand.call(action, name, call.expected_bucket_owner(self.place.account.as_str()).send()).await {
            Ok(answer) if answer.status == Some(BucketVersioningStatus::Enabled) => {
                ok(&self.title, &subject, "it is on")
            }
            Ok(_) => broken(&self.title, &subject, "it is off, and Object Lock needs it", mend_lock(name)),
            // That it is not there is said of its lock.
            Err(refused) if refused.is(NO_BUCKET) => ok(&self.title, action, "it is permitted"),
            Err(refused) => self.bucket_look_failed(hand, action, name, &refused),
        }
    }

    /// S3 says no more than `Access Denied` where the bucket is not this account's.
    fn bucket_look_failed(&self, hand: &Hand, action: &str, name: &str, refused: &Refused) -> Finding {
        let mut finding = self.look_failed(hand, action, name, &refused.error);
        if refused.is_forbidden() && !is_explained(&finding) {
            let statement = finding.mend.take().unwrap_or_default();
            finding.mend = Some(format!(
                "correct `bucket` in [audit]: is the bucket another account's? If not, this is missing:\n{statement}"
            ));
        }
        finding
    }
}
