//! The audit log, from the outside: what it tells, what it lets nobody do, and what an outsider finds in it.

mod sinks;
mod stories;
mod tampers;

use std::path::PathBuf;

use genkan::model::audit::Checkpoint;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Row as _, SqliteConnection};

use crate::house::House;
use crate::use_cases::{Story, onboard, teardown};

/// The file of a house's store.
pub fn file(house: &House) -> PathBuf {
    PathBuf::from(house.platform.config.store.url.strip_prefix("sqlite:").expect("a file"))
}

/// A connection past the store, as somebody with a shell on the machine has one.
pub async fn raw(house: &House) -> SqliteConnection {
    SqliteConnectOptions::new().filename(file(house)).connect().await.expect("the file opens")
}

pub async fn execute(conn: &mut SqliteConnection, sql: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
        .execute(conn)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// Somebody is let in, is refused, and is shown out; signed in between. The last checkpoint.
pub async fn a_real_run(story: &Story) -> Checkpoint {
    let desk = &story.desk.desk;
    desk.begin("a test").await.expect("begun");
    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    story.approves_in_vain("aiko", &id).await;
    desk.checkpoint().await.expect("signed");
    story.approves("ren", &id).await;
    desk.checkpoint().await.expect("signed");
    let id = story.asks("aiko", teardown("project-x", "dev")).await;
    story.goes_well(&id).await;
    desk.end().await.expect("ended");
    desk.checkpoint().await.expect("signed").expect("something is there")
}

/// All rows of the log, as they lie in the file.
#[derive(Clone)]
pub struct Rows {
    pub entries: Vec<(i64, Vec<u8>)>,
    pub hashes: Vec<(i64, Vec<u8>)>,
    pub checkpoints: Vec<(i64, i64, Vec<u8>)>,
}

impl Rows {
    /// As it was when the second checkpoint had just been signed: enough to change, and quick to check often.
    pub fn when_signed_twice(mut self) -> Self {
        self.checkpoints.truncate(2);
        let signed = self.checkpoints[1].0;
        self.entries.retain(|(number, _)| *number <= signed);
        let hashes = tlog_tiles::tlog::stored_hash_count(self.entries.len().try_into().unwrap());
        self.hashes.truncate(hashes.try_into().unwrap());
        self
    }

    pub async fn of(house: &House) -> Self {
        let mut conn = raw(house).await;
        let two = |row: &sqlx::sqlite::SqliteRow| (row.get(0), row.get(1));
        let entries = "select number, cast(entry as blob) from audit_entries order by number";
        let hashes = "select place, cast(hash as blob) from audit_hashes order by place";
        let checkpoints = "select size, at, cast(note as blob) from audit_checkpoints order by size";
        Self {
            entries: sqlx::query(entries).fetch_all(&mut conn).await.expect("rows").iter().map(two).collect(),
            hashes: sqlx::query(hashes).fetch_all(&mut conn).await.expect("rows").iter().map(two).collect(),
            checkpoints: sqlx::query(checkpoints)
                .fetch_all(&mut conn)
                .await
                .expect("rows")
                .iter()
                .map(|row| (row.get(0), row.get(1), row.get(2)))
                .collect(),
        }
    }
}
