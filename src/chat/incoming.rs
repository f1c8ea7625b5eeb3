//! An interaction as it came in: who spoke, where, in which language, what they ask, and how they are answered.

use secrecy::SecretString;
use serenity::model::application::{CommandInteraction, Interaction};

use super::asked::Asked;
use super::rest::Reply;
use crate::config::Discord;
use crate::model::{Language, Snowflake};
use crate::telemetry::{Lasts, hold};

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

/// The token in a type that cannot be printed and is wiped. None is left in the interaction.
fn token(given: &mut String) -> SecretString {
    hold(given, Lasts::Passing);
    SecretString::from(std::mem::take(given))
}

/// What every kind of interaction has in a type of its own.
macro_rules! incoming {
    ($one:expr) => {{
        let one = $one;
        let roles = one.member.as_ref().map(|member| member.roles.iter().filter_map(|role| snowflake(role.get())));
        Incoming {
            reply: Reply { interaction: snowflake(one.id.get())?, token: token(&mut one.token) },
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
            Interaction::Command(mut one) => (incoming!(&mut one), Came::Ask(Asked::command(&one))),
            Interaction::Component(mut one) => (incoming!(&mut one), Came::Ask(Asked::press(&one.data.custom_id))),
            Interaction::Modal(mut one) => (incoming!(&mut one), Came::Ask(Asked::modal(&one))),
            Interaction::Autocomplete(mut one) => (incoming!(&mut one), Came::Complete(Box::new(one))),
            _ => return None,
        })
    }

    /// Whether it came from the server that the config names: what another server's roles are called means nothing here.
    pub(super) fn is_from(&self, settings: Option<&Discord>) -> bool {
        settings.is_some_and(|discord| self.guild.as_ref() == Some(&discord.guild))
    }

    /// Under which reference the log tells more of it.
    pub(super) fn reference(&self) -> &str {
        self.reply.interaction.as_str()
    }
}

fn snowflake(id: u64) -> Option<Snowflake> {
    id.to_string().parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::chat::asked::{Command, Filled, Press};

    /// An interaction as Discord sends it, of that type and with that data.
    fn interaction(kind: u8, data: &Value) -> Value {
        let mut one = json!({
            "id": "1180000000000000001", "application_id": "118000000000000500", "type": kind, "token": "a-secret",
            "version": 1, "channel_id": "118000000000000201", "locale": "ja", "entitlements": [],
            "attachment_size_limit": 10_485_760, "data": data, "guild_id": "118000000000000100",
            "member": {
                "user": {"id": "118000000000000401", "username": "aiko"}, "roles": ["118000000000000301"],
                "deaf": false, "mute": false, "flags": 0, "permissions": "2048",
            },
        });
        if kind == 3 {
            one["message"] = json!({
                "id": "118000000000000900", "channel_id": "118000000000000201", "content": "", "tts": false, "type": 0,
                "author": {"id": "118000000000000500", "username": "genkan"}, "mention_everyone": false, "mentions": [],
                "timestamp": "2026-01-01T00:00:00.000000+00:00", "mention_roles": [], "attachments": [], "embeds": [],
                "pinned": false,
            });
        }
        one
    }

    fn read(one: Value) -> Option<(Incoming, Came)> {
        Incoming::read(serde_json::from_value(one).expect("serenity reads it"))
    }

    fn asked(one: Value) -> Asked {
        match read(one).expect("it is read").1 {
            Came::Ask(asked) => asked,
            Came::Complete(_) => panic!("nothing is completed"),
        }
    }

    #[test]
    fn who_spoke_where_and_in_which_language() {
        let onboard = json!({"id": "118000000000000700", "name": "onboard", "type": 1, "options": [
            {"name": "project", "type": 3, "value": " project-x "}, {"name": "environment", "type": 3, "value": "dev"},
        ]});
        let (incoming, came) = read(interaction(2, &onboard)).expect("it is read");
        assert_eq!(incoming.reference(), "1180000000000000001");
        assert_eq!((incoming.user.as_str(), incoming.channel.as_str()), ("118000000000000401", "118000000000000201"));
        assert_eq!(incoming.guild.as_ref().map(Snowflake::as_str), Some("118000000000000100"));
        let roles: Vec<&str> = incoming.roles.iter().flatten().map(Snowflake::as_str).collect();
        assert_eq!((roles, incoming.language), (vec!["118000000000000301"], Language::Japanese));
        let Came::Ask(Asked::Command(command @ Command::Onboard { .. })) = came else { panic!("a command") };
        assert_eq!(Asked::Command(command).words(), "/onboard project-x dev");
    }

    #[test]
    fn a_direct_message_comes_from_no_server_and_brings_no_roles() {
        let mut one = interaction(2, &json!({"id": "118000000000000700", "name": "help", "type": 1}));
        let fields = one.as_object_mut().expect("an object");
        fields.remove("guild_id");
        let member = fields.remove("member").expect("a member");
        fields.insert("user".to_owned(), member["user"].clone());
        let (incoming, _) = read(one).expect("it is read");
        assert_eq!((incoming.user.as_str(), incoming.guild, incoming.roles), ("118000000000000401", None, None));
    }

    #[test]
    fn a_press_a_form_and_something_typed() {
        let press = json!({"custom_id": "cancel:r-7k2m9x4bqd", "component_type": 2});
        let id = "r-7k2m9x4bqd".parse().expect("an id");
        assert_eq!(asked(interaction(3, &press)), Asked::Press(Press::Cancel(id)));

        let form = |id: &str, field: &str, value: &str| {
            let input = json!({"type": 4, "custom_id": field, "value": value});
            interaction(5, &json!({"custom_id": id, "components": [{"type": 1, "components": [input]}]}))
        };
        let teardown = "teardown:project-x:dev:destroy:0123456789abcdef";
        let Asked::Filled(Filled::Teardown { shown, typed }) = asked(form(teardown, "project", "project-x ")) else {
            panic!("a form")
        };
        assert_eq!((shown.id().as_str(), typed.as_str()), (teardown, "project-x "), "what was typed is kept exactly");
        let reject = format!("reject:r-7k2m9x4bqd:{}", "0".repeat(64));
        assert!(
            matches!(asked(form(&reject, "reason", " no ")), Asked::Filled(Filled::Reject { reason, .. }) if reason == "no")
        );
        assert_eq!(asked(form(&reject, "project", "no")), Asked::Old, "a field of another form");
        assert_eq!(asked(form("cancel:r-7k2m9x4bqd", "reason", "no")), Asked::Old, "no form has this id");

        let typing = json!({"id": "118000000000000700", "name": "onboard", "type": 1, "options": [
            {"name": "project", "type": 3, "value": "pro", "focused": true},
        ]});
        assert!(matches!(read(interaction(4, &typing)), Some((_, Came::Complete(_)))));
    }
}
