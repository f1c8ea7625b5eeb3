//! The tree over the log's entries (RFC 6962): over the stored hashes, and grown anew from the entries themselves.

use std::cell::RefCell;
use std::collections::BTreeMap;

use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};
use tlog_tiles::tlog::{self, Hash, HashReader};

use super::super::error::StoreError;
use super::super::rows::count;
use super::number;

/// The hashes that a question about the tree needs: at first none is known, and those that are asked for are noted.
#[derive(Default)]
pub(super) struct Hashes {
    known: BTreeMap<u64, Hash>,
    wanted: RefCell<Vec<u64>>,
}

impl HashReader for Hashes {
    fn read_hashes(&self, places: &[u64]) -> Result<Vec<Hash>, tlog::Error> {
        let found: Option<Vec<Hash>> = places.iter().map(|place| self.known.get(place).copied()).collect();
        found.ok_or_else(|| {
            self.wanted.borrow_mut().extend(places);
            tlog::Error::IndexesNotInTree
        })
    }
}

/// Answers a question about the tree from the stored hashes. It is asked twice where it needs some: each of this tree's
/// questions reads all that it needs at once.
pub(super) async fn over<T>(
    conn: &mut SqliteConnection,
    question: impl Fn(&Hashes) -> Result<T, tlog::Error> + Send,
) -> Result<T, StoreError>
where
    T: Send,
{
    let wanted = {
        let none = Hashes::default();
        match question(&none) {
            Ok(answer) => return Ok(answer),
            Err(_) => none.wanted.into_inner(),
        }
    };
    let known = read(conn, &wanted).await?;
    question(&Hashes { known, ..Hashes::default() }).map_err(|error| {
        StoreError::Failed(format!("the audit log's tree lacks hashes ({error}): `genkan audit verify` says more"))
    })
}

async fn read(conn: &mut SqliteConnection, places: &[u64]) -> Result<BTreeMap<u64, Hash>, StoreError> {
    let mut query = QueryBuilder::<Sqlite>::new("select place, hash from audit_hashes where place in (");
    let mut list = query.separated(", ");
    for place in places {
        list.push_bind(number(*place)?);
    }
    query.push(")");
    let rows = query.build().fetch_all(conn).await?;
    rows.iter().map(|row| Ok((count(row.try_get("place")?)?, hash(row.try_get("hash")?)?))).collect()
}

/// A hash from its column.
pub(super) fn hash(text: &str) -> Result<Hash, StoreError> {
    let mut bytes = [0; tlog::HASH_SIZE];
    hex::decode_to_slice(text, &mut bytes)
        .map_err(|_| StoreError::Failed("a hash of the audit log cannot be read".to_owned()))?;
    Ok(Hash(bytes))
}

/// A tree that grows leaf by leaf, and keeps no more than the roots of its complete subtrees, the largest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    size: u64,
    peaks: Vec<Hash>,
}

impl Tree {
    /// The tree of `size` leaves with these peaks; none if there cannot be so many.
    pub(super) fn with(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (peaks.len() == size.count_ones() as usize).then_some(Self { size, peaks })
    }

    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// One leaf more: the hashes of the subtrees that it completes, its own first.
    pub(super) fn push(&mut self, leaf: Hash) -> Vec<Hash> {
        let mut completed = vec![leaf];
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = tlog::node_hash(left, hash);
                completed.push(hash);
            }
        }
        self.peaks.push(hash);
        self.size += 1;
        completed
    }

    pub(super) fn root(&self) -> Hash {
        let mut smallest_first = self.peaks.iter().rev().copied();
        let smallest = smallest_first.next().unwrap_or(tlog::EMPTY_HASH);
        smallest_first.fold(smallest, |right, left| tlog::node_hash(left, right))
    }
}
