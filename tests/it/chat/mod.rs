//! Chat, tested from the outside against the local Discord.

mod doors_gateway;
mod doors_http;
mod limiter;
mod rest;
