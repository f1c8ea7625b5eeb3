//! THE MEMORY: requests, approvals, journals, leases and what is ours, in one SQLite file. No SQL type leaves this room.
//!
//! `open` makes, checks and migrates the file; `writer` is the one way to write; `feed` tells who listens;
//! `requests` is who wants what, `conflicts` what may not be open at once, `states` how a request stands; `questions`
//! what was asked of approvers, `approvals` who said yes, `withdrawals` who took that back, `time` how old all that is; `leases`
//! who carries a request out and when somebody has to look again; `journal` what was done; `audit` the log that an outsider can
//! verify; `holdings` what is ours; `rows` turns rows into words.
//!
//! The file must be on a local disk: SQLite's locks do not hold on network file systems.

mod alive;
mod approvals;
pub mod audit;
mod conflicts;
mod error;
mod feed;
mod heard;
mod holdings;
mod journal;
mod leases;
mod open;
mod posted;
mod questions;
mod requests;
mod rows;
mod states;
mod time;
mod withdrawals;
mod writer;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use tokio::sync::OnceCell;

pub use approvals::{ApproveError, Given};
pub use conflicts::SubmitError;
pub use error::StoreError;
pub use feed::{Changed, Changes};
pub use holdings::KnownProject;
pub use requests::{FindError, NewRequest, RequestFilter};
pub use states::{AdvanceError, StateChange};
pub use time::Moment;
pub use withdrawals::WithdrawError;
use writer::Writer;

/// How many reads go on at once; they do not wait for the writer.
const READERS: u32 = 4;

/// The memory. Cheap to clone; all clones are one store.
#[derive(Clone)]
pub struct Store {
    path: PathBuf,
    writer: Writer,
    readers: SqlitePool,
    feed: feed::Feed,
    alive: Arc<OnceCell<alive::Alive>>,
    time: time::Time,
}

impl Store {
    /// Opens the store at `sqlite:PATH`. A missing file is made, readable by its owner only. Must be called within
    /// a Tokio runtime, which the store lives as long as.
    ///
    /// # Errors
    /// When the URL is not of that form, the file cannot be opened, is damaged or newer than this program, or the
    /// SQLite that this program was built with is too old to be trusted.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let path = open::path_of(url)?;
        let options = open::prepare(&path).await?;
        let reading: SqliteConnectOptions = options.clone().pragma("query_only", "on");
        let readers = SqlitePoolOptions::new().max_connections(READERS).connect_with(reading).await?;
        let feed = feed::Feed::new();
        let writer = Writer::start(options, feed.clone());
        Ok(Self { path, writer, readers, feed, alive: Arc::default(), time: time::Time::default() })
    }

    /// What this process commits from now on. See [`Changes`] for how to lose no wake-up.
    pub fn subscribe(&self) -> Changes {
        self.feed.subscribe()
    }

    /// The same, and [`Changed::Many`] within a second after another process has committed something.
    ///
    /// # Errors
    /// [`StoreError::Failed`]: then nobody could tell.
    pub async fn subscribe_everywhere(&self) -> Result<Changes, StoreError> {
        let changes = self.feed.subscribe_everywhere();
        // Once it has written, the writer knows from where on it has to compare.
        self.writer.write(None, |_| Box::pin(async { Ok::<_, StoreError>(()) })).await?;
        Ok(changes)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("path", &self.path).finish_non_exhaustive()
    }
}
