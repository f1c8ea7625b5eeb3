//! The audit log: entries that are only appended, each in the transaction of the thing that it tells of, and the tree over them.
//!
//! `tree` is the arithmetic, `note` what is signed, `checkpoints` when; `verify` finds what was changed; `export`
//! takes the log out.

mod approved;
mod checkpoints;
mod export;
mod key;
mod note;
mod outside;
mod tree;
mod verify;
mod witness;

use jiff::Timestamp;
use serde::Deserialize;
use sqlx::{Row as _, SqliteConnection};
use tlog_tiles::tlog::{self, Hash};

use super::Store;
use super::error::StoreError;
use super::rows::{count, now};
use crate::model::audit::{Entry, What};

pub(super) use approved::is_told;
pub use export::{check_proof, read};
pub use key::Key;
pub use verify::{Check, Fault, Outsider, Report, name_of_key};

impl Store {
    /// Writes one entry down that stands for itself: a process that starts, a checkpoint that was posted.
    ///
    /// # Errors
    /// [`StoreError::Failed`]; nothing was written.
    pub async fn tell(&self, what: What) -> Result<u64, StoreError> {
        self.writer.write(None, move |conn| Box::pin(async move { append(conn, what).await })).await
    }

    /// The same for the first entry of a process that can change something: only in a log whose end fits its tree and its
    /// last checkpoint.
    ///
    /// # Errors
    /// [`StoreError::Failed`]; also where it does not fit.
    pub async fn tell_first(&self, what: What) -> Result<u64, StoreError> {
        self.writer
            .write(None, move |conn| {
                Box::pin(async move {
                    checkpoints::fits(conn).await?;
                    append(conn, what).await
                })
            })
            .await
    }

    /// The log's id; where there is no log yet, one begins.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn begin_log(&self) -> Result<String, StoreError> {
        self.writer
            .write(None, move |conn| {
                Box::pin(async move {
                    let first: Option<String> = sqlx::query_scalar("select entry from audit_entries where number = 0")
                        .fetch_optional(&mut *conn)
                        .await?;
                    if first.is_none() {
                        begin(conn).await?;
                    }
                    Ok::<_, StoreError>(())
                })
            })
            .await?;
        self.log_id().await?.ok_or_else(|| checkpoints::unfit("it has no beginning"))
    }

    /// Where the key is, unless the operator says otherwise: beside the store.
    pub fn audit_key(&self) -> std::path::PathBuf {
        self.path.with_file_name("audit.key")
    }

    /// Whether the log's end is what its tree says, and its last checkpoint is of this tree: what is cheap to know.
    ///
    /// # Errors
    /// [`StoreError::Failed`] where it is not, or cannot be read.
    pub async fn audit_fits(&self) -> Result<(), StoreError> {
        // All of it as it was at one moment: others write meanwhile.
        checkpoints::fits(&mut *self.readers.begin().await?).await
    }

    /// Waits until everything that was handed in is written, or known not to be.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn settle(&self) -> Result<(), StoreError> {
        self.writer.write(None, |_| Box::pin(async { Ok::<_, StoreError>(()) })).await
    }

    /// Hands one entry in without waiting until it is on disk: for a refusal, after which nothing is done. What is written
    /// later waits for it.
    pub fn note(&self, what: What) {
        self.writer.hand_over(move |conn| Box::pin(async move { append(conn, what).await.map(drop) }));
    }
}

/// What is read of an entry to put the next one behind it.
#[derive(Deserialize)]
struct Last {
    number: u64,
    at: Timestamp,
}

/// Writes the next entry and the hashes that it completes, within a transaction; its number.
pub(super) async fn append(conn: &mut SqliteConnection, what: What) -> Result<u64, StoreError> {
    let last = sqlx::query("select entry from audit_entries order by number desc limit 1").fetch_optional(&mut *conn);
    let last = match last.await? {
        Some(row) => serde_json::from_str(row.try_get("entry")?)?,
        None => begin(conn).await?,
    };
    put(conn, &Entry { number: last.number + 1, at: now().max(last.at), what }).await?;
    Ok(last.number + 1)
}

/// The first entry: which log this is.
async fn begin(conn: &mut SqliteConnection) -> Result<Last, StoreError> {
    let at = now();
    let log = format!("{:016x}", rand::random::<u64>());
    put(conn, &Entry { number: 0, at, what: What::LogBegun { log } }).await?;
    Ok(Last { number: 0, at })
}

async fn put(conn: &mut SqliteConnection, entry: &Entry) -> Result<(), StoreError> {
    let bytes = entry.canonical();
    let leaf = tlog::record_hash(bytes.as_bytes());
    sqlx::query("insert into audit_entries (number, entry) values ($1, $2)")
        .bind(number(entry.number)?)
        .bind(bytes)
        .execute(&mut *conn)
        .await?;
    let hashes = tree::over(conn, |reader| tlog::stored_hashes_for_record_hash(entry.number, leaf, reader)).await?;
    let first = tlog::stored_hash_index(0, entry.number);
    for (place, hash) in (first..).zip(hashes) {
        insert_hash(conn, place, hash).await?;
    }
    Ok(())
}

async fn insert_hash(conn: &mut SqliteConnection, place: u64, hash: Hash) -> Result<(), StoreError> {
    sqlx::query("insert into audit_hashes (place, hash) values ($1, $2)")
        .bind(number(place)?)
        .bind(hex::encode(hash.0))
        .execute(conn)
        .await?;
    Ok(())
}

/// How many entries the log has.
async fn size(conn: &mut SqliteConnection) -> Result<u64, StoreError> {
    count(sqlx::query_scalar("select coalesce(max(number) + 1, 0) from audit_entries").fetch_one(conn).await?)
}

fn number(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Failed(format!("{number} is not a number of the audit log")))
}
