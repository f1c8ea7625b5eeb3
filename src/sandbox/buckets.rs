//! AWS's request limits: token buckets at two levels, for all calls of an account to a service and for each action.

use std::collections::HashMap;

use tokio::time::Instant;

/// How many tokens a full bucket holds, and how many it gains in a second.
type Rate = (f64, f64);

/// Route 53's limits at the account level and for each action that has its own [Route 53 Developer Guide, "Throttling API requests"].
fn rates(service: &str, operation: &str) -> Option<[Rate; 2]> {
    let action = match (service, operation) {
        ("route53", "AssociateVPCWithHostedZone") => (20.0, 5.0),
        ("route53", "DisassociateVPCFromHostedZone") => (10.0, 5.0),
        ("route53", "CreateHostedZone") => (40.0, 2.0),
        ("route53", "DeleteHostedZone") => (40.0, 5.0),
        ("route53", _) => (50.0, 10.0),
        _ => return None,
    };
    Some([(50.0, 10.0), action])
}

/// The buckets of every account. A service without a documented limit is not limited.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    levels: HashMap<(String, String), Level>,
}

#[derive(Debug, Clone, Copy)]
struct Level {
    tokens: f64,
    at: Instant,
}

impl Buckets {
    /// Takes one token at both levels, or none where either is empty.
    pub(crate) fn take(&mut self, account: &str, service: &str, operation: &str, now: Instant) -> bool {
        let Some(rates) = rates(service, operation) else { return true };
        let keys = [service.to_owned(), format!("{service}:{operation}")].map(|name| (account.to_owned(), name));
        let filled: Vec<Level> = keys.iter().zip(rates).map(|(key, rate)| self.filled(key, rate, now)).collect();
        if filled.iter().any(|level| level.tokens < 1.0) {
            return false;
        }
        self.levels.extend(
            keys.into_iter().zip(filled.into_iter().map(|level| Level { tokens: level.tokens - 1.0, ..level })),
        );
        true
    }

    fn filled(&self, key: &(String, String), (burst, refill): Rate, now: Instant) -> Level {
        let Some(level) = self.levels.get(key) else { return Level { tokens: burst, at: now } };
        let gained = now.saturating_duration_since(level.at).as_secs_f64() * refill;
        Level { tokens: (level.tokens + gained).min(burst), at: now }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn taken(buckets: &mut Buckets, account: &str, operation: &str, now: Instant) -> usize {
        (0..100).take_while(|_| buckets.take(account, "route53", operation, now)).count()
    }

    #[test]
    fn an_action_has_its_own_bucket_within_the_accounts() {
        let (mut buckets, now) = (Buckets::default(), Instant::now());
        assert_eq!(taken(&mut buckets, "1", "AssociateVPCWithHostedZone", now), 20);
        assert_eq!(taken(&mut buckets, "1", "GetHostedZone", now), 30, "50 for the account in all");
        assert_eq!(taken(&mut buckets, "2", "GetHostedZone", now), 50, "another account has its own");
        let later = now + Duration::from_secs(1);
        assert_eq!(taken(&mut buckets, "1", "AssociateVPCWithHostedZone", later), 5);
        assert_eq!(taken(&mut buckets, "1", "GetHostedZone", later), 5);
        assert!(buckets.take("1", "s3", "ListBuckets", later));
    }
}
