//! Logs: what is done, on the standard error output, as much as was asked for. Never a secret.

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, FilterExt, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// The crates that show whole requests and answers, tokens and secrets among them, below `warn`.
const SHOWS_EVERYTHING: [&str; 9] =
    ["aws_", "awsim_", "h2", "hyper", "hyper_util", "reqwest", "rustls", "sqlx", "tower"];

/// Begins logging. `verbose`: how often `-v` was given. `GENKAN_LOG` (as in `RUST_LOG`: `genkan=debug`) decides where it is
/// set, except that nothing makes the crates talk that would show secrets.
pub fn start(verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    let asked =
        EnvFilter::try_from_env("GENKAN_LOG").unwrap_or_else(|_| EnvFilter::new(format!("error,genkan={level}")));
    let output = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let logging = tracing_subscriber::registry().with(output.with_filter(asked.and(filter_fn(is_safe))));
    // A second start in one process (tests) keeps the first one's.
    let _ = logging.try_init();
}

/// Whether an event's or span's place is one that shows no secret at its level.
fn is_safe(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::WARN || !shows_everything(metadata.target())
}

fn shows_everything(target: &str) -> bool {
    let krate = target.split("::").next().unwrap_or_default();
    SHOWS_EVERYTHING.iter().any(|name| krate == *name || (name.ends_with('_') && krate.starts_with(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_whole_requests_is_never_let_to_talk() {
        for target in ["aws_smithy_runtime::client::orchestrator", "aws_sdk_secretsmanager", "hyper::proto", "h2"] {
            assert!(shows_everything(target), "{target}");
        }
        for target in ["genkan::engine::run", "genkan", "hyperactive", "awsome"] {
            assert!(!shows_everything(target), "{target}");
        }
    }
}
