//! How far the checkpoints that were put outside cover the log.

use jiff::Timestamp;

use super::super::Store;
use super::super::error::StoreError;
use super::{Last, number};
use crate::model::audit::{Entry, Outside, What};

impl Store {
    /// When the first entry was written that no checkpoint in that place covers, besides where checkpoints were put; none where
    /// all is covered.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn uncovered_since(&self, place: Outside) -> Result<Option<Timestamp>, StoreError> {
        let covered = number(self.last_posted(place).await?.map_or(0, |(size, _)| size))?;
        let first: Option<String> = sqlx::query_scalar(
            "select entry from audit_entries where number >= $1 and iif(json_valid(entry), json_extract(entry, '$.what'), null) not in ('posted', 'signed')
             order by number limit 1",
        )
        .bind(covered)
        .fetch_optional(&self.readers)
        .await?;
        Ok(first.map(|entry| serde_json::from_str::<Last>(&entry)).transpose()?.map(|entry| entry.at))
    }

    /// How many entries the checkpoint covers that was put there last, and when it was.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn last_posted(&self, place: Outside) -> Result<Option<(u64, Timestamp)>, StoreError> {
        let mut before = i64::MAX;
        loop {
            let found: Option<(i64, String)> = sqlx::query_as(
                "select number, entry from audit_entries where number < $1 and iif(json_valid(entry), json_extract(entry, '$.what'), null) = 'posted'
                 order by number desc limit 1",
            )
            .bind(before)
            .fetch_optional(&self.readers)
            .await?;
            let Some((number, entry)) = found else { return Ok(None) };
            match serde_json::from_str::<Entry>(&entry)? {
                Entry { at, what: What::Posted { size, place: there, .. }, .. } if there == place => {
                    return Ok(Some((size, at)));
                }
                _ => before = number,
            }
        }
    }
}
