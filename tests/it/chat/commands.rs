//! Every command as people use it, what is completed as they type, and the buttons of a card.

use genkan::model::RequestState;
use genkan::sandbox::discord::Filled;

use super::reading::{button, text};
use super::server::{AIKO, APPROVALS, GUEST, PLATFORM, REN, STRANGER, Server};
use crate::tap::Trouble;

#[tokio::test]
async fn what_there_is_can_be_looked_at() {
    let server = Server::opens().await;
    let help = server.types(AIKO, "help", &[]).await;
    server.is_told(AIKO, help, &["/onboard", "/approvals"]).await;
    let none = server.types(AIKO, "requests", &[]).await;
    server.is_told(AIKO, none, &["There are none"]).await;

    let asked = server.onboards(AIKO, "project-x", "dev").await;
    let card = server.answer(AIKO, asked, &["Waits for 1 approval"]).await;
    let id = server.only_request().await;
    let link = format!("https://discord.com/channels/118000000000000100/{PLATFORM}/{}", card["id"].as_str().unwrap());
    for (who, which) in [(AIKO, "mine"), (REN, "waiting"), (REN, "all")] {
        let listed = server.types(who, "requests", &[("which", which)]).await;
        server.is_told(who, listed, &[id.as_str(), "project-x", &link]).await;
    }
    let mine = server.types(REN, "requests", &[("which", "mine")]).await;
    server.is_told(REN, mine, &["There are none"]).await;

    let shown = server.types(REN, "show", &[("request", id.as_str())]).await;
    server.is_told(REN, shown, &[id.as_str(), "zone-association"]).await;
    let beginning = &id.as_str()[..6];
    let shown = server.types(REN, "show", &[("request", beginning)]).await;
    server.is_told(REN, shown, &[id.as_str()]).await;
    let shown = server.types(REN, "show", &[("request", "r-0")]).await;
    server.is_told(REN, shown, &["There is no request", "r-0"]).await;
    let details = server.presses(REN, &card, "details:").await;
    server.is_told(REN, details, &[id.as_str(), "zone-association"]).await;

    let status = server.types(AIKO, "status", &[("project", "project-x"), ("environment", "dev")]).await;
    server.is_told(AIKO, status, &["project-x · dev", "not as it should be"]).await;
    let status = server.types(AIKO, "status", &[]).await;
    server.is_told(AIKO, status, &["project-x · dev"]).await;
    for command in ["help", "status", "requests", "approvals"] {
        let refused = server.types(STRANGER, command, &[]).await;
        server.is_told(STRANGER, refused, &["I do not know you yet"]).await;
    }
    assert_eq!(server.shown(GUEST, PLATFORM).len(), 1, "only the card is for everybody");
    server.closes().await;
}

#[tokio::test]
async fn a_request_is_cancelled_by_a_button_and_by_a_command() {
    let server = Server::opens().await;
    let asked = server.onboards(AIKO, "project-x", "dev").await;
    let card = server.answer(AIKO, asked, &["Waits for 1 approval"]).await;
    let id = server.only_request().await;
    let pressed = server.presses(GUEST, &card, "cancel:").await;
    server.is_told(GUEST, pressed, &["may not"]).await;
    let pressed = server.presses(AIKO, &card, "cancel:").await;
    server.is_told(AIKO, pressed, &["is cancelled", id.as_str()]).await;
    let ended = server.answer(AIKO, asked, &["Cancelled by aiko"]).await;
    assert_eq!((button(&ended, "cancel:"), button(&ended, "retry:")), (None, None));
    let question = server.reads(REN, APPROVALS, &["cancelled by aiko"]).await;
    assert_eq!(button(&question, "approve:"), None);

    let asked = server.onboards(AIKO, "project-x", "dev").await;
    server.answer(AIKO, asked, &["Waits for 1 approval"]).await;
    let second = server.requests().await[0].clone();
    let cancelled = server.types(AIKO, "cancel", &[("request", second.as_str())]).await;
    server.is_told(AIKO, cancelled, &["is cancelled", second.as_str()]).await;
    server.answer(AIKO, asked, &["Cancelled by aiko"]).await;
    let again = server.types(AIKO, "cancel", &[("request", second.as_str())]).await;
    server.is_told(AIKO, again, &["cancelled", "already"]).await;
    let retried = server.types(AIKO, "retry", &[("request", second.as_str())]).await;
    server.is_told(AIKO, retried, &["cancelled"]).await;
    server.closes().await;
}

#[tokio::test]
async fn what_failed_is_mended_and_taken_up_again() {
    let server = Server::opens().await;
    server.trap().trouble(Some(("call ecr CreateRepository", Trouble::Forbidden)));
    let asked = server.onboards(AIKO, "project-x", "dev").await;
    let card = server.answer(AIKO, asked, &["failed", "[Retry]"]).await;
    assert!(text(&card).contains("ecr:CreateRepository"), "it says what is missing: {}", text(&card));
    let pressed = server.presses(GUEST, &card, "retry:").await;
    server.is_told(GUEST, pressed, &["may not"]).await;

    server.trap().trouble(None);
    let id = server.only_request().await;
    let retried = server.types(AIKO, "retry", &[("request", id.as_str())]).await;
    server.is_told(AIKO, retried, &["taken up again", id.as_str()]).await;
    server.answer(AIKO, asked, &["Waits for 1 approval"]).await;
    let question = server.reads(REN, APPROVALS, &["[Approve]"]).await;
    server.presses(REN, &question, "approve:").await;
    server.answer(AIKO, asked, &["project-x is in dev"]).await;
    assert_eq!(server.terminal.show(&id).await.request.state, RequestState::Done);
    server.closes().await;
}

#[tokio::test]
async fn what_can_be_typed_next_is_offered() {
    let server = Server::opens().await;
    let typing = Filled::typing;
    assert_eq!(server.is_offered(AIKO, "onboard", &[typing("project", "")]).await, [""; 0], "nothing is known yet");
    assert_eq!(server.is_offered(AIKO, "onboard", &[typing("project", "project-x")]).await, ["project-x"]);
    assert_eq!(server.is_offered(AIKO, "onboard", &[typing("project", "-")]).await, [""; 0]);
    let environments = [Filled::text("project", "project-x"), typing("environment", "d")];
    assert_eq!(server.is_offered(AIKO, "onboard", &environments).await, ["dev", "production"]);
    let adopt =
        |text| [Filled::text("project", "project-x"), Filled::text("environment", "dev"), typing("adopt", text)];
    assert_eq!(server.is_offered(AIKO, "onboard", &adopt("bucket,zone")).await, ["bucket,zone-association"]);

    server.onboards(AIKO, "project-x", "dev").await;
    server.reads(REN, APPROVALS, &["[Approve]"]).await;
    let id = server.only_request().await;
    assert_eq!(server.is_offered(AIKO, "teardown", &[typing("project", "x")]).await, ["project-x"]);
    for command in ["show", "cancel", "retry"] {
        for typed in ["", "project-x", &id.as_str()[..5], "aiko"] {
            assert_eq!(
                server.is_offered(REN, command, &[typing("request", typed)]).await,
                [id.as_str()],
                "/{command} {typed}"
            );
        }
        assert_eq!(server.is_offered(REN, command, &[typing("request", "project-y")]).await, [""; 0]);
        assert_eq!(
            server.is_offered(STRANGER, command, &[typing("request", "")]).await,
            [""; 0],
            "nobody to strangers"
        );
    }
    assert_eq!(server.is_offered(STRANGER, "onboard", &[typing("project", "project")]).await, [""; 0]);
    server.terminal.desk.cancel(&server.terminal.person("aiko").await, &id, None).await.expect("cancelled");
    assert_eq!(server.is_offered(REN, "cancel", &[typing("request", "")]).await, [""; 0], "it has ended");
    assert_eq!(server.is_offered(REN, "show", &[typing("request", "")]).await, [id.as_str()]);
    server.closes().await;
}
