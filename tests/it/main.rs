//! What is tested from the outside, through the real SDK clients, against the local AWS.
#![cfg(feature = "sandbox")]

mod crashes;
mod demos;
mod doctor;
mod endpoint;
mod failures;
mod house;
mod kinds;
mod plans;
mod sessions;
mod tap;
mod use_cases;
mod world;
