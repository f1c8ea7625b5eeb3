//! Opening: a new file, one that was there, a damaged one, one of a newer version, two processes at once.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

use sqlx::Connection as _;

use super::*;
use crate::engine::Journal as _;
use crate::store::StoreError;
use crate::store::open::new_enough;

#[tokio::test]
async fn what_was_written_is_there_after_the_store_was_closed_and_opened_again() {
    let shelf = Shelf::new().await;
    let step = gated(repository("images", "project-x-dev", Action::Create), 1);
    let request = shelf.submit(onboard("project-x", vec![step.clone()])).await;
    shelf.ask(&request.id, &step).await;
    let approval = approval(&step, step.digest(), "lea");
    shelf.store.approve(&request.id, &approval).await.unwrap();
    let lease = shelf.lease(&request.id).await;
    let written = [
        shelf.store.append(&lease, &started_with(&step, &["lea"])).await.unwrap(),
        shelf.store.append(&lease, &finished(&step, Did::Created, true)).await.unwrap(),
    ];
    let Shelf { dir, store } = shelf;
    drop(store);

    let store = Store::open(&url(&dir)).await.unwrap();
    assert_eq!(store.request(&request.id).await.unwrap(), request, "the plan too, to the letter");
    assert_eq!(
        request.plan.steps[0].digest(),
        step.digest(),
        "an approval of what was stored is one of what was shown"
    );
    let given = store.approvals(&request.id).await.unwrap();
    assert_eq!(given, [Approval { at: given[0].at, ..approval }], "when, by the store's clock");
    assert_eq!(store.questions(&request.id).await.unwrap()[0].sealed.step(), &step);
    assert_eq!(store.replay(&lease).await.unwrap()[1..], written, "after the question");
    assert_eq!(store.remembered(&key(&step), None).await.unwrap(), Some(outputs("images")));
    assert!(
        store.lease(&request.id, "next").await.unwrap().is_none(),
        "the lease outlives the process, until it expires"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_can_read_the_file_and_those_beside_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let shelf = Shelf::new().await;
    shelf.submit(onboard("project-x", vec![])).await;
    let mut seen = 0;
    for entry in std::fs::read_dir(shelf.dir.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
        seen += 1;
    }
    assert_eq!(seen, 3, "the database, its log and the log's index");
}

#[tokio::test]
async fn every_connection_that_writes_is_durable_and_checks_references() {
    let shelf = Shelf::new().await;
    let settings = shelf
        .store
        .writer
        .write(None, |conn| {
            Box::pin(async move {
                let mut found = Vec::new();
                found.push(sqlx::query_scalar::<_, i64>("pragma synchronous").fetch_one(&mut *conn).await?);
                found.push(sqlx::query_scalar("pragma foreign_keys").fetch_one(&mut *conn).await?);
                found.push(sqlx::query_scalar("pragma busy_timeout").fetch_one(&mut *conn).await?);
                Ok::<_, StoreError>(found)
            })
        })
        .await
        .unwrap();
    assert_eq!(settings, [2, 1, 5000], "FULL, on, milliseconds");
    let mode: String = sqlx::query_scalar("pragma journal_mode").fetch_one(&mut shelf.raw().await).await.unwrap();
    assert_eq!(mode, "wal");
    let written = sqlx::query("delete from leases").execute(&shelf.store.readers).await;
    assert!(written.is_err(), "the readers' connections cannot write");
}

#[tokio::test]
async fn a_url_of_another_form_is_refused() {
    for url in ["", "genkan.db", "sqlite:", "sqlite::memory:", "postgres://localhost/genkan", "sqlite:a.db?mode=ro"] {
        let refused = Store::open(url).await.unwrap_err();
        assert_eq!(refused, StoreError::UnknownUrl(url.to_owned()));
    }
    let refused = Store::open("sqlite:/nowhere/at/all/genkan.db").await.unwrap_err();
    assert!(matches!(refused, StoreError::CannotOpen { .. }), "{refused}");
}

#[test]
fn a_sqlite_with_the_wal_reset_bug_is_refused() {
    for good in ["3.51.3", "3.51.10", "3.52.0", "4.0.0"] {
        assert_eq!(new_enough(good), Ok(()));
    }
    for bad in ["3.51.2", "3.46.0", "3.7.17", "2.8.17", "", "new"] {
        assert_eq!(new_enough(bad), Err(StoreError::OldSqlite(bad.to_owned())));
    }
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_and_left_as_it_is() {
    let shelf = Shelf::new().await;
    let mut raw = shelf.raw().await;
    let later = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                 values (9999, 'later', true, x'00', 0)";
    sqlx::query(later).execute(&mut raw).await.unwrap();
    let refused = Store::open(&url(&shelf.dir)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Newer { found: 9999, known: 1, .. }), "{refused}");
    assert!(refused.to_string().contains("newer version of this program"), "{refused}");
    let count: i64 = sqlx::query_scalar("select count(*) from _sqlx_migrations").fetch_one(&mut raw).await.unwrap();
    assert_eq!(count, 2);
}

#[tokio::test]
async fn a_damaged_file_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(file(&dir), "this is not a database, and was never one. ".repeat(200)).unwrap();
    let refused = Store::open(&url(&dir)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused}");
    assert!(refused.to_string().contains("copy the last backup to"), "{refused}");

    // Every page in turn, as a bad disk leaves it.
    let shelf = Shelf::new().await;
    for number in 0..20 {
        shelf.submit(onboard(&format!("project-{number}"), vec![secret(Action::Create)])).await;
    }
    let mut raw = shelf.raw().await;
    sqlx::query("pragma wal_checkpoint(truncate)").execute(&mut raw).await.unwrap();
    raw.close().await.unwrap();
    let bytes = std::fs::read(shelf.path()).unwrap();
    let pages = bytes.len() / 4096;
    assert!(pages > 10);
    for page in 0..pages {
        std::fs::write(file(&dir), &bytes).unwrap();
        let mut copy = std::fs::OpenOptions::new().read(true).write(true).open(file(&dir)).unwrap();
        let start = u64::try_from(page * 4096).unwrap();
        let mut before = [0; 64];
        copy.seek(SeekFrom::Start(start)).unwrap();
        copy.read_exact(&mut before).unwrap();
        copy.seek(SeekFrom::Start(start)).unwrap();
        copy.write_all(&before.map(|byte| !byte)).unwrap();
        drop(copy);
        let refused = Store::open(&url(&dir)).await.unwrap_err();
        assert!(matches!(refused, StoreError::Damaged { .. }), "page {page}: {refused}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_new_file_can_be_opened_by_several_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let opening: Vec<_> = (0..6)
        .map(|_| {
            let url = url(&dir);
            tokio::spawn(async move { Store::open(&url).await })
        })
        .collect();
    for store in opening {
        store.await.unwrap().expect("each waits for the others");
    }
}
