//! What is known of chat: the languages that people read, what was heard there, and which messages show a request.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::ids::{RequestId, Snowflake, StepId};

/// A language that chat is spoken in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Language {
    /// English.
    #[default]
    #[serde(rename = "en")]
    English,
    /// Japanese.
    #[serde(rename = "ja")]
    Japanese,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::English, Self::Japanese];

    /// The language for one of Discord's locales (`ja`, `en-US`, `en-GB`, `de` …): English where it is not spoken here.
    pub fn of_locale(locale: &str) -> Self {
        if locale == "ja" || locale.starts_with("ja-") { Self::Japanese } else { Self::English }
    }

    /// Its code: `en`, `ja`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Japanese => "ja",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An interaction that was heard: written down before it is acknowledged, so that a second delivery has no second effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The interaction's id.
    pub interaction: Snowflake,
    /// Who spoke.
    pub user: Snowflake,
    /// Where.
    pub channel: Snowflake,
    /// In which language they read.
    pub language: Language,
    /// What they asked, as it can be shown to them again: `/onboard project-x dev`. Never a token.
    pub words: String,
    /// When it was heard.
    pub at: Timestamp,
}

/// Where a request was asked for in chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The interaction that asked for it: one interaction makes at most one request.
    pub interaction: Snowflake,
    /// The channel in which its card is shown.
    pub channel: Snowflake,
    /// The message that becomes its card: the answer to the interaction, where it is known already.
    pub message: Option<Snowflake>,
    /// The language of the card.
    pub language: Language,
}

/// What a message shows of a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The request as a whole: its live card.
    Card,
    /// A step that waits for approvals, as it was when it was asked about.
    Approval(Asked),
    /// That such a question is about to expire.
    Reminder(Asked),
}

/// What was asked of approvers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asked {
    /// The step.
    pub step: StepId,
    /// Its digest: what the approval is for.
    pub digest: Digest,
    /// The question's number within the request.
    pub question: u64,
}

/// A message that shows a request: written before it is sent (then without its id), and again after each edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The request.
    pub request: RequestId,
    /// What of it.
    pub part: Part,
    /// The channel.
    pub channel: Snowflake,
    /// The message; none while it is not known to have been sent.
    pub message: Option<Snowflake>,
    /// The language that it is written in.
    pub language: Language,
    /// The digest of what it shows now; none while nothing is known to be shown.
    pub shown: Option<Digest>,
    /// Whether it shows the last that will ever be shown there.
    pub ended: bool,
}
