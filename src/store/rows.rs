//! From words to columns and back: times, JSON, enums, and a whole request.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::error::StoreError;
use crate::model::run::ResourceKey;
use crate::model::{Kind, Request, RequestId, RequestState, Step};

/// The store's clock, as exact as a column is.
pub(super) fn now() -> Timestamp {
    whole_micros(Timestamp::now())
}

/// The time as it is after it was stored: microseconds, what is finer is cut off.
pub(super) fn whole_micros(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

/// A time from its column. The last second of time, in which [`Timestamp::MAX`] is, can be written as microseconds and not be
/// read as such: it is read as that.
pub(super) fn time(micros: i64) -> Result<Timestamp, StoreError> {
    if micros == Timestamp::MAX.as_microsecond() {
        return Ok(Timestamp::MAX);
    }
    Timestamp::from_microsecond(micros).map_err(|error| StoreError::Failed(format!("a time in the store: {error}")))
}

/// A value as JSON text.
pub(super) fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    Ok(serde_json::to_string(value)?)
}

/// A value from JSON text.
pub(super) fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    Ok(serde_json::from_str(text)?)
}

/// A checked text (an id, a name) from its column.
pub(super) fn checked<T: std::str::FromStr<Err = crate::model::ids::InvalidId>>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|error| StoreError::Failed(format!("what is stored cannot be read: {error}")))
}

/// A state from its word.
pub(super) fn state(word: &str) -> Result<RequestState, StoreError> {
    RequestState::ALL
        .into_iter()
        .find(|state| state.word() == word)
        .ok_or_else(|| StoreError::Failed(format!("the store holds a request that is `{word}`")))
}

/// A sequence number or fence, which are never negative.
pub(super) fn count(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Failed(format!("the store holds the number {number}")))
}

/// A kind's name in its columns: the one that it has in JSON.
pub(super) fn kind_word(kind: Kind) -> Result<String, StoreError> {
    match serde_json::to_value(kind)? {
        serde_json::Value::String(word) => Ok(word),
        other => Err(StoreError::Failed(format!("{other} is not a kind's name"))),
    }
}

/// Which resource a step is about, inputs filled in as far as they are known to it.
pub(super) fn key_of(step: &Step) -> ResourceKey {
    let desired = &step.desired;
    ResourceKey { place: desired.place.clone(), kind: step.kind(), name: desired.spec.name() }
}

/// A request from a whole row of `requests`.
pub(super) fn request(row: &SqliteRow) -> Result<Request, StoreError> {
    let id: RequestId = checked(row.try_get("id")?)?;
    let damaged = |error: StoreError| StoreError::Failed(format!("{id}: {error}"));
    Ok(Request {
        by: parsed(row.try_get("person")?).map_err(damaged)?,
        asked_at: time(row.try_get("asked_at")?)?,
        plan: parsed(row.try_get("plan")?).map_err(damaged)?,
        state: state(row.try_get("state")?)?,
        reason: row.try_get("reason")?,
        changed_at: time(row.try_get("changed_at")?)?,
        id,
    })
}
