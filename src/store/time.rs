//! The time by which questions expire: a clock that is never taken back. What the store has seen of time it remembers, so that a
//! clock that is set back revives no approval.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use sqlx::{Row as _, SqliteConnection};

use super::Store;
use super::error::StoreError;
use super::rows::{self, count, whole_micros};
use crate::engine::Clock;

/// What machines correct their clocks by without anybody noticing. Further back the clock was set back, and what was asked before
/// that has no known age.
const CORRECTION: SignedDuration = SignedDuration::from_mins(1);

/// A time that was seen is written down again when it is so much older than now.
const WRITTEN_EVERY: SignedDuration = SignedDuration::from_secs(5);

/// The store's clock. All clones of a store share it.
#[derive(Clone)]
pub(super) struct Time(Arc<RwLock<Clock>>);

impl Default for Time {
    fn default() -> Self {
        Self(Arc::new(RwLock::new(Arc::new(Timestamp::now))))
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Time")
    }
}

impl Time {
    pub(super) fn now(&self) -> Timestamp {
        let clock = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        whole_micros(clock())
    }
}

/// A moment, as the store knows time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The time: never earlier than one that was seen before, unless the clock was set back.
    pub now: Timestamp,
    /// How often the clock was set back so far.
    pub era: u64,
}

impl Store {
    /// Has the store tell time by that clock from now on: the same as the desk's.
    pub fn keep_time_by(&self, clock: Clock) {
        *self.time.0.write().unwrap_or_else(PoisonError::into_inner) = clock;
    }

    /// The time now; it is remembered, so that no later look finds an earlier one.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn moment(&self) -> Result<Moment, StoreError> {
        let time = self.time.clone();
        self.writer.write(None, move |conn| Box::pin(async move { moment(conn, &time).await })).await
    }
}

/// The time now, remembered in this transaction.
pub(super) async fn moment(conn: &mut SqliteConnection, time: &Time) -> Result<Moment, StoreError> {
    let now = time.now();
    let (latest, era) = seen(conn).await?;
    let set_back = is_set_back(now, latest);
    if set_back || now.duration_since(latest) > WRITTEN_EVERY {
        sqlx::query("update clock set latest = $1, era = era + $2")
            .bind(now.as_microsecond())
            .bind(i64::from(set_back))
            .execute(&mut *conn)
            .await?;
    }
    if set_back {
        // When to look at what again was said in a time that has not come: it is all looked at now.
        sqlx::query("update leases set wake_at = null").execute(conn).await?;
    }
    Ok(if set_back { Moment { now, era: era + 1 } } else { Moment { now: now.max(latest), era } })
}

/// The time now, for who only reads.
pub(super) async fn look(conn: &mut SqliteConnection, time: &Time) -> Result<Moment, StoreError> {
    let now = time.now();
    let (latest, era) = seen(conn).await?;
    Ok(if is_set_back(now, latest) { Moment { now, era: era + 1 } } else { Moment { now: now.max(latest), era } })
}

fn is_set_back(now: Timestamp, latest: Timestamp) -> bool {
    latest.duration_since(now) > CORRECTION
}

async fn seen(conn: &mut SqliteConnection) -> Result<(Timestamp, u64), StoreError> {
    let row = sqlx::query("select latest, era from clock").fetch_one(conn).await?;
    Ok((rows::time(row.try_get("latest")?)?, count(row.try_get("era")?)?))
}
