//! A verdict: may this person do that, and why.

use serde::{Deserialize, Serialize};

/// What policy decided, with reasons that a person understands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether it is allowed.
    pub allowed: bool,
    /// Why: the rules that decided, in words. Never empty for a refusal.
    pub reasons: Vec<String>,
}
