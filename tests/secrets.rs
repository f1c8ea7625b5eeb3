//! Holds where secrets may be: in which types, in which files they are looked into, and what never stands beside them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

/// The files that look into a secret: into each only for the call that needs it.
const LOOK_INSIDE: [&str; 5] = [
    "src/aws/secret_copy.rs",
    "src/aws/secret_value.rs",
    "src/aws/source_credential.rs",
    "src/chat/rest.rs",
    "src/chat/rest/send.rs",
];

/// What is called like a secret and is none: the name of one, the file that holds one, an id that stands for one.
const NO_SECRETS: [(&str, &str); 7] = [
    ("src/config/discord.rs", "token_file"),
    ("src/model/resource.rs", "secret"),
    ("src/aws/secret_copy.rs", "source_version"),
    ("src/chat/incoming.rs", "given"),
    // On their way into a type that is wiped.
    ("src/chat/rest/send.rs", "token"),
    ("src/telemetry/encodings.rs", "secret"),
    ("src/telemetry/held.rs", "secret"),
];

/// Where everything is made up: keys and tokens that are told to whoever asks.
const MADE_UP: [&str; 4] = ["src/sandbox", "src/app/local.rs", "src/app/sandbox.rs", "src/app/stage.rs"];

/// The files that write to the process's outputs, each through the redactor or only a question of its own, and one that asks whether
/// an output is a terminal.
const OUTPUTS: [&str; 4] = ["src/cli/ask.rs", "src/cli/printer.rs", "src/telemetry.rs", "src/telemetry/panics.rs"];

struct File {
    path: String,
    lines: Vec<String>,
}

impl File {
    /// The lines of the product, numbered: neither comments nor tests.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_test =
            self.path.contains("/tests/") || self.path.ends_with("tests.rs") || self.path.ends_with("testing.rs");
        let lines = self.lines.iter().enumerate().map(|(number, line)| (number + 1, line.as_str()));
        lines
            .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
            .filter(move |(_, line)| !is_test && !line.trim_start().starts_with("//"))
    }
}

fn product() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut files, mut folders) = (Vec::new(), vec![root.join("src")]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(&path).expect("a file");
                let path = path.strip_prefix(root).expect("inside").display().to_string();
                files.push(File { path, lines: text.lines().map(str::to_owned).collect() });
            }
        }
    }
    files.retain(|file| !MADE_UP.iter().any(|made_up| file.path.starts_with(made_up)));
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

static OPEN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(\w*(?:token|secret|passw|credential|private_key|access_key|signing_key)\w*)\s*:\s*(?:Option<|Arc<|Box<)?(?:&(?:'\w+ )?(?:mut )?)?(?:String\b|str\b|Vec<u8>|\[u8)",
    )
});
static TAKES: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\bexpose_secret\b|\.(?:secret_access_key|session_token|secret_string|secret_binary)\b"));
static WRITES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:format|write|writeln|panic|print|println|eprintln|assert\w*|json)!|tracing::|to_string\(\)|\{:\?\}")
});
static OUTPUT: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(?:e?println|e?print|dbg)!|\bstd(?:err|out)\(\)"));
static HOLDER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r":\s*(?:Option<)?(?:SecretString|SecretBox<.*>|SecretSlice<.*>|Credentials|Zeroizing<.*>)>?,")
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern")
}

/// What is wrong in a line, by the rules below.
fn faults(path: &str, line: &str) -> Vec<&'static str> {
    let mut faults = Vec::new();
    let named = OPEN.captures_iter(line).map(|found| found[1].to_owned());
    if named.into_iter().any(|name| !NO_SECRETS.contains(&(path, name.as_str()))) {
        faults.push("holds a secret in a type that can be printed and is not wiped");
    }
    if line.contains("expose_secret") && !LOOK_INSIDE.contains(&path) {
        faults.push("looks into a secret");
    }
    if TAKES.is_match(line) && WRITES.is_match(line) {
        faults.push("writes a secret into a text");
    }
    if OUTPUT.is_match(line) && !OUTPUTS.contains(&path) {
        faults.push("writes to an output past the redactor");
    }
    if line.contains("process::Command") && path != "src/app/browser.rs" {
        faults.push("starts a process, which gets the environment with its secrets");
    }
    faults
}

#[test]
fn secrets_are_in_types_that_cannot_be_printed_and_only_a_few_files_look_inside() {
    let mut found = Vec::new();
    for file in product() {
        for (number, line) in file.code() {
            found.extend(
                faults(&file.path, line).into_iter().map(|fault| format!("{}:{number} {fault}: {line}", file.path)),
            );
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    for path in LOOK_INSIDE {
        let looks = |file: &File| file.path == path && file.code().any(|(_, line)| line.contains("expose_secret"));
        assert!(product().iter().any(looks), "{path} looks into no secret: it can be taken off the list");
    }
}

#[test]
fn what_has_a_secret_inside_shows_and_serialises_nothing() {
    let (mut found, mut holders) = (Vec::new(), 0);
    for file in product() {
        let lines: Vec<(usize, &str)> = file.code().collect();
        for (at, (number, line)) in lines.iter().enumerate().filter(|(_, (_, line))| HOLDER.is_match(line)) {
            let Some(head) = (0..at).rev().find(|at| lines[*at].1.contains("struct ") || lines[*at].1.contains("fn "))
            else {
                continue;
            };
            if lines[head].1.contains("fn ") {
                continue;
            }
            holders += 1;
            let attributes = lines[..head].iter().rev().take_while(|(_, line)| line.trim_start().starts_with("#["));
            if attributes.into_iter().any(|(_, line)| line.contains("Debug") || line.contains("Serialize")) {
                found.push(format!("{}:{number} {line}", file.path));
            }
        }
    }
    assert!(found.is_empty(), "these show or serialise what has a secret inside:\n{}", found.join("\n"));
    assert!(holders >= 2, "{holders}");
}

#[test]
fn the_test_itself_sees_what_it_looks_for() {
    for (line, count) in [
        ("    github_token: String,", 1),
        ("    pub(super) token: Option<String>,", 1),
        ("fn sign(private_key: &[u8]) {", 1),
        ("    let password: Vec<u8> = read();", 1),
        ("    token: SecretString,", 0),
        ("    secrets: Vec<Described>,", 0),
        ("    let header = format!(\"Bot {}\", token.expose_secret());", 2),
        ("    call.token(token.expose_secret())", 1),
        ("    tracing::debug!(key = made.secret_access_key, \"assumed\");", 1),
        ("    tracing::debug!(key = made.secret_access_key(), \"assumed\");", 1),
        ("    println!(\"{token}\");", 1),
        ("    std::process::Command::new(\"sh\");", 1),
    ] {
        let found = faults("src/aws/x.rs", line);
        assert_eq!(found.len(), count, "{line}: {found:?}");
    }
    assert!(faults("src/chat/rest.rs", "    token: reply.token.expose_secret(),").is_empty());
    assert!(product().len() > 50, "the sources are found");
}
