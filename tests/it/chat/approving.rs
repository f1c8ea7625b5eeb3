//! Approving and rejecting in chat: by whom, how many, with the rights of the moment, and for exactly what was shown.

use std::time::Duration;

use genkan::model::RequestState;

use super::reading::{button, text};
use super::server::{AIKO, APPROVALS, GUEST, MIO, PLATFORM, REN, STRANGER, Server};

#[tokio::test]
async fn everybody_can_press_and_only_who_may_approves() {
    let server = Server::opens().await;
    let asked = server.onboards(REN, "project-x", "dev").await;
    server.answer(REN, asked, &["Waits for 1 approval"]).await;
    let question = server.reads(MIO, APPROVALS, &["[Approve]"]).await;
    for (who, texts) in [
        (AIKO, &["may not"][..]),
        (GUEST, &["may not"]),
        (STRANGER, &["I do not know you yet"]),
        (REN, &["own request"]),
    ] {
        let pressed = server.presses(who, &question, "approve:").await;
        server.is_told(who, pressed, texts).await;
    }
    let id = server.only_request().await;
    assert!(server.terminal.show(&id).await.approvals.is_empty());
    let pressed = server.presses(MIO, &question, "approve:").await;
    server.is_told(MIO, pressed, &["Approved"]).await;
    server.answer(REN, asked, &["project-x is in dev"]).await;
    server.closes().await;
}

#[tokio::test]
async fn production_takes_two_and_the_same_one_twice_is_one() {
    let server = Server::opens().await;
    let asked = server.onboards(AIKO, "project-x", "production").await;
    let question = server.reads(REN, APPROVALS, &["Needs 2 approvals", "[Approve]"]).await;
    let pressed = server.presses(REN, &question, "approve:").await;
    server.is_told(REN, pressed, &["Approved", "needs 1 more"]).await;
    server.reads(MIO, APPROVALS, &["Approved so far by ren", "1 more"]).await;
    let pressed = server.presses(REN, &question, "approve:").await;
    server.is_told(REN, pressed, &["had approved", "already"]).await;
    let id = server.only_request().await;
    assert_eq!(server.terminal.show(&id).await.approvals.len(), 1);
    let pressed = server.presses(MIO, &question, "approve:").await;
    server.is_told(MIO, pressed, &["Approved", "goes on"]).await;
    server.answer(AIKO, asked, &["project-x is in production"]).await;
    server.reads(MIO, APPROVALS, &["Approved by ren, mio", "done"]).await;
    server.closes().await;
}

#[tokio::test]
async fn what_changed_is_asked_anew_and_the_old_question_is_void() {
    let server = Server::opens().await;
    let asked = server.onboards(AIKO, "project-x", "dev").await;
    server.answer(AIKO, asked, &["Waits for 1 approval"]).await;
    let old = server.reads(REN, APPROVALS, &["[Approve]"]).await;

    // The stack is built anew while the lead is at lunch.
    let account = server.house.account("project-dev");
    let ssm = aws_sdk_ssm::Client::new(&server.house.platform.administrator(&account));
    let of = |project: &str| format!("/dev/{project}/vpc-id");
    let other = ssm.get_parameter().name(of("project-y")).send().await.expect("there");
    let other = other.parameter.and_then(|parameter| parameter.value).expect("a value");
    ssm.put_parameter().name(of("project-x")).value(&other).overwrite(true).send().await.expect("written");
    let lunch = Duration::from_hours(1);
    server.discord.pass_time(lunch);
    server.terminal.wait_until(server.terminal.desk.now() + lunch);
    // What a lead approves is not what is there now: nothing is done with it, and it is asked again.
    server.presses(REN, &old, "approve:").await;
    let new = server.reads(REN, APPROVALS, &[&other, "[Approve]"]).await;
    assert_ne!(new["id"], old["id"]);
    let void = server.reads(REN, APPROVALS, &["Void", "changed since"]).await;
    assert_eq!((&void["id"], button(&void, "approve:")), (&old["id"], None), "its buttons are gone");
    assert!(new["mention_roles"].to_string().contains("118000000000000302"), "the leads are told anew");
    assert_eq!(server.house.succeeded("route53:CreateVPCAssociationAuthorization"), 0);

    let pressed = server.presses(REN, &new, "approve:").await;
    server.is_told(REN, pressed, &["Approved"]).await;
    server.answer(AIKO, asked, &["project-x is in dev", &other]).await;
    server.closes().await;
}

#[tokio::test]
async fn a_press_on_what_was_shown_before_a_change_is_refused() {
    let server = Server::opens().await;
    server.onboards(AIKO, "project-x", "dev").await;
    let question = server.reads(REN, APPROVALS, &["[Approve]"]).await;
    let id = server.only_request().await;
    let genuine = button(&question, "approve:").expect("a button");
    // A button as it would be of a step that was never held so: made up by nobody but a fault.
    let made_up = format!("approve:{id}:{}:1", "0".repeat(64));
    assert_ne!(genuine, made_up);
    let token = "Bot local";
    let url = format!("{}/api/v10/channels/{APPROVALS}/messages/{}", server.api(), question["id"].as_str().unwrap());
    let button = serde_json::json!({"type": 2, "style": 3, "label": "Approve", "custom_id": made_up});
    let body = serde_json::json!({
        "components": [{"type": 1, "components": [button]}], "allowed_mentions": {"parse": []},
    });
    let edited = reqwest::Client::new().patch(url).header("authorization", token).body(body.to_string());
    let edited = edited.header("content-type", "application/json").send().await.expect("an answer");
    assert!(edited.status().is_success(), "{}", edited.status());
    let question = server.sees(REN, APPROVALS, "the button", |message| text(message).contains("[Approve]")).await;
    let pressed = server.presses(REN, &question, "approve:").await;
    server.is_told(REN, pressed, &["expired"]).await;
    assert!(server.terminal.show(&id).await.approvals.is_empty());
    server.closes().await;
}

#[tokio::test]
async fn a_lead_says_no_and_says_why() {
    let server = Server::opens().await;
    let asked = server.onboards(AIKO, "project-x", "dev").await;
    server.answer(AIKO, asked, &["Waits for 1 approval"]).await;
    let question = server.reads(REN, APPROVALS, &["[Reject]"]).await;
    // Anybody can open the form; rights are checked when it is sent.
    server.presses(AIKO, &question, "reject:").await;
    let (sent, _) = server.fills_in(AIKO, "reason", "I want it otherwise").await;
    server.is_told(AIKO, sent, &["may not"]).await;
    server.presses(REN, &question, "reject:").await;
    let (sent, form) = server.fills_in(REN, "reason", "  ").await;
    assert_eq!(form["title"], "Reject the request");
    server.is_told(REN, sent, &["say why"]).await;
    server.presses(REN, &question, "reject:").await;
    let (sent, _) = server.fills_in(REN, "reason", "the CIDR @everyone is taken").await;
    server.is_told(REN, sent, &["is rejected"]).await;

    let card = server.answer(AIKO, asked, &["Rejected by ren", "is taken"]).await;
    assert!(text(&card).contains("\\@everyone"), "it means nobody: {}", text(&card));
    let question = server.reads(REN, APPROVALS, &["Rejected by ren"]).await;
    assert_eq!((button(&question, "approve:"), button(&question, "reject:")), (None, None));
    let id = server.only_request().await;
    let request = server.terminal.show(&id).await.request;
    assert_eq!(
        (request.state, request.reason.as_deref()),
        (RequestState::Rejected, Some("the CIDR @everyone is taken"))
    );
    server.closes().await;
}

#[tokio::test]
async fn what_waits_for_me_leads_to_where_i_am_asked() {
    let server = Server::opens().await;
    server.onboards(AIKO, "project-x", "dev").await;
    let question = server.reads(REN, APPROVALS, &["[Approve]"]).await;
    let link =
        format!("https://discord.com/channels/118000000000000100/{APPROVALS}/{}", question["id"].as_str().unwrap());
    let asked = server.types(REN, "approvals", &[]).await;
    server.is_told(REN, asked, &["project-x", &link]).await;
    let asked = server.types(AIKO, "approvals", &[]).await;
    let nothing = server.is_told(AIKO, asked, &[]).await;
    assert!(!text(&nothing).contains("project-x"), "{}", text(&nothing));
    server.terminal.approve("ren", &server.only_request().await).await.expect("approved at the terminal");
    server.reads(AIKO, PLATFORM, &["project-x is in dev"]).await;
    server.reads(REN, APPROVALS, &["Approved by ren", "done"]).await;
    server.closes().await;
}
