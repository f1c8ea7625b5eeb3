//! Canaries: secrets that are known to the test alone, and searched for in everything that the program leaves behind.

mod between;
mod flows;
mod forms;
mod panics;
mod planted;
mod process;
mod scene;
mod search;
