//! Looks at everything that the tool will need, changing nothing: the identity and the clock, each account's roles and what
//! they may do, the zones, the secret and its key, the bucket of the audit log. All accounts at once: two calls follow one another, four where the secret
//! has a key of the customer's.

mod account;
mod audit;
mod identity;
mod looks;
mod sample;
mod secret;
mod simulate;
mod zone;

use futures::future::{join, join_all};

use self::account::Examined;
use super::session::Sessions;
use crate::engine::CloudError;
use crate::model::finding::{Finding, Health};

/// On whose behalf: its name, identity and tags are those that a step's sessions carry, so that trust is tried as it
/// will be used.
const DOCTOR: &str = "genkan-doctor";

/// One finding for every role, zone, secret and permission; never fails.
pub(super) async fn examine(sessions: &Sessions) -> Vec<Finding> {
    let config = sessions.config();
    let accounts: Vec<Examined<'_>> =
        config.accounts.iter().map(|(name, account)| Examined::new(sessions, name, account)).collect();
    let all = join_all(accounts.iter().map(Examined::everything));
    let (me, found) = join(identity::examine(sessions), all).await;
    // Without an identity every account would say the same once more.
    if me.iter().any(|finding| finding.health == Health::Failed) {
        return me;
    }
    me.into_iter().chain(found.into_iter().flatten()).collect()
}

fn ok(place: &str, subject: &str, seen: impl Into<String>) -> Finding {
    finding(place, subject, Health::Ok, seen.into(), None)
}

fn warning(place: &str, subject: &str, seen: impl Into<String>, mend: impl Into<String>) -> Finding {
    finding(place, subject, Health::Warning, seen.into(), Some(mend.into()))
}

fn broken(place: &str, subject: &str, seen: impl Into<String>, mend: impl Into<String>) -> Finding {
    finding(place, subject, Health::Failed, seen.into(), Some(mend.into()))
}

/// A call that failed. `statement` is what allows it, where a permission was missing.
fn failed(place: &str, subject: &str, error: &CloudError, statement: Option<String>) -> Finding {
    let mend = match error {
        CloudError::Forbidden { mend, .. } => statement.or_else(|| mend.clone()),
        CloudError::Blocked { mend, .. } => Some(mend.clone()),
        CloudError::Passing { .. } => Some("try again in a while".to_owned()),
        CloudError::Wrong { .. } => None,
    };
    finding(place, subject, Health::Failed, error.to_string(), mend)
}

fn finding(place: &str, subject: &str, health: Health, seen: String, mend: Option<String>) -> Finding {
    Finding { place: place.to_owned(), subject: subject.to_owned(), health, seen, mend }
}
