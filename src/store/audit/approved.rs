//! Whether the log knows of an approval: one that somebody wrote beside the log, with a hand of their own, is none.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use sqlx::SqliteConnection;

use crate::model::{Digest, RequestId, StepId};
use crate::store::StoreError;

/// Whether the log says that this person approved this very step, since it was asked about it last, and not that they took it back.
///
/// # Errors
/// [`StoreError::Failed`].
pub(in crate::store) async fn is_told(
    conn: &mut SqliteConnection,
    request: &RequestId,
    step: &StepId,
    digest: &Digest,
    name: &str,
) -> Result<bool, StoreError> {
    let last: Option<String> = sqlx::query_scalar(
        "select json_extract(entry, '$.what') from audit_entries
         where iif(json_valid(entry), json_extract(entry, '$.what'), null) in ('approved', 'withdrawn')
           and json_extract(entry, '$.request') = $1 and json_extract(entry, '$.step') = $2
           and json_extract(entry, '$.digest') = $3 and json_extract(entry, '$.by') = $4
           and number > coalesce((
             select max(number) from audit_entries
             where iif(json_valid(entry), json_extract(entry, '$.what'), null) = 'held'
               and json_extract(entry, '$.request') = $1 and json_extract(entry, '$.step') = $2), -1)
         order by number desc limit 1",
    )
    .bind(request.as_str())
    .bind(step.as_str())
    .bind(digest.as_str())
    .bind(name)
    .fetch_optional(conn)
    .await?;
    Ok(last.as_deref() == Some("approved"))
}

/// Who has approved what, as the entries that were read so far tell it.
#[derive(Debug, Clone, Default)]
pub(super) struct Approvals(BTreeMap<(String, String), (String, BTreeSet<String>)>);

/// What is read of an entry about a step.
#[derive(Deserialize)]
struct OfStep {
    what: String,
    request: String,
    step: String,
    digest: String,
    #[serde(default)]
    by: String,
    #[serde(default)]
    approvers: BTreeSet<String>,
}

impl Approvals {
    /// The next entry. Those on whose approval it says that a step began, and of whom nothing says that they approved it.
    pub(super) fn entry(&mut self, bytes: &[u8]) -> BTreeSet<String> {
        let Ok(told) = serde_json::from_slice::<OfStep>(bytes) else { return BTreeSet::new() };
        let of_step = self.0.entry((told.request, told.step)).or_default();
        match told.what.as_str() {
            "held" => *of_step = (told.digest, BTreeSet::new()),
            "approved" if of_step.0 == told.digest => drop(of_step.1.insert(told.by)),
            "withdrawn" if of_step.0 == told.digest => drop(of_step.1.remove(&told.by)),
            "started" if of_step.0 == told.digest => return &told.approvers - &of_step.1,
            "started" => return told.approvers,
            _ => {}
        }
        BTreeSet::new()
    }
}
