//! The words of the audit log: a checkpoint is what an outsider keeps of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A signed statement of how long the log is and what its tree's root is: who keeps one can tell later whether anything before it was
/// changed. `note` is a checkpoint in the form of C2SP's `tlog-checkpoint`, signed as a `signed-note`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// How many entries it covers.
    pub size: u64,
    /// When it was made.
    pub at: Timestamp,
    /// The signed note, its last line ended.
    pub note: String,
}

/// Where a checkpoint was put, outside the bot's own power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outside {
    /// A Discord channel.
    Discord,
    /// An S3 bucket with Object Lock.
    S3,
}
