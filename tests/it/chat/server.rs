//! A platform with a chat: the made-up AWS, a local Discord over sockets, the real bot and the real worker, and the people.

use std::sync::Arc;
use std::time::Duration;

use genkan::chat;
use genkan::config::{Config, Discord, Door};
use genkan::model::{Direction, Language, RequestId, Snowflake};
use genkan::requests::show::Which;
use genkan::sandbox::discord::seed::{Access, DiscordSeed, Id, SeedChannel, SeedMember, SeedRole};
use genkan::sandbox::discord::{CannotDo, Event, Filled, LocalDiscord, Person, ServedDiscord};
use genkan::worker;
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;

use super::reading::{button, is_ephemeral, number, text};
use crate::house::{House, Process};
use crate::tap::Trap;

pub const GUILD: Id = 118_000_000_000_000_100;
/// Where people ask.
pub const PLATFORM: Id = 118_000_000_000_000_201;
/// Where infra leads are asked.
pub const APPROVALS: Id = 118_000_000_000_000_202;
/// Where checkpoints of the audit log are posted.
pub const AUDIT: Id = 118_000_000_000_000_203;
pub const ENGINEER: Id = 118_000_000_000_000_301;
pub const LEAD: Id = 118_000_000_000_000_302;
pub const AIKO: Id = 118_000_000_000_000_401;
pub const REN: Id = 118_000_000_000_000_402;
pub const MIO: Id = 118_000_000_000_000_403;
pub const GUEST: Id = 118_000_000_000_000_404;
pub const STRANGER: Id = 118_000_000_000_000_405;
const BOT: Id = 118_000_000_000_000_500;

/// How long anything may take before a test gives it up.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// How long is waited to see that nothing happens.
pub const A_WHILE: Duration = Duration::from_millis(700);

/// Everything together.
pub struct Server {
    pub house: House,
    /// Somebody's terminal: a process of its own over the same store.
    pub terminal: Process,
    pub discord: LocalDiscord,
    served: ServedDiscord,
    bot: Option<Bot>,
}

/// One process that listens and works.
struct Bot {
    stop: watch::Sender<bool>,
    /// All that it runs, so that it can be killed at once.
    runtime: Option<Runtime>,
    chat: JoinHandle<Result<(), chat::ChatError>>,
    worker: JoinHandle<()>,
    trap: Arc<Trap>,
}

impl Bot {
    fn dies(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        self.dies();
    }
}

fn snowflake(id: Id) -> Snowflake {
    id.to_string().parse().expect("a Discord id")
}

fn seed() -> DiscordSeed {
    let channel =
        |id, name: &str| SeedChannel { id, name: name.to_owned(), topic: String::new(), access: Access::Write };
    let role = |id, name: &str| SeedRole { id, name: name.to_owned() };
    let member = |id, name: &str, roles: &[Id]| SeedMember {
        id,
        name: name.to_owned(),
        title: String::new(),
        roles: roles.to_vec(),
        locale: "en-US".to_owned(),
        permissions: SeedMember::usual_permissions(),
    };
    DiscordSeed {
        guild: GUILD,
        guild_name: "Platform".to_owned(),
        guild_locale: "en-US".to_owned(),
        application: BOT,
        bot_name: "Genkan".to_owned(),
        bot_token: "local".to_owned(),
        channels: vec![
            channel(PLATFORM, "platform"),
            channel(APPROVALS, "infra-approvals"),
            channel(AUDIT, "audit-log"),
        ],
        roles: vec![role(ENGINEER, "engineer"), role(LEAD, "infra-lead")],
        members: vec![
            member(AIKO, "aiko", &[ENGINEER]),
            member(REN, "ren", &[LEAD]),
            member(MIO, "mio", &[LEAD]),
            member(GUEST, "guest", &[]),
            member(STRANGER, "stranger", &[]),
        ],
    }
}

/// The config's part about chat.
fn settings(config: &mut Config, api: String) {
    config.discord = Some(Discord {
        guild: snowflake(GUILD),
        channel: snowflake(PLATFORM),
        language: Language::English,
        roles: [("engineers", ENGINEER), ("infra-leads", LEAD)]
            .map(|(group, role)| (group.to_owned(), snowflake(role)))
            .into(),
        token_file: None,
        door: Door::Gateway,
        listen: None,
        public_key: None,
        api: Some(api),
    });
    // Only where a test is about it.
    config.audit.channel = None;
    for environment in config.environments.values_mut() {
        environment.approvals_channel = Some(snowflake(APPROVALS));
    }
    for person in &mut config.people {
        let of = [("aiko", AIKO), ("ren", REN), ("mio", MIO), ("guest", GUEST)];
        person.discord = of.iter().find(|(name, _)| *name == person.name).map(|(_, id)| snowflake(*id));
    }
}

impl Server {
    /// The stacks of project-x and project-y are up, and the bot listens.
    pub async fn opens() -> Self {
        Self::where_config(|_| {}).await
    }

    /// The same, where the operator decided otherwise.
    pub async fn where_config(change: impl FnOnce(&mut Config)) -> Self {
        let discord = LocalDiscord::start(seed()).expect("a sound seed");
        let served = discord.serve(0, None).await.expect("a port");
        let api = served.endpoint();
        let house = House::with(&["project-x", "project-y"], |config| {
            settings(config, api);
            change(config);
        })
        .await;
        let terminal = house.start().await;
        let mut server = Self { house, terminal, discord, served, bot: None };
        server.bot_starts().await;
        server
    }

    /// The bot starts, as one process with the worker, and is there.
    pub async fn bot_starts(&mut self) {
        let mut process = self.house.start().await;
        let settings = self.house.platform.config.discord.as_ref().expect("a server");
        let roll = chat::members::roll(settings, &"local".to_owned().into()).expect("a client");
        process.desk = process.desk.with_roll(roll);
        let (stop, stopped) = watch::channel(false);
        let token = "local".to_owned().into();
        let trap = Arc::clone(&process.trap);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let chat = runtime.spawn(chat::serve(process.desk.clone(), token, stopped.clone()));
        let worker = runtime.spawn(async move {
            worker::work(&process.desk, stopped, Arc::new(|_: &str| {})).await.expect("the store is there");
        });
        self.bot = Some(Bot { stop, runtime: Some(runtime), chat, worker, trap });
        let is_there = |discord: &LocalDiscord| (discord.online() && !discord.commands().is_empty()).then_some(());
        self.discord.wait_for(PATIENCE, is_there).await.expect("the bot comes online");
    }

    /// The bot is stopped gently.
    pub async fn bot_stops(&mut self) {
        let mut bot = self.bot.take().expect("a bot");
        bot.stop.send_replace(true);
        (&mut bot.chat).await.expect("no panic").expect("it ends well");
        (&mut bot.worker).await.expect("no panic");
    }

    /// The bot is killed.
    pub async fn bot_dies(&mut self) {
        let mut bot = self.bot.take().expect("a bot");
        bot.dies();
        // Once both are gone nothing of it is left that could write.
        let _ = ((&mut bot.chat).await, (&mut bot.worker).await);
        self.discord.wait_for(PATIENCE, |discord| (!discord.online()).then_some(())).await.expect("it is gone");
    }

    /// What becomes of the bot's calls to AWS.
    pub fn trap(&self) -> &Trap {
        &self.bot.as_ref().expect("a bot").trap
    }

    /// A project is let in, without a word in chat about how.
    pub async fn has(&self, project: &str, environment: &str) {
        let wish = crate::house::wish(Direction::Onboard, project, environment);
        let id = self.terminal.ask("aiko", &wish).await.expect("asked").expect("something to do");
        let text = format!("{project} is in {environment}");
        for lead in ["ren", "mio"] {
            self.reads(REN, APPROVALS, &["[Approve]"]).await;
            self.terminal.approve(lead, &id).await.expect("approved");
            if self.terminal.show(&id).await.held().next().is_none() || environment != "production" {
                break;
            }
        }
        self.reads(AIKO, PLATFORM, &[&text]).await;
    }

    /// Somebody in the channel where people ask.
    pub fn person(&self, id: Id) -> Person {
        self.discord.person(id)
    }

    /// Somebody types a command in `#platform`.
    pub async fn types(&self, who: Id, command: &str, options: &[(&str, &str)]) -> Id {
        self.tries_to_type(who, command, options).await.unwrap_or_else(|why| panic!("/{command}: {why}"))
    }

    async fn tries_to_type(&self, who: Id, command: &str, options: &[(&str, &str)]) -> Result<Id, CannotDo> {
        let filled: Vec<Filled> = options.iter().map(|(name, value)| Filled::text(name, value)).collect();
        self.person(who).command(command, &filled).await
    }

    /// `/onboard project environment`
    pub async fn onboards(&self, who: Id, project: &str, environment: &str) -> Id {
        self.types(who, "onboard", &[("project", project), ("environment", environment)]).await
    }

    /// What somebody chooses from.
    pub async fn is_offered(&self, who: Id, command: &str, filled: &[Filled]) -> Vec<String> {
        let choices = self.person(who).autocomplete(command, filled).await.expect("choices");
        choices.iter().map(|choice| choice["value"].as_str().expect("a text").to_owned()).collect()
    }

    /// Waits until somebody sees a message in a channel that is as it should be.
    pub async fn sees(&self, who: Id, channel: Id, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let person = self.person(who).at(channel);
        let found =
            person.wait_for(PATIENCE, |person| person.messages().into_iter().rev().find(|message| is_it(message)));
        found.await.unwrap_or_else(|| panic!("nobody sees {what} in\n{}", self.shown(who, channel).join("\n\n")))
    }

    /// Waits until somebody sees a message with all of these texts.
    pub async fn reads(&self, who: Id, channel: Id, texts: &[&str]) -> Value {
        let has = |message: &Value| {
            let text = text(message);
            texts.iter().all(|part| text.contains(part))
        };
        self.sees(who, channel, &texts.join(" … "), has).await
    }

    /// Waits for the answer to an interaction that only its person sees, with these texts.
    pub async fn is_told(&self, who: Id, interaction: Id, texts: &[&str]) -> Value {
        let answer = self.answer(who, interaction, texts).await;
        assert!(is_ephemeral(&answer), "only who asked is told: {}", text(&answer));
        answer
    }

    /// Waits for the answer to an interaction, with these texts.
    pub async fn answer(&self, who: Id, interaction: Id, texts: &[&str]) -> Value {
        self.answered(who, interaction, texts, PATIENCE).await.unwrap_or_else(|| {
            let all = [PLATFORM, APPROVALS].map(|channel| self.shown(who, channel).join("\n\n"));
            panic!("the answer does not say {texts:?} in\n{}", all.join("\n\n"))
        })
    }

    /// The same, if it comes in that time.
    pub async fn answered(&self, who: Id, interaction: Id, texts: &[&str], within: Duration) -> Option<Value> {
        let id = interaction.to_string();
        let is_it = |message: &Value| {
            let text = text(message);
            message["interaction_metadata"]["id"] == id.as_str() && texts.iter().all(|part| text.contains(part))
        };
        let person = self.person(who);
        let found = person.wait_for(within, |_| {
            [PLATFORM, APPROVALS].iter().flat_map(|channel| self.discord.messages(who, *channel)).find(|one| is_it(one))
        });
        found.await
    }

    /// Every message that somebody sees, as text.
    pub fn shown(&self, who: Id, channel: Id) -> Vec<String> {
        self.discord.messages(who, channel).iter().map(text).collect()
    }

    /// Presses the button of a message whose id begins like this.
    pub async fn presses(&self, who: Id, message: &Value, begin: &str) -> Id {
        let custom_id = button(message, begin).unwrap_or_else(|| panic!("no {begin} button on {}", text(message)));
        let channel = number(&message["channel_id"]);
        let pressed = self.person(who).at(channel).press(number(&message["id"]), &custom_id).await;
        pressed.unwrap_or_else(|why| panic!("{begin}: {why}"))
    }

    /// Waits for a form, and sends it filled in. Returns the form too.
    pub async fn fills_in(&self, who: Id, field: &str, value: &str) -> (Id, Value) {
        let person = self.person(who);
        let (id, form) = person.wait_for(PATIENCE, |person| person.open_modal()).await.expect("a form");
        let sent = person.submit(id, &[(field.to_owned(), value.to_owned())]).await;
        (sent.unwrap_or_else(|why| panic!("{form}: {why}")), form)
    }

    /// The only request there is.
    pub async fn only_request(&self) -> RequestId {
        let requests = self.requests().await;
        let [id] = requests.as_slice() else { panic!("{requests:?}") };
        id.clone()
    }

    /// Every request, the newest first.
    pub async fn requests(&self) -> Vec<RequestId> {
        let ren = self.terminal.person("ren").await;
        let which = Which { limit: 100, ..Which::default() };
        let listed = self.terminal.desk.list(&ren, &which).await.expect("the store is there");
        listed.into_iter().map(|request| request.id).collect()
    }

    /// `http://127.0.0.1:PORT`
    pub fn api(&self) -> String {
        self.served.endpoint()
    }

    /// Somebody deletes a message.
    pub async fn deletes(&self, message: &Value) {
        let of = |key: &str| message[key].as_str().expect("an id").to_owned();
        let url = format!("{}/api/v10/channels/{}/messages/{}", self.api(), of("channel_id"), of("id"));
        let call = reqwest::Client::new().delete(url).header("authorization", "Bot local");
        assert!(call.send().await.expect("an answer").status().is_success());
    }

    /// What happens from now on.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.discord.events()
    }

    /// Waits until Discord says that an interaction was not answered.
    pub async fn fails(&self, events: &mut broadcast::Receiver<Event>, interaction: Id) {
        let failed = async {
            loop {
                match events.recv().await.expect("the server is there") {
                    Event::Failed { interaction: failed, .. } if failed == interaction => return,
                    _ => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, failed).await.expect("Discord says that nobody answered");
    }

    /// Everything ends, and nothing that the bot sent was odd.
    pub async fn closes(mut self) {
        if self.bot.is_some() {
            self.bot_stops().await;
        }
        assert_eq!(self.discord.log().lints(), [""; 0]);
        for call in self.discord.log().calls() {
            assert!(!call.body.to_string().contains("local\""), "{}: no token is sent in a body", call.route);
            let is_message = call.body.get("content").is_some() || call.body.get("embeds").is_some();
            if is_message {
                assert_eq!(
                    call.body["allowed_mentions"]["parse"],
                    serde_json::json!([]),
                    "{}: {}",
                    call.route,
                    call.body
                );
            }
        }
        self.served.stop().await.expect("it stops");
    }
}
