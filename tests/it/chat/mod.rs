//! Chat, through the real client over sockets, on a local Discord.

mod approving;
mod asking;
mod commands;
mod keeping;
mod server;
mod teardown;
