//! Open loop: something is due at even distances, whether or not what was due before is done; all times are from when it was due.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use genkan::model::{Heard, Language, Snowflake};
use genkan::sandbox::discord::{Filled, LocalDiscord, Person};
use genkan::store::Store;
use jiff::Timestamp;
use serenity::model::application::Interaction;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::Failed;
use crate::bot::AIKO;

/// How many a second, and how many in all.
#[derive(Clone, Copy)]
pub struct Rate {
    pub a_second: u32,
    pub count: u32,
}

/// What came of a round: how long each took, and how many were never answered.
#[derive(Default)]
pub struct Round {
    /// Milliseconds, sorted.
    pub took: Vec<f64>,
    pub missed: usize,
}

impl Round {
    fn of(mut took: Vec<f64>, due: usize) -> Self {
        took.sort_by(f64::total_cmp);
        Self { missed: due - took.len(), took }
    }

    /// The so-and-so-manieth part: 0.5, 0.99, 0.999. What was missed took without end.
    pub fn quantile(&self, part: f64) -> f64 {
        let all = self.took.len() + self.missed;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "small"
        )]
        let at = ((all as f64 * part).ceil() as usize).clamp(1, all.max(1)) - 1;
        self.took.get(at).copied().unwrap_or(f64::INFINITY)
    }

    /// How many took longer than this, those that were missed included.
    pub fn later_than(&self, millis: f64) -> usize {
        self.took.iter().filter(|took| **took > millis).count() + self.missed
    }
}

/// Calls at even distances with when it was due, from a thread of its own: Tokio's timer wakes up to a millisecond late.
async fn paced(rate: Rate, mut begin: impl FnMut(Timestamp) + Send + 'static) -> Result<(), Failed> {
    let runtime = tokio::runtime::Handle::current();
    let thread = std::thread::spawn(move || {
        let _within = runtime.enter();
        let start = Timestamp::now();
        for number in 0..rate.count {
            let due = start + Duration::from_secs(1) * number / rate.a_second;
            std::thread::sleep(Duration::try_from(due.duration_since(Timestamp::now())).unwrap_or_default());
            begin(due);
        }
    });
    tokio::task::spawn_blocking(move || thread.join()).await?.map_err(|_| "the generator panicked".into())
}

fn millis(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() * 1000.0
}

/// Sends `/help`, and waits for the acknowledgements. Returns also how late the commands were sent, and leaves it to the bot to do
/// the rest that it does for each: the answer, and writing down that there is one.
pub async fn commands(discord: &LocalDiscord, rate: Rate) -> Result<(Round, Round), Failed> {
    let person = discord.person(AIKO);
    let (sent, mut came) = mpsc::unbounded_channel();
    paced(rate, move |due| {
        let id = futures::executor::block_on(person.command("help", &[])).expect("the bot has registered /help");
        let _ = sent.send((id, due, Timestamp::now()));
    })
    .await?;
    let (mut due, mut late) = (HashMap::new(), vec![]);
    while let Some((id, at, sent)) = came.recv().await {
        late.push(millis(at, sent));
        due.insert(id, at);
    }
    let count = due.len();
    // The bot goes on until each has its answer; what is lost after 3 s is not waited for without end.
    let all = discord.log().count() + 2 * u64::from(rate.count);
    let _ = discord.wait_for(Duration::from_secs(4), |discord| (discord.log().count() >= all).then_some(())).await;
    let calls = discord.log().calls_of("POST callback").into_iter().filter(|call| call.status == Some(204));
    let took = calls.filter_map(|call| {
        let id: u64 = call.path.strip_prefix("interactions/")?.split('/').next()?.parse().ok()?;
        Some(millis(due.remove(&id)?, call.at))
    });
    Ok((Round::of(took.collect(), count), Round::of(late, count)))
}

/// Types a project's name, and waits for what is offered.
pub async fn typing(discord: &LocalDiscord, rate: Rate) -> Result<Round, Failed> {
    let person = discord.person(AIKO);
    let (send, came) = mpsc::unbounded_channel();
    paced(rate, move |due| {
        let (person, send) = (person.clone(), send.clone());
        tokio::spawn(async move {
            if offered(&person).await {
                let _ = send.send(millis(due, Timestamp::now()));
            }
        });
    })
    .await?;
    Ok(Round::of(all(came).await, rate.count as usize))
}

async fn offered(person: &Person) -> bool {
    let filled = [Filled::typing("project", "project-n"), Filled::text("environment", "dev")];
    person.autocomplete("onboard", &filled).await.is_ok_and(|choices| !choices.is_empty())
}

async fn all(mut came: mpsc::UnboundedReceiver<f64>) -> Vec<f64> {
    let mut took = vec![];
    while let Some(one) = came.recv().await {
        took.push(one);
    }
    took
}

/// The floor: an interaction is parsed and written down, as the store does it, and nothing else.
pub async fn floor(folder: &Path, rate: Rate) -> Result<Round, Failed> {
    let file = folder.join("floor.db");
    let store = Store::open(&format!("sqlite:{}", file.display())).await?;
    let (send, came) = mpsc::unbounded_channel();
    let text: Arc<str> = TEXT.into();
    let mut number = u64::try_from(Timestamp::now().as_microsecond())?;
    paced(rate, move |due| {
        number += 1;
        let (store, send, text) = (store.clone(), send.clone(), Arc::clone(&text));
        tokio::spawn(async move {
            let parsed = serde_json::from_str(&text);
            let Ok(Interaction::Command(command)) = parsed else { panic!("serenity reads it: {parsed:?}") };
            let id = |id: u64| id.to_string().parse::<Snowflake>().expect("an id");
            let heard = Heard {
                interaction: id(number),
                user: id(command.user.id.get()),
                channel: id(command.channel_id.get()),
                language: Language::of_locale(&command.locale),
                words: format!("/{}", command.data.name),
                at: due,
            };
            if store.hear(&heard).await.is_ok_and(|first| first) {
                let _ = send.send(millis(due, Timestamp::now()));
            }
        });
    })
    .await?;
    Ok(Round::of(all(came).await, rate.count as usize))
}

/// The disk alone: 4 KiB over and over at one place, each waited for until it is there.
pub async fn disk(folder: &Path, rate: Rate) -> Result<Round, Failed> {
    use std::os::unix::fs::FileExt as _;
    let file = std::fs::File::create(folder.join("disk"))?;
    let count = rate.count.min(2000);
    let took = tokio::task::spawn_blocking(move || {
        let once = |_| {
            let begun = Timestamp::now();
            file.write_all_at(&[1; 4096], 0)?;
            file.sync_data()?;
            Ok(millis(begun, Timestamp::now()))
        };
        (0..count).map(once).collect::<std::io::Result<Vec<f64>>>()
    });
    Ok(Round::of(took.await??, count as usize))
}

/// Holds the store's write lock for a while, as a disk that stalls within another process's transaction would.
pub async fn stall(folder: &Path, begin: Duration, length: Duration) -> Result<(), Failed> {
    use sqlx::{ConnectOptions as _, Connection as _};
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.join("genkan.db"));
    let mut connection = options.busy_timeout(Duration::from_secs(5)).connect().await?;
    tokio::time::sleep(begin).await;
    let transaction = connection.begin_with("begin immediate").await?;
    tokio::time::sleep(length).await;
    transaction.rollback().await?;
    connection.close().await?;
    Ok(())
}

/// A project that waits in the store for approvals, so many times over: each with a request that is not finished.
pub async fn unfinished(folder: &Path, count: usize) -> Result<(), Failed> {
    use genkan::app::LocalPlatform;
    use genkan::model::plan::Direction;
    use genkan::model::{ProjectName, RequestId};
    use genkan::requests::plan::Wish;
    use genkan::store::NewRequest;
    let platform = LocalPlatform::start(folder, &["project-x"]).await?;
    let desk = platform.desk().await?;
    let person = desk.who(Some("aiko")).await?;
    let wish = Wish {
        direction: Direction::Onboard,
        project: "project-x".to_owned(),
        environment: "dev".to_owned(),
        adopt: vec![],
        repository: None,
        delete_data: false,
        at_once: false,
    };
    let plan = desk.plan(&person, &wish).await?.plan;
    let store = Store::open(&format!("sqlite:{}", folder.join("genkan.db").display())).await?;
    let mut writing = JoinSet::new();
    for number in 0..count {
        let mut plan = plan.clone();
        plan.project = format!("project-n{number}").parse::<ProjectName>()?;
        let (id, asked_at) = (RequestId::from_random(rand::random()), Timestamp::now());
        let new = NewRequest { id, plan, by: person.clone(), asked_at, origin: None };
        let store = store.clone();
        writing.spawn(async move {
            let request = store.submit(new).await.expect("it is the first of its project");
            // Nothing is due: it waits for somebody.
            let lease = store.lease(&request.id, "bench").await.expect("the store is there").expect("nobody has it");
            store.set_wake(&lease, Some(Timestamp::MAX)).await.expect("the lease is held");
            store.release(&lease).await.expect("the store is there");
        });
    }
    while let Some(written) = writing.join_next().await {
        written?;
    }
    Ok(())
}

/// INTERACTION_CREATE's data as the local Discord sends it for `/help`.
const TEXT: &str = r#"{
    "id": "1430000000000000001", "application_id": "118000000000000500", "type": 2, "version": 1,
    "token": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "guild_id": "118000000000000100", "guild": {"id": "118000000000000100", "locale": "en-US", "features": []},
    "guild_locale": "en-US", "channel_id": "118000000000000201", "locale": "en-US",
    "app_permissions": "277025770560", "entitlements": [], "entitlement_sku_ids": [], "context": 0,
    "authorizing_integration_owners": {"0": "118000000000000100"}, "attachment_size_limit": 10485760,
    "data": {"id": "118000000000000700", "name": "help", "type": 1, "guild_id": "118000000000000100", "options": []},
    "member": {
        "user": {"id": "118000000000000401", "username": "aiko", "global_name": null, "discriminator": "0",
            "avatar": null, "bot": false, "system": false, "public_flags": 0, "flags": 0, "banner": null},
        "nick": null, "avatar": null, "roles": ["118000000000000301"], "joined_at": "2026-01-05T09:00:00.000000+00:00",
        "premium_since": null, "deaf": false, "mute": false, "flags": 0, "pending": false, "permissions": "2147568640",
        "communication_disabled_until": null, "unusual_dm_activity_until": null
    }
}"#;
