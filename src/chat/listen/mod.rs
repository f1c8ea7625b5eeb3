//! The two doors that interactions come in by: the gateway, and HTTP. Both hand them to one queue.

pub mod gateway;
pub mod http;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serenity::model::application::Interaction;
use tokio::sync::mpsc;

/// Where the doors put what they hear. Cheap to clone.
#[derive(Clone)]
pub struct Heard {
    queue: mpsc::Sender<Interaction>,
    counts: Arc<Counts>,
}

/// What the doors could not hand on, since the start.
#[derive(Debug, Default)]
pub struct Counts {
    unreadable: AtomicU64,
    dropped: AtomicU64,
}

impl Counts {
    /// How many events or posts could not be read.
    pub fn unreadable(&self) -> u64 {
        self.unreadable.load(Ordering::Relaxed)
    }

    /// How many interactions found the queue full.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// A queue for so many interactions: where the doors put them, and where they come out.
pub fn queue(waiting: usize) -> (Heard, mpsc::Receiver<Interaction>) {
    let (queue, heard) = mpsc::channel(waiting);
    (Heard { queue, counts: Arc::default() }, heard)
}

impl Heard {
    /// What was not handed on.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Hands an interaction on. False: the queue is full, and its person will be told by Discord that nobody answered.
    pub(super) fn hand_on(&self, interaction: Interaction) -> bool {
        let handed = self.queue.try_send(interaction).is_ok();
        if !handed {
            let dropped = self.counts.dropped.fetch_add(1, Ordering::Relaxed) + 1;
            tracing::error!(dropped, "an interaction was dropped: more come than can be handled");
        }
        handed
    }

    /// Counts something that could not be read. What stood in it is not told: there is a token in it.
    pub(super) fn unreadable(&self, what: &str) {
        let unreadable = self.counts.unreadable.fetch_add(1, Ordering::Relaxed) + 1;
        let what: String = what.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(64).collect();
        tracing::error!(what, unreadable, "Discord sent something that cannot be read; its person gets no answer");
    }
}
