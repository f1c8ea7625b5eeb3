//! FACE: the terminal. [`args`] is what can be typed, [`commands`] asks the desk, [`draw`] writes what people see.

pub mod approving;
pub mod args;
pub mod ask;
pub mod commands;
pub mod draw;
pub mod exit;
pub mod follow;
pub mod manual;
pub mod printer;

pub use args::{Arguments, Command};
pub use exit::Exit;
pub use printer::Printer;
