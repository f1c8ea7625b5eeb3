//! The catalogue: every key in every language, with the same holes; used by the code; and whatever the code names is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use minijinja::Environment;
use regex::Regex;

use super::{config, scene};
use crate::chat::words::{File, file};
use crate::model::Language;

fn keys() -> Vec<(String, String, String)> {
    let File { sections, .. } = file();
    let keys = sections.into_iter().flat_map(|(section, keys)| {
        keys.into_iter().map(move |(key, said)| (format!("{section}.{key}"), said.en, said.ja))
    });
    keys.collect()
}

/// The names of the values that a template takes.
pub fn holes(template: &str) -> BTreeSet<String> {
    let templates = Environment::new();
    let template = templates.template_from_str(template).expect("a template");
    template.undeclared_variables(false).into_iter().collect()
}

#[test]
fn every_key_is_said_in_both_languages_with_the_same_holes() {
    for (key, en, ja) in keys() {
        assert!(!en.is_empty() && !ja.is_empty(), "{key}");
        assert_eq!(holes(&en), holes(&ja), "{key}");
        assert!(en.is_ascii() || en.chars().all(|character| !is_japanese(character)), "{key}: {en}");
    }
}

fn is_japanese(character: char) -> bool {
    matches!(character, '\u{3041}'..='\u{30FF}' | '\u{4E00}'..='\u{9FFF}')
}

#[test]
fn every_phrase_has_the_same_holes_and_none_hides_another() {
    let hole = Regex::new(r"\{([a-z_]+)\}").expect("a pattern");
    let holes = |text: &str| -> BTreeSet<String> { hole.captures_iter(text).map(|hole| hole[1].to_owned()).collect() };
    let config = config();
    for phrase in file().phrase {
        assert!(holes(&phrase.ja).is_subset(&holes(&phrase.is)), "{}", phrase.is);
        assert!(phrase.en.as_ref().is_none_or(|en| holes(en).is_subset(&holes(&phrase.is))), "{}", phrase.is);
        // Said of itself it is found, and not an earlier one that is wider.
        let made = hole.replace_all(&phrase.is, "x1").into_owned();
        let said = scene(&config, Language::Japanese).phrase(&made);
        assert_eq!(said, hole.replace_all(&phrase.ja, "x1"), "{}", phrase.is);
    }
}

#[test]
fn a_phrase_is_filled_once_and_what_fills_it_is_looked_up_too() {
    let config = config();
    let [en, ja] = Language::ALL.map(|language| scene(&config, language));
    assert_eq!(en.phrase("it is not genkan's (made by hand, not by genkan)"), "it was not made here (made by hand)");
    assert_eq!(
        ja.phrase("it is not genkan's (of project-y dev)"),
        "Genkan が作成したものではありません（project-y dev のもの）"
    );
    assert_eq!(ja.phrase("{n} did not appear within 120 minutes"), "{n} が 120 分以内に現れませんでした");
    assert_eq!(ja.phrase("something new"), "something new");
}

/// The text of all files of this room, tests left out.
fn code() -> String {
    fn read(folder: &Path, into: &mut String) {
        for entry in fs::read_dir(folder).expect("the folder") {
            let path = entry.expect("a file").path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "tests") {
                read(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push_str(&fs::read_to_string(path).expect("a text"));
            }
        }
    }
    let mut code = String::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/chat"), &mut code);
    code
}

/// Sections whose keys are put together from what is said: the states and names of [`crate::model`], the reasons of
/// `requests/why.rs`, the kinds of contents.
const BY_NAME: [&str; 2] = ["why", "amount"];

#[test]
fn every_key_is_used_and_every_key_that_is_used_is_there() {
    let code = code();
    let keys: BTreeSet<String> = keys().into_iter().map(|(key, ..)| key).collect();
    for key in &keys {
        let section = key.split('.').next().unwrap_or_default();
        assert!(BY_NAME.contains(&section) || code.contains(&format!("\"{key}\"")), "{key} is used nowhere");
    }
    let sections: BTreeSet<&str> = keys.iter().filter_map(|key| key.split('.').next()).collect();
    let sections = sections.into_iter().collect::<Vec<_>>().join("|");
    let used = Regex::new(&format!(r#""((?:{sections})\.[a-z][a-z-]*)""#)).expect("a pattern");
    for used in used.captures_iter(&code) {
        assert!(keys.contains(&used[1]), "{} is not in the catalogue", &used[1]);
    }
}

#[test]
fn every_reason_of_the_use_cases_has_words_that_its_fields_fill() {
    let source = include_str!("../../requests/why.rs");
    let body = source.split("pub enum Why {").nth(1).and_then(|rest| rest.split("\n}").next()).expect("the enum");
    let variant = Regex::new(r"(?m)^    ([A-Z][A-Za-z]+)(?: \{([^}]*)\})?,").expect("a pattern");
    let field = Regex::new(r"(?m)([a-z_]+):").expect("a pattern");
    let capital = Regex::new("([A-Z])").expect("a pattern");
    let keys = keys();
    let mut met = 0;
    for variant in variant.captures_iter(body) {
        let name =
            capital.replace_all(&variant[1], |letter: &regex::Captures<'_>| format!("-{}", letter[1].to_lowercase()));
        let key = format!("why.{}", name.trim_start_matches('-'));
        let (_, en, _) = keys.iter().find(|(known, ..)| *known == key).unwrap_or_else(|| panic!("{key} has no words"));
        let fields: BTreeSet<String> = variant.get(2).map_or_else(BTreeSet::new, |fields| {
            field.captures_iter(fields.as_str()).map(|field| field[1].to_owned()).collect()
        });
        assert!(holes(en).is_subset(&fields), "{key} takes {:?}, and there are {fields:?}", holes(en));
        met += 1;
    }
    assert!(met > 0, "the variants were found");
}
