//! The commands against Discord's limits (Application Commands: names, options, 8,000 characters in all), and against themselves.

use regex::Regex;
use serde_json::json;

use super::*;

fn all() -> Vec<Value> {
    let Value::Array(all) = body(&serde_json::to_value(commands()).unwrap()) else { panic!("it is a list") };
    all
}

fn options(command: &Value) -> &[Value] {
    command["options"].as_array().map_or(&[], Vec::as_slice)
}

fn localised<'v>(of: &'v Value, what: &str) -> Vec<&'v str> {
    let others = of[format!("{what}_localizations")].as_object().into_iter().flat_map(|all| all.values());
    std::iter::once(&of[what]).chain(others).map(|text| text.as_str().unwrap()).collect()
}

#[test]
fn the_commands_are_these_with_these_options() {
    let told: Vec<String> = all()
        .iter()
        .map(|command| {
            let options = options(command).iter().map(|option| {
                let name = option["name"].as_str().unwrap();
                let complete = if option["autocomplete"] == true { "…" } else { "" };
                if option["required"] == true { format!(" {name}{complete}") } else { format!(" [{name}{complete}]") }
            });
            format!("/{}{}", command["name"].as_str().unwrap(), options.collect::<String>())
        })
        .collect();
    assert_eq!(
        told,
        [
            "/onboard project… environment… [repository] [adopt…]",
            "/teardown project… environment…",
            "/status [project…] [environment…]",
            "/requests [which]",
            "/show request…",
            "/retry request…",
            "/cancel request…",
            "/approvals",
            "/help",
        ]
    );
    let which = &all()[3]["options"][0];
    let values: Vec<&Value> = which["choices"].as_array().unwrap().iter().map(|choice| &choice["value"]).collect();
    assert_eq!(values, ["mine", "waiting", "all"]);
}

#[test]
fn names_and_descriptions_are_within_discords_limits_in_every_language() {
    let name = Regex::new(r"^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$").unwrap();
    let check = |of: &Value| {
        for text in localised(of, "name") {
            assert!(name.is_match(text) && text == text.to_lowercase(), "{text}");
        }
        for text in localised(of, "description") {
            assert!((1..=100).contains(&text.chars().count()), "{text}");
        }
        for locale in ["en-US", "en-GB", "ja"] {
            assert!(of["description_localizations"][locale].is_string(), "{of} says nothing in {locale}");
        }
    };
    let all = all();
    assert!(all.len() <= 100);
    for command in &all {
        check(command);
        let options = options(command);
        assert!(options.len() <= 25);
        let mut names: Vec<Vec<&str>> = Vec::new();
        for option in options {
            check(option);
            for choice in option["choices"].as_array().into_iter().flatten() {
                let names = localised(choice, "name");
                assert!(names.iter().all(|text| (1..=100).contains(&text.chars().count())), "{choice}");
                assert!(choice["name_localizations"]["ja"].is_string(), "{choice}");
            }
            assert!(!(option["autocomplete"] == true && option["choices"].is_array()), "{option} has both");
            names.push(localised(option, "name"));
        }
        let required: Vec<bool> = options.iter().map(|option| option["required"] == true).collect();
        assert!(required.is_sorted_by(|one, next| one >= next), "{command}: required options come first");
    }
}

/// 8,000 characters in names, descriptions and values, the longest localisation counting.
#[test]
fn no_command_is_too_long_in_all() {
    fn length(of: &Value) -> usize {
        let longest = |what| localised(of, what).iter().map(|text| text.chars().count()).max().unwrap_or(0);
        let own = longest("name") + if of["description"].is_string() { longest("description") } else { 0 };
        let value = of["value"].as_str().map_or(0, str::len);
        let inner = ["options", "choices"].iter().flat_map(|list| of[*list].as_array().into_iter().flatten());
        own + value + inner.map(length).sum::<usize>()
    }
    for command in all() {
        let length = length(&command);
        assert!((10..=8000).contains(&length), "{}: {length}", command["name"]);
    }
}

/// What Discord sends back for a command: ids, versions, its own defaults, nulls.
fn as_discord_has_it(wanted: &[Value]) -> Value {
    let mut there: Vec<Value> = wanted.to_vec();
    for (at, command) in there.iter_mut().enumerate() {
        for (key, value) in json!({"id": format!("7{at}"), "application_id": "5", "version": "9", "guild_id": "1",
            "default_member_permissions": null, "nsfw": false, "integration_types": [0], "contexts": null, "type": 1})
        .as_object()
        .unwrap()
        {
            command[key] = value.clone();
        }
        for option in command.get_mut("options").and_then(Value::as_array_mut).into_iter().flatten() {
            if option["required"].is_null() {
                option["required"] = false.into();
            }
            option["min_value"] = Value::Null;
        }
    }
    there.reverse();
    Value::Array(there)
}

#[test]
fn what_discord_adds_makes_no_difference() {
    let wanted = all();
    assert!(same(&as_discord_has_it(&wanted), &Value::Array(wanted.clone())));
    assert!(!same(&json!([]), &Value::Array(wanted)));
}

#[test]
fn whatever_is_meant_makes_a_difference() {
    let wanted = all();
    let changes: [fn(&mut Value); 8] = [
        |all| all[0]["description"] = "other".into(),
        |all| all[0]["description_localizations"]["ja"] = "other".into(),
        |all| drop(all[0].as_object_mut().unwrap().remove("description_localizations")),
        |all| all[0]["options"][0]["required"] = false.into(),
        |all| all[0]["options"].as_array_mut().unwrap().swap(0, 1),
        |all| all[3]["options"][0]["choices"][0]["value"] = "other".into(),
        |all| all[0]["default_member_permissions"] = "0".into(),
        |all| drop(all.as_array_mut().unwrap().pop()),
    ];
    for (at, change) in changes.iter().enumerate() {
        let mut there = Value::Array(wanted.clone());
        change(&mut there);
        assert!(!same(&there, &Value::Array(wanted.clone())), "change {at}");
    }
}
