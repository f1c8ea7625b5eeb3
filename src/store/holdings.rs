//! What is ours: for which project each resource was made or taken over, what it told, and what was begun and not ended.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::Store;
use super::error::StoreError;
use super::requests;
use super::rows::{self, checked, json, key_of, kind_word, now, parsed};
use crate::model::run::ResourceKey;
use crate::model::{Action, Direction, EnvironmentName, Outputs, Place, ProjectName, RequestId, Step};

/// A project that was let into an environment and not shown out since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownProject {
    /// The project.
    pub project: ProjectName,
    /// The environment.
    pub environment: EnvironmentName,
    /// The onboarding that was done last.
    pub request: RequestId,
    /// When it was done.
    pub at: Timestamp,
}

/// Whose resource is meant; none for one that belongs to the account.
pub type Owner<'a> = Option<(&'a ProjectName, &'a EnvironmentName)>;

fn names(owner: Owner<'_>) -> (Option<&str>, Option<&str>) {
    owner.map(|(project, environment)| (project.as_str(), environment.as_str())).unzip()
}

impl Store {
    /// What the resource told about itself when it was last finished with, for `owner`; without one (a resource of the
    /// account's scope) for whichever project.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn remembered(&self, key: &ResourceKey, owner: Owner<'_>) -> Result<Option<Outputs>, StoreError> {
        let (project, environment) = names(owner);
        let text: Option<String> = sqlx::query_scalar(
            "select outputs from holdings where account = $1 and region = $2 and kind = $3 and name = $4
               and ($5 is null or (project = $5 and environment = $6))
             order by at desc limit 1",
        )
        .bind(key.place.account.as_str())
        .bind(key.place.region.as_str())
        .bind(kind_word(key.kind)?)
        .bind(key.name.as_str())
        .bind(project)
        .bind(environment)
        .fetch_optional(&self.readers)
        .await?;
        text.as_deref().map(parsed).transpose()
    }

    /// Everything that is held for a project in an environment, with what it told about itself.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn holdings(
        &self,
        project: &ProjectName,
        environment: &EnvironmentName,
    ) -> Result<Vec<(ResourceKey, Outputs)>, StoreError> {
        let found = sqlx::query(
            "select account, region, kind, name, outputs from holdings where project = $1 and environment = $2
             order by at desc, kind, name",
        )
        .bind(project.as_str())
        .bind(environment.as_str())
        .fetch_all(&self.readers)
        .await?;
        let held = |row: &SqliteRow| {
            let place = Place { account: checked(row.try_get("account")?)?, region: checked(row.try_get("region")?)? };
            let kind = serde_json::from_value(serde_json::Value::String(row.try_get("kind")?))?;
            let text: String = row.try_get("outputs")?;
            Ok((ResourceKey { place, kind, name: row.try_get("name")? }, parsed(&text)?))
        };
        found.iter().map(held).collect()
    }

    /// Who else needs the resource: the other projects and environments for which it is held, and those whose open
    /// onboarding relies on it (which is known for resources of the account's scope).
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn others(
        &self,
        key: &ResourceKey,
        project: &ProjectName,
        environment: &EnvironmentName,
    ) -> Result<Vec<(ProjectName, EnvironmentName)>, StoreError> {
        let found = sqlx::query(
            "select project, environment from holdings
             where account = $1 and region = $2 and kind = $3 and name = $4 and (project <> $5 or environment <> $6)
             union
             select r.project, r.environment from shared s join requests r on r.id = s.request
             where s.account = $1 and s.region = $2 and s.kind = $3 and s.name = $4 and s.removes = false
               and r.state = 'open' and (r.project <> $5 or r.environment <> $6)
             order by project, environment",
        )
        .bind(key.place.account.as_str())
        .bind(key.place.region.as_str())
        .bind(kind_word(key.kind)?)
        .bind(key.name.as_str())
        .bind(project.as_str())
        .bind(environment.as_str())
        .fetch_all(&self.readers)
        .await?;
        let names = |row: &SqliteRow| Ok((checked(row.try_get("project")?)?, checked(row.try_get("environment")?)?));
        found.iter().map(names).collect()
    }

    /// Whether an onboarding of another project or environment that is open, or ended after `since`, relies on the resource too,
    /// which is known for shared ones.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn is_contested(
        &self,
        key: &ResourceKey,
        project: &ProjectName,
        environment: &EnvironmentName,
        since: Timestamp,
    ) -> Result<bool, StoreError> {
        let found = sqlx::query(
            "select 1 from shared s join requests r on r.id = s.request
             where s.account = $1 and s.region = $2 and s.kind = $3 and s.name = $4 and s.removes = false
               and (r.state = 'open' or r.changed_at > $7) and (r.project <> $5 or r.environment <> $6)",
        )
        .bind(key.place.account.as_str())
        .bind(key.place.region.as_str())
        .bind(kind_word(key.kind)?)
        .bind(key.name.as_str())
        .bind(project.as_str())
        .bind(environment.as_str())
        .bind(since.as_microsecond())
        .fetch_optional(&self.readers)
        .await?;
        Ok(found.is_some())
    }

    /// Whether a request of `owner` (without one: of anybody) began to create the resource and no end of that is known.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn begun(&self, key: &ResourceKey, owner: Owner<'_>) -> Result<bool, StoreError> {
        let (project, environment) = names(owner);
        let found = sqlx::query(
            "select 1 from begun b join requests r on r.id = b.request
             where b.account = $1 and b.region = $2 and b.kind = $3 and b.name = $4
               and ($5 is null or (r.project = $5 and r.environment = $6))",
        )
        .bind(key.place.account.as_str())
        .bind(key.place.region.as_str())
        .bind(kind_word(key.kind)?)
        .bind(key.name.as_str())
        .bind(project)
        .bind(environment)
        .fetch_optional(&self.readers)
        .await?;
        Ok(found.is_some())
    }

    /// The projects that were let in and not shown out since, by name.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn projects(&self) -> Result<Vec<KnownProject>, StoreError> {
        let found = sqlx::query(
            "select id, project, environment, changed_at from requests r
             where state = 'done' and direction = 'onboard' and not exists (
                 select 1 from requests later
                 where later.project = r.project and later.environment = r.environment and later.state = 'done'
                   and (later.changed_at > r.changed_at or (later.changed_at = r.changed_at and later.id > r.id)))
             order by project, environment",
        )
        .fetch_all(&self.readers)
        .await?;
        let known = |row: &SqliteRow| {
            Ok(KnownProject {
                project: checked(row.try_get("project")?)?,
                environment: checked(row.try_get("environment")?)?,
                request: checked(row.try_get("id")?)?,
                at: rows::time(row.try_get("changed_at")?)?,
            })
        };
        found.iter().map(known).collect()
    }
}

/// Keeps in mind that a step began to create its resource.
pub(super) async fn started(conn: &mut SqliteConnection, id: &RequestId, step: &Step) -> Result<(), StoreError> {
    if !matches!(step.action, Action::Create) {
        return Ok(());
    }
    let key = key_of(step);
    sqlx::query(
        "insert into begun (account, region, kind, name, request, at) values ($1, $2, $3, $4, $5, $6)
         on conflict (account, region, kind, name, request) do update set at = excluded.at",
    )
    .bind(key.place.account.as_str())
    .bind(key.place.region.as_str())
    .bind(kind_word(key.kind)?)
    .bind(key.name)
    .bind(id.as_str())
    .bind(now().as_microsecond())
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps in mind that a step of this request began to create its resource and made nothing.
pub(super) async fn made_nothing(conn: &mut SqliteConnection, id: &RequestId, step: &Step) -> Result<(), StoreError> {
    let key = key_of(step);
    sqlx::query("delete from begun where account = $1 and region = $2 and kind = $3 and name = $4 and request = $5")
        .bind(key.place.account.as_str())
        .bind(key.place.region.as_str())
        .bind(kind_word(key.kind)?)
        .bind(key.name)
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// Keeps in mind how a step ended: after an onboarding the resource is held for the project if it is ours; after a
/// teardown the project does not hold it any more, whether it was removed or is still needed by others.
pub(super) async fn finished(
    conn: &mut SqliteConnection,
    id: &RequestId,
    key: &ResourceKey,
    outputs: &Outputs,
    ours: bool,
) -> Result<(), StoreError> {
    let kind = kind_word(key.kind)?;
    sqlx::query("delete from begun where account = $1 and region = $2 and kind = $3 and name = $4")
        .bind(key.place.account.as_str())
        .bind(key.place.region.as_str())
        .bind(&kind)
        .bind(key.name.as_str())
        .execute(&mut *conn)
        .await?;
    let plan = requests::load(conn, id).await?.plan;
    if plan.direction == Direction::Onboard && ours {
        sqlx::query(
            "insert into holdings (account, region, kind, name, project, environment, outputs, request, at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             on conflict (account, region, kind, name, project, environment)
             do update set outputs = excluded.outputs, request = excluded.request, at = excluded.at",
        )
        .bind(key.place.account.as_str())
        .bind(key.place.region.as_str())
        .bind(&kind)
        .bind(key.name.as_str())
        .bind(plan.project.as_str())
        .bind(plan.environment.as_str())
        .bind(json(outputs)?)
        .bind(id.as_str())
        .bind(now().as_microsecond())
        .execute(conn)
        .await?;
    } else {
        sqlx::query(
            "delete from holdings where account = $1 and region = $2 and kind = $3 and name = $4
             and project = $5 and environment = $6",
        )
        .bind(key.place.account.as_str())
        .bind(key.place.region.as_str())
        .bind(&kind)
        .bind(key.name.as_str())
        .bind(plan.project.as_str())
        .bind(plan.environment.as_str())
        .execute(conn)
        .await?;
    }
    Ok(())
}
