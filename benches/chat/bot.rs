//! The bot as a process of its own, `genkan serve`, against a local Discord in this one: so that only the bot is measured.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use genkan::app::LocalPlatform;
use genkan::sandbox::discord::seed::{DiscordSeed, SeedChannel, SeedMember, SeedRole};
use genkan::sandbox::discord::{Access, LocalDiscord, ServedDiscord};

use crate::Failed;

/// Whose commands are sent: aiko, an engineer of config/sandbox.toml.
pub const AIKO: u64 = 118_000_000_000_000_401;

/// How long is waited for the bot to come or to go.
const PATIENCE: Duration = Duration::from_mins(1);

/// The bot's token: made up.
const TOKEN: &str = "made-up-token-of-the-bench-bot";

/// A local Discord that the bot talks to.
pub struct Place {
    pub discord: LocalDiscord,
    served: ServedDiscord,
    program: PathBuf,
}

impl Place {
    /// `program`: which genkan is the bot.
    pub async fn opens(program: &Path) -> Result<Self, Failed> {
        let discord = LocalDiscord::start(seed())?;
        let served = discord.serve(0, None).await?;
        Ok(Self { discord, served, program: program.to_owned() })
    }

    /// Starts the bot over the store in this folder, and says how long it took until it was connected and its commands were
    /// registered.
    pub async fn bot(&self, folder: &Path) -> Result<(Bot, Duration), Failed> {
        let config = folder.join("genkan.toml");
        LocalPlatform::write_config(&config, &self.served.endpoint())?;
        let gone = |discord: &LocalDiscord| (!discord.online()).then_some(());
        self.discord.wait_for(PATIENCE, gone).await.ok_or("the bot before did not go")?;
        let begun = Instant::now();
        let child = Command::new(&self.program)
            .arg("serve")
            .env_clear()
            .env("GENKAN_CONFIG", &config)
            .env("DISCORD_TOKEN", TOKEN)
            // No AWS is asked; were it, nobody would answer there.
            .envs([("AWS_ENDPOINT_URL", "http://127.0.0.1:1"), ("AWS_REGION", "ap-northeast-1")])
            .envs([("AWS_ACCESS_KEY_ID", "made-up"), ("AWS_SECRET_ACCESS_KEY", "made-up")])
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.join("log"))?)
            .spawn()?;
        let bot = Bot { child, log: folder.join("log") };
        let there = |discord: &LocalDiscord| (discord.online() && !discord.commands().is_empty()).then_some(());
        if self.discord.wait_for(PATIENCE, there).await.is_none() {
            return Err(format!("the bot did not come: {}", bot.log()).into());
        }
        Ok((bot, begun.elapsed()))
    }
}

/// A bot that runs. Dropped, it is killed.
pub struct Bot {
    child: Child,
    log: PathBuf,
}

impl Bot {
    /// Its memory in KiB, by the name that `/proc/PID/status` has for it: `VmRSS`, `RssAnon`, `VmHWM`.
    pub fn memory(&self, what: &str) -> Result<u64, Failed> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'));
        Ok(line.and_then(|line| line.split_whitespace().next()).ok_or("no such line")?.parse()?)
    }

    /// The processor time that it has used.
    pub fn used(&self) -> Result<Duration, Failed> {
        // In nanoseconds: the first number of each thread's `schedstat`.
        let mut nanoseconds = 0;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
            nanoseconds += text.split_whitespace().next().ok_or("no schedstat")?.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// What it logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server of config/sandbox.toml, with the one person who asks.
fn seed() -> DiscordSeed {
    let channel =
        |id, name: &str| SeedChannel { id, name: name.to_owned(), topic: String::new(), access: Access::Write };
    let engineer = 118_000_000_000_000_301;
    DiscordSeed {
        guild: 118_000_000_000_000_100,
        guild_name: "Platform".to_owned(),
        guild_locale: "en-US".to_owned(),
        application: 118_000_000_000_000_500,
        bot_name: "genkan".to_owned(),
        bot_token: TOKEN.to_owned(),
        channels: vec![
            channel(118_000_000_000_000_201, "platform"),
            channel(118_000_000_000_000_202, "infra-approvals"),
        ],
        roles: vec![SeedRole { id: engineer, name: "engineer".to_owned() }],
        members: vec![SeedMember {
            id: AIKO,
            name: "aiko".to_owned(),
            title: "engineer".to_owned(),
            roles: vec![engineer],
            locale: "en-US".to_owned(),
            permissions: SeedMember::usual_permissions(),
        }],
    }
}
