//! A local AWS with many accounts in one process: to try and to test everything without an account of anybody's.

mod inventory;
pub mod seed;
pub mod services;

pub use inventory::{Inventory, InventoryDiff};
