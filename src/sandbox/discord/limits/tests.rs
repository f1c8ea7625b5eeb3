//! Every limit at its edge: what just fits passes, one more is refused with Discord's code at its place.

use serde_json::{Value, json};

use super::*;

/// The codes that a check gives, each with its place.
fn found(check: impl FnOnce(&mut Wrong)) -> Vec<String> {
    fn walk(tree: &Value, at: &str, found: &mut Vec<String>) {
        for (key, value) in tree.as_object().into_iter().flatten() {
            if key == "_errors" {
                found.extend(
                    value
                        .as_array()
                        .into_iter()
                        .flatten()
                        .map(|one| format!("{at}: {}", one["code"].as_str().unwrap_or_default())),
                );
            } else {
                walk(value, &join(at, key), found);
            }
        }
    }
    let mut wrong = Wrong::default();
    check(&mut wrong);
    let mut codes = Vec::new();
    if let Err(refusal) = wrong.refuse() {
        assert_eq!((refusal.status, refusal.code), (400, 50_035));
        walk(&refusal.errors.expect("a tree"), "", &mut codes);
    }
    codes.sort();
    codes
}

fn of(body: Value) -> Vec<String> {
    found(|wrong| message(&body, "", wrong))
}

fn long(count: usize) -> String {
    "玄".repeat(count)
}

fn row(parts: Value) -> Value {
    json!({ "components": [{ "type": 1, "components": parts }] })
}

fn button(id: &str) -> Value {
    json!({ "type": 2, "style": 1, "label": "Approve", "custom_id": id })
}

#[test]
fn texts_and_embeds() {
    let none: Vec<String> = Vec::new();
    assert_eq!(of(json!({ "content": long(2000) })), none);
    assert_eq!(of(json!({ "content": long(2001) })), ["content: BASE_TYPE_MAX_LENGTH"]);
    assert_eq!(of(json!({ "embeds": vec![json!({ "title": "x" }); 10] })), none);
    assert_eq!(of(json!({ "embeds": vec![json!({ "title": "x" }); 11] })), ["embeds: BASE_TYPE_BAD_LENGTH"]);
    for (part, most) in [("title", 256), ("description", 4096)] {
        assert_eq!(of(json!({ "embeds": [{ part: long(most) }] })), none);
        assert_eq!(
            of(json!({ "embeds": [{ part: long(most + 1) }] })),
            [format!("embeds.0.{part}: BASE_TYPE_MAX_LENGTH")]
        );
    }
    assert_eq!(
        of(json!({ "embeds": [{ "footer": { "text": long(2049) }, "author": { "name": long(257) } }] })),
        ["embeds.0.author.name: BASE_TYPE_BAD_LENGTH", "embeds.0.footer.text: BASE_TYPE_MAX_LENGTH"]
    );
    let field =
        |name: usize, value: usize| json!({ "embeds": [{ "fields": [{ "name": long(name), "value": long(value) }] }] });
    assert_eq!(of(field(256, 1024)), none);
    assert_eq!(of(field(257, 1)), ["embeds.0.fields.0.name: BASE_TYPE_BAD_LENGTH"]);
    assert_eq!(of(field(1, 1025)), ["embeds.0.fields.0.value: BASE_TYPE_BAD_LENGTH"]);
    assert_eq!(of(field(1, 0)), ["embeds.0.fields.0.value: BASE_TYPE_BAD_LENGTH"]);
    let fields = |count: usize| json!({ "embeds": [{ "fields": vec![json!({ "name": "n", "value": "v" }); count] }] });
    assert_eq!(of(fields(25)), none);
    assert_eq!(of(fields(26)), ["embeds.0.fields: BASE_TYPE_BAD_LENGTH"]);
    let two = |rest: usize| json!({ "embeds": [{ "description": long(4000) }, { "description": long(rest) }] });
    assert_eq!(of(two(2000)), none, "6000 characters in all embeds together");
    assert_eq!(of(two(2001)), ["embeds: MAX_EMBED_SIZE_EXCEEDED"]);
}

#[test]
fn buttons_and_selects() {
    let none: Vec<String> = Vec::new();
    let buttons = |count: usize| row((0..count).map(|number| button(&number.to_string())).collect());
    assert_eq!(of(buttons(5)), none);
    assert_eq!(of(buttons(6)), ["components.0.components: COMPONENT_LAYOUT_WIDTH_EXCEEDED"]);
    let rows = |count: usize| {
        let row = |number: usize| json!({ "type": 1, "components": [button(&number.to_string())] });
        json!({ "components": (0..count).map(row).collect::<Vec<_>>() })
    };
    assert_eq!(of(rows(5)), none);
    assert_eq!(of(rows(6)), ["components: BASE_TYPE_BAD_LENGTH"]);
    let id = "components.0.components.0.custom_id";
    assert_eq!(of(row(json!([button(&long(100))]))), none);
    assert_eq!(of(row(json!([button(&long(101))]))), [format!("{id}: BASE_TYPE_BAD_LENGTH")]);
    assert_eq!(of(row(json!([button("")]))), [format!("{id}: BASE_TYPE_BAD_LENGTH")]);
    assert_eq!(
        of(row(json!([button("a"), button("a")]))),
        ["components.0.components.1.custom_id: COMPONENT_CUSTOM_ID_DUPLICATED"]
    );
    let labelled = |label: String| row(json!([{ "type": 2, "style": 1, "label": label, "custom_id": "a" }]));
    assert_eq!(of(labelled(long(80))), none);
    assert_eq!(of(labelled(long(81))), ["components.0.components.0.label: BASE_TYPE_MAX_LENGTH"]);
    assert_eq!(of(labelled(String::new())), ["components.0.components.0: BUTTON_COMPONENT_INVALID_LABEL_OR_EMOJI"]);
    let select = |count: usize| {
        let option = |number: usize| json!({ "label": "l", "value": number.to_string() });
        row(json!([{ "type": 3, "custom_id": "s", "options": (0..count).map(option).collect::<Vec<_>>() }]))
    };
    assert_eq!(of(select(25)), none);
    assert_eq!(of(select(26)), ["components.0.components.0.options: BASE_TYPE_BAD_LENGTH"]);
    assert_eq!(of(row(json!([]))), ["components.0.components: BASE_TYPE_BAD_LENGTH"]);
    assert_eq!(of(row(json!([{ "type": 17 }]))), ["components.0.components.0.type: BASE_TYPE_CHOICES"]);
}

#[test]
fn forms_and_choices() {
    let none: Vec<String> = Vec::new();
    let of = |title: usize, label: usize, rows: usize| {
        let row = |number: usize| {
            let input = json!({ "type": 4, "custom_id": number.to_string(), "style": 1, "label": long(label) });
            json!({ "type": 1, "components": [input] })
        };
        let rows: Vec<Value> = (0..rows).map(row).collect();
        let data = json!({ "custom_id": "m", "title": long(title), "components": rows });
        found(|wrong| modal(&data, wrong))
    };
    assert_eq!(of(45, 45, 5), none);
    assert_eq!(of(46, 1, 1), ["data.title: BASE_TYPE_BAD_LENGTH"]);
    assert_eq!(of(1, 46, 1), ["data.components.0.components.0.label: BASE_TYPE_BAD_LENGTH"]);
    assert_eq!(of(1, 1, 6), ["data.components: BASE_TYPE_BAD_LENGTH"]);
    assert_eq!(of(1, 1, 0), ["data.components: BASE_TYPE_BAD_LENGTH"]);
    let offered = |count: usize, text: usize| {
        let data = json!({ "choices": vec![json!({ "name": long(text), "value": long(text) }); count] });
        found(|wrong| choices(&data, wrong))
    };
    assert_eq!(offered(25, 100), none);
    assert_eq!(offered(26, 1), ["data.choices: BASE_TYPE_BAD_LENGTH"]);
    assert_eq!(offered(1, 101).len(), 2, "the name and the value");
}

#[test]
fn registered_commands() {
    let none: Vec<String> = Vec::new();
    let of = |command: Value| found(|wrong| commands(&[command], wrong));
    let command = |name: &str| json!({ "name": name, "description": "d" });
    for good in ["onboard", "オンボード", "a-b_c", &"a".repeat(32)] {
        assert_eq!(of(command(good)), none, "{good}");
    }
    for bad in ["Onboard", "on board", "a/b", &"a".repeat(33), ""] {
        assert!(of(command(bad)).contains(&"0.name: APPLICATION_COMMAND_INVALID_NAME".to_owned()), "{bad}");
    }
    let described = |count: usize| of(json!({ "name": "a", "description": long(count) }));
    assert_eq!(described(100), none);
    assert_eq!(described(101), ["0.description: BASE_TYPE_BAD_LENGTH"]);
    let option =
        |name: &str, required: bool| json!({ "type": 3, "name": name, "description": "d", "required": required });
    let with = |options: Vec<Value>| of(json!({ "name": "a", "description": "d", "options": options }));
    assert_eq!(with(vec![option("a", true), option("b", false)]), none);
    assert_eq!(
        with(vec![option("a", false), option("b", true)]),
        ["0.options.1: APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"]
    );
    assert_eq!(
        with((0..26).map(|number| option(&format!("o{number}"), false)).collect()),
        ["0.options: BASE_TYPE_BAD_LENGTH"]
    );
    let mut many = option("a", true);
    many["choices"] = json!(vec![json!({ "name": "n", "value": "v" }); 26]);
    assert_eq!(with(vec![many]), ["0.options.0.choices: BASE_TYPE_BAD_LENGTH"]);
    let localised =
        json!({ "name": "a", "description": "d", "description_localizations": { "jp": "x", "ja": long(101) } });
    assert_eq!(
        of(localised),
        ["0.description_localizations.ja: BASE_TYPE_BAD_LENGTH", "0.description_localizations.jp: BASE_TYPE_CHOICES"]
    );
    let mut large = option("a", true);
    large["choices"] = json!(vec![json!({ "name": long(100), "value": long(100) }); 25]);
    let larger = |name: &str| {
        let mut one = large.clone();
        one["name"] = json!(name);
        one
    };
    assert_eq!(with(vec![larger("x"), larger("y")]), ["0: APPLICATION_COMMAND_TOO_LARGE"]);
}

#[test]
fn what_discord_lets_pass_and_a_careful_bot_does_not_send() {
    let quiet = json!({ "content": "x", "allowed_mentions": { "parse": [] } });
    assert_eq!(lints("POST message", &quiet), Vec::<String>::new());
    assert_eq!(lints("PATCH @original", &json!({ "content": "x" })).len(), 1, "mentions are left open");
    assert_eq!(
        lints("PATCH @original", &json!({ "contents": "x", "allowed_mentions": { "parse": [] } })),
        ["a message has no field contents"]
    );
    assert_eq!(lints("POST callback", &json!({ "type": 5, "data": { "attachments": [] } })), Vec::<String>::new());
    assert_eq!(lints("POST callback", &json!({ "type": 5, "data": { "content": "lost" } })).len(), 1);
}
