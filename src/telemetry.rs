//! Logs: what is done, on the standard error output, as much as was asked for. Never a secret, neither there nor in a panic, a core
//! dump, or what is kept of an error: docs/secrets.md says where each secret is and what keeps it.

mod dumps;
mod encodings;
mod held;
mod panics;
mod shapes;
mod written;

use std::borrow::Cow;
use std::io::IsTerminal;

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// The crates that show whole requests and answers, tokens and secrets among them, below `warn`.
const SHOWS_EVERYTHING: [&str; 6] = ["aws_", "awsim_", "h2", "rustls", "sqlx", "tower"];

/// The crates that show them at every level: the addresses that the bot asks hold tokens, and so do serenity's spans, warnings
/// and errors. What matters of it is said by our own lines.
const SILENT: [&str; 10] = [
    "serenity",
    "tokio_tungstenite",
    "tungstenite",
    "reqwest",
    "native_tls",
    "tokio_native_tls",
    "openssl",
    "hyper",
    "hyper_tls",
    "hyper_util",
];

pub use held::{Lasts, hold};

/// The text without secrets: those that this process holds, in any encoding, and whatever looks like one. To be called on what
/// others wrote before it is kept or shown.
pub fn redact(text: &str) -> Cow<'_, str> {
    match held::cut(text) {
        Cow::Borrowed(text) => shapes::cut(text),
        Cow::Owned(text) => Cow::Owned(shapes::cut(&text).into_owned()),
    }
}

/// To be called first of all: memory is not dumped to a disk, and panics say no secret. Returns in words what this system did not
/// allow, for [`start`] to log.
pub fn guard() -> Vec<String> {
    panics::guard();
    dumps::forbid()
}

/// Begins logging. `verbose`: how often `-v` was given. `GENKAN_LOG` (as in `RUST_LOG`: `genkan=debug`) decides where it is
/// set, except that nothing makes the crates talk that would show secrets. `GENKAN_LOG_FORMAT=json` writes one JSON object a line.
/// `unguarded` is what [`guard`] could not do.
pub fn start(verbose: u8, unguarded: &[String]) {
    let level = match verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    let asked =
        EnvFilter::try_from_env("GENKAN_LOG").unwrap_or_else(|_| EnvFilter::new(format!("error,genkan={level}")));
    let as_json = std::env::var("GENKAN_LOG_FORMAT").is_ok_and(|format| format.eq_ignore_ascii_case("json"));
    // A second start in one process (tests) keeps the first one's.
    let _ = logging(asked, as_json, std::io::stderr).try_init();
    for why in unguarded {
        tracing::warn!("a crash may write this process's memory, with the secrets in it, to a disk: {why}");
    }
}

fn logging<W>(asked: EnvFilter, as_json: bool, writer: W) -> impl Subscriber + for<'s> LookupSpan<'s> + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let output = tracing_subscriber::fmt::layer().with_writer(written::Redacted(writer));
    let output =
        if as_json { output.json().boxed() } else { output.with_ansi(std::io::stderr().is_terminal()).boxed() };
    tracing_subscriber::registry().with(output.with_filter(asked.and(filter_fn(is_safe))))
}

/// Whether an event's or span's place is one that shows no secret at its level.
fn is_safe(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    !is_of(target, &SILENT) && (*metadata.level() <= Level::WARN || !is_of(target, &SHOWS_EVERYTHING))
}

/// Whether a target is in one of these crates; a name that ends with `_` stands for every crate that begins so.
fn is_of(target: &str, crates: &[&str]) -> bool {
    let krate = target.split("::").next().unwrap_or_default();
    crates.iter().any(|name| krate == *name || (name.ends_with('_') && krate.starts_with(name)))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn what_shows_whole_requests_is_never_let_to_talk() {
        for target in ["aws_smithy_runtime::client::orchestrator", "aws_sdk_secretsmanager", "h2"] {
            assert!(is_of(target, &SHOWS_EVERYTHING), "{target}");
        }
        for target in ["genkan::engine::run", "genkan", "hyperactive", "awsome", "serenity_now"] {
            assert!(!is_of(target, &SHOWS_EVERYTHING) && !is_of(target, &SILENT), "{target}");
        }
    }

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(text)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// At every level, an event, and a span around an event of ours, from that place.
    macro_rules! talk {
        ($target:literal) => {{
            tracing::error!(target: $target, "a-token");
            tracing::warn!(target: $target, "a-token");
            tracing::info!(target: $target, "a-token");
            tracing::debug!(target: $target, "a-token");
            tracing::trace!(target: $target, "a-token");
            let _error = tracing::error_span!(target: $target, "error", token = "a-token").entered();
            let _info = tracing::info_span!(target: $target, "info", token = "a-token").entered();
            let _trace = tracing::trace_span!(target: $target, "trace", token = "a-token").entered();
            tracing::info!(target: "genkan::chat", "ours");
        }};
    }

    #[test]
    fn nothing_that_may_hold_a_bots_token_is_logged_whatever_is_asked_for() {
        let asked = "trace,serenity=trace,reqwest=trace,tungstenite=trace,[{token}]=trace";
        let page = Page::default();
        let writer = page.clone();
        let logging = logging(EnvFilter::new(asked), false, move || writer.clone());
        tracing::subscriber::with_default(logging, || {
            talk!("serenity::http::client");
            talk!("serenity::gateway::ws");
            talk!("tungstenite::protocol");
            talk!("tokio_tungstenite::compat");
            talk!("reqwest::connect");
            talk!("native_tls");
            talk!("hyper::proto::h1");
            talk!("hyper_util::client::legacy");
        });
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        assert!(!text.contains("a-token"), "{text}");
        assert_eq!(text.matches("ours").count(), 8, "{text}");
    }

    /// A field that shows itself by its debugging output.
    #[derive(Debug)]
    #[expect(dead_code, reason = "read by Debug")]
    struct Holder {
        value: &'static str,
        bytes: &'static [u8],
    }

    #[test]
    fn what_our_own_lines_say_is_said_without_secrets_as_text_and_as_json() {
        const TOKEN: &str = "a-secret=of \"the\" hub/that+is-held";
        hold(TOKEN, Lasts::Always);
        for as_json in [false, true] {
            let page = Page::default();
            let writer = page.clone();
            let logging = logging(EnvFilter::new("trace"), as_json, move || writer.clone());
            tracing::subscriber::with_default(logging, || {
                let span = tracing::info_span!("a step", token = TOKEN, later = tracing::field::Empty);
                let _span = span.enter();
                span.record("later", TOKEN);
                tracing::info!("the token is {TOKEN}");
                tracing::info!(%TOKEN, other = ?TOKEN, "in fields");
                tracing::info!(holder = ?Holder { value: TOKEN, bytes: TOKEN.as_bytes() }, "in a struct");
                tracing::info!(begin = &TOKEN[..18], end = &TOKEN[18..], "in two fields");
                tracing::info!(digest = "4993e8240f42", arn = "arn:aws:s3:::project-x-dev", "readable");
            });
            let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
            assert_eq!(text.lines().count(), 5, "{text}");
            for part in ["a-secret", "of \\\"the", "that+is", "held\"", "97, 45, 115"] {
                assert!(!text.contains(part), "{part}: {text}");
            }
            assert!(text.contains("4993e8240f42") && text.contains("arn:aws:s3:::project-x-dev"), "{text}");
            if as_json {
                for line in text.lines() {
                    serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
                }
            }
        }
    }
}
