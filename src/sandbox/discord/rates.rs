//! Rate limits as Discord tells them: a bucket for each route and its major parameter, and one for all calls together.
//!
//! Discord publishes no numbers for routes and says that none should be hard coded; the ones here are generous, and a test sets its own.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::refusal::TooMany;

/// Calls a second and bucket, where nothing else was said.
const GENEROUS: u32 = 5000;
/// Buckets that are kept before those that are full again are forgotten.
const KEPT: usize = 4096;

/// The limits of one local Discord.
#[derive(Default)]
pub struct Rates {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    routes: HashMap<String, (u32, Duration)>,
    global: Option<u32>,
    buckets: HashMap<String, Bucket>,
    together: Option<Bucket>,
    /// Above how many buckets it is looked which ones are full again.
    tidy_above: usize,
}

struct Bucket {
    begun: Timestamp,
    used: u32,
}

/// Where a bucket stands after a call: what the headers of the answer say.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Standing {
    pub bucket: String,
    pub limit: u32,
    pub remaining: u32,
    pub reset: Timestamp,
    pub reset_after: Duration,
}

impl Rates {
    /// This many calls of a route in this time, for each channel, webhook or interaction.
    pub fn limit(&self, route: &str, calls: u32, per: Duration) {
        self.lock().routes.insert(route.to_owned(), (calls, per));
    }

    /// This many calls a second in all; Discord's own number is 50. Interaction endpoints do not count.
    pub fn limit_all(&self, calls: u32) {
        self.lock().global = Some(calls);
    }

    /// Takes a call's place. `global`: whether it counts for the limit of all calls.
    pub(crate) fn take(
        &self,
        route: &str,
        major: &str,
        global: bool,
        now: Timestamp,
    ) -> Result<Standing, (TooMany, Option<Standing>)> {
        let mut inner = self.lock();
        if let Some(most) = inner.global.filter(|_| global) {
            let bucket = inner.together.get_or_insert(Bucket { begun: now, used: 0 });
            if let Err(after) = bucket.take(most, Duration::from_secs(1), now) {
                return Err((TooMany { after, global: true }, None));
            }
        }
        let (limit, per) = inner.routes.get(route).copied().unwrap_or((GENEROUS, Duration::from_secs(1)));
        if inner.buckets.len() > inner.tidy_above.max(KEPT) {
            inner.buckets.retain(|_, bucket| now.duration_since(bucket.begun) < SignedDuration::from_mins(1));
            // Not at every call from now on: each interaction has a bucket of its own.
            inner.tidy_above = inner.buckets.len() * 2;
        }
        let bucket = inner.buckets.entry(format!("{route} {major}")).or_insert(Bucket { begun: now, used: 0 });
        let taken = bucket.take(limit, per, now);
        let reset = bucket.begun.saturating_add(per).unwrap_or(Timestamp::MAX);
        let standing = Standing {
            bucket: hex::encode(&Sha256::digest(route.as_bytes())[..8]),
            limit,
            remaining: limit.saturating_sub(bucket.used),
            reset,
            reset_after: Duration::try_from(reset.duration_since(now)).unwrap_or_default(),
        };
        match taken {
            Ok(()) => Ok(standing),
            Err(after) => Err((TooMany { after, global: false }, Some(standing))),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bucket {
    /// Counts a call in the window that is open now; an error says when the next one opens.
    fn take(&mut self, most: u32, per: Duration, now: Timestamp) -> Result<(), Duration> {
        let end = self.begun.saturating_add(per).unwrap_or(Timestamp::MAX);
        if now >= end {
            (self.begun, self.used) = (now, 0);
        }
        if self.used >= most {
            return Err(Duration::try_from(end.duration_since(now)).unwrap_or_default());
        }
        self.used += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_for_one_route_and_its_major_parameter_and_fills_again() {
        let rates = Rates::default();
        rates.limit("PATCH message", 2, Duration::from_secs(5));
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().expect("a time");
        let take = |channel: &str, now| rates.take("PATCH message", channel, true, now);
        assert_eq!(take("1", now).expect("the first").remaining, 1);
        assert_eq!(take("1", now).expect("the second").remaining, 0);
        let (too_many, standing) = take("1", now).expect_err("the third");
        assert_eq!(too_many, TooMany { after: Duration::from_secs(5), global: false });
        assert_eq!(standing.expect("of the route").reset_after, Duration::from_secs(5));
        take("2", now).expect("another channel");
        let later = now.saturating_add(Duration::from_secs(5)).expect("a time");
        take("1", later).expect("the window is over");
    }

    #[test]
    fn the_limit_of_all_calls_is_not_for_interactions() {
        let rates = Rates::default();
        rates.limit_all(1);
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().expect("a time");
        rates.take("GET gateway", "", true, now).expect("the first");
        let (too_many, _) = rates.take("POST message", "1", true, now).expect_err("the second");
        assert!(too_many.global);
        rates.take("POST callback", "1", false, now).expect("an interaction's");
    }
}
