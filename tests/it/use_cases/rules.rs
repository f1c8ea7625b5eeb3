//! Rules of the operator's own, and freezes: who may not do what others may.

use genkan::config::{Config, Freeze};
use genkan::model::RequestState;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use super::{Story, adopting, onboard, teardown, with_its_data};

/// Engineers neither have anything taken over nor any data destroyed.
const CAREFUL: &str = r#"
@id("engineers-are-careful")
@reason("engineers leave that to the leads")
forbid (principal in Group::"engineers", action in [Action::"adopt", Action::"destroy-data"], resource);
"#;

fn rules(config: &mut Config) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("careful.cedar"), CAREFUL).expect("written");
    config.policy.rules = Some(folder.path().display().to_string());
    folder
}

#[tokio::test]
async fn what_a_request_takes_over_or_destroys_is_asked_about_besides() {
    let mut folder = None;
    let story = Story::where_config(|config| folder = Some(rules(config))).await;
    let why = story.asks_in_vain("aiko", adopting(&["bucket"], onboard("project-x", "dev"))).await;
    assert!(why.contains("engineers leave that to the leads"), "{why}");
    story.is_done(onboard("project-x", "dev")).await;

    let why = story.asks_in_vain("aiko", with_its_data(teardown("project-x", "dev"))).await;
    assert!(why.contains("engineers leave that to the leads"), "{why}");
    let id = story.asks("ren", with_its_data(teardown("project-x", "dev"))).await;

    // Who may not ask for it may not have it tried again either, though anybody who may ask may have others' requests tried again.
    let aiko = story.desk.person("aiko").await;
    let refused = story.desk.desk.retry(&aiko, &id).await.expect_err("refused").to_string();
    assert!(refused.contains("engineers leave that to the leads"), "{refused}");
    let mio = story.desk.person("mio").await;
    story.desk.desk.retry(&mio, &id).await.expect("tried again");
}

#[tokio::test]
async fn while_it_is_frozen_nothing_is_asked_for_and_it_is_said_until_when_and_why() {
    let now = Timestamp::now();
    let (from, until) = (now - SignedDuration::from_hours(1), now + SignedDuration::from_hours(1));
    let story = Story::where_config(|config| {
        let dev = config.environments.get_mut(&"dev".parse().expect("a name")).expect("dev");
        dev.freezes = vec![Freeze { from, until, why: "the fair".to_owned() }];
    })
    .await;
    let why = story.asks_in_vain("aiko", onboard("project-x", "dev")).await;
    let until = until.strftime("%Y-%m-%d %H:%M UTC");
    assert_eq!(why, format!("aiko may not: dev is frozen until {until}: the fair"));
    let id = story.asks("aiko", onboard("project-x", "staging")).await;
    assert_eq!(story.state(&id).await, RequestState::Open);
}
