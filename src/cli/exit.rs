//! How a command ends: the process's exit codes, one meaning each.

use crate::requests::DeskError;

/// An exit code with a meaning. 2 is clap's, for words that are off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// What was asked is done, or nothing was left to do.
    Done = 0,
    /// Something failed; the message says what, and what to do.
    Failed = 1,
    /// The words of the command are off.
    Usage = 2,
    /// It goes on when somebody approves, or when what it waits for appears.
    Waiting = 3,
    /// It was refused: by policy, because something is in the way, or because it is not possible as things stand.
    Refused = 4,
    /// What is there is not what should be (`status`, `doctor`).
    Differs = 5,
    /// Discord refuses the bot, or the connection was lost again and again (`serve`): starting again at once mends nothing.
    Discord = 6,
    /// The audit log was changed (`audit verify`).
    Tampered = 7,
}

impl From<&DeskError> for Exit {
    fn from(error: &DeskError) -> Self {
        match error {
            DeskError::Invalid(_) => Self::Usage,
            DeskError::Refused(_) | DeskError::Blocked(_) | DeskError::Busy(_) | DeskError::NotNow(_) => Self::Refused,
            DeskError::NotFound(_) | DeskError::Cloud(_) | DeskError::Store(_) => Self::Failed,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
