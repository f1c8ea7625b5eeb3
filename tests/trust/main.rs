//! Who may what: proved for every request there can be, tried on every combination that people can meet, and on many random ones.

mod matrix;
mod oracle;
mod proofs;
mod random;
mod terminal;
