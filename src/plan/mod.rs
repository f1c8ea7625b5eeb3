//! THINKING: what is to be done. Pure: no clock, no I/O, no async.

pub mod blueprint;
