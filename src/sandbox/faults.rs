//! What goes wrong on purpose: latency, refusals, throttling, lost requests and lost responses, by rule.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::Instant;

use super::buckets::Buckets;

/// What a rule does to a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// The answer comes this much later, on top of the round trip.
    Latency(Duration),
    /// The call is refused, without an effect.
    Error {
        /// HTTP status.
        status: u16,
        /// The code on the wire.
        code: String,
        /// The message.
        message: String,
    },
    /// The call is throttled, with the service's own code and status.
    Throttle,
    /// The connection breaks before the service sees the request.
    LoseRequest,
    /// The service does its work; the connection breaks before the answer arrives.
    LoseResponse,
}

/// Which of the calls that a rule matches it applies to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    /// Every one.
    Always,
    /// The first `n`.
    First(u64),
    /// The `n`th only; the first is 1.
    Nth(u64),
    /// Each with this probability, 0 to 1; the same sequence in every local AWS.
    Chance(f64),
}

/// One rule. A field that is `None` matches every call.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The signing name: `route53`, `s3`, `ecr` …
    pub service: Option<String>,
    /// `AssociateVPCWithHostedZone` …
    pub operation: Option<String>,
    /// The caller's account.
    pub account: Option<String>,
    /// Which of the matching calls.
    pub when: When,
    /// What happens to them.
    pub effect: Effect,
}

impl Rule {
    /// A rule for every call of one operation.
    pub fn on(service: &str, operation: &str, effect: Effect) -> Self {
        let (service, operation) = (Some(service.to_owned()), Some(operation.to_owned()));
        Self { service, operation, account: None, when: When::Always, effect }
    }

    /// A rule for every call of every service.
    pub fn everywhere(effect: Effect) -> Self {
        Self { service: None, operation: None, account: None, when: When::Always, effect }
    }

    /// Only calls from this account.
    #[must_use]
    pub fn in_account(mut self, account: &str) -> Self {
        self.account = Some(account.to_owned());
        self
    }

    /// Only some of the matching calls.
    #[must_use]
    pub fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    fn matches(&self, account: &str, service: &str, operation: &str) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        is(&self.service, service) && is(&self.operation, operation) && is(&self.account, account)
    }
}

/// What the rules together say about one call.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Fate {
    pub delay: Duration,
    /// The first effect that is not a delay.
    pub effect: Option<Effect>,
}

/// The rules of one local AWS. All methods take effect for the calls that begin after them.
pub struct Faults {
    inner: Mutex<Inner>,
}

struct Inner {
    round_trip: Duration,
    rules: Vec<(Rule, u64)>,
    rng: StdRng,
    buckets: Option<Buckets>,
}

impl Default for Faults {
    fn default() -> Self {
        let rng = StdRng::seed_from_u64(0);
        Self { inner: Mutex::new(Inner { round_trip: Duration::ZERO, rules: Vec::new(), rng, buckets: None }) }
    }
}

impl Faults {
    /// Every call takes this round trip, half of it before and half after its effect.
    pub fn set_latency(&self, round_trip: Duration) {
        self.lock().round_trip = round_trip;
    }

    /// Adds a rule; earlier rules come first.
    pub fn add(&self, rule: Rule) {
        self.lock().rules.push((rule, 0));
    }

    /// Removes all rules; latency and throttling stay as they are.
    pub fn clear(&self) {
        self.lock().rules.clear();
    }

    /// Turns AWS's documented request limits on (full buckets) or off.
    pub fn set_throttling(&self, on: bool) {
        self.lock().buckets = on.then(Buckets::default);
    }

    pub(crate) fn latency(&self) -> Duration {
        self.lock().round_trip
    }

    /// Takes a token for the call where limits are on; `false` = throttled.
    pub(crate) fn take_token(&self, account: &str, service: &str, operation: &str) -> bool {
        self.lock().buckets.as_mut().is_none_or(|buckets| buckets.take(account, service, operation, Instant::now()))
    }

    /// Counts the call on every rule that matches it, and says what becomes of it.
    pub(crate) fn fate(&self, account: &str, service: &str, operation: &str) -> Fate {
        let Inner { rules, rng, .. } = &mut *self.lock();
        let mut fate = Fate::default();
        for (rule, seen) in rules.iter_mut().filter(|(rule, _)| rule.matches(account, service, operation)) {
            *seen += 1;
            let applies = match rule.when {
                When::Always => true,
                When::First(n) => *seen <= n,
                When::Nth(n) => *seen == n,
                When::Chance(chance) => rng.random_bool(chance.clamp(0.0, 1.0)),
            };
            match &rule.effect {
                _ if !applies => {}
                Effect::Latency(delay) => fate.delay += *delay,
                effect => fate.effect = fate.effect.or_else(|| Some(effect.clone())),
            }
        }
        fate
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_applies_to_the_calls_it_names_and_counts_only_those() {
        let faults = Faults::default();
        faults.add(Rule::on("s3", "CreateBucket", Effect::Throttle).in_account("1").when(When::Nth(2)));
        let throttled = |account, operation| faults.fate(account, "s3", operation).effect == Some(Effect::Throttle);
        assert!(!throttled("1", "CreateBucket"));
        assert!(!throttled("2", "CreateBucket"));
        assert!(!throttled("1", "DeleteBucket"));
        assert!(throttled("1", "CreateBucket"));
        assert!(!throttled("1", "CreateBucket"));
    }

    #[test]
    fn delays_add_up_and_the_first_effect_wins() {
        let faults = Faults::default();
        faults.add(Rule::everywhere(Effect::Latency(Duration::from_millis(5))));
        faults.add(Rule::everywhere(Effect::LoseResponse).when(When::First(1)));
        faults.add(Rule::on("ssm", "GetParameter", Effect::Latency(Duration::from_millis(7))));
        let first = faults.fate("1", "ssm", "GetParameter");
        assert_eq!(first, Fate { delay: Duration::from_millis(12), effect: Some(Effect::LoseResponse) });
        assert_eq!(faults.fate("1", "s3", "ListBuckets"), Fate { delay: Duration::from_millis(5), effect: None });
    }
}
