//! Everything about a request that its card has no room for: each step with what it told, approvals, history.

use jiff::Timestamp;
use minijinja::{Value, context};

use super::card::failure;
use super::drawn::Drawn;
use super::sheet::Sheet;
use super::steps::{self, Standing, action_word, did_word, direction_word, state_word};
use super::text::{self, code};
use super::words::{Scene, moment};
use crate::model::{Action, Event, RequestState, StepState};
use crate::requests::show::{RequestView, StepView};

/// A request's steps, approvals and history: more than its card has room for. Of a long history the newest is shown.
pub fn details(view: &RequestView, scene: &Scene<'_>) -> Drawn {
    let request = &view.request;
    let plan = &request.plan;
    let standing = Standing::of(view);
    let direction = Value::from_safe_string(direction_word(plan.direction, scene));
    let state = Value::from_safe_string(standing.word(scene));
    let (project, environment) = (plan.project.as_str(), plan.environment.as_str());
    let title = scene.say("card.title", context! { what => direction, project, environment, state });
    let mut sheet = Sheet::new(scene, standing.colour(), title, request.id.to_string());
    sheet.line(
        &scene.say("card.asked", context! { by => request.by.name.as_str(), at => moment(request.asked_at, 'f') }),
    );
    sheet.line("");
    let steps: Vec<String> = view.steps.iter().map(|step| told(view, step, scene)).collect();
    sheet.lines(&steps, 3600);
    sheet.field(&scene.word("details.approvals"), &approvals(view, scene));
    sheet.field(&scene.word("details.history"), &history(view, scene));
    Drawn::sheet(sheet.embed(), vec![])
}

/// A step with all that is known of it.
fn told(view: &RequestView, step: &StepView, scene: &Scene<'_>) -> String {
    let mut lines = vec![steps::line(view, step, scene)];
    let sub = |value: Value| scene.say("details.sub", context! { value });
    match &step.state {
        StepState::Done { outputs, .. } => {
            for (name, value) in outputs {
                let row = scene.say("details.output", context! { name, value => code(value, 330) });
                lines.push(sub(Value::from_safe_string(row)));
            }
        }
        StepState::Failed { why, mend, .. } => {
            let failure = failure(why, mend.as_deref(), 700, scene);
            lines.extend(failure);
        }
        StepState::Held { digest, .. } => {
            lines.push(sub(scene.safe("details.digest", context! { digest => code(digest.short(), 12) })));
        }
        _ => {}
    }
    if let Action::Keep { why } = &step.step.action {
        lines.push(sub(Value::from_safe_string(text::escape(&scene.phrase(why), 200))));
    }
    lines.join("\n")
}

fn approvals(view: &RequestView, scene: &Scene<'_>) -> Vec<String> {
    let lines = view.approvals.iter().rev().map(|given| {
        scene.say(
            "details.approval",
            context! {
                step => code(given.step.as_str(), 40),
                by => given.by.name.as_str(),
                at => moment(given.at, 'f'),
                digest => code(given.digest.short(), 12),
            },
        )
    });
    lines.collect()
}

/// What happened, the newest first.
fn history(view: &RequestView, scene: &Scene<'_>) -> Vec<String> {
    let mut lines: Vec<(Timestamp, String)> = Vec::new();
    for (number, change) in view.changes.iter().enumerate() {
        let by = change.by.as_ref().map(|by| by.name.clone());
        let reason = change.reason.as_ref().map(|reason| Value::from_safe_string(text::escape(reason, 200)));
        let what = match (change.to, number) {
            (RequestState::Open, 0) => scene.word("history.asked"),
            (RequestState::Open, _) => scene.word("history.retried"),
            (ended, _) => {
                let state = Value::from_safe_string(state_word(ended, scene));
                scene.say("history.became", context! { state })
            }
        };
        let what = Value::from_safe_string(what);
        lines.push((change.at, scene.say("history.change", context! { what, by, reason })));
    }
    for recorded in &view.history {
        lines.extend(event(&recorded.event, scene).map(|what| (recorded.at, what)));
    }
    lines.sort_by_key(|(at, _)| *at);
    let line = |(at, what): (Timestamp, String)| {
        scene.say("history.line", context! { at => moment(at, 'T'), what => Value::from_safe_string(what) })
    };
    lines.into_iter().rev().map(line).collect()
}

/// What happened to a step; none for what the request's own changes say already.
fn event(event: &Event, scene: &Scene<'_>) -> Option<String> {
    let step = code(event.step()?.as_str(), 40);
    let said = |made: &str| Value::from_safe_string(text::escape(&scene.phrase(made), 160));
    Some(match event {
        Event::Started { step: now, .. } => {
            let does = Value::from_safe_string(action_word(&now.action, scene));
            scene.say("history.started", context! { step, does })
        }
        Event::Finished { did, .. } => {
            let did = Value::from_safe_string(did_word(*did, scene));
            scene.say("history.finished", context! { step, did })
        }
        Event::Waiting { on, .. } => scene.say("history.waiting", context! { step, on => said(on) }),
        Event::Held { digest, .. } => scene.say("history.held", context! { step, digest => code(digest.short(), 12) }),
        Event::Noted { note: Some(note), .. } => scene.say("history.waiting", context! { step, on => said(&note.on) }),
        Event::Noted { note: None, .. } => return None,
        Event::Failed { why, retry_at: Some(_), .. } => {
            scene.say("history.retrying", context! { step, why => said(why) })
        }
        Event::Failed { why, .. } => scene.say("history.failed", context! { step, why => said(why) }),
        Event::Retried => return None,
    })
}
