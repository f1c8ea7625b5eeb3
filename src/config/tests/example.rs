//! The example and the schemas: that they are well, complete and current.

use super::*;

#[test]
fn the_example_is_well() {
    let loaded = Config::parse(EXAMPLE, Path::new("config/example.toml")).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(loaded.warnings, []);
    assert_eq!(loaded.config.accounts.len(), 6);
    assert_eq!(loaded.config.store.url, "sqlite:config/genkan.db");
}

#[test]
fn the_example_shows_the_defaults() {
    let example = parse(EXAMPLE).unwrap().config;
    assert_eq!(example.limits, Limits::default());
    let small = config(&[]);
    assert_eq!(small.secret.name, example.secret.name);
    assert_eq!(small.sessions.minutes, example.sessions.minutes);
    assert_eq!(small.store.url, example.store.url);
    let (shown, default) = (&example.accounts["platform-dev"], &small.accounts["platform"]);
    assert_eq!(
        (&shown.reader, &shown.writer, &shown.authoriser),
        (&default.reader, &default.writer, &default.authoriser)
    );
    assert_eq!((shown.session_tags, shown.source_identity), (default.session_tags, default.source_identity));
    let dev = "dev".parse().unwrap();
    let (shown, default) = (&example.environments[&dev], &small.environments[&dev]);
    assert_eq!(shown.blueprint, default.blueprint);
    assert_eq!((shown.approvals, shown.approvals_to_destroy), (default.approvals, default.approvals_to_destroy));
}

/// Every setting of the schema stands in the example, or stands there as a comment.
#[test]
fn the_example_names_every_setting() {
    fn settings(schema: &serde_json::Value, into: &mut Vec<String>) {
        match schema {
            serde_json::Value::Object(fields) => {
                for (key, inner) in fields {
                    if let ("properties", Some(properties)) = (key.as_str(), inner.as_object()) {
                        into.extend(properties.keys().cloned());
                    }
                    settings(inner, into);
                }
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| settings(item, into)),
            _ => {}
        }
    }
    let mut all = Vec::new();
    settings(&Config::schema(), &mut all);
    // Services share one default and are named where theirs differs.
    all.retain(|name| !Limits::SERVICES.contains(&name.as_str()));
    assert!(all.len() > 35, "the settings are found in the schema: {all:?}");
    for name in all {
        let shown = EXAMPLE.lines().any(|line| {
            let line = line.trim_start_matches("# ");
            line.starts_with(&format!("{name} ="))
                || line.starts_with(&format!("[{name}"))
                || line.starts_with(&format!("[[{name}"))
                || line.contains(&format!("{{ {name} = "))
                || line.contains(&format!(", {name} = "))
                || line.contains(&format!(".{name}]"))
        });
        assert!(shown, "config/example.toml does not show `{name}`");
    }
}

#[test]
fn schemas_are_current() {
    for (file, checked_in, current, renew) in [
        ("config/schema.json", include_str!("../../../config/schema.json"), Config::schema(), "config schema"),
        (
            "config/blueprint.schema.json",
            include_str!("../../../config/blueprint.schema.json"),
            Blueprint::schema(),
            "config schema --blueprint",
        ),
    ] {
        let same = serde_json::from_str::<serde_json::Value>(checked_in).is_ok_and(|checked_in| checked_in == current);
        assert!(same, "{file} is not current. Renew it: `cargo run -- {renew} > {file}`");
    }
}

#[test]
fn a_config_survives_being_written_as_json() {
    let config = parse(EXAMPLE).unwrap().config;
    let json = serde_json::to_value(&config).unwrap();
    let again: Config = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(serde_json::to_value(&again).unwrap(), json);
}
