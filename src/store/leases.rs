//! Leases: who carries a request out, for how long, and when somebody has to look at it again.
//!
//! A wake-up is not lost between the holder's look and its decision to sleep: whatever stirs a request (an approval,
//! another try, an end) sets a flag in the same transaction. A holder that says "wake me then" or "it is done" while
//! that flag is set is told so instead, the flag is taken down, and it looks again.

use jiff::Timestamp;
use sqlx::{Row as _, SqliteConnection};

use super::error::StoreError;
use super::rows::{checked, count, now, time};
use super::{Store, requests, states};
use crate::engine::{JournalError, Lease};
use crate::model::request::RequestMove;
use crate::model::{Request, RequestId};

impl Store {
    /// Takes a request in hand, whatever its state, until [`Lease::LENGTH`] from now. None: somebody has it, be it
    /// the same `holder`.
    ///
    /// `holder` is for people who look into the store: which process it is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn lease(&self, id: &RequestId, holder: &str) -> Result<Option<Lease>, StoreError> {
        let (id, holder) = (id.clone(), holder.to_owned());
        self.writer
            .write(None, move |conn| {
                Box::pin(async move {
                    let lease = take(conn, &id, &holder).await?;
                    if lease.is_none() && !exists(conn, &id).await? {
                        return Err(StoreError::NotFound(id));
                    }
                    Ok(lease)
                })
            })
            .await
    }

    /// Takes in hand the open request that has waited longest of those that nobody has and that are due at `now`.
    /// None: there is none.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn claim_due(&self, now: Timestamp, holder: &str) -> Result<Option<Lease>, StoreError> {
        let holder = holder.to_owned();
        self.writer
            .write(None, move |conn| {
                Box::pin(async move {
                    match due(conn, now).await? {
                        Some(id) => take(conn, &id, &holder).await,
                        None => Ok(None),
                    }
                })
            })
            .await
    }

    /// Whether there is something to be done for this request at `at`: it is due and in nobody's hands, or has ended.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn is_due(&self, id: &RequestId, at: Timestamp) -> Result<bool, StoreError> {
        let found = sqlx::query(
            "select 1 from leases l join requests r on r.id = l.request
             where r.id = $1 and (r.state <> 'open' or ((l.holder is null or l.expires_at <= $2)
               and (l.wake_at is null or l.wake_at <= $3)))",
        )
        .bind(id.as_str())
        .bind(now().as_microsecond())
        .bind(at.as_microsecond())
        .fetch_optional(&self.readers)
        .await?;
        Ok(found.is_some())
    }

    /// When [`Store::claim_due`] will find something if nothing else happens until then: the earliest time at which
    /// an open request is due and not in anybody's hands. None: no request is open.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let micros: Option<i64> = sqlx::query_scalar(
            "select min(case when l.holder is not null and l.expires_at > coalesce(l.wake_at, l.expires_at - 1)
                             then l.expires_at else coalesce(l.wake_at, 0) end)
             from leases l join requests r on r.id = l.request where r.state = 'open'",
        )
        .fetch_one(&self.readers)
        .await?;
        micros.map(time).transpose()
    }

    /// Says when the request has to be looked at again: none = at once; a time that never comes = only when
    /// something changes, such as an approval. False: something has changed since the holder took it in hand or last
    /// asked; it is due at once, and the holder looks again. Nobody is told: nothing has changed that people see.
    ///
    /// # Errors
    /// [`JournalError::LeaseLost`].
    pub async fn set_wake(&self, lease: &Lease, at: Option<Timestamp>) -> Result<bool, JournalError> {
        let held = lease.clone();
        self.writer
            .write(None, move |conn| {
                Box::pin(async move {
                    holds(conn, &held).await?;
                    let stirred = take_stirred(conn, &held.request).await?;
                    if !stirred {
                        wake_at(conn, &held.request, at).await?;
                    }
                    Ok(!stirred)
                })
            })
            .await
    }

    /// Ends the request as its journal says: [`RequestMove::Finish`] or [`RequestMove::Fail`], with the lease checked
    /// in the same transaction. None: something has changed since the holder took it in hand or last asked; nothing is
    /// written, and the holder looks again.
    ///
    /// # Errors
    /// [`JournalError::LeaseLost`]; [`JournalError::NotOpen`] where a person has ended it.
    pub async fn conclude(
        &self,
        lease: &Lease,
        change: RequestMove,
        reason: Option<&str>,
    ) -> Result<Option<Request>, JournalError> {
        let (held, reason) = (lease.clone(), reason.map(str::to_owned));
        self.writer
            .write(Some(&lease.request), move |conn| {
                Box::pin(async move {
                    holds(conn, &held).await?;
                    let request = requests::load(conn, &held.request).await?;
                    let Some(to) = request.state.after(change).filter(|_| request.state.is_open()) else {
                        return Err(JournalError::NotOpen(held.request));
                    };
                    if take_stirred(conn, &request.id).await? {
                        return Ok(None);
                    }
                    Ok(Some(states::change_state(conn, request, to, None, reason).await?))
                })
            })
            .await
    }

    /// Gives the request out of hand, so that somebody else need not wait until the lease expires. It is due at once
    /// unless [`Store::set_wake`] said otherwise. Nothing happens if it is in other hands already.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let held = lease.clone();
        self.writer
            .write(None, move |conn| {
                Box::pin(async move {
                    sqlx::query("update leases set holder = null, expires_at = 0 where request = $1 and fence = $2")
                        .bind(held.request.as_str())
                        .bind(fence(&held)?)
                        .execute(conn)
                        .await?;
                    Ok::<_, StoreError>(())
                })
            })
            .await
    }
}

/// The row of a new request: in nobody's hands, due at once.
pub(super) async fn insert(conn: &mut SqliteConnection, id: &RequestId) -> Result<(), StoreError> {
    sqlx::query("insert into leases (request, fence, expires_at, stirred) values ($1, 0, 0, false)")
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// Something happened to the request: it is due at once, and whoever has it in hand looks again.
pub(super) async fn stir(conn: &mut SqliteConnection, id: &RequestId) -> Result<(), StoreError> {
    sqlx::query("update leases set wake_at = null, stirred = true where request = $1")
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether the lease is the last one that was given, and has not run out by the store's clock.
pub(super) async fn holds(conn: &mut SqliteConnection, lease: &Lease) -> Result<(), JournalError> {
    if last_given(conn, lease).await?.is_some_and(|expires_at| expires_at > now()) {
        Ok(())
    } else {
        Err(JournalError::LeaseLost(lease.request.clone()))
    }
}

/// Makes the lease last longer; also one that has run out, as long as nobody else was given one.
pub(super) async fn renew(conn: &mut SqliteConnection, lease: &Lease) -> Result<(), JournalError> {
    if last_given(conn, lease).await?.is_none() {
        return Err(JournalError::LeaseLost(lease.request.clone()));
    }
    sqlx::query("update leases set expires_at = $1 where request = $2")
        .bind((now() + Lease::LENGTH).as_microsecond())
        .bind(lease.request.as_str())
        .execute(conn)
        .await
        .map_err(StoreError::from)?;
    Ok(())
}

/// When the lease runs out; none if a later one was given, or it was released.
async fn last_given(conn: &mut SqliteConnection, lease: &Lease) -> Result<Option<Timestamp>, StoreError> {
    let expires_at: Option<i64> =
        sqlx::query_scalar("select expires_at from leases where request = $1 and fence = $2 and holder is not null")
            .bind(lease.request.as_str())
            .bind(fence(lease)?)
            .fetch_optional(conn)
            .await?;
    expires_at.map(time).transpose()
}

fn fence(lease: &Lease) -> Result<i64, StoreError> {
    i64::try_from(lease.fence).map_err(|_| StoreError::Failed(format!("{} is not a fence", lease.fence)))
}

async fn exists(conn: &mut SqliteConnection, id: &RequestId) -> Result<bool, StoreError> {
    let found = sqlx::query("select 1 from leases where request = $1").bind(id.as_str()).fetch_optional(conn).await?;
    Ok(found.is_some())
}

/// The oldest open request that is due at `at` and in nobody's hands.
async fn due(conn: &mut SqliteConnection, at: Timestamp) -> Result<Option<RequestId>, StoreError> {
    let id: Option<String> = sqlx::query_scalar(
        "select r.id from leases l join requests r on r.id = l.request
         where r.state = 'open' and (l.holder is null or l.expires_at <= $1)
           and (l.wake_at is null or l.wake_at <= $2)
         order by r.asked_at, r.id limit 1",
    )
    .bind(now().as_microsecond())
    .bind(at.as_microsecond())
    .fetch_optional(conn)
    .await?;
    id.as_deref().map(checked).transpose()
}

/// Gives a lease with the next fence, unless somebody has one that still runs. It is due at once until its holder
/// says otherwise, so that it is taken up if the holder dies.
async fn take(conn: &mut SqliteConnection, id: &RequestId, holder: &str) -> Result<Option<Lease>, StoreError> {
    let now = now();
    let expires_at = now + Lease::LENGTH;
    let row = sqlx::query(
        "update leases set fence = fence + 1, holder = $1, expires_at = $2, wake_at = null, stirred = false
         where request = $3 and (holder is null or expires_at <= $4) returning fence",
    )
    .bind(holder)
    .bind(expires_at.as_microsecond())
    .bind(id.as_str())
    .bind(now.as_microsecond())
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Lease { request: id.clone(), fence: count(row.try_get("fence")?)?, expires_at }))
}

/// Takes the flag down; whether it was up.
async fn take_stirred(conn: &mut SqliteConnection, id: &RequestId) -> Result<bool, StoreError> {
    let taken = sqlx::query("update leases set stirred = false where request = $1 and stirred = true")
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(taken.rows_affected() > 0)
}

async fn wake_at(conn: &mut SqliteConnection, id: &RequestId, at: Option<Timestamp>) -> Result<(), StoreError> {
    sqlx::query("update leases set wake_at = $1 where request = $2")
        .bind(at.map(Timestamp::as_microsecond))
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(())
}
