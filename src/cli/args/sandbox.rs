//! What can be typed after `demo` and `sandbox`.

use std::path::PathBuf;

use clap::Args;

use crate::model::Language;

/// `genkan demo`
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// The environment: dev, staging or production.
    #[arg(long, default_value = "dev")]
    pub env: String,
    /// The project's name.
    #[arg(long, default_value = "project-x")]
    pub project: String,
    /// Round-trip time of every call to the local AWS, such as 80ms.
    #[arg(long, value_parser = milliseconds, default_value = "0ms", value_name = "TIME")]
    pub latency: std::time::Duration,
}

/// `genkan sandbox`
#[derive(Debug, Args)]
pub struct SandboxArguments {
    /// The loopback port of the local AWS; 0 = any that is free.
    #[arg(long, default_value_t = 4566)]
    pub port: u16,
    /// The loopback port of the page and of the local Discord behind it; 0 = any that is free.
    #[arg(long, default_value_t = 4600)]
    pub page_port: u16,
    /// Open the page in the browser.
    #[arg(long)]
    pub open: bool,
    /// The language of what is said to a whole channel: en or ja. Who asks is answered in their own.
    #[arg(long, value_parser = language, default_value = "en", value_name = "LANGUAGE")]
    pub language: Language,
    /// Where its state is kept over restarts [default: nowhere, it is forgotten when it stops].
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Begin anew: remove the state that is kept there.
    #[arg(long, requires = "state")]
    pub fresh: bool,
    /// Round-trip time of every call, such as 80ms.
    #[arg(long, value_parser = milliseconds, default_value = "0ms", value_name = "TIME")]
    pub latency: std::time::Duration,
}

/// A language by its code.
fn language(text: &str) -> Result<Language, String> {
    let found = Language::ALL.into_iter().find(|language| language.code() == text);
    found.ok_or_else(|| format!("one of {}", Language::ALL.map(Language::code).join(", ")))
}

/// A duration as people type it: `80ms`, `1s`, `1.5s`.
fn milliseconds(text: &str) -> Result<std::time::Duration, String> {
    let (number, scale) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s').ok_or("a time such as 80ms or 1.5s")?, 1.0),
    };
    let number: f64 = number.trim().parse().map_err(|_| "a time such as 80ms or 1.5s".to_owned())?;
    std::time::Duration::try_from_secs_f64(number * scale).map_err(|error| error.to_string())
}
