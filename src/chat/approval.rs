//! The message that asks approvers: exactly what will be done, and how the question stands.

use jiff::Timestamp;
use minijinja::{Value, context};
use serde_json::Value as Json;
use serenity::builder::CreateButton;

use super::calls::{Call, calls};
use super::card::{ended_by, failure};
use super::drawn::{Drawn, Press};
use super::sheet::{Colour, Sheet};
use super::steps;
use super::text::code;
use super::words::{Scene, moment};
use crate::model::plan::{Change, GateReason};
use crate::model::resource::ZoneAssociation;
use crate::model::{
    Action, Contents, Digest, EnvironmentName, Event, RequestState, Snowflake, Spec, Step, StepId, StepState,
};
use crate::requests::show::RequestView;

/// How the question stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question<'v> {
    /// It waits for approvals.
    Waits,
    /// The request failed elsewhere: it waits until somebody has it taken up again.
    Rests,
    /// It has its approvals and goes on.
    GoesOn,
    /// It has its approvals and was done.
    Done,
    /// It has its approvals and failed.
    Failed { why: &'v str, mend: Option<&'v str> },
    /// Something of the step is another now: this question is void.
    Changed,
    /// There is nothing left to do: no approval was needed.
    NotNeeded,
    /// The request ended before it was answered.
    Ended(RequestState),
}

/// The question whether `step` may be done as it was when it had this digest. `card`: the link to the request's card. While the
/// step is held for that digest there are buttons; afterwards it says what became of it (approved by whom, changed, rejected,
/// ended) and has none. None if the step was never held for that digest.
pub fn approval(
    view: &RequestView,
    step: &StepId,
    digest: &Digest,
    card: Option<&str>,
    scene: &Scene<'_>,
) -> Option<Drawn> {
    let (held, since) = view.history.iter().rev().find_map(|recorded| match &recorded.event {
        Event::Held { step: held, digest: shown } if held.desired.id == *step && shown == digest => {
            Some((&**held, recorded.at))
        }
        _ => None,
    })?;
    let question = stands(view, held, digest);
    let colour = colour(question);
    let request = &view.request;
    let (id, short) = (request.id.as_str(), digest.short());
    let footer = scene.say("approval.footer", context! { id, short });
    let mut sheet = Sheet::new(scene, colour, title(view, held, question, scene), footer);
    for line in answer(view, held, digest, question, scene) {
        sheet.line(&line);
    }
    sheet.line(&asks(view, held, since, card, scene));
    let destroyed: Vec<String> = contents(&held.action)
        .map(|contents| scene.say("approval.destroyed-line", context! { amounts => scene.amounts(contents) }))
        .into_iter()
        .collect();
    sheet.field(&scene.word("approval.destroyed"), &destroyed);
    sheet.field(&scene.word("approval.what"), &what(view, held, scene));
    sheet.field(&scene.word("approval.changes"), &changes(&held.action, scene));
    sheet.field(&scene.word("approval.calls"), &call_lines(view, held, scene));
    let buttons = buttons(view, digest, question, scene);
    let roles = pinged(&request.plan.environment, scene);
    let roles: String = roles.iter().map(|role| format!("<@&{role}> ")).collect();
    let content = scene
        .say("approval.content", context! { roles => Value::from_safe_string(roles), by => request.by.name.as_str() });
    Some(Drawn { content, ..Drawn::sheet(sheet.embed(), buttons) })
}

/// The roles that are told when an approval is needed in that environment: those of its approvers' groups.
pub fn pinged(environment: &EnvironmentName, scene: &Scene<'_>) -> Vec<Snowflake> {
    let approvers = scene.config.environments.get(environment).map_or(&[][..], |settings| &settings.approvers);
    let roles = scene.config.discord.as_ref().map(|discord| &discord.roles);
    approvers.iter().filter_map(|group| roles?.get(group).cloned()).collect()
}

/// How the question stands, from the journal and the request's state.
fn stands<'v>(view: &'v RequestView, held: &Step, digest: &Digest) -> Question<'v> {
    let id = &held.desired.id;
    let latest = view.history.iter().rev().find_map(|recorded| match &recorded.event {
        Event::Held { step, digest } | Event::Started { step, digest, .. } if step.desired.id == *id => Some(digest),
        _ => None,
    });
    if latest != Some(digest) {
        return Question::Changed;
    }
    let was_begun = view.history.iter().any(|recorded| {
        matches!(&recorded.event, Event::Started { step, digest: begun, .. } if step.desired.id == *id && begun == digest)
    });
    let enough = held.gate.as_ref().map_or(0, |gate| gate.approvals) as usize;
    let is_approved = view.approvers(held, digest).count() >= enough;
    let state = view.steps.iter().find(|step| step.step.desired.id == *id).map(|step| &step.state);
    match (state, view.request.state) {
        (Some(StepState::Done { .. }), _) if was_begun => Question::Done,
        (Some(StepState::Done { .. }), _) => Question::NotNeeded,
        (_, ended @ (RequestState::Cancelled | RequestState::Rejected | RequestState::Done)) => Question::Ended(ended),
        (Some(StepState::Failed { why, mend, .. }), _) => Question::Failed { why, mend: mend.as_deref() },
        (Some(StepState::Held { .. }), RequestState::Failed) if !is_approved => Question::Rests,
        (Some(StepState::Held { .. }), _) if !is_approved => Question::Waits,
        _ => Question::GoesOn,
    }
}

const fn colour(question: Question<'_>) -> Colour {
    match question {
        Question::Waits => Colour::Amber,
        Question::GoesOn => Colour::Blue,
        Question::Done => Colour::Green,
        Question::Failed { .. } => Colour::Red,
        Question::Rests | Question::Changed | Question::NotNeeded | Question::Ended(_) => Colour::Grey,
    }
}

fn title(view: &RequestView, held: &Step, question: Question<'_>, scene: &Scene<'_>) -> String {
    let plan = &view.request.plan;
    let key = match question {
        Question::Waits | Question::Rests => "approval.title-waits",
        Question::GoesOn | Question::Done | Question::Failed { .. } => "approval.title-approved",
        Question::Changed => "approval.title-changed",
        Question::NotNeeded => "approval.title-not-needed",
        Question::Ended(RequestState::Rejected) => "approval.title-rejected",
        Question::Ended(_) => "approval.title-ended",
    };
    let what = Value::from_safe_string(steps::kind_word(held.kind(), scene));
    let (project, environment) = (plan.project.as_str(), plan.environment.as_str());
    let does = Value::from_safe_string(steps::action_word(&held.action, scene));
    scene.say(key, context! { what, project, environment, does })
}

/// What became of the question, or what it takes.
fn answer(view: &RequestView, held: &Step, digest: &Digest, question: Question<'_>, scene: &Scene<'_>) -> Vec<String> {
    let given: Vec<&str> = view.approvers(held, digest).map(|by| by.name.as_str()).collect();
    let gate = held.gate.as_ref();
    let needed = gate.map_or(0, |gate| gate.approvals) as usize;
    let names = scene.names(given.iter().copied());
    let values = context! {
        needed, names,
        n => needed.saturating_sub(given.len()),
        given => given.len(),
        groups => scene.either(gate.map_or(&[], |gate| &gate.approvers)),
        by => view.request.by.name.as_str(),
    };
    match question {
        Question::Waits => {
            let mut lines = vec![scene.say("approval.waits", values.clone())];
            lines.extend((!given.is_empty()).then(|| scene.say("approval.so-far", values)));
            lines
        }
        Question::Rests => vec![scene.say("approval.rests", values)],
        Question::GoesOn => vec![scene.say("approval.goes-on", values)],
        Question::Done => vec![scene.say("approval.done", values)],
        Question::Failed { why, mend } => {
            let mut lines = vec![scene.say("approval.failed", values)];
            lines.extend(failure(why, mend, 400, scene));
            lines
        }
        Question::Changed => vec![scene.say("approval.changed", values)],
        Question::NotNeeded => vec![scene.say("approval.not-needed", values)],
        Question::Ended(state) => {
            let (by, reason) = ended_by(view, scene);
            let key = match state {
                RequestState::Rejected => "approval.rejected",
                RequestState::Cancelled => "approval.cancelled",
                _ => "approval.ended",
            };
            vec![scene.say(key, context! { by, reason })]
        }
    }
}

/// Who asks for what, since when, and where the whole of it is shown.
fn asks(view: &RequestView, held: &Step, since: Timestamp, card: Option<&str>, scene: &Scene<'_>) -> String {
    let request = &view.request;
    let plan = &request.plan;
    let gate = held.gate.as_ref();
    let why = match gate.map(|gate| &gate.reason) {
        Some(GateReason::OtherAccount { account }) => {
            scene.safe("approval.other-account", context! { account => scene.account(plan, account) })
        }
        Some(GateReason::DestroysData) => scene.safe("approval.destroys", context! {}),
        None => Value::from_safe_string(String::new()),
    };
    scene.say(
        "approval.asks",
        context! {
            by => request.by.name.as_str(),
            direction => Value::from_safe_string(steps::direction_word(plan.direction, scene)),
            project => plan.project.as_str(),
            environment => plan.environment.as_str(),
            asked => moment(request.asked_at, 'f'),
            since => moment(since, 'R'),
            card => card.map(|link| Value::from_safe_string(link.to_owned())),
            why,
        },
    )
}

fn contents(action: &Action) -> Option<&Contents> {
    match action {
        Action::Remove { contents } if !contents.is_empty() => Some(contents),
        _ => None,
    }
}

/// What the step is about, field by field.
fn what(view: &RequestView, held: &Step, scene: &Scene<'_>) -> Vec<String> {
    let plan = &view.request.plan;
    let row =
        |key: &str, value: Value| scene.say("approval.row", context! { name => scene.safe(key, context! {}), value });
    let place = &held.desired.place;
    let mut lines = vec![row("field.do", Value::from_safe_string(steps::action_word(&held.action, scene)))];
    if let Spec::ZoneAssociation(zone) = &held.desired.spec {
        lines.extend(zone_rows(view, zone, scene));
        lines.push(row("field.zone-account", scene.account(plan, &zone.zone_account)));
        lines.push(row("field.project-account", scene.account(plan, &place.account)));
    } else {
        lines.push(row("field.name", steps::title(&held.desired.spec, 260, scene)));
        lines.push(row("field.account", scene.account(plan, &place.account)));
    }
    lines.push(row("field.region", Value::from(place.region.as_str())));
    lines.push(row("field.step", code(held.desired.id.as_str(), 40)));
    lines
}

/// The zone and the VPC; its CIDR where a step of the run has told it.
fn zone_rows(view: &RequestView, zone: &ZoneAssociation, scene: &Scene<'_>) -> Vec<String> {
    let row =
        |key: &str, value: Value| scene.say("approval.row", context! { name => scene.safe(key, context! {}), value });
    let name = code(&zone.zone_name, 200);
    let named = scene.safe("approval.named", context! { name, id => code(zone.zone_id.as_str(), 32) });
    let vpc = zone.vpc_id.as_ref().map_or("", |vpc| vpc.as_str());
    let mut lines = vec![row("field.zone", named), row("field.vpc", code(vpc, 40))];
    lines.extend(cidr(view).map(|cidr| row("field.cidr", code(cidr, 40))));
    lines
}

/// The VPC's CIDR, where the blueprint waits for a parameter that holds it (`/dev/project-x/vpc-cidr`).
fn cidr(view: &RequestView) -> Option<&str> {
    view.steps
        .iter()
        .find_map(|step| match &step.step.desired.spec {
            Spec::SsmParameter(parameter) if parameter.name.ends_with("cidr") => step.state.outputs()?.get("value"),
            _ => None,
        })
        .map(String::as_str)
}

/// What changes, from what to what.
fn changes(action: &Action, scene: &Scene<'_>) -> Vec<String> {
    let (Action::Update { changes } | Action::Adopt { changes }) = action else { return vec![] };
    changes
        .iter()
        .map(|Change { field, from, to }| {
            let value = |value: &Json| match value {
                Json::Null => Value::from_safe_string("–".to_owned()),
                Json::String(text) => code(text, 120),
                other => code(&other.to_string(), 120),
            };
            scene.say("approval.change", context! { field => code(field, 40), from => value(from), to => value(to) })
        })
        .collect()
}

fn call_lines(view: &RequestView, held: &Step, scene: &Scene<'_>) -> Vec<String> {
    let calls = calls(held, scene.config);
    calls
        .iter()
        .enumerate()
        .map(|(number, Call { action, role, account, only })| {
            scene.say(
                "approval.call",
                context! {
                    number => number + 1,
                    action => code(action, 80),
                    role => code(role, 80),
                    account => scene.account(&view.request.plan, account),
                    only => only.map(|key| scene.safe(key, context! {})),
                },
            )
        })
        .collect()
}

fn buttons(view: &RequestView, digest: &Digest, question: Question<'_>, scene: &Scene<'_>) -> Vec<CreateButton> {
    if question != Question::Waits {
        return vec![];
    }
    let id = &view.request.id;
    let presses = [Press::Approve(id, digest), Press::Reject(id, digest), Press::Details(id)];
    presses.into_iter().map(|press| press.button(scene)).collect()
}
