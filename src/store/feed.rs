//! The change feed: tells faces and the worker which request something was written for.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, broadcast};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::model::RequestId;

/// How many changes a listener may be behind before it is told to look at everything.
const DEPTH: usize = 256;

/// How often it is looked whether another process has written something, while somebody wants to know.
const POLL: Duration = Duration::from_millis(500);

/// What a listener is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// Something was committed for this request.
    Request(RequestId),
    /// More than can be listed, or by another process: look at everything.
    Many,
}

/// What this process commits, from the moment of [`super::Store::subscribe`] on; where it was asked for also that another
/// process has committed something.
///
/// So that no wake-up is lost: **subscribe, then look, then wait**. What is committed before the look is seen by
/// it; what is committed after it is in the feed, because the feed was there already. Then look again, and wait again
/// on the same feed; never subscribe between a look and a wait.
#[derive(Debug)]
pub struct Changes {
    here: broadcast::Receiver<RequestId>,
    elsewhere: Option<broadcast::Receiver<()>>,
}

impl Changes {
    /// Waits for the next change. `None` when the store is gone. It may be dropped while it waits; nothing is lost.
    pub async fn next(&mut self) -> Option<Changed> {
        let Self { here, elsewhere } = self;
        tokio::select! {
            told = here.recv() => match told {
                Ok(id) => Some(Changed::Request(id)),
                Err(broadcast::error::RecvError::Lagged(_)) => Some(Changed::Many),
                Err(broadcast::error::RecvError::Closed) => None,
            },
            told = of(elsewhere.as_mut()) => match told {
                Ok(()) | Err(broadcast::error::RecvError::Lagged(_)) => Some(Changed::Many),
                Err(broadcast::error::RecvError::Closed) => None,
            },
        }
    }
}

async fn of(feed: Option<&mut broadcast::Receiver<()>>) -> Result<(), broadcast::error::RecvError> {
    match feed {
        Some(feed) => feed.recv().await,
        None => std::future::pending().await,
    }
}

/// Where the writer tells what was committed.
#[derive(Debug, Clone)]
pub(super) struct Feed {
    here: broadcast::Sender<RequestId>,
    elsewhere: broadcast::Sender<()>,
    wanted: Arc<Notify>,
}

impl Feed {
    /// One to which nobody listens yet.
    pub(super) fn new() -> Self {
        let (here, _) = broadcast::channel(DEPTH);
        let (elsewhere, _) = broadcast::channel(1);
        Self { here, elsewhere, wanted: Arc::default() }
    }

    /// What this process commits from now on.
    pub(super) fn subscribe(&self) -> Changes {
        Changes { here: self.here.subscribe(), elsewhere: None }
    }

    /// The same, and that other processes have committed something since now.
    pub(super) fn subscribe_everywhere(&self) -> Changes {
        let changes = Changes { here: self.here.subscribe(), elsewhere: Some(self.elsewhere.subscribe()) };
        self.wanted.notify_one();
        changes
    }

    /// Tells of a request. Nobody listens: then nobody has to be told.
    pub(super) fn tell(&self, id: RequestId) {
        let _ = self.here.send(id);
    }

    /// Tells that another process has written something.
    pub(super) fn tell_elsewhere(&self) {
        let _ = self.elsewhere.send(());
    }

    /// How many want to know what other processes write.
    pub(super) fn listeners(&self) -> usize {
        self.elsewhere.receiver_count()
    }

    /// The times at which other processes' writes are looked for.
    pub(super) fn looks() -> Interval {
        let mut looks = interval(POLL);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        looks
    }

    /// Returns when it is time to look; never while nobody wants to know. It may be dropped while it waits.
    pub(super) async fn time_to_look(&self, looks: &mut Interval) {
        while self.listeners() == 0 {
            self.wanted.notified().await;
        }
        looks.tick().await;
    }
}
