//! The documents say what is so: every setting, command, module and role is in them, and every file that they name is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use clap::CommandFactory;
use genkan::aws::rendered::{Format, files};
use genkan::cli::Arguments;
use genkan::config::{Config, Limits};
use serde_json::Value;

const README: &str = include_str!("../../README.md");
const ARCHITECTURE: &str = include_str!("../../ARCHITECTURE.md");
const EXAMPLE: &str = include_str!("../../config/example.toml");

/// The identity that policies/iam is written for.
const CALLER: &str = "arn:aws:iam::111111111111:role/genkan";

/// A setting: where it stands in the config (`*` for a name that the operator chooses), its default, whether it has to be there.
struct Setting {
    path: String,
    default: Value,
    required: bool,
}

fn settings(root: &Value, schema: &Value, path: &str, into: &mut Vec<Setting>) {
    let whole = resolved(root, schema);
    let inner = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    let required = |key: &str| whole["required"].as_array().is_some_and(|all| all.iter().any(|one| one == key));
    if let Some(properties) = whole["properties"].as_object() {
        for (key, property) in properties {
            let named = if path == "limits" && Limits::SERVICES.contains(&key.as_str()) { "*" } else { key };
            let before = into.len();
            settings(root, property, &inner(named), into);
            if into.len() == before {
                into.push(Setting { path: inner(key), default: property["default"].clone(), required: required(key) });
            }
        }
    } else if whole["additionalProperties"].is_object() {
        let before = into.len();
        settings(root, &whole["additionalProperties"], &inner("*"), into);
        if into.len() == before {
            into.push(Setting { path: inner("*"), default: Value::Null, required: false });
        }
    } else if whole["items"]["$ref"].is_string() {
        settings(root, &whole["items"], &format!("{path}[]"), into);
    }
}

/// What a `$ref` means; where null is allowed too, the other of the two.
fn resolved<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
        return &root["$defs"][name];
    }
    schema["anyOf"]
        .as_array()
        .and_then(|any| any.iter().find(|one| one["$ref"].is_string()))
        .map_or(schema, |one| resolved(root, one))
}

/// The rows of README's tables whose first cell is one piece of code: that piece, and the rest of the row.
fn rows(heading: &str) -> Vec<(String, String)> {
    let section = README.split("\n## ").find(|section| section.starts_with(heading)).expect("the section is there");
    let row = |line: &str| {
        let (code, rest) = line.strip_prefix("| `")?.split_once("` |")?;
        Some((code.to_owned(), rest.to_owned()))
    };
    section.lines().filter_map(row).collect()
}

#[test]
fn every_setting_is_in_the_readme_with_its_default() {
    let schema = Config::schema();
    let mut all = Vec::new();
    settings(&schema, &schema, "", &mut all);
    let rows = rows("Settings");
    let known: BTreeSet<&str> = all.iter().map(|setting| setting.path.as_str()).collect();
    assert!(known.len() > 30, "the settings are found in the schema: {known:?}");
    let shown: BTreeSet<&str> = rows.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(shown, known, "README.md, Settings: left what it shows, right what there is");
    for Setting { path, default, required } in all {
        let (_, row) = rows.iter().find(|(shown, _)| *shown == path).unwrap();
        let said = row.split('|').next().unwrap_or_default();
        match default {
            // A bucket of `limits` that is given is given whole; none has to be.
            Value::Null if required && !path.starts_with("limits.") => {
                assert!(said.contains("required"), "{path} is required: {row}");
            }
            Value::String(text) if text.is_empty() => {}
            Value::String(text) => assert!(said.contains(&format!("`{text}`")), "{path} is `{text}`: {row}"),
            Value::Number(_) | Value::Bool(_) => {
                assert!(said.contains(&format!("`{default}`")), "{path} is {default}: {row}");
            }
            _ => assert!(!said.contains("required"), "{path} is not required: {row}"),
        }
    }
}

#[test]
fn every_command_is_in_the_readme() {
    let mut known = BTreeSet::new();
    for command in Arguments::command().get_subcommands() {
        let inner: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        if inner.is_empty() {
            known.insert(command.get_name().to_owned());
        }
        known.extend(inner.iter().map(|inner| format!("{} {inner}", command.get_name())));
    }
    let shown: BTreeSet<String> = rows("Commands").into_iter().map(|(typed, _)| words(&typed)).collect();
    assert_eq!(shown, known, "README.md, Commands: left what it shows, right what there is");
}

/// The words of a command without its arguments: those in lower case before the first that is not.
fn words(typed: &str) -> String {
    let word = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase());
    typed.split_whitespace().take_while(word).collect::<Vec<_>>().join(" ")
}

/// With `GENKAN_WRITE_DOCS` set it writes them anew.
#[test]
fn the_rendered_roles_are_current() {
    let config = Config::parse(EXAMPLE, Path::new("config/example.toml")).expect("the example is well").config;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/iam");
    let files = [Format::Json, Format::Cloudformation].map(|format| files(&config, CALLER, format, None));
    let files: BTreeMap<String, Value> = files.into_iter().flatten().collect();
    if std::env::var_os("GENKAN_WRITE_DOCS").is_some() {
        std::fs::create_dir_all(&folder).expect("a folder");
        for (name, document) in &files {
            std::fs::write(folder.join(name), format!("{document:#}\n")).expect("policies/iam can be written");
        }
    }
    let there =
        std::fs::read_dir(&folder).expect("policies/iam is there").map(|entry| entry.expect("an entry").file_name());
    let there: BTreeSet<String> = there.map(|name| name.to_string_lossy().into_owned()).collect();
    assert_eq!(there, files.keys().cloned().collect(), "policies/iam");
    for (name, document) in files {
        let text = std::fs::read_to_string(folder.join(&name)).expect("it can be read");
        assert!(
            text == format!("{document:#}\n"),
            "policies/iam/{name} is not current: GENKAN_WRITE_DOCS=1 cargo test --test it docs::"
        );
    }
}

/// Every file of the crate but its tests, with its first sentence.
fn modules(folder: &Path, into: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).expect("a folder that can be read") {
        let path = entry.expect("a folder that can be read").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("tests") {
            continue;
        }
        if path.is_dir() {
            modules(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = std::fs::read_to_string(&path).expect("a file that can be read");
            let file =
                path.strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("a path of the crate").display().to_string();
            into.insert(file, first_sentence(&text));
        }
    }
}

fn first_sentence(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("//! "));
    let whole = lines.collect::<Vec<_>>().join(" ").replace("[`", "`").replace("`]", "`");
    let end = whole.find(". ").map_or(whole.len(), |at| at + 1);
    whole[..end].to_owned()
}

/// With `GENKAN_WRITE_DOCS` set it writes them anew.
#[test]
fn every_module_has_its_line_in_the_architecture() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut known = BTreeMap::new();
    modules(&root.join("src"), &mut known);
    let mut should_be = String::from("\n");
    for room in known.keys().map(|file| room(file)).collect::<BTreeSet<_>>() {
        let _ = writeln!(should_be, "\n### {}\n", room.1);
        for (file, purpose) in known.iter().filter(|(file, _)| self::room(file) == room) {
            let _ = writeln!(should_be, "- `{file}`: {purpose}");
        }
    }
    let (before, rest) = ARCHITECTURE.split_once("<!-- rooms -->").expect("a place for them");
    let (is, after) = rest.split_once("<!-- /rooms -->").expect("a place for them");
    if is.trim() == should_be.trim() {
        return;
    }
    if std::env::var_os("GENKAN_WRITE_DOCS").is_some() {
        let text = format!("{before}<!-- rooms -->{should_be}\n<!-- /rooms -->{after}");
        return std::fs::write(root.join("ARCHITECTURE.md"), text).expect("ARCHITECTURE.md can be written");
    }
    panic!("ARCHITECTURE.md does not list the modules as they are: `just docs` writes them anew");
}

/// The room of a file, with its place in the order of src/lib.rs.
fn room(file: &str) -> (usize, &str) {
    let name = file.split(['/', '.']).nth(1).unwrap_or_default();
    let mut order = include_str!("../../src/lib.rs").lines().filter_map(|line| line.strip_prefix("pub mod "));
    order.position(|listed| listed.trim_end_matches(';') == name).map_or((0, "the door"), |at| (at + 1, name))
}

#[test]
fn every_file_that_the_documents_name_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    let threats = "docs/threat-model.md";
    for document in
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/adding-a-resource.md", "docs/roles.md", threats]
    {
        let text = std::fs::read_to_string(root.join(document)).expect("the document is there");
        let is_ours = |piece: &&str| {
            ["src/", "tests/", "config/", "policies/", "docs/"].iter().any(|folder| piece.starts_with(folder))
                && piece.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
        };
        for piece in text.split(['`', '(', ')']).filter(is_ours) {
            assert!(root.join(piece).exists(), "{document} names {piece}, which is not there");
            seen += 1;
        }
    }
    assert!(seen > 20, "the files are found in the documents: {seen}");
}

/// What the threat model says of a test is so: it stands in the file that was named last before it.
#[test]
fn every_test_that_the_threat_model_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/threat-model.md")).expect("it is there");
    let (mut file, mut source, mut seen) = ("", String::new(), 0);
    for piece in text.split('`').skip(1).step_by(2) {
        if piece.contains('/') && root.join(piece).is_file() {
            (file, source) = (piece, std::fs::read_to_string(root.join(piece)).expect("it can be read"));
        } else if piece.matches('_').count() > 2 && piece.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            assert!(source.contains(&format!("fn {piece}()")), "{file} has no test {piece}");
            seen += 1;
        }
    }
    assert!(seen > 25, "the tests are found in the document: {seen}");
    for document in ["README.md", "ARCHITECTURE.md"] {
        let text = std::fs::read_to_string(root.join(document)).expect("it is there");
        assert!(text.contains("docs/threat-model.md"), "{document} leads to it");
    }
}
