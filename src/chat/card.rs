//! A request's live card, drawn purely from what is stored.

use minijinja::{Value, context};
use serenity::builder::CreateButton;

use super::drawn::{Drawn, Press};
use super::results;
use super::sheet::Sheet;
use super::steps::{self, Standing};
use super::text::{self, block};
use super::words::{Scene, moment};
use crate::model::plan::Direction;
use crate::model::{Digest, Part, Person, Posted, RequestState, Step, StepState};
use crate::requests::show::{RequestView, StateChange, StepView};

/// How many steps that wait for approvals, and how many that failed, are each told about at length.
const AT_LENGTH: usize = 4;
/// What may be said before the steps: with them ([`steps::LONGEST`]) it fits into an embed's description.
const FIRST: usize = 800;

/// The card of a request as it stands. `posted`: the messages that show it, for links to the approvals that it waits for.
pub fn card(view: &RequestView, posted: &[Posted], scene: &Scene<'_>) -> Drawn {
    let standing = Standing::of(view);
    let mut sheet = Sheet::new(scene, standing.colour(), title(view, standing, scene), view.request.id.to_string());
    sheet.lines(&said_first(view, standing, posted, scene), FIRST);
    for line in ["", &place(view, scene), &asked(view, scene)] {
        sheet.line(line);
    }
    // What is done is told below, with what came of it.
    if standing != Standing::Ended(RequestState::Done) {
        let progress = [String::new(), steps::progress(view, scene)];
        for line in progress.into_iter().chain(steps::lines(view, scene)) {
            sheet.line(&line);
        }
    }
    for (name, lines) in failures(view, scene) {
        sheet.field(&name, &lines);
    }
    for (name, lines) in results::results(view, scene) {
        sheet.field(&name, &lines);
    }
    let notes: Vec<String> = view.request.plan.notes.iter().map(|note| note_line(note, scene)).collect();
    sheet.field(&scene.word("card.notes"), &notes);
    Drawn::sheet(sheet.embed(), buttons(view, scene))
}

/// A note of a plan.
pub(super) fn note_line(note: &str, scene: &Scene<'_>) -> String {
    let note = Value::from_safe_string(text::escape(&scene.phrase(note), 400));
    scene.say("card.note", context! { note })
}

fn title(view: &RequestView, standing: Standing, scene: &Scene<'_>) -> String {
    let plan = &view.request.plan;
    scene.say(
        "card.title",
        context! {
            what => Value::from_safe_string(steps::direction_word(plan.direction, scene)),
            project => plan.project.as_str(),
            environment => plan.environment.as_str(),
            state => Value::from_safe_string(standing.word(scene)),
        },
    )
}

/// What a reader wants to know first: what it waits for, what went wrong, how it ended.
fn said_first(view: &RequestView, standing: Standing, posted: &[Posted], scene: &Scene<'_>) -> Vec<String> {
    let request = &view.request;
    let (project, environment) = (request.plan.project.as_str(), request.plan.environment.as_str());
    let failed = view.steps.iter().filter(|step| matches!(step.state, StepState::Failed { .. })).count();
    let who = || ended_by(view, scene);
    match standing {
        Standing::Held => {
            let mut held: Vec<String> =
                view.held().map(|(step, digest)| waits_for(view, step, digest, posted, scene)).collect();
            let more = held.len().saturating_sub(AT_LENGTH);
            held.truncate(AT_LENGTH);
            held.extend((more > 0).then(|| scene.say("list.more", context! { n => more })));
            held.extend((failed > 0).then(|| scene.say("card.trouble", context! { n => failed })));
            held
        }
        Standing::Trouble => vec![scene.say("card.trouble", context! { n => failed })],
        Standing::Running => {
            let approved: Vec<String> =
                view.held().map(|(step, digest)| waits_for(view, step, digest, posted, scene)).collect();
            if approved.is_empty() { vec![scene.word("card.running")] } else { approved }
        }
        Standing::Waiting => waiting(view, scene),
        Standing::Ended(RequestState::Done) => {
            let key = match request.plan.direction {
                Direction::Onboard => "card.onboarded",
                Direction::Teardown => "card.torn-down",
            };
            vec![scene.say(key, context! { project, environment })]
        }
        Standing::Ended(RequestState::Failed) => vec![scene.say("card.failed", context! { n => failed })],
        Standing::Ended(RequestState::Cancelled) => {
            let (by, reason) = who();
            vec![scene.say("card.cancelled", context! { by, reason }), scene.word("card.stays-as-it-is")]
        }
        Standing::Ended(_) => {
            let (by, reason) = who();
            vec![scene.say("card.rejected", context! { by, reason }), scene.word("card.stays-as-it-is")]
        }
    }
}

/// Who ended it, and why: the last change of its state.
pub(super) fn ended_by(view: &RequestView, scene: &Scene<'_>) -> (Value, Value) {
    let last = view.changes.iter().rev().find(|change: &&StateChange| change.to == view.request.state);
    let by = last.and_then(|change| change.by.as_ref()).map(|by: &Person| by.name.clone());
    let by = by.map_or_else(|| Value::from_safe_string(scene.word("card.somebody")), Value::from);
    let reason = last.and_then(|change| change.reason.clone()).or_else(|| view.request.reason.clone());
    let reason = reason.filter(|reason| !reason.trim().is_empty());
    let reason = reason.map(|reason| Value::from_safe_string(text::escape(&reason, 600)));
    (by, reason.unwrap_or(Value::from(())))
}

/// How many approvals a held step lacks, of whom, where to give them, and who has.
fn waits_for(view: &RequestView, step: &Step, digest: &Digest, posted: &[Posted], scene: &Scene<'_>) -> String {
    let given: Vec<&str> = view.approvers(step, digest).map(|by| by.name.as_str()).collect();
    let gate = step.gate.as_ref();
    let n = steps::lacks(view, step, digest);
    let asked = view.question(&step.desired.id, digest);
    let is_this = |posted: &&Posted| matches!(&posted.part, Part::Approval(shown) if asked.is_some_and(|asked| asked.number == shown.question));
    let message = posted.iter().find(is_this).and_then(|posted| scene.link(&posted.channel, posted.message.as_ref()?));
    let environment = scene.config.environments.get(&view.request.plan.environment);
    let channel = environment.and_then(|environment| environment.approvals_channel.as_ref());
    let place = match (message, channel) {
        (Some(link), _) => scene.say("card.question", context! { link => Value::from_safe_string(link) }),
        (None, Some(channel)) => format!("<#{channel}>"),
        (None, None) => String::new(),
    };
    let note = view.approvable().find(|held| asked.is_some_and(|asked| asked.number == held.question));
    let note = note.as_ref().and_then(|held| held.note.as_deref());
    scene.say(
        "card.held",
        context! {
            n,
            groups => super::approval::who_may(view, gate, scene),
            what => steps::title(&step.desired.spec, 64, scene),
            place => Value::from_safe_string(place),
            until => asked.map(|asked| moment(asked.until, 'R')),
            note => note.map(|note| Value::from_safe_string(text::escape(&scene.phrase(note), 240))),
            given => given.len(),
            names => scene.names(given),
        },
    )
}

/// What it waits for to appear.
fn waiting(view: &RequestView, scene: &Scene<'_>) -> Vec<String> {
    let waiting = view.steps.iter().filter_map(|step| match &step.state {
        StepState::Waiting { on, until, .. } => Some((step, on, until)),
        _ => None,
    });
    let mut lines: Vec<String> = waiting
        .map(|(step, on, until)| match until {
            Some(until) => {
                let what = steps::title(&step.step.desired.spec, 64, scene);
                scene.say("card.waiting-until", context! { what, until => moment(*until, 't') })
            }
            None => scene.say("card.waiting-on", context! { on => scene.phrase(on) }),
        })
        .collect();
    let more = lines.len().saturating_sub(AT_LENGTH);
    lines.truncate(AT_LENGTH);
    lines.extend((more > 0).then(|| scene.say("list.more", context! { n => more })));
    lines
}

fn place(view: &RequestView, scene: &Scene<'_>) -> String {
    let plan = &view.request.plan;
    let account = scene.account(plan, &plan.place.account);
    scene.say("card.place", context! { account, region => plan.place.region.as_str() })
}

/// Who asked and when; how long it took, once it has ended. While it goes on Discord's own clock runs.
fn asked(view: &RequestView, scene: &Scene<'_>) -> String {
    let request = &view.request;
    let by = request.by.name.as_str();
    if request.state == RequestState::Open {
        return scene.say("card.asked", context! { by, at => moment(request.asked_at, 'R') });
    }
    let took = scene.duration(request.asked_at, request.changed_at);
    scene.say("card.asked-and-took", context! { by, at => moment(request.asked_at, 'f'), took })
}

/// A field for each step that failed: why, and what mends it. What mends several is said once.
fn failures(view: &RequestView, scene: &Scene<'_>) -> Vec<(String, Vec<String>)> {
    let mut said: Vec<&str> = vec![];
    let failed = view.steps.iter().filter(|step| matches!(step.state, StepState::Failed { .. }));
    let mut fields = Vec::new();
    for step in failed.clone().take(AT_LENGTH) {
        let StepState::Failed { why, mend, .. } = &step.state else { continue };
        let mend = mend.as_deref().filter(|mend| !said.contains(mend));
        said.extend(mend);
        fields.push((failure_name(step, scene), failure(why, mend, 330, scene)));
    }
    let more = failed.count().saturating_sub(AT_LENGTH);
    if more > 0 {
        fields.push((scene.word("card.more-failed"), vec![scene.say("list.more", context! { n => more })]));
    }
    fields
}

/// The heading of a step that failed.
pub(super) fn failure_name(step: &StepView, scene: &Scene<'_>) -> String {
    let kind = Value::from_safe_string(steps::kind_word(step.step.kind(), scene));
    scene.say("card.failure", context! { kind, step => step.step.desired.id.as_str() })
}

/// Why a step failed, and what mends it: each at most `longest` long. A document in what mends it keeps its lines.
pub(super) fn failure(why: &str, mend: Option<&str>, longest: usize, scene: &Scene<'_>) -> Vec<String> {
    let why = text::escape(&scene.phrase(why), longest);
    let mut lines = vec![if why.is_empty() { "–".to_owned() } else { why }];
    let Some(mend) = mend else { return lines };
    let mend = scene.phrase(mend);
    let (first, rest) = mend.split_once('\n').map_or((&*mend, None), |(first, rest)| (first, Some(rest)));
    let first = Value::from_safe_string(text::escape(first, longest));
    lines.push(scene.say("card.mend", context! { mend => first }));
    lines.extend(rest.map(|rest| block(rest, longest)));
    lines
}

fn buttons(view: &RequestView, scene: &Scene<'_>) -> Vec<CreateButton> {
    let request = &view.request;
    let goes_on = matches!(request.state, RequestState::Open | RequestState::Failed);
    let failed = request.state == RequestState::Failed || goes_on && view.has_failed_steps();
    let presses = [
        failed.then_some(Press::Retry(&request.id)),
        Some(Press::Details(&request.id)),
        goes_on.then_some(Press::Cancel(&request.id)),
    ];
    presses.into_iter().flatten().map(|press| press.button(scene)).collect()
}
