//! Asking in chat: from a command to a project that is let in; what is heard twice, too late, or by a process that dies.

use std::time::Duration;

use genkan::model::RequestState;
use genkan::sandbox::discord::faults::{Effect, Rule};

use super::reading::{button, is_ephemeral, text};
use super::server::{A_WHILE, AIKO, APPROVALS, GUEST, PATIENCE, PLATFORM, REN, STRANGER, Server};

#[tokio::test]
async fn a_newcomer_asks_a_lead_approves_and_it_is_done() {
    let server = Server::opens().await;
    let asked = server.onboards(AIKO, "project-x", "dev").await;
    let card = server.answer(AIKO, asked, &["project-x", "dev", "Waits for 1 approval"]).await;
    assert!(!is_ephemeral(&card), "everybody sees the card");
    assert!(server.discord.messages(REN, PLATFORM).iter().any(|message| message["id"] == card["id"]));

    let question = server.reads(REN, APPROVALS, &["Approve?", "Z0DEV00000000000001", "aiko", "[Approve]"]).await;
    let told: Vec<&str> =
        question["mention_roles"].as_array().into_iter().flatten().filter_map(|id| id.as_str()).collect();
    assert_eq!(told, ["118000000000000302"], "only the leads are told");
    let link = format!("https://discord.com/channels/118000000000000100/{PLATFORM}/{}", card["id"].as_str().unwrap());
    assert!(text(&question).contains(&link), "it links to the card: {}", text(&question));

    let pressed = server.presses(REN, &question, "approve:").await;
    server.is_told(REN, pressed, &["Approved", "zone-association"]).await;
    let done = server.answer(AIKO, asked, &["project-x is in dev", "vpc-"]).await;
    assert_eq!(done["id"], card["id"], "one card, edited in place");
    let answered = server.reads(REN, APPROVALS, &["Approved by ren", "done"]).await;
    assert_eq!((&answered["id"], button(&answered, "approve:")), (&question["id"], None), "its buttons are gone");

    let id = server.only_request().await;
    assert_eq!(server.terminal.show(&id).await.request.state, RequestState::Done);
    assert_eq!(server.shown(AIKO, PLATFORM).len(), 1);
    assert_eq!(server.shown(AIKO, APPROVALS).len(), 1);
    server.closes().await;
}

#[tokio::test]
async fn who_may_not_ask_is_told_so_and_nobody_else_reads_it() {
    let server = Server::opens().await;
    let asked = server.onboards(STRANGER, "project-x", "dev").await;
    server.is_told(STRANGER, asked, &["I do not know you yet", "118000000000000405"]).await;
    let asked = server.onboards(GUEST, "project-x", "dev").await;
    server.is_told(GUEST, asked, &["may not"]).await;
    let asked = server.onboards(AIKO, "Project X", "dev").await;
    server.is_told(AIKO, asked, &["Project X", "project name"]).await;
    let asked = server.onboards(AIKO, "project-x", "nowhere").await;
    server.is_told(AIKO, asked, &["nowhere", "production"]).await;
    assert_eq!(server.requests().await, []);
    assert_eq!(server.shown(REN, PLATFORM), [""; 0]);
    server.closes().await;
}

#[tokio::test]
async fn what_is_there_needs_nothing_and_what_is_taken_is_said() {
    let server = Server::opens().await;
    let first = server.onboards(AIKO, "project-x", "dev").await;
    server.answer(AIKO, first, &["Waits for 1 approval"]).await;
    let second = server.onboards(REN, "project-x", "dev").await;
    let id = server.only_request().await;
    server.is_told(REN, second, &[id.as_str(), "aiko"]).await;
    assert_eq!(server.shown(AIKO, PLATFORM).len(), 1, "nobody else reads it");
    let question = server.reads(REN, APPROVALS, &["[Approve]"]).await;
    server.presses(REN, &question, "approve:").await;
    server.answer(AIKO, first, &["is in dev"]).await;

    let third = server.onboards(AIKO, "project-x", "dev").await;
    let nothing = server.answer(AIKO, third, &["project-x"]).await;
    assert!(!text(&nothing).contains("Waits"), "{}", text(&nothing));
    assert_eq!(server.requests().await, [id]);
    server.closes().await;
}

#[tokio::test]
async fn what_stands_in_the_way_is_said_and_nothing_is_begun() {
    let server = Server::opens().await;
    let account = server.house.account("project-dev");
    let client = aws_sdk_ecr::Client::new(&server.house.platform.administrator(&account));
    client.create_repository().repository_name("project-x-dev-algorithm").send().await.expect("made by hand");
    let asked = server.onboards(AIKO, "project-x", "dev").await;
    server.answer(AIKO, asked, &["project-x-dev-algorithm", "adopt"]).await;
    assert_eq!(server.requests().await, []);

    let filled = [("project", "project-x"), ("environment", "dev"), ("adopt", "repository")];
    let asked = server.types(AIKO, "onboard", &filled).await;
    server.answer(AIKO, asked, &["Waits for 1 approval"]).await;
    server.closes().await;
}

#[tokio::test]
async fn what_is_delivered_twice_is_done_once() {
    let server = Server::opens().await;
    server.discord.faults().add(Rule::next("INTERACTION_CREATE", Effect::Twice));
    let asked = server.onboards(AIKO, "project-x", "dev").await;
    server.answer(AIKO, asked, &["Waits for 1 approval"]).await;
    server.only_request().await;
    let acknowledged = server.discord.log().calls_of("POST callback");
    assert_eq!(acknowledged.len(), 1, "the second is not even acknowledged: {acknowledged:?}");

    server.discord.faults().add(Rule::next("INTERACTION_CREATE", Effect::Twice));
    let question = server.reads(REN, APPROVALS, &["[Approve]"]).await;
    let pressed = server.presses(REN, &question, "approve:").await;
    server.is_told(REN, pressed, &["Approved"]).await;
    let id = server.only_request().await;
    assert_eq!(server.terminal.show(&id).await.approvals.len(), 1);
    server.closes().await;
}

#[tokio::test]
async fn what_comes_too_late_is_not_done_behind_anybodys_back() {
    let server = Server::opens().await;
    let mut events = server.events();
    server.discord.faults().add(Rule::next("INTERACTION_CREATE", Effect::Late(Duration::from_millis(2700))));
    let late = server.onboards(AIKO, "project-x", "dev").await;
    server.fails(&mut events, late).await;
    // What was asked afterwards was heard afterwards: when it is answered, the late one was passed over.
    let after = server.types(AIKO, "requests", &[]).await;
    server.is_told(AIKO, after, &[]).await;
    assert_eq!(server.requests().await, []);
    assert_eq!(server.discord.log().calls_of("POST callback").len(), 1);
    server.closes().await;
}

#[tokio::test]
async fn an_answer_that_cannot_be_given_in_time_is_not_acted_on() {
    let server = Server::opens().await;
    let mut events = server.events();
    let unavailable = Effect::Error { status: 404, code: 10_062, message: "Unknown interaction".to_owned() };
    server.discord.faults().add(Rule::next("POST callback", unavailable));
    let asked = server.onboards(AIKO, "project-x", "dev").await;
    server.fails(&mut events, asked).await;
    let after = server.types(AIKO, "requests", &[]).await;
    server.is_told(AIKO, after, &[]).await;
    assert_eq!(server.requests().await, []);
    server.closes().await;
}

#[tokio::test]
async fn who_was_heard_by_a_process_that_died_is_told_that_nothing_came_of_it() {
    let mut server = Server::opens().await;
    // Its plan takes as long as AWS does: the process dies before there is a request.
    server.house.platform.aws.faults().set_latency(Duration::from_secs(20));
    let asked = server.onboards(AIKO, "project-x", "dev").await;
    server.answer(AIKO, asked, &["Looking at AWS"]).await;
    server.bot_dies().await;
    server.house.platform.aws.faults().set_latency(Duration::ZERO);
    server.bot_starts().await;
    let told = server.reads(AIKO, PLATFORM, &["<@118000000000000401>", "/onboard project-x dev", "ask again"]).await;
    assert_eq!(told["mentions"], serde_json::json!([]), "it pings nobody");
    assert_eq!(server.requests().await, []);

    let again = server.onboards(AIKO, "project-x", "dev").await;
    server.answer(AIKO, again, &["Waits for 1 approval"]).await;
    server.bot_stops().await;
    server.bot_starts().await;
    tokio::time::timeout(A_WHILE, server.reads(AIKO, PLATFORM, &["never said"])).await.expect_err("nothing is said");
    let told = server.shown(AIKO, PLATFORM).iter().filter(|text| text.contains("ask again")).count();
    assert_eq!(told, 1, "once");
    server.closes().await;
}

#[tokio::test]
async fn a_request_goes_on_when_the_bot_is_killed_and_its_card_stays_the_same() {
    let mut server = Server::opens().await;
    let asked = server.onboards(AIKO, "project-x", "dev").await;
    let card = server.answer(AIKO, asked, &["Waits for 1 approval"]).await;
    let question = server.reads(REN, APPROVALS, &["[Approve]"]).await;
    server.bot_dies().await;
    // Meanwhile a lead approves at the terminal.
    let id = server.only_request().await;
    server.terminal.approve("ren", &id).await.expect("approved");
    server.bot_starts().await;
    let done = server.answer(AIKO, asked, &["is in dev"]).await;
    assert_eq!(done["id"], card["id"]);
    let answered = server.reads(REN, APPROVALS, &["Approved by ren"]).await;
    assert_eq!(answered["id"], question["id"]);
    assert_eq!((server.shown(AIKO, PLATFORM).len(), server.shown(AIKO, APPROVALS).len()), (1, 1), "no second message");
    server.closes().await;
}

#[tokio::test]
async fn a_card_lives_on_after_its_interactions_token_has_expired() {
    let server = Server::opens().await;
    let asked = server.onboards(AIKO, "project-x", "dev").await;
    let card = server.answer(AIKO, asked, &["Waits for 1 approval"]).await;
    let question = server.reads(REN, APPROVALS, &["[Approve]"]).await;
    let hour = Duration::from_hours(1);
    server.discord.pass_time(hour);
    server.terminal.wait_until(server.terminal.desk.now() + hour);
    server.presses(REN, &question, "approve:").await;
    let done = server.answer(AIKO, asked, &["is in dev"]).await;
    assert_eq!(done["id"], card["id"]);
    server.closes().await;
}

#[tokio::test]
async fn a_person_who_reads_japanese_is_answered_in_japanese() {
    let server = Server::opens().await;
    let aiko = server.person(AIKO).speaking("ja");
    let filled = ["project-x", "dev"].iter().zip(["project", "environment"]);
    let filled: Vec<_> = filled.map(|(value, name)| genkan::sandbox::discord::Filled::text(name, value)).collect();
    let asked = aiko.command("onboard", &filled).await.expect("sent");
    server.answer(AIKO, asked, &["承認"]).await;
    // A whole channel is spoken to in the language that the operator chose.
    server.reads(REN, APPROVALS, &["Approve?", "[Approve]"]).await;
    let refused = server.person(GUEST).speaking("ja").command("onboard", &filled).await.expect("sent");
    server.is_told(GUEST, refused, &["許可"]).await;
    server.discord.wait_for(PATIENCE, |discord| discord.online().then_some(())).await.expect("still there");
    server.closes().await;
}
