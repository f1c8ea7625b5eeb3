//! Options as somebody filled them in, held against the schema that the bot registered.

use serde_json::{Value, json};

use super::people::Filled;

/// What a command that is sent carries: known options, right types, required ones there, choices and limits kept.
pub(super) fn checked(command: &Value, filled: &[Filled]) -> Result<Vec<Value>, String> {
    let known = schema(command);
    if let Some(missing) = known.iter().find(|option| option["required"] == true && find(filled, option).is_none()) {
        return Err(format!("{}: this option is required", name(missing)));
    }
    let mut options = Vec::new();
    for (one, option) in pairs(command, filled)? {
        let value = value(option, &one.value)?;
        limits(option, &value)?;
        options.push(json!({ "name": one.name, "type": option["type"], "value": value }));
    }
    Ok(options)
}

/// What an autocomplete carries: known options as far as they are typed, one of them in focus and with autocomplete.
pub(super) fn typed(command: &Value, filled: &[Filled]) -> Result<Vec<Value>, String> {
    let pairs = pairs(command, filled)?;
    match pairs.iter().filter(|(one, _)| one.focused).collect::<Vec<_>>().as_slice() {
        [(_, option)] if option["autocomplete"] == true => {}
        [(one, _)] => return Err(format!("{}: this option has no autocomplete", one.name)),
        _ => return Err("exactly one option is being typed".to_owned()),
    }
    let option = |(one, option): &(&Filled, &Value)| {
        let mut typed = json!({ "name": one.name, "type": option["type"], "value": one.value });
        if one.focused {
            typed["focused"] = json!(true);
        }
        typed
    };
    Ok(pairs.iter().map(option).collect())
}

/// An interaction's data for a command.
pub(super) fn data(command: &Value, options: Vec<Value>) -> Value {
    let mut data = json!({
        "id": command["id"], "name": command["name"], "type": 1, "guild_id": command["guild_id"],
    });
    // Discord leaves the list out where it is empty.
    if !options.is_empty() {
        data["options"] = json!(options);
    }
    data
}

fn schema(command: &Value) -> &[Value] {
    command["options"].as_array().map_or(&[], Vec::as_slice)
}

fn name(option: &Value) -> &str {
    option["name"].as_str().unwrap_or_default()
}

fn find<'a>(filled: &'a [Filled], option: &Value) -> Option<&'a Filled> {
    filled.iter().find(|one| option["name"] == one.name.as_str())
}

/// Each option that was filled in, with its schema.
fn pairs<'a>(command: &'a Value, filled: &'a [Filled]) -> Result<Vec<(&'a Filled, &'a Value)>, String> {
    let mut pairs: Vec<(&Filled, &Value)> = Vec::new();
    for one in filled {
        let option = schema(command).iter().find(|option| option["name"] == one.name.as_str());
        let option = option.ok_or_else(|| format!("the command has no option {}", one.name))?;
        if pairs.iter().any(|(other, _)| other.name == one.name) {
            return Err(format!("{}: given twice", one.name));
        }
        pairs.push((one, option));
    }
    Ok(pairs)
}

/// The value in the option's type; a text field of a page gives numbers as text.
fn value(option: &Value, value: &Value) -> Result<Value, String> {
    let text = value.as_str();
    let right = match option["type"].as_u64() {
        Some(3) => text.map(|text| json!(text)),
        Some(4) => value.as_i64().or_else(|| text?.trim().parse().ok()).map(|number| json!(number)),
        Some(5) => value.as_bool().or_else(|| text?.trim().parse().ok()).map(|yes| json!(yes)),
        Some(10) => value.as_f64().or_else(|| text?.trim().parse().ok()).map(|number| json!(number)),
        _ => None,
    };
    right.ok_or_else(|| format!("{}: not a value of this option's type", name(option)))
}

fn limits(option: &Value, value: &Value) -> Result<(), String> {
    let wrong = |why: String| Err(format!("{}: {why}", name(option)));
    let choices = option["choices"].as_array().map_or(&[][..], Vec::as_slice);
    if !choices.is_empty() && !choices.iter().any(|choice| choice["value"] == *value) {
        return wrong("not one of the choices".to_owned());
    }
    if let Some(text) = value.as_str() {
        let count = text.chars().count() as u64;
        // Discord sends no empty text, and at most 6000 characters.
        let least = option["min_length"].as_u64().unwrap_or(0).max(1);
        let most = option["max_length"].as_u64().unwrap_or(6000);
        if !(least..=most).contains(&count) {
            return wrong(format!("must be between {least} and {most} in length"));
        }
    }
    if let Some(number) = value.as_f64() {
        let least = option["min_value"].as_f64().unwrap_or(f64::NEG_INFINITY);
        let most = option["max_value"].as_f64().unwrap_or(f64::INFINITY);
        if !(least..=most).contains(&number) {
            return wrong(format!("must be between {least} and {most}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Value {
        json!({ "id": "7", "name": "onboard", "guild_id": "1", "options": [
            { "type": 3, "name": "project", "required": true, "autocomplete": true, "max_length": 5 },
            { "type": 3, "name": "which", "choices": [{ "name": "Mine", "value": "mine" }] },
            { "type": 4, "name": "count", "min_value": 1, "max_value": 3 },
        ] })
    }

    fn of(filled: &[Filled]) -> Result<Vec<Value>, String> {
        checked(&command(), filled)
    }

    #[test]
    fn options_are_held_against_the_registered_schema() {
        let project = Filled::text("project", "x");
        assert_eq!(
            of(std::slice::from_ref(&project)).expect("all that is required"),
            [json!({ "name": "project", "type": 3, "value": "x" })]
        );
        let count = Filled::text("count", "2");
        assert_eq!(of(&[project.clone(), count]).expect("a number typed as text")[1]["value"], 2);
        for wrong in [
            vec![],
            vec![project.clone(), Filled::text("colour", "red")],
            vec![project.clone(), project.clone()],
            vec![Filled::text("project", "")],
            vec![Filled::text("project", "xxxxxx")],
            vec![project.clone(), Filled::text("which", "his")],
            vec![project.clone(), Filled::text("count", "4")],
            vec![project.clone(), Filled::text("count", "two")],
        ] {
            assert!(of(&wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn one_option_is_typed_and_has_autocomplete() {
        let typed = |filled: &[Filled]| typed(&command(), filled);
        let options = typed(&[Filled::typing("project", "")]).expect("nothing is typed yet");
        assert_eq!(options, [json!({ "name": "project", "type": 3, "value": "", "focused": true })]);
        typed(&[Filled::typing("which", "m")]).expect_err("it has choices");
        typed(&[Filled::text("project", "x")]).expect_err("none is typed");
    }
}
