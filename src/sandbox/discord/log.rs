//! Everything that the bot sent: its calls with their bodies and what was odd about them, and its gateway operations.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::Value;

/// How many calls and operations are kept; older ones are forgotten.
const KEPT: usize = 20_000;

/// One call of the bot. Holds no token: routes have none, and paths are cut.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The call's number, from 1.
    pub number: u64,
    /// When it arrived, by the local Discord's clock.
    pub at: Timestamp,
    /// `POST callback`, `PATCH @original`, `POST message` …: what was called.
    pub route: String,
    /// The path with `TOKEN` where an interaction's token stood.
    pub path: String,
    /// The body; null where there was none.
    pub body: Value,
    /// The answer's HTTP status; none where the request was lost.
    pub status: Option<u16>,
    /// The error's code.
    pub code: Option<u64>,
    /// The answer; null where there was none.
    pub answer: Value,
    /// It was done, and the bot did not get the answer.
    pub answer_lost: bool,
    /// What Discord would let pass, and a careful bot does not send.
    pub lints: Vec<String>,
}

/// Something that happened on the gateway.
#[derive(Debug, Clone, PartialEq)]
pub struct Spoken {
    /// When.
    pub at: Timestamp,
    /// The connection's number, from 1.
    pub connection: u64,
    /// `IDENTIFY`, `RESUME`, `HEARTBEAT` from the bot; `READY`, `RESUMED`, `INVALID_SESSION`, `CLOSE 4004` … to it.
    pub what: String,
}

/// The record of one local Discord.
#[derive(Default)]
pub struct Log {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    made: u64,
    calls: VecDeque<Recorded>,
    spoken: VecDeque<Spoken>,
    identifies: u64,
}

impl Log {
    /// Every call that is kept, in the order in which they ended.
    pub fn calls(&self) -> Vec<Recorded> {
        self.lock().calls.iter().cloned().collect()
    }

    /// The calls of one route.
    pub fn calls_of(&self, route: &str) -> Vec<Recorded> {
        self.lock().calls.iter().filter(|call| call.route == route).cloned().collect()
    }

    /// How many calls ended since the start.
    pub fn count(&self) -> u64 {
        self.lock().made
    }

    /// What is odd about the calls, each with its route.
    pub fn lints(&self) -> Vec<String> {
        let inner = self.lock();
        let odd = inner.calls.iter().flat_map(|call| call.lints.iter().map(|lint| format!("{}: {lint}", call.route)));
        odd.collect()
    }

    /// What was said on the gateway.
    pub fn spoken(&self) -> Vec<Spoken> {
        self.lock().spoken.iter().cloned().collect()
    }

    /// How often the bot identified: Discord allows 1,000 a day and then resets the token.
    pub fn identifies(&self) -> u64 {
        self.lock().identifies
    }

    pub(crate) fn add(&self, mut call: Recorded) {
        let mut inner = self.lock();
        inner.made += 1;
        call.number = inner.made;
        if inner.calls.len() == KEPT {
            inner.calls.pop_front();
        }
        inner.calls.push_back(call);
    }

    pub(crate) fn say(&self, spoken: Spoken) {
        let mut inner = self.lock();
        inner.identifies += u64::from(spoken.what == "IDENTIFY");
        if inner.spoken.len() == KEPT {
            inner.spoken.pop_front();
        }
        inner.spoken.push_back(spoken);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
