//! Canaries: secrets that are known to the test alone, and searched for in everything that the program leaves behind.

mod forms;
mod planted;
mod search;
