//! Ten thousand ways to change a log, all of them found: in memory by the check that `genkan audit verify` makes, and some in
//! the file itself.

use ed25519_dalek::{Signer as _, SigningKey};
use genkan::store::audit::{Check, Outsider, Report};
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use super::{Rows, a_real_run, execute, raw};
use crate::tap::Trap;
use crate::use_cases::Story;

const TAMPERS: u64 = 10_000;

fn checked(rows: &Rows, key: &str, outsiders: &[Outsider]) -> Report {
    let mut check = Check::of_store();
    for (row, entry) in &rows.entries {
        check.entry(*row, entry);
    }
    for (place, hash) in &rows.hashes {
        check.hash(*place, hash);
    }
    for (size, at, note) in &rows.checkpoints {
        check.checkpoint(*size, *at, note);
    }
    check.report(Some(key), outsiders)
}

/// RFC 6962's tree by its definition, to forge one that fits.
pub fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => Sha256::digest([]).into(),
        [leaf] => *leaf,
        leaves => {
            let left = leaves.len().next_power_of_two() / 2;
            node(root(&leaves[..left]), root(&leaves[left..]))
        }
    }
}

pub fn leaf(entry: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

fn node(left: [u8; 32], right: [u8; 32]) -> [u8; 32] {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// What somebody who knows the program does: numbers put right, every hash made anew.
fn made_to_fit(rows: &mut Rows) {
    let mut peaks: Vec<[u8; 32]> = Vec::new();
    rows.hashes.clear();
    for (number, (row, entry)) in rows.entries.iter_mut().enumerate() {
        *row = i64::try_from(number).unwrap();
        if let Ok(mut value) = serde_json::from_slice::<serde_json::Value>(entry) {
            value["number"] = number.into();
            *entry = value.to_string().into_bytes();
        }
        let mut hash = leaf(entry);
        let mut put =
            |hash: [u8; 32]| rows.hashes.push((rows.hashes.len().try_into().unwrap(), hex::encode(hash).into_bytes()));
        put(hash);
        for _ in 0..number.trailing_ones() {
            hash = node(peaks.pop().unwrap(), hash);
            put(hash);
        }
        peaks.push(hash);
    }
}

/// The checkpoints signed anew, over what is there now.
fn signed_anew(rows: &mut Rows, key: &SigningKey) {
    let leaves: Vec<[u8; 32]> = rows.entries.iter().map(|(_, entry)| leaf(entry)).collect();
    for (size, _, note) in &mut rows.checkpoints {
        let old = String::from_utf8(note.clone()).unwrap();
        let mut lines: Vec<String> = old.lines().map(str::to_owned).collect();
        let Some(leaves) = leaves.get(..usize::try_from(*size).unwrap()) else { continue };
        lines[2] = tlog_tiles::tlog::Hash(root(leaves)).to_string();
        let body = lines[..4].join("\n") + "\n";
        let public = [&[1], key.verifying_key().as_bytes().as_slice()].concat();
        let signature = signed_note::Signature::new(
            lines[0].clone(),
            signed_note::key_id(&lines[0], &public),
            key.sign(body.as_bytes()).to_bytes().to_vec(),
        );
        *note = signed_note::Note::new(body.as_bytes(), &[signature.unwrap()]).unwrap().to_bytes();
    }
}

fn flipped(bytes: &mut [u8], by: &mut StdRng) {
    let at = by.random_range(0..bytes.len());
    bytes[at] ^= 1 << by.random_range(0..8);
}

/// Changes one thing by chance, and says what. `thief`: the log's own key, in the hands of who changes it.
fn tampered(rows: &mut Rows, kind: u64, by: &mut StdRng, thief: &SigningKey) -> &'static str {
    let entries = rows.entries.len();
    // Behind the last checkpoint stands only that it was made.
    let signed = usize::try_from(rows.checkpoints.last().unwrap().0).unwrap();
    let at = by.random_range(0..signed);
    match kind {
        0 => {
            flipped(&mut rows.entries[by.random_range(0..entries)].1, by);
            "a bit of an entry"
        }
        1 => {
            let hash = by.random_range(0..rows.hashes.len());
            flipped(&mut rows.hashes[hash].1, by);
            "a bit of a hash"
        }
        2 => {
            let checkpoint = by.random_range(0..rows.checkpoints.len());
            flipped(&mut rows.checkpoints[checkpoint].2, by);
            "a bit of a checkpoint"
        }
        3 => {
            let checkpoint = by.random_range(0..rows.checkpoints.len());
            let (size, time, _) = &mut rows.checkpoints[checkpoint];
            if by.random() {
                *size += 1;
            } else {
                *time ^= 1 << by.random_range(0..40);
            }
            "what stands beside a checkpoint"
        }
        4 => {
            rows.entries.remove(by.random_range(0..entries));
            "an entry removed"
        }
        5 => {
            rows.entries.remove(at);
            made_to_fit(rows);
            "an entry removed, and all made to fit"
        }
        6 => {
            let forged = rows.entries[by.random_range(0..entries)].clone();
            rows.entries.insert(at, forged);
            made_to_fit(rows);
            "an entry put in, and all made to fit"
        }
        7 => {
            let other = (at + by.random_range(1..signed)) % signed;
            let bytes = rows.entries[at].1.clone();
            rows.entries[at].1 = std::mem::replace(&mut rows.entries[other].1, bytes);
            if by.random() {
                made_to_fit(rows);
            }
            "two entries exchanged"
        }
        8 => {
            rows.entries.truncate(by.random_range(0..entries));
            let left = i64::try_from(rows.entries.len()).unwrap();
            rows.checkpoints.retain(|(size, ..)| *size < left);
            made_to_fit(rows);
            "the end cut off, with its checkpoints"
        }
        9 => {
            let mut value: serde_json::Value = serde_json::from_slice(&rows.entries[at].1).unwrap();
            value["forged"] = by.next_u32().into();
            rows.entries[at].1 = value.to_string().into_bytes();
            made_to_fit(rows);
            signed_anew(rows, thief);
            "written anew from one entry on, and signed with the log's own key"
        }
        10 => {
            let seed: [u8; 32] = by.random();
            signed_anew(rows, &SigningKey::from_bytes(&seed));
            "signed with another key"
        }
        11 => {
            rows.hashes.remove(by.random_range(0..rows.hashes.len()));
            "a hash removed"
        }
        12 => {
            rows.checkpoints.remove(by.random_range(0..rows.checkpoints.len()));
            "a checkpoint removed"
        }
        _ => {
            let copied = rows.entries[by.random_range(0..entries)].clone();
            rows.entries.push(copied);
            if by.random() {
                made_to_fit(rows);
            }
            "an entry repeated at the end"
        }
    }
}

const KINDS: u64 = 14;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_tampers_are_all_found() {
    let story = Story::begins().await;
    a_real_run(&story).await;
    let rows = Rows::of(&story.house).await.when_signed_twice();
    let key = story.desk.desk.verifier_key().await.expect("a key");
    let outside = vec![Outsider { from: "kept elsewhere".to_owned(), note: rows.checkpoints[1].2.clone() }];
    let untouched = checked(&rows, &key, &outside);
    assert!(untouched.ok, "{:?}", untouched.faults);
    assert_eq!((untouched.checkpoints, untouched.outside), (2, 1));
    let file = super::file(&story.house).with_file_name("audit.key");
    let seed = hex::decode(std::fs::read_to_string(file).expect("the key").trim()).expect("hex");
    let thief = SigningKey::from_bytes(&seed.try_into().expect("32 bytes"));

    let base: u64 = std::env::var("GENKAN_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("GENKAN_SEED={base}: {TAMPERS} tampers of {} entries", rows.entries.len());
    let halves = [0, 1].map(|half| {
        let (rows, key, outside, thief) = (rows.clone(), key.clone(), outside.clone(), thief.clone());
        tokio::task::spawn_blocking(move || {
            let mut found = 0;
            for nth in (half..TAMPERS).step_by(2) {
                let mut by = StdRng::seed_from_u64(base.wrapping_add(nth));
                let mut changed = rows.clone();
                // Both halves make every kind.
                let what = tampered(&mut changed, nth / 2 % KINDS, &mut by, &thief);
                let same = (&changed.entries, &changed.hashes, &changed.checkpoints)
                    == (&rows.entries, &rows.hashes, &rows.checkpoints);
                assert!(!same, "tamper {nth}: {what} has changed nothing");
                let report = checked(&changed, &key, &outside);
                assert!(!report.ok, "GENKAN_SEED={base}, tamper {nth}: {what} was not found");
                assert!(!report.faults.is_empty());
                found += 1;
            }
            found
        })
    });
    let mut found = 0;
    for half in halves {
        found += half.await.expect("all were found");
    }
    assert_eq!(found, TAMPERS);
}

/// Changed past the program, in a copy of the file; what is found, how far in, and whether a process may still begin.
#[tokio::test]
async fn what_is_changed_in_the_file_is_found_and_said_where() {
    let story = Story::begins().await;
    let last = a_real_run(&story).await;
    let outside = vec![Outsider { from: "kept".to_owned(), note: last.note.clone().into_bytes() }];
    let original = super::file(&story.house);
    let end = last.size;
    let (cut, cut_off) = (format!("delete from audit_entries where number >= {}", end - 1), end - 1);
    let cases = [
        ("select 1", None, "", true),
        (
            "update audit_entries set entry = replace(entry, '\"by\":\"ren\"', '\"by\":\"mio\"')",
            None,
            "do not fit",
            true,
        ),
        ("delete from audit_entries where number = 5", Some(5), "entry 6 is where it should be", false),
        ("update audit_hashes set hash = upper(hash) where place = 2", Some(0), "entries 0 to 1 is another", true),
        (
            "update audit_checkpoints set at = at + 1 where size = (select min(size) from audit_checkpoints)",
            None,
            "it says that it is over",
            true,
        ),
        ("delete from audit_checkpoints", None, "is not there", true),
        (&cut, Some(cut_off), "the end is missing", false),
    ];
    for (nth, (sql, entry, why, may_begin)) in cases.into_iter().enumerate() {
        let copy = original.with_file_name(format!("copy-{nth}.db"));
        execute(&mut raw(&story.house).await, &format!("vacuum into '{}'", copy.display())).await;
        let mut conn = SqliteConnectOptions::new().filename(&copy).connect().await.expect("the copy opens");
        let triggers = "select name from sqlite_master where type = 'trigger' and name like 'audit%'";
        for name in sqlx::query_scalar::<_, String>(triggers).fetch_all(&mut conn).await.expect("triggers") {
            execute(&mut conn, &format!("drop trigger {name}")).await;
        }
        execute(&mut conn, sql).await;
        conn.close().await.expect("closed");

        let mut config = story.house.platform.config.clone();
        config.store.url = format!("sqlite:{}", copy.display());
        config.audit.key_file = Some(original.with_file_name("audit.key").display().to_string());
        let desk = story.house.process_with(&config, Trap::armed(None)).await.desk;
        let report = desk.audit(None, &outside).await.expect("read");
        assert_eq!(report.ok, why.is_empty(), "{sql}: {:?}", report.faults);
        let found =
            report.faults.iter().any(|fault| fault.what.contains(why) && (entry.is_none() || fault.entry == entry));
        assert!(found || report.ok, "{sql}: {:?}", report.faults);
        assert_eq!(desk.begin("a test").await.is_ok(), may_begin, "{sql}");
    }
}
