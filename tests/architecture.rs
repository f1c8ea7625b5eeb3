//! Holds the shape of the house: which room may use which, where foreign words stay, what is pure, how files begin and end.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms in reading order, each with the rooms that it may use besides itself. A room may use only what stands above it,
/// so that the list can hold no circle; `app` wires everything.
const ROOMS: [(&str, &[&str]); 14] = [
    ("model", &[]),
    ("config", &["model"]),
    ("telemetry", &["model", "config"]),
    ("policy", &["model"]),
    ("plan", &["model", "config"]),
    ("engine", &["model", "config"]),
    ("aws", &["model", "config", "telemetry", "engine"]),
    ("store", &["model", "config", "telemetry", "engine"]),
    ("requests", &["model", "config", "policy", "plan", "engine", "store"]),
    ("worker", &["model", "config", "requests"]),
    ("cli", &["model", "config", "telemetry", "requests"]),
    ("chat", &["model", "config", "telemetry", "requests"]),
    ("sandbox", &["model", "config"]),
    (
        "app",
        &[
            "model",
            "config",
            "telemetry",
            "policy",
            "plan",
            "engine",
            "aws",
            "store",
            "requests",
            "worker",
            "cli",
            "chat",
            "sandbox",
        ],
    ),
];

/// Words of other people's crates, and the rooms that they stay in.
const FOREIGN: [(&str, &[&str]); 12] = [
    ("aws_sdk_", &["aws", "sandbox", "app"]),
    ("aws_config", &["aws", "sandbox", "app"]),
    ("aws_smithy", &["aws", "sandbox", "app"]),
    ("awsim_", &["sandbox"]),
    ("sqlx::", &["store"]),
    ("tlog_tiles", &["store"]),
    ("signed_note", &["store"]),
    ("axum::", &["sandbox", "chat"]),
    ("clap", &["cli"]),
    ("cedar_policy", &["policy"]),
    ("serenity::", &["chat"]),
    ("comfy_table", &["cli"]),
];

/// Rooms that think: the same question has the same answer, whenever and wherever it is asked.
const PURE: [&str; 3] = ["model", "policy", "plan"];

/// What a pure room does not hold.
const IMPURE: [&str; 11] = [
    "async fn",
    "async move",
    ".await",
    "tokio::",
    "std::fs",
    "std::net",
    "std::env",
    "Instant::now",
    "SystemTime",
    "Timestamp::now",
    "rand::",
];

const LONGEST: usize = 400;

/// A Rust file: its path under the project, and its lines.
struct File {
    path: PathBuf,
    lines: Vec<String>,
}

impl File {
    /// The room that it is in: the first part of its path under `src`.
    fn room(&self) -> Option<String> {
        let inside = self.path.strip_prefix("src").ok()?;
        let room = Path::new(inside.components().next()?.as_os_str()).file_stem()?.to_str()?.to_owned();
        ROOMS.iter().any(|(name, _)| *name == room).then_some(room)
    }

    /// The numbered lines that are code of the product: neither comments nor tests.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_test =
            self.path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "testing.rs")
                || self.path.file_name().is_some_and(|name| name == "tests.rs");
        let lines = self.lines.iter().enumerate().map(|(number, line)| (number + 1, line.as_str()));
        lines
            .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
            .filter(move |(_, line)| !is_test && !line.trim_start().starts_with("//"))
    }
}

fn files(folder: &str) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("a folder that can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(&path).expect("a file that can be read");
                let path = path.strip_prefix(root).expect("a path under the project").to_owned();
                found.push(File { path, lines: text.lines().map(str::to_owned).collect() });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// The rooms that a line of code names: `crate::plan::…`, and each of `crate::{plan, policy::…}`.
fn rooms_named(line: &str) -> Vec<String> {
    let mut named = Vec::new();
    for part in line.split("crate::").skip(1) {
        let list = part.strip_prefix('{').map_or(part, |list| list.split('}').next().unwrap_or(list));
        let items: Vec<&str> = if part.starts_with('{') { list.split(',').collect() } else { vec![list] };
        for item in items {
            let word: String = item.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            named.push(word);
        }
    }
    named
}

/// A line without what stands in quotes.
fn without_quoted(line: &str) -> String {
    line.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}

fn none(what: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{what}:\n  {}", faults.join("\n  "));
}

#[test]
fn the_table_lets_imports_run_down_only() {
    let order: BTreeMap<&str, usize> = ROOMS.iter().enumerate().map(|(number, (name, _))| (*name, number)).collect();
    for (room, allowed) in ROOMS {
        for used in allowed {
            assert!(order[used] < order[room], "{room} may not use {used}, which stands below it");
        }
    }
}

#[test]
fn the_crate_lists_its_rooms_in_reading_order() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let listed: Vec<&str> = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let rooms: Vec<&str> = ROOMS.iter().map(|(name, _)| *name).collect();
    assert_eq!(listed, rooms);
}

#[test]
fn a_room_uses_only_the_rooms_that_it_may() {
    let allowed: BTreeMap<&str, &[&str]> = ROOMS.into_iter().collect();
    let mut faults = Vec::new();
    for file in files("src") {
        let Some(room) = file.room() else { continue };
        for (number, line) in file.code() {
            for used in rooms_named(line) {
                let is_room = allowed.contains_key(used.as_str());
                if is_room && used != room && !allowed[room.as_str()].contains(&used.as_str()) {
                    faults.push(format!("{}:{number} uses {used}", file.path.display()));
                }
            }
        }
    }
    none("imports that the table does not allow", &faults);
}

#[test]
fn foreign_words_stay_in_their_rooms() {
    let mut faults = Vec::new();
    for file in files("src") {
        let Some(room) = file.room() else { continue };
        for (number, line) in file.code() {
            for (word, rooms) in FOREIGN {
                let line = without_quoted(line);
                let stands_alone = line
                    .match_indices(word)
                    .any(|(at, _)| !line[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_'));
                if stands_alone && !rooms.contains(&room.as_str()) {
                    faults.push(format!("{}:{number} says {word}", file.path.display()));
                }
            }
        }
    }
    none("foreign words outside their rooms", &faults);
}

#[test]
fn pure_rooms_do_not_wait_look_or_ask_the_time() {
    let mut faults = Vec::new();
    for file in files("src") {
        if !file.room().is_some_and(|room| PURE.contains(&room.as_str())) {
            continue;
        }
        for (number, line) in file.code() {
            for word in IMPURE.iter().filter(|word| line.contains(**word)) {
                faults.push(format!("{}:{number} says {word}", file.path.display()));
            }
        }
    }
    none("what a pure room does not hold", &faults);
}

#[test]
fn every_file_says_in_its_first_line_what_it_is_for() {
    let all = ["src", "tests", "benches"].into_iter().flat_map(files);
    let faults: Vec<String> = all
        .filter(|file| !file.lines.first().is_some_and(|line| line.starts_with("//! ") && line.len() > 20))
        .map(|file| file.path.display().to_string())
        .collect();
    none("files whose first line does not say what they are for", &faults);
}

#[test]
fn no_file_is_too_long_to_be_read_at_a_sitting() {
    let all = ["src", "tests", "benches"].into_iter().flat_map(files);
    let faults: Vec<String> = all
        .filter(|file| file.lines.len() > LONGEST)
        .map(|file| format!("{}: {} lines", file.path.display(), file.lines.len()))
        .collect();
    none("files of more than 400 lines", &faults);
}

#[test]
fn the_test_itself_sees_what_it_looks_for() {
    assert_eq!(rooms_named("use crate::{plan, policy::decide};"), ["plan", "policy"]);
    assert_eq!(rooms_named("let x = crate::store::Store::open();"), ["store"]);
    let file = File {
        path: PathBuf::from("src/model/ids.rs"),
        lines: ["//! words", "// crate::aws", "use crate::aws;", "#[cfg(test)]", "use crate::store;"]
            .map(str::to_owned)
            .to_vec(),
    };
    assert_eq!(file.room().as_deref(), Some("model"));
    assert_eq!(file.code().collect::<Vec<_>>(), [(3, "use crate::aws;")]);
    assert!(files("src").len() > 50, "the sources are found");
}

/// Each use case that a face can call, and what policy is asked there; `via …`: another use case, which asks; `nobody: …`: it is no
/// person's doing, and why.
const USE_CASES: &[(&str, &str)] = &[
    ("adoptable", "nobody: names of the config"),
    ("answer", "Approve"),
    ("answered", "nobody: what a face writes down for itself"),
    ("approvable", "Approve"),
    ("approve", "via answer"),
    ("audit", "nobody: whether the log is whole, not what is in it"),
    ("audit_entries", "via may_audit"),
    ("audit_frame", "via may_audit"),
    ("audit_proof", "via may_audit"),
    ("awaiting", "Approve"),
    ("begin", "nobody: what a process tells of itself"),
    ("cancel", "Cancel"),
    ("carry_out", "nobody: the worker; Start is asked for each step"),
    ("carry_out_claimed", "nobody: the worker; Start is asked for each step"),
    ("changes", "nobody: that something changed, not what"),
    ("changes_everywhere", "nobody: that something changed, not what"),
    ("checkpoint", "nobody: a digest, for outsiders to keep"),
    ("checkpoint_for", "nobody: a digest, for outsiders to keep"),
    ("checkpoint_is_at", "nobody: a digest, for outsiders to keep"),
    ("claim", "nobody: the worker"),
    ("config", "nobody: the process's own settings"),
    ("doctor", "nobody: whether what the config names is there, for whoever runs the process"),
    ("due_for", "nobody: a digest, for outsiders to keep"),
    ("end", "nobody: what a process tells of itself"),
    ("environments", "nobody: names of the config"),
    ("explain", "via about_a_request"),
    ("find", "nobody: an id by its beginning"),
    ("hear", "nobody: what a face writes down for itself"),
    ("known_projects", "Read"),
    ("list", "Read"),
    ("lock_away_checkpoint", "nobody: a digest, for outsiders to keep"),
    ("may_ask", "Request"),
    ("member", "nobody: who somebody is"),
    ("new", "nobody: the desk itself"),
    ("next_due", "nobody: the worker"),
    ("now", "nobody: what time it is"),
    ("plan", "Request"),
    ("posted", "nobody: what a face writes down for itself"),
    ("reject", "Reject"),
    ("remember_posted", "nobody: what a face writes down for itself"),
    ("retry", "Retry"),
    ("see_closed", "nobody: the process finishes what it began"),
    ("see_through", "nobody: the process finishes what it began; Start is asked for each step"),
    ("settle", "nobody: what a process tells of itself"),
    ("show", "nobody: for the process that draws and carries out; people are shown it by show_to"),
    ("show_to", "Read"),
    ("spoken_of", "nobody: who somebody is"),
    ("status", "via status_of"),
    ("story", "Read"),
    ("submit", "Request"),
    ("sweep", "nobody: the worker"),
    ("to_draw", "nobody: what a face writes down for itself"),
    ("unanswered", "nobody: what a face writes down for itself"),
    ("uncovered_since", "nobody: a digest, for outsiders to keep"),
    ("verifier_key", "nobody: a public key"),
    ("verifier_key_if_made", "nobody: a public key"),
    ("waits_for", "nobody: of a request that was listed, which asked"),
    ("was_shown", "nobody: what a face writes down for itself"),
    ("who", "nobody: who somebody is"),
    ("with_roll", "nobody: the desk itself"),
    ("withdraw", "Withdraw"),
];

/// The functions of the desk in these files: each one's name, whether faces can call it, and its text.
fn of_the_desk(files: &[File]) -> BTreeMap<String, (bool, String)> {
    let mut found = BTreeMap::new();
    for file in files {
        let (mut inside, mut name) = (false, None);
        for (_, line) in file.code() {
            inside = (inside || line == "impl Desk {") && line != "}";
            let rest = line.strip_prefix("    ").filter(|rest| inside && !rest.starts_with([' ', '}']));
            if let Some((before, after)) = rest.and_then(|rest| rest.split_once("fn ")) {
                let called: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                found.insert(called.clone(), (matches!(before, "pub " | "pub async "), String::new()));
                name = Some(called);
            }
            if let Some((_, text)) = name.as_ref().and_then(|name| found.get_mut(name)) {
                *text += line;
                *text += "\n";
            }
            if line == "    }" {
                name = None;
            }
        }
    }
    found
}

#[test]
fn every_use_case_asks_policy_or_is_no_persons_doing() {
    let all = of_the_desk(&files("src/requests"));
    let public: Vec<&str> = all.iter().filter(|(_, (public, _))| *public).map(|(name, _)| name.as_str()).collect();
    let named: Vec<&str> = USE_CASES.iter().map(|(name, _)| *name).collect();
    assert_eq!(public, named, "left: what a face can call; right: what is said here of what policy is asked");
    let mut faults = Vec::new();
    for (name, asks) in USE_CASES {
        let (_, text) = &all[*name];
        let is_well = match asks.split_once(' ') {
            Some(("via", other)) => {
                text.contains(&format!("self.{other}("))
                    && all.get(other).is_some_and(|(_, text)| text.contains("person"))
            }
            Some(("nobody:", _)) => !text.contains("person: &Person"),
            _ => (text.contains("self.allow") || text.contains("self.may(")) && text.contains(&format!("Deed::{asks}")),
        };
        if !is_well {
            faults.push(format!("{name} does not ask as it is said here: {asks}"));
        }
    }
    none("use cases that do not ask policy", &faults);
    let (_, plan) = &all["plan"];
    assert!(plan.contains("Deed::Read") && plan.contains("self.allow_wish"), "a plan that is only shown asks for Read");
    for (name, besides) in
        [("may_ask", "allow_wish"), ("submit", "allow_what_it_contains"), ("retry", "allow_what_it_contains")]
    {
        assert!(all[name].1.contains(&format!("self.{besides}(")), "{name} asks for what is taken over and destroyed");
    }
}
