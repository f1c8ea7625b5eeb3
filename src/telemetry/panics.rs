//! What a panic says: where, in which thread, and its words without secrets. What is not words is not shown.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write;
use std::panic::{Location, PanicHookInfo};

use super::redact;

/// From now on panics say no secret. Where `RUST_BACKTRACE` asks for the frames, they follow: names of functions and places, never
/// values.
pub(super) fn guard() {
    std::panic::set_hook(Box::new(|info| {
        let frames = Backtrace::capture();
        let frames = (frames.status() == BacktraceStatus::Captured).then(|| frames.to_string());
        let _ = std::io::stderr().lock().write_all(told(info, frames.as_deref()).as_bytes());
    }));
}

fn told(info: &PanicHookInfo<'_>, frames: Option<&str>) -> String {
    let thread = std::thread::current();
    words(thread.name(), info.location(), info.payload(), frames)
}

fn words(thread: Option<&str>, place: Option<&Location<'_>>, payload: &dyn Any, frames: Option<&str>) -> String {
    let said = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let place = place.map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let said = said.unwrap_or("(what it carries is not text, and not shown)");
    let frames = frames.map(|frames| format!("\n{frames}")).unwrap_or_default();
    let text =
        format!("genkan panicked at {place}, in thread {}: {said}{frames}\n", thread.unwrap_or("without a name"));
    redact(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_says_where_and_no_secret() {
        let token = format!("ghp_{}", "Zz09".repeat(9));
        let place = Location::caller();
        let text = words(Some("worker"), Some(place), &format!("no {token} here"), Some("0: genkan::app::main"));
        assert!(text.contains("panics.rs") && text.contains("thread worker: no [redacted] here"), "{text}");
        assert!(text.contains("0: genkan::app::main") && !text.contains(&token), "{text}");
        let text = words(None, None, &vec![token.clone()], None);
        assert!(text.contains("not shown") && !text.contains(&token), "{text}");
        assert!(words(None, None, &"plain", None).contains(": plain"));
    }
}
