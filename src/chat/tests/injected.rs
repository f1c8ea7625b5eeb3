//! Text from outside never means anything to Discord, wherever it is filled in: it is read back as one plain text.

use minijinja::Value;
use serde_json::Value as Json;

use super::made::{Made, at, bucket, keep, plan, request, step};
use super::reader::{shown, skeleton};
use super::words::holes;
use super::{config, scene};
use crate::chat::drawn::Drawn;
use crate::chat::text::{self, LONGEST, plain};
use crate::chat::{approval, card, lists, preview, said};
use crate::model::plan::Direction;
use crate::model::{Action, Language, RequestState, StepState};
use crate::requests::show::RequestView;

/// What somebody could try.
fn payloads() -> Vec<String> {
    let texts = [
        "@everyone",
        "@here",
        "<@&118000000000000302>",
        "<@118000000000000401>",
        "<@!118000000000000401>",
        "<#118000000000000201>",
        "</onboard:118000000000000001>",
        "<t:1700000000:R>",
        "<:ok:118000000000000001>",
        "<https://evil.example>",
        "[click](https://evil.example)",
        "https://evil.example/?a=b",
        "discord://-/evil",
        "**bold** _it_ __under__ ~~gone~~ ||spoiler||",
        "`code` ``more``",
        "```\nfence\n```",
        "``` `",
        "ends with a backslash \\",
        "\\`half escaped\\",
        "# heading",
        "-# small",
        "- list",
        "* list",
        "1. list",
        "> quote",
        ">>> quote",
        "one\n# two\n- three\n> four",
        "\u{1b}[31mred\u{1b}[0m",
        "\u{202A}a\u{202B}b\u{202D}c\u{202E}d\u{202C}e\u{2066}f\u{2067}g\u{2068}h\u{2069}",
        "zero\u{200B}width\u{200D}\u{FEFF}\u{2060}",
        "{{ by }} {% if %} {n}",
        "",
    ];
    let mut all: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    all.extend([
        "*".repeat(2000),
        "@everyone ".repeat(200),
        "`".repeat(2000),
        "あ".repeat(2000),
        "\u{202E}".repeat(2000),
    ]);
    all
}

/// Whether a text is nothing but what can be seen.
fn is_visible(text: &str) -> bool {
    !text.chars().any(|c| {
        c != '\n' && c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
    })
}

/// Which of the catalogue's values are always made by the program: addresses.
const OURS: [&str; 3] = ["link", "card", "roles"];

#[test]
fn every_template_shows_what_is_filled_in_as_one_plain_text() {
    let config = config();
    for (section, keys) in crate::chat::words::file().sections {
        for (key, said) in keys {
            let key = format!("{section}.{key}");
            let holes = holes(&said.en);
            for language in Language::ALL {
                let fill = |text: &str| {
                    let values = holes.iter().map(|name| {
                        (
                            name.clone(),
                            if OURS.contains(&name.as_str()) { Value::from(true) } else { Value::from(text) },
                        )
                    });
                    scene(&config, language).say(&key, Value::from_pairs(values))
                };
                let harmless = skeleton(&fill("harmless"));
                for payload in payloads().iter().filter(|payload| !payload.is_empty()) {
                    let text = fill(payload);
                    assert_eq!(skeleton(&text), harmless, "{key} in {language} with {payload:?}: {text}");
                    assert!(is_visible(&text), "{key}: {text:?}");
                    let seen = plain(payload);
                    let fits = text::width(&text::escape(payload, usize::MAX)) <= LONGEST;
                    let values = holes
                        .iter()
                        .any(|name| !OURS.contains(&name.as_str()) && said.en.contains(&format!("{{{{ {name} }}}}")));
                    assert!(
                        !fits || !values || shown(&text).iter().any(|part| part.contains(&seen)),
                        "{key} in {language} does not show {seen:?} as one text: {text}"
                    );
                }
            }
        }
    }
}

/// A request in which everything that can come from outside is `text`.
fn hostile(text: &str) -> Vec<RequestView> {
    let mut plan = plan(Direction::Onboard, "dev");
    for name in plan.accounts.values_mut() {
        *name = format!("a{text}");
    }
    plan.notes = vec![text.to_owned()];
    plan.steps[3].desired.spec = bucket(&format!("b{text}"));
    if let Some(gate) = &mut plan.steps[6].gate {
        gate.approvers = vec![format!("g{text}")];
    }
    let mut view = request(plan);
    view.request.by.name = format!("p{text}");
    view.done_up_to("batch-trigger-bucket");
    if let StepState::Done { outputs, .. } = &mut view.steps[3].state {
        outputs.insert("arn".to_owned(), format!("o{text}"));
        outputs.insert(format!("n{text}"), format!("o{text}"));
    }
    let mend = format!("first {text}\nsecond {text}");
    view.is("batch-trigger-bucket", StepState::Failed { why: text.to_owned(), mend: Some(mend), at: at(1) });
    view.is("vpc-id", StepState::Waiting { on: text.to_owned(), since: at(1), again_at: at(2), until: None });
    let mut ended = view.clone();
    ended.ended(RequestState::Rejected, Some(&format!("q{text}")), Some(&format!("r{text}")));
    view.is("repository", StepState::Retrying { why: text.to_owned(), retry_at: at(3), failures: 1 });
    let mut held = view.clone();
    held.is_held("zone-association");
    held.approved("zone-association", &format!("q{text}"));
    vec![view, held, ended]
}

fn drawings(text: &str, language: Language) -> Vec<Drawn> {
    let config = config();
    let scene = scene(&config, language);
    let mut drawn = Vec::new();
    for view in hostile(text) {
        drawn.push(card::card(&view, &[], &scene));
        drawn.push(lists::details(&view, &scene));
        drawn.push(lists::requests(&[(view.request.clone(), vec![text.to_owned()], None)], &scene));
        drawn.push(preview::nothing_to_do(&view.request.plan, &scene));
        for (step, _) in view.held() {
            drawn.extend(approval::approval(&view, &view.question_of(step.desired.id.as_str()), None, &scene));
        }
    }
    let mut blocked = plan(Direction::Teardown, "dev");
    blocked.steps[0] =
        step("bucket", "dev", bucket(text), Action::Blocked { why: text.to_owned(), mend: text.to_owned() });
    blocked.steps[1].action = keep(text);
    if let Action::Remove { contents } = &mut blocked.steps[3].action {
        contents.insert(format!("c{text}"), 3);
    }
    drawn.push(preview::teardown(&blocked, Some(&blocked), &scene));
    drawn.push(preview::blocked(&blocked, &scene));
    drawn.push(said::said(said::Said::Interrupted(text), &scene));
    drawn.push(said::said(said::Said::OtherName { typed: text, project: "project-x" }, &scene));
    drawn
}

/// Every text of a message in which markdown means something. A code block counts as one.
fn texts(drawn: &Drawn) -> Vec<String> {
    let json = serde_json::to_value(drawn).expect("a message can be written as JSON");
    let mut texts = vec![json["content"].clone()];
    for embed in json["embeds"].as_array().into_iter().flatten() {
        texts.extend([embed["title"].clone(), embed["description"].clone()]);
        for field in embed["fields"].as_array().into_iter().flatten() {
            texts.extend([field["name"].clone(), field["value"].clone()]);
        }
    }
    texts.iter().filter_map(Json::as_str).map(str::to_owned).collect()
}

#[test]
fn no_drawing_lets_a_text_from_outside_mean_anything() {
    for language in Language::ALL {
        let harmless: Vec<Vec<String>> = drawings("harmless", language).iter().map(markup).collect();
        for payload in payloads().iter().filter(|payload| payload.len() < 300 && !payload.is_empty()) {
            for (number, drawn) in drawings(payload, language).iter().enumerate() {
                // What mends something and has lines of its own is a block of code.
                let lines = payload.contains('\n');
                let marks = |marks: &[String]| {
                    marks.iter().filter(|mark| !lines || *mark != "code").cloned().collect::<Vec<_>>()
                };
                assert_eq!(
                    marks(&markup(drawn)),
                    marks(&harmless[number]),
                    "drawing {number} in {language} with {payload:?}"
                );
                assert!(texts(drawn).iter().all(|text| is_visible(text)), "{payload:?}");
            }
        }
        // What is too long changes what is shown, but never means anything.
        for payload in payloads().iter().filter(|payload| payload.len() >= 300) {
            for drawn in drawings(payload, language) {
                let foreign = markup(&drawn)
                    .into_iter()
                    .find(|mark| ["@", "`", "|", "~", "_", ">", "#"].contains(&mark.as_str()));
                assert_eq!(foreign, None, "{payload:?}");
            }
        }
    }
}

/// What means something, less the marks that a list of ours begins with and times.
fn markup(drawn: &Drawn) -> Vec<String> {
    texts(drawn).iter().flat_map(|text| skeleton(text)).collect()
}
