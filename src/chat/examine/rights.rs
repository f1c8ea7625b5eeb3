//! What the bot may do in a channel: computed from the server's roles and the channel's overwrites, as Discord does.
//!
//! The order of the rules: Discord's API documentation, Permissions, Permission Overwrites. The bits: the same, Bitwise
//! Permission Flags.

use serde::{Deserialize, Deserializer};

use crate::model::Snowflake;

/// A permission: its bit, and what Discord's settings call it.
pub(super) type Right = (u64, &'static str);

/// What the bot does in every channel that it posts to.
pub(super) const TO_POST: [Right; 3] = [(VIEW, "View Channel"), (1 << 11, "Send Messages"), (1 << 14, "Embed Links")];

/// With it the bot may mention a role that not everybody may mention.
pub(super) const MENTION: Right = (1 << 17, "Mention @everyone, @here, and All Roles");

const ADMINISTRATOR: u64 = 1 << 3;
const VIEW: u64 = 1 << 10;
const EVERYTHING: u64 = u64::MAX;

/// A server, as far as permissions go.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Server {
    pub(super) id: Snowflake,
    #[serde(default)]
    pub(super) name: String,
    pub(super) owner_id: Snowflake,
    #[serde(default)]
    pub(super) roles: Vec<Role>,
}

/// A role of the server. That of everybody has the server's id.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Role {
    pub(super) id: Snowflake,
    #[serde(default)]
    pub(super) name: String,
    #[serde(deserialize_with = "bits")]
    pub(super) permissions: u64,
    #[serde(default)]
    pub(super) mentionable: bool,
}

/// The bot as a member of the server.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Member {
    pub(super) user: User,
    #[serde(default)]
    pub(super) roles: Vec<Snowflake>,
}

/// A user.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct User {
    pub(super) id: Snowflake,
}

/// A channel.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Channel {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) guild_id: Option<Snowflake>,
    #[serde(rename = "type")]
    pub(super) kind: u64,
    #[serde(default)]
    pub(super) permission_overwrites: Vec<Overwrite>,
}

/// What a channel gives or takes for a role or a member.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Overwrite {
    id: Snowflake,
    #[serde(deserialize_with = "bits")]
    allow: u64,
    #[serde(deserialize_with = "bits")]
    deny: u64,
}

/// What the member may do in the channel, as bits.
pub(super) fn of(member: &Member, server: &Server, channel: &Channel) -> u64 {
    if server.owner_id == member.user.id {
        return EVERYTHING;
    }
    let has = |role: &&Role| role.id == server.id || member.roles.contains(&role.id);
    let base = server.roles.iter().filter(has).fold(0, |all, role| all | role.permissions);
    if base & ADMINISTRATOR != 0 {
        return EVERYTHING;
    }
    let overwrites = |of: &dyn Fn(&Snowflake) -> bool| {
        let those = channel.permission_overwrites.iter().filter(|overwrite| of(&overwrite.id));
        those.fold((0, 0), |(allow, deny), one| (allow | one.allow, deny | one.deny))
    };
    // For everybody, then for all of the member's roles together, then for the member: each outweighs what was before.
    let rounds = [
        overwrites(&|id| *id == server.id),
        overwrites(&|id| *id != server.id && member.roles.contains(id)),
        overwrites(&|id| *id == member.user.id),
    ];
    let may = rounds.into_iter().fold(base, |may, (allow, deny)| may & !deny | allow);
    // Who does not see a channel can do nothing in it.
    if may & VIEW == 0 { 0 } else { may }
}

/// Permissions are written as text.
fn bits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| serde::de::Error::custom("permissions are a number in a text"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const SEND: u64 = 1 << 11;
    const SEES: u64 = VIEW | SEND;

    fn may(everybody: u64, own: u64, overwrites: &Value, owner: &str) -> u64 {
        let server = json!({"id": id("1"), "owner_id": id(owner), "roles": [
            {"id": id("1"), "permissions": everybody.to_string()}, {"id": id("2"), "permissions": own.to_string()},
            {"id": id("3"), "permissions": "8"},
        ]});
        let member = json!({"user": {"id": id("9")}, "roles": [id("2")]});
        let channel = json!({"type": 0, "permission_overwrites": overwrites});
        of(
            &serde_json::from_value(member).unwrap(),
            &serde_json::from_value(server).unwrap(),
            &serde_json::from_value(channel).unwrap(),
        )
    }

    /// Discord's ids are longer.
    fn id(digit: &str) -> String {
        format!("11800000000000000{digit}")
    }

    #[test]
    fn what_stands_nearer_to_the_member_outweighs_what_stands_further_away() {
        let overwrite = |of: &str, allow: u64, deny: u64| json!({"id": id(of), "type": 0, "allow": allow.to_string(), "deny": deny.to_string()});
        for (why, everybody, own, overwrites, expected) in [
            ("everybody's and its own role together", VIEW, SEND, json!([]), SEES),
            ("nothing", 0, 0, json!([]), 0),
            ("without seeing it nothing", 0, SEND, json!([]), 0),
            ("denied to everybody", SEES, 0, json!([overwrite("1", 0, SEND)]), VIEW),
            (
                "denied to everybody, allowed to its role",
                SEES,
                0,
                json!([overwrite("1", 0, SEND), overwrite("2", SEND, 0)]),
                SEES,
            ),
            (
                "allowed to its role, denied to it",
                SEES,
                0,
                json!([overwrite("2", SEND, 0), overwrite("9", 0, SEND)]),
                VIEW,
            ),
            (
                "denied to its role, allowed to it",
                SEES,
                0,
                json!([overwrite("9", SEND, 0), overwrite("2", 0, SEND)]),
                SEES,
            ),
            ("denied to a role that it has not", SEES, 0, json!([overwrite("3", 0, SEND)]), SEES),
            ("an administrator is denied nothing", 0, ADMINISTRATOR, json!([overwrite("9", 0, SEES)]), EVERYTHING),
        ] {
            assert_eq!(may(everybody, own, &overwrites, "8"), expected, "{why}");
        }
        assert_eq!(may(0, 0, &json!([]), "9"), EVERYTHING, "the owner");
    }
}
