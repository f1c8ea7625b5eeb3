//! A plan before it is a request: what a teardown would take away, what stands in the way of an onboarding.

use minijinja::{Value, context};
use serenity::builder::CreateButton;

use super::card::{failure, note_line};
use super::drawn::{Drawn, Press};
use super::sheet::{Colour, Sheet};
use super::steps::{self, title};
use super::text;
use super::words::Scene;
use crate::model::plan::Direction;
use crate::model::{Action, Plan, Step};

/// What a teardown would do, with the buttons that begin it: one that keeps data, and one that destroys it where there is some.
/// `with_data`: the same teardown if data were destroyed too, where that makes a difference.
pub fn teardown(plan: &Plan, with_data: Option<&Plan>, scene: &Scene<'_>) -> Drawn {
    let with_data = with_data.filter(|with_data| destroys(with_data).next().is_some());
    let keeps = plan.blocked().next().is_none() && !plan.is_done();
    let destroys_too = with_data.is_some_and(|with_data| with_data.blocked().next().is_none());
    let colour = if destroys_too { Colour::Red } else { Colour::Amber };
    let mut sheet = sheet(plan, "preview.teardown", colour, scene);
    sheet.line(&scene.say("preview.asks", context! { keeps, destroys => destroys_too }));
    sheet.line("");
    sheet.line(&place(plan, scene));
    let line = |step: &Step| scene.say("result.line", context! { what => title(&step.desired.spec, 100, scene) });
    let goes: Vec<String> =
        plan.steps.iter().filter(|step| matches!(step.action, Action::Remove { .. })).map(line).collect();
    sheet.field(&scene.word("preview.goes"), &goes);
    let lost: Vec<String> =
        with_data.map(|with_data| destroys(with_data).map(|step| lost(step, scene)).collect()).unwrap_or_default();
    sheet.field(&scene.word("preview.lost"), &lost);
    // What is only in the way because it holds data is told above, where it can be destroyed.
    let is_lost = |step: &&Step| {
        with_data.is_some_and(|with_data| destroys(with_data).any(|lost| lost.desired.id == step.desired.id))
    };
    in_the_way(&mut sheet, plan.blocked().filter(|step| !is_lost(step)), scene);
    sheet.field(&scene.word("result.kept"), &kept(plan, scene));
    sheet.field(&scene.word("card.notes"), &notes(with_data.unwrap_or(plan), scene));
    let press = |plan: &Plan, destroy: bool| {
        let (project, environment, digest) = (&plan.project, &plan.environment, plan.digest());
        Press::Teardown { project, environment, destroy, plan: &digest }.button(scene)
    };
    let buttons: Vec<CreateButton> =
        [keeps.then(|| press(plan, false)), with_data.filter(|_| destroys_too).map(|with_data| press(with_data, true))]
            .into_iter()
            .flatten()
            .collect();
    Drawn::sheet(sheet.embed(), buttons)
}

/// A plan that something stands in the way of: what, and what mends it. Nothing was begun.
pub fn blocked(plan: &Plan, scene: &Scene<'_>) -> Drawn {
    let mut sheet = sheet(plan, "preview.blocked", Colour::Red, scene);
    sheet.line(&scene.say("preview.nothing-begun", context! { n => plan.blocked().count() }));
    sheet.line("");
    sheet.line(&place(plan, scene));
    in_the_way(&mut sheet, plan.blocked(), scene);
    sheet.field(&scene.word("card.notes"), &notes(plan, scene));
    Drawn::sheet(sheet.embed(), vec![])
}

/// A plan with nothing to do: what is there.
pub fn nothing_to_do(plan: &Plan, scene: &Scene<'_>) -> Drawn {
    let key = match plan.direction {
        Direction::Onboard => "preview.all-there",
        Direction::Teardown => "preview.all-gone",
    };
    let mut sheet = sheet(plan, key, Colour::Green, scene);
    sheet.line(&scene.word("preview.no-request"));
    sheet.line("");
    sheet.line(&place(plan, scene));
    sheet.lines(&kept(plan, scene), 3000);
    sheet.field(&scene.word("card.notes"), &notes(plan, scene));
    Drawn::sheet(sheet.embed(), vec![])
}

fn sheet<'s>(plan: &Plan, key: &str, colour: Colour, scene: &'s Scene<'s>) -> Sheet<'s> {
    let direction = Value::from_safe_string(steps::direction_word(plan.direction, scene));
    let (project, environment) = (plan.project.as_str(), plan.environment.as_str());
    Sheet::new(scene, colour, scene.say(key, context! { direction, project, environment }), String::new())
}

fn place(plan: &Plan, scene: &Scene<'_>) -> String {
    let account = scene.account(plan, &plan.place.account);
    scene.say("card.place", context! { account, region => plan.place.region.as_str() })
}

fn destroys(plan: &Plan) -> impl Iterator<Item = &Step> {
    plan.steps.iter().filter(|step| matches!(&step.action, Action::Remove { contents } if !contents.is_empty()))
}

fn lost(step: &Step, scene: &Scene<'_>) -> String {
    let Action::Remove { contents } = &step.action else { return String::new() };
    let what = title(&step.desired.spec, 100, scene);
    scene.say("preview.lost-line", context! { what, amounts => scene.amounts(contents) })
}

/// What is kept or there already, each with the reason.
fn kept(plan: &Plan, scene: &Scene<'_>) -> Vec<String> {
    let kept = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Keep { why } => Some((step, why)),
        _ => None,
    });
    kept.map(|(step, why)| {
        let what = title(&step.desired.spec, 100, scene);
        let why = Value::from_safe_string(text::escape(&scene.phrase(why), 200));
        scene.say("result.stays", context! { what, why })
    })
    .collect()
}

/// A field with every step that stands in the way. What mends several is said once.
fn in_the_way<'p>(sheet: &mut Sheet<'_>, blocked: impl Iterator<Item = &'p Step>, scene: &Scene<'_>) {
    let mut said: Vec<&str> = vec![];
    for step in blocked {
        let Action::Blocked { why, mend } = &step.action else { continue };
        let kind = Value::from_safe_string(steps::kind_word(step.kind(), scene));
        let name = scene.say("card.failure", context! { kind, step => step.desired.id.as_str() });
        let mend = Some(mend.as_str()).filter(|mend| !said.contains(mend));
        said.extend(mend);
        sheet.field(&name, &failure(why, mend, 330, scene));
    }
}

fn notes(plan: &Plan, scene: &Scene<'_>) -> Vec<String> {
    plan.notes.iter().map(|note| note_line(note, scene)).collect()
}
