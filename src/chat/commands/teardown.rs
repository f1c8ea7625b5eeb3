//! `/teardown`: first what would go and what stays, then, once its name was typed, the request.

use super::super::asked::Shown;
use super::super::drawn::Drawn;
use super::super::preview;
use super::super::said::{Said, said};
use super::super::turn::{Outcome, Turn};
use super::{onboard, teardown_wish};
use crate::model::{Action, Person, Plan};
use crate::requests::DeskError;

/// Shows what a teardown would do: keeping data, and destroying it where that makes a difference.
pub(super) async fn preview(
    turn: &Turn<'_>,
    person: &Person,
    project: &str,
    environment: &str,
) -> Result<Outcome, DeskError> {
    drawn(turn, person, project, environment).await.map(Outcome::say)
}

async fn drawn(turn: &Turn<'_>, person: &Person, project: &str, environment: &str) -> Result<Drawn, DeskError> {
    let plan = turn.chat.desk.plan(person, &teardown_wish(project, environment, false)).await?.plan;
    let with_data = if plan.blocked().next().is_some() {
        let destroying = turn.chat.desk.plan(person, &teardown_wish(project, environment, true)).await?.plan;
        destroys_data(&destroying).then_some(destroying)
    } else {
        None
    };
    if plan.is_done() && with_data.is_none() {
        return Ok(preview::nothing_to_do(&plan, &turn.scene()));
    }
    Ok(preview::teardown(&plan, with_data.as_ref(), &turn.scene()))
}

/// Whether carrying the plan out destroys what something holds.
fn destroys_data(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| matches!(&step.action, Action::Remove { contents } if !contents.is_empty()))
}

/// Begins the teardown that somebody was shown and whose project they have named, if it still is what they were shown.
pub(in super::super) async fn confirmed(turn: &Turn<'_>, person: &Person, shown: &Shown) -> Result<Outcome, DeskError> {
    let Shown { project, environment, destroy, plan } = shown;
    let mut wish = teardown_wish(project.as_str(), environment.as_str(), *destroy);
    wish.at_once = true;
    let working = said(Said::Working, &turn.scene());
    let (message, prepared) = tokio::join!(turn.answer(&working), turn.chat.desk.plan(person, &wish));
    let prepared = prepared?;
    if !prepared.plan.digest().as_str().starts_with(plan.as_str()) {
        let anew = drawn(turn, person, project.as_str(), environment.as_str()).await?;
        let content = said(Said::PlanChanged, &turn.scene()).content;
        return Ok(Outcome::Privately(Box::new(Drawn { content, ..anew })));
    }
    onboard::submit(turn, person, &prepared, message).await
}
