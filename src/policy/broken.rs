//! What is wrong with a rule, and where: with the line itself, so that nobody has to look for it.

use std::fmt;
use std::ops::Range;

use cedar_policy::ffi::DetailedError;
use serde::Serialize;

/// What is wrong with a rule, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct BrokenRule {
    /// The file.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1 in characters.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// What is allowed there, or what mends it.
    pub mend: Option<String>,
    /// The line itself.
    pub shown: String,
    /// How many characters of it are meant, from `column` on.
    pub width: usize,
}

impl BrokenRule {
    /// What is wrong with the part of the file's text that `span` (in bytes) names.
    pub(super) fn at(file: &str, text: &str, span: Range<usize>, what: String, mend: Option<String>) -> Self {
        let start = (0..=span.start.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let shown = text[line_start..].lines().next().unwrap_or_default();
        let meant = text.get(start..span.end.min(text.len())).and_then(|text| text.lines().next()).unwrap_or_default();
        Self {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
            what,
            mend,
            shown: shown.to_owned(),
            width: meant.chars().count().max(1),
        }
    }

    /// What Cedar found; where it names no place, the problem is at `otherwise`.
    pub(super) fn of(file: &str, text: &str, found: DetailedError, otherwise: Range<usize>) -> Self {
        let label = found.source_locations.into_iter().next();
        let span = label.as_ref().map_or(otherwise, |label| label.loc.start..label.loc.end);
        let named = label.and_then(|label| label.label).filter(|label| !found.message.contains(label.as_str()));
        let what = match named {
            Some(label) => format!("{}: {label}", found.message),
            None => found.message,
        };
        Self::at(file, text, span, what, found.help)
    }
}

impl fmt::Display for BrokenRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, what, mend, shown, width } = self;
        let gutter = " ".repeat(line.to_string().len());
        writeln!(f, "{file}:{line}:{column}: {what}")?;
        writeln!(f, "  {line} | {shown}")?;
        write!(f, "  {gutter} | {}{}", " ".repeat(column - 1), "^".repeat(*width))?;
        if let Some(mend) = mend {
            write!(f, "\n  {gutter} = {mend}")?;
        }
        Ok(())
    }
}
