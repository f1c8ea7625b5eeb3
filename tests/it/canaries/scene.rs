//! The platform with canaries for secrets: a local AWS and a local Discord on ports, each behind what learns and repeats, and the
//! real program as processes.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use genkan::app::LocalPlatform;
use genkan::config::Config;
use genkan::sandbox::discord::seed::{Access, DiscordSeed, Id, SeedChannel, SeedMember, SeedRole};
use genkan::sandbox::discord::{LocalDiscord, ServedDiscord};
use genkan::sandbox::{LocalAws, Served};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::Instant;

use super::between::Between;
use super::search::{Canary, Surface};
use crate::chat::reading::{button, number, text};

pub const PLATFORM: Id = 118_000_000_000_000_201;
pub const APPROVALS: Id = 118_000_000_000_000_202;
pub const AIKO: Id = 118_000_000_000_000_401;
pub const REN: Id = 118_000_000_000_000_402;
pub const MIO: Id = 118_000_000_000_000_403;
pub const PATIENCE: Duration = Duration::from_mins(1);

pub const BOT: &str = "bot-vT3qZ8.kW1xN6_yR4mB9-hJ2sD7";
pub const HUB_KEY: (&str, &str) = ("AKIAQ7Z2W9X4C1V8B5N3", "hU8/bK3+eY6sT1rO9nG4wQ7zX2cV5mL0pJ8iD3fA");
pub const GITHUB: &str = "ghp_7Hq2Wn9Lx4Vc8Zk3Tb6Ym1Rd5Sf0Pg2Jt4Ke";
/// Of no known shape, and with what every encoding writes otherwise.
pub const ROTATED: &str = "r0t\"Ated\\8/Vb+2=Xk~5é;Wq9&Zt3<Lm>6'Pn1";
pub const SECURE: &str = "s3cure-Str1ng-0f-a-p4rameter-Qz8";
pub const EXTERNAL: &str = "ext-9f2c7b4e-1d8a-4c36-b5e0";

/// Everything together.
pub struct Scene {
    pub platform: LocalPlatform,
    pub discord: LocalDiscord,
    pub aws: Between,
    pub rest: Between,
    pub page: ServedDiscord,
    pub told: Mutex<Vec<Surface>>,
    folder: TempDir,
    _served: Served,
}

impl Scene {
    pub async fn opens() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let discord = LocalDiscord::start(seed()).expect("a sound seed");
        let page = discord.serve(0, None).await.expect("a port");
        let rest = Between::before(page.endpoint()).await;
        let text = include_str!("../../../config/sandbox.toml")
            .replace("\"genkan-sandbox\"", &format!("{EXTERNAL:?}"))
            .replace("[discord]\n", &format!("[discord]\napi = {:?}\n", rest.endpoint()));
        let file = folder.path().join("genkan.toml");
        std::fs::write(&file, &text).expect("a config");
        let config = Config::parse(&text, &file).expect("a sound config").config;
        let platform = LocalPlatform::of(config.clone(), &["project-x", "project-y", "project-z"]).await;
        let aws = with_canaries(platform.expect("a sound seed").aws).await;
        let served = aws.serve(0).await.expect("a port");
        let between = Between::before(served.endpoint()).await;
        let platform = LocalPlatform { aws, config };
        Self { platform, discord, aws: between, rest, page, told: Mutex::default(), folder, _served: served }
    }

    /// All that is known to be secret: what was put there, and what was learned on the way.
    pub fn canaries(&self) -> BTreeSet<Canary> {
        let put = [
            ("bot token", BOT),
            ("access key id", HUB_KEY.0),
            ("secret key of the hub", HUB_KEY.1),
            ("GitHub token", GITHUB),
            ("rotated GitHub token", ROTATED),
            ("SecureString", SECURE),
        ]
        .map(|(kind, value)| Canary { kind, value: value.to_owned() });
        // The key that the audit log is signed with is made by the program, beside its store.
        let key = std::fs::read_to_string(self.folder.path().join("audit.key")).ok();
        let key = key.map(|key| Canary { kind: "audit key", value: key.trim().to_owned() });
        put.into_iter().chain(key).chain(self.aws.learned()).chain(self.rest.learned()).collect()
    }

    /// The program with these arguments, and all secrets where they belong.
    pub fn genkan(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_genkan"));
        command.args(arguments).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
            .env("GENKAN_CONFIG", self.folder.path().join("genkan.toml"))
            .env("GENKAN_LOG", "trace")
            .env("RUST_BACKTRACE", "full")
            .env("DISCORD_TOKEN", BOT)
            .env("AWS_ENDPOINT_URL", self.aws.endpoint())
            .env("AWS_REGION", "ap-northeast-1")
            .env("AWS_ACCESS_KEY_ID", HUB_KEY.0)
            .env("AWS_SECRET_ACCESS_KEY", HUB_KEY.1)
            .env_remove("AWS_PROFILE");
        command
    }

    /// Runs it to its end, and keeps what it told: in words, logging all that it can.
    pub async fn runs(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let format = if arguments.contains(&"--json") { "json" } else { "text" };
        let mut command = self.genkan(arguments);
        let output = tokio::time::timeout(PATIENCE, command.env("GENKAN_LOG_FORMAT", format).output()).await;
        let Output { status, stdout, stderr } = output.expect("it ends").expect("it runs");
        let name = arguments.join(" ");
        let told = String::from_utf8_lossy(&stdout).into_owned();
        self.keeps(format!("{name}: stdout"), stdout);
        self.keeps(format!("{name}: stderr"), stderr);
        (status.code(), told)
    }

    /// The bot and the worker, logging in JSON.
    pub async fn serves(&self) -> Child {
        let mut bot = self.genkan(&["serve"]);
        // Into files: a pipe that nobody empties would hold it up.
        let file = |name: &str| File::create(self.path(name)).expect("a file");
        bot.env("GENKAN_LOG_FORMAT", "json").stdout(file("stdout")).stderr(file("stderr"));
        let bot = bot.spawn().expect("it starts");
        let there = |discord: &LocalDiscord| (discord.online() && !discord.commands().is_empty()).then_some(());
        self.discord.wait_for(PATIENCE, there).await.expect("the bot comes online");
        bot
    }

    pub fn keeps(&self, name: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.told.lock().expect("no panic").push(Surface::new(name, bytes));
    }

    /// The store's files as they are now.
    pub fn keeps_store(&self, when: &str) {
        for file in ["genkan.db", "genkan.db-wal", "genkan.db-shm"] {
            if let Ok(bytes) = std::fs::read(self.path(file)) {
                self.keeps(format!("{file} {when}"), bytes);
            }
        }
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// Waits until the answer to what somebody asked has one of these texts; meanwhile the leads approve whatever waits, and what
    /// failed is retried.
    pub async fn comes_to(&self, interaction: Id, texts: &[&str]) -> String {
        let id = interaction.to_string();
        let (until, mut press_at) = (Instant::now() + PATIENCE, Instant::now());
        while Instant::now() < until {
            let answer = self.discord.messages(AIKO, PLATFORM);
            let answer = answer.iter().find(|message| message["interaction_metadata"]["id"] == id.as_str());
            let told = answer.map(text).unwrap_or_default();
            if texts.iter().any(|part| told.contains(part)) {
                return told;
            }
            if Instant::now() >= press_at {
                // Who is in a hurry is told to wait.
                press_at = Instant::now() + Duration::from_secs(1);
                if let Some(answer) = answer.filter(|_| told.contains("When it is mended")) {
                    self.presses(AIKO, answer, "retry:").await;
                }
                for lead in [REN, MIO] {
                    for question in self.discord.messages(lead, APPROVALS) {
                        self.presses(lead, &question, "approve:").await;
                    }
                }
            }
            // Whatever happens is a reason to look again; a moment later there is more.
            let mut events = self.discord.events();
            let _ = tokio::time::timeout(Duration::from_millis(300), events.recv()).await;
        }
        let all = [PLATFORM, APPROVALS].map(|channel| self.discord.messages(AIKO, channel));
        let all: Vec<String> = all.iter().flatten().map(text).collect();
        panic!("it did not come to {texts:?}:\n{}", all.join("\n\n"))
    }

    /// Presses the button that begins like this, where it is there.
    pub async fn presses(&self, who: Id, message: &Value, begin: &str) {
        if let Some(custom_id) = button(message, begin) {
            let person = self.discord.person(who).at(number(&message["channel_id"]));
            // It may have been taken away meanwhile.
            let _ = person.press(number(&message["id"]), &custom_id).await;
        }
    }
}

/// The same local AWS with other secrets: its state is written, changed and read again.
async fn with_canaries(aws: LocalAws) -> LocalAws {
    let folder = tempfile::tempdir().expect("a folder");
    aws.save(folder.path()).await.expect("written");
    let file = folder.path().join(LocalAws::STATE_FILE);
    let mut state = std::fs::read_to_string(&file).expect("read");
    for (made_up, canary) in [
        ("AKIAGENKANSANDBOX001", HUB_KEY.0),
        ("genkan-sandbox-secret-key-made-up-0001", HUB_KEY.1),
        ("made-up-github-token-of-the-sandbox", GITHUB),
    ] {
        assert!(state.contains(made_up), "{made_up} is in the state");
        state = state.replace(made_up, canary);
    }
    std::fs::write(&file, state).expect("written");
    LocalAws::restore(folder.path()).await.expect("read").expect("it is there")
}

fn seed() -> DiscordSeed {
    let channel =
        |id, name: &str| SeedChannel { id, name: name.to_owned(), topic: String::new(), access: Access::Write };
    let member = |id, name: &str, role: Id| SeedMember {
        id,
        name: name.to_owned(),
        title: String::new(),
        roles: vec![role],
        locale: "en-US".to_owned(),
        permissions: SeedMember::usual_permissions(),
    };
    let (engineers, leads) = (118_000_000_000_000_301, 118_000_000_000_000_302);
    DiscordSeed {
        guild: 118_000_000_000_000_100,
        guild_name: "Platform".to_owned(),
        guild_locale: "en-US".to_owned(),
        application: 118_000_000_000_000_500,
        bot_name: "Genkan".to_owned(),
        bot_token: BOT.to_owned(),
        channels: vec![channel(PLATFORM, "platform"), channel(APPROVALS, "infra-approvals")],
        roles: vec![
            SeedRole { id: engineers, name: "engineers".to_owned() },
            SeedRole { id: leads, name: "infra-leads".to_owned() },
        ],
        members: vec![member(AIKO, "aiko", engineers), member(REN, "ren", leads), member(MIO, "mio", leads)],
    }
}
