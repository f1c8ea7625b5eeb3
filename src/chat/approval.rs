//! The message that asks approvers: exactly what will be done, and how the question stands.

use minijinja::{Value, context};
use serde_json::Value as Json;
use serenity::builder::CreateButton;

use super::calls::{Call, calls};
use super::card::{ended_by, failure};
use super::drawn::{Drawn, Press};
use super::sheet::{Colour, Sheet};
use super::steps;
use super::text::{self, code};
use super::words::{Scene, moment};
use crate::model::chat::Asked;
use crate::model::plan::{Change, GateReason};
use crate::model::resource::ZoneAssociation;
use crate::model::{Action, Contents, Event, Gate, Question, RequestState, Snowflake, Spec, Step, StepState};
use crate::requests::show::RequestView;

/// How the question stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands<'v> {
    /// It waits for approvals.
    Waits,
    /// The request failed elsewhere: it waits until somebody has it taken up again.
    Rests,
    /// It has its approvals and goes on, or waits for something besides.
    GoesOn { held: bool },
    /// It has its approvals and was done.
    Done,
    /// It has its approvals and failed.
    Failed { why: &'v str, mend: Option<&'v str> },
    /// It was given up before it had its approvals, most often since its time has gone by.
    Lapsed { why: &'v str },
    /// It was asked about anew since: this question is void, though the step is the same.
    AskedAnew,
    /// Something of the step is another now: this question is void.
    Changed,
    /// There is nothing left to do: no approval was needed.
    NotNeeded,
    /// The request ended before it was answered.
    Ended(RequestState),
}

/// The question whether a step may be done, drawn from the step that is read from the very bytes whose digest is approved. `card`:
/// the link to the request's card. While it waits there are buttons; afterwards it says what became of it (approved by whom,
/// changed, expired, rejected, ended) and has none. None if that was never asked.
pub fn approval(view: &RequestView, asked: &Asked, card: Option<&str>, scene: &Scene<'_>) -> Option<Drawn> {
    let question = found(view, asked)?;
    let (held, digest) = (question.sealed.step(), question.sealed.digest());
    let stands = stands(view, question);
    let request = &view.request;
    let (id, short) = (request.id.as_str(), digest.short());
    let footer = scene.say("approval.footer", context! { id, short });
    let mut sheet = Sheet::new(scene, colour(stands), title(view, held, stands, scene), footer);
    for line in answer(view, question, stands, scene) {
        sheet.line(&line);
    }
    sheet.line(&asks(view, question, card, scene));
    let destroyed: Vec<String> = contents(&held.action)
        .map(|contents| scene.say("approval.destroyed-line", context! { amounts => scene.amounts(contents) }))
        .into_iter()
        .collect();
    sheet.field(&scene.word("approval.destroyed"), &destroyed);
    sheet.field(&scene.word("approval.what"), &what(view, held, scene));
    sheet.field(&scene.word("approval.changes"), &changes(&held.action, scene));
    sheet.field(&scene.word("approval.calls"), &call_lines(view, held, scene));
    sheet.field(&scene.word("approval.terms"), &terms(view, held, scene));
    let by = request.by.name.as_str();
    let content = scene.say("approval.content", context! { roles => mentions(view, scene), by });
    Some(Drawn { content, ..Drawn::sheet(sheet.embed(), buttons(view, question, stands, scene)) })
}

/// That a question is about to expire: one short line. `question`: the link to the message that asks it.
pub fn reminder(view: &RequestView, asked: &Asked, question: Option<&str>, scene: &Scene<'_>) -> Option<Drawn> {
    let found = found(view, asked)?;
    let (plan, held) = (&view.request.plan, found.sealed.step());
    let needed = held.gate.as_ref().map_or(0, |gate| gate.approvals) as usize;
    Some(Drawn::text(scene.say(
        "approval.reminder",
        context! {
            roles => mentions(view, scene),
            what => Value::from_safe_string(steps::kind_word(held.kind(), scene)),
            project => plan.project.as_str(),
            environment => plan.environment.as_str(),
            by => view.request.by.name.as_str(),
            n => needed.saturating_sub(view.counting(found).count()),
            until => moment(found.until, 'R'),
            link => question.map(|link| Value::from_safe_string(link.to_owned())),
        },
    )))
}

fn found<'v>(view: &'v RequestView, asked: &Asked) -> Option<&'v Question> {
    let is_this = |question: &&Question| question.number == asked.question && question.sealed.digest() == &asked.digest;
    view.questions.iter().find(is_this)
}

/// The roles that are told when an approval is needed: those of the groups that approve there, and that stand in for them now.
pub fn pinged(view: &RequestView, scene: &Scene<'_>) -> Vec<Snowflake> {
    let environment = scene.config.environments.get(&view.request.plan.environment);
    let approvers = environment.map_or(&[][..], |settings| &settings.approvers);
    let roles = scene.config.discord.as_ref().map(|discord| &discord.roles);
    approvers.iter().chain(&view.stand_ins).filter_map(|group| roles?.get(group).cloned()).collect()
}

fn mentions(view: &RequestView, scene: &Scene<'_>) -> Value {
    Value::from_safe_string(pinged(view, scene).iter().map(|role| format!("<@&{role}> ")).collect())
}

/// The groups of whom one may approve a step now: the gate's, and who stands in for them.
pub(super) fn who_may(view: &RequestView, gate: Option<&Gate>, scene: &Scene<'_>) -> Value {
    let mut groups = gate.map_or_else(Vec::new, |gate| gate.approvers.clone());
    groups.extend(view.stand_ins.iter().cloned());
    scene.either(&groups)
}

/// How the question stands, from the journal and the request's state.
fn stands<'v>(view: &'v RequestView, question: &Question) -> Stands<'v> {
    let (held, digest) = (question.sealed.step(), question.sealed.digest());
    let id = &held.desired.id;
    let after = || view.history.iter().filter(|recorded| recorded.seq > question.number);
    let is_other = |event: &Event| match event {
        Event::Held { step, digest: now, .. } | Event::Started { step, digest: now, .. } => {
            step.desired.id == *id && now != digest
        }
        _ => false,
    };
    if after().any(|recorded| is_other(&recorded.event)) {
        return Stands::Changed;
    }
    if !view.is_latest(question) {
        return Stands::AskedAnew;
    }
    let was_begun =
        after().any(|recorded| matches!(&recorded.event, Event::Started { step, .. } if step.desired.id == *id));
    let enough = held.gate.as_ref().map_or(0, |gate| gate.approvals) as usize;
    let is_approved = view.counting(question).count() >= enough;
    let state = view.steps.iter().find(|step| step.step.desired.id == *id).map(|step| &step.state);
    match (state, view.request.state) {
        (Some(StepState::Done { .. }), _) if was_begun => Stands::Done,
        (Some(StepState::Done { .. }), _) => Stands::NotNeeded,
        (_, ended @ (RequestState::Cancelled | RequestState::Rejected | RequestState::Done)) => Stands::Ended(ended),
        (Some(StepState::Failed { why, .. }), _) if !was_begun && !is_approved => Stands::Lapsed { why },
        (Some(StepState::Failed { why, mend, .. }), _) => Stands::Failed { why, mend: mend.as_deref() },
        (Some(StepState::Held { .. }), RequestState::Failed) if !is_approved => Stands::Rests,
        (Some(StepState::Held { .. }), _) if !is_approved => Stands::Waits,
        (state, _) => Stands::GoesOn { held: matches!(state, Some(StepState::Held { .. })) },
    }
}

const fn colour(stands: Stands<'_>) -> Colour {
    match stands {
        Stands::Waits => Colour::Amber,
        Stands::GoesOn { .. } => Colour::Blue,
        Stands::Done => Colour::Green,
        Stands::Failed { .. } => Colour::Red,
        Stands::Rests
        | Stands::Lapsed { .. }
        | Stands::AskedAnew
        | Stands::Changed
        | Stands::NotNeeded
        | Stands::Ended(_) => Colour::Grey,
    }
}

fn title(view: &RequestView, held: &Step, stands: Stands<'_>, scene: &Scene<'_>) -> String {
    let plan = &view.request.plan;
    let key = match stands {
        Stands::Waits | Stands::Rests => "approval.title-waits",
        Stands::GoesOn { .. } | Stands::Done | Stands::Failed { .. } => "approval.title-approved",
        Stands::Lapsed { .. } => "approval.title-lapsed",
        Stands::AskedAnew | Stands::Changed => "approval.title-changed",
        Stands::NotNeeded => "approval.title-not-needed",
        Stands::Ended(RequestState::Rejected) => "approval.title-rejected",
        Stands::Ended(_) => "approval.title-ended",
    };
    let what = Value::from_safe_string(steps::kind_word(held.kind(), scene));
    let (project, environment) = (plan.project.as_str(), plan.environment.as_str());
    let does = Value::from_safe_string(steps::action_word(&held.action, scene));
    scene.say(key, context! { what, project, environment, does })
}

/// What became of the question, or what it takes.
fn answer(view: &RequestView, question: &Question, stands: Stands<'_>, scene: &Scene<'_>) -> Vec<String> {
    let given: Vec<&str> = view.counting(question).map(|by| by.name.as_str()).collect();
    let gate = question.sealed.step().gate.as_ref();
    let needed = gate.map_or(0, |gate| gate.approvals) as usize;
    let names = scene.names(given.iter().copied());
    let values = context! {
        needed, names,
        n => needed.saturating_sub(given.len()),
        given => given.len(),
        groups => who_may(view, gate, scene),
        by => view.request.by.name.as_str(),
        until => moment(question.until, 'R'),
    };
    let note = view.approvable().find(|held| held.question == question.number).and_then(|held| held.note);
    let note = note.map(|note| {
        let note = Value::from_safe_string(text::escape(&scene.phrase(&note), 400));
        scene.say("approval.note", context! { note })
    });
    match stands {
        Stands::Waits => {
            let mut lines = vec![scene.say("approval.waits", values.clone())];
            lines.extend((!given.is_empty()).then(|| scene.say("approval.so-far", values.clone())));
            lines.extend(note);
            lines.push(scene.say("approval.until", values));
            lines
        }
        Stands::Rests => vec![scene.say("approval.rests", values)],
        Stands::GoesOn { .. } => match note {
            Some(note) => {
                vec![scene.say("approval.is-approved", values.clone()), note, scene.say("approval.until", values)]
            }
            None => vec![scene.say("approval.goes-on", values)],
        },
        Stands::Done => vec![scene.say("approval.done", values)],
        Stands::Failed { why, mend } => {
            let mut lines = vec![scene.say("approval.failed", values)];
            lines.extend(failure(why, mend, 400, scene));
            lines
        }
        Stands::Lapsed { why } => {
            let why = Value::from_safe_string(text::escape(&scene.phrase(why), 400));
            let request = text::code(view.request.id.as_str(), 12);
            vec![scene.say("approval.lapsed", context! { why, request })]
        }
        Stands::AskedAnew => vec![scene.say("approval.asked-anew", values)],
        Stands::Changed => vec![scene.say("approval.changed", values)],
        Stands::NotNeeded => vec![scene.say("approval.not-needed", values)],
        Stands::Ended(state) => {
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
fn asks(view: &RequestView, question: &Question, card: Option<&str>, scene: &Scene<'_>) -> String {
    let request = &view.request;
    let plan = &request.plan;
    let gate = question.sealed.step().gate.as_ref();
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
            since => moment(question.asked_at, 'R'),
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

/// Under what an approval is given: the accounts and the roles there, the rules, the program. Where any of it changes it is void.
fn terms(view: &RequestView, held: &Step, scene: &Scene<'_>) -> Vec<String> {
    let Some(Gate { terms, .. }) = &held.gate else { return vec![] };
    let row =
        |key: &str, value: Value| scene.say("approval.row", context! { name => scene.safe(key, context! {}), value });
    let accounts = terms.accounts.iter().map(|(id, name)| match view.request.plan.accounts.get(id) {
        Some(known) if known == name => row("field.account", scene.account(&view.request.plan, id)),
        _ => row("field.account", code(&format!("{name} {id}"), 80)),
    });
    // `arn:aws:iam::111111111101:role/genkan-authoriser`: the account and the name say which it is.
    let roles = terms.roles.keys().map(|arn| {
        let short = arn.split_once(":iam::").map_or(arn.as_str(), |(_, rest)| rest);
        row("field.role", code(short, 120))
    });
    let policy = row("field.policy", code(terms.policy.short(), 12));
    let engine = row("field.engine", code(&terms.engine, 60));
    accounts.chain(roles).chain([policy, engine]).collect()
}

fn buttons(view: &RequestView, question: &Question, stands: Stands<'_>, scene: &Scene<'_>) -> Vec<CreateButton> {
    let (id, digest, number) = (&view.request.id, question.sealed.digest(), question.number);
    let (waits, held) = (stands == Stands::Waits, matches!(stands, Stands::Waits | Stands::GoesOn { held: true }));
    if !held {
        return vec![];
    }
    let presses = [
        waits.then_some(Press::Approve(id, digest, number)),
        waits.then_some(Press::Reject(id, digest)),
        view.answers(question).next().map(|_| Press::Withdraw(id, digest, number)),
        Some(Press::Details(id)),
    ];
    presses.into_iter().flatten().map(|press| press.button(scene)).collect()
}
