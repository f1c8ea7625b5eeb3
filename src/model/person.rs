//! A person: who asks, approves, rejects. Known to the config by name; groups decide what they may.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Somebody that the config knows, and how we know that it is them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The name in the config, unique there. It becomes the `SourceIdentity` of every session: 2 to 64 of `[\w+=,.@-]`.
    pub name: String,
    /// The groups that the config gives them.
    pub groups: Vec<String>,
    /// How they were recognised: an AWS ARN, a Discord id, or `--as` in the sandbox.
    pub via: String,
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
