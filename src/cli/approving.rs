//! What approvers see at the terminal: what waits for them, and exactly what they say yes to.

use std::fmt::Write as _;

use super::draw::{at, table};
use crate::model::plan::Change;
use crate::model::resource::amount;
use crate::model::{Action, Request};
use crate::requests::approve::Approvable;
use crate::requests::show::RequestView;
use crate::requests::waiting::Awaited;

/// What an approver is asked to say yes to: exactly what will be done.
pub fn approvable(request: &Request, held: &Approvable) -> String {
    let Approvable { step, digest, approved_by, until, note, .. } = held;
    let plan = &request.plan;
    let mut text = String::new();
    let _ = writeln!(text, "{} asks: {} {} {}", request.by, plan.direction, plan.project, plan.environment);
    let _ = writeln!(text, "  step               {} ({})", step.desired.id, step.action.word());
    let _ = writeln!(text, "  what               {}", step.desired.spec.kind().title());
    let fields = serde_json::to_value(&step.desired.spec).unwrap_or_default();
    for (field, value) in fields.as_object().into_iter().flatten().filter(|(field, _)| *field != "kind") {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let named = value.parse().ok().map(|id| plan.account(&id));
        let _ = writeln!(text, "  {field:<18} {}", named.unwrap_or(value));
    }
    let _ = writeln!(
        text,
        "  account            {}, {}",
        plan.account(&step.desired.place.account),
        step.desired.place.region
    );
    if let Action::Remove { contents } = &step.action {
        for (what, count) in contents {
            let _ = writeln!(text, "  DESTROYS           {}", amount(what, *count));
        }
    }
    if let Action::Update { changes } | Action::Adopt { changes } = &step.action {
        for Change { field, from, to } in changes {
            let _ = writeln!(text, "  CHANGES            {field}: {from} → {to}");
        }
    }
    if let Some(gate) = &step.gate {
        let _ = writeln!(text, "  gate               {}", plan.describe_gate(gate));
        for (id, name) in &gate.terms.accounts {
            let _ = writeln!(text, "  touches            {name} ({id})");
        }
        for role in gate.terms.roles.keys() {
            let _ = writeln!(text, "  as                 {role}");
        }
        let _ = writeln!(text, "  rules              {}", gate.terms.policy.short());
        let _ = writeln!(text, "  program            {}", gate.terms.engine);
    }
    for note in &plan.notes {
        let _ = writeln!(text, "  note               {note}");
    }
    if !approved_by.is_empty() {
        let _ = writeln!(text, "  so far             approved by {}", approved_by.join(", "));
    }
    if let Some(note) = note {
        let _ = writeln!(text, "  waits for          {note}");
    }
    let _ = writeln!(text, "  until              {}", at(*until));
    let _ = writeln!(text, "  digest             {}", digest.short());
    text
}

/// What waits for somebody's approval, and what to type.
pub fn awaiting(awaiting: &[Awaited]) -> String {
    if awaiting.is_empty() {
        return "nothing waits for your approval\n".to_owned();
    }
    let mut table = table(&["request", "what", "asked by", "step", "given", "until"]);
    for Awaited { request, held } in awaiting {
        let plan = &request.plan;
        let steps: Vec<&str> = held.iter().map(|held| held.step.desired.id.as_str()).collect();
        let given = held.iter().map(|held| {
            let given = held.approved_by.len();
            format!("{given} of {}", given + held.lacks())
        });
        let until = held.iter().map(|held| held.until.strftime("%Y-%m-%d %H:%M UTC").to_string());
        table.add_row([
            request.id.to_string(),
            format!("{} {} {}", plan.direction, plan.project, plan.environment),
            request.by.to_string(),
            steps.join("\n"),
            given.collect::<Vec<_>>().join("\n"),
            until.collect::<Vec<_>>().join("\n"),
        ]);
    }
    format!("{table}\n\n`genkan approve REQUEST STEP` shows exactly what it is, and asks\n")
}

/// Which steps wait for approvals, until when, and what to type; nothing of a request that has ended.
pub(super) fn write_held(text: &mut String, view: &RequestView) {
    let Request { id, plan, state, .. } = &view.request;
    if !state.is_open() {
        return;
    }
    for Approvable { step, approved_by, until, note, .. } in view.approvable() {
        let gate = step.gate.as_ref().map(|gate| plan.describe_gate(gate)).unwrap_or_default();
        let _ = writeln!(text, "\n{} waits: {gate}", step.desired.id);
        if !approved_by.is_empty() {
            let _ = writeln!(text, "  approved so far by {}", approved_by.join(", "));
        }
        if let Some(note) = note {
            let _ = writeln!(text, "  waits for {note}");
        }
        let _ = writeln!(text, "  expires at {}", at(until));
        let _ = writeln!(text, "  genkan approve {id} {}", step.desired.id);
    }
}
