//! Checkpoints of the audit log in its channel: as they become due, each once, through failures and a death.

use std::time::Duration;

use genkan::chat::drawn::Drawn;
use genkan::chat::rest::Rest;
use genkan::config::Config;
use genkan::model::Direction;
use genkan::model::audit::Outside;
use genkan::model::finding::Health;
use genkan::requests::audit::Outsider;
use genkan::sandbox::discord::LocalDiscord;
use genkan::sandbox::discord::faults::{Effect, Rule};
use genkan::sandbox::faults::{self as aws_faults, Effect as Fault};
use serde_json::Value;

use super::server::{AIKO, AUDIT, PATIENCE, Server};
use crate::house::wish;

fn with_channel(config: &mut Config) {
    config.audit.channel = Some(AUDIT.to_string().parse().expect("an id"));
    config.audit.every_minutes = 10;
}

/// The bot listens, and the log has its first entries.
async fn opens() -> Server {
    let server = Server::where_config(with_channel).await;
    server.terminal.desk.begin("a test").await.expect("written");
    server
}

/// What stands in the channel, oldest first.
fn posted(server: &Server) -> Vec<String> {
    let posts = server.discord.log().calls_of("POST message");
    let to_audit = posts.iter().filter(|call| call.path.contains(&AUDIT.to_string()) && call.status == Some(200));
    to_audit.map(|call| call.body["content"].as_str().expect("text").to_owned()).collect()
}

async fn reads_checkpoint(server: &Server) -> Value {
    server.reads(AIKO, AUDIT, &["Checkpoint of the audit log", "```"]).await
}

#[tokio::test]
async fn a_checkpoint_is_posted_as_a_note_that_verifies_the_log() {
    let server = opens().await;
    let message = reads_checkpoint(&server).await;
    let content = message["content"].as_str().expect("text");
    let note = content.split("```\n").nth(1).and_then(|rest| rest.strip_suffix("```")).expect("a block of code");
    let newest = server.terminal.desk.checkpoint().await.expect("the log is well").expect("a checkpoint");
    assert!(note.starts_with("genkan/") && note.lines().count() >= 5, "{note}");
    assert_eq!(newest.note.lines().next(), note.lines().next(), "of the same log");
    let report = verified(&server, note).await;
    assert!(report.0, "{}", report.1);
    let size = note.lines().nth(1).expect("a size");
    let other = note.replacen(&format!("\n{size}\n"), "\n1\n", 1);
    assert!(size == "1" || !verified(&server, &other).await.0, "another note is not taken");
    server.closes().await;
}

#[tokio::test]
async fn the_worker_puts_them_into_the_bucket_too_and_a_bucket_that_fails_stops_nothing() {
    let denied = Fault::Error { status: 403, code: "AccessDenied".to_owned(), message: "no".to_owned() };
    let server = opens().await;
    let faults = server.house.platform.aws.faults();
    let holds =
        |server: &Server| server.house.lines("platform-production", "s3 bucket genkan-sandbox-audit holding 1 ");
    let locked = async {
        while holds(&server).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, locked).await.expect("it is locked away");
    let desk = &server.terminal.desk;
    faults.add(aws_faults::Rule::on("s3", "PutObject", denied));
    server.terminal.wait_until(desk.now() + Duration::from_mins(31));
    server.has("project-x", "dev").await;
    assert!(desk.uncovered_since(Outside::S3).await.expect("asked").is_some());
    let findings = desk.doctor().await;
    let about = findings.iter().find(|finding| finding.subject == "checkpoints in bucket genkan-sandbox-audit");
    assert_eq!(about.expect("it is looked at").health, Health::Warning, "{about:#?}");
    faults.clear();
    server.closes().await;
}

/// Whether the whole log is well beside this checkpoint, and the report.
async fn verified(server: &Server, note: &str) -> (bool, String) {
    let outsiders = [Outsider { from: "discord".to_owned(), note: note.as_bytes().to_vec() }];
    let report = server.terminal.desk.audit(None, &outsiders).await.expect("a report");
    (report.ok, format!("{report:?}"))
}

#[tokio::test]
async fn they_come_no_more_often_than_the_config_says() {
    let server = opens().await;
    reads_checkpoint(&server).await;
    server.has("project-x", "dev").await;
    assert_eq!(server.terminal.desk.due_for(Outside::Discord).await.expect("asked"), None, "not yet");
    let behind = server.terminal.desk.uncovered_since(Outside::Discord).await.expect("asked");
    assert!(behind.is_some(), "something was written since");
    server.terminal.wait_until(server.terminal.desk.now() + Duration::from_mins(11));
    // The bot looks at the same clock.
    let two = |_: &LocalDiscord| (posted(&server).len() == 2).then_some(());
    server.discord.wait_for(PATIENCE, two).await.expect("the next one");
    let notes = posted(&server);
    assert_ne!(notes[0], notes[1]);
    server.closes().await;
}

#[tokio::test]
async fn one_that_a_dead_process_posted_and_did_not_write_down_is_not_posted_again() {
    let mut server = opens().await;
    reads_checkpoint(&server).await;
    server.bot_dies().await;
    let desk = server.terminal.desk.clone();
    desk.begin("a test").await.expect("written");
    server.terminal.wait_until(desk.now() + Duration::from_mins(11));
    let newest = desk.due_for(Outside::Discord).await.expect("the log is well").expect("it is due");
    // As long ago as Discord does not know the nonce any more.
    let settings = desk.config().discord.clone().expect("configured");
    let rest = Rest::new(&settings, &"local".to_owned().into()).expect("a client");
    rest.application().await.expect("known");
    let text = format!("Checkpoint of the audit log: {} entries\n```\n{}```", newest.size, newest.note);
    rest.post(&AUDIT.to_string().parse().expect("an id"), &Drawn::text(text), &[], "another").await.expect("posted");
    let before = posted(&server);
    server.bot_starts().await;
    let written_down = async {
        while desk.checkpoint_for(Outside::Discord).await.expect("asked").is_some() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, written_down).await.expect("it is found there");
    assert_eq!(posted(&server), before);
    server.closes().await;
}

#[tokio::test]
async fn a_channel_that_fails_stops_no_work() {
    let outage = || Effect::Error { status: 503, code: 0, message: "Service Unavailable".to_owned() };
    let server = opens().await;
    reads_checkpoint(&server).await;
    server.terminal.wait_until(server.terminal.desk.now() + Duration::from_mins(11));
    server.discord.faults().add(Rule::next("POST message", outage()).times(100));
    let asked = server.terminal.ask("aiko", &wish(Direction::Onboard, "project-y", "dev")).await;
    let id = asked.expect("asked").expect("something to do");
    let held = async {
        while server.terminal.show(&id).await.held().next().is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, held).await.expect("it goes on as far as it can");
    server.closes().await;
}
