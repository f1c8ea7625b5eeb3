//! What may not be open at the same time: two requests for one project and environment, and two that mean the opposite
//! for a resource that they share.

use sqlx::SqliteConnection;

use super::error::StoreError;
use super::rows::{self, checked, key_of, kind_word};
use crate::model::plan::{Action, Direction, Plan};
use crate::model::run::ResourceKey;
use crate::model::{Request, RequestId};

/// What stands in the way of an open request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The project and environment have an open request.
    #[error("{} of {} {} is under way: {}, asked for by {}", .0.plan.direction, .0.plan.project, .0.plan.environment, .0.id, .0.by)]
    Busy(Box<Request>),
    /// One request would remove what the other, of another project or environment, relies on.
    #[error(
        "the {} {} in {} is shared, and {request}, which is still open, {}",
        resource.kind.title(), resource.name, resource.place, if *removes { "removes it" } else { "relies on it" }
    )]
    SharedInUse {
        /// The open request.
        request: RequestId,
        /// Whether that request removes the resource; otherwise it relies on it.
        removes: bool,
        /// The resource of the account's scope.
        resource: ResourceKey,
    },
    /// The store failed; nothing was written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a plan has to do with resources of the account's scope: an onboarding relies on them; a teardown removes
/// them, or may, or lets them be.
pub(super) fn shared(plan: &Plan) -> impl Iterator<Item = (ResourceKey, bool)> {
    plan.steps.iter().filter(|step| step.desired.is_shared()).filter_map(|step| match plan.direction {
        Direction::Onboard => Some((key_of(step), false)),
        Direction::Teardown => {
            matches!(step.action, Action::Remove { .. } | Action::Decide).then(|| (key_of(step), true))
        }
    })
}

/// Whether the request may be open: nobody else has its project and environment, and no other open request means
/// the opposite for a resource that they share.
pub(super) async fn free(conn: &mut SqliteConnection, request: &Request) -> Result<(), SubmitError> {
    let plan = &request.plan;
    let other =
        sqlx::query("select * from requests where project = $1 and environment = $2 and state = 'open' and id <> $3")
            .bind(plan.project.as_str())
            .bind(plan.environment.as_str())
            .bind(request.id.as_str())
            .fetch_optional(&mut *conn)
            .await
            .map_err(StoreError::from)?;
    if let Some(row) = other {
        return Err(SubmitError::Busy(Box::new(rows::request(&row)?)));
    }
    for (resource, removes) in shared(plan) {
        if let Some(other) = opposed(conn, &request.id, &resource, removes).await? {
            return Err(SubmitError::SharedInUse { request: other, removes: !removes, resource });
        }
    }
    Ok(())
}

/// An open request, besides this one, that means the opposite for a resource.
async fn opposed(
    conn: &mut SqliteConnection,
    id: &RequestId,
    key: &ResourceKey,
    removes: bool,
) -> Result<Option<RequestId>, StoreError> {
    let found: Option<String> = sqlx::query_scalar(
        "select r.id from shared s join requests r on r.id = s.request
         where s.account = $1 and s.region = $2 and s.kind = $3 and s.name = $4
           and s.removes <> $5 and r.state = 'open' and r.id <> $6
         order by r.asked_at limit 1",
    )
    .bind(key.place.account.as_str())
    .bind(key.place.region.as_str())
    .bind(kind_word(key.kind)?)
    .bind(key.name.as_str())
    .bind(removes)
    .bind(id.as_str())
    .fetch_optional(conn)
    .await?;
    found.as_deref().map(checked).transpose()
}
