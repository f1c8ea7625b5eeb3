//! Requests: handing one in, and finding it again.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};

use super::conflicts::{self, SubmitError};
use super::error::StoreError;
use super::rows::{self, checked, json, kind_word, whole_micros};
use super::{Store, audit, heard, leases, posted, states};
use crate::model::audit::{Face, What};
use crate::model::plan::Plan;
use crate::model::{
    Digest, EnvironmentName, Origin, Part, Person, Posted, ProjectName, Request, RequestId, RequestState,
};

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
    /// Where in chat they asked; none where it was not there.
    pub origin: Option<Origin>,
}

/// Why no request was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// No id begins so.
    #[error("there is no request {0}")]
    Nothing(String),
    /// More than one id begins so: some of them, the newest first.
    #[error("more than one request begins so: {}", ids.iter().map(RequestId::as_str).collect::<Vec<_>>().join(", "))]
    Ambiguous {
        /// How they begin.
        text: String,
        /// Some of them.
        ids: Vec<RequestId>,
    },
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
    /// Only what the person of this name asked for.
    pub by: Option<String>,
    /// At most so many.
    pub limit: Option<u32>,
}

impl Store {
    /// Writes a new request down, open and due at once; where it was asked for in chat, in the same transaction, that this
    /// interaction has made it, and that its card is to be shown there. An interaction that has made a request before makes
    /// no other: that one is returned, and nothing is written.
    ///
    /// # Errors
    /// [`SubmitError::Busy`] and [`SubmitError::SharedInUse`], decided in the transaction that writes it;
    /// [`StoreError::Failed`] also for an interaction that was never heard.
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
            let origin = new.origin.clone();
            let written = self
                .writer
                .write(Some(&id), move |conn| Box::pin(async move { insert(conn, request, origin.as_ref()).await }))
                .await;
            match written {
                Ok(request) => return Ok(request),
                Err(NotWritten::Made(before)) => return Ok(*before),
                Err(NotWritten::Refused(refused)) => return Err(refused),
                Err(NotWritten::IdTaken) => id = RequestId::from_random(rand::random()),
            }
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
                let ids = ids.collect::<Result<_, StoreError>>()?;
                Err(FindError::Ambiguous { text: prefix.to_owned(), ids })
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
        if let Some(name) = &filter.by {
            query.push(" and name = ").push_bind(name.as_str());
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

    /// The projects that were asked for and not turned away again, or for which something is held, by name.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn project_names(&self) -> Result<Vec<ProjectName>, StoreError> {
        let found: Vec<String> = sqlx::query_scalar(
            "select project from requests where state not in ('cancelled', 'rejected')
             union select project from holdings order by project",
        )
        .fetch_all(&self.readers)
        .await?;
        found.iter().map(|name| checked(name)).collect()
    }

    /// The projects and environments that somebody has asked for something for, by name.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn asked_for(&self) -> Result<Vec<(ProjectName, EnvironmentName)>, StoreError> {
        let found = sqlx::query("select distinct project, environment from requests order by project, environment")
            .fetch_all(&self.readers)
            .await?;
        let names = |row: &SqliteRow| Ok((checked(row.try_get("project")?)?, checked(row.try_get("environment")?)?));
        found.iter().map(names).collect()
    }
}

/// The request of that id, within a transaction.
pub(super) async fn load(conn: &mut SqliteConnection, id: &RequestId) -> Result<Request, StoreError> {
    let row = sqlx::query("select * from requests where id = $1").bind(id.as_str()).fetch_optional(conn).await?;
    rows::request(&row.ok_or_else(|| StoreError::NotFound(id.clone()))?)
}

/// Why no new request was written.
enum NotWritten {
    /// The interaction has made this one.
    Made(Box<Request>),
    /// Another request has this id.
    IdTaken,
    /// It may not be open now.
    Refused(SubmitError),
}

impl From<StoreError> for NotWritten {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

/// Writes a new request, with where it came from.
async fn insert(conn: &mut SqliteConnection, request: Request, origin: Option<&Origin>) -> Result<Request, NotWritten> {
    if let Some(origin) = origin
        && let Some(before) = heard::made(conn, &origin.interaction).await?
    {
        return Err(NotWritten::Made(Box::new(load(conn, &before).await?)));
    }
    conflicts::free(conn, &request).await.map_err(NotWritten::Refused)?;
    if !insert_rows(conn, &request).await? {
        return Err(NotWritten::IdTaken);
    }
    if let Some(origin) = origin {
        heard::makes(conn, &origin.interaction, &request.id).await?;
        posted::write(conn, &card(&request.id, origin)).await?;
    }
    audit::append(conn, asked(&request, origin)).await?;
    Ok(request)
}

fn asked(request: &Request, origin: Option<&Origin>) -> What {
    let terminal = Face::Terminal;
    let chat = |origin: &Origin| Face::Discord { channel: origin.channel.clone(), id: origin.interaction.clone() };
    What::Asked {
        request: request.id.clone(),
        project: request.plan.project.clone(),
        environment: request.plan.environment.clone(),
        direction: request.plan.direction,
        plan: Digest::of(&request.plan),
        by: request.by.name.clone(),
        via: request.by.via.clone(),
        face: origin.map_or(terminal, chat),
    }
}

/// The message that becomes the request's card, before it shows anything of it.
fn card(request: &RequestId, origin: &Origin) -> Posted {
    Posted {
        request: request.clone(),
        part: Part::Card,
        channel: origin.channel.clone(),
        message: origin.message.clone(),
        language: origin.language,
        shown: None,
        ended: false,
    }
}

async fn insert_rows(conn: &mut SqliteConnection, request: &Request) -> Result<bool, StoreError> {
    let Request { id, by, asked_at, plan, state, reason: _, changed_at } = request;
    let inserted = sqlx::query(
        "insert into requests (id, project, environment, direction, name, person, asked_at, plan, state, changed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (id) do nothing",
    )
    .bind(id.as_str())
    .bind(plan.project.as_str())
    .bind(plan.environment.as_str())
    .bind(plan.direction.to_string())
    .bind(by.name.as_str())
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
