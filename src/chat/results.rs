//! What came of a request: what a project was given, and how to go on; what a teardown took away, and what stays and why.

use minijinja::{Value, context};

use super::steps::{self, did_word};
use super::text::{self, code};
use super::words::Scene;
use crate::model::plan::Direction;
use crate::model::run::Did;
use crate::model::{Action, Outputs, RequestState, Spec, StepState};
use crate::requests::show::{RequestView, StepView};

/// A field's name and lines.
type Field = (String, Vec<String>);

/// How long an ARN, a URI or a name may be and still be shown whole: an ECR repository's name has up to 256 characters.
const LONG: usize = 330;

/// What came of it, as fields. While it goes on its steps tell that; what stays and why is told from the beginning.
pub fn results(view: &RequestView, scene: &Scene<'_>) -> Vec<Field> {
    match view.request.plan.direction {
        Direction::Onboard => onboarded(view, scene),
        Direction::Teardown => torn_down(view, scene),
    }
}

/// What there is now, with the names and ids that people need, and what they do next.
fn onboarded(view: &RequestView, scene: &Scene<'_>) -> Vec<Field> {
    if view.request.state == RequestState::Open {
        return vec![];
    }
    let project = view.request.plan.project.as_str();
    let there: Vec<String> = done(view).map(|(step, did, outputs)| given(step, did, outputs, scene)).collect();
    let mut fields = vec![(scene.say("result.there", context! { project }), there)];
    if view.request.state == RequestState::Done {
        fields.push((scene.word("result.next"), next(view, scene)));
    }
    fields
}

fn done(view: &RequestView) -> impl Iterator<Item = (&StepView, Did, &Outputs)> {
    view.steps.iter().filter_map(|step| match &step.state {
        StepState::Done { did, outputs, .. } => Some((step, *did, outputs)),
        _ => None,
    })
}

/// A resource with what it is called: the URI, the ARN, the id.
fn given(step: &StepView, did: Did, outputs: &Outputs, scene: &Scene<'_>) -> String {
    let told = |name: &str| outputs.get(name).map(String::as_str).filter(|told| !told.is_empty());
    let kind = Value::from_safe_string(steps::kind_word(step.step.kind(), scene));
    let did = Value::from_safe_string(did_word(did, scene));
    let id = match &step.step.desired.spec {
        Spec::ZoneAssociation(zone) => {
            let vpc = zone.vpc_id.as_ref().map(|vpc| vpc.as_str()).or(told("vpc_id")).unwrap_or_default();
            let (name, zone) = (code(&zone.zone_name, 120), code(zone.zone_id.as_str(), 32));
            return scene.say("result.zone", context! { kind, name, zone, vpc => code(vpc, 40), did });
        }
        Spec::SsmParameter(parameter) => {
            let (name, value) = (code(&parameter.name, 120), code(told("value").unwrap_or_default(), 120));
            return scene.say("result.parameter", context! { kind, name, value });
        }
        spec => code(told("uri").or(told("arn")).unwrap_or(&spec.name()), LONG),
    };
    scene.say("result.given", context! { kind, id, did })
}

/// What people do next with what is there.
fn next(view: &RequestView, scene: &Scene<'_>) -> Vec<String> {
    let plan = &view.request.plan;
    let mut lines = Vec::new();
    for (step, _, outputs) in done(view) {
        match &step.step.desired.spec {
            Spec::EcrRepository(_) => {
                let uri = outputs.get("uri").map(|uri| code(&format!("docker push {uri}:TAG"), LONG));
                lines.extend(uri.map(|command| scene.say("next.push", context! { command })));
            }
            Spec::ZoneAssociation(zone) => {
                let vpc = zone.vpc_id.as_ref().map_or("", |vpc| vpc.as_str());
                let values = context! { zone => code(&zone.zone_name, 120), vpc => code(vpc, 40) };
                lines.push(scene.say("next.resolve", values));
            }
            _ => {}
        }
    }
    let command = code(&format!("/status {} {}", plan.project, plan.environment), 80);
    lines.push(scene.say("next.status", context! { command }));
    lines
}

/// What went, what is still to go, what stays and why.
fn torn_down(view: &RequestView, scene: &Scene<'_>) -> Vec<Field> {
    let title = |step: &StepView| steps::title(&step.step.desired.spec, 100, scene);
    let line = |step: &StepView| scene.say("result.line", context! { what => title(step) });
    let of = |is: fn(&StepView) -> bool| view.steps.iter().filter(move |step| is(step));
    let went: Vec<String> =
        of(|step| matches!(step.state, StepState::Done { did: Did::Removed, .. })).map(line).collect();
    let stays = of(|step| matches!(step.step.action, Action::Keep { .. }));
    let stays: Vec<String> = stays
        .filter_map(|step| {
            let Action::Keep { why } = &step.step.action else { return None };
            let why = Value::from_safe_string(text::escape(&scene.phrase(why), 200));
            Some(scene.say("result.stays", context! { what => title(step), why }))
        })
        .collect();
    if view.request.state == RequestState::Open {
        return vec![(scene.word("result.kept"), stays)];
    }
    let ended_early = view.request.state != RequestState::Done;
    let is_left = |step: &&StepView| {
        matches!(step.step.action, Action::Remove { .. }) && !matches!(step.state, StepState::Done { .. })
    };
    let left: Vec<String> = view.steps.iter().filter(|step| ended_early && is_left(step)).map(line).collect();
    [("result.went", went), ("result.left", left), ("result.kept", stays)]
        .into_iter()
        .map(|(name, lines)| (scene.word(name), lines))
        .collect()
}
