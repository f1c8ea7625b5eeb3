//! The whole sandbox: a local AWS, a local Discord with its page, the real bot and the real worker. The one place that says how it
//! is put together.

use std::sync::Arc;
use std::time::Duration;

use genkan::app::LocalPlatform;
use genkan::config::{Config, Discord, Door};
use genkan::model::{Language, Snowflake};
use genkan::sandbox::discord::{LocalDiscord, ServedDiscord};
use genkan::{chat, worker};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::scene::{APPROVALS, ENGINEERS, GUILD, LEADS, PLATFORM, TOKEN, seed};

/// Everything together; it ends when it is dropped.
pub(super) struct Whole {
    pub served: ServedDiscord,
    /// All that the bot runs, so that nothing outlives the test.
    runtime: Option<Runtime>,
    _folder: TempDir,
}

impl Drop for Whole {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Whole {
    /// As `genkan sandbox` has it: the infrastructure of project-x is up, and the bot listens.
    pub(super) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let text = include_str!("../../../config/sandbox.toml");
        let config = Config::parse(text, &folder.path().join("genkan.toml")).expect("a sound config").config;
        let mut platform = LocalPlatform::of(config, &["project-x"]).await.expect("a sound seed");
        let discord = LocalDiscord::start(seed()).expect("a sound seed");
        let (aws, names) = (platform.aws.clone(), account_names(&platform.config));
        let served =
            discord.serve(0, Some(Arc::new(move || inventory(&names, &aws.inventory().0)))).await.expect("a port");
        settings(&mut platform.config, served.endpoint());
        let runtime = Runtime::new().expect("a runtime");
        let (desk, stop) = (platform.desk().await.expect("a desk"), watch::Sender::new(false));
        let (at_chat, at_work) = (stop.subscribe(), stop.subscribe());
        let listening = desk.clone();
        runtime.spawn(async move {
            // Held: as long as the runtime is there, nobody stops it.
            let _stop = stop;
            chat::serve(listening, TOKEN.to_owned().into(), at_chat).await.expect("the bot listens");
        });
        runtime.spawn(async move {
            worker::work(&desk, at_work, Arc::new(|_: &str| {})).await.expect("the store is there");
        });
        let is_there = |discord: &LocalDiscord| (discord.online() && !discord.commands().is_empty()).then_some(());
        discord.wait_for(Duration::from_mins(1), is_there).await.expect("the bot comes online");
        Self { served, runtime: Some(runtime), _folder: folder }
    }
}

fn snowflake(id: u64) -> Snowflake {
    id.to_string().parse().expect("a Discord id")
}

/// The config's part about chat.
fn settings(config: &mut Config, api: String) {
    config.discord = Some(Discord {
        guild: snowflake(GUILD),
        channel: snowflake(PLATFORM),
        language: Language::English,
        roles: [("engineers", ENGINEERS), ("infra-leads", LEADS)]
            .map(|(group, id)| (group.to_owned(), snowflake(id)))
            .into(),
        token_file: None,
        door: Door::Gateway,
        listen: None,
        public_key: None,
        api: Some(api),
    });
    for environment in config.environments.values_mut() {
        environment.approvals_channel = Some(snowflake(APPROVALS));
    }
    for person in &mut config.people {
        let member = seed().members.into_iter().find(|member| member.name == person.name);
        person.discord = member.map(|member| snowflake(member.id));
    }
}

fn account_names(config: &Config) -> Vec<(String, String)> {
    config.accounts.iter().map(|(name, account)| (account.id.to_string(), name.clone())).collect()
}

/// What the drawer shows: a line `s3 bucket project-x-dev` is a kind and a name.
fn inventory(
    names: &[(String, String)],
    accounts: &std::collections::BTreeMap<String, std::collections::BTreeSet<String>>,
) -> Value {
    let resource = |line: &String| {
        let mut words = line.splitn(3, ' ');
        let kind = [words.next(), words.next()].into_iter().flatten().collect::<Vec<_>>().join(" ");
        json!({ "kind": kind, "name": words.next().unwrap_or_default(), "region": "", "detail": "" })
    };
    let account = |(id, name): &(String, String)| {
        let resources: Vec<Value> = accounts.get(id).into_iter().flatten().map(resource).collect();
        json!({ "id": id, "name": name, "resources": resources })
    };
    json!({ "accounts": names.iter().map(account).collect::<Vec<_>>() })
}
