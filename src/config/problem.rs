//! What is wrong in a file that the operator wrote: where, what, and what is allowed there.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// One thing that is wrong, or worth knowing, at one place of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file, as it was named when it was loaded.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1 in characters.
    pub column: usize,
    /// The setting, as in `environments.dev.approvals`; empty = the file as a whole.
    pub setting: String,
    /// What is wrong.
    pub what: String,
    /// What is allowed there, or what mends it.
    pub allowed: Option<String>,
    /// The line itself.
    pub shown: String,
    /// How many characters of it are meant, from `column` on.
    pub width: usize,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, setting, what, allowed, shown, width } = self;
        let gutter = " ".repeat(line.to_string().len());
        write!(f, "{file}:{line}:{column}: ")?;
        if !setting.is_empty() {
            write!(f, "{setting}: ")?;
        }
        writeln!(f, "{what}")?;
        writeln!(f, "  {line} | {shown}")?;
        write!(f, "  {gutter} | {}{}", " ".repeat(column - 1), "^".repeat((*width).max(1)))?;
        if let Some(allowed) = allowed {
            write!(f, "\n  {gutter} = {allowed}")?;
        }
        Ok(())
    }
}

/// Why there is no config, or no blueprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigErrors {
    /// No config file is where one is looked for.
    NotFound {
        /// Where it was looked for, in order.
        looked: Vec<String>,
    },
    /// The file cannot be read.
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// What the system said.
        why: String,
    },
    /// No blueprint has that name.
    NoBlueprint {
        /// The name that was asked for.
        name: String,
        /// What is allowed.
        allowed: String,
    },
    /// What is written there is wrong: every problem that was found, in the order of the file.
    Wrong(Vec<Problem>),
}

impl ConfigErrors {
    /// The problems that have a place in a file.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Wrong(problems) => problems,
            _ => &[],
        }
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { looked } => {
                writeln!(f, "no config file; looked for:")?;
                for place in looked {
                    writeln!(f, "  {place}")?;
                }
                f.write_str("Copy config/example.toml to one of these places and fill in your accounts.")
            }
            Self::Unreadable { file, why } => write!(f, "{}: {why}", file.display()),
            Self::NoBlueprint { name, allowed } => write!(f, "there is no blueprint `{name}`; {allowed}"),
            Self::Wrong(problems) => {
                let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
                f.write_str(&shown.join("\n\n"))
            }
        }
    }
}

impl std::error::Error for ConfigErrors {}

/// `did you mean …? expected one of …`: what is allowed instead of `word`, the likeliest first.
pub fn instead_of<'a>(word: &str, allowed: impl IntoIterator<Item = &'a str>) -> String {
    let allowed: Vec<&str> = allowed.into_iter().collect();
    let likeliest = allowed
        .iter()
        .map(|candidate| (strsim::normalized_damerau_levenshtein(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= 0.5)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    let list = match allowed.as_slice() {
        [] => "none is configured".to_owned(),
        [only] => format!("expected `{only}`"),
        several => format!("expected one of {}", quoted(several)),
    };
    match likeliest {
        Some((_, candidate)) => format!("did you mean `{candidate}`? {list}"),
        None => list,
    }
}

/// `` `a`, `b` ``
pub fn quoted<T: AsRef<str>>(words: &[T]) -> String {
    words.iter().map(|word| format!("`{}`", word.as_ref())).collect::<Vec<_>>().join(", ")
}

/// What serde says, in two parts: what is wrong, and what is allowed, with the likeliest word named first.
pub fn explain(message: &str) -> (String, Option<String>) {
    let Some((what, expected)) = message.split_once(", expected ") else { return (message.to_owned(), None) };
    let expected = match expected {
        "u32" => "a whole number, 0 or more",
        "i32" => "a whole number",
        other => other,
    };
    let unknown = what.strip_prefix("unknown field `").or_else(|| what.strip_prefix("unknown variant `"));
    match unknown.and_then(|rest| rest.strip_suffix('`')) {
        Some(word) => (what.to_owned(), Some(instead_of(word, expected.split('`').skip(1).step_by(2)))),
        None => (what.to_owned(), Some(format!("expected {expected}"))),
    }
}
