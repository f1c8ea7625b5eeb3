//! Keeps within AWS's quotas: two levels of token buckets, per account and service, and per action of these.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::config::{Bucket, Limits};
use crate::model::AccountId;

/// All buckets of the process. Cheap to clone: clones share their buckets.
#[derive(Clone)]
pub struct Gates {
    limits: Arc<Limits>,
    buckets: Arc<Mutex<Buckets>>,
}

type Key = (AccountId, String, Option<String>);
type Buckets = HashMap<Key, Arc<DefaultDirectRateLimiter>>;

impl std::fmt::Debug for Gates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gates").finish_non_exhaustive()
    }
}

impl Gates {
    /// Full buckets of these sizes.
    pub fn new(limits: &Limits) -> Self {
        Self { limits: Arc::new(limits.clone()), buckets: Arc::default() }
    }

    /// Waits until this account may call this action (`route53`, `AssociateVPCWithHostedZone`): takes a token from the
    /// account's bucket and one from the action's.
    pub async fn pass(&self, account: &AccountId, service: &str, action: &str) {
        let (of_account, of_action) = self.limits.of(service, action);
        if let Some(bucket) = of_action {
            self.bucket((account.clone(), service.to_owned(), Some(action.to_owned())), bucket).until_ready().await;
        }
        if let Some(bucket) = of_account {
            self.bucket((account.clone(), service.to_owned(), None), bucket).until_ready().await;
        }
    }

    fn bucket(&self, key: Key, bucket: Bucket) -> Arc<DefaultDirectRateLimiter> {
        let at_least_one = |count| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let made = buckets.entry(key).or_insert_with(|| {
            let quota = Quota::per_second(at_least_one(bucket.per_second)).allow_burst(at_least_one(bucket.burst));
            Arc::new(RateLimiter::direct(quota))
        });
        Arc::clone(made)
    }
}
