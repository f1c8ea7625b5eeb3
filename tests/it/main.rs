//! What is tested from the outside, through the real SDK clients, against the local AWS.
#![cfg(feature = "sandbox")]

mod attacks;
mod doctor;
mod endpoint;
mod errors;
mod kinds;
mod sessions;
mod world;
