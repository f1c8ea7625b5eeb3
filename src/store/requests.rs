//! Requests: handing one in, and finding it again.

use jiff::Timestamp;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};

use super::conflicts::{self, SubmitError};
use super::error::StoreError;
use super::rows::{self, checked, json, kind_word, whole_micros};
use super::{Store, leases, states};
use crate::model::plan::Plan;
use crate::model::{EnvironmentName, Person, ProjectName, Request, RequestId, RequestState};

/// A wish that is handed in.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// The id that it is to have; another one in the unlikely case that it is taken.
    pub id: RequestId,
    /// What is to be done, as it was shown.
    pub plan: Plan,
    /// Who asks.
    pub by: Person,
    /// When they asked.
    pub asked_at: Timestamp,
}

/// Why no request was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// No id begins so.
    #[error("there is no request {0}")]
    Nothing(String),
    /// More than one id begins so: some of them, the newest first.
    #[error("more than one request begins so: {}", .0.iter().map(RequestId::as_str).collect::<Vec<_>>().join(", "))]
    Ambiguous(Vec<RequestId>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Which requests are listed. What is `None` or empty does not restrict.
#[derive(Debug, Clone, Default)]
pub struct RequestFilter {
    /// Only of this project.
    pub project: Option<ProjectName>,
    /// Only in this environment.
    pub environment: Option<EnvironmentName>,
    /// Only in one of these states.
    pub states: Vec<RequestState>,
    /// At most so many.
    pub limit: Option<u32>,
}

impl Store {
    /// Writes a new request down, open and due at once.
    ///
    /// # Errors
    /// [`SubmitError::Busy`] and [`SubmitError::SharedInUse`], decided in the transaction that writes it.
    pub async fn submit(&self, new: NewRequest) -> Result<Request, SubmitError> {
        let asked_at = whole_micros(new.asked_at);
        let mut id = new.id.clone();
        loop {
            let request = Request {
                id: id.clone(),
                by: new.by.clone(),
                asked_at,
                plan: new.plan.clone(),
                state: RequestState::Open,
                reason: None,
                changed_at: asked_at,
            };
            let written =
                self.writer.write(Some(&id), move |conn| Box::pin(async move { insert(conn, request).await })).await?;
            if let Some(request) = written {
                return Ok(request);
            }
            id = RequestId::from_random(rand::random());
        }
    }

    /// The request of that id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn request(&self, id: &RequestId) -> Result<Request, StoreError> {
        let row = sqlx::query("select * from requests where id = $1").bind(id.as_str()).fetch_optional(&self.readers);
        rows::request(&row.await?.ok_or_else(|| StoreError::NotFound(id.clone()))?)
    }

    /// The request whose id begins so, with or without the `r-`.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub async fn find(&self, prefix: &str) -> Result<Request, FindError> {
        let nothing = || FindError::Nothing(prefix.to_owned());
        let start = prefix.strip_prefix("r-").unwrap_or(prefix);
        // Nothing but an id's own characters, so no wildcards either.
        if start.is_empty() || !start.bytes().all(|b| RequestId::ALPHABET.contains(&b)) {
            return Err(nothing());
        }
        let found = sqlx::query("select * from requests where id like $1 order by asked_at desc limit 5")
            .bind(format!("r-{start}%"))
            .fetch_all(&self.readers)
            .await
            .map_err(StoreError::from)?;
        match found.as_slice() {
            [] => Err(nothing()),
            [row] => Ok(rows::request(row)?),
            more => {
                let ids = more.iter().map(|row| checked(row.try_get("id")?));
                Err(FindError::Ambiguous(ids.collect::<Result<_, StoreError>>()?))
            }
        }
    }

    /// Requests, the newest first.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn list(&self, filter: &RequestFilter) -> Result<Vec<Request>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new("select * from requests where true");
        if let Some(project) = &filter.project {
            query.push(" and project = ").push_bind(project.as_str());
        }
        if let Some(environment) = &filter.environment {
            query.push(" and environment = ").push_bind(environment.as_str());
        }
        if !filter.states.is_empty() {
            let mut states = query.push(" and state in (").separated(", ");
            for state in &filter.states {
                states.push_bind(state.word());
            }
            query.push(")");
        }
        query.push(" order by asked_at desc, id");
        if let Some(limit) = filter.limit {
            query.push(" limit ").push_bind(i64::from(limit));
        }
        query.build().fetch_all(&self.readers).await?.iter().map(rows::request).collect()
    }
}

/// The request of that id, within a transaction.
pub(super) async fn load(conn: &mut SqliteConnection, id: &RequestId) -> Result<Request, StoreError> {
    let row = sqlx::query("select * from requests where id = $1").bind(id.as_str()).fetch_optional(conn).await?;
    rows::request(&row.ok_or_else(|| StoreError::NotFound(id.clone()))?)
}

/// Writes a new request; none if its id is taken.
async fn insert(conn: &mut SqliteConnection, request: Request) -> Result<Option<Request>, SubmitError> {
    conflicts::free(conn, &request).await?;
    Ok(insert_rows(conn, &request).await?.then_some(request))
}

async fn insert_rows(conn: &mut SqliteConnection, request: &Request) -> Result<bool, StoreError> {
    let Request { id, by, asked_at, plan, state, reason: _, changed_at } = request;
    let inserted = sqlx::query(
        "insert into requests (id, project, environment, direction, person, asked_at, plan, state, changed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (id) do nothing",
    )
    .bind(id.as_str())
    .bind(plan.project.as_str())
    .bind(plan.environment.as_str())
    .bind(plan.direction.to_string())
    .bind(json(by)?)
    .bind(asked_at.as_microsecond())
    .bind(json(plan)?)
    .bind(state.word())
    .bind(changed_at.as_microsecond())
    .execute(&mut *conn)
    .await?;
    if inserted.rows_affected() == 0 {
        return Ok(false);
    }
    for (key, removes) in conflicts::shared(plan) {
        sqlx::query(
            "insert into shared (request, account, region, kind, name, removes) values ($1, $2, $3, $4, $5, $6)
             on conflict do nothing",
        )
        .bind(id.as_str())
        .bind(key.place.account.as_str())
        .bind(key.place.region.as_str())
        .bind(kind_word(key.kind)?)
        .bind(key.name)
        .bind(removes)
        .execute(&mut *conn)
        .await?;
    }
    leases::insert(conn, id).await?;
    states::log(conn, request, None, Some(by)).await?;
    Ok(true)
}
