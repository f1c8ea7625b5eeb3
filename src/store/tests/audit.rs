//! The audit log in its file: in one transaction with what it tells of, in one order whoever writes, signed only when it fits.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::engine::Journal as _;
use crate::model::RequestState;
use crate::model::audit::{Entry, What};
use crate::model::chat::Asked;
use crate::model::finding::Health;
use crate::model::request::RequestMove;
use crate::store::audit::Key;

async fn entries(store: &Store) -> Vec<Entry> {
    let read = store.entries(0).await.expect("entries");
    read.iter().map(|(_, bytes)| serde_json::from_slice(bytes).expect("an entry")).collect()
}

/// The kinds of entries, in order.
async fn told(store: &Store) -> Vec<String> {
    let name = |entry: Entry| match serde_json::to_value(entry.what).expect("JSON")["what"].as_str() {
        Some(what) => what.to_owned(),
        None => panic!("an entry without a kind"),
    };
    entries(store).await.into_iter().map(name).collect()
}

fn ended(process: &str) -> What {
    What::ProcessEnded { process: process.to_owned() }
}

async fn key(shelf: &Shelf) -> Arc<Key> {
    let log = shelf.store.begin_log().await.expect("a log");
    Arc::new(Key::at(&shelf.store.audit_key(), format!("genkan/111111111111/{log}")).expect("a key"))
}

async fn is_well(shelf: &Shelf) -> bool {
    let key = key(shelf).await;
    shelf.store.audit().await.expect("read").report(Some(&key.verifier()), &[]).ok
}

async fn without_triggers(shelf: &Shelf, sql: &str) {
    let mut raw = shelf.raw().await;
    for table in ["audit_entries", "audit_hashes", "audit_checkpoints"] {
        for on in ["update", "delete"] {
            let drop = format!("drop trigger if exists {table}_no_{on}");
            sqlx::raw_sql(sqlx::AssertSqlSafe(drop)).execute(&mut raw).await.expect("dropped");
        }
    }
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut raw).await.expect("changed");
}

#[tokio::test]
async fn everything_that_happens_to_a_request_is_told_once_and_in_order() {
    let shelf = Shelf::new().await;
    let step = gated(repository("repo", "x", Action::Create), 1);
    let request = shelf.submit(onboard("project-x", vec![step.clone()])).await;
    let lease = shelf.lease(&request.id).await;
    shelf.store.append(&lease, &asks(&step)).await.expect("written");
    shelf.store.approve(&request.id, &approval(&step, step.digest(), "ren")).await.expect("approved");
    shelf.store.approve(&request.id, &approval(&step, step.digest(), "ren")).await.expect("once");
    shelf.store.append(&lease, &started_with(&step, &["ren"])).await.expect("written");
    shelf.store.append(&lease, &finished(&step, Did::Created, true)).await.expect("written");
    let request = shelf.store.request(&request.id).await.expect("there");
    shelf.store.advance(&request, RequestMove::Cancel, Some(&person("ann")), Some("enough")).await.expect("cancelled");
    assert_eq!(told(&shelf.store).await, ["log-begun", "asked", "held", "approved", "started", "finished", "became"]);
    let all = entries(&shelf.store).await;
    assert!(all.iter().zip(0..).all(|(entry, number)| entry.number == number));
    assert!(all.is_sorted_by_key(|entry| entry.at));
    let What::Started { approvers, digest, .. } = &all[4].what else { panic!("started") };
    assert_eq!((approvers.len(), digest), (1, &step.digest()));
    let What::Became { becomes, by, reason, .. } = &all[6].what else { panic!("became") };
    assert_eq!((becomes, by.as_deref(), reason.as_deref()), (&RequestState::Cancelled, Some("ann"), Some("enough")));
    assert!(is_well(&shelf).await);
}

#[tokio::test]
async fn neither_is_there_without_the_other() {
    let shelf = Shelf::new().await;
    let step = gated(repository("repo", "x", Action::Create), 1);
    let request = shelf.submit(onboard("project-x", vec![step.clone()])).await;
    let lease = shelf.lease(&request.id).await;
    shelf.store.append(&lease, &asks(&step)).await.expect("written");
    let before = told(&shelf.store).await;
    // What is refused is in neither.
    shelf.store.append(&lease, &started_with(&step, &["ren"])).await.expect_err("not approved");
    assert_eq!(told(&shelf.store).await, before);

    let mut raw = shelf.raw().await;
    sqlx::raw_sql("alter table audit_hashes rename to elsewhere").execute(&mut raw).await.expect("gone");
    shelf.store.append(&lease, &asks(&step)).await.expect_err("not without the log");
    shelf.store.approve(&request.id, &approval(&step, step.digest(), "ren")).await.expect_err("not without the log");
    let ann = person("ann");
    shelf.store.advance(&request, RequestMove::Cancel, Some(&ann), None).await.expect_err("not without the log");
    shelf.store.conclude(&lease, RequestMove::Fail, None).await.expect_err("not without the log");
    sqlx::raw_sql("alter table elsewhere rename to audit_hashes").execute(&mut raw).await.expect("back");
    assert_eq!(told(&shelf.store).await, before);
    assert_eq!(shelf.store.journal(&request.id).await.expect("read").len(), 1, "only the first question");
    assert_eq!(shelf.store.approvals(&request.id).await.expect("read"), []);
    assert_eq!(shelf.store.request(&request.id).await.expect("read"), request);
    assert!(is_well(&shelf).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_write_one_log_without_a_fork() {
    let shelf = Shelf::new().await;
    let key = key(&shelf).await;
    let writers = [shelf.store.clone(), shelf.another().await].into_iter().zip(["one", "two"]).map(|(store, name)| {
        let key = Arc::clone(&key);
        tokio::spawn(async move {
            for nth in 0..40 {
                store.tell(ended(&format!("{name} {nth}"))).await.expect("written");
                if nth % 10 == 0 {
                    store.checkpoint(Arc::clone(&key)).await.expect("signed");
                }
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    // Whoever looks meanwhile (`doctor`) sees a log that fits.
    while writers.iter().any(|writer| !writer.is_finished()) {
        shelf.store.audit_fits().await.expect("a log that is being written to");
    }
    for writer in writers {
        writer.await.expect("it held");
    }
    let all = entries(&shelf.store).await;
    for name in ["one", "two"] {
        let mine = all.iter().filter_map(|entry| match &entry.what {
            What::ProcessEnded { process } => process.strip_prefix(name)?.trim().parse::<u32>().ok(),
            _ => None,
        });
        assert!(mine.eq(0..40), "{name}: each once, in order");
    }
    assert!(is_well(&shelf).await);
}

#[tokio::test]
async fn the_log_is_only_appended_to_and_has_no_gap() {
    let shelf = Shelf::new().await;
    let key = key(&shelf).await;
    shelf.store.checkpoint(key).await.expect("signed");
    let mut raw = shelf.raw().await;
    for (sql, why) in [
        ("update audit_entries set entry = ''", "audit_entries is only appended to"),
        ("delete from audit_entries", "audit_entries is only appended to"),
        ("update audit_hashes set hash = ''", "audit_hashes is only appended to"),
        ("delete from audit_hashes", "audit_hashes is only appended to"),
        ("update audit_checkpoints set note = ''", "audit_checkpoints is only appended to"),
        ("delete from audit_checkpoints", "audit_checkpoints is only appended to"),
        ("insert into audit_entries (number, entry) values (7, '{}')", "audit_entries has no gap"),
    ] {
        let refused = sqlx::raw_sql(sql).execute(&mut raw).await.expect_err(sql).to_string();
        assert!(refused.contains(why), "{sql}: {refused}");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_not_signed() {
    let changes = [
        (
            "an entry that was signed",
            "update audit_entries set entry = replace(entry, 'two', 'six') where number = 2",
            true,
        ),
        (
            "an entry that is not signed yet",
            "update audit_entries set entry = replace(entry, 'four', 'five') where number = 5",
            false,
        ),
        (
            "a hash that was signed",
            "update audit_hashes set hash = replace(hash, substr(hash, 1, 1), 'x') where place = 6",
            false,
        ),
        ("the last checkpoint", "update audit_checkpoints set note = replace(note, 'genkan/1', 'genkan/2')", false),
    ];
    for (what, sql, signs) in changes {
        let shelf = Shelf::new().await;
        let key = key(&shelf).await;
        for process in ["one", "two", "three"] {
            shelf.store.tell(ended(process)).await.expect("written");
        }
        let first = shelf.store.checkpoint(Arc::clone(&key)).await.expect("signed").expect("one");
        shelf.store.tell(ended("four")).await.expect("written");
        without_triggers(&shelf, sql).await;
        let then = shelf.store.checkpoint(Arc::clone(&key)).await;
        // What was signed is not read again: the tree above it is. `audit verify` reads all of it.
        assert_eq!(then.is_ok(), signs, "{what}: {then:?}");
        assert!(!is_well(&shelf).await, "{what}");
        if !signs {
            assert_eq!(shelf.store.last_checkpoint().await.expect("read").expect("one").size, first.size, "{what}");
        }
    }
}

#[tokio::test]
async fn a_log_is_not_signed_with_another_key() {
    let shelf = Shelf::new().await;
    let first = key(&shelf).await;
    shelf.store.checkpoint(first).await.expect("signed");
    shelf.store.tell(ended("one")).await.expect("written");
    std::fs::remove_file(shelf.store.audit_key()).expect("removed");
    let other = key(&shelf).await;
    let refused = shelf.store.checkpoint(other).await.expect_err("another key").to_string();
    assert!(refused.contains("it is not signed by"), "{refused}");
}

fn hold(path: &Path) -> Result<String, String> {
    Key::at(path, "genkan/1/x".to_owned()).map(|key| key.verifier()).map_err(|error| error.to_string())
}

#[test]
fn a_key_is_made_once_and_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("audit.key");
    let at_once: Vec<_> = (0..8)
        .map(|_| {
            std::thread::spawn({
                let path = path.clone();
                move || hold(&path)
            })
        })
        .collect();
    let mut held: Vec<_> = at_once.into_iter().map(|one| one.join().expect("it held").expect("a key")).collect();
    held.dedup();
    assert_eq!(held.len(), 1, "all have the same");
    assert_eq!(dir.path().read_dir().expect("read").count(), 1, "and nothing is left beside it");
    assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    let key = Key::at(&path, "genkan/1/x".to_owned()).expect("a key");
    let secret = std::fs::read_to_string(&path).expect("read");
    assert!(!format!("{key:?}").contains(secret.trim()) && secret.trim().len() == 64);

    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).expect("set");
    assert!(hold(&path).expect_err("refused").contains("chmod 600"));
    let (health, seen, mend) = Key::examine(&path, true);
    assert!(health == Health::Failed && seen.contains("can be read by others"), "{seen}");
    assert_eq!(mend, Some(format!("chmod 600 {}", path.display())));
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("set");
    let gone = path.with_file_name("gone.key");
    for (path, has_signed, health) in
        [(&path, true, Health::Ok), (&gone, false, Health::Ok), (&gone, true, Health::Failed)]
    {
        let found = Key::examine(path, has_signed);
        assert_eq!((found.0, found.2.is_some()), (health, health == Health::Failed), "{found:?}");
    }
    assert!(!gone.exists(), "a look makes nothing");
    std::fs::write(&path, "not a key").expect("written");
    let refused = hold(&path).expect_err("refused");
    assert!(refused.contains("64 hexadecimal digits") && !refused.contains("not a key"), "{refused}");
}

#[tokio::test]
async fn a_clock_that_jumps_back_does_not_make_the_log_go_back() {
    let shelf = Shelf::new().await;
    shelf.store.tell(ended("one")).await.expect("written");
    let future = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let ahead = Entry { number: 2, at: future, what: ended("from ahead") };
    let mut raw = shelf.raw().await;
    sqlx::query("insert into audit_entries (number, entry) values (2, $1)")
        .bind(ahead.canonical())
        .execute(&mut raw)
        .await
        .expect("written");
    sqlx::query("insert into audit_hashes (place, hash) values (3, $1)")
        .bind(hex::encode(tlog_tiles::tlog::record_hash(ahead.canonical().as_bytes()).0))
        .execute(&mut raw)
        .await
        .expect("written");
    shelf.store.tell(ended("two")).await.expect("written");
    assert_eq!(entries(&shelf.store).await[3].at, future);
    assert!(is_well(&shelf).await);
}

#[tokio::test]
async fn a_message_that_asks_for_approval_is_shown_once() {
    let shelf = Shelf::new().await;
    let step = gated(repository("repo", "x", Action::Create), 1);
    let request = shelf.submit(onboard("project-x", vec![step.clone()])).await;
    let part =
        crate::model::Part::Approval(Asked { step: step.desired.id.clone(), digest: step.digest(), question: 1 });
    let posted = crate::model::Posted {
        request: request.id.clone(),
        part,
        channel: "118000000000000001".parse().unwrap(),
        message: None,
        language: crate::model::Language::default(),
        shown: None,
        ended: false,
    };
    shelf.store.remember_posted(&posted).await.expect("remembered");
    assert_eq!(told(&shelf.store).await, ["log-begun", "asked"]);
    let there = crate::model::Posted { message: Some("118000000000000002".parse().unwrap()), ..posted };
    shelf.store.remember_posted(&there).await.expect("remembered");
    shelf.store.remember_posted(&crate::model::Posted { ended: true, ..there }).await.expect("remembered");
    assert_eq!(told(&shelf.store).await, ["log-begun", "asked", "shown"]);
}

#[tokio::test]
async fn a_step_that_began_on_what_nobody_said_is_found() {
    let shelf = Shelf::new().await;
    let step = gated(secret(Action::Create), 1);
    let (request, step, digest) =
        ("r-7k2m9x4bqd".parse::<RequestId>().unwrap(), step.desired.id.clone(), step.digest());
    let held = What::Held { request: request.clone(), step: step.clone(), digest: digest.clone(), needs: 1 };
    let by = |by: &str, digest: &Digest| What::Approved {
        request: request.clone(),
        step: step.clone(),
        digest: digest.clone(),
        by: by.to_owned(),
        via: "--as".to_owned(),
    };
    let withdrawn = What::Withdrawn {
        request: request.clone(),
        step: step.clone(),
        digest: digest.clone(),
        by: "lea".to_owned(),
        via: "--as".to_owned(),
    };
    let approvers = ["lea".to_owned()].into();
    let began = What::Started { request: request.clone(), step: step.clone(), digest: digest.clone(), approvers };
    let (lea, leo, other) = (by("lea", &digest), by("leo", &digest), by("lea", &Digest::of(&"another")));
    let mut faults = 0;
    for (told, is_well) in [
        (vec![&held, &lea], true),
        (vec![&held, &leo, &lea], true),
        (vec![&held, &lea, &withdrawn, &lea], true),
        (vec![&held], false),
        (vec![&held, &leo], false),
        (vec![&held, &other], false),
        (vec![&held, &lea, &withdrawn], false),
        (vec![&held, &lea, &held], false),
    ] {
        for what in told.iter().copied().chain([&began]) {
            shelf.store.tell(what.clone()).await.expect("told");
        }
        faults += usize::from(!is_well);
        let report = shelf.store.audit().await.expect("read").report(None, &[]);
        assert_eq!(report.faults.len(), faults, "{told:?}: {:?}", report.faults);
    }
}
