//! Where the log cannot be written nothing is done: not asked, not approved, not begun, not called.

use genkan::engine::witness::Witness as _;
use genkan::model::StepState;
use genkan::model::audit::{Intent, Outcome};

use super::{Rows, execute, raw};
use crate::house::House;
use crate::use_cases::{Story, onboard};

/// The calls that change something.
fn changes(house: &House) -> Vec<String> {
    let calls = house.platform.aws.log().calls();
    let changing = calls.iter().filter(|call| call.changing).map(|call| call.action());
    changing.filter(|action| !action.starts_with("sts:")).collect()
}

const BROKEN: [(&str, &str); 3] = [
    ("the table is gone", "alter table audit_entries rename to elsewhere"),
    ("the hashes are gone", "alter table audit_hashes rename to elsewhere"),
    (
        "the disk is full",
        "create trigger full before insert on audit_entries begin select raise(abort, 'database or disk is full'); end",
    ),
];

#[tokio::test]
async fn nothing_is_asked_for_if_it_cannot_be_logged() {
    for (why, sql) in BROKEN {
        let story = Story::begins().await;
        execute(&mut raw(&story.house).await, sql).await;
        story.asks_in_vain("aiko", onboard("project-x", "dev")).await;
        let kept: i64 = sqlx::query_scalar("select count(*) from requests")
            .fetch_one(&mut raw(&story.house).await)
            .await
            .expect("a table");
        assert_eq!(kept, 0, "{why}");
        assert_eq!(changes(&story.house), [""; 0], "{why}");
        assert!(story.desk.desk.begin("a test").await.is_err(), "{why}");
    }
}

#[tokio::test]
async fn nothing_is_begun_or_approved_if_it_cannot_be_logged() {
    for (why, sql) in BROKEN {
        let story = Story::begins().await;
        let id = story.desk.ask("aiko", &onboard("project-x", "dev")).await.expect("asked").expect("something to do");
        let before = Rows::of(&story.house).await;
        execute(&mut raw(&story.house).await, sql).await;
        story.desk.work(&id).await.expect_err("nothing can be written");
        assert_eq!(changes(&story.house), [""; 0], "{why}");
        let view = story.desk.show(&id).await;
        assert!(view.steps.iter().all(|step| step.state == StepState::Pending), "{why}");
        assert!(view.history.is_empty(), "{why}: the journal has nothing that the log has not");

        let mut conn = raw(&story.house).await;
        let mend = sql.strip_prefix("alter table ").and_then(|sql| sql.strip_suffix(" rename to elsewhere"));
        let mend = mend
            .map_or_else(|| "drop trigger full".to_owned(), |table| format!("alter table elsewhere rename to {table}"));
        execute(&mut conn, &mend).await;
        assert_eq!(Rows::of(&story.house).await.entries, before.entries, "{why}");
        story.desk.work(&id).await.expect("it goes on");
        assert!(!changes(&story.house).is_empty(), "{why}");

        let approvals = || async {
            let count = sqlx::query_scalar::<_, i64>("select count(*) from approvals");
            count.fetch_one(&mut raw(&story.house).await).await.expect("a table")
        };
        execute(&mut conn, sql).await;
        assert!(story.desk.approve("ren", &id).await.is_err(), "{why}");
        assert_eq!(approvals().await, 0, "{why}");
        execute(&mut conn, &mend).await;
        story.approves("ren", &id).await;
        assert_eq!(approvals().await, 1, "{why}");
        story.desk.desk.checkpoint().await.expect("signed");
        assert!(story.desk.desk.audit(None, &[]).await.expect("read").ok, "{why}");
    }
}

#[tokio::test]
async fn a_call_that_cannot_be_logged_is_not_to_be_made() {
    let story = Story::begins().await;
    let intent = Intent {
        person: "aiko".to_owned(),
        request: None,
        step: None,
        approvers: ["ren".to_owned()].into(),
        digest: None,
        account: story.house.account("platform-dev"),
        role: "arn:aws:iam::111111111111:role/genkan-authoriser".to_owned(),
        kind: genkan::model::RoleKind::Authoriser,
        action: "route53:CreateVPCAssociationAuthorization".to_owned(),
        resource: "vpc-1".to_owned(),
    };
    let told = story.house.store.before(&intent).await.expect("written");
    story.house.store.after(told, &Outcome { code: None, aws_request: Some("r-1".to_owned()) }).await.expect("written");
    let rows = Rows::of(&story.house).await;
    let (_, answer) = rows.entries.last().expect("entries");
    let answer = String::from_utf8_lossy(answer);
    assert!(answer.contains(&format!("\"call\":{}", told.0)) && answer.contains("\"aws_request\":\"r-1\""), "{answer}");

    for (why, sql) in BROKEN {
        let story = Story::begins().await;
        execute(&mut raw(&story.house).await, sql).await;
        assert!(story.house.store.before(&intent).await.is_err(), "{why}");
    }
}
