//! Finds what was changed in a log: numbers, times, hashes and checkpoints against the entries themselves, in a store, in an
//! export, or in memory.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use signed_note::{StandardVerifier, Verifier as _};
use tlog_tiles::tlog::{self, Hash};

use super::approved::Approvals;
use super::note::Statement;
use super::tree::Tree;
use crate::model::audit::{Entry, What};

/// How many faults are told at most; the first ones say where to look.
const TOLD: usize = 20;

/// A log that is being checked: told row by row what is there, then asked.
#[derive(Debug, Clone, Default)]
pub struct Check {
    begin: Tree,
    next: u64,
    log: Option<String>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    leaves: Vec<Hash>,
    hashes: Option<BTreeMap<i64, Vec<u8>>>,
    /// Which checkpoints the entries tell of: by size, the number of the entry.
    signed: BTreeMap<u64, u64>,
    /// Up to where there is something that is worth signing.
    told: u64,
    kept: Vec<Kept>,
    approvals: Approvals,
    /// The key that came with an export.
    pub(super) key: Option<String>,
    faults: Vec<Fault>,
}

/// What is read of an entry, whatever it is about.
#[derive(Deserialize)]
struct Told {
    number: u64,
    at: Timestamp,
    what: String,
    size: Option<u64>,
}

/// A checkpoint as it is kept beside the log.
#[derive(Debug, Clone)]
struct Kept {
    /// What the columns beside the note say: size, and time in microseconds.
    says: (i64, i64),
    note: Vec<u8>,
}

/// A checkpoint that somebody has kept elsewhere.
#[derive(Debug, Clone)]
pub struct Outsider {
    /// Where it is from: a file's name.
    pub from: String,
    /// The note.
    pub note: Vec<u8>,
}

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The entry, or the first of those of which one is; none where it is not about entries.
    pub entry: Option<u64>,
    /// What is wrong.
    pub what: String,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether nothing is wrong.
    pub ok: bool,
    /// The log's own id.
    pub log: Option<String>,
    /// The number of the first entry that was looked at: 0, unless it is a part of a log.
    pub since: u64,
    /// How many entries the log has.
    pub entries: u64,
    /// Up to where there is something that is worth signing: behind it only stands what was signed, and where it was posted.
    pub told: u64,
    /// When the first of them was written.
    pub first: Option<Timestamp>,
    /// When the last.
    pub last: Option<Timestamp>,
    /// Their tree's root, as a checkpoint has it.
    pub root: String,
    /// The verifier key that the checkpoints were held against.
    pub key: Option<String>,
    /// How many entries the newest checkpoint beside the log covers, of those that are well.
    pub signed: u64,
    /// How many checkpoints beside the log are well.
    pub checkpoints: usize,
    /// How many entries the newest checkpoint from outside covers, of those that are well.
    pub witnessed: u64,
    /// How many checkpoints from outside are well.
    pub outside: usize,
    /// What is wrong, the first that were found.
    pub faults: Vec<Fault>,
}

impl Check {
    /// A check of a log whose first entries are not there: `peaks` are the roots of their complete subtrees.
    pub(super) fn from(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        Some(Self { begin: Tree::with(size, peaks)?, next: size, ..Self::default() })
    }

    /// A check of a store, in which the tree's hashes are kept too, and all of them have to be there.
    pub fn of_store() -> Self {
        Self { hashes: Some(BTreeMap::new()), ..Self::default() }
    }

    /// The next row of the entries.
    pub fn entry(&mut self, row: i64, bytes: &[u8]) {
        let expected = self.next;
        self.next += 1;
        self.leaves.push(tlog::record_hash(bytes));
        match serde_json::from_slice::<Told>(bytes) {
            Err(error) => self.fault(Some(expected), format!("it cannot be read: {error}")),
            Ok(told) if told.number != expected || u64::try_from(row) != Ok(expected) => {
                let what = format!("entry {} is where it should be: one was removed, put in, or moved", told.number);
                self.fault(Some(expected), what);
            }
            Ok(told) => {
                if self.last.is_some_and(|last| told.at < last) {
                    self.fault(Some(expected), "it is dated before the one before it".to_owned());
                }
                self.first.get_or_insert(told.at);
                self.last = Some(told.at);
                match told.what.as_str() {
                    "signed" => drop(self.signed.insert(told.size.unwrap_or_default(), expected)),
                    "posted" => {}
                    _ => self.told = expected + 1,
                }
            }
        }
        // A part of a log may begin behind an approval.
        let unheard = self.approvals.entry(bytes);
        if self.begin.size() == 0 && !unheard.is_empty() {
            let names = unheard.into_iter().collect::<Vec<_>>().join(", ");
            self.fault(Some(expected), format!("a step began on the approval of {names}, of which nothing tells"));
        }
        if expected == 0 {
            match serde_json::from_slice(bytes) {
                Ok(Entry { what: What::LogBegun { log }, .. }) => self.log = Some(log),
                _ => self.fault(Some(0), "it does not begin a log".to_owned()),
            }
        }
    }

    /// A row of the stored hashes.
    pub fn hash(&mut self, place: i64, hash: &[u8]) {
        let hashes = self.hashes.get_or_insert_default();
        if hashes.insert(place, hash.to_vec()).is_some() {
            self.fault(None, format!("hash {place} is there twice"));
        }
    }

    /// A checkpoint that is kept beside the log: what its columns say, and the note.
    pub fn checkpoint(&mut self, size: i64, at: i64, note: &[u8]) {
        self.kept.push(Kept { says: (size, at), note: note.to_vec() });
    }

    /// What was found, with the checkpoints held against this verifier key; without one no signature is verified, and so no
    /// checkpoint counts.
    pub fn report(mut self, key: Option<&str>, outsiders: &[Outsider]) -> Report {
        let given = key.map(str::to_owned).or_else(|| self.key.clone());
        let verifier = given.as_deref().and_then(|key| match StandardVerifier::new(key) {
            Ok(verifier) => Some(verifier),
            Err(error) => {
                self.fault(None, format!("`{key}` is not a verifier key: {error}"));
                None
            }
        });
        let (kept, seen) = match &verifier {
            Some(verifier) => (self.statements_kept(verifier), self.statements_seen(verifier, outsiders)),
            None => (vec![], vec![]),
        };
        match &verifier {
            Some(_) => self.none_is_missing(&kept, &seen),
            // Who gave one must not take this for its being held against.
            None => outsiders.iter().for_each(|Outsider { from, .. }| {
                self.fault(None, format!("the checkpoint {from} was not looked at, for there is no key: --key"));
            }),
        }
        let sizes: BTreeSet<u64> = kept.iter().chain(&seen).map(|(_, statement)| statement.size).collect();
        let (tree, roots) = self.grow(&sizes);
        let well = |report: &mut Self, statements: &[(String, Statement)]| -> Vec<u64> {
            let mut well = Vec::new();
            for (name, statement) in statements {
                match report.held_against(name, statement, &roots, well.last().copied()) {
                    Some(fault) => report.faults.push(fault),
                    None => well.push(statement.size),
                }
            }
            well
        };
        let (checkpoints, outside) = (well(&mut self, &kept), well(&mut self, &seen));
        let ok = self.faults.is_empty();
        self.faults.sort_by_key(|fault| fault.entry.unwrap_or(u64::MAX));
        self.faults.truncate(TOLD);
        Report {
            ok,
            log: self.log,
            since: self.begin.size(),
            entries: tree.size(),
            told: self.told,
            first: self.first,
            last: self.last,
            root: tree.root().to_string(),
            key: given,
            signed: checkpoints.iter().copied().max().unwrap_or_default(),
            checkpoints: checkpoints.len(),
            witnessed: outside.iter().copied().max().unwrap_or_default(),
            outside: outside.len(),
            faults: self.faults,
        }
    }

    fn statements_kept(&mut self, verifier: &StandardVerifier) -> Vec<(String, Statement)> {
        let mut statements: Vec<(String, Statement)> = Vec::new();
        for Kept { says, note } in std::mem::take(&mut self.kept) {
            let name = format!("the checkpoint over {} entries", says.0);
            match Statement::verified(&note, verifier) {
                Err(why) => self.fault(None, format!("{name}: {why}")),
                Ok(read) if (i64::try_from(read.size), read.at.as_microsecond()) != (Ok(says.0), says.1) => {
                    self.fault(None, format!("{name}: it says that it is over {}, at {}", read.size, read.at));
                }
                Ok(read) if statements.last().is_some_and(|(_, last)| last.at > read.at || last.size >= read.size) => {
                    self.fault(None, format!("{name}: it does not come after the one before it"));
                }
                Ok(read) => statements.push((name, read)),
            }
        }
        statements
    }

    /// Whether all checkpoints are there: those that the log tells of, and those that were seen outside. In a store the log tells
    /// of each; an export may end with one.
    fn none_is_missing(&mut self, kept: &[(String, Statement)], seen: &[(String, Statement)]) {
        let there: BTreeSet<u64> = kept.iter().map(|(_, statement)| statement.size).collect();
        let is_expected = |size: u64| size > self.begin.size() && !there.contains(&size);
        let mut missing: Vec<(Option<u64>, String)> = Vec::new();
        for (size, entry) in &self.signed {
            if is_expected(*size) {
                missing
                    .push((Some(*entry), format!("it tells of a checkpoint over {size} entries, which is not there")));
            }
        }
        for (name, statement) in seen {
            if is_expected(statement.size) {
                missing.push((None, format!("{name} was signed, and is not kept beside the log any more")));
            }
        }
        for size in &there {
            let may_be_last = self.hashes.is_none() && *size == self.next;
            if self.signed.get(size) != Some(size) && !may_be_last {
                missing.push((Some(*size), format!("it does not tell of the checkpoint over {size} entries")));
            }
        }
        for (entry, what) in missing {
            self.fault(entry, what);
        }
    }

    fn statements_seen(&mut self, verifier: &StandardVerifier, outsiders: &[Outsider]) -> Vec<(String, Statement)> {
        let mut statements = Vec::new();
        for Outsider { from, note } in outsiders {
            match Statement::verified(note, verifier) {
                Err(why) => self.fault(None, format!("the checkpoint {from}: {why}")),
                Ok(read) => statements.push((format!("the checkpoint {from}"), read)),
            }
        }
        statements.sort_by_key(|(_, statement)| statement.size);
        statements
    }

    /// Grows the tree from the entries, holds it against the hashes that are stored, and keeps its roots at these sizes.
    fn grow(&mut self, sizes: &BTreeSet<u64>) -> (Tree, BTreeMap<u64, Hash>) {
        let (mut tree, mut roots, mut sound) = (self.begin.clone(), BTreeMap::new(), true);
        let mut stored = self.hashes.take();
        if sizes.contains(&tree.size()) {
            roots.insert(tree.size(), tree.root());
        }
        for leaf in std::mem::take(&mut self.leaves) {
            let number = tree.size();
            let first = tlog::stored_hash_index(0, number);
            for (place, hash) in (first..).zip(tree.push(leaf)) {
                let Some(stored) = &mut stored else { continue };
                let there = i64::try_from(place).ok().and_then(|place| stored.remove(&place));
                if there.as_deref() == Some(hex::encode(hash.0).as_bytes()) {
                    continue;
                }
                if place == first {
                    sound = false;
                    self.fault(Some(number), "it and the hash that is stored of it do not fit".to_owned());
                } else if sound {
                    // Above an entry that does not fit nothing does.
                    let (level, nth) = tlog::split_stored_hash_index(place);
                    let what = format!("the hash that is stored of entries {} to {number} is another", nth << level);
                    self.fault(Some(nth << level), what);
                }
            }
            if sizes.contains(&tree.size()) {
                roots.insert(tree.size(), tree.root());
            }
        }
        if let Some(place) = stored.and_then(|left| left.into_keys().next()) {
            self.fault(None, format!("hash {place} is of no entry that is there"));
        }
        (tree, roots)
    }

    /// What is wrong with the log if this statement is right. `well`: an earlier one is, up to there.
    fn held_against(
        &self,
        name: &str,
        statement: &Statement,
        roots: &BTreeMap<u64, Hash>,
        well: Option<u64>,
    ) -> Option<Fault> {
        let Statement { origin, size, root, .. } = statement;
        if let Some(log) = &self.log
            && origin.rsplit('/').next() != Some(log)
        {
            return Some(Fault { entry: None, what: format!("{name} is of another log, {origin}: this one is {log}") });
        }
        match roots.get(size) {
            Some(there) if there == root => None,
            Some(_) => {
                let from = well.unwrap_or(self.begin.size());
                let what = format!("{name}: its root is another; one of entries {from} to {} was changed", size - 1);
                Some(Fault { entry: Some(from), what })
            }
            None if *size < self.begin.size() => {
                let what = format!("{name} covers {size} entries, and these begin with {}", self.begin.size());
                Some(Fault { entry: None, what })
            }
            None => {
                let what = format!("{name} covers {size} entries, and {} are there: the end is missing", self.next);
                Some(Fault { entry: Some(self.next), what })
            }
        }
    }

    /// One fault an entry is enough: the first says what is wrong with it.
    pub(super) fn fault(&mut self, entry: Option<u64>, what: String) {
        if entry.is_none() || self.faults.last().is_none_or(|last| last.entry != entry) {
            self.faults.push(Fault { entry, what });
        }
    }
}

/// The name of the log that a verifier key is for; none if it is no such key.
pub fn name_of_key(key: &str) -> Option<String> {
    StandardVerifier::new(key).ok().map(|verifier| verifier.name().to_owned())
}
