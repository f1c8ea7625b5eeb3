//! An interaction as it came in: who spoke, where, in which language, what they ask, and how they are answered.

use secrecy::SecretString;
use serenity::model::application::{CommandInteraction, Interaction};

use super::asked::Asked;
use super::rest::Reply;
use crate::model::{Language, Snowflake};

/// Who spoke, where and how. Has no `Debug`: it holds the interaction's token.
#[derive(Clone)]
pub(super) struct Incoming {
    /// How it is answered.
    pub(super) reply: Reply,
    /// Who spoke.
    pub(super) user: Snowflake,
    /// Their roles on the server; none in a direct message.
    pub(super) roles: Option<Vec<Snowflake>>,
    /// The server; none in a direct message.
    pub(super) guild: Option<Snowflake>,
    /// The channel.
    pub(super) channel: Snowflake,
    /// What they read.
    pub(super) language: Language,
}

/// What came in.
pub(super) enum Came {
    /// Something to be done, once.
    Ask(Asked),
    /// A question for what could be typed next; it changes nothing.
    Complete(Box<CommandInteraction>),
}

/// What every kind of interaction has in a type of its own.
macro_rules! incoming {
    ($one:expr) => {{
        let one = $one;
        let roles = one.member.as_ref().map(|member| member.roles.iter().filter_map(|role| snowflake(role.get())));
        Incoming {
            reply: Reply { interaction: snowflake(one.id.get())?, token: SecretString::from(one.token.clone()) },
            user: snowflake(one.user.id.get())?,
            roles: roles.map(Iterator::collect),
            guild: one.guild_id.and_then(|guild| snowflake(guild.get())),
            channel: snowflake(one.channel_id.get())?,
            language: Language::of_locale(&one.locale),
        }
    }};
}

impl Incoming {
    /// Reads an interaction. None for a ping, which the HTTP door answers itself, for a kind that is not known, and for one
    /// without proper ids.
    pub(super) fn read(interaction: Interaction) -> Option<(Self, Came)> {
        Some(match interaction {
            Interaction::Command(one) => (incoming!(&one), Came::Ask(Asked::command(&one))),
            Interaction::Component(one) => (incoming!(&one), Came::Ask(Asked::press(&one.data.custom_id))),
            Interaction::Modal(one) => (incoming!(&one), Came::Ask(Asked::modal(&one))),
            Interaction::Autocomplete(one) => (incoming!(&one), Came::Complete(Box::new(one))),
            _ => return None,
        })
    }

    /// Under which reference the log tells more of it.
    pub(super) fn reference(&self) -> &str {
        self.reply.interaction.as_str()
    }
}

fn snowflake(id: u64) -> Option<Snowflake> {
    id.to_string().parse().ok()
}
