//! The local Discord as one value: started from a seed, served on a loopback port, looked into, put forward in time.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::broadcast;

use super::channels;
use super::clock::{Clock, Now};
use super::core::{Core, Event};
use super::faults::{Effect, Faults};
use super::gateway::reconnect;
use super::log::Log;
use super::people::{CannotDo, Person};
use super::rates::Rates;
use super::seed::{Access, DiscordSeed, Id};
use super::sessions::Order;
use super::world::World;

/// Why the local Discord could not be started, saved or restored.
#[derive(Debug, thiserror::Error)]
pub enum DiscordError {
    /// The bot's token looks like one of Discord's own: nobody is to type a real one here.
    #[error("the local Discord takes no real bot token: make one up, for example \"local\"")]
    RealToken,
    /// The seed has no channel.
    #[error("the local Discord needs at least one channel")]
    NoChannel,
    /// The state could not be written or read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// One Discord server in one process. Cheap to clone; clones are the same one, and two started ones share nothing.
#[derive(Clone)]
pub struct LocalDiscord {
    pub(super) core: Arc<Core>,
}

impl fmt::Debug for LocalDiscord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalDiscord").finish_non_exhaustive()
    }
}

impl LocalDiscord {
    /// Starts with what the seed says, on the real time.
    ///
    /// # Errors
    /// [`DiscordError::RealToken`], [`DiscordError::NoChannel`].
    pub fn start(seed: DiscordSeed) -> Result<Self, DiscordError> {
        Self::start_at(seed, Arc::new(Timestamp::now))
    }

    /// Starts on a clock of the caller's.
    ///
    /// # Errors
    /// As [`LocalDiscord::start`].
    pub fn start_at(seed: DiscordSeed, now: Now) -> Result<Self, DiscordError> {
        if looks_real(&seed.bot_token) {
            return Err(DiscordError::RealToken);
        }
        if seed.channels.is_empty() {
            return Err(DiscordError::NoChannel);
        }
        Ok(Self { core: Arc::new(Core::new(World::new(seed), Clock::new(now))) })
    }

    /// Somebody on the server, in the first channel, with their own language. Whether the id is known is checked when they act.
    pub fn person(&self, id: Id) -> Person {
        let world = self.core.world();
        let locale = world.member(id).map_or("en-US", |member| member.locale.as_str()).to_owned();
        let channel = world.seed.channels.first().map_or(0, |channel| channel.id);
        drop(world);
        Person { discord: self.clone(), id, locale, channel }
    }

    /// What a person sees in a channel, oldest first: Discord's own JSON.
    pub fn messages(&self, person: Id, channel: Id) -> Vec<Value> {
        self.core.world().seen_by(person, channel)
    }

    /// The registered commands.
    pub fn commands(&self) -> Vec<Value> {
        self.core.world().commands.clone()
    }

    /// What happens from now on.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.core.events()
    }

    /// What goes wrong on purpose.
    pub fn faults(&self) -> &Faults {
        &self.core.faults
    }

    /// The rate limits; generous where nothing was set.
    pub fn rates(&self) -> &Rates {
        &self.core.rates
    }

    /// Everything that the bot sent.
    pub fn log(&self) -> &Log {
        &self.core.log
    }

    /// Puts the clock forward: for the three seconds, the fifteen minutes, nonces and rate limits.
    pub fn pass_time(&self, by: Duration) {
        self.core.clock.advance(by);
    }

    /// The time here.
    pub fn now(&self) -> Timestamp {
        self.core.clock.now()
    }

    /// Whether the bot is there: connected to the gateway, or reachable over its HTTP door.
    pub fn online(&self) -> bool {
        self.core.online()
    }

    /// The time between heartbeats that connections made from now on are told.
    pub fn set_heartbeat(&self, interval: Duration) {
        let milliseconds = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX).max(1);
        self.core.heartbeat_ms.store(milliseconds, Ordering::Relaxed);
    }

    /// What the bot may do in a channel with its token, from now on.
    pub fn set_access(&self, channel: Id, access: Access) {
        channels::set_access(&self.core, channel, access);
    }

    /// Gives somebody these roles from now on, and no others.
    pub fn set_roles(&self, person: Id, roles: &[Id]) {
        channels::set_roles(&self.core, person, roles);
    }

    /// Does something to every gateway connection at once: [`Effect::Reconnect`], [`Effect::InvalidSession`],
    /// [`Effect::Close`] or [`Effect::Cut`]. Other effects are for rules and do nothing here.
    pub fn disturb(&self, effect: &Effect) {
        let order = match effect {
            Effect::Reconnect => Order::Text(reconnect()),
            Effect::InvalidSession { resumable } => Order::Invalid { resumable: *resumable },
            Effect::Close(code) => Order::Close(*code),
            Effect::Cut => Order::Cut,
            _ => return,
        };
        let was_online = self.online();
        self.core.sessions.order(&order);
        if was_online && !self.online() {
            self.core.tell(Event::Bot { online: false });
        }
    }

    /// The application's public key, 64 hex digits: what the bot's HTTP door checks signatures with.
    pub fn public_key(&self) -> String {
        self.core.door.public_key()
    }

    /// Sets the bot's Interactions Endpoint URL (`http://` on a loopback address): from then on interactions are posted there
    /// instead of sent over the gateway. `None` takes it away.
    ///
    /// # Errors
    /// In words, where the address does not answer a PING or accepts a bad signature.
    pub async fn set_endpoint(&self, url: Option<&str>) -> Result<(), CannotDo> {
        self.core.door.set(&self.core, url).await.map_err(CannotDo)
    }

    /// Forgets every session, so that the next RESUME is answered with op 9.
    pub fn forget_sessions(&self) {
        self.core.sessions.forget_all();
    }

    /// Waits until `find` finds something, looking again whenever anything changed; `None` when the time is over.
    pub async fn wait_for<T>(&self, within: Duration, mut find: impl FnMut(&Self) -> Option<T>) -> Option<T> {
        let mut changes = self.core.changes();
        let looking = async {
            loop {
                changes.borrow_and_update();
                if let Some(found) = find(self) {
                    return Some(found);
                }
                if changes.changed().await.is_err() {
                    return None;
                }
            }
        };
        tokio::time::timeout(within, looking).await.ok().flatten()
    }
}

/// Discord's bot tokens have three parts with dots between them, the first of which is the bot's id in base64.
fn looks_real(token: &str) -> bool {
    let parts: Vec<&str> = token.split('.').collect();
    matches!(parts.as_slice(), [id, time, code] if id.len() >= 18 && time.len() >= 6 && code.len() >= 27)
}
