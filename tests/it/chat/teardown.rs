//! Showing a project out in chat: what would go is shown first, its name is typed, and what is done is what was shown.

use genkan::model::RequestState;

use super::reading::{button, is_ephemeral, text};
use super::server::{AIKO, APPROVALS, GUEST, MIO, PLATFORM, REN, Server};

const TEARDOWN: [(&str, &str); 2] = [("project", "project-x"), ("environment", "dev")];

async fn somebody_writes_to_the_bucket(server: &Server, key: &str) {
    let account = server.house.account("project-dev");
    let s3 = aws_sdk_s3::Client::new(&server.house.platform.administrator(&account));
    let put = s3.put_object().bucket("project-x-dev").key(key).body(vec![1].into());
    put.send().await.expect("written");
}

#[tokio::test]
async fn its_name_is_typed_and_it_goes() {
    let server = Server::opens().await;
    server.has("project-x", "dev").await;
    let asked = server.types(GUEST, "teardown", &TEARDOWN).await;
    server.is_told(GUEST, asked, &["may not"]).await;

    let asked = server.types(AIKO, "teardown", &TEARDOWN).await;
    let shown = server.is_told(AIKO, asked, &["Tear down project-x · dev?", "[Tear down]"]).await;
    assert_eq!(button(&shown, "teardown:project-x:dev:destroy:"), None, "there is no data to destroy");
    server.presses(AIKO, &shown, "teardown:project-x:dev:keep:").await;
    let (sent, form) = server.fills_in(AIKO, "project", "project-y").await;
    assert_eq!(form["title"], "Tear down");
    server.is_told(AIKO, sent, &["project-y", "Nothing was begun"]).await;
    assert_eq!(server.requests().await.len(), 1, "only the onboarding");

    server.presses(AIKO, &shown, "teardown:project-x:dev:keep:").await;
    let (sent, _) = server.fills_in(AIKO, "project", "project-x").await;
    let card = server.answer(AIKO, sent, &["Waits for 1 approval"]).await;
    assert!(!is_ephemeral(&card), "everybody sees it");
    let question = server.reads(REN, APPROVALS, &["Teardown", "[Approve]"]).await;
    server.presses(REN, &question, "approve:").await;
    let gone = server.answer(AIKO, sent, &["project-x is out of dev"]).await;
    assert_eq!(gone["id"], card["id"]);
    assert_eq!(server.house.lines("project-dev", "s3 bucket project-x"), [""; 0]);

    let asked = server.types(AIKO, "teardown", &TEARDOWN).await;
    let nothing = server.is_told(AIKO, asked, &["nothing to remove"]).await;
    assert_eq!(button(&nothing, "teardown:"), None);
    server.closes().await;
}

#[tokio::test]
async fn data_goes_only_if_it_is_asked_for_and_others_approve() {
    let server = Server::opens().await;
    server.has("project-x", "dev").await;
    somebody_writes_to_the_bucket(&server, "a").await;
    let asked = server.types(AIKO, "teardown", &TEARDOWN).await;
    let shown = server.is_told(AIKO, asked, &["There is data", "1 object"]).await;
    assert_eq!(button(&shown, "teardown:project-x:dev:keep:"), None, "it cannot go as it is");
    server.presses(AIKO, &shown, "teardown:project-x:dev:destroy:").await;
    let (sent, form) = server.fills_in(AIKO, "project", "project-x").await;
    assert_eq!(form["title"], "Tear down and destroy data");
    server.answer(AIKO, sent, &["Waits for 1 approval"]).await;
    loop {
        let has_gone = server.shown(AIKO, PLATFORM).iter().any(|text| text.contains("project-x is out of dev"));
        if has_gone {
            break;
        }
        let waits = |message: &serde_json::Value| button(message, "approve:").is_some();
        let question = server.person(MIO).at(APPROVALS);
        let next = question.wait_for(super::server::PATIENCE, |mio| {
            let gone = server.shown(AIKO, PLATFORM).iter().any(|text| text.contains("project-x is out of dev"));
            let waiting = mio.messages().into_iter().find(waits);
            (gone || waiting.is_some()).then_some(waiting)
        });
        let Some(question) = next.await.expect("it goes on") else { break };
        let is_of_data = text(&question).contains("destroy");
        let pressed = server.presses(MIO, &question, "approve:").await;
        server.is_told(MIO, pressed, &["pproved"]).await;
        if is_of_data {
            let pressed = server.presses(REN, &question, "approve:").await;
            server.is_told(REN, pressed, &["pproved"]).await;
        }
        let id = question["id"].clone();
        let is_answered = |message: &serde_json::Value| message["id"] == id && button(message, "approve:").is_none();
        server.sees(MIO, APPROVALS, "the question answered", is_answered).await;
        assert!(is_of_data || server.house.lines("project-dev", "s3 bucket project-x-dev ").len() <= 1);
    }
    let id = server.requests().await[0].clone();
    let view = server.terminal.show(&id).await;
    assert_eq!(view.request.state, RequestState::Done);
    assert!(view.approvals.len() >= 2, "the data and the zone: {:?}", view.approvals);
    assert_eq!(server.house.lines("project-dev", "s3 bucket project-x"), [""; 0]);
    server.closes().await;
}

#[tokio::test]
async fn what_has_changed_since_it_was_shown_is_shown_anew() {
    let server = Server::opens().await;
    server.has("project-x", "dev").await;
    let asked = server.types(AIKO, "teardown", &TEARDOWN).await;
    let shown = server.is_told(AIKO, asked, &["[Tear down]"]).await;
    server.presses(AIKO, &shown, "teardown:project-x:dev:keep:").await;
    somebody_writes_to_the_bucket(&server, "late").await;
    let (sent, _) = server.fills_in(AIKO, "project", "project-x").await;
    let anew = server.is_told(AIKO, sent, &["Something has changed", "1 object"]).await;
    assert!(button(&anew, "teardown:project-x:dev:destroy:").is_some(), "{}", text(&anew));
    assert_eq!(server.requests().await.len(), 1, "nothing was begun");
    server.closes().await;
}
