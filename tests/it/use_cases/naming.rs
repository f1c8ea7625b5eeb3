//! Naming: projects that can be taken for each other, and the repository that a project belongs to.

use std::sync::{Arc, Mutex};

use genkan::cli::args::{ApproveArguments, Going, RequestsArguments};
use genkan::cli::commands::Terminal;
use genkan::cli::{Exit, Printer};
use genkan::model::EnvironmentName;
use genkan::requests::carry_out::CarriedOut;
use genkan::requests::plan::Wish;
use genkan::requests::{DeskError, Why};
use tokio::sync::watch;

use super::{Story, onboard, teardown};

fn from(repository: &str, wish: Wish) -> Wish {
    Wish { repository: Some(repository.to_owned()), ..wish }
}

/// What somebody sees at a terminal.
async fn types<F: Future<Output = Result<Exit, DeskError>>>(
    story: &Story,
    who: &str,
    json: bool,
    command: impl FnOnce(Terminal) -> F,
) -> (Exit, String, String) {
    let (result, progress) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
    let terminal = Terminal {
        desk: story.desk.desk.clone(),
        printer: Printer::to(json, Arc::clone(&result) as _, Arc::clone(&progress) as _),
        says: Some(who.to_owned()),
        stop: watch::Sender::new(false).subscribe(),
    };
    let exit = command(terminal).await.expect("done");
    let text = |sink: Arc<Mutex<Vec<u8>>>| String::from_utf8(sink.lock().expect("not poisoned").clone()).expect("text");
    (exit, text(result), text(progress))
}

#[tokio::test]
async fn a_name_that_can_be_taken_for_another_is_pointed_out() {
    let own = "project-own".parse().expect("a name");
    let story = Story::where_config(|config| {
        let dev = config.environments.get_mut(&"dev".parse::<EnvironmentName>().expect("a name")).expect("dev");
        dev.accounts.insert(own, "project-dev".to_owned());
    })
    .await;
    for name in ["project-1", "project-modern", "project-w"] {
        story.asks("aiko", onboard(name, "dev")).await;
    }
    for (typed, meant) in [
        ("project-l", "project-1"),
        ("project-modem", "project-modern"),
        ("project-vv", "project-w"),
        ("project-0wn", "project-own"),
    ] {
        let plan = story.plan(onboard(typed, "staging")).await;
        let note = format!("LOOKS LIKE {meant}: is that the one you mean?");
        assert!(plan.notes.contains(&note) && plan.to_string().contains(&note), "{typed}: {plan}");
    }
    for clear in ["project-1", "project-2", "project-n", "project-own"] {
        let plan = story.plan(onboard(clear, "staging")).await;
        assert!(!plan.to_string().contains("LOOKS LIKE"), "{clear}: {plan}");
    }

    // Who approves sees it too; and what was turned away is not taken for a project any more.
    let id = story.asks("aiko", onboard("project-l", "dev")).await;
    story.house.stack_is_up("project-l", "dev").await;
    let CarriedOut::Resting(at) = story.desk.work(&id).await.expect("it rests") else { panic!("it rests") };
    story.desk.wait_until(at);
    story.desk.work(&id).await.expect("it goes on");
    let arguments =
        ApproveArguments { request: id.to_string(), step: None, going: Going { yes: true, wait: false }, digest: None };
    let (_, _, shown) = types(&story, "ren", false, async |terminal| terminal.approve(&arguments).await).await;
    assert!(shown.contains("LOOKS LIKE project-1"), "{shown}");
    let typo = story.desk.ask("aiko", &onboard("project-10", "dev")).await.expect("asked").expect("a request");
    let aiko = story.desk.person("aiko").await;
    story.desk.desk.cancel(&aiko, &typo, None).await.expect("cancelled");
    let plan = story.plan(onboard("project-lo", "dev")).await;
    assert!(!plan.to_string().contains("LOOKS LIKE"), "{plan}");
}

#[tokio::test]
async fn a_project_keeps_its_repository_until_another_one_is_named() {
    let story = Story::begins().await;
    let plan = story.plan(onboard("project-x", "dev")).await;
    assert!(plan.repository.is_none() && !plan.to_string().contains("Repository"), "{plan}");
    let without = plan.digest();

    story.is_done(from("acme/algorithm-x", onboard("project-x", "dev"))).await;
    let plan = story.plan(onboard("project-x", "dev")).await;
    assert!(plan.to_string().contains("\nRepository: acme/algorithm-x\n"), "{plan}");
    assert_ne!(plan.digest(), without);
    story.has_nothing_to_do(onboard("project-x", "dev")).await;
    story.has_nothing_to_do(from("acme/algorithm-x", onboard("project-x", "dev"))).await;
    let known = |plan: genkan::model::Plan| plan.repository.map(|repository| repository.to_string());
    let x = Some("acme/algorithm-x".to_owned());
    assert_eq!(known(story.plan(onboard("project-x", "staging")).await), x, "a project has one repository everywhere");
    assert_eq!(known(story.plan(teardown("project-x", "dev")).await), x);
    assert_eq!(known(story.plan(onboard("project-y", "dev")).await), None);

    // It has moved: that is written down, though nothing in AWS changes.
    story.is_done(from("acme/moved", onboard("project-x", "dev"))).await;
    assert_eq!(known(story.plan(onboard("project-x", "dev")).await).as_deref(), Some("acme/moved"));
    assert_eq!(story.house.succeeded("s3:CreateBucket"), 2);
}

#[tokio::test]
async fn a_blueprint_that_needs_a_repository_asks_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = r#"
description = "What a project of ours gets."
[[resource]]
id = "bucket"
kind = "s3-bucket"
name = "{{ project }}-{{ env }}"
cors = [{ allowed_methods = ["GET"], allowed_origins = ['https://{{ repository | replace("/", ".") }}.example.com'] }]
"#;
    std::fs::write(folder.path().join("own.toml"), text).expect("written");
    let story = Story::where_config(|config| {
        config.platform.blueprints = Some(folder.path().display().to_string());
        config.environments.values_mut().for_each(|settings| settings.blueprint = "own".to_owned());
    })
    .await;
    let aiko = story.desk.person("aiko").await;
    let plan = async |wish| story.desk.desk.plan(&aiko, &wish).await;
    let refused = plan(onboard("project-x", "dev")).await.expect_err("it is needed");
    assert!(matches!(refused.why(), Some(Why::NeedsRepository { .. })), "{refused:?}");
    assert!(refused.to_string().contains("needs a repository: give one with --repository"), "{refused}");
    let refused = plan(from("https://github.com/a/b", onboard("project-x", "dev"))).await.expect_err("an address");
    assert!(matches!(refused.why(), Some(Why::BadRepository { text }) if text.contains("github.com")), "{refused:?}");
    story.is_done(from("acme/x", onboard("project-x", "dev"))).await;
    story.is_done(teardown("project-x", "dev")).await;
}

#[tokio::test]
async fn what_waits_for_me_and_what_i_asked_for_at_the_terminal() {
    let story = Story::begins().await;
    let (_, nothing, _) = types(&story, "ren", false, async |terminal| terminal.approvals().await).await;
    assert_eq!(nothing, "nothing waits for your approval\n");
    let first = story.asks("aiko", onboard("project-x", "production")).await;
    let own = story.asks("ren", onboard("project-y", "dev")).await;
    let (exit, table, _) = types(&story, "ren", false, async |terminal| terminal.approvals().await).await;
    assert_eq!(exit, Exit::Done);
    for part in [first.as_str(), "aiko", "zone-association", "0 of 2", "genkan approve"] {
        assert!(table.contains(part), "{part} is not in\n{table}");
    }
    assert!(!table.contains(own.as_str()), "nobody approves their own:\n{table}");
    let (_, json, _) = types(&story, "mio", true, async |terminal| terminal.approvals().await).await;
    let json: serde_json::Value = serde_json::from_str(&json).expect("one document");
    assert_eq!(json[0]["request"]["id"], first.as_str());
    assert_eq!(json[0]["held"][0]["digest"].as_str().map(str::len), Some(64));
    assert_eq!(json[1]["request"]["id"], own.as_str());

    let mine = RequestsArguments { project: None, environment: None, state: vec![], mine: true, limit: 50 };
    let (_, listed, _) = types(&story, "aiko", false, async |terminal| terminal.requests(&mine).await).await;
    assert!(listed.contains(first.as_str()) && !listed.contains(own.as_str()), "{listed}");
}
