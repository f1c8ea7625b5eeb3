//! Looks at what chat needs in Discord, changing nothing: the token, the application, the server with its roles, and
//! what the bot may do in each channel that it uses. Three calls follow one another.

mod rights;

use std::collections::BTreeMap;

use futures::future::{join_all, join3};
use secrecy::SecretString;
use serenity::http::Route;

use self::rights::{Channel, MENTION, Member, Right, Role, Server, TO_POST, User};
use super::rest::{Application, Rest, RestError};
use super::serve::is_key_of;
use crate::config::{Config, Discord};
use crate::model::Snowflake;
use crate::model::finding::{Finding, Health};

/// The kinds of channels that messages of a bot go to: text and announcements (API documentation, Channel Types).
const TEXT: [u64; 2] = [0, 5];

/// What is well and what is missing in Discord. Nothing without `[discord]`.
pub async fn examine(config: &Config, token: &SecretString) -> Vec<Finding> {
    let Some(settings) = &config.discord else { return Vec::new() };
    let rest = match Rest::new(settings, token) {
        Ok(rest) => rest,
        Err(error) => return vec![broken("bot", "connection", &error.to_string(), "")],
    };
    // Without a valid token every further question would only be another invalid request.
    let application = match rest.application().await {
        Ok(application) => application,
        Err(error) => return vec![broken("bot", "token", &error.to_string(), mend_token(&error))],
    };
    let seen = format!("it is the bot of the application {} ({})", application.name, application.id);
    let mut findings = vec![ok("bot", "token", &seen)];
    findings.extend(public_key(settings, &application));
    let used = channels(config, settings);
    let guild_id = settings.guild.number().into();
    let (server, me, seen) = join3(
        rest.read::<Server>(Route::Guild { guild_id }),
        rest.read::<User>(Route::UserMe),
        join_all(used.keys().map(|id| rest.read::<Channel>(Route::Channel { channel_id: id.number().into() }))),
    )
    .await;
    let member = match &me {
        Ok(me) => Some(rest.read::<Member>(Route::GuildMember { guild_id, user_id: me.id.number().into() }).await),
        Err(_) => None,
    };
    let member = member.and_then(Result::ok);
    findings.push(in_server(settings, &server));
    let server = server.ok();
    if let Some(server) = &server {
        findings.extend(roles(settings, server));
    }
    for ((id, used), channel) in used.iter().zip(seen) {
        findings.extend(used.findings(id, channel, server.as_ref().zip(member.as_ref()), settings));
    }
    findings
}

/// Whether the config holds the application's public key; nothing where it holds none.
fn public_key(settings: &Discord, application: &Application) -> Option<Finding> {
    settings.public_key.as_ref()?;
    Some(if is_key_of(settings, application) {
        ok("bot", "public_key", "it is the application's")
    } else {
        let seen = "it is not the application's: every post of Discord's would be refused";
        broken("bot", "public_key", seen, &format!("public_key = \"{}\"", application.verify_key))
    })
}

fn in_server(settings: &Discord, server: &Result<Server, RestError>) -> Finding {
    let place = format!("server {}", settings.guild);
    let mend = "check `guild` in [discord]; invite the bot there with the scopes `bot` and `applications.commands` (Developer Portal \
                > OAuth2 > URL Generator)";
    match server {
        Ok(server) => ok(&place, "the bot is in it", &format!("it is {}", server.name)),
        Err(error) => broken(&place, "the bot is in it", &error.to_string(), mend),
    }
}

/// That every role that the config names is one of the server's.
fn roles(settings: &Discord, server: &Server) -> Vec<Finding> {
    let place = format!("server {}", settings.guild);
    let named = settings.roles.iter().map(|(group, id)| {
        let subject = format!("role of the group {group}");
        if let Some(role) = server.roles.iter().find(|role| role.id == *id) {
            return ok(&place, &subject, &format!("it is {}", role.name));
        }
        let others = server.roles.iter().filter(|role| role.id != server.id);
        let there: Vec<String> = others.map(|role| format!("{} = {}", role.name, role.id)).collect();
        let mend = format!(
            "correct `{group}` in [discord.roles] (Server Settings > Roles > … > Copy Role ID); there are: {}",
            there.join(", ")
        );
        broken(&place, &subject, &format!("the server has no role {id}: nobody is in {group} by it"), &mend)
    });
    named.collect()
}

/// A channel that the config names.
#[derive(Default)]
struct Used {
    /// The settings that name it.
    by: Vec<String>,
    /// The roles that are mentioned there when an approval is needed, with their groups.
    mentions: BTreeMap<Snowflake, String>,
}

impl Used {
    /// What the bot sees of the channel, and what it may do there.
    fn findings(
        &self,
        id: &Snowflake,
        channel: Result<Channel, RestError>,
        known: Option<(&Server, &Member)>,
        settings: &Discord,
    ) -> Vec<Finding> {
        let (place, subject) = (format!("channel {id}"), self.by.join(", "));
        let channel = match channel {
            Ok(channel) => channel,
            Err(error) => {
                let mend = format!(
                    "check `{}`; {}",
                    self.by.join("`, `"),
                    how_to_allow("the channel", &TO_POST.map(|(_, name)| name))
                );
                return vec![broken(&place, &subject, &error.to_string(), &mend)];
            }
        };
        let name = format!("#{}", channel.name);
        if channel.guild_id.as_ref() != Some(&settings.guild) || !TEXT.contains(&channel.kind) {
            let seen = format!("{name} is not a text channel of the server {}", settings.guild);
            return vec![broken(&place, &subject, &seen, &format!("correct `{}`", self.by.join("`, `")))];
        }
        let Some((server, member)) = known else {
            return vec![ok(&place, &subject, &format!("the bot sees {name}"))];
        };
        let may = rights::of(member, server, &channel);
        let lacks = |&(bit, _): &&Right| may & bit == 0;
        let lacking: Vec<&str> = TO_POST.iter().filter(lacks).map(|(_, name)| *name).collect();
        let posts = if lacking.is_empty() {
            ok(&place, &subject, &format!("the bot sees {name}, and may post cards there"))
        } else {
            let seen = format!("the bot sees {name} and lacks there: {}", lacking.join(", "));
            broken(&place, &subject, &seen, &how_to_allow(&name, &lacking))
        };
        let mentioned = server.roles.iter().filter_map(|role| Some((role, self.mentions.get(&role.id)?)));
        let mentioned = mentioned.map(|(role, group)| mention(&place, &name, role, group, may));
        std::iter::once(posts).chain(mentioned).collect()
    }
}

/// Whether the members of a role are told when the bot mentions it.
fn mention(place: &str, channel: &str, role: &Role, group: &str, may: u64) -> Finding {
    let subject = format!("approvers of the group {group}");
    if role.mentionable || may & MENTION.0 != 0 {
        return ok(place, &subject, &format!("@{} is told when an approval is needed", role.name));
    }
    let seen = format!("@{} is shown there and nobody is told: the role cannot be mentioned by the bot", role.name);
    let mend = format!(
        "Server Settings > Roles > {} > Allow anyone to @mention this role; or {}",
        role.name,
        how_to_allow(channel, &[MENTION.1])
    );
    finding(place, &subject, Health::Warning, &seen, &mend)
}

fn how_to_allow(channel: &str, rights: &[&str]) -> String {
    format!("let the bot's role {} in {channel} (Edit Channel > Permissions)", rights.join(", "))
}

/// Every channel that the config names, with what it is used for.
fn channels(config: &Config, settings: &Discord) -> BTreeMap<Snowflake, Used> {
    let mut all: BTreeMap<Snowflake, Used> = BTreeMap::new();
    let mut name = |id: &Snowflake, by: String| all.entry(id.clone()).or_default().by.push(by);
    name(&settings.channel, "discord.channel".to_owned());
    for (environment, of) in &config.environments {
        if let Some(channel) = &of.approvals_channel {
            name(channel, format!("environments.{environment}.approvals_channel"));
        }
    }
    if let Some(channel) = &config.audit.channel {
        name(channel, "audit.channel".to_owned());
    }
    for of in config.environments.values() {
        let channel = of.approvals_channel.as_ref().unwrap_or(&settings.channel);
        let groups = of.approvers.iter().filter_map(|group| Some((settings.roles.get(group)?.clone(), group.clone())));
        all.entry(channel.clone()).or_default().mentions.extend(groups);
    }
    all
}

fn mend_token(error: &RestError) -> &'static str {
    match error {
        RestError::Unauthorised => {
            "reset it (Developer Portal > Bot > Reset Token), and give the new one in DISCORD_TOKEN or `token_file`"
        }
        _ => "can this machine reach discord.com on port 443?",
    }
}

fn ok(place: &str, subject: &str, seen: &str) -> Finding {
    finding(place, subject, Health::Ok, seen, "")
}

fn broken(place: &str, subject: &str, seen: &str, mend: &str) -> Finding {
    finding(place, subject, Health::Failed, seen, mend)
}

fn finding(place: &str, subject: &str, health: Health, seen: &str, mend: &str) -> Finding {
    let mend = Some(mend.to_owned()).filter(|mend| !mend.is_empty());
    Finding { place: format!("Discord, {place}"), subject: subject.to_owned(), health, seen: seen.to_owned(), mend }
}
