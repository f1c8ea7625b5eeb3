//! What people see of requests, statuses and findings: text, drawn purely from values.

use std::fmt::Write as _;

use comfy_table::{ContentArrangement, Table, presets};
use jiff::Timestamp;

use super::commands::Listed;
use crate::model::finding::{Finding, Health};
use crate::model::plan::{Change, Direction};
use crate::model::resource::amount;
use crate::model::run::Did;
use crate::model::{Action, Event, Request, RequestState, Step, StepState};
use crate::requests::approve::Approvable;
use crate::requests::show::{RequestView, StepView};
use crate::requests::status::Status;
use crate::requests::waiting::Awaited;

/// One line that says how a step stands.
pub fn step_line(view: &StepView) -> String {
    let StepView { step, state } = view;
    let (mark, words) = match state {
        StepState::Pending => (' ', "not begun".to_owned()),
        StepState::Running { .. } => ('>', "under way".to_owned()),
        StepState::Waiting { until: Some(until), .. } => {
            ('…', format!("not there yet, waits until {}", minutes(*until)))
        }
        StepState::Waiting { on, until: None, .. } => ('…', format!("waits for {on}")),
        StepState::Held { step, digest, .. } => {
            let needed = step.gate.as_ref().map_or(0, |gate| gate.approvals);
            let approvals = if needed == 1 { "1 approval".to_owned() } else { format!("{needed} approvals") };
            ('#', format!("needs {approvals} ({})", digest.short()))
        }
        StepState::Retrying { why, failures, .. } => {
            ('~', format!("tried {failures} times, goes on trying: {}", on_one_line(why)))
        }
        StepState::Failed { why, .. } => ('!', format!("FAILED: {}", on_one_line(why))),
        StepState::Done { did, .. } => (did_mark(*did), did_word(*did).to_owned()),
    };
    let spec = &step.desired.spec;
    format!("{mark} {:22} {} {}: {words}", step.desired.id, spec.kind().title(), spec.name())
}

/// What was done, as plans mark it.
const fn did_mark(did: Did) -> char {
    match did {
        Did::Kept | Did::Seen => '=',
        Did::Created => '+',
        Did::Adopted | Did::Updated => '~',
        Did::Removed => '-',
    }
}

/// What was done, in a word.
pub const fn did_word(did: Did) -> &'static str {
    match did {
        Did::Kept => "kept",
        Did::Created => "created",
        Did::Adopted => "adopted",
        Did::Updated => "changed",
        Did::Removed => "removed",
        Did::Seen => "seen",
    }
}

/// What others wrote, where a line's end could make it look like lines of ours.
fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn minutes(at: Timestamp) -> String {
    at.strftime("%H:%M UTC").to_string()
}

/// A request as `genkan show` prints it.
pub fn request(view: &RequestView) -> String {
    let mut text = String::new();
    let Request { id, by, asked_at, plan, state, reason, .. } = &view.request;
    let _ = writeln!(text, "{id}  {} {} {}  {state}", plan.direction, plan.project, plan.environment);
    let _ = writeln!(text, "asked by {by} at {}, in {}", at(*asked_at), plan.account(&plan.place.account));
    if let Some(reason) = reason {
        let _ = writeln!(text, "reason: {}", on_one_line(reason));
    }
    text.push('\n');
    for step in &view.steps {
        let _ = writeln!(text, "  {}", step_line(step));
        if let StepState::Done { outputs, .. } = &step.state {
            for (name, value) in outputs {
                let _ = writeln!(text, "      {name}: {value}");
            }
        }
    }
    write_mends(&mut text, view);
    write_held(&mut text, view);
    text
}

/// What came of carrying a request out, after its progress was shown: what a project was given, what has to be mended or
/// approved, and at the end how it stands.
pub fn outcome(view: &RequestView) -> String {
    let mut text = String::new();
    let Request { id, plan, state, .. } = &view.request;
    if *state == RequestState::Done && plan.direction == Direction::Onboard {
        for step in &view.steps {
            let StepState::Done { outputs, .. } = &step.state else { continue };
            let _ = writeln!(text, "\n  {} {}", step.step.kind().title(), step.step.desired.spec.name());
            for (name, value) in outputs.iter().filter(|(name, _)| !INTERNAL.contains(&name.as_str())) {
                let _ = writeln!(text, "      {name}: {value}");
            }
        }
    }
    write_mends(&mut text, view);
    write_held(&mut text, view);
    let failed = view.steps.iter().filter(|view| matches!(view.state, StepState::Failed { .. })).count();
    if failed > 0 {
        let steps = if failed == 1 { "1 step" } else { "steps" };
        let count = if failed == 1 { String::new() } else { format!("{failed} ") };
        let _ = writeln!(text, "\n{count}{steps} failed; when it is mended: genkan retry {id}");
    }
    let _ = writeln!(text, "\n{id} {} {} {}: {state}", plan.direction, plan.project, plan.environment);
    text
}

/// Outputs that are for the tool itself.
const INTERNAL: [&str; 3] = ["source_version", "version", "name"];

/// What mends the steps that failed; what mends several is said once.
fn write_mends(text: &mut String, view: &RequestView) {
    let mut said: Vec<&str> = vec![];
    for step in &view.steps {
        if let StepState::Failed { mend: Some(mend), .. } = &step.state
            && !said.contains(&mend.as_str())
        {
            let _ = writeln!(text, "\n{}: {mend}", step.step.desired.id);
            said.push(mend);
        }
    }
}

/// Which steps wait for approvals, and what to type.
fn write_held(text: &mut String, view: &RequestView) {
    let Request { id, plan, .. } = &view.request;
    for (step, digest) in view.held() {
        let given: Vec<&str> = view.approvers(step, digest).map(|by| by.name.as_str()).collect();
        let gate = step.gate.as_ref().map(|gate| plan.describe_gate(gate)).unwrap_or_default();
        let _ = writeln!(text, "\n{} waits: {gate}", step.desired.id);
        if !given.is_empty() {
            let _ = writeln!(text, "  approved so far by {}", given.join(", "));
        }
        let _ = writeln!(text, "  genkan approve {id} {}", step.desired.id);
    }
}

/// The history of a request, an event a line: what was done, who approved, who ended it.
pub fn history(view: &RequestView) -> String {
    let mut lines: Vec<(Timestamp, String)> = view
        .changes
        .iter()
        .enumerate()
        .map(|(number, change)| {
            let by = change.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
            let why = change.reason.as_ref().map(|why| format!(": {}", on_one_line(why))).unwrap_or_default();
            let what = match (change.to, number) {
                (RequestState::Open, 0) => "asked for".to_owned(),
                (RequestState::Open, _) => "another try asked for".to_owned(),
                (ended, _) => format!("request {ended}"),
            };
            (change.at, format!("{what}{by}{why}"))
        })
        .collect();
    for recorded in &view.history {
        let what = match &recorded.event {
            Event::Started { step, digest, .. } => {
                format!("{} begins: {} ({})", step.desired.id, step.action.word(), digest.short())
            }
            Event::Finished { step, did, .. } => format!("{step}: {}", did_word(*did)),
            Event::Waiting { step, on, .. } => format!("{step} waits for {on}"),
            Event::Held { step, digest, until } => {
                format!("{} needs approval ({}) until {}", step.desired.id, digest.short(), at(*until))
            }
            Event::Noted { step, note: Some(note) } => format!("{step} waits for {}", note.on),
            Event::Noted { step, note: None } => format!("{step} waits for approvals only"),
            Event::Failed { step, why, retry_at: Some(_), .. } => {
                format!("{step} will be tried again: {}", on_one_line(why))
            }
            Event::Failed { step, why, .. } => format!("{step} FAILED: {}", on_one_line(why)),
            // Said by the change of the request's state, with who asked.
            Event::Retried => continue,
        };
        lines.push((recorded.at, what));
    }
    for approval in &view.approvals {
        let words = format!("{} approved by {} ({})", approval.step, approval.by, approval.digest.short());
        lines.push((approval.at, words));
        let words = format!("{} no longer approved by {}, who took it back", approval.step, approval.by);
        lines.extend(approval.withdrawn.map(|at| (at, words)));
    }
    lines.sort_by_key(|(at, _)| *at);
    let mut text = String::from("\nhistory\n");
    for (time, what) in lines {
        let _ = writeln!(text, "  {}  {what}", at(time));
    }
    text
}

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
    let mut table =
        table(&["request", "what", "project", "environment", "asked by", "at", "step", "approvals", "until"]);
    for Awaited { request, held } in awaiting {
        let plan = &request.plan;
        let steps: Vec<&str> = held.iter().map(|held| held.step.desired.id.as_str()).collect();
        let given = held.iter().map(|held| {
            let given = held.approved_by.len();
            format!("{given} of {}", given + held.lacks())
        });
        let until = held.iter().map(|held| at(held.until));
        table.add_row([
            request.id.to_string(),
            plan.direction.to_string(),
            plan.project.to_string(),
            plan.environment.to_string(),
            request.by.to_string(),
            at(request.asked_at),
            steps.join("\n"),
            given.collect::<Vec<_>>().join("\n"),
            until.collect::<Vec<_>>().join("\n"),
        ]);
    }
    format!("{table}\n\n`genkan approve REQUEST STEP` shows exactly what it is, and asks\n")
}

/// The list of requests.
pub fn requests(requests: &[Listed]) -> String {
    if requests.is_empty() {
        return "no requests\n".to_owned();
    }
    let mut table = table(&["request", "what", "project", "environment", "state", "asked by", "at", "waits for"]);
    for Listed { request, waits_for } in requests {
        let plan = &request.plan;
        table.add_row([
            request.id.to_string(),
            plan.direction.to_string(),
            plan.project.to_string(),
            plan.environment.to_string(),
            request.state.to_string(),
            request.by.to_string(),
            at(request.asked_at),
            waits_for.join("\n"),
        ]);
    }
    format!("{table}\n")
}

/// The statuses of projects.
pub fn statuses(statuses: &[Status]) -> String {
    if statuses.is_empty() {
        return "no project is known: `genkan onboard PROJECT ENVIRONMENT` lets one in\n".to_owned();
    }
    let mut text = String::new();
    for status in statuses {
        let _ = write!(text, "{} {}: ", status.project, status.environment);
        match (&status.plan, &status.error) {
            (Some(plan), _) if plan.is_done() => text.push_str("everything is as it should be\n"),
            (Some(plan), _) => {
                let _ = writeln!(text, "not as it should be ({})", plan.tally());
            }
            (None, error) => {
                let _ = writeln!(text, "could not be looked at: {}", error.as_deref().unwrap_or("unknown"));
            }
        }
        for step in status.plan.iter().flat_map(|plan| &plan.steps) {
            let _ = writeln!(text, "  {}", status_line(step));
        }
        if let Some(request) = &status.request {
            let tense = if request.state == RequestState::Open { "under way" } else { "last request" };
            let _ = writeln!(
                text,
                "  {tense}: {} ({}, {}, asked by {} at {})",
                request.id,
                request.plan.direction,
                request.state,
                request.by,
                at(request.asked_at)
            );
        }
    }
    text
}

fn status_line(step: &Step) -> String {
    let (mark, words) = match &step.action {
        Action::Keep { why } => ('=', why.clone()),
        Action::Create => ('+', "is not there".to_owned()),
        Action::Update { changes } | Action::Adopt { changes } => {
            let fields: Vec<&str> = changes.iter().map(|change| change.field.as_str()).collect();
            ('~', format!("differs in {}", fields.join(", ")))
        }
        Action::Await => ('…', "is not there yet".to_owned()),
        Action::Decide => ('?', "depends on what is not there yet".to_owned()),
        Action::Remove { .. } => ('-', "is to be removed".to_owned()),
        Action::Blocked { why, .. } => ('!', why.clone()),
    };
    format!("{mark} {:22} {} {}: {words}", step.desired.id, step.kind().title(), step.desired.spec.name())
}

/// What `genkan doctor` found: a table, then what mends each failure.
pub fn findings(findings: &[Finding]) -> String {
    let mut table = table(&["", "account", "what", "seen"]);
    for finding in findings {
        let mark = match finding.health {
            Health::Ok => "ok",
            Health::Warning => "warn",
            Health::Failed => "FAIL",
        };
        table.add_row([mark, &finding.place, &finding.subject, &finding.seen]);
    }
    let mut text = format!("{table}\n");
    for finding in findings.iter().filter(|finding| finding.health != Health::Ok) {
        if let Some(mend) = &finding.mend {
            let _ = writeln!(text, "\n{}, {}:\n{mend}", finding.place, finding.subject);
        }
    }
    let count = |health| findings.iter().filter(|finding| finding.health == health).count();
    let _ = writeln!(
        text,
        "\n{} ok, {} warnings, {} failed",
        count(Health::Ok),
        count(Health::Warning),
        count(Health::Failed)
    );
    text
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_header(header.to_vec());
    table
}

fn at(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
