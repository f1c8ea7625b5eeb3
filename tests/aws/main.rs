//! AWS as the engine sees it, against the local AWS: every permission enforced, under the very roles that
//! `role_policies` renders.
#![cfg(feature = "sandbox")]

mod doctor;
mod handshake;
mod parameter;
mod sessions;
mod support;
