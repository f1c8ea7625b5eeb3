//! When something is signed: only what is there, and only if it goes on from what was signed before.

use jiff::Timestamp;
use signed_note::StandardVerifier;
use sqlx::{Row as _, SqliteConnection};
use tlog_tiles::tlog;

use super::super::Store;
use super::super::error::StoreError;
use super::super::rows::{count, now, time};
use super::key::Key;
use super::note::Statement;
use super::tree::{self, Tree};
use super::{Last, append, number, size};
use crate::model::audit::{Checkpoint, Entry, Outside, What};

/// How many entries are read at once.
pub(super) const PAGE: u64 = 1000;

impl Store {
    /// The log's own id, by which no two are taken for one another. None while it is empty.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn log_id(&self) -> Result<Option<String>, StoreError> {
        let first: Option<String> = sqlx::query_scalar("select entry from audit_entries where number = 0")
            .fetch_optional(&self.readers)
            .await?;
        Ok(match first.as_deref().map(serde_json::from_str::<Entry>).transpose()? {
            Some(Entry { what: What::LogBegun { log }, .. }) => Some(log),
            Some(_) => return Err(unfit("its first entry does not begin a log")),
            None => None,
        })
    }

    /// A checkpoint that covers everything so far: the last one, if nothing was written since but where it was posted;
    /// otherwise a new one, signed with this key. None while the log is empty. The entries themselves are read again, from the
    /// last checkpoint on: together with what that one covers they must be the tree that is stored, or nothing is signed.
    ///
    /// # Errors
    /// [`StoreError::Failed`]; also where the log does not fit its own tree, or its last checkpoint is not this key's.
    pub async fn checkpoint(&self, key: std::sync::Arc<Key>) -> Result<Option<Checkpoint>, StoreError> {
        self.writer.write(None, move |conn| Box::pin(async move { checkpoint(conn, &key).await })).await
    }

    /// The newest checkpoint.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn last_checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        last(&mut *self.readers.acquire().await?).await
    }

    /// Whether something is not covered by a checkpoint that is worth one: more than where the last was posted.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn has_unsigned(&self) -> Result<bool, StoreError> {
        let mut conn = self.readers.acquire().await?;
        let signed = last(&mut conn).await?.map_or(0, |last| last.size);
        has_grown(&mut conn, signed).await
    }

    /// Whether the log says that this checkpoint, the newest, was put there.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn is_posted(&self, checkpoint: &Checkpoint, at: Outside) -> Result<bool, StoreError> {
        let rows: Vec<String> = sqlx::query_scalar("select entry from audit_entries where number >= $1")
            .bind(number(checkpoint.size)?)
            .fetch_all(&self.readers)
            .await?;
        for row in rows {
            if let What::Posted { size, place, .. } = serde_json::from_str::<Entry>(&row)?.what
                && (size, place) == (checkpoint.size, at)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What is wrong with the log as a whole.
pub(super) fn unfit(why: &str) -> StoreError {
    StoreError::Failed(format!("the audit log does not fit its own tree: {why}. `genkan audit verify` says more"))
}

async fn checkpoint(conn: &mut SqliteConnection, key: &Key) -> Result<Option<Checkpoint>, StoreError> {
    let last = last(conn).await?;
    let signed = last.as_ref().map_or(0, |last| last.size);
    if !has_grown(conn, signed).await? {
        return Ok(last);
    }
    let (from, earliest) = match &last {
        Some(last) => signed_before(conn, last, key).await?,
        None => (Tree::default(), Timestamp::MIN),
    };
    let tree = grown(conn, from).await?;
    let at = now().max(earliest);
    let statement = Statement { origin: key.origin.clone(), size: tree.size(), root: tree.root(), at };
    let note = statement.signed(key).map_err(|why| StoreError::Failed(format!("no checkpoint was signed: {why}")))?;
    sqlx::query("insert into audit_checkpoints (size, at, note) values ($1, $2, $3)")
        .bind(number(tree.size())?)
        .bind(at.as_microsecond())
        .bind(note.as_str())
        .execute(&mut *conn)
        .await?;
    append(conn, What::Signed { size: tree.size() }).await?;
    Ok(Some(Checkpoint { size: tree.size(), at, note }))
}

/// The tree that the last checkpoint covers, as its hashes are stored, if that is what was signed; and when it was.
async fn signed_before(
    conn: &mut SqliteConnection,
    last: &Checkpoint,
    key: &Key,
) -> Result<(Tree, Timestamp), StoreError> {
    let verifier = StandardVerifier::new(&key.verifier()).map_err(|error| StoreError::Failed(error.to_string()))?;
    let statement = Statement::verified(last.note.as_bytes(), &verifier)
        .map_err(|why| unfit(&format!("the checkpoint over its first {} entries: {why}", last.size)))?;
    let tree = stored(conn, statement.size).await?;
    if tree.root() != statement.root || statement.size != last.size {
        return Err(unfit(&format!("its first {} entries are not what was signed", last.size)));
    }
    Ok((tree, statement.at))
}

/// The tree of the first `size` entries, as its hashes are stored.
pub(super) async fn stored(conn: &mut SqliteConnection, size: u64) -> Result<Tree, StoreError> {
    let peaks = tree::over(conn, |reader| {
        let places = tlog::sub_tree_index(0, size, vec![]);
        tlog::HashReader::read_hashes(reader, &places)
    });
    Tree::with(size, peaks.await?).ok_or_else(|| unfit("hashes are missing"))
}

/// The tree with every entry that is there put behind it, if that is the tree that is stored.
async fn grown(conn: &mut SqliteConnection, mut tree: Tree) -> Result<Tree, StoreError> {
    let all = size(conn).await?;
    while tree.size() < all {
        for entry in page(conn, tree.size()).await? {
            let told: Last = serde_json::from_str(&entry)?;
            if told.number != tree.size() {
                return Err(unfit(&format!("entry {} says that it is {}", tree.size(), told.number)));
            }
            tree.push(tlog::record_hash(entry.as_bytes()));
        }
    }
    if stored(conn, tree.size()).await?.root() != tree.root() {
        return Err(unfit("an entry that is not signed yet is not what was written"));
    }
    Ok(tree)
}

/// Some entries from this number on; an error if the first of them is missing.
async fn page(conn: &mut SqliteConnection, from: u64) -> Result<Vec<String>, StoreError> {
    let rows: Vec<String> =
        sqlx::query_scalar("select entry from audit_entries where number >= $1 and number < $2 order by number")
            .bind(number(from)?)
            .bind(number(from + PAGE)?)
            .fetch_all(conn)
            .await?;
    if rows.is_empty() { Err(unfit(&format!("entry {from} is missing"))) } else { Ok(rows) }
}

pub(super) async fn last(conn: &mut SqliteConnection) -> Result<Option<Checkpoint>, StoreError> {
    let found = sqlx::query("select * from audit_checkpoints order by size desc limit 1").fetch_optional(conn).await?;
    let checkpoint = |row: &sqlx::sqlite::SqliteRow| {
        Ok(Checkpoint { size: count(row.try_get("size")?)?, at: time(row.try_get("at")?)?, note: row.try_get("note")? })
    };
    found.as_ref().map(checkpoint).transpose()
}

async fn has_grown(conn: &mut SqliteConnection, signed: u64) -> Result<bool, StoreError> {
    // That something was signed is not worth signing. In a text of somebody's the quotes would be escaped.
    let found = sqlx::query(
        "select 1 from audit_entries where number >= $1 and entry not like '%\"what\":\"posted\"%'
         and entry not like '%\"what\":\"signed\"%' limit 1",
    )
    .bind(number(signed)?)
    .fetch_optional(conn)
    .await?;
    Ok(found.is_some())
}

/// Whether the log's end is what its tree says, and its last checkpoint is of this tree: what is cheap to know.
pub(super) async fn fits(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    let all = size(conn).await?;
    let entries = count(sqlx::query_scalar("select count(*) from audit_entries").fetch_one(&mut *conn).await?)?;
    if entries != all {
        return Err(unfit(&format!("of {all} entries {entries} are there")));
    }
    let hashes = count(sqlx::query_scalar("select count(*) from audit_hashes").fetch_one(&mut *conn).await?)?;
    if hashes != tlog::stored_hash_count(all) {
        return Err(unfit(&format!("for {all} entries there are {hashes} hashes")));
    }
    if let Some(end) = all.checked_sub(1) {
        let entry: String = sqlx::query_scalar("select entry from audit_entries where number = $1")
            .bind(number(end)?)
            .fetch_one(&mut *conn)
            .await?;
        let leaf = tree::over(conn, |reader| tlog::HashReader::read_hashes(reader, &[tlog::stored_hash_index(0, end)]));
        if leaf.await? != [tlog::record_hash(entry.as_bytes())] {
            return Err(unfit("its last entry is not what was written"));
        }
    }
    let Some(last) = last(conn).await? else { return Ok(()) };
    let (statement, _) = Statement::unverified(last.note.as_bytes()).map_err(|why| unfit(&why))?;
    if statement.size > all {
        return Err(unfit(&format!("{} entries were signed, and {all} are there", statement.size)));
    }
    if stored(conn, statement.size).await?.root() != statement.root {
        return Err(unfit(&format!("its first {} entries are not what was signed", statement.size)));
    }
    Ok(())
}
