//! Withdrawals: who took their yes back, before the step began. Written beside the approvals, which stay as they are.

use sqlx::SqliteConnection;

use super::error::StoreError;
use super::rows::json;
use super::{Store, approvals, audit, journal, leases, questions, requests, time};
use crate::model::audit::What;
use crate::model::run::replay;
use crate::model::{Person, RequestId, RequestState, StepId, StepState};

/// Why an approval was not taken back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WithdrawError {
    /// The request has ended.
    #[error("{id} is {state}: there is nothing to take back any more")]
    NotOpen {
        /// The request.
        id: RequestId,
        /// How it stands.
        state: RequestState,
    },
    /// This person has not approved what is asked now.
    #[error("there is no approval of theirs that could be taken back")]
    NotGiven,
    /// The step has begun.
    #[error("the step has begun already")]
    Begun,
    /// The store failed; nothing was written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Takes a person's approval of a step back, as long as it waits to begin: whether it does is known in the same transaction,
    /// and of this and the step's start one comes first.
    ///
    /// # Errors
    /// [`WithdrawError`]; nothing was written then.
    pub async fn withdraw(&self, id: &RequestId, step: &StepId, person: &Person) -> Result<(), WithdrawError> {
        let (request, step, person, time) = (id.clone(), step.clone(), person.clone(), self.time.clone());
        self.writer
            .write(Some(id), move |conn| {
                Box::pin(async move {
                    let moment = time::moment(conn, &time).await?;
                    let found = requests::load(conn, &request).await?;
                    if !found.state.is_open() {
                        return Err(WithdrawError::NotOpen { id: request, state: found.state });
                    }
                    let question = questions::latest(conn, &request, &step, moment).await?;
                    let Some(question) = question else { return Err(WithdrawError::NotGiven) };
                    let standing = approvals::standing(conn, &request, question.number, &person.name).await?;
                    let Some(standing) = standing else { return Err(WithdrawError::NotGiven) };
                    let states = replay(&found.plan, &journal::all(conn, &request).await?);
                    if !matches!(states.get(&step), Some(StepState::Held { .. })) {
                        return Err(WithdrawError::Begun);
                    }
                    insert(conn, &request, standing, &person, moment.now.as_microsecond()).await?;
                    let (digest, request_id) = (question.sealed.digest().clone(), request.clone());
                    let what = What::Withdrawn { request: request_id, step, digest, by: person.name, via: person.via };
                    audit::append(conn, what).await?;
                    Ok(leases::stir(conn, &request).await?)
                })
            })
            .await
    }
}

async fn insert(
    conn: &mut SqliteConnection,
    id: &RequestId,
    approval: i64,
    person: &Person,
    at: i64,
) -> Result<(), StoreError> {
    sqlx::query("insert into withdrawals (request, approval, person, at) values ($1, $2, $3, $4)")
        .bind(id.as_str())
        .bind(approval)
        .bind(json(person)?)
        .bind(at)
        .execute(conn)
        .await?;
    Ok(())
}
