//! Takes the log out of the store: page by page for whoever reads it, as lines of text for an outsider, and back into a check.

use std::io::{self, BufRead};

use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};
use tlog_tiles::tlog::{self, Hash};

use super::super::Store;
use super::super::error::StoreError;
use super::checkpoints::{PAGE, stored};
use super::note::Statement;
use super::verify::Check;
use super::{number, tree};
use crate::model::audit::{Checkpoint, Entry};

/// A line of an export that is not an entry.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    /// Before everything else: the entries before the first are not there; these are their tree's complete subtrees.
    Before {
        size: u64,
        peaks: Vec<String>,
    },
    Checkpoint(Checkpoint),
    Key(String),
}

impl Store {
    /// Everything that there is to check, as it is at one moment.
    ///
    /// # Errors
    /// [`StoreError::Failed`] where the file cannot be read; what can be read and is wrong the check finds.
    pub async fn audit(&self) -> Result<Check, StoreError> {
        let mut snapshot = self.readers.begin().await?;
        let mut check = Check::of_store();
        let mut from = i64::MIN;
        loop {
            let rows = entries(&mut snapshot, from).await?;
            let Some((last, _)) = rows.last() else { break };
            from = last + 1;
            for (row, bytes) in &rows {
                check.entry(*row, bytes);
            }
        }
        let mut from = i64::MIN;
        loop {
            let rows = two(
                &mut snapshot,
                "select place, cast(hash as blob) as b from audit_hashes where place >= $1 order by place limit $2",
                from,
            )
            .await?;
            let Some((last, _)) = rows.last() else { break };
            from = last + 1;
            for (place, hash) in &rows {
                check.hash(*place, hash);
            }
        }
        let kept = sqlx::query("select size, at, cast(note as blob) as note from audit_checkpoints order by size");
        for row in kept.fetch_all(&mut *snapshot).await? {
            check.checkpoint(row.try_get("size")?, row.try_get("at")?, row.try_get("note")?);
        }
        Ok(check)
    }

    /// Some entries from this number on, each as the bytes that were written; empty at the end.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn entries(&self, from: u64) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        let rows = entries(&mut *self.readers.acquire().await?, number(from)?).await?;
        rows.into_iter().map(|(row, bytes)| Ok((super::super::rows::count(row)?, bytes))).collect()
    }

    /// What stands before the entries of an export that begins with this one: a line, or nothing for a whole log.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn export_head(&self, since: u64) -> Result<Option<String>, StoreError> {
        if since == 0 {
            return Ok(None);
        }
        let tree = stored(&mut *self.readers.acquire().await?, since).await?;
        let peaks = tree.peaks().iter().map(|hash| hex::encode(hash.0)).collect();
        Ok(Some(serde_json::to_string(&Line::Before { size: since, peaks })?))
    }

    /// What stands behind them, where the last is the one before `until`: each checkpoint that covers one of them and none behind
    /// them, the newest last, and the key that they were signed with.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn export_tail(&self, since: u64, until: u64, key: &str) -> Result<Vec<String>, StoreError> {
        let found = sqlx::query("select * from audit_checkpoints where size > $1 and size <= $2 order by size")
            .bind(number(since)?)
            .bind(i64::try_from(until).unwrap_or(i64::MAX));
        let line = |row: &SqliteRow| {
            let checkpoint = Checkpoint {
                size: super::super::rows::count(row.try_get("size")?)?,
                at: super::super::rows::time(row.try_get("at")?)?,
                note: row.try_get("note")?,
            };
            Ok::<_, StoreError>(serde_json::to_string(&Line::Checkpoint(checkpoint))?)
        };
        let mut lines = found.fetch_all(&self.readers).await?.iter().map(line).collect::<Result<Vec<_>, _>>()?;
        lines.push(serde_json::to_string(&Line::Key(key.to_owned()))?);
        Ok(lines)
    }

    /// The proof that entry `n` is in the log: its own bytes, then a `c2sp.org/tlog-proof@v1` up to the newest checkpoint.
    /// None where no checkpoint covers it.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn proof(&self, n: u64) -> Result<Option<String>, StoreError> {
        let mut conn = self.readers.acquire().await?;
        let Some(last) = super::checkpoints::last(&mut conn).await?.filter(|last| last.size > n) else {
            return Ok(None);
        };
        let entry: String = sqlx::query_scalar("select entry from audit_entries where number = $1")
            .bind(number(n)?)
            .fetch_one(&mut *conn)
            .await?;
        let path = tree::over(&mut conn, |reader| tlog::prove_record(last.size, n, reader)).await?;
        let path: String = path.iter().map(|hash| format!("{hash}\n")).collect();
        Ok(Some(format!("{entry}\n{PROOF}\nindex {n}\n{path}\n{}", last.note)))
    }
}

const PROOF: &str = "c2sp.org/tlog-proof@v1";

/// Checks a proof that [`Store::proof`] wrote: the entry's number and its bytes, if this verifier key has signed a log with it.
///
/// # Errors
/// What is wrong with it.
pub fn check_proof(text: &str, key: &str) -> Result<(u64, String), String> {
    let malformed = || "it is not a proof that `genkan audit proof` wrote".to_owned();
    let verifier = signed_note::StandardVerifier::new(key).map_err(|error| format!("`{key}`: {error}"))?;
    let (entry, rest) = text.split_once('\n').ok_or_else(malformed)?;
    let (head, note) = rest.split_once("\n\n").ok_or_else(malformed)?;
    let mut lines = head.lines();
    if lines.next() != Some(PROOF) {
        return Err(malformed());
    }
    let index = lines.next().and_then(|line| line.strip_prefix("index ")?.parse().ok()).ok_or_else(malformed)?;
    let path: Vec<Hash> = lines.map(Hash::parse_hash).collect::<Result<_, _>>().map_err(|_| malformed())?;
    let signed = Statement::verified(note.as_bytes(), &verifier)?;
    tlog::check_record(&path, signed.size, signed.root, index, tlog::record_hash(entry.as_bytes()))
        .map_err(|_| format!("the log that was signed does not have this entry as number {index}"))?;
    Ok((index, entry.to_owned()))
}

/// Reads an export into a check.
///
/// # Errors
/// Where it cannot be read, or is none.
pub fn read(mut export: impl BufRead) -> io::Result<Check> {
    let mut check = Check::default();
    let (mut line, mut nth, mut next, mut known) = (Vec::new(), 0_u64, 0_i64, false);
    loop {
        line.clear();
        if export.read_until(b'\n', &mut line)? == 0 {
            let none = || io::Error::new(io::ErrorKind::InvalidData, "no line of it is one of `genkan audit export`'s");
            if check.key.is_none() {
                check.fault(None, "it does not end with its key, as every export does: its end is missing".to_owned());
            }
            return known.then_some(check).ok_or_else(none);
        }
        nth += 1;
        let bytes = line.strip_suffix(b"\n").unwrap_or(&line);
        match serde_json::from_slice::<Line>(bytes) {
            Ok(Line::Before { size, peaks }) if nth == 1 => {
                let peaks: Option<Vec<Hash>> = peaks.iter().map(|peak| tree::hash(peak).ok()).collect();
                let begun = peaks.and_then(|peaks| Check::from(size, peaks)).zip(i64::try_from(size).ok());
                let Some(begun) = begun else {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "its first line cannot be read"));
                };
                (check, next, known) = (begun.0, begun.1, true);
            }
            Ok(Line::Checkpoint(Checkpoint { size, at, note })) => {
                check.checkpoint(i64::try_from(size).unwrap_or(i64::MAX), at.as_microsecond(), note.as_bytes());
                known = true;
            }
            Ok(Line::Key(key)) if check.key.is_none() => {
                check.key = Some(key);
                known = true;
            }
            // What is neither is counted as an entry, which then cannot be read.
            other => {
                known = known || other.is_ok() || serde_json::from_slice::<Entry>(bytes).is_ok();
                check.entry(next, bytes);
                next += 1;
            }
        }
    }
}

async fn entries(conn: &mut SqliteConnection, from: i64) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    two(
        conn,
        "select number, cast(entry as blob) as b from audit_entries where number >= $1 order by number limit $2",
        from,
    )
    .await
}

/// Rows of a number and bytes.
async fn two(conn: &mut SqliteConnection, sql: &'static str, from: i64) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    let rows = sqlx::query(sql).bind(from).bind(number(PAGE)?).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
