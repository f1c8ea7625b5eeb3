//! A local AWS with many accounts in one process: to try and to test everything without an account of anybody's.
//!
//! One request's way: `connector` or `server` → `gateway` (who, faults, permission, log) → `iam`, `sts` or one of the services.

mod assume_role;
mod buckets;
mod caller;
mod connector;
mod decide;
pub mod discord;
pub mod faults;
mod gateway;
mod iam;
mod inventory;
mod local_aws;
pub mod log;
pub mod page;
mod policy;
mod refusal;
pub mod seed;
mod server;
mod services;
mod signature;
mod simulate;
mod state;
mod sts;
#[cfg(test)]
mod tests;

pub use inventory::{Inventory, InventoryDiff};
pub use local_aws::{LocalAws, SandboxError};
pub use server::Served;
