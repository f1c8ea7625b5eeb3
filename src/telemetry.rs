//! Logs: what is done, on the standard error output, as much as was asked for. Never a secret: nothing that holds one can be
//! printed, and the SDK's own events, which show requests, stay below what is let through.

use tracing_subscriber::EnvFilter;

/// Begins logging. `verbose`: how often `-v` was given. `GENKAN_LOG` (as `RUST_LOG`: `genkan=debug`) decides where it is set.
pub fn start(verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    let filter =
        EnvFilter::try_from_env("GENKAN_LOG").unwrap_or_else(|_| EnvFilter::new(format!("error,genkan={level}")));
    // The SDK shows headers and bodies below `info`, whatever the filter says: tokens are in them.
    let filter = [
        "aws_config",
        "aws_smithy_runtime",
        "aws_smithy_runtime_api",
        "aws_smithy_http_client",
        "aws_sigv4",
        "hyper",
        "hyper_util",
        "h2",
        "rustls",
        "sqlx",
    ]
    .iter()
    .filter_map(|noisy| format!("{noisy}=warn").parse().ok())
    .fold(filter, EnvFilter::add_directive);
    // A second start (tests) keeps the first one's.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
