//! Discord: which server, which channels, whose roles, and through which door interactions come in.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Language, Snowflake};

/// `[discord]`. The bot's token is not here: it comes from the environment variable `DISCORD_TOKEN` or from `token_file`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Discord {
    /// The server (Discord calls it guild) in which the commands are registered.
    pub guild: Snowflake,
    /// The channel for the cards of requests that were not made in chat.
    pub channel: Snowflake,
    /// The language of what is said to a whole channel: `en` or `ja`. Who asks is answered in their own.
    #[serde(default)]
    pub language: Language,
    /// Discord's roles: group → role's id. Who is in `[[people]]` and has that role is in that group too; the role of an
    /// environment's approvers is pinged when an approval is needed.
    #[serde(default)]
    pub roles: BTreeMap<String, Snowflake>,
    /// A file that holds the bot's token, relative to the config file. Default: the environment variable `DISCORD_TOKEN`.
    #[serde(default)]
    pub token_file: Option<String>,
    /// How interactions come in.
    #[serde(default)]
    pub door: Door,
    /// Where the HTTP door listens: `address:port`. Only with `door = "http"`.
    #[serde(default)]
    pub listen: Option<String>,
    /// The application's public key, 64 hex digits. Only with `door = "http"`.
    #[serde(default)]
    pub public_key: Option<String>,
    /// A local Discord instead of Discord itself, on a loopback address: what `genkan sandbox` prints.
    #[serde(default)]
    pub api: Option<String>,
}

/// How interactions come in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Door {
    /// Over a connection that the bot opens to Discord's gateway: needs no public address.
    #[default]
    Gateway,
    /// Discord posts them to the bot's public address (Interactions Endpoint URL).
    Http,
}

/// Whether this is the address of a Discord on this machine: a scheme, a loopback host, a port, and nothing else.
pub(super) fn is_local(api: &str) -> bool {
    let Ok(url) = url::Url::parse(api) else { return false };
    let loopback = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    loopback && bare && url.scheme() == "http" && url.username().is_empty() && url.password().is_none()
}

/// Whether this looks like a bot's token: three parts, the first of which is the application's id in base 64.
pub(super) fn looks_like_a_token(text: &str) -> bool {
    TOKEN.is_match(text)
}

/// The text without what looks like a bot's token.
pub(super) fn without_tokens(text: &str) -> String {
    TOKEN.replace_all(text, "(a token)").into_owned()
}

static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{5,8}\.[A-Za-z0-9_-]{25,}").expect("a valid pattern")
});
