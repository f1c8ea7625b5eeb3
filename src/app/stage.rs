//! The whole sandbox in one process: the local AWS, the local Discord with its page, the real bot and the worker.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::local::PREPARED;
use super::{AppError, LocalPlatform, chat, drawer};
use crate::cli::{Exit, Printer};
use crate::config::Config;
use crate::model::{Language, Snowflake};
use crate::sandbox::discord::seed::{DiscordSeed, SeedChannel, SeedMember, SeedRole};
use crate::sandbox::discord::{LocalDiscord, ServedDiscord};
use crate::sandbox::{LocalAws, Served};

/// The bot's token there: made up, like everything in it.
const BOT_TOKEN: &str = "made-up-token-of-the-sandbox-bot";

/// The bot's user there, which is its application too.
const APPLICATION: u64 = 118_000_000_000_000_500;

/// Who is on the local Discord's server and not in the config.
const STRANGER: (u64, &str) = (118_000_000_000_000_405, "stranger");

/// How the sandbox is to be.
#[derive(Debug, Clone)]
pub struct StageOptions {
    /// The loopback port of the local AWS; 0 = any that is free.
    pub aws_port: u16,
    /// The loopback port of the local Discord and its page; 0 = any that is free.
    pub page_port: u16,
    /// Round-trip time of every AWS call.
    pub latency: Duration,
    /// The language of what is said to a whole channel.
    pub language: Language,
}

/// A sandbox that runs.
pub struct Stage {
    /// The made-up platform.
    pub platform: LocalPlatform,
    /// The config that other processes can use: it points at this sandbox.
    pub config: PathBuf,
    discord: LocalDiscord,
    folder: PathBuf,
    aws: Served,
    page: ServedDiscord,
    stop: watch::Sender<bool>,
    bot: JoinHandle<Result<Exit, AppError>>,
}

impl Stage {
    /// Starts it in a folder: goes on from the state that is kept there, if some is. Returns when the bot is connected and its
    /// commands are registered.
    ///
    /// # Errors
    /// A port that is taken, a folder that cannot be written or holds something else, in words.
    pub async fn start(folder: &Path, options: &StageOptions, printer: &Printer) -> Result<Self, AppError> {
        let other = |error: &dyn std::fmt::Display| AppError::Other(error.to_string());
        std::fs::create_dir_all(folder).map_err(|error| other(&format!("{}: {error}", folder.display())))?;
        let folder = folder.canonicalize().map_err(|error| other(&error))?;
        let restored = LocalAws::restore(&folder).await.map_err(|error| other(&error))?;
        let mut platform = match restored {
            Some(aws) => LocalPlatform::over(aws, &folder),
            None => LocalPlatform::start(&folder, &PREPARED).await.map_err(|error| other(&error))?,
        };
        platform.aws.faults().set_latency(options.latency);
        let discord =
            match LocalDiscord::restore(&folder, seed(&platform.config)).await.map_err(|error| other(&error))? {
                Some(discord) => discord,
                None => LocalDiscord::start(seed(&platform.config)).map_err(|error| other(&error))?,
            };
        let taken = |port: u16, option: &str, error: &dyn std::fmt::Display| {
            other(&format!("port {port}: {error}; another one with {option}, any free one with {option} 0"))
        };
        let aws = platform.aws.serve(options.aws_port).await;
        let aws = aws.map_err(|error| taken(options.aws_port, "--port", &error))?;
        let document = {
            let (config, aws) = (platform.config.clone(), platform.aws.clone());
            Arc::new(move || drawer::document(&config, &aws.inventory()))
        };
        let page = discord.serve(options.page_port, Some(document)).await;
        let page = page.map_err(|error| taken(options.page_port, "--page-port", &error))?;
        if let Some(discord) = &mut platform.config.discord {
            discord.api = Some(page.endpoint());
            discord.language = options.language;
        }
        // The state first: it says that the folder is a sandbox's.
        platform.aws.save(&folder).await.map_err(|error| other(&error))?;
        let config = folder.join("genkan.toml");
        LocalPlatform::write_config(&config, &page.endpoint()).map_err(|error| other(&error))?;

        let desk = platform.desk().await?;
        let (stop, stopped) = watch::channel(false);
        let mut events = discord.events();
        let bot = {
            let printer = printer.clone();
            tokio::spawn(
                async move { chat::serve(&desk, Some(SecretString::from(BOT_TOKEN)), stopped, &printer).await },
            )
        };
        while (!discord.online() || discord.commands().is_empty()) && !bot.is_finished() {
            // Whatever happens there is a reason to look again.
            let _ = tokio::time::timeout(Duration::from_millis(100), events.recv()).await;
        }
        Ok(Self { platform, config, discord, folder, aws, page, stop, bot })
    }

    /// Where the local AWS listens.
    pub fn endpoint(&self) -> String {
        self.aws.endpoint()
    }

    /// Where the page is.
    pub fn page(&self) -> String {
        format!("{}/", self.page.endpoint())
    }

    /// Writes the state of the local AWS and the local Discord into the folder.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub async fn save(&self) -> Result<(), AppError> {
        save(&self.platform.aws, &self.discord, &self.folder).await
    }

    /// Whether the bot is still there; false after it has come to its end by itself.
    pub fn is_well(&self) -> bool {
        !self.bot.is_finished()
    }

    /// Finishes the calls under way and stops everything. `keeps`: what is there at the very end is written into the folder, so
    /// that it agrees with what the store knows of those calls.
    ///
    /// # Errors
    /// What the bot came to its end by; the folder cannot be written.
    pub async fn stop(self, keeps: bool) -> Result<(), AppError> {
        let Self { platform, discord, folder, aws, page, stop, bot, .. } = self;
        stop.send_replace(true);
        let other = |error: &dyn std::fmt::Display| AppError::Other(error.to_string());
        let ended = bot.await.map_err(|error| other(&error))?;
        page.stop().await.map_err(|error| other(&error))?;
        aws.stop().await.map_err(|error| other(&error))?;
        if keeps {
            save(&platform.aws, &discord, &folder).await?;
        }
        ended.map(drop)
    }
}

async fn save(aws: &LocalAws, discord: &LocalDiscord, folder: &Path) -> Result<(), AppError> {
    aws.save(folder).await.map_err(|error| AppError::Other(error.to_string()))?;
    discord.save(folder).await.map_err(|error| AppError::Other(error.to_string()))
}

/// The server of the made-up platform: the people of its config, and one stranger.
fn seed(config: &Config) -> DiscordSeed {
    let settings = config.discord.as_ref().expect("the built-in config is tested to have [discord]");
    let approvals = config.environments.values().find_map(|environment| environment.approvals_channel.as_ref());
    let channel = |id: &Snowflake, name: &str, topic: &str| SeedChannel {
        id: id.number(),
        name: name.to_owned(),
        topic: topic.to_owned(),
        access: Default::default(),
    };
    let mut channels = vec![channel(&settings.channel, "platform", "Ask for projects to be let in or shown out")];
    channels.extend(approvals.map(|id| channel(id, "infra-approvals", "What waits for an infra lead's approval")));
    let audit = config.audit.channel.iter();
    channels.extend(audit.map(|id| channel(id, "audit-log", "Checkpoints of the audit log, for everybody to keep")));
    let roles = settings.roles.iter().map(|(group, id)| SeedRole { id: id.number(), name: group.clone() }).collect();
    let known = config.people.iter().filter_map(|person| {
        let groups = person.groups.iter();
        Some(SeedMember {
            id: person.discord.as_ref()?.number(),
            name: person.name.clone(),
            title: person.groups.first().map_or("guest", |group| group.trim_end_matches('s')).replace('-', " "),
            roles: groups.filter_map(|group| settings.roles.get(group)).map(Snowflake::number).collect(),
            locale: "en-US".to_owned(),
            permissions: SeedMember::usual_permissions(),
        })
    });
    let stranger = SeedMember {
        id: STRANGER.0,
        name: STRANGER.1.to_owned(),
        title: "outsider".to_owned(),
        roles: vec![],
        locale: "en-US".to_owned(),
        permissions: SeedMember::usual_permissions(),
    };
    DiscordSeed {
        guild: settings.guild.number(),
        guild_name: "Platform".to_owned(),
        guild_locale: "en-US".to_owned(),
        application: APPLICATION,
        bot_name: "Genkan".to_owned(),
        bot_token: BOT_TOKEN.to_owned(),
        channels,
        roles,
        members: known.chain([stranger]).collect(),
    }
}
