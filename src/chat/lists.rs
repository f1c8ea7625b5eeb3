//! Lists: requests, statuses, what waits for somebody, and the help.

use minijinja::{Value, context};

use super::drawn::Drawn;
use super::sheet::{Colour, Sheet};
use super::steps::{self, direction_word, state_word, title};
use super::text::{self, code};
use super::words::{Scene, moment};
use crate::model::{Action, Request, RequestState, Step};
use crate::requests::approve::Approvable;
use crate::requests::status::Status;
use crate::requests::waiting::Awaited;

pub use super::details::details;

/// Requests, each with what it waits for and the link to its card where it has one.
pub fn requests(requests: &[(Request, Vec<String>, Option<String>)], scene: &Scene<'_>) -> Drawn {
    let mut sheet = Sheet::new(scene, Colour::Grey, scene.word("requests.title"), String::new());
    if requests.is_empty() {
        sheet.line(&scene.word("requests.none"));
    }
    let lines: Vec<String> =
        requests.iter().map(|(request, waits_for, card)| listed(request, waits_for, card.as_deref(), scene)).collect();
    sheet.lines(&lines, 4000);
    Drawn::sheet(sheet.embed(), vec![])
}

/// A request: what, how it stands, who asked; then what it waits for.
fn listed(request: &Request, waits_for: &[String], card: Option<&str>, scene: &Scene<'_>) -> String {
    let (mark, state) = match request.state {
        RequestState::Open if !waits_for.is_empty() => ("⏳", scene.word("state.waiting")),
        state => (mark(state), state_word(state, scene)),
    };
    let mut line = scene.say(
        "requests.line",
        context! {
            mark => Value::from_safe_string(mark.to_owned()),
            what => subject(request, scene),
            state => Value::from_safe_string(state),
            by => request.by.name.as_str(),
            at => moment(request.asked_at, 'R'),
            id => code(request.id.as_str(), 12),
            card => card.map(|link| Value::from_safe_string(link.to_owned())),
        },
    );
    for waits_for in waits_for.iter().take(3) {
        let on = Value::from_safe_string(text::escape(&scene.phrase(waits_for), 160));
        line.push('\n');
        line.push_str(&scene.say("requests.waits", context! { on }));
    }
    line
}

/// `Onboarding project-x · dev`
fn subject(request: &Request, scene: &Scene<'_>) -> Value {
    let plan = &request.plan;
    let direction = Value::from_safe_string(direction_word(plan.direction, scene));
    let (project, environment) = (plan.project.as_str(), plan.environment.as_str());
    scene.safe("requests.what", context! { direction, project, environment })
}

const fn mark(state: RequestState) -> &'static str {
    match state {
        RequestState::Open => "🔄",
        RequestState::Failed => "❌",
        RequestState::Done => "✅",
        RequestState::Cancelled | RequestState::Rejected => "⏹️",
    }
}

/// How projects stand.
pub fn statuses(statuses: &[Status], scene: &Scene<'_>) -> Drawn {
    let is_well = |status: &Status| status.plan.as_ref().is_some_and(|plan| plan.is_done());
    let colour = match statuses {
        [] => Colour::Grey,
        all if all.iter().all(is_well) => Colour::Green,
        _ => Colour::Amber,
    };
    let mut sheet = Sheet::new(scene, colour, scene.word("status.title"), String::new());
    if statuses.is_empty() {
        sheet.line(&scene.word("status.none"));
    }
    // One is shown step by step; of many only what is not as it should be.
    let alone = statuses.len() == 1;
    let blocks: Vec<String> = statuses.iter().map(|status| project(status, alone, scene)).collect();
    sheet.lines(&blocks, 4000);
    Drawn::sheet(sheet.embed(), vec![])
}

fn project(status: &Status, alone: bool, scene: &Scene<'_>) -> String {
    let (project, environment) = (status.project.as_str(), status.environment.as_str());
    let (key, why) = match (&status.plan, &status.error) {
        (Some(plan), _) if plan.is_done() => ("status.well", None),
        (Some(_), _) => ("status.differs", None),
        (None, why) => ("status.unknown", why.as_deref()),
    };
    let why = why.map(|why| Value::from_safe_string(text::escape(&scene.phrase(why), 300)));
    let mut lines = vec![scene.say(key, context! { project, environment, why => why.unwrap_or(Value::from("")) })];
    let steps = status.plan.iter().flat_map(|plan| &plan.steps);
    let shown: Vec<&Step> = steps.filter(|step| alone || !matches!(step.action, Action::Keep { .. })).collect();
    let most = if alone { 20 } else { 4 };
    lines.extend(shown.iter().take(most).map(|step| status_line(step, scene)));
    let more = shown.len().saturating_sub(most);
    lines.extend((more > 0).then(|| scene.say("list.more", context! { n => more })));
    lines.extend(status.request.as_ref().map(|request| {
        let state = Value::from_safe_string(state_word(request.state, scene));
        let (id, by) = (code(request.id.as_str(), 12), request.by.name.as_str());
        let what = subject(request, scene);
        scene.say("status.request", context! { id, what, state, by, at => moment(request.asked_at, 'R') })
    }));
    lines.join("\n")
}

fn status_line(step: &Step, scene: &Scene<'_>) -> String {
    let why = |why: &str| Value::from_safe_string(text::escape(&scene.phrase(why), 120));
    let (mark, how) = match &step.action {
        Action::Keep { why: reason } => ("☑️", why(reason)),
        Action::Create => ("❔", scene.safe("status.absent", context! {})),
        Action::Update { changes } | Action::Adopt { changes } => {
            let fields = changes.iter().map(|change| change.field.as_str());
            ("✏️", scene.safe("status.differs-in", context! { fields => scene.names(fields) }))
        }
        Action::Await => ("⏳", scene.safe("status.awaited", context! {})),
        Action::Decide => ("▫️", scene.safe("status.depends", context! {})),
        Action::Remove { .. } => ("➖", scene.safe("action.remove", context! {})),
        Action::Blocked { why: reason, .. } => ("❌", why(reason)),
    };
    let what = title(&step.desired.spec, 48, scene);
    scene.say("step.line", context! { mark => Value::from_safe_string(mark.to_owned()), what, how })
}

/// What waits for the person who asks, each with the link to the message that asks for it where it has one.
pub fn awaiting(awaiting: &[(Awaited, Option<String>)], scene: &Scene<'_>) -> Drawn {
    let colour = if awaiting.is_empty() { Colour::Green } else { Colour::Amber };
    let mut sheet = Sheet::new(scene, colour, scene.word("awaiting.title"), String::new());
    if awaiting.is_empty() {
        sheet.line(&scene.word("awaiting.none"));
    }
    let lines: Vec<String> = awaiting
        .iter()
        .flat_map(|(Awaited { request, held }, link)| {
            held.iter().map(|held| question(request, held, link.as_deref(), scene))
        })
        .collect();
    sheet.lines(&lines, 4000);
    Drawn::sheet(sheet.embed(), vec![])
}

fn question(request: &Request, held: &Approvable, link: Option<&str>, scene: &Scene<'_>) -> String {
    let needed = held.step.gate.as_ref().map_or(0, |gate| gate.approvals);
    let does = Value::from_safe_string(steps::action_word(&held.step.action, scene));
    scene.say(
        "awaiting.line",
        context! {
            what => title(&held.step.desired.spec, 64, scene),
            does,
            subject => subject(request, scene),
            by => request.by.name.as_str(),
            at => moment(request.asked_at, 'R'),
            given => held.approved_by.len(),
            needed,
            id => code(request.id.as_str(), 12),
            link => link.map(|link| Value::from_safe_string(link.to_owned())),
        },
    )
}

/// What the commands do, and who may do what.
pub fn help(scene: &Scene<'_>) -> Drawn {
    let mut sheet = Sheet::new(scene, Colour::Grey, scene.word("help.title"), String::new());
    let prefix = &scene.config.names.project_prefix;
    let example = if prefix.is_empty() { "project-x".to_owned() } else { format!("{prefix}x") };
    let environments: Vec<&str> = scene.config.environments.keys().map(|name| name.as_str()).collect();
    let environment = environments.first().copied().unwrap_or("dev");
    sheet
        .line(&scene.say("help.begin", context! { command => code(&format!("/onboard {example} {environment}"), 80) }));
    sheet.field(&scene.word("help.commands"), &lines(&scene.word("help.list")));
    let values = context! { environments => scene.names(environments) };
    sheet.field(&scene.word("help.rules"), &lines(&scene.say("help.who", values)));
    Drawn::sheet(sheet.embed(), vec![])
}

fn lines(text: &str) -> Vec<String> {
    text.trim().lines().map(str::to_owned).collect()
}
