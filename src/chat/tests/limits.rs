//! No message is past Discord's limits, whatever a request holds; nothing is cut in the middle of a line; what needs somebody's
//! attention always has its line.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value as Json;

use super::made::{Made, at, bucket, plan, remove, repository, request, step, zone};
use super::reader::skeleton;
use super::{buttons, config, scene};
use crate::chat::drawn::Drawn;
use crate::chat::text::width;
use crate::chat::{approval, card, lists, preview};
use crate::model::plan::Direction;
use crate::model::run::Did;
use crate::model::{Action, Language, Outputs, Plan, RequestState, Spec, Step, StepState};
use crate::requests::show::RequestView;

/// Discord's reference: Message resource, "Embed Limits" and "Create Message"; Components.
fn within_limits(drawn: &Drawn) -> Result<(), String> {
    let json = serde_json::to_value(drawn).expect("a message can be written as JSON");
    let long = |json: &Json| json.as_str().map_or(0, width);
    let most =
        |what: &str, is: usize, most: usize| if is > most { Err(format!("{what}: {is} of {most}")) } else { Ok(()) };
    most("content", long(&json["content"]), 2000)?;
    let embeds = json["embeds"].as_array().cloned().unwrap_or_default();
    most("embeds", embeds.len(), 10)?;
    let mut total = 0;
    for embed in &embeds {
        let parts = [(&embed["title"], 256), (&embed["description"], 4096), (&embed["footer"]["text"], 2048)];
        for (part, limit) in parts {
            most("a part of an embed", long(part), limit)?;
            total += long(part);
        }
        let fields = embed["fields"].as_array().cloned().unwrap_or_default();
        most("fields", fields.len(), 25)?;
        for field in &fields {
            most("a field's name", long(&field["name"]), 256)?;
            most("a field's value", long(&field["value"]), 1024)?;
            if long(&field["name"]) == 0 || long(&field["value"]) == 0 {
                return Err(format!("an empty field: {field}"));
            }
            total += long(&field["name"]) + long(&field["value"]);
        }
    }
    most("all embeds", total, 6000)?;
    most("rows", json["components"].as_array().map_or(0, Vec::len), 5)?;
    let ids: Vec<&str> = buttons(&json).filter_map(|button| button["custom_id"].as_str()).collect();
    most("buttons", ids.len(), 5)?;
    for button in buttons(&json) {
        most("a button's label", long(&button["label"]), 80)?;
        most("a custom id", long(&button["custom_id"]), 100)?;
    }
    let mut different = ids.clone();
    different.dedup();
    if different.len() == ids.len() { Ok(()) } else { Err(format!("two buttons with one id: {ids:?}")) }
}

/// The texts of embeds that hold lines.
fn bodies(drawn: &Drawn) -> Vec<String> {
    let json = serde_json::to_value(drawn).expect("a message can be written as JSON");
    let embeds = json["embeds"].as_array().cloned().unwrap_or_default();
    let texts = embeds.iter().flat_map(|embed| {
        let fields = embed["fields"].as_array().cloned().unwrap_or_default();
        std::iter::once(embed["description"].clone()).chain(fields.into_iter().map(|field| field["value"].clone()))
    });
    texts.filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

/// A line that was cut would leave a code span, a time or a link open.
fn has_a_cut_line(drawn: &Drawn) -> Option<String> {
    bodies(drawn).into_iter().find(|text| {
        let marks = skeleton(text);
        let stars = marks.iter().filter(|mark| *mark == "*").count();
        marks.iter().any(|mark| mark.starts_with('`') || mark == "[") || stars % 4 != 0 || text.ends_with("<t:")
    })
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z ]{0,40}",
        ("[a-z*_`@<>|:/#-]{0,40}", 1..10usize).prop_map(|(text, times)| text.repeat(times)),
        ("[ぁ-ん漢字]{0,20}", 1..20usize).prop_map(|(text, times)| text.repeat(times)),
        ("[a-z0-9 .:/-]{20,30}", 50..100usize).prop_map(|(text, times)| text.repeat(times)),
        ("[a-z {}\"`:,-]{0,90}\n", 1..30usize).prop_map(|(line, times)| line.repeat(times)),
    ]
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z-]{3,63}", "[a-z/_.-]{25,32}".prop_map(|part| part.repeat(8))]
}

fn any_state() -> impl Strategy<Value = StepState> {
    let outputs = vec(("[a-z_]{2,20}", any_name()), 0..5).prop_map(|told| told.into_iter().collect::<Outputs>());
    let did = prop_oneof![Just(Did::Created), Just(Did::Kept), Just(Did::Seen), Just(Did::Removed), Just(Did::Updated)];
    prop_oneof![
        Just(StepState::Pending),
        Just(StepState::Running { since: at(1), failures: 0 }),
        any_text().prop_map(|on| StepState::Waiting { on, since: at(1), again_at: at(2), until: None }),
        Just(StepState::Waiting { on: String::new(), since: at(1), again_at: at(2), until: Some(at(3)) }),
        any_text().prop_map(|why| StepState::Retrying { why, retry_at: at(2), failures: 3 }),
        (any_text(), proptest::option::of(any_text())).prop_map(|(why, mend)| StepState::Failed {
            why,
            mend,
            at: at(2)
        }),
        (did, outputs).prop_map(|(did, outputs)| StepState::Done { did, outputs, at: at(2) }),
        // A mark: the step is to be held.
        Just(StepState::Held {
            step: Box::new(held()),
            digest: held().digest(),
            since: at(2),
            until: at(1442),
            note: None
        }),
    ]
}

fn held() -> Step {
    step("zone-association", "dev", zone("dev", Some("vpc-0123abcd")), Action::Create)
}

fn any_action() -> impl Strategy<Value = Action> {
    prop_oneof![
        Just(Action::Create),
        Just(Action::Await),
        any_text().prop_map(|why| Action::Keep { why }),
        (0..u64::MAX).prop_map(|n| remove(&[("objects", n), ("things", 2)])),
        (any_text(), any_text()).prop_map(|(why, mend)| Action::Blocked { why, mend }),
    ]
}

prop_compose! {
    fn any_request()(
        steps in vec((any_name(), any_action(), any_state(), any::<bool>()), 1..60),
        teardown in any::<bool>(),
        state in prop::sample::select(RequestState::ALL.to_vec()),
        by in any_text(),
        reason in proptest::option::of(any_text()),
        notes in vec(any_text(), 0..4),
    ) -> RequestView {
        let direction = if teardown { Direction::Teardown } else { Direction::Onboard };
        let mut plan = Plan { notes, steps: vec![], ..plan(direction, "dev") };
        let mut states = vec![];
        for (number, (name, action, state, is_bucket)) in steps.into_iter().enumerate() {
            let spec: Spec = if is_bucket { bucket(&name) } else { repository(&name) };
            let id = format!("step-{number}-with-a-long-name");
            plan.steps.push(match &state {
                StepState::Held { .. } => step(&id, "dev", zone("dev", Some("vpc-0123abcd")), Action::Create),
                _ => step(&id, "dev", spec, action),
            });
            states.push((id, state));
        }
        let mut view = request(plan);
        view.request.by.name = by.clone();
        for (id, state) in states {
            match state {
                StepState::Held { .. } => drop(view.is_held(&id)),
                state => {
                    view.is(&id, state);
                }
            }
        }
        if state != RequestState::Open {
            view.ended(state, Some(&by), reason.as_deref());
        }
        view
    }
}

fn check(drawn: &Drawn) {
    if let Err(why) = within_limits(drawn) {
        panic!("past Discord's limits: {why}");
    }
    assert_eq!(has_a_cut_line(drawn), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_request_holds_it_can_be_shown(view in any_request(), japanese in any::<bool>()) {
        let config = config();
        let scene = scene(&config, if japanese { Language::Japanese } else { Language::English });
        let shown = card::card(&view, &[], &scene);
        check(&shown);
        let lines = bodies(&shown)[0].lines().filter(|line| ["🔄", "⏳", "🔒", "🔁", "❌"].iter().any(|mark| line.starts_with(mark)) && line.contains(" · ")).count();
        let wanted = view.steps.iter().filter(|step| !matches!(step.state, StepState::Pending | StepState::Done { .. })).count();
        // One that has ended shows what it did; the rest was not done.
        let has_ended = matches!(view.request.state, RequestState::Done | RequestState::Cancelled | RequestState::Rejected);
        prop_assert!(has_ended || lines >= wanted, "{lines} of {wanted} steps that go on, wait or failed have a line");
        check(&lists::details(&view, &scene));
        check(&preview::teardown(&view.request.plan, Some(&view.request.plan), &scene));
        check(&preview::blocked(&view.request.plan, &scene));
        check(&preview::nothing_to_do(&view.request.plan, &scene));
        let listed: Vec<_> = (0..60).map(|_| (view.request.clone(), vec![view.request.by.name.clone()], None)).collect();
        check(&lists::requests(&listed, &scene));
        for (step, _) in view.held().take(2) {
            let question = approval::approval(&view, &view.question_of(step.desired.id.as_str()), None, &scene);
            check(&question.expect("it is held"));
        }
    }
}

#[test]
fn a_plan_of_forty_steps_is_folded_into_counted_lines() {
    let mut plan = plan(Direction::Onboard, "dev");
    plan.steps = (0..40)
        .map(|number| {
            step(&format!("bucket-{number}"), "dev", bucket(&format!("project-x-dev-{number}")), Action::Create)
        })
        .collect();
    let mut view = request(plan);
    view.done_up_to("bucket-25");
    view.is("bucket-25", StepState::Running { since: at(1), failures: 0 });
    view.is("bucket-26", StepState::Failed { why: "no".to_owned(), mend: None, at: at(1) });
    super::kept("card_forty_steps", |scene| super::readable(&card::card(&view, &[], scene)));
}
