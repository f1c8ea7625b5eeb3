//! What people meet at the terminal: rules explained, tested and checked, without AWS.

use std::path::Path;
use std::process::{Command, Output};

const EXAMPLE: &str = include_str!("../../config/example.toml");

/// A folder with a config and with rules of the operator's own.
fn folder(rules: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let config = EXAMPLE.replace("# rules = \"rules\"", "rules = \"rules\"");
    assert_ne!(config, EXAMPLE);
    std::fs::create_dir_all(folder.path().join("rules/tests")).expect("made");
    std::fs::write(folder.path().join("genkan.toml"), config).expect("written");
    for (file, text) in rules {
        std::fs::write(folder.path().join("rules").join(file), text).expect("written");
    }
    folder
}

fn genkan(folder: &Path, typed: &str) -> (i32, String, String) {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_genkan"))
        .args(typed.split_whitespace())
        .current_dir(folder)
        .env_clear()
        .output()
        .expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (status.code().expect("it ended by itself"), text(stdout), text(stderr))
}

const CONTRACTORS: &str = "// Contractors only look.\n@id(\"contractors-look\")\n@reason(\"contractors only look\")\n\
                           forbid (principal in Group::\"engineers\", action, resource)\nunless { action == Action::\"read\" };\n";

#[test]
fn who_may_what_is_explained_and_the_exit_code_says_it_too() {
    let folder = folder(&[("contractors.cedar", CONTRACTORS)]);
    let explain = |typed: &str| genkan(folder.path(), &format!("policy explain --at 2026-12-01T00:00:00Z {typed}"));
    let (code, told, _) = explain("--as ren --action approve --by ren --project project-x --env dev");
    assert_eq!(code, 4, "{told}");
    assert!(
        told.starts_with("ren may NOT approve in dev for project-x, at 2026-12-01 00:00:00 UTC\n  four-eyes: "),
        "{told}"
    );
    assert!(told.contains("It would be allowed if\n  - somebody else asked for it\n"), "{told}");
    let (code, told, _) = explain("--as ren --action approve --by aiko --env dev");
    assert_eq!((code, told.lines().next()), (0, Some("ren may approve in dev, at 2026-12-01 00:00:00 UTC")));
    let (code, told, _) = explain("--as aiko --action request --env dev");
    assert!(
        code == 4 && told.contains("contractors-look: contractors only look") && !told.contains("would be"),
        "{told}"
    );
    let (code, told, _) =
        explain("--as mio --action start --env production --step zone-association --approved-by ren --json");
    let json: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!((code, &json["allowed"]), (4, &false.into()));
    assert_eq!(json["would_allow"], serde_json::json!(["one more approver has approved it"]));
    let (code, _, said) = explain("--as nobody --action read --env dev");
    assert!(code == 2 && said.contains("nobody is called `nobody`"), "{said}");
    let (code, _, said) =
        genkan(folder.path(), "policy explain --as ren --action request --env dev --at 2026-12-30T00:00:00Z");
    assert_eq!((code, said.as_str()), (4, ""), "frozen");
}

#[test]
fn the_rules_are_held_against_what_is_expected_of_them() {
    let folder = folder(&[
        ("contractors.cedar", CONTRACTORS),
        (
            "tests/contractors.toml",
            "[[case]]\nname = \"an engineer only looks\"\nas = \"aiko\"\naction = \"request\"\nenv = \"staging\"\n\
             expect = \"deny\"\nbecause = \"contractors-look\"\n",
        ),
        (
            "tests/wrong.toml",
            "[[case]]\nname = \"a lead only looks\"\nas = \"ren\"\naction = \"request\"\nenv = \"staging\"\n\
             expect = \"deny\"\nbecause = \"contractors-look\"\n",
        ),
    ]);
    let (code, told, _) = genkan(folder.path(), "policy test rules/tests/contractors.toml");
    assert_eq!((code, told.lines().last()), (0, Some("1 cases: 1 ok, 0 FAILED")), "{told}");
    let (code, told, _) = genkan(folder.path(), "policy test");
    assert!(code == 1 && told.ends_with("66 cases: 65 ok, 1 FAILED\n"), "{told}");
    let failed = told.split_once("  FAILED  ").expect("one failed").1;
    assert!(failed.starts_with("a lead only looks\n") && failed.contains("wrong.toml:1\n"), "{failed}");
    assert!(failed.contains("expected deny because of contractors-look"), "{failed}");
    assert!(failed.contains("decided  allow because of request"), "{failed}");
    // Without any config it is the built-in rules that are tested.
    let nowhere = tempfile::tempdir().expect("a folder");
    let (code, told, _) = genkan(nowhere.path(), "policy test");
    assert!(code == 0 && told.ends_with("64 cases: 64 ok, 0 FAILED\n"), "{told}");
}

#[test]
fn a_broken_rule_is_said_with_its_line_and_nothing_starts_with_it() {
    let well = folder(&[("contractors.cedar", CONTRACTORS)]);
    let (code, told, _) = genkan(well.path(), "policy check");
    assert!(code == 0 && told.starts_with("18 rules are well: 17 built in, 1 of yours (digest "), "{told}");

    let broken = CONTRACTORS.replace("Action::\"read\"", "Action::\"reed\"");
    let folder = folder(&[
        ("contractors.cedar", &broken),
        ("four-eyes.cedar", "@id(\"four-eyes\")\npermit (principal, action, resource);\n"),
    ]);
    for typed in [
        "policy check",
        "policy check rules",
        "policy test",
        "policy explain --as ren --action read --env dev",
        "requests --as ren",
    ] {
        let (code, told, said) = genkan(folder.path(), typed);
        assert_eq!((code, told.as_str()), (2, ""), "{typed}: {said}");
        assert!(
            said.contains("contractors.cedar:5:") && said.contains("5 | unless { action == Action::\"reed\" };"),
            "{typed}: {said}"
        );
        assert!(said.contains("four-eyes.cedar:1:1: `four-eyes` is the name of a built-in rule"), "{typed}: {said}");
    }
    let (code, told, _) = genkan(folder.path(), "config check");
    assert!(code == 2 && told.contains("contractors.cedar:5:"), "{told}");
    let (code, told, _) = genkan(folder.path(), "policy check --json");
    let json: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!((code, json["problems"].as_array().map(Vec::len)), (2, Some(3)), "{json:#}");
}
