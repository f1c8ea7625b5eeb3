//! The local Discord, tested from the outside: by the real serenity client, and by plain calls over its socket.

mod answers;
mod bot;
mod calls;
mod door;
mod faults;
mod gateway;
mod kept;
mod openapi;
mod page;
mod serenity_client;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use genkan::sandbox::discord::seed::{DiscordSeed, Id, SeedChannel, SeedMember, SeedRole};
use genkan::sandbox::discord::{Access, LocalDiscord, ServedDiscord};

pub(crate) const GUILD: Id = 118_000_000_000_000_100;
pub(crate) const PLATFORM: Id = 118_000_000_000_000_201;
pub(crate) const APPROVALS: Id = 118_000_000_000_000_202;
pub(crate) const LEADS: Id = 118_000_000_000_000_302;
pub(crate) const AIKO: Id = 118_000_000_000_000_401;
pub(crate) const REN: Id = 118_000_000_000_000_402;
pub(crate) const BOT: Id = 118_000_000_000_000_500;
pub(crate) const TOKEN: &str = "local-bot";

/// How long anything may take on a busy machine before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn seed() -> DiscordSeed {
    let channel = |id, name: &str| SeedChannel { id, name: name.into(), topic: String::new(), access: Access::Write };
    let member = |id, name: &str, roles: &[Id], locale: &str| SeedMember {
        id,
        name: name.into(),
        title: name.into(),
        roles: roles.to_vec(),
        locale: locale.into(),
        permissions: SeedMember::usual_permissions(),
    };
    DiscordSeed {
        guild: GUILD,
        guild_name: "Platform".into(),
        guild_locale: "en-US".into(),
        application: BOT,
        bot_name: "genkan".into(),
        bot_token: TOKEN.into(),
        channels: vec![channel(PLATFORM, "platform"), channel(APPROVALS, "infra-approvals")],
        roles: vec![SeedRole { id: LEADS, name: "infra-lead".into() }],
        members: vec![member(AIKO, "aiko", &[], "en-US"), member(REN, "ren", &[LEADS], "ja")],
    }
}

/// A local Discord on a free port, whose clock stands still unless a test puts it forward: no test is too slow for its three
/// seconds.
pub(crate) async fn local() -> (LocalDiscord, ServedDiscord) {
    let time = "2026-01-02T03:04:05Z".parse().expect("a time");
    let discord = LocalDiscord::start_at(seed(), Arc::new(move || time)).expect("a seed as it should be");
    let served = discord.serve(0, None).await.expect("a free port");
    (discord, served)
}
