//! Chat, through the real client over sockets, on a local Discord.

mod approving;
mod asking;
mod attacks;
mod checkpoints;
mod commands;
mod doors_gateway;
mod doors_http;
mod examined;
mod keeping;
mod limiter;
mod process;
pub(crate) mod reading;
mod rest;
mod server;
mod serving;
mod teardown;
mod trusting;
