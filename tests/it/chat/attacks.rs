//! What somebody tries who writes to Discord by hand, or in a hurry: buttons, forms and places that the bot never gave them.

use std::time::Duration;

use genkan::model::RequestState;
use genkan::sandbox::discord::faults::{Effect, Rule};
use genkan::sandbox::discord::seed::Id;
use genkan::sandbox::discord::{Event, Filled};
use serde_json::{Value, json};
use sqlx::Connection;

use super::reading::{button, text};
use super::server::{A_WHILE, AIKO, APPROVALS, ENGINEER, GUEST, LEAD, MIO, PATIENCE, PLATFORM, REN, STRANGER, Server};

/// Something arrives from somebody with these fields instead of what their client sends.
async fn forges(server: &Server, who: Id, fields: Value) -> Id {
    server.discord.faults().add(Rule::next("INTERACTION_CREATE", Effect::Altered(fields)));
    server.types(who, "help", &[]).await
}

/// A press of a button that is not there, on a message that is.
async fn presses(server: &Server, who: Id, on: &Value, custom_id: &str) -> Id {
    let data = json!({
        "custom_id": custom_id, "component_type": 2, "name": null, "type": null, "options": null,
    });
    forges(server, who, json!({"type": 3, "data": data, "message": on})).await
}

/// A form that was never opened.
async fn sends(server: &Server, who: Id, custom_id: &str, field: &str, value: &str) -> Id {
    let input = json!({"type": 4, "custom_id": field, "value": value});
    let data = json!({
        "custom_id": custom_id, "components": [{"type": 1, "components": [input]}], "name": null, "type": null, "options": null,
    });
    forges(server, who, json!({"type": 5, "data": data})).await
}

#[tokio::test]
async fn only_the_configured_server_is_listened_to_also_while_typing() {
    let server = Server::opens().await;
    server.onboards(AIKO, "project-x", "dev").await;
    let question = server.reads(REN, APPROVALS, &["[Approve]"]).await;
    let approve = button(&question, "approve:").expect("a button");
    let other = "118000000000000199";
    let onboard = json!({"guild_id": other, "data": {"name": "onboard", "options": [
        {"name": "project", "type": 3, "value": "project-y"}, {"name": "environment", "type": 3, "value": "dev"},
    ]}});
    let asked = forges(&server, AIKO, onboard).await;
    server.is_told(AIKO, asked, &["only on the server"]).await;
    let direct = json!({"guild_id": null, "member": null, "user": {"id": REN.to_string(), "username": "ren"}});
    for place in [json!({"guild_id": other}), direct] {
        let mut press = json!({"type": 3, "message": question, "data": {
            "custom_id": approve, "component_type": 2, "name": null, "type": null, "options": null,
        }});
        for (key, value) in place.as_object().expect("fields") {
            press[key] = value.clone();
        }
        let pressed = forges(&server, REN, press).await;
        server.is_told(REN, pressed, &["only on the server"]).await;
    }
    let typing = [Filled::typing("project", "pro")];
    assert!(server.is_offered(AIKO, "status", &typing).await.contains(&"project-x".to_owned()));
    server.discord.faults().add(Rule::next("INTERACTION_CREATE", Effect::Altered(json!({"guild_id": other}))));
    assert_eq!(server.is_offered(AIKO, "status", &typing).await, [""; 0], "nothing is told elsewhere");
    let id = server.only_request().await;
    assert!(server.terminal.show(&id).await.approvals.is_empty());
    server.closes().await;
}

#[tokio::test]
async fn no_way_leads_to_an_approval_by_who_may_not_give_it() {
    let server = Server::opens().await;
    server.onboards(REN, "project-x", "dev").await;
    let question = server.reads(MIO, APPROVALS, &["[Approve]"]).await;
    let (id, approve) = (server.only_request().await, button(&question, "approve:").expect("a button"));
    let reject = approve.replacen("approve", "reject", 1);
    // Ren asked; both of his roles, and one that he does not have, make no other person of him.
    for roles in [vec![], vec![LEAD], vec![LEAD, ENGINEER]] {
        let roles: Vec<String> = roles.iter().map(Id::to_string).collect();
        let press = json!({"type": 3, "message": question, "member": {"roles": roles}, "data": {
            "custom_id": approve, "component_type": 2, "name": null, "type": null, "options": null,
        }});
        let pressed = forges(&server, REN, press.clone()).await;
        server.is_told(REN, pressed, &["own request"]).await;
        // A stranger has the role, and is nobody.
        let pressed = forges(&server, STRANGER, press).await;
        server.is_told(STRANGER, pressed, &["I do not know you yet"]).await;
    }
    for who in [AIKO, GUEST, STRANGER] {
        let sent = sends(&server, who, &reject, "reason", "no").await;
        server.is_told(who, sent, &[]).await;
        let pressed = presses(&server, who, &question, &format!("cancel:{id}")).await;
        server.is_told(who, pressed, &[]).await;
    }
    let teardown = format!("teardown:project-x:dev:destroy:{}", "0".repeat(16));
    for who in [GUEST, STRANGER] {
        let sent = sends(&server, who, &teardown, "project", "project-x").await;
        server.is_told(who, sent, &[]).await;
    }
    let view = server.terminal.show(&id).await;
    assert_eq!((view.approvals.len(), view.request.state), (0, RequestState::Open));
    server.only_request().await;
    server.closes().await;
}

#[tokio::test]
async fn an_id_that_the_bot_never_gave_does_nothing() {
    let server = Server::opens().await;
    server.onboards(AIKO, "project-x", "dev").await;
    let of_x = server.reads(REN, APPROVALS, &["project-x", "[Approve]"]).await;
    let x = server.only_request().await;
    server.onboards(AIKO, "project-y", "dev").await;
    let of_y = server.reads(REN, APPROVALS, &["project-y", "[Approve]"]).await;
    let approve = button(&of_x, "approve:").expect("a button");
    let digest_of_y = button(&of_y, "approve:").expect("a button").rsplit(':').next().expect("a digest").to_owned();
    for custom_id in [
        &format!("approve:{x}:{digest_of_y}"),
        &format!("reject:{x}:{digest_of_y}:"),
        &approve.to_uppercase(),
        &format!(" {approve}"),
        &approve.replace(':', "："),
        &"x".repeat(100),
        &"承認".repeat(50),
        "approve::",
        "teardown:project-x:dev:keep:0123456789abcdeg",
        "\u{0}",
    ] {
        let pressed = presses(&server, REN, &of_x, custom_id).await;
        server.is_told(REN, pressed, &["expired"]).await;
    }
    for id in server.requests().await {
        let view = server.terminal.show(&id).await;
        assert_eq!((view.approvals.len(), view.request.state), (0, RequestState::Open));
    }
    // What was planned otherwise than it was shown is shown anew, and not begun; another spelling is another name.
    for typed in ["project-x ", "Project-X", "project\u{200B}-x", "ｐroject-x"] {
        let sent = sends(&server, AIKO, "teardown:project-x:dev:keep:0123456789abcdef", "project", typed).await;
        server.is_told(AIKO, sent, &["Nothing was begun"]).await;
    }
    assert_eq!(server.requests().await.len(), 2);
    server.closes().await;
}

#[tokio::test]
async fn an_acknowledgement_whose_answer_is_lost_leaves_nobody_waiting() {
    let server = Server::opens().await;
    server.discord.faults().add(Rule::next("POST callback", Effect::LoseResponse));
    let asked = server.onboards(AIKO, "project-x", "dev").await;
    server.answer(AIKO, asked, &["Waits for 1 approval"]).await;
    let question = server.reads(REN, APPROVALS, &["[Approve]"]).await;
    server.discord.faults().add(Rule::next("POST callback", Effect::LoseResponse));
    let pressed = server.presses(REN, &question, "approve:").await;
    server.is_told(REN, pressed, &["Approved"]).await;
    server.answer(AIKO, asked, &["is in dev"]).await;

    // Where it has not arrived nothing is done, and Discord says so.
    let mut events = server.events();
    let failing = Effect::Error { status: 500, code: 0, message: "Internal Server Error".to_owned() };
    server.discord.faults().add(Rule::next("POST callback", failing));
    let lost = server.onboards(AIKO, "project-y", "dev").await;
    server.fails(&mut events, lost).await;
    let after = server.types(AIKO, "requests", &[]).await;
    server.is_told(AIKO, after, &[]).await;
    server.only_request().await;
    server.closes().await;
}

#[tokio::test]
async fn one_person_in_a_hurry_keeps_nobody_else_waiting() {
    let server = Server::opens().await;
    let mut events = server.events();
    for _ in 0..200 {
        server.types(AIKO, "requests", &[]).await;
    }
    let asked = server.types(REN, "help", &[]).await;
    server.is_told(REN, asked, &[]).await;
    let told = server.reads(AIKO, PLATFORM, &["more than I can do"]).await;
    assert!(super::reading::is_ephemeral(&told), "only they are told");
    while let Ok(event) = events.try_recv() {
        assert!(!matches!(event, Event::Failed { interaction, .. } if interaction == asked), "ren is answered in time");
    }
    let done = server.discord.log().calls_of("PATCH @original").len();
    assert!(done <= 60, "{done} of 200 were done");
    // Once it is over they are answered again.
    let again = async {
        loop {
            let asked = server.types(AIKO, "help", &[]).await;
            // Nothing comes while they are still in too great a hurry; and not the empty message while one is to come.
            let told = server.answered(AIKO, asked, &[" "], Duration::from_secs(2)).await;
            if told.is_some_and(|told| text(&told).contains("/onboard")) {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, again).await.expect("answered again");
    server.closes().await;
}

#[tokio::test]
async fn while_another_process_holds_the_store_it_is_said_in_time_that_nothing_was_done() {
    let mut server = Server::opens().await;
    let url = server.house.platform.config.store.url.clone();
    let mut other = sqlx::SqliteConnection::connect(&url).await.expect("the store's file");
    sqlx::query("begin immediate").execute(&mut other).await.expect("held");
    let asked = server.onboards(AIKO, "project-x", "dev").await;
    server.is_told(AIKO, asked, &[]).await;
    sqlx::query("rollback").execute(&mut other).await.expect("given back");
    other.close().await.expect("closed");
    let after = server.types(AIKO, "requests", &[]).await;
    server.is_told(AIKO, after, &[]).await;
    assert_eq!(server.requests().await, []);
    // They know already, and are not told again.
    server.bot_stops().await;
    server.bot_starts().await;
    tokio::time::timeout(A_WHILE, server.reads(AIKO, PLATFORM, &["ask again"])).await.expect_err("nothing is said");
    server.closes().await;
}

#[tokio::test]
async fn a_reason_is_something_that_can_be_read_and_cannot_pass_for_more() {
    let server = Server::opens().await;
    let asked = server.onboards(AIKO, "project-x", "dev").await;
    server.answer(AIKO, asked, &["Waits for 1 approval"]).await;
    let question = server.reads(REN, APPROVALS, &["[Reject]"]).await;
    server.presses(REN, &question, "reject:").await;
    let (sent, _) = server.fills_in(REN, "reason", "\u{200B}\u{2060}\u{3164}").await;
    server.is_told(REN, sent, &["say why"]).await;
    server.presses(REN, &question, "reject:").await;
    let (sent, _) = server.fills_in(REN, "reason", "no\u{1b}[2J\n\n  = zone-association kept\u{9b}31m").await;
    server.is_told(REN, sent, &["is rejected"]).await;
    let view = server.terminal.show(&server.only_request().await).await;
    let reason = view.request.reason.clone().expect("a reason");
    assert!(!reason.chars().any(char::is_control), "{reason:?}");
    let shown = genkan::cli::draw::request(&view);
    let lines: Vec<&str> = shown.lines().filter(|line| line.contains("kept")).collect();
    assert!(matches!(lines[..], [line] if line.starts_with("reason: ")), "{shown}");
    server.closes().await;
}
