//! Keeps within AWS's quotas: a call takes a token from its account's bucket and from its action's before it is sent.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::config::{Bucket, Limits};
use crate::model::AccountId;

/// The token buckets of all accounts, services and actions. Cheap to clone; one for the whole process.
#[derive(Clone)]
pub struct Gates {
    limits: Arc<Limits>,
    buckets: Arc<Mutex<HashMap<BucketKey, Arc<DefaultDirectRateLimiter>>>>,
}

/// Account, service, and the action for a bucket of the second level.
type BucketKey = (AccountId, String, Option<String>);

impl Gates {
    /// Full buckets of these sizes.
    pub fn new(limits: &Limits) -> Self {
        Self { limits: Arc::new(limits.clone()), buckets: Arc::default() }
    }

    /// Waits until this call may be made. `service` as in `[limits]` (`route53`), `action` as in the API.
    pub async fn pass(&self, account: &AccountId, service: &str, action: &str) {
        let (whole, single) = self.limits.of(service, action);
        if let Some(bucket) = single {
            self.bucket((account.clone(), service.to_owned(), Some(action.to_owned())), bucket).until_ready().await;
        }
        if let Some(bucket) = whole {
            self.bucket((account.clone(), service.to_owned(), None), bucket).until_ready().await;
        }
    }

    fn bucket(&self, key: BucketKey, size: Bucket) -> Arc<DefaultDirectRateLimiter> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let limiter = || {
            let refill = NonZeroU32::new(size.per_second).unwrap_or(NonZeroU32::MIN);
            let burst = NonZeroU32::new(size.burst).unwrap_or(NonZeroU32::MIN);
            Arc::new(RateLimiter::direct(Quota::per_second(refill).allow_burst(burst)))
        };
        Arc::clone(buckets.entry(key).or_insert_with(limiter))
    }
}

impl std::fmt::Debug for Gates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gates").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn account(digit: char) -> AccountId {
        String::from(digit).repeat(12).parse().unwrap()
    }

    /// How many calls pass without waiting.
    fn at_once(gates: &Gates, account: &AccountId, service: &str, action: &str) -> usize {
        (0..100).take_while(|_| gates.pass(account, service, action).now_or_never().is_some()).count()
    }

    #[tokio::test]
    async fn route_53_lets_a_burst_of_its_action_through_and_no_more() {
        let gates = Gates::new(&Limits::default());
        assert_eq!(at_once(&gates, &account('1'), "route53", "AssociateVPCWithHostedZone"), 20);
        assert_eq!(
            at_once(&gates, &account('2'), "route53", "AssociateVPCWithHostedZone"),
            20,
            "each account has its own"
        );
    }

    #[tokio::test]
    async fn an_accounts_bucket_is_shared_by_all_its_actions() {
        let gates = Gates::new(&Limits::default());
        let one = account('1');
        let used: usize = ["AssociateVPCWithHostedZone", "DisassociateVPCFromHostedZone", "GetHostedZone", "GetChange"]
            .iter()
            .map(|action| at_once(&gates, &one, "route53", action))
            .sum();
        assert_eq!(used, 50);
    }
}
