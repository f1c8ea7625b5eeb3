//! A question in Cedar's words: the request and the entities that it speaks of.

use std::collections::{HashMap, HashSet};

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression, Schema,
};
use jiff::Timestamp;

use super::deed::{Approving, Deed, Grounds, Starting};
use crate::model::Person;

type Pair = (String, RestrictedExpression);

/// The request, checked against the schema.
pub(super) fn request(
    person: &Person,
    deed: Deed<'_>,
    grounds: &Grounds<'_>,
    schema: &Schema,
) -> Result<Request, String> {
    let (principal, action) = (uid("Person", &person.name)?, uid("Action", deed.action())?);
    let context = Context::from_pairs(context(deed, grounds)?).map_err(said)?;
    Request::new(principal, action, about(deed, grounds)?, context, Some(schema)).map_err(said)
}

/// Everything that the rules may look at, checked against the schema.
pub(super) fn entities(
    person: &Person,
    deed: Deed<'_>,
    grounds: &Grounds<'_>,
    schema: &Schema,
) -> Result<Entities, String> {
    let environment = uid("Environment", grounds.environment.as_str())?;
    let attributes = HashMap::from([
        ("requesters".to_owned(), groups(grounds.requesters)?),
        ("open".to_owned(), RestrictedExpression::new_bool(grounds.requesters.is_empty())),
        ("approvers".to_owned(), groups(grounds.approvers)?),
        ("production".to_owned(), RestrictedExpression::new_bool(grounds.production)),
        ("frozen".to_owned(), RestrictedExpression::new_bool(grounds.frozen.is_some())),
    ]);
    let of_environment = || RestrictedExpression::new_entity_uid(environment.clone());
    let project = uid("Project", &project(grounds))?;
    let mut found = vec![
        Entity::new(environment.clone(), attributes, HashSet::new()),
        Entity::new(
            project.clone(),
            HashMap::from([("environment".to_owned(), of_environment())]),
            HashSet::from([environment.clone()]),
        ),
        Entity::new(
            uid("Person", &person.name)?,
            HashMap::from([("via".to_owned(), text(via(person)))]),
            person.groups.iter().map(|group| uid("Group", group)).collect::<Result<HashSet<_>, _>>()?,
        ),
    ];
    if let Some(concerned) = deed.concerned() {
        let account = uid("Account", concerned.account.map_or("", |account| account.as_str()))?;
        let attributes = HashMap::from([
            ("environment".to_owned(), of_environment()),
            ("account".to_owned(), RestrictedExpression::new_entity_uid(account)),
            ("risk".to_owned(), text(concerned.risk)),
        ]);
        found.push(Entity::new(about(deed, grounds)?, attributes, HashSet::from([project])));
    }
    let found = found.into_iter().collect::<Result<Vec<_>, _>>().map_err(said)?;
    Entities::from_entities(found, Some(schema)).map_err(said)
}

/// The project, or the step of its plan, that the deed is about.
fn about(deed: Deed<'_>, grounds: &Grounds<'_>) -> Result<EntityUid, String> {
    match deed.concerned() {
        Some(concerned) => uid("Step", &format!("{}/{}", project(grounds), concerned.step)),
        None => uid("Project", &project(grounds)),
    }
}

/// `dev/project-x`, or `dev/*` where no project is meant.
fn project(grounds: &Grounds<'_>) -> String {
    format!("{}/{}", grounds.environment, grounds.project.map_or("*", |project| project.as_str()))
}

fn context(deed: Deed<'_>, grounds: &Grounds<'_>) -> Result<Vec<Pair>, String> {
    let mut pairs = match deed {
        Deed::Read | Deed::Request | Deed::Adopt | Deed::DestroyData => vec![],
        Deed::Reject(requester) | Deed::Cancel(requester) | Deed::Retry(requester) => vec![of_person(requester)?],
        Deed::Approve(approving) | Deed::Withdraw(approving) => of_approving(approving)?,
        Deed::Start(starting) => of_starting(starting)?,
    };
    pairs.push(("now".to_owned(), moment(grounds.now)));
    Ok(pairs)
}

fn of_person(requester: &Person) -> Result<Pair, String> {
    Ok(("requester".to_owned(), RestrictedExpression::new_entity_uid(uid("Person", &requester.name)?)))
}

fn of_approving(approving: Approving<'_>) -> Result<Vec<Pair>, String> {
    Ok(vec![
        of_person(approving.requester)?,
        ("shown".to_owned(), text(approving.shown)),
        ("digest".to_owned(), text(approving.digest)),
        ("approvals".to_owned(), RestrictedExpression::new_long(approving.approvals.into())),
        ("needed".to_owned(), RestrictedExpression::new_long(approving.needed.into())),
    ])
}

fn of_starting(starting: Starting<'_>) -> Result<Vec<Pair>, String> {
    let people = starting.approvers.iter().map(|name| uid("Person", name).map(RestrictedExpression::new_entity_uid));
    let approvals = i64::try_from(starting.approvers.len()).unwrap_or(i64::MAX);
    Ok(vec![
        ("gated".to_owned(), RestrictedExpression::new_bool(starting.gated)),
        ("approvers".to_owned(), RestrictedExpression::new_set(people.collect::<Result<Vec<_>, _>>()?)),
        ("approvals".to_owned(), RestrictedExpression::new_long(approvals)),
        ("needed".to_owned(), RestrictedExpression::new_long(starting.needed.into())),
        ("shown".to_owned(), text(starting.shown)),
        ("digest".to_owned(), text(starting.digest)),
    ])
}

/// How they proved who they are, as the schema has it.
fn via(person: &Person) -> &'static str {
    match person.via.as_str() {
        via if via.starts_with("arn:") => "aws",
        via if via.starts_with("Discord") => "discord",
        _ => "local",
    }
}

fn groups(names: &[String]) -> Result<RestrictedExpression, String> {
    let members = names.iter().map(|name| uid("Group", name).map(RestrictedExpression::new_entity_uid));
    Ok(RestrictedExpression::new_set(members.collect::<Result<Vec<_>, _>>()?))
}

fn text(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}

/// A moment as Cedar writes it, to the second.
fn moment(at: Timestamp) -> RestrictedExpression {
    RestrictedExpression::new_datetime(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

fn uid(kind: &str, id: &str) -> Result<EntityUid, String> {
    let kind: EntityTypeName = kind.parse().map_err(said)?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}
