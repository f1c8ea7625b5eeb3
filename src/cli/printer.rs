//! Where output goes: results to the standard output, progress and errors to the standard error output.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::telemetry::redact;

/// Writes what a command has to say. Cheap to clone.
#[derive(Clone)]
pub struct Printer {
    json: bool,
    result: Sink,
    progress: Sink,
    interactive: bool,
    /// Whether the one document was written.
    told: Arc<AtomicBool>,
}

type Sink = Arc<Mutex<dyn Write + Send>>;

/// Results as they come.
struct Results(Sink);

impl Write for Results {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }
}

impl Printer {
    /// Writes to the process's outputs.
    pub fn to_terminal(json: bool) -> Self {
        Self {
            json,
            result: Arc::new(Mutex::new(std::io::stdout())),
            progress: Arc::new(Mutex::new(std::io::stderr())),
            interactive: std::io::stderr().is_terminal() && std::io::stdin().is_terminal(),
            told: Arc::default(),
        }
    }

    /// Writes results and progress into these, as for a process without a terminal.
    pub fn to(json: bool, result: Sink, progress: Sink) -> Self {
        Self { json, result, progress, interactive: false, told: Arc::default() }
    }

    /// One for a story: results and progress are told as text, one after the other, on the standard output; with JSON asked
    /// for, on the standard error output, so that the story's own result stays the one document.
    pub fn narrating(&self) -> Self {
        let sink = if self.json { &self.progress } else { &self.result };
        Self {
            json: false,
            result: Arc::clone(sink),
            progress: Arc::clone(sink),
            interactive: false,
            told: Arc::default(),
        }
    }

    /// Whether results are JSON.
    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// Whether somebody sits in front of it who can be asked.
    pub const fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// A result: as text, or as one JSON document. Without secrets, should any have come that far.
    pub fn result<T: Serialize>(&self, value: &T, text: impl FnOnce() -> String) {
        let told = self.written(value, text);
        write_to(&self.result, &redact(&told));
    }

    /// A result that is there to hand out keys: those of the sandbox, which are made up.
    pub fn keys<T: Serialize>(&self, value: &T, text: impl FnOnce() -> String) {
        write_to(&self.result, &self.written(value, text));
    }

    fn written<T: Serialize>(&self, value: &T, text: impl FnOnce() -> String) -> String {
        self.told.store(true, Ordering::Relaxed);
        if self.json {
            format!("{}\n", serde_json::to_string_pretty(value).expect("plain data can be written as JSON"))
        } else {
            readable(&text())
        }
    }

    /// Where results go, for one that is too long to be held whole.
    pub fn results(&self) -> impl Write + Send + use<> {
        Results(Arc::clone(&self.result))
    }

    /// A result that is text whatever was asked for: a script, a manual page, a schema.
    pub fn plain(&self, text: &str) {
        write_to(&self.result, text);
    }

    /// A line of progress. With `--json` it goes to the standard error output too, so that results stay one document.
    pub fn progress(&self, line: &str) {
        write_to(&self.progress, &redact(&readable(&format!("{line}\n"))));
    }

    /// An error, in words.
    pub fn error(&self, text: &str) {
        write_to(&self.progress, &redact(&readable(&format!("error: {text}\n"))));
    }

    /// What went wrong, as the one JSON document where JSON was asked for and no result came of it.
    pub fn failure<T: Serialize>(&self, value: &T) {
        if self.json && !self.told.load(Ordering::Relaxed) {
            self.result(value, String::new);
        }
    }
}

/// The text without what a terminal would obey or show in another order: it may hold what others wrote in chat, or what a service
/// answered.
fn readable(text: &str) -> String {
    let visible = |character: char| match character {
        '\n' | '\t' => character,
        '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => '\u{FFFD}',
        character if character.is_control() => '\u{FFFD}',
        character => character,
    };
    text.chars().map(visible).collect()
}

/// A closed pipe is nobody's error.
fn write_to(sink: &Sink, text: &str) {
    let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = sink.write_all(text.as_bytes()).and_then(|()| sink.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_came_this_far_is_not_printed() {
        let (result, progress) = (Arc::new(Mutex::new(Vec::<u8>::new())), Arc::new(Mutex::new(Vec::<u8>::new())));
        let token = format!("ghp_{}", "qR7x".repeat(9));
        for json in [false, true] {
            let printer = Printer::to(json, result.clone(), progress.clone());
            printer.result(&serde_json::json!({"why": token}), || token.clone());
            printer.progress(&token);
            printer.error(&token);
            let printer = Printer::to(json, result.clone(), progress.clone());
            printer.failure(&serde_json::json!({"error": token}));
        }
        let told = |sink: &Arc<Mutex<Vec<u8>>>| String::from_utf8(sink.lock().unwrap().clone()).unwrap();
        let told = told(&result) + &told(&progress);
        assert!(!told.contains("qR7x") && told.matches("[redacted]").count() == 7, "{told}");
    }

    #[test]
    fn what_others_wrote_does_not_command_the_terminal() {
        let (result, progress) = (Arc::new(Mutex::new(Vec::<u8>::new())), Arc::new(Mutex::new(Vec::<u8>::new())));
        let printer = Printer::to(false, result.clone(), progress.clone());
        let hostile = "a\u{1b}[2J\u{9b}31m\r\u{202E}b\u{7}\n\tc 日本";
        printer.result(&(), || hostile.to_owned());
        printer.progress(hostile);
        printer.error(hostile);
        let told = |sink: &Arc<Mutex<Vec<u8>>>| String::from_utf8(sink.lock().unwrap().clone()).unwrap();
        let shown = "a\u{FFFD}[2J\u{FFFD}31m\u{FFFD}\u{FFFD}b\u{FFFD}\n\tc 日本";
        assert_eq!(told(&result), shown);
        assert_eq!(told(&progress), format!("{shown}\nerror: {shown}\n"));
    }
}
