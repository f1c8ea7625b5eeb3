//! What is tested from the outside, through the real SDK clients, against the local AWS.
#![cfg(feature = "sandbox")]

mod attacks;
mod browser;
mod calls;
mod chat;
mod chat_calls;
mod crashes;
mod demos;
mod docs;
mod doctor;
mod endpoint;
mod errors;
mod failures;
mod house;
mod kinds;
mod ledger;
mod local_discord;
mod plans;
mod resumed;
mod sealed;
mod sessions;
mod tap;
mod use_cases;
mod witnessed;
mod worker;
mod world;
