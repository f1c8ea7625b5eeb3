//! The tokens of interactions whose answer became a card: with one, a card can be edited for 15 minutes also where the bot may
//! not see the channel. In memory only, and never printed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::rest::Reply;
use crate::model::Snowflake;

/// How long a token is used: it is good for 15 minutes (Discord, Receiving and Responding to Interactions).
const GOOD_FOR: SignedDuration = SignedDuration::from_secs(14 * 60 + 30);

/// Which message was an answer to what, while it can still be edited as that.
#[derive(Clone, Default)]
pub(super) struct Tokens(Arc<Mutex<HashMap<Snowflake, (Timestamp, Reply)>>>);

impl Tokens {
    /// Remembers that the message is the answer to that interaction, which came just now.
    pub(super) fn keep(&self, message: &Snowflake, reply: &Reply, now: Timestamp) {
        let mut kept = self.lock();
        kept.retain(|_, (since, _)| is_good(*since, now));
        kept.insert(message.clone(), (now, reply.clone()));
    }

    /// How the message can be edited as an answer, if it still can.
    pub(super) fn of(&self, message: &Snowflake, now: Timestamp) -> Option<Reply> {
        let kept = self.lock();
        kept.get(message).filter(|(since, _)| is_good(*since, now)).map(|(_, reply)| reply.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Snowflake, (Timestamp, Reply)>> {
        // Each change is one call: what a panic left is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_good(since: Timestamp, now: Timestamp) -> bool {
    now.duration_since(since) < GOOD_FOR
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_while_it_is_good_and_forgotten_afterwards() {
        let (tokens, begun) = (Tokens::default(), Timestamp::UNIX_EPOCH);
        let message = |n: u64| (118_000_000_000_000_000 + n).to_string().parse::<Snowflake>().expect("an id");
        let reply = |n: u64| Reply { interaction: message(n), token: "secret".to_owned().into() };
        tokens.keep(&message(1), &reply(11), begun);
        let later = begun + SignedDuration::from_mins(14);
        assert_eq!(tokens.of(&message(1), later).map(|reply| reply.interaction), Some(message(11)));
        assert!(tokens.of(&message(2), later).is_none());
        let too_late = begun + SignedDuration::from_mins(15);
        assert!(tokens.of(&message(1), too_late).is_none());
        tokens.keep(&message(2), &reply(12), too_late);
        assert_eq!(tokens.lock().len(), 1, "what cannot be used is not kept");
    }
}
