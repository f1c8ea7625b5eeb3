//! The parts of one local Discord together: what it remembers, its clock, its record, its faults, and whom it tells of changes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::{broadcast, watch};

use super::clock::Clock;
use super::door::Door;
use super::faults::Faults;
use super::log::Log;
use super::rates::Rates;
use super::seed::Id;
use super::sessions::Sessions;
use super::world::{Kind, World};

/// How many events a listener may be behind.
const EVENTS: usize = 4096;

/// Something that a person could see happen.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A message is new or changed.
    Message {
        /// Its channel.
        channel: Id,
        /// The message as Discord's JSON.
        message: Value,
        /// The only person who sees it.
        only: Option<Id>,
    },
    /// A message is gone.
    Deleted {
        /// Its channel.
        channel: Id,
        /// The message.
        id: Id,
        /// The only person who saw it.
        only: Option<Id>,
    },
    /// A form opens for a person.
    Modal {
        /// Whose.
        person: Id,
        /// The form's id, for [`super::Person::submit`].
        id: Id,
        /// `custom_id`, `title`, `components`.
        modal: Value,
    },
    /// "The application did not respond".
    Failed {
        /// Who did something.
        person: Id,
        /// Where.
        channel: Id,
        /// What they did.
        interaction: Id,
        /// What it is called.
        name: String,
        /// In words.
        why: String,
    },
    /// The commands were registered anew.
    Commands,
    /// The bot came or went.
    Bot {
        /// Whether it is there.
        online: bool,
    },
}

/// One local Discord.
pub(crate) struct Core {
    pub clock: Arc<Clock>,
    world: Mutex<World>,
    pub log: Log,
    pub faults: Faults,
    pub rates: Rates,
    pub sessions: Sessions,
    pub door: Door,
    /// Milliseconds between heartbeats, as HELLO says.
    pub heartbeat_ms: AtomicU64,
    events: broadcast::Sender<Event>,
    changes: watch::Sender<u64>,
}

impl Core {
    pub(crate) fn new(world: World, clock: Clock) -> Self {
        Self {
            clock: Arc::new(clock),
            world: Mutex::new(world),
            log: Log::default(),
            faults: Faults::default(),
            rates: Rates::default(),
            sessions: Sessions::default(),
            door: Door::default(),
            heartbeat_ms: AtomicU64::new(41_250),
            events: broadcast::Sender::new(EVENTS),
            changes: watch::Sender::new(0),
        }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whoever listens.
    pub(crate) fn tell(&self, event: Event) {
        // An error means that nobody listens.
        let _ = self.events.send(event);
        self.changed();
    }

    /// Wakes whoever waits for something to be so.
    pub(crate) fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    pub(crate) fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Whether the bot is there: connected to the gateway, or reachable over its HTTP door.
    pub(crate) fn online(&self) -> bool {
        self.sessions.connected() > 0 || self.door.url().is_some()
    }

    pub(crate) fn heartbeat(&self) -> u64 {
        self.heartbeat_ms.load(Ordering::Relaxed)
    }

    /// Says that an interaction failed, where nobody acknowledged it and it was not said yet.
    pub(crate) fn fail(&self, id: Id, why: &str) {
        let mut world = self.world();
        let Some(interaction) = world.interactions.get_mut(&id) else { return };
        if interaction.answered.is_some() || interaction.failed {
            return;
        }
        interaction.failed = true;
        // Who typed is told that loading failed, instead of by an event.
        interaction.choices = None;
        if interaction.kind == Kind::Autocomplete {
            return;
        }
        let event = Event::Failed {
            person: interaction.person,
            channel: interaction.channel,
            interaction: id,
            name: interaction.name.clone(),
            why: why.to_owned(),
        };
        drop(world);
        self.tell(event);
    }
}
