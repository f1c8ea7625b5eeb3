//! The calls that are served: from a method and a path to what is meant, its name, and whose bucket it is in.

use super::seed::Id;
use super::webhooks::Which;

/// A call, read from its method and path.
#[derive(Debug, PartialEq)]
pub(crate) enum Call {
    Gateway,
    GatewayBot,
    Me,
    Application,
    Commands { application: Id, guild: Id },
    PutCommands { application: Id, guild: Id },
    Callback { interaction: Id, token: String },
    FollowUp { application: Id, token: String },
    ReadAnswer { application: Id, token: String, which: Which },
    EditAnswer { application: Id, token: String, which: Which },
    DeleteAnswer { application: Id, token: String, which: Which },
    Channel { channel: Id },
    Guild { guild: Id },
    Member { guild: Id, user: Id },
    Post { channel: Id },
    List { channel: Id },
    Read { channel: Id, message: Id },
    Edit { channel: Id, message: Id },
    Delete { channel: Id, message: Id },
}

impl Call {
    /// Reads a path below `/api/v10/`; `None` = there is nothing such.
    pub(crate) fn of(method: &str, path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        let id = |text: &str| text.parse::<Id>().ok();
        let token = |text: &str| text.to_owned();
        Some(match (method, parts.as_slice()) {
            ("GET", ["gateway"]) => Self::Gateway,
            ("GET", ["gateway", "bot"]) => Self::GatewayBot,
            ("GET", ["users", "@me"]) => Self::Me,
            ("GET", ["applications", "@me"] | ["oauth2", "applications", "@me"]) => Self::Application,
            ("GET", ["applications", application, "guilds", guild, "commands"]) => {
                Self::Commands { application: id(application)?, guild: id(guild)? }
            }
            ("PUT", ["applications", application, "guilds", guild, "commands"]) => {
                Self::PutCommands { application: id(application)?, guild: id(guild)? }
            }
            ("POST", ["interactions", interaction, secret, "callback"]) => {
                Self::Callback { interaction: id(interaction)?, token: token(secret) }
            }
            ("POST", ["webhooks", application, secret]) => {
                Self::FollowUp { application: id(application)?, token: token(secret) }
            }
            (_, ["webhooks", application, secret, "messages", message]) => {
                let which = if *message == "@original" { Which::Original } else { Which::FollowUp(id(message)?) };
                let (application, token) = (id(application)?, token(secret));
                match method {
                    "GET" => Self::ReadAnswer { application, token, which },
                    "PATCH" => Self::EditAnswer { application, token, which },
                    "DELETE" => Self::DeleteAnswer { application, token, which },
                    _ => return None,
                }
            }
            ("GET", ["channels", channel]) => Self::Channel { channel: id(channel)? },
            ("GET", ["guilds", guild]) => Self::Guild { guild: id(guild)? },
            ("GET", ["guilds", guild, "members", user]) => Self::Member { guild: id(guild)?, user: id(user)? },
            ("POST", ["channels", channel, "messages"]) => Self::Post { channel: id(channel)? },
            ("GET", ["channels", channel, "messages"]) => Self::List { channel: id(channel)? },
            (_, ["channels", channel, "messages", message]) => {
                let (channel, message) = (id(channel)?, id(message)?);
                match method {
                    "GET" => Self::Read { channel, message },
                    "PATCH" => Self::Edit { channel, message },
                    "DELETE" => Self::Delete { channel, message },
                    _ => return None,
                }
            }
            _ => return None,
        })
    }

    /// What the log and the rules call it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Gateway => "GET gateway",
            Self::GatewayBot => "GET gateway/bot",
            Self::Me => "GET users/@me",
            Self::Application => "GET applications/@me",
            Self::Commands { .. } => "GET commands",
            Self::PutCommands { .. } => "PUT commands",
            Self::Callback { .. } => "POST callback",
            Self::FollowUp { .. } => "POST follow-up",
            Self::ReadAnswer { which: Which::Original, .. } => "GET @original",
            Self::EditAnswer { which: Which::Original, .. } => "PATCH @original",
            Self::DeleteAnswer { which: Which::Original, .. } => "DELETE @original",
            Self::ReadAnswer { .. } => "GET follow-up",
            Self::EditAnswer { .. } => "PATCH follow-up",
            Self::DeleteAnswer { .. } => "DELETE follow-up",
            Self::Channel { .. } => "GET channel",
            Self::Guild { .. } => "GET guild",
            Self::Member { .. } => "GET member",
            Self::Post { .. } => "POST message",
            Self::List { .. } => "GET messages",
            Self::Read { .. } => "GET message",
            Self::Edit { .. } => "PATCH message",
            Self::Delete { .. } => "DELETE message",
        }
    }

    /// The parameter by which calls of one route are counted apart (Discord's rate limit documentation, top-level resources).
    pub(crate) fn major(&self) -> String {
        match self {
            Self::Gateway | Self::GatewayBot | Self::Me | Self::Application => String::new(),
            Self::Commands { guild, .. }
            | Self::PutCommands { guild, .. }
            | Self::Guild { guild }
            | Self::Member { guild, .. } => guild.to_string(),
            Self::Callback { interaction, .. } => interaction.to_string(),
            Self::FollowUp { token, .. }
            | Self::ReadAnswer { token, .. }
            | Self::EditAnswer { token, .. }
            | Self::DeleteAnswer { token, .. } => token.clone(),
            Self::Channel { channel }
            | Self::Post { channel }
            | Self::List { channel }
            | Self::Read { channel, .. }
            | Self::Edit { channel, .. }
            | Self::Delete { channel, .. } => channel.to_string(),
        }
    }

    /// The interaction's token in the path: such calls need no bot token and are outside the limit of all calls.
    pub(crate) fn interaction_token(&self) -> Option<&str> {
        match self {
            Self::Callback { token, .. }
            | Self::FollowUp { token, .. }
            | Self::ReadAnswer { token, .. }
            | Self::EditAnswer { token, .. }
            | Self::DeleteAnswer { token, .. } => Some(token),
            _ => None,
        }
    }
}
