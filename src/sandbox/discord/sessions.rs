//! Gateway sessions: what was sent to each, so that it can be resumed, and the line that it is on.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::sync::mpsc;

/// How many events a session keeps for a RESUME.
const KEPT: usize = 5000;
/// How many sessions without a connection are kept.
const WAITING: usize = 8;

/// What a connection is told to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Order {
    Text(String),
    /// op 9: the connection has no session any more; it may be resumed, or is forgotten.
    Invalid {
        resumable: bool,
    },
    Close(u16),
    Cut,
}

/// A connection's line: orders go in.
pub(crate) type Line = mpsc::UnboundedSender<Order>;

struct Session {
    sequence: u64,
    sent: VecDeque<(u64, String)>,
    /// The connection that it is on, by number.
    line: Option<(u64, Line)>,
}

/// The sessions of one local Discord.
#[derive(Default)]
pub(crate) struct Sessions {
    inner: Mutex<HashMap<String, Session>>,
}

impl Sessions {
    /// A new session on a connection.
    pub(crate) fn open(&self, id: &str, connection: u64, line: Line) {
        let session = Session { sequence: 0, sent: VecDeque::new(), line: Some((connection, line)) };
        let mut sessions = self.lock();
        if sessions.values().filter(|session| session.line.is_none()).count() > WAITING {
            sessions.retain(|_, session| session.line.is_some());
        }
        sessions.insert(id.to_owned(), session);
    }

    /// Sends an event to every session; those without a connection keep it for their RESUME.
    pub(crate) fn dispatch(&self, name: &str, data: &Value) {
        let mut sessions = self.lock();
        sessions.values_mut().for_each(|session| session.dispatch(name, data));
    }

    /// Sends an event to one session.
    pub(crate) fn dispatch_to(&self, id: &str, name: &str, data: &Value) {
        if let Some(session) = self.lock().get_mut(id) {
            session.dispatch(name, data);
        }
    }

    /// Puts a session on a new connection and sends what came after `sequence`, then RESUMED. `false`: it is not known, or what
    /// it missed is no longer there.
    pub(crate) fn resume(&self, id: &str, sequence: u64, connection: u64, line: Line) -> bool {
        let mut sessions = self.lock();
        let Some(session) = sessions.get_mut(id) else { return false };
        let oldest = session.sent.front().map_or(session.sequence + 1, |(number, _)| *number);
        if sequence > session.sequence || sequence + 1 < oldest {
            return false;
        }
        for (_, text) in session.sent.iter().filter(|(number, _)| *number > sequence) {
            // An error means that the new connection is gone already.
            let _ = line.send(Order::Text(text.clone()));
        }
        session.line = Some((connection, line));
        session.dispatch("RESUMED", &json!({}));
        true
    }

    /// The connection is gone; the session waits to be resumed.
    pub(crate) fn lost(&self, connection: u64) {
        for session in self.lock().values_mut() {
            if session.line.as_ref().is_some_and(|(number, _)| *number == connection) {
                session.line = None;
            }
        }
    }

    /// Forgets a session: it cannot be resumed.
    pub(crate) fn forget(&self, id: &str) {
        self.lock().remove(id);
    }

    /// Forgets every session, connected or not.
    pub(crate) fn forget_all(&self) {
        self.lock().clear();
    }

    /// How many sessions are on a connection.
    pub(crate) fn connected(&self) -> usize {
        self.lock().values().filter(|session| session.line.is_some()).count()
    }

    /// Gives every connection the same order. With op 9 its session leaves it at once.
    pub(crate) fn order(&self, order: &Order) {
        self.lock().retain(|_, session| {
            let Some((_, line)) = &session.line else { return true };
            // An error means that the connection is gone already.
            let _ = line.send(order.clone());
            let Order::Invalid { resumable } = order else { return true };
            session.line = None;
            *resumable
        });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn dispatch(&mut self, name: &str, data: &Value) {
        self.sequence += 1;
        let text = json!({ "op": 0, "s": self.sequence, "t": name, "d": data }).to_string();
        if let Some((_, line)) = &self.line {
            // An error means that the connection broke just now; the event is kept.
            let _ = line.send(Order::Text(text.clone()));
        }
        self.sent.push_back((self.sequence, text));
        if self.sent.len() > KEPT {
            self.sent.pop_front();
        }
    }
}
