//! Questions: what approvers were asked, as the very bytes that were hashed. Written once, with the event that asks.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::error::StoreError;
use super::rows::{self, count};
use super::time::Moment;
use super::{Store, time};
use crate::model::sealed::Broken;
use crate::model::{Question, RequestId, Sealed, Step, StepId};

impl Store {
    /// Everything that approvers were asked about a request, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn questions(&self, id: &RequestId) -> Result<Vec<Question>, StoreError> {
        let mut conn = self.readers.acquire().await?;
        let Moment { era, .. } = time::look(&mut conn, &self.time).await?;
        let found = sqlx::query("select * from questions where request = $1 order by number").bind(id.as_str());
        found.fetch_all(&mut *conn).await?.iter().map(|row| question(row, era)).collect()
    }
}

/// Writes down what the event of this number asks.
pub(super) async fn ask(
    conn: &mut SqliteConnection,
    id: &RequestId,
    number: u64,
    step: &Step,
    until: Timestamp,
    moment: Moment,
) -> Result<(), StoreError> {
    let stored = |number: u64| i64::try_from(number).map_err(|_| StoreError::Failed(format!("the number {number}")));
    sqlx::query(
        "insert into questions (request, number, step, sealed, asked_at, until, era) values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(id.as_str())
    .bind(stored(number)?)
    .bind(step.desired.id.as_str())
    .bind(Sealed::of(step).map_err(broken)?.text())
    .bind(moment.now.as_microsecond())
    .bind(until.as_microsecond())
    .bind(stored(moment.era)?)
    .execute(conn)
    .await?;
    Ok(())
}

/// What approvers were asked last about a step.
pub(super) async fn latest(
    conn: &mut SqliteConnection,
    id: &RequestId,
    step: &StepId,
    moment: Moment,
) -> Result<Option<Question>, StoreError> {
    let found = sqlx::query("select * from questions where request = $1 and step = $2 order by number desc limit 1")
        .bind(id.as_str())
        .bind(step.as_str())
        .fetch_optional(conn)
        .await?;
    found.as_ref().map(|row| question(row, moment.era)).transpose()
}

fn question(row: &SqliteRow, era: u64) -> Result<Question, StoreError> {
    Ok(Question {
        number: count(row.try_get("number")?)?,
        sealed: Sealed::open(row.try_get("sealed")?).map_err(broken)?,
        asked_at: rows::time(row.try_get("asked_at")?)?,
        until: rows::time(row.try_get("until")?)?,
        set_back: count(row.try_get("era")?)? != era,
    })
}

fn broken(error: Broken) -> StoreError {
    StoreError::Failed(error.to_string())
}
