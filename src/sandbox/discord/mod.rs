//! A local Discord in one process: REST v10 and gateway v10 as far as a slash-command bot uses them, to try and to test without Discord.
//!
//! One call's way: `serve` → `rest` (who, how often, what goes wrong) → `callback`, `webhooks`, `channels` or `applications`. One
//! deed's way: `people` → `options` → `deliver` → `sessions` and `gateway`, or the bot's HTTP `door`.
//!
//! What it can never prove: how Discord's own clients draw, real limit numbers, permissions that a server's administrators
//! overwrite, the three seconds as Discord counts them. GUILD_CREATE and other events that need intents are not sent.

mod applications;
mod callback;
mod channels;
mod clock;
mod core;
mod deliver;
mod door;
pub mod faults;
mod gateway;
mod limits;
mod local;
pub mod log;
mod messages;
mod options;
mod page;
mod page_events;
mod people;
mod post;
mod rates;
mod refusal;
mod rest;
mod routes;
mod saved;
pub mod seed;
mod serve;
mod sessions;
mod webhooks;
mod world;

pub use core::Event;
pub use local::{DiscordError, LocalDiscord};
pub use people::{CannotDo, Filled, Person, made_at};
pub use rates::Rates;
pub use seed::{Access, DiscordSeed};
pub use serve::{Aws, ServedDiscord};
