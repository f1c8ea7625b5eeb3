//! What goes wrong on purpose at the local Discord, by rule: for the bot's calls, for its gateway connection, for deliveries.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

/// What a rule does.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// A call: it is done this much later.
    Latency(Duration),
    /// A call is refused with 429, without an effect.
    TooMany {
        /// The whole bot's limit, instead of the route's.
        global: bool,
        /// When to try again.
        after: Duration,
    },
    /// A call is refused, without an effect: 500, 503, or one of Discord's codes such as 30046.
    Error {
        /// HTTP status.
        status: u16,
        /// Discord's code; 0 = none.
        code: u64,
        /// Its words.
        message: String,
    },
    /// A call: the connection breaks before anything is done.
    LoseRequest,
    /// A call: it is done, and the connection breaks before the answer.
    LoseResponse,
    /// A gateway operation is answered with op 7, reconnect.
    Reconnect,
    /// A gateway operation is answered with op 9, invalid session; one that is not resumable is forgotten.
    InvalidSession {
        /// Whether it may be resumed.
        resumable: bool,
    },
    /// A gateway operation: the connection is closed with this code.
    Close(u16),
    /// A gateway operation: the TCP connection breaks without a word.
    Cut,
    /// A gateway operation is not answered at all: a heartbeat without its acknowledgement makes a zombie.
    Silence,
    /// A delivery arrives in a form that clients cannot parse.
    Malformed,
    /// A delivery arrives with these fields instead of its own, and without those that are null (RFC 7386): what nobody could do
    /// with Discord's client.
    Altered(Value),
    /// A delivery arrives twice.
    Twice,
    /// A delivery is of something that happened this long ago.
    Late(Duration),
}

/// One rule: the next so many things of a name.
///
/// Names: a call's route as [`super::log::Recorded::route`] has it, for example `PATCH @original`, or `*` for every call;
/// `IDENTIFY`, `RESUME`, `HEARTBEAT` for what the bot sends over the gateway; `INTERACTION_CREATE` for a delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    on: String,
    skip: u64,
    times: u64,
    effect: Effect,
}

impl Rule {
    /// A rule for the next one.
    pub fn next(on: &str, effect: Effect) -> Self {
        Self { on: on.to_owned(), skip: 0, times: 1, effect }
    }

    /// A rule for all of them.
    pub fn always(on: &str, effect: Effect) -> Self {
        Self { times: u64::MAX, ..Self::next(on, effect) }
    }

    /// For this many instead of one.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }

    /// Only after so many have passed unharmed.
    #[must_use]
    pub fn after(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }
}

/// The rules of one local Discord, earlier ones first.
#[derive(Default)]
pub struct Faults {
    rules: Mutex<Vec<Rule>>,
}

impl Faults {
    /// Adds a rule.
    pub fn add(&self, rule: Rule) {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner).push(rule);
    }

    /// Removes all rules.
    pub fn clear(&self) {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What happens to this one: how much later, and the first effect that is not a delay.
    pub(crate) fn fate(&self, name: &str) -> (Duration, Option<Effect>) {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let mut delay = Duration::ZERO;
        let mut effect = None;
        for rule in rules.iter_mut().filter(|rule| rule.on == name || (rule.on == "*" && name.contains(' '))) {
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            match &rule.effect {
                Effect::Latency(more) => delay += *more,
                _ if effect.is_some() => continue,
                other => effect = Some(other.clone()),
            }
            rule.times = if rule.times == u64::MAX { u64::MAX } else { rule.times - 1 };
        }
        rules.retain(|rule| rule.times > 0);
        (delay, effect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_for_the_next_so_many_of_its_name() {
        let faults = Faults::default();
        faults.add(Rule::next("PATCH @original", Effect::LoseResponse).after(1).times(2));
        faults.add(Rule::always("*", Effect::Latency(Duration::from_millis(3))));
        let fate = |name| faults.fate(name).1;
        assert_eq!(fate("PATCH @original"), None);
        assert_eq!(fate("POST callback"), None);
        assert_eq!(fate("PATCH @original"), Some(Effect::LoseResponse));
        assert_eq!(faults.fate("PATCH @original"), (Duration::from_millis(3), Some(Effect::LoseResponse)));
        assert_eq!(fate("PATCH @original"), None);
        assert_eq!(faults.fate("IDENTIFY"), (Duration::ZERO, None));
    }
}
