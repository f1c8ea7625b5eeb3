//! Which of an account's roles does what: who looks, who changes, who authorises, who reads the secret.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which of an account's roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoleKind {
    /// Looks.
    Reader,
    /// Makes, changes, removes, in the project's account.
    Writer,
    /// Authorises and withdraws, in the zone's account.
    Authoriser,
    /// Reads the secret's value in the account that holds its source.
    SecretReader,
}

impl RoleKind {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Reader, Self::Writer, Self::Authoriser, Self::SecretReader];

    /// Whether it can do more than look: then the audit log has every call under it, and its assuming.
    pub const fn has_power(self) -> bool {
        match self {
            Self::Reader => false,
            Self::Writer | Self::Authoriser | Self::SecretReader => true,
        }
    }

    /// What people call it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Writer => "writer",
            Self::Authoriser => "authoriser",
            Self::SecretReader => "secret reader",
        }
    }
}

impl fmt::Display for RoleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
