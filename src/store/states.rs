//! How a request came to its state, and every change of it: compared with what was seen, and written down for good.

use jiff::{SignedDuration, Timestamp};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::conflicts::{self, SubmitError};
use super::error::StoreError;
use super::requests::load;
use super::rows::{self, json, now, whole_micros};
use super::{Store, audit, journal, leases, time};
use crate::model::audit::What;
use crate::model::request::RequestMove;
use crate::model::{Event, Person, Request, RequestId, RequestState};

/// Why a state was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdvanceError {
    /// Somebody was faster: this is how it stands now.
    #[error("{} has changed meanwhile: it is {}", .0.id, .0.state)]
    Changed(Box<Request>),
    /// The move does not lead anywhere from this state.
    #[error("{id} is {state}: that is not possible any more")]
    NotPossible {
        /// The request.
        id: RequestId,
        /// How it stands.
        state: RequestState,
    },
    /// It cannot be opened again, as it could not be handed in now.
    #[error(transparent)]
    InTheWay(SubmitError),
    /// The store failed; nothing was written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A change of a request's state, as it was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateChange {
    /// When.
    pub at: Timestamp,
    /// Who; none where it was the carrying out itself.
    pub by: Option<Person>,
    /// What it was; none for the first.
    pub from: Option<RequestState>,
    /// What it became. From open to open: another try.
    pub to: RequestState,
    /// Why, where somebody said why.
    pub reason: Option<String>,
}

impl Store {
    /// How a request came to its state, the oldest change first.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn history(&self, id: &RequestId) -> Result<Vec<StateChange>, StoreError> {
        let found = sqlx::query("select * from request_events where request = $1 order by seq").bind(id.as_str());
        found.fetch_all(&self.readers).await?.iter().map(state_change).collect()
    }

    /// Changes a request's state, if it is still as the caller saw it; of several who saw the same, one wins.
    /// [`RequestMove::Retry`] also writes [`Event::Retried`] into the journal.
    ///
    /// `by`: none where no person did it. `reason`: what they said; it replaces what was said before.
    ///
    /// # Errors
    /// [`AdvanceError`]; nothing was written then.
    pub async fn advance(
        &self,
        seen: &Request,
        change: RequestMove,
        by: Option<&Person>,
        reason: Option<&str>,
    ) -> Result<Request, AdvanceError> {
        let (seen, by, reason) = (seen.clone(), by.cloned(), reason.map(str::to_owned));
        let (id, time) = (seen.id.clone(), self.time.clone());
        self.writer
            .write(Some(&id), move |conn| {
                Box::pin(async move {
                    let request = load(conn, &seen.id).await?;
                    if (request.state, request.changed_at) != (seen.state, whole_micros(seen.changed_at)) {
                        return Err(AdvanceError::Changed(Box::new(request)));
                    }
                    let Some(to) = request.state.after(change) else {
                        return Err(AdvanceError::NotPossible { id: request.id, state: request.state });
                    };
                    if to.is_open() && !request.state.is_open() {
                        conflicts::free(conn, &request).await.map_err(|error| match error {
                            SubmitError::Store(error) => AdvanceError::Store(error),
                            in_the_way => AdvanceError::InTheWay(in_the_way),
                        })?;
                    }
                    let request = change_state(conn, request, to, by.as_ref(), reason).await?;
                    if change == RequestMove::Retry {
                        let at = time::moment(conn, &time).await?.now;
                        journal::write(conn, &request.id, &Event::Retried, at).await?;
                    }
                    leases::stir(conn, &request.id).await?;
                    Ok(request)
                })
            })
            .await
    }
}

/// Writes a new state and who brought it about. Each change has a later time than the one before, so that the time
/// says which one was seen.
pub(super) async fn change_state(
    conn: &mut SqliteConnection,
    mut request: Request,
    to: RequestState,
    by: Option<&Person>,
    reason: Option<String>,
) -> Result<Request, StoreError> {
    let from = request.state;
    request.state = to;
    request.reason = reason;
    request.changed_at = now().max(request.changed_at + SignedDuration::from_micros(1));
    sqlx::query("update requests set state = $1, reason = $2, changed_at = $3 where id = $4")
        .bind(to.word())
        .bind(request.reason.as_deref())
        .bind(request.changed_at.as_microsecond())
        .bind(request.id.as_str())
        .execute(&mut *conn)
        .await?;
    log(conn, &request, Some(from), by).await?;
    Ok(request)
}

/// Writes down how a request stands now, what it was before, and who brought it about. That it was made, the audit log is told
/// with where it was asked for.
pub(super) async fn log(
    conn: &mut SqliteConnection,
    request: &Request,
    from: Option<RequestState>,
    by: Option<&Person>,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into request_events (request, seq, at, person, was, becomes, reason)
         select $1, coalesce(max(seq), 0) + 1, $2, $3, $4, $5, $6 from request_events where request = $1",
    )
    .bind(request.id.as_str())
    .bind(request.changed_at.as_microsecond())
    .bind(by.map(json).transpose()?)
    .bind(from.map(RequestState::word))
    .bind(request.state.word())
    .bind(request.reason.as_deref())
    .execute(&mut *conn)
    .await?;
    let Some(was) = from else { return Ok(()) };
    let what = What::Became {
        request: request.id.clone(),
        was,
        becomes: request.state,
        by: by.map(|by| by.name.clone()),
        via: by.map(|by| by.via.clone()),
        reason: request.reason.clone(),
    };
    audit::append(conn, what).await?;
    Ok(())
}

fn state_change(row: &SqliteRow) -> Result<StateChange, StoreError> {
    let person: Option<String> = row.try_get("person")?;
    let from: Option<String> = row.try_get("was")?;
    Ok(StateChange {
        at: rows::time(row.try_get("at")?)?,
        by: person.as_deref().map(rows::parsed).transpose()?,
        from: from.as_deref().map(rows::state).transpose()?,
        to: rows::state(row.try_get("becomes")?)?,
        reason: row.try_get("reason")?,
    })
}
