//! Why something was not done: each reason with the values that it takes to say it, in whatever language and for whatever face.

use serde::Serialize;

/// A rule's reason, in every language that it was written in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The rule's id.
    pub rule: String,
    /// In English.
    pub en: String,
    /// In Japanese; the English one where the rule has none.
    pub ja: String,
}

/// Why something was not done. Displayed it is English, for the terminal; other faces say it in their own words by its name
/// (`why`, in kebab-case) and its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "why", rename_all = "kebab-case", rename_all_fields = "snake_case")]
pub enum Why {
    /// Anything that has no name of its own here.
    #[error("{text}")]
    Other {
        /// In words.
        text: String,
    },
}
