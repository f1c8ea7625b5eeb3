//! What doctor finds in Discord: all well at a sound server, and each planted fault with its place and what mends it.

use genkan::chat::examine::examine;
use genkan::config::Config;
use genkan::model::finding::Finding;
use genkan::model::finding::Health::{self, Failed, Warning};
use genkan::sandbox::discord::seed::{Id, SeedChannel};
use genkan::sandbox::discord::{Access, LocalDiscord, ServedDiscord};
use secrecy::SecretString;

use crate::local_discord::{APPROVALS, GUILD, LEADS, PLATFORM, TOKEN, seed};

/// Where the config has checkpoints of the audit log posted.
const AUDIT: Id = 118_000_000_000_000_203;

const SEND_MESSAGES: u64 = 1 << 11;
const EMBED_LINKS: u64 = 1 << 14;

async fn server() -> (LocalDiscord, ServedDiscord, Config) {
    let mut seed = seed();
    let (name, topic) = ("audit-log".to_owned(), String::new());
    seed.channels.push(SeedChannel { id: AUDIT, name, topic, access: Access::Write });
    let discord = LocalDiscord::start(seed).expect("a seed as it should be");
    let served = discord.serve(0, None).await.expect("a free port");
    let text = include_str!("../../../config/sandbox.toml");
    let mut config: Config = Config::parse(text, std::path::Path::new("genkan.toml")).unwrap().config;
    let settings = config.discord.as_mut().unwrap();
    settings.api = Some(served.endpoint());
    // That server knows the leads' role only.
    settings.roles.remove("engineers");
    (discord, served, config)
}

async fn seen(config: &Config) -> Vec<Finding> {
    examine(config, &SecretString::from(TOKEN)).await
}

#[tokio::test]
async fn a_sound_server_has_nothing_to_mend() {
    let (discord, _served, config) = server().await;
    let found = seen(&config).await;
    let lines: Vec<String> =
        found.iter().map(|one| format!("{:?} {}: {}: {}", one.health, one.place, one.subject, one.seen)).collect();
    insta::assert_snapshot!(lines.join("\n"));
    assert!(discord.log().calls().iter().all(|call| call.route.starts_with("GET ")), "it changes nothing");
}

/// A fault: what is planted, how bad it is, where, the thing, what is seen of it, and a word of what mends it.
struct Planted {
    what: &'static str,
    plant: fn(&LocalDiscord, &mut Config),
    found: (Health, String, &'static str, &'static str, &'static str),
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of faults")]
async fn each_planted_fault_is_found_and_nothing_else() {
    let (server_, platform, approvals) = (
        format!("Discord, server {GUILD}"),
        format!("Discord, channel {PLATFORM}"),
        format!("Discord, channel {APPROVALS}"),
    );
    let faults = [
        Planted {
            what: "a public key of another application",
            plant: |_, config| config.discord.as_mut().unwrap().public_key = Some("00".repeat(32)),
            found: (Failed, "Discord, bot".to_owned(), "public_key", "not the application's", "public_key = \""),
        },
        Planted {
            what: "a channel that is not there",
            plant: |_, config| config.discord.as_mut().unwrap().channel = (PLATFORM + 50).to_string().parse().unwrap(),
            found: (
                Failed,
                format!("Discord, channel {}", PLATFORM + 50),
                "discord.channel",
                "not there",
                "check `discord.channel`",
            ),
        },
        Planted {
            what: "a channel that the bot does not see",
            plant: |discord, _| discord.set_access(APPROVALS, Access::None),
            found: (
                Failed,
                approvals.clone(),
                "environments.dev.approvals_channel",
                "may not",
                "View Channel, Send Messages, Embed Links",
            ),
        },
        Planted {
            what: "a channel that the bot only reads",
            plant: |discord, _| discord.set_access(PLATFORM, Access::Read),
            found: (
                Failed,
                platform.clone(),
                "discord.channel",
                "lacks there: Send Messages",
                "role Send Messages in #platform",
            ),
        },
        Planted {
            what: "a channel without cards",
            plant: |discord, _| discord.deny(PLATFORM, EMBED_LINKS),
            found: (
                Failed,
                platform.clone(),
                "discord.channel",
                "lacks there: Embed Links",
                "role Embed Links in #platform",
            ),
        },
        Planted {
            what: "neither messages nor cards",
            plant: |discord, _| discord.deny(APPROVALS, EMBED_LINKS | SEND_MESSAGES),
            found: (
                Failed,
                approvals.clone(),
                "approvals_channel",
                "lacks there: Send Messages, Embed Links",
                "Edit Channel",
            ),
        },
        Planted {
            what: "a role that is not there",
            plant: |_, config| {
                let roles = &mut config.discord.as_mut().unwrap().roles;
                roles.insert("engineers".to_owned(), (LEADS + 70).to_string().parse().unwrap());
            },
            found: (
                Failed,
                server_.clone(),
                "role of the group engineers",
                "has no role",
                "`engineers` in [discord.roles]",
            ),
        },
        Planted {
            what: "approvers who cannot be told",
            plant: |discord, _| discord.keep_from_mention(LEADS),
            found: (
                Warning,
                approvals.clone(),
                "approvers of the group infra-leads",
                "nobody is told",
                "Allow anyone to @mention this role",
            ),
        },
        Planted {
            what: "an audit channel that the bot does not see",
            plant: |discord, _| discord.set_access(AUDIT, Access::None),
            found: (Failed, format!("Discord, channel {AUDIT}"), "audit.channel", "may not", "`audit.channel`"),
        },
        Planted {
            what: "an audit channel that is not there",
            plant: |_, config| config.audit.channel = Some((PLATFORM + 51).to_string().parse().unwrap()),
            found: (
                Failed,
                format!("Discord, channel {}", PLATFORM + 51),
                "audit.channel",
                "not there",
                "`audit.channel`",
            ),
        },
    ];
    for Planted { what, plant, found: (health, place, subject, why, mend) } in faults {
        let (discord, _served, mut config) = server().await;
        plant(&discord, &mut config);
        let mut found = seen(&config).await;
        found.retain(|one| one.health != Health::Ok);
        let [finding] = &found[..] else { panic!("{what}: {found:#?}") };
        assert_eq!((finding.health, &finding.place), (health, &place), "{what}: {finding:#?}");
        assert!(finding.subject.contains(subject) && finding.seen.contains(why), "{what}: {finding:#?}");
        assert!(finding.mend.as_ref().is_some_and(|text| text.contains(mend)), "{what}: {finding:#?}");
    }
}

#[tokio::test]
async fn another_server_is_said_of_the_server_and_of_its_channels() {
    let (_discord, _served, mut config) = server().await;
    config.discord.as_mut().unwrap().guild = (GUILD + 1).to_string().parse().unwrap();
    let mut found = seen(&config).await;
    found.retain(|one| one.health != Health::Ok);
    assert_eq!(found.len(), 4, "the server and its three channels: {found:#?}");
    assert!(found[0].mend.as_ref().is_some_and(|mend| mend.contains("applications.commands")), "{found:#?}");
    assert!(found[1..].iter().all(|one| one.seen.contains("not a text channel of the server")), "{found:#?}");
}

#[tokio::test]
async fn a_token_that_is_not_valid_is_shown_once() {
    let (discord, _served, mut config) = server().await;
    let before = discord.log().count();
    let refused = examine(&config, &SecretString::from("another")).await;
    let [finding] = refused.as_slice() else { panic!("{refused:#?}") };
    assert!(finding.health == Failed && finding.mend.as_ref().unwrap().contains("Reset Token"), "{finding:?}");
    assert_eq!(discord.log().count(), before + 1, "a token that is not valid is not shown again");
    assert!(!format!("{refused:?}").contains("another"), "{refused:?}");
    config.discord = None;
    assert_eq!(seen(&config).await, []);
}
