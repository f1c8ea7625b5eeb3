//! Keeps the messages that show requests true: posts them, edits them within Discord's limits, finds them again after a restart.
//!
//! Level-triggered, as the engine is: whatever happened, the request is looked at as it is stored now, what its messages should
//! show is compared with what they are known to show, and only where that differs is something sent. Each message is tended by
//! a task of its own, so that a channel that is slow holds up no other; a task ends when its message is as it should be.

mod checkpoints;
mod post;
mod tend;
mod wanted;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use super::Chat;
use crate::model::{Part, RequestId, Snowflake};
use crate::requests::see_through::stopped;
use crate::requests::{Changed, DeskError};

/// How often messages are edited, and how soon something is tried again.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The least time between two edits of one message. Discord documents no number; its advice is to coalesce.
    pub edit: Duration,
    /// How soon a failed call is tried again at first; then twice as long each time.
    pub again: Duration,
    /// The longest that is waited between two tries.
    pub at_most: Duration,
    /// How long a channel is left alone in which the bot may not post.
    pub forbidden: Duration,
    /// How often it is looked whether a checkpoint of the audit log is due.
    pub look: Duration,
    /// How often it is looked whether somebody is to be reminded.
    pub remind: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            edit: Duration::from_millis(1500),
            again: Duration::from_secs(1),
            at_most: Duration::from_mins(1),
            forbidden: Duration::from_mins(5),
            look: Duration::from_secs(10),
            remind: Duration::from_secs(10),
        }
    }
}

/// What one task does: find out which messages a request should have, or tend one of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Job {
    Look(RequestId),
    Tend(RequestId, Part),
}

/// What came of it.
enum Came {
    /// The messages that may have to be tended.
    Look(Vec<Part>),
    /// It is as it should be. `posted`: there is a link to it now that others may show.
    Tended { posted: bool },
}

/// What all tasks share.
struct Shared {
    chat: Chat,
    pace: Pace,
    stop: watch::Receiver<bool>,
    /// The channels of which it was said that the bot may not post there.
    told: Mutex<HashSet<Snowflake>>,
    /// The cards that were posted anew after somebody had deleted them.
    anew: Mutex<HashSet<RequestId>>,
    /// When the approvers of a request are to be reminded next.
    reminders: Mutex<HashMap<RequestId, Timestamp>>,
}

/// Keeps every request's messages as they should be, until `stop` turns true.
///
/// # Errors
/// When the store fails at the start; later failures are logged and tried again.
pub async fn keep(chat: Chat, stop: watch::Receiver<bool>) -> Result<(), DeskError> {
    keep_at(chat, Pace::default(), stop).await
}

/// The same at another pace.
///
/// # Errors
/// As [`keep`].
pub async fn keep_at(chat: Chat, pace: Pace, mut stop: watch::Receiver<bool>) -> Result<(), DeskError> {
    let desk = chat.desk.clone();
    // Subscribed before the look, so that no change between look and wait is lost.
    let mut changes = desk.changes_everywhere().await?;
    let mut aside = JoinSet::new();
    aside.spawn(checkpoints::post(chat.clone(), pace, stop.clone()));
    let shared = Shared {
        chat,
        pace,
        stop: stop.clone(),
        told: Mutex::default(),
        anew: Mutex::default(),
        reminders: Mutex::default(),
    };
    let reminding = Arc::new(shared);
    let mut jobs = Jobs::new(Arc::clone(&reminding));
    jobs.look_at_all(desk.to_draw().await?);
    // Others' writes come as one for all: then everything is looked at, not more than once in the time of an edit.
    let mut all = tokio::time::interval(pace.edit);
    all.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut look_at_all = false;
    // By the wall clock, which can be put forward.
    let mut clock = tokio::time::interval(pace.remind);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !*stop.borrow() {
        tokio::select! {
            () = stopped(&mut stop) => {}
            changed = changes.next() => match changed {
                Some(Changed::Request(id)) => jobs.wake(Job::Look(id)),
                Some(Changed::Many) => look_at_all = true,
                None => break,
            },
            () = jobs.next(), if !jobs.is_idle() => {}
            _ = clock.tick() => {
                for id in reminding.due_reminders() {
                    jobs.wake(Job::Look(id));
                }
            }
            _ = all.tick(), if look_at_all => match desk.to_draw().await {
                Ok(ids) => {
                    jobs.look_at_all(ids);
                    look_at_all = false;
                }
                Err(error) => tracing::error!(%error, "the store was not asked which messages are to be drawn"),
            },
        }
    }
    jobs.finish().await;
    while *stop.borrow() && aside.join_next().await.is_some() {}
    Ok(())
}

/// The tasks that are under way, and what changed for them meanwhile.
struct Jobs {
    shared: Arc<Shared>,
    under_way: JoinSet<Came>,
    of_task: HashMap<tokio::task::Id, Job>,
    running: HashMap<Job, AbortHandle>,
    dirty: HashSet<Job>,
}

impl Jobs {
    fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            under_way: JoinSet::new(),
            of_task: HashMap::new(),
            running: HashMap::new(),
            dirty: HashSet::new(),
        }
    }

    fn is_idle(&self) -> bool {
        self.under_way.is_empty()
    }

    fn look_at_all(&mut self, ids: Vec<RequestId>) {
        for id in ids {
            self.wake(Job::Look(id));
        }
    }

    /// Has the job done from now on: it begins, or, where it is under way, is done again afterwards, since it may have looked
    /// before the change.
    fn wake(&mut self, job: Job) {
        if self.running.contains_key(&job) {
            self.dirty.insert(job);
            return;
        }
        let (shared, doing) = (Arc::clone(&self.shared), job.clone());
        let task = self.under_way.spawn(async move {
            match doing {
                Job::Look(id) => Came::Look(shared.look(&id).await),
                Job::Tend(id, part) => Came::Tended { posted: shared.tend(&id, &part).await },
            }
        });
        self.of_task.insert(task.id(), job.clone());
        self.running.insert(job, task);
    }

    /// Waits for a job to end, and begins what follows from it.
    async fn next(&mut self) {
        let Some(ended) = self.under_way.join_next_with_id().await else { return };
        let (task, came) = match ended {
            Ok((task, came)) => (task, Some(came)),
            Err(error) => {
                tracing::error!("a task that tends messages panicked; it is done again when something changes");
                (error.id(), None)
            }
        };
        let Some(job) = self.of_task.remove(&task) else { return };
        self.running.remove(&job);
        let (Job::Look(id) | Job::Tend(id, _)) = &job;
        match came {
            Some(Came::Look(parts)) => {
                for part in parts {
                    self.wake(Job::Tend(id.clone(), part));
                }
            }
            // The message that asks for an approval links to the card.
            Some(Came::Tended { posted: true }) => self.wake(Job::Look(id.clone())),
            Some(Came::Tended { posted: false }) | None => {}
        }
        if self.dirty.remove(&job) {
            self.wake(job);
        }
    }

    /// Waits for what is under way; nothing new begins.
    async fn finish(mut self) {
        while self.under_way.join_next().await.is_some() {}
    }
}

impl Shared {
    /// The messages of a request that may have to be tended; tried until the store answers.
    async fn look(&self, id: &RequestId) -> Vec<Part> {
        let mut tries = 0;
        loop {
            match self.parts_of(id).await {
                Ok(parts) => return parts,
                Err(DeskError::NotFound(_)) => return vec![],
                Err(error) => tracing::error!(request = %id, %error, "a request could not be looked at to be drawn"),
            }
            if !self.rest(self.pace.before_try(tries)).await {
                return vec![];
            }
            tries += 1;
        }
    }

    async fn parts_of(&self, id: &RequestId) -> Result<Vec<Part>, DeskError> {
        let desk = &self.chat.desk;
        let (view, posted) = (desk.show(id).await?, desk.posted(id).await?);
        let mut reminders = self.reminders.lock().unwrap_or_else(PoisonError::into_inner);
        match wanted::next_reminder(&view, &posted, desk.config()) {
            Some(at) => drop(reminders.insert(id.clone(), at)),
            None => drop(reminders.remove(id)),
        }
        Ok(wanted::parts(&view, &posted, desk.config(), desk.now()))
    }

    /// The requests whose approvers are to be reminded by now: each is told once, and looked at.
    fn due_reminders(&self) -> Vec<RequestId> {
        let now = self.chat.desk.now();
        let mut reminders = self.reminders.lock().unwrap_or_else(PoisonError::into_inner);
        let due: Vec<RequestId> = reminders.iter().filter(|(_, at)| **at <= now).map(|(id, _)| id.clone()).collect();
        for id in &due {
            reminders.remove(id);
        }
        due
    }

    /// Waits; false if `stop` turned true meanwhile.
    async fn rest(&self, how_long: Duration) -> bool {
        let mut stop = self.stop.clone();
        tokio::select! {
            () = stopped(&mut stop) => false,
            () = tokio::time::sleep(how_long) => true,
        }
    }
}

impl Pace {
    /// How long is waited before a try after so many that failed.
    fn before_try(&self, failed: u32) -> Duration {
        self.again.saturating_mul(2_u32.saturating_pow(failed.min(16))).min(self.at_most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_come_ever_later_but_not_too_late() {
        let pace = Pace::default();
        let waits: Vec<u64> = [0, 1, 2, 5, 6, 1000].map(|failed| pace.before_try(failed).as_secs()).to_vec();
        assert_eq!(waits, [1, 2, 4, 32, 60, 60]);
    }
}
