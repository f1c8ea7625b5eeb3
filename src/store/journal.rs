//! The journal: every event of a run, written only by who holds the lease, numbered without a gap.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::error::StoreError;
use super::rows::{self, count, json, parsed};
use super::time::Moment;
use super::{Store, approvals, audit, holdings, leases, questions, requests, time};
use crate::engine::{Journal, JournalError, Lease};
use crate::model::audit::What;
use crate::model::question::{May, counted};
use crate::model::{Digest, Event, Person, Recorded, RequestId, Step};

#[async_trait]
impl Journal for Store {
    async fn replay(&self, lease: &Lease) -> Result<Vec<Recorded>, JournalError> {
        Ok(self.journal(&lease.request).await?)
    }

    async fn append(&self, lease: &Lease, event: &Event) -> Result<Recorded, JournalError> {
        let (held, event, time) = (lease.clone(), event.clone(), self.time.clone());
        self.writer
            .write(Some(&lease.request), move |conn| {
                Box::pin(async move {
                    let moment = time::moment(conn, &time).await?;
                    append(conn, &held, &event, moment).await
                })
            })
            .await
    }

    async fn made_nothing(&self, lease: &Lease, step: &Step) -> Result<(), JournalError> {
        let (held, step) = (lease.clone(), step.clone());
        self.writer
            .write(None, move |conn| {
                Box::pin(async move {
                    leases::holds(conn, &held).await?;
                    Ok(holdings::made_nothing(conn, &held.request, &step).await?)
                })
            })
            .await
    }

    async fn renew(&self, lease: &Lease) -> Result<(), JournalError> {
        let lease = lease.clone();
        self.writer.write(None, move |conn| Box::pin(async move { leases::renew(conn, &lease).await })).await
    }
}

impl Store {
    /// Everything that was written for a request, in order.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn journal(&self, id: &RequestId) -> Result<Vec<Recorded>, StoreError> {
        let mut conn = self.readers.acquire().await?;
        all(&mut conn, id).await
    }
}

/// Everything that was written for a request, in order.
pub(super) async fn all(conn: &mut SqliteConnection, id: &RequestId) -> Result<Vec<Recorded>, StoreError> {
    let found = sqlx::query("select seq, at, event from journal where request = $1 order by seq").bind(id.as_str());
    let recorded = |row: &SqliteRow| {
        Ok(Recorded {
            seq: count(row.try_get("seq")?)?,
            at: rows::time(row.try_get("at")?)?,
            event: parsed(row.try_get("event")?)?,
        })
    };
    found.fetch_all(conn).await?.iter().map(recorded).collect()
}

async fn append(
    conn: &mut SqliteConnection,
    lease: &Lease,
    event: &Event,
    moment: Moment,
) -> Result<Recorded, JournalError> {
    leases::holds(conn, lease).await?;
    match event {
        Event::Started { step, digest, approvers } => {
            may_start(conn, &lease.request, step, digest, approvers, moment).await?;
            holdings::started(conn, &lease.request, step).await?;
        }
        Event::Finished { outputs, resource, ours, .. } => {
            holdings::finished(conn, &lease.request, resource, outputs, *ours).await?;
        }
        Event::Waiting { .. } | Event::Held { .. } | Event::Noted { .. } | Event::Failed { .. } | Event::Retried => {}
    }
    let recorded = write(conn, &lease.request, event, moment.now).await?;
    if let Event::Held { step, until, .. } = event {
        questions::ask(conn, &lease.request, recorded.seq, step, *until, moment).await?;
    }
    Ok(recorded)
}

/// The last look before something is changed: the request is open, and who had to say yes has said it to exactly this, when it was
/// asked last, in time, and has not taken it back.
async fn may_start(
    conn: &mut SqliteConnection,
    id: &RequestId,
    step: &Step,
    digest: &Digest,
    counted_on: &BTreeSet<String>,
    moment: Moment,
) -> Result<(), JournalError> {
    let request = requests::load(conn, id).await?;
    if !request.state.is_open() {
        return Err(JournalError::NotOpen(id.clone()));
    }
    let not_approved = || JournalError::NotApproved(id.clone());
    if *digest != step.digest() {
        return Err(not_approved());
    }
    let Some(gate) = &step.gate else { return if step.needs_gate() { Err(not_approved()) } else { Ok(()) } };
    // Nobody lowers what was shown when it was asked for.
    let shown = request.plan.step(&step.desired.id).and_then(|planned| planned.gate.as_ref());
    let needed = gate.approvals.max(shown.map_or(0, |shown| shown.approvals));
    if needed == 0 {
        return Ok(());
    }
    let question = questions::latest(conn, id, &step.desired.id, moment).await?;
    let question = question.filter(|question| question.sealed.digest() == digest).ok_or_else(not_approved)?;
    let approvals = approvals::all(conn, id).await?;
    // Who may still approve was asked outside: of those only such count as have said so, and not taken it back.
    let may = |person: &Person| if counted_on.contains(&person.name) { May::Yes } else { May::No };
    let counted = counted(&question, &approvals, moment.now, &request.by.name, may).map_err(|_| not_approved())?;
    let enough = u32::try_from(counted.names.len()).unwrap_or(u32::MAX) >= needed;
    if !enough || counted.names != *counted_on {
        return Err(not_approved());
    }
    for name in counted_on {
        if !audit::is_told(conn, id, &step.desired.id, digest, name).await? {
            let why = format!(
                "the audit log tells nothing of the approval of {name} that is in the store: somebody put it there. Keep a \
                 copy of the store, and `genkan reject {id}`"
            );
            return Err(JournalError::Storage(why));
        }
    }
    Ok(())
}

/// Writes the next event of a request.
pub(super) async fn write(
    conn: &mut SqliteConnection,
    id: &RequestId,
    event: &Event,
    at: Timestamp,
) -> Result<Recorded, StoreError> {
    let seq: i64 = sqlx::query_scalar(
        "insert into journal (request, seq, at, event)
         select $1, coalesce(max(seq), 0) + 1, $2, $3 from journal where request = $1 returning seq",
    )
    .bind(id.as_str())
    .bind(at.as_microsecond())
    .bind(json(event)?)
    .fetch_one(&mut *conn)
    .await?;
    if let Some(what) = told(id, event) {
        audit::append(conn, what).await?;
    }
    Ok(Recorded { seq: count(seq)?, at, event: event.clone() })
}

/// What the audit log is told of an event. That a step waits for a resource is only in the journal; that another try was asked
/// for is told with who asked.
fn told(id: &RequestId, event: &Event) -> Option<What> {
    let request = id.clone();
    Some(match event.clone() {
        Event::Started { step, digest, approvers } => {
            What::Started { request, step: step.desired.id, digest, approvers }
        }
        Event::Finished { step, did, .. } => What::Finished { request, step, did },
        Event::Held { step, digest, .. } => {
            let needs = step.gate.map_or(0, |gate| gate.approvals);
            What::Held { request, step: step.desired.id, digest, needs }
        }
        Event::Failed { step, why, retry_at, .. } => What::Failed { request, step, why, retry_at },
        Event::Waiting { .. } | Event::Noted { .. } | Event::Retried => return None,
    })
}
