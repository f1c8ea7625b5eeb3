//! FACE: the terminal. [`args`] is what can be typed, [`commands`] asks the desk, [`draw`] writes what people see.

pub mod approving;
pub mod args;
pub mod ask;
pub mod audit;
pub mod commands;
pub mod draw;
pub mod draw_audit;
pub mod exit;
pub mod explain;
pub mod follow;
pub mod findings;
pub mod manual;
pub mod printer;

pub use args::{Arguments, Command};
pub use exit::Exit;
pub use printer::Printer;
