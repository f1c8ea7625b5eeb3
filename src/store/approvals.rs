//! Approvals: who said yes to which digest. Written once, never changed; whether they suffice is decided where a step starts.

use std::collections::BTreeSet;

use sqlx::{Row as _, SqliteConnection};

use super::error::StoreError;
use super::rows::{self, checked, json};
use super::{Store, audit, leases, requests};
use crate::model::audit::What;
use crate::model::{Approval, Digest, RequestId, RequestState, StepId};

/// What became of an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// It was written down.
    Recorded,
    /// This person had approved this digest of this step before: it counts once.
    AlreadyThere,
}

/// Why an approval was not written down.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApproveError {
    /// The request has ended.
    #[error("{id} is {state}: there is nothing to approve any more")]
    NotOpen {
        /// The request.
        id: RequestId,
        /// How it stands.
        state: RequestState,
    },
    /// The store failed; nothing was written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Writes an approval down. Whether that person may give it was asked before; that who asked does not count among
    /// the approvers is seen to where a step starts.
    ///
    /// # Errors
    /// When the request is not open, or the store failed.
    pub async fn approve(&self, id: &RequestId, approval: &Approval) -> Result<Given, ApproveError> {
        let (request, approval) = (id.clone(), approval.clone());
        self.writer
            .write(Some(id), move |conn| {
                Box::pin(async move {
                    let state = requests::load(conn, &request).await?.state;
                    if !state.is_open() {
                        return Err(ApproveError::NotOpen { id: request, state });
                    }
                    let given = insert(conn, &request, &approval).await?;
                    if given == Given::Recorded {
                        let Approval { step, digest, by, .. } = approval;
                        let what = What::Approved { request: request.clone(), step, digest, by: by.name, via: by.via };
                        audit::append(conn, what).await?;
                        leases::stir(conn, &request).await?;
                    }
                    Ok(given)
                })
            })
            .await
    }

    /// All approvals of a request, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn approvals(&self, id: &RequestId) -> Result<Vec<Approval>, StoreError> {
        let found = sqlx::query("select * from approvals where request = $1 order by at, step, name").bind(id.as_str());
        let rows = found.fetch_all(&self.readers).await?;
        let approval = |row: &sqlx::sqlite::SqliteRow| {
            Ok(Approval {
                step: checked(row.try_get("step")?)?,
                digest: Digest::from(row.try_get::<String, _>("digest")?),
                by: rows::parsed(row.try_get("person")?)?,
                at: rows::time(row.try_get("at")?)?,
            })
        };
        rows.iter().map(approval).collect()
    }
}

async fn insert(conn: &mut SqliteConnection, id: &RequestId, approval: &Approval) -> Result<Given, StoreError> {
    let written = sqlx::query(
        "insert into approvals (request, step, digest, name, person, at) values ($1, $2, $3, $4, $5, $6)
         on conflict (request, step, digest, name) do nothing",
    )
    .bind(id.as_str())
    .bind(approval.step.as_str())
    .bind(approval.digest.as_str())
    .bind(approval.by.name.as_str())
    .bind(json(&approval.by)?)
    .bind(approval.at.as_microsecond())
    .execute(conn)
    .await?;
    Ok(if written.rows_affected() == 0 { Given::AlreadyThere } else { Given::Recorded })
}

/// The names of those who approved exactly this digest of this step, without `requester`.
pub(super) async fn approvers(
    conn: &mut SqliteConnection,
    id: &RequestId,
    step: &StepId,
    digest: &Digest,
    requester: &str,
) -> Result<BTreeSet<String>, StoreError> {
    let names: Vec<String> = sqlx::query_scalar(
        "select name from approvals where request = $1 and step = $2 and digest = $3 and name <> $4",
    )
    .bind(id.as_str())
    .bind(step.as_str())
    .bind(digest.as_str())
    .bind(requester)
    .fetch_all(conn)
    .await?;
    Ok(names.into_iter().collect())
}
