//! A verdict: may this person do that, and why.

use serde::{Deserialize, Serialize};

/// What policy decided, with reasons that a person understands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether it is allowed.
    pub allowed: bool,
    /// Why: the rules that decided, in words. Never empty for a refusal.
    pub reasons: Vec<Reason>,
}

/// A rule's reason, in every language that it was written in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The rule's id; `no-rule` where no rule permits it.
    pub rule: String,
    /// In English.
    pub en: String,
    /// In Japanese; the English one where the rule has none.
    pub ja: String,
}
