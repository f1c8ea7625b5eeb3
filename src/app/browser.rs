//! Opens the browser, with an environment in which no secret is.

use std::io::Result;
use std::process::{Command, Stdio};

/// The variables that this program takes secrets from.
const SECRETS: [&str; 6] = [
    super::chat::TOKEN,
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
];

/// Opens the address: in what `BROWSER` names, or in what the desktop has for addresses.
///
/// # Errors
/// There is no such program.
pub(super) fn open(url: &str) -> Result<()> {
    let named = std::env::var("BROWSER").ok().filter(|name| !name.is_empty());
    let mut command = match named {
        Some(name) => Command::new(name),
        None if cfg!(target_os = "macos") => Command::new("open"),
        None if cfg!(windows) => Command::new("explorer"),
        None => Command::new("xdg-open"),
    };
    for name in SECRETS {
        command.env_remove(name);
    }
    let mut browser = command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    // It may stay open for as long as this program runs, or longer.
    std::thread::spawn(move || browser.wait());
    Ok(())
}
