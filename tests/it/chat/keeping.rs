//! Keeping messages true: for requests of the terminal too, at Discord's pace, through its failures.

use std::collections::HashMap;
use std::time::Duration;

use genkan::model::{Direction, RequestState};
use genkan::sandbox::discord::faults::{Effect, Rule};
use genkan::sandbox::discord::seed::Access;
use jiff::{SignedDuration, Timestamp};

use super::reading::{button, text};
use super::server::{AIKO, APPROVALS, MIO, PLATFORM, REN, Server};
use crate::house::wish;

#[tokio::test]
async fn what_is_asked_and_approved_at_the_terminal_is_shown_in_chat() {
    let server = Server::opens().await;
    let asked = server.terminal.ask("aiko", &wish(Direction::Onboard, "project-x", "dev")).await;
    let id = asked.expect("asked").expect("something to do");
    let card = server.reads(AIKO, PLATFORM, &[id.as_str(), "Waits for 1 approval"]).await;
    let question = server.reads(REN, APPROVALS, &["Approve?", "aiko", "[Approve]"]).await;
    server.terminal.approve("ren", &id).await.expect("approved");
    let done = server.reads(AIKO, PLATFORM, &["project-x is in dev"]).await;
    let answered = server.reads(REN, APPROVALS, &["Approved by ren", "done"]).await;
    assert_eq!((&done["id"], &answered["id"]), (&card["id"], &question["id"]));
    let link = format!("/{PLATFORM}/{}", card["id"].as_str().unwrap());
    assert!(text(&answered).contains(&link), "{}", text(&answered));
    server.closes().await;
}

#[tokio::test]
async fn no_message_is_edited_more_often_than_discord_likes_and_the_last_state_arrives() {
    let server = Server::opens().await;
    for project in ["project-x", "project-y"] {
        let asked = server.onboards(AIKO, project, "dev").await;
        server.answer(AIKO, asked, &["Waits for 1 approval"]).await;
        let question = server.reads(REN, APPROVALS, &[project, "[Approve]"]).await;
        server.presses(REN, &question, "approve:").await;
        server.answer(AIKO, asked, &["is in dev"]).await;
    }
    let mut edits: HashMap<String, Vec<Timestamp>> = HashMap::new();
    for call in server.discord.log().calls_of("PATCH message") {
        edits.entry(call.path).or_default().push(call.at);
    }
    assert!(edits.values().any(|times| times.len() > 1), "something was edited: {edits:?}");
    for (path, times) in edits {
        for pair in times.windows(2) {
            let apart = pair[1].duration_since(pair[0]);
            assert!(apart >= SignedDuration::from_millis(1400), "{path}: {apart}");
        }
    }
    server.closes().await;
}

#[tokio::test]
async fn what_discord_fails_at_is_done_later() {
    let server = Server::opens().await;
    let outage = || Effect::Error { status: 503, code: 0, message: "Service Unavailable".to_owned() };
    // More often than one call is tried again.
    server.discord.faults().add(Rule::next("PATCH message", outage()).times(7));
    server.discord.faults().add(Rule::next("POST message", outage()).times(2));
    server.discord.faults().add(Rule::next("POST message", Effect::LoseResponse));
    let asked = server.onboards(AIKO, "project-x", "dev").await;
    server.answer(AIKO, asked, &["Waits for 1 approval"]).await;
    let question = server.reads(REN, APPROVALS, &["[Approve]"]).await;
    assert_eq!(server.shown(REN, APPROVALS).len(), 1, "what was posted without an answer is not posted twice");
    let slow = Effect::TooMany { global: false, after: Duration::from_millis(600) };
    server.discord.faults().add(Rule::next("PATCH message", slow).times(2));
    server.presses(REN, &question, "approve:").await;
    server.answer(AIKO, asked, &["is in dev"]).await;
    server.closes().await;
}

#[tokio::test]
async fn a_card_that_somebody_deletes_is_posted_anew_once() {
    let server = Server::opens().await;
    let asked = server.onboards(AIKO, "project-x", "dev").await;
    let card = server.answer(AIKO, asked, &["Waits for 1 approval"]).await;
    server.deletes(&card).await;
    let id = server.only_request().await;
    server.terminal.approve("ren", &id).await.expect("approved");
    let anew = server.reads(AIKO, PLATFORM, &["project-x is in dev"]).await;
    assert_ne!(anew["id"], card["id"]);
    assert_eq!(server.shown(AIKO, PLATFORM).len(), 1);
    server.closes().await;
}

#[tokio::test]
async fn a_card_is_live_also_where_the_bot_may_not_see_the_channel() {
    let server = Server::opens().await;
    server.discord.set_access(PLATFORM, Access::None);
    let asked = server.onboards(AIKO, "project-x", "dev").await;
    server.answer(AIKO, asked, &["Waits for 1 approval"]).await;
    let question = server.reads(REN, APPROVALS, &["[Approve]"]).await;
    server.presses(REN, &question, "approve:").await;
    server.answer(AIKO, asked, &["is in dev"]).await;
    server.closes().await;
}

#[tokio::test]
async fn one_channel_that_is_closed_to_the_bot_holds_up_no_other() {
    let server = Server::opens().await;
    server.discord.set_access(APPROVALS, Access::Read);
    let asked = server.onboards(AIKO, "project-x", "dev").await;
    server.answer(AIKO, asked, &["Waits for 1 approval"]).await;
    let id = server.only_request().await;
    server.terminal.approve("ren", &id).await.expect("approved");
    server.answer(AIKO, asked, &["is in dev"]).await;
    assert_eq!(server.shown(REN, APPROVALS), [""; 0]);
    server.closes().await;
}

#[tokio::test]
async fn many_requests_at_once_are_all_shown_to_their_end() {
    let server = Server::where_config(|config| {
        for environment in config.environments.values_mut() {
            environment.approvals = 0;
            environment.production = Some(false);
        }
    })
    .await;
    let environments = ["dev", "staging", "production"];
    for environment in environments {
        let asked = server.terminal.ask("aiko", &wish(Direction::Onboard, "project-x", environment)).await;
        asked.expect("asked").expect("something to do");
    }
    for environment in environments {
        server.reads(AIKO, PLATFORM, &[&format!("project-x is in {environment}")]).await;
    }
    for id in server.requests().await {
        assert_eq!(server.terminal.show(&id).await.request.state, RequestState::Done);
    }
    assert_eq!(server.shown(AIKO, PLATFORM).len(), 3, "one card each");
    assert!(server.discord.messages(MIO, APPROVALS).iter().all(|message| button(message, "approve:").is_none()));
    server.closes().await;
}
