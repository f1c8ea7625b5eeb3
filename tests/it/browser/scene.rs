//! What a test of the page stands on: a local Discord with its page, a drawer's document, a bot, and a browser before it.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use futures::FutureExt as _;
use genkan::sandbox::discord::seed::{Access, DiscordSeed, Id, SeedChannel, SeedMember, SeedRole};
use genkan::sandbox::discord::{LocalDiscord, ServedDiscord};
use serde_json::{Value, json};

use super::driver::{Driver, look};
use super::page::Page;

pub(super) const GUILD: Id = 118_000_000_000_000_100;
pub(super) const PLATFORM: Id = 118_000_000_000_000_201;
pub(super) const APPROVALS: Id = 118_000_000_000_000_202;
pub(super) const ENGINEERS: Id = 118_000_000_000_000_301;
pub(super) const LEADS: Id = 118_000_000_000_000_302;
pub(super) const APPLICATION: Id = 118_000_000_000_000_500;
pub(super) const TOKEN: &str = "local-bot";

/// A desktop's window, and a phone's.
pub(super) const DESKTOP: (u32, u32) = (1280, 800);
pub(super) const PHONE: (u32, u32) = (390, 844);

/// One browser at a time: several on two cores only wait for each other.
static ONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// An account: its id, its name, and `(kind, name)` of what is in it.
pub(super) type Account<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

/// The sandbox's Discord as its config has it: five people, two channels.
pub(super) fn seed() -> DiscordSeed {
    let channel = |id, name: &str| SeedChannel { id, name: name.into(), topic: String::new(), access: Access::Write };
    let member = |number: Id, name: &str, title: &str, roles: &[Id]| SeedMember {
        id: 118_000_000_000_000_400 + number,
        name: name.into(),
        title: title.into(),
        roles: roles.to_vec(),
        locale: "en-US".into(),
        permissions: SeedMember::usual_permissions(),
    };
    DiscordSeed {
        guild: GUILD,
        guild_name: "Platform".into(),
        guild_locale: "en-US".into(),
        application: APPLICATION,
        bot_name: "Genkan".into(),
        bot_token: TOKEN.into(),
        channels: vec![channel(PLATFORM, "platform"), channel(APPROVALS, "infra-approvals")],
        roles: vec![
            SeedRole { id: ENGINEERS, name: "engineer".into() },
            SeedRole { id: LEADS, name: "infra-lead".into() },
        ],
        members: vec![
            member(1, "aiko", "engineer", &[ENGINEERS]),
            member(2, "ren", "infra lead", &[LEADS]),
            member(3, "mio", "infra lead", &[LEADS]),
            member(4, "guest", "guest", &[]),
            member(5, "stranger", "outsider", &[]),
        ],
    }
}

/// A local Discord with its page, and what its drawer shows.
pub(super) struct Scene {
    pub discord: LocalDiscord,
    pub served: ServedDiscord,
    aws: Arc<Mutex<Value>>,
}

impl Scene {
    pub(super) async fn start() -> Self {
        let discord = LocalDiscord::start(seed()).expect("a seed as it should be");
        let aws = Arc::new(Mutex::new(json!({ "accounts": [] })));
        let shown = Arc::clone(&aws);
        let served = discord.serve(0, Some(Arc::new(move || shown.lock().expect("no panic").clone()))).await;
        Self { discord, served: served.expect("a free port"), aws }
    }

    /// What AWS looks like from now on: accounts, and in each `(kind, name)`.
    pub(super) fn aws(&self, accounts: &[Account<'_>]) {
        let resource = |(kind, name): &(&str, &str)| json!({ "kind": kind, "name": name, "region": "ap-northeast-1", "detail": "" });
        let account = |(id, name, resources): &Account<'_>| json!({ "id": id, "name": name, "resources": resources.iter().map(resource).collect::<Vec<_>>() });
        *self.aws.lock().expect("no panic") = json!({ "accounts": accounts.iter().map(account).collect::<Vec<_>>() });
    }
}

/// Plays a story before a page at `address`. Afterwards the browser may have complained of nothing; it and its driver are closed,
/// also where the story failed. Where there is no browser, nothing is played, which is said.
pub(super) async fn play(address: &str, (width, height): (u32, u32), story: impl AsyncFnOnce(&Page)) {
    play_with(address, (width, height), |_| false, story).await;
}

/// The same, where some complaints belong to the story.
pub(super) async fn play_with(
    address: &str,
    (width, height): (u32, u32),
    expected: impl Fn(&str) -> bool,
    story: impl AsyncFnOnce(&Page),
) {
    let Some(found) = look() else { return };
    let _one = ONE.lock().await;
    let driver = Driver::start(&found);
    let browser = driver.open(width, height).await;
    let played = AssertUnwindSafe(async {
        let page = Page::open(browser.clone(), address).await;
        story(&page).await;
        let mut complaints = page.complaints().await;
        complaints.retain(|complaint| !expected(complaint));
        assert_eq!(complaints, [""; 0], "the browser complains");
    });
    let played = played.catch_unwind().await;
    let closed = browser.quit().await;
    if let Err(panic) = played {
        std::panic::resume_unwind(panic);
    }
    closed.expect("the browser closes");
}
