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
    /// Puts checkpoints of the audit log where they cannot be removed.
    Auditor,
}

impl RoleKind {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Reader, Self::Writer, Self::Authoriser, Self::SecretReader, Self::Auditor];

    /// Whether it can do more than look: then the audit log has every call under it, and its assuming. The auditor's are not in
    /// it: it can only add to what is a copy of the log, and each entry about that would make the log longer than its copy.
    pub const fn has_power(self) -> bool {
        match self {
            Self::Reader | Self::Auditor => false,
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
            Self::Auditor => "auditor",
        }
    }
}

impl fmt::Display for RoleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
