//! Approvals: who said yes to which question. Written once, never changed; whether they suffice is decided where a step starts.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::error::StoreError;
use super::rows::{self, checked, count, json};
use super::{Store, audit, leases, questions, requests, time};
use crate::model::audit::What;
use crate::model::question::Void;
use crate::model::{Approval, Digest, RequestId, RequestState};

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
    /// It is not what is asked now.
    #[error("it has changed since it was shown")]
    Changed,
    /// The question cannot be answered any more.
    #[error("the question is void: {0}")]
    Void(Void),
    /// The store failed; nothing was written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Writes an approval down, if it answers what is asked now, in time. Whether that person may give it was asked before; that who
    /// asked does not count among the approvers is seen to where a step starts.
    ///
    /// # Errors
    /// [`ApproveError`]; nothing was written then.
    pub async fn approve(&self, id: &RequestId, approval: &Approval) -> Result<Given, ApproveError> {
        // In a write of its own: the time that was seen is remembered also where the approval is refused.
        self.moment().await?;
        let (request, approval, time) = (id.clone(), approval.clone(), self.time.clone());
        self.writer
            .write(Some(id), move |conn| {
                Box::pin(async move {
                    let moment = time::moment(conn, &time).await?;
                    let state = requests::load(conn, &request).await?.state;
                    if !state.is_open() {
                        return Err(ApproveError::NotOpen { id: request, state });
                    }
                    let asked = questions::latest(conn, &request, &approval.step, moment).await?;
                    let is_this = |asked: &crate::model::Question| {
                        asked.number == approval.question && *asked.sealed.digest() == approval.digest
                    };
                    let Some(asked) = asked.filter(is_this) else { return Err(ApproveError::Changed) };
                    asked.stands(moment.now).map_err(ApproveError::Void)?;
                    // Also who says it again has it looked at again: their rights may have come back.
                    leases::stir(conn, &request).await?;
                    if standing(conn, &request, approval.question, &approval.by.name).await?.is_some() {
                        return Ok(Given::AlreadyThere);
                    }
                    insert(conn, &request, &Approval { at: moment.now, ..approval.clone() }).await?;
                    let Approval { step, digest, by, .. } = approval;
                    let what = What::Approved { request, step, digest, by: by.name, via: by.via };
                    audit::append(conn, what).await?;
                    Ok(Given::Recorded)
                })
            })
            .await
    }

    /// All approvals of a request, the oldest first, also those that were taken back.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn approvals(&self, id: &RequestId) -> Result<Vec<Approval>, StoreError> {
        let mut conn = self.readers.acquire().await?;
        all(&mut conn, id).await
    }
}

/// All approvals of a request, the oldest first.
pub(super) async fn all(conn: &mut SqliteConnection, id: &RequestId) -> Result<Vec<Approval>, StoreError> {
    let found = sqlx::query(
        "select a.*, w.at as withdrawn from approvals a
         left join withdrawals w on w.request = a.request and w.approval = a.seq
         where a.request = $1 order by a.seq",
    )
    .bind(id.as_str());
    let approval = |row: &SqliteRow| {
        Ok(Approval {
            step: checked(row.try_get("step")?)?,
            digest: Digest::from(row.try_get::<String, _>("digest")?),
            question: count(row.try_get("question")?)?,
            by: rows::parsed(row.try_get("person")?)?,
            at: rows::time(row.try_get("at")?)?,
            withdrawn: row.try_get::<Option<i64>, _>("withdrawn")?.map(rows::time).transpose()?,
        })
    };
    found.fetch_all(conn).await?.iter().map(approval).collect()
}

/// The approval by which this person answered that question and which they have not taken back.
pub(super) async fn standing(
    conn: &mut SqliteConnection,
    id: &RequestId,
    question: u64,
    name: &str,
) -> Result<Option<i64>, StoreError> {
    let found = sqlx::query_scalar(
        "select a.seq from approvals a
         left join withdrawals w on w.request = a.request and w.approval = a.seq
         where a.request = $1 and a.question = $2 and a.name = $3 and w.at is null",
    )
    .bind(id.as_str())
    .bind(number(question)?)
    .bind(name)
    .fetch_optional(conn)
    .await?;
    Ok(found)
}

async fn insert(conn: &mut SqliteConnection, id: &RequestId, approval: &Approval) -> Result<(), StoreError> {
    sqlx::query(
        "insert into approvals (request, seq, step, digest, question, name, person, at)
         select $1, coalesce(max(seq), 0) + 1, $2, $3, $4, $5, $6, $7 from approvals where request = $1",
    )
    .bind(id.as_str())
    .bind(approval.step.as_str())
    .bind(approval.digest.as_str())
    .bind(number(approval.question)?)
    .bind(approval.by.name.as_str())
    .bind(json(&approval.by)?)
    .bind(approval.at.as_microsecond())
    .execute(conn)
    .await?;
    Ok(())
}

fn number(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Failed(format!("{number} is not a question's number")))
}
