//! A request's steps, a line each, folded where there are many; how far it is; and how it stands as a whole.

use minijinja::{Value, context};

use super::sheet::Colour;
use super::text::{self, code, width};
use super::words::{Scene, moment};
use crate::model::plan::Direction;
use crate::model::run::Did;
use crate::model::{Action, Digest, Kind, RequestState, Spec, Step, StepState};
use crate::requests::show::{RequestView, StepView};

/// As many steps are shown a line each, whatever their state.
const UNFOLDED: usize = 12;
/// What the lines may take together.
pub const LONGEST: usize = 2900;

/// How a request stands, as its card says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It waits for an approval.
    Held,
    /// A step failed; the others go on or wait.
    Trouble,
    /// Something is being done.
    Running,
    /// It waits for something to appear.
    Waiting,
    /// It ended or cannot go on.
    Ended(RequestState),
}

impl Standing {
    /// What the stored states say together.
    pub fn of(view: &RequestView) -> Self {
        let any = |is: fn(&StepState) -> bool| view.steps.iter().any(|step| is(&step.state));
        match view.request.state {
            RequestState::Open if view.held().any(|(step, digest)| lacks(view, step, digest) > 0) => Self::Held,
            RequestState::Open if view.has_failed_steps() => Self::Trouble,
            RequestState::Open if any(|state| matches!(state, StepState::Running { .. })) => Self::Running,
            RequestState::Open if any(|state| matches!(state, StepState::Waiting { .. })) => Self::Waiting,
            RequestState::Open => Self::Running,
            ended => Self::Ended(ended),
        }
    }

    /// Its colour.
    pub const fn colour(self) -> Colour {
        match self {
            Self::Held | Self::Waiting => Colour::Amber,
            Self::Running => Colour::Blue,
            Self::Trouble | Self::Ended(RequestState::Failed) => Colour::Red,
            Self::Ended(RequestState::Done) => Colour::Green,
            Self::Ended(_) => Colour::Grey,
        }
    }

    /// Its name, in a word or two.
    pub fn word(self, scene: &Scene<'_>) -> String {
        match self {
            Self::Held => scene.word("state.held"),
            Self::Trouble => scene.word("state.trouble"),
            Self::Running => scene.word("state.running"),
            Self::Waiting => scene.word("state.waiting"),
            Self::Ended(state) => state_word(state, scene),
        }
    }
}

/// How many approvals a held step lacks.
pub fn lacks(view: &RequestView, step: &Step, digest: &Digest) -> usize {
    let needed = step.gate.as_ref().map_or(0, |gate| gate.approvals) as usize;
    needed.saturating_sub(view.approvers(step, digest).count())
}

/// A request's state, in a word.
pub fn state_word(state: RequestState, scene: &Scene<'_>) -> String {
    scene.word(match state {
        RequestState::Open => "state.open",
        RequestState::Failed => "state.failed",
        RequestState::Done => "state.done",
        RequestState::Cancelled => "state.cancelled",
        RequestState::Rejected => "state.rejected",
    })
}

/// Onboarding or teardown, as a noun.
pub fn direction_word(direction: Direction, scene: &Scene<'_>) -> String {
    scene.word(match direction {
        Direction::Onboard => "direction.onboard",
        Direction::Teardown => "direction.teardown",
    })
}

/// What people call a kind.
pub fn kind_word(kind: Kind, scene: &Scene<'_>) -> String {
    scene.word(match kind {
        Kind::EcrRepository => "kind.ecr-repository",
        Kind::S3Bucket => "kind.s3-bucket",
        Kind::SecretCopy => "kind.secret-copy",
        Kind::SourceCredential => "kind.source-credential",
        Kind::SsmParameter => "kind.ssm-parameter",
        Kind::ZoneAssociation => "kind.zone-association",
    })
}

/// What was done, in a word.
pub fn did_word(did: Did, scene: &Scene<'_>) -> String {
    scene.word(match did {
        Did::Kept => "did.kept",
        Did::Created => "did.created",
        Did::Adopted => "did.adopted",
        Did::Updated => "did.updated",
        Did::Removed => "did.removed",
        Did::Seen => "did.seen",
    })
}

/// What is to be done, in a word.
pub fn action_word(action: &Action, scene: &Scene<'_>) -> String {
    scene.word(match action {
        Action::Keep { .. } => "action.keep",
        Action::Create => "action.create",
        Action::Adopt { .. } => "action.adopt",
        Action::Update { .. } => "action.update",
        Action::Remove { .. } => "action.remove",
        Action::Await => "action.await",
        Action::Decide => "action.decide",
        Action::Blocked { .. } => "action.blocked",
    })
}

/// A resource as people speak of it: its kind, and its name to be copied.
pub fn title(spec: &Spec, longest: usize, scene: &Scene<'_>) -> Value {
    let name = match spec {
        Spec::ZoneAssociation(zone) => zone.zone_name.clone(),
        other => other.name(),
    };
    let (kind, name) = (kind_word(spec.kind(), scene), code(&name, longest));
    scene.safe("step.title", context! { kind => Value::from_safe_string(kind), name })
}

/// How a state looks at a glance.
const fn mark(state: &StepState) -> &'static str {
    match state {
        StepState::Pending => "▫️",
        StepState::Running { .. } => "🔄",
        StepState::Waiting { .. } => "⏳",
        StepState::Held { .. } => "🔒",
        StepState::Retrying { .. } => "🔁",
        StepState::Failed { .. } => "❌",
        StepState::Done { did: Did::Kept, .. } => "☑️",
        StepState::Done { .. } => "✅",
    }
}

/// How closely a line looks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closeness {
    Full,
    Short,
    OnlyId,
}

/// A step's line: mark, kind, name and how it stands.
pub fn line(view: &RequestView, step: &StepView, scene: &Scene<'_>) -> String {
    drawn(view, step, Closeness::Full, scene)
}

fn drawn(view: &RequestView, step: &StepView, closeness: Closeness, scene: &Scene<'_>) -> String {
    let what = match closeness {
        Closeness::Full => title(&step.step.desired.spec, 64, scene),
        Closeness::Short => title(&step.step.desired.spec, 32, scene),
        Closeness::OnlyId => code(step.step.desired.id.as_str(), 24),
    };
    let given_up = matches!(view.request.state, RequestState::Cancelled | RequestState::Rejected)
        && match step.state {
            StepState::Pending => !matches!(step.step.action, Action::Keep { .. }),
            StepState::Waiting { .. } | StepState::Held { .. } | StepState::Retrying { .. } => true,
            StepState::Running { .. } | StepState::Failed { .. } | StepState::Done { .. } => false,
        };
    let (mark, how) = if given_up {
        (mark(&StepState::Pending), scene.word("step.given-up"))
    } else {
        (mark(&step.state), stands(step, closeness == Closeness::Full, scene))
    };
    let (mark, how) = (Value::from_safe_string(mark.to_owned()), Value::from_safe_string(how));
    scene.say("step.line", context! { mark, what, how })
}

/// How a step stands, in words.
fn stands(step: &StepView, fully: bool, scene: &Scene<'_>) -> String {
    match &step.state {
        StepState::Pending => action_word(&step.step.action, scene),
        StepState::Running { since, .. } if fully => {
            scene.say("step.running-since", context! { since => moment(*since, 'R') })
        }
        StepState::Running { .. } => scene.word("step.running"),
        StepState::Waiting { until: Some(until), .. } if fully => {
            scene.say("step.waiting-until", context! { until => moment(*until, 't') })
        }
        StepState::Waiting { on, .. } if fully => scene.say("step.waiting-on", context! { on => short(on, scene) }),
        StepState::Waiting { .. } => scene.word("step.waiting"),
        StepState::Held { step, .. } if fully => {
            let gate = step.gate.as_ref();
            let n = gate.map_or(0, |gate| gate.approvals);
            let groups = scene.either(gate.map_or(&[], |gate| &gate.approvers));
            scene.say("step.held-by", context! { n, groups })
        }
        StepState::Held { .. } => scene.word("step.held"),
        StepState::Retrying { why, retry_at, failures } if fully => {
            let (why, at) = (short(why, scene), moment(*retry_at, 'R'));
            scene.say("step.retrying-why", context! { n => failures, why, at })
        }
        StepState::Retrying { .. } => scene.word("step.retrying"),
        StepState::Failed { .. } => scene.word("step.failed"),
        StepState::Done { did, .. } => did_word(*did, scene),
    }
}

fn short(made: &str, scene: &Scene<'_>) -> Value {
    Value::from_safe_string(text::escape(&scene.phrase(made), 120))
}

/// The lines of all steps. Of many, those that are done and those that are not begun are counted; what is under way, waits or
/// failed always has its line.
pub fn lines(view: &RequestView, scene: &Scene<'_>) -> Vec<String> {
    let all: Vec<&StepView> = view.steps.iter().collect();
    let full = draw(view, &all, Closeness::Full, scene);
    if all.len() <= UNFOLDED && long(&full) <= LONGEST {
        return full;
    }
    let is_done = |step: &&&StepView| matches!(step.state, StepState::Done { .. });
    let is_pending = |step: &&&StepView| matches!(step.state, StepState::Pending);
    let shown: Vec<&StepView> = all.iter().filter(|step| !is_done(step) && !is_pending(step)).copied().collect();
    let (done, pending) = (all.iter().filter(is_done).count(), all.iter().filter(is_pending).count());
    let mut lines = Vec::new();
    if done > 0 {
        lines.push(scene.say("step.folded-done", context! { n => done, counts => counts(&all, scene) }));
    }
    let closeness = [Closeness::Full, Closeness::Short, Closeness::OnlyId];
    let fits = |lines: &Vec<String>| long(lines) <= LONGEST;
    let drawn = closeness.iter().map(|closeness| draw(view, &shown, *closeness, scene)).find(fits);
    lines.extend(drawn.unwrap_or_else(|| draw(view, &shown, Closeness::OnlyId, scene)));
    if pending > 0 {
        lines.push(scene.say("step.folded-pending", context! { n => pending }));
    }
    lines
}

fn draw(view: &RequestView, steps: &[&StepView], closeness: Closeness, scene: &Scene<'_>) -> Vec<String> {
    steps.iter().map(|step| drawn(view, step, closeness, scene)).collect()
}

fn long(lines: &[String]) -> usize {
    lines.iter().map(|line| width(line) + 1).sum()
}

/// How many steps came to what: `3 made, 2 kept`.
fn counts(steps: &[&StepView], scene: &Scene<'_>) -> Value {
    let kinds = [Did::Created, Did::Adopted, Did::Updated, Did::Removed, Did::Seen, Did::Kept];
    let counts: Vec<String> = kinds
        .into_iter()
        .filter_map(|kind| {
            let n =
                steps.iter().filter(|step| matches!(step.state, StepState::Done { did, .. } if did == kind)).count();
            let did = Value::from_safe_string(did_word(kind, scene));
            (n > 0).then(|| scene.say("step.count", context! { n, did }))
        })
        .collect();
    Value::from_safe_string(counts.join(&scene.word("list.and")))
}

/// How far it is: a bar of ten, and the numbers.
pub fn progress(view: &RequestView, scene: &Scene<'_>) -> String {
    let all = view.steps.len();
    let done = view.steps.iter().filter(|step| matches!(step.state, StepState::Done { .. })).count();
    let filled = (done * 10).checked_div(all).unwrap_or(10);
    let bar = Value::from_safe_string(format!("{}{}", "▰".repeat(filled), "▱".repeat(10 - filled)));
    scene.say("card.progress", context! { bar, done, all })
}
