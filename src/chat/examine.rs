//! Looks at what chat needs in Discord, changing nothing: the token, the application, the server, the channels.

use secrecy::SecretString;
use serenity::http::Route;

use super::rest::{Rest, RestError};
use super::serve::is_key_of;
use crate::config::{Config, Discord};
use crate::model::Snowflake;
use crate::model::finding::{Finding, Health};

/// What is well and what is missing in Discord. Nothing without `[discord]`.
pub async fn examine(config: &Config, token: &SecretString) -> Vec<Finding> {
    let Some(settings) = &config.discord else { return Vec::new() };
    let rest = match Rest::new(settings, token) {
        Ok(rest) => rest,
        Err(error) => return vec![found("bot", "connection", Err((error.to_string(), String::new())))],
    };
    let mut findings = Vec::new();
    let application = rest.application().await;
    let is_known = application.is_ok();
    let whose = application
        .as_ref()
        .map(|application| format!("it is the bot of the application {} ({})", application.name, application.id))
        .map_err(|error| (error.to_string(), mend_token(error)));
    findings.push(found("bot", "token", whose));
    if let Ok(application) = &application
        && settings.public_key.is_some()
    {
        let wrong = || {
            let seen = "it is not the application's: every post of Discord's would be refused".to_owned();
            (seen, format!("public_key = \"{}\"", application.verify_key))
        };
        let is_right = is_key_of(settings, application);
        let seen = is_right.then(|| "it is the application's".to_owned()).ok_or_else(wrong);
        findings.push(found("bot", "public_key", seen));
    }
    // Without a valid token every further question would only be another invalid request.
    if is_known {
        findings.push(guild(&rest, settings).await);
        for (channel, named_by) in channels(config, settings) {
            findings.push(self::channel(&rest, &channel, &named_by).await);
        }
    }
    findings
}

async fn guild(rest: &Rest, settings: &Discord) -> Finding {
    let named = rest.name_of(Route::Guild { guild_id: settings.guild.number().into() }).await;
    let mend = "check `guild` in [discord]; invite the bot there with the scopes `bot` and `applications.commands` (Developer Portal \
                > OAuth2 > URL Generator)";
    let seen = named.map(|name| format!("it is {name}")).map_err(|error| (error.to_string(), mend.to_owned()));
    found(&format!("server {}", settings.guild), "the bot is in it", seen)
}

async fn channel(rest: &Rest, channel: &Snowflake, named_by: &str) -> Finding {
    let named = rest.name_of(Route::Channel { channel_id: channel.number().into() }).await;
    let mend = format!(
        "check `{named_by}`; let the bot's role View Channel, Send Messages and Embed Links there (Edit Channel > Permissions)"
    );
    found(
        &format!("channel {channel}"),
        named_by,
        match named {
            Ok(name) => Ok(format!("the bot sees #{name}")),
            Err(error) => Err((error.to_string(), mend)),
        },
    )
}

/// Every channel that the config names, once, with the setting that names it first.
fn channels(config: &Config, settings: &Discord) -> Vec<(Snowflake, String)> {
    let of_environments = config.environments.iter().filter_map(|(name, environment)| {
        let channel = environment.approvals_channel.clone()?;
        Some((channel, format!("environments.{name}.approvals_channel")))
    });
    let mut all = vec![(settings.channel.clone(), "discord.channel".to_owned())];
    let of_audit = config.audit.channel.iter().map(|channel| (channel.clone(), "audit.channel".to_owned()));
    for (channel, named_by) in of_environments.chain(of_audit) {
        if all.iter().all(|(known, _)| *known != channel) {
            all.push((channel, named_by));
        }
    }
    all
}

fn mend_token(error: &RestError) -> String {
    match error {
        RestError::Unauthorised => {
            "reset it (Developer Portal > Bot > Reset Token), and give the new one in DISCORD_TOKEN or `token_file`"
                .to_owned()
        }
        _ => "can this machine reach discord.com on port 443?".to_owned(),
    }
}

fn found(place: &str, subject: &str, seen: Result<String, (String, String)>) -> Finding {
    let (health, seen, mend) = match seen {
        Ok(seen) => (Health::Ok, seen, None),
        Err((seen, mend)) => (Health::Failed, seen, Some(mend).filter(|mend| !mend.is_empty())),
    };
    Finding { place: format!("Discord, {place}"), subject: subject.to_owned(), health, seen, mend }
}
