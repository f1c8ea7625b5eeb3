//! Genkan (玄関) lets a project into a multi-account AWS platform, and shows it out again.
//!
//! The rooms, in reading order: words at the bottom, thinking above, doing beside it, the outside world, the use cases, the
//! faces on top. A room uses only what ARCHITECTURE.md's table lets it use; `tests/architecture.rs` holds that.

pub mod model;
pub mod config;
pub mod telemetry;
pub mod policy;
pub mod plan;
pub mod engine;
pub mod aws;
pub mod store;
pub mod requests;
pub mod worker;
pub mod cli;
pub mod chat;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod app;
