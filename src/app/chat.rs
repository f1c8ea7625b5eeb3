//! The bot's token, and chat beside the worker: both stop on the signal, and the one with the other.

use std::path::Path;
use std::sync::Arc;

use secrecy::SecretString;
use tokio::sync::watch;

use super::AppError;
use crate::chat::{self, ChatError};
use crate::cli::{Exit, Printer};
use crate::config::Config;
use crate::model::finding::{Finding, Health};
use crate::requests::see_through::stopped;
use crate::requests::{Desk, DeskError};
use crate::worker;

/// The environment variable that holds the bot's token.
pub(super) const TOKEN: &str = "DISCORD_TOKEN";

/// The bot's token: from the file that the config names, or from the environment. None without `[discord]`.
pub(super) fn token(config: &Config) -> Result<Option<SecretString>, AppError> {
    token_from(config, |name| std::env::var(name).ok())
}

fn token_from(config: &Config, variable: impl Fn(&str) -> Option<String>) -> Result<Option<SecretString>, AppError> {
    const WHERE: &str = "it is in the Discord Developer Portal > your application > Bot > Reset Token";
    let Some(discord) = &config.discord else { return Ok(None) };
    let (text, source) = match &discord.token_file {
        Some(file) => {
            let text = std::fs::read_to_string(Path::new(file)).map_err(|error| {
                AppError::Settings(format!(
                    "`token_file` in [discord]: {file}: {error}; it is to hold the bot's token: {WHERE}"
                ))
            })?;
            (text, format!("the file {file}"))
        }
        None => (variable(TOKEN).unwrap_or_default(), format!("${TOKEN}")),
    };
    let token = text.trim();
    let after_bot = token.strip_prefix("Bot").filter(|rest| rest.is_empty() || rest.starts_with(' '));
    let bare = after_bot.unwrap_or(token).trim();
    if bare.is_empty() {
        return Err(AppError::Settings(format!(
            "the bot's token is missing: {source} is empty; {WHERE}. Give it in the environment variable {TOKEN}, or in a file that \
             `token_file` in [discord] names"
        )));
    }
    if !bare.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(AppError::Settings(format!("what is in {source} is not a token; {WHERE}")));
    }
    Ok(Some(SecretString::from(bare)))
}

/// A desk that asks Discord which roles people have now, where there is a token to ask with. Without one, who approved in Discord is not
/// counted here: a process that has a token carries it out.
pub(super) fn with_roll(desk: Desk) -> Result<Desk, AppError> {
    match (desk.config().discord.clone(), token(desk.config())) {
        (Some(settings), Ok(Some(token))) => Ok(desk.with_roll(chat::members::roll(&settings, &token)?)),
        _ => Ok(desk),
    }
}

/// What chat needs in Discord, for `genkan doctor`. That there is no token here is a warning: another machine may have it.
pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    match token(config) {
        Ok(Some(token)) => chat::examine::examine(config, &token).await,
        Ok(None) => Vec::new(),
        // The bot of a local Discord runs beside it and has its token there.
        Err(_) if config.discord.as_ref().is_some_and(|discord| discord.api.is_some()) => Vec::new(),
        Err(error) => vec![Finding {
            place: "Discord, bot".to_owned(),
            subject: "token".to_owned(),
            health: Health::Warning,
            seen: error.to_string(),
            mend: None,
        }],
    }
}

/// Carries out what is asked and approved, and with a token chats too, until `stop` turns true or one of the two ends. What is
/// under way is finished first.
pub(super) async fn serve(
    desk: &Desk,
    token: Option<SecretString>,
    stop: watch::Receiver<bool>,
    printer: &Printer,
) -> Result<Exit, AppError> {
    desk.begin("serve").await?;
    let served = serve_until(desk, token, stop, printer).await;
    // Signed to the last entry, also where it went wrong.
    desk.end().await?;
    desk.checkpoint().await?;
    served
}

async fn serve_until(
    desk: &Desk,
    token: Option<SecretString>,
    stop: watch::Receiver<bool>,
    printer: &Printer,
) -> Result<Exit, AppError> {
    let tell = printer.clone();
    let tell = Arc::new(move |line: &str| tell.progress(line));
    let Some(token) = token else {
        printer.progress("carrying out what is asked and approved (Ctrl-C stops)");
        worker::work(desk, stop, tell).await?;
        return Ok(Exit::Done);
    };
    printer.progress("carrying out what is asked and approved, and listening in Discord (Ctrl-C stops)");
    let desk = match &desk.config().discord {
        Some(settings) => &desk.clone().with_roll(chat::members::roll(settings, &token)?),
        None => desk,
    };
    let (end, ending) = watch::channel(false);
    let chat = async {
        let ended = chat::serve(desk.clone(), token, ending.clone()).await;
        if let Err(error) = &ended {
            // The worker may need minutes for its calls: why it ends is said now.
            tracing::error!(%error, "chat has ended; what is under way is finished first");
        }
        end.send_replace(true);
        ended
    };
    let work = async {
        let ended = worker::work(desk, ending.clone(), tell).await;
        end.send_replace(true);
        ended
    };
    let signal = async {
        let (mut stop, mut ending) = (stop, ending.clone());
        tokio::select! {
            () = stopped(&mut stop) => drop(end.send_replace(true)),
            () = stopped(&mut ending) => {}
        }
    };
    let (chatted, worked, ()): (Result<(), ChatError>, Result<(), DeskError>, ()) = tokio::join!(chat, work, signal);
    worked?;
    chatted?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn config(discord: &str) -> Config {
        let text = include_str!("../../config/sandbox.toml").replace("[discord]", &format!("[discord]\n{discord}"));
        Config::parse(&text, Path::new("genkan.toml")).unwrap_or_else(|errors| panic!("{errors}")).config
    }

    fn found(discord: &str, variable: Option<&str>) -> Result<String, String> {
        let found = token_from(&config(discord), |name| variable.filter(|_| name == TOKEN).map(str::to_owned));
        found.map(|token| token.unwrap().expose_secret().to_owned()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_token_is_what_stands_there_without_what_stands_around_it() {
        assert_eq!(found("", Some("a.token.x")), Ok("a.token.x".to_owned()));
        assert_eq!(found("", Some(" Bot a.token.x\n")), Ok("a.token.x".to_owned()));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "from.a.file\n").unwrap();
        assert_eq!(
            found(&format!("token_file = {:?}", file.display().to_string()), Some("other")),
            Ok("from.a.file".to_owned())
        );
    }

    #[test]
    fn a_token_that_is_missing_says_where_it_is_and_how_to_give_it() {
        for variable in [None, Some(""), Some(" \n"), Some("Bot ")] {
            let error = found("", variable).unwrap_err();
            for word in ["Developer Portal", "Reset Token", "DISCORD_TOKEN", "token_file"] {
                assert!(error.contains(word), "{error}");
            }
        }
        let error = found("token_file = \"/nowhere/token\"", Some("a.token.x")).unwrap_err();
        assert!(error.contains("/nowhere/token: No such file") && error.contains("Reset Token"), "{error}");
    }

    #[test]
    fn what_cannot_be_a_token_is_refused_and_not_told_on() {
        let error = found("", Some("two words")).unwrap_err();
        assert!(error.contains("$DISCORD_TOKEN is not a token") && !error.contains("words"), "{error}");
    }

    #[test]
    fn without_discord_no_token_is_needed() {
        let mut config = config("");
        config.discord = None;
        assert!(token_from(&config, |_| None).unwrap().is_none());
    }
}
