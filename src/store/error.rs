//! Why the store refused or failed, in words for the operator. No SQL type is in it.

use crate::engine::JournalError;
use crate::model::RequestId;

/// Why the store could not be opened or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The URL does not say `sqlite:PATH`.
    #[error("`{0}` is not a store that this program can open: write sqlite:PATH, with a file on a local disk")]
    UnknownUrl(String),
    /// The file cannot be made, opened or prepared.
    #[error("the store {path} cannot be opened: {why}")]
    CannotOpen {
        /// The file.
        path: String,
        /// What went wrong.
        why: String,
    },
    /// The file is not a database, or a damaged one.
    #[error(
        "the store {path} is damaged: {why}. Nothing was changed. Stop every genkan that uses it, move {path}, {path}-wal \
         and {path}-shm aside and keep them, copy the last backup to {path}, and start again"
    )]
    Damaged {
        /// The file.
        path: String,
        /// What the check found.
        why: String,
    },
    /// A newer version of this program has changed the database's shape.
    #[error(
        "the store {path} was written by a newer version of this program (its schema is version {found}, this program \
         knows {known}): use that version or a later one"
    )]
    Newer {
        /// The file.
        path: String,
        /// The schema's version there.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// This program was linked with a SQLite that can corrupt a database in WAL mode.
    #[error(
        "this program was built with SQLite {0}; versions before 3.51.3 can damage the store: build it with a newer one"
    )]
    OldSqlite(String),
    /// No request has this id.
    #[error("there is no request {0}")]
    NotFound(RequestId),
    /// The database failed: a full or failing disk, a lock held for too long. Nothing was written.
    #[error("the store failed: {0}")]
    Failed(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Failed(format!("what is stored cannot be read: {error}"))
    }
}

impl From<StoreError> for JournalError {
    fn from(error: StoreError) -> Self {
        Self::Storage(match error {
            StoreError::Failed(why) => why,
            other => other.to_string(),
        })
    }
}
