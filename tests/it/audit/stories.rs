//! What the log tells: to people in words, to an outsider with nothing but a file, and by the program itself.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};
use genkan::cli::args::AuditCommand;
use genkan::cli::commands::Terminal;
use genkan::cli::{Exit, Printer, draw_audit};
use genkan::model::audit::{Outside, What};
use regex::Regex;
use tokio::sync::watch;

use super::tampers::{leaf, root};
use super::{Rows, a_real_run};
use crate::use_cases::{Story, onboard};

/// Without what differs from run to run.
fn steady(text: &str) -> String {
    let patterns = [
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "TIME"),
        (r"r-[0-9a-z]{10}", "r-REQUEST"),
        (r"\b[0-9a-f]{12}\b", "DIGEST"),
    ];
    patterns.iter().fold(text.to_owned(), |text, (pattern, with)| {
        Regex::new(pattern).expect("a pattern").replace_all(&text, *with).into_owned()
    })
}

#[tokio::test]
async fn who_did_what_is_told_in_words() {
    let story = Story::begins().await;
    a_real_run(&story).await;
    let rin = story.desk.person("ren").await;
    let told = story.desk.desk.story(&rin, "project-x", "dev", None).await.expect("told");
    let text = steady(&draw_audit::story(&told, "project-x", "dev"));
    // Calls are told between the lines of their step, and steps begin at once: what people did is in order.
    let people: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("(--as") || line.contains("waits,") || line.contains("approved by"))
        .map(|line| line.split_once("  ").expect("a time").1.trim_start())
        .map(|line| line.trim_start_matches(|character: char| character.is_ascii_digit()).trim_start())
        .collect();
    insta::assert_snapshot!(people.join("\n"));
    let wrote = Regex::new(
        r"(?m)^TIME +\d+  r-REQUEST zone-association: route53:CreateVPCAssociationAuthorization as genkan-authoriser in DIGEST
 +on arn:aws:route53:::hostedzone/Z0DEV00000000000001
 +entry \d+: done, AWS request [0-9a-f-]{24}DIGEST$",
    );
    assert!(wrote.expect("a pattern").is_match(&text), "a call is told with what came of it: {text}");
    assert!(!text.contains("call "), "no answer is told by itself: {text}");
    assert!(text.lines().filter(|line| line.contains("r-REQUEST is done")).count() == 2, "{text}");
    for step in ["bucket", "repository", "zone-association", "github-token"] {
        assert!(text.contains(&format!("r-REQUEST {step}: began")), "{step}: {text}");
        assert!(text.contains(&format!("r-REQUEST {step}: done")), "{step}: {text}");
    }
    let other = story.desk.desk.story(&rin, "project-y", "dev", None).await.expect("told");
    assert_eq!(other, []);
    let later = story.desk.desk.story(&rin, "project-x", "dev", Some(jiff::Timestamp::now())).await.expect("told");
    assert_eq!(later, []);
}

/// RFC 6962 by its definition and plain Ed25519: another program than ours comes to the same root, and believes the signature.
#[tokio::test]
async fn another_program_comes_to_the_same_root() {
    let story = Story::begins().await;
    a_real_run(&story).await;
    let rows = Rows::of(&story.house).await;
    let key = story.desk.desk.verifier_key().await.expect("a key");
    let mut parts = key.splitn(3, '+');
    let (name, _, public) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    let public = base64(public);
    assert_eq!(public[0], 1, "Ed25519");
    let public = VerifyingKey::from_bytes(public[1..].try_into().unwrap()).expect("a public key");
    let leaves: Vec<[u8; 32]> = rows.entries.iter().map(|(_, entry)| leaf(entry)).collect();
    assert_eq!(rows.checkpoints.len(), 3);
    for (size, _, note) in &rows.checkpoints {
        let note = String::from_utf8(note.clone()).unwrap();
        let (body, signature) = note.split_once("\n\n").expect("a signed note");
        let lines: Vec<&str> = body.lines().collect();
        assert_eq!(lines[0], name);
        assert!(lines[0].starts_with("genkan/111111111101/"), "{}", lines[0]);
        assert_eq!(lines[1], size.to_string());
        assert_eq!(base64(lines[2]), root(&leaves[..usize::try_from(*size).unwrap()]));
        assert!(lines[3].parse::<jiff::Timestamp>().is_ok() && lines.len() == 4, "{body}");
        let signature = signature.strip_prefix(&format!("— {name} ")).expect("a signature line").trim_end();
        let signature = base64(signature);
        let signature = Signature::from_slice(&signature[4..]).expect("a signature");
        public.verify(format!("{body}\n").as_bytes(), &signature).expect("it is signed");
        assert!(public.verify(body.as_bytes(), &signature).is_err());
    }
}

/// Base64 by its definition.
fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for character in text.trim_end_matches('=').chars() {
        bits = bits << 6 | u32::try_from(ALPHABET.find(character).expect("base64")).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap());
        }
    }
    bytes
}

/// A terminal that writes into memory.
fn terminal(story: &Story) -> (Terminal, Arc<Mutex<Vec<u8>>>) {
    let (result, progress) = (Arc::new(Mutex::new(Vec::<u8>::new())), Arc::new(Mutex::new(Vec::<u8>::new())));
    let printer = Printer::to(false, result.clone(), progress);
    let (_, stop) = watch::channel(false);
    let says = Some("ren".to_owned());
    (Terminal { desk: story.desk.desk.clone(), printer, says, stop }, result)
}

/// The program itself, in a folder without a config.
fn genkan(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_genkan"));
    let ended = command.args(arguments).current_dir(folder).env_clear().output().expect("it runs");
    let said = String::from_utf8_lossy(&ended.stdout).into_owned() + String::from_utf8_lossy(&ended.stderr).as_ref();
    (ended.status.code().expect("a code"), said)
}

#[tokio::test]
async fn an_outsider_needs_nothing_but_the_file_the_key_and_a_checkpoint() {
    let story = Story::begins().await;
    let last = a_real_run(&story).await;
    let key = story.desk.desk.verifier_key().await.expect("a key");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let folder = elsewhere.path();
    let export = |since, name: &str| {
        let (terminal, out) = (terminal(&story).0, folder.join(name));
        async move { terminal.audit(&AuditCommand::Export { since, out: Some(out) }).await.expect("written") }
    };
    assert_eq!(export(0, "all.jsonl").await, Exit::Done);
    export(11, "later.jsonl").await;
    std::fs::write(folder.join("kept"), &last.note).expect("written");

    let verify = ["audit", "verify", "--file", "all.jsonl", "--key", key.as_str(), "--checkpoint", "kept"];
    let (code, said) = genkan(folder, &verify);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains(&format!("the first {} entries are the ones that were there then", last.size)), "{said}");
    assert!(!said.contains("without a checkpoint"), "{said}");
    let (code, said) = genkan(folder, &["audit", "verify", "--file", "later.jsonl", "--checkpoint", "kept"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("Entries 11 to") && said.contains("the key came with the export"), "{said}");

    let text = std::fs::read_to_string(folder.join("all.jsonl")).expect("an export");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), usize::try_from(last.size).unwrap() + 3 + 1, "entries, checkpoints, the key");
    let without = |nth: usize| [&lines[..nth], &lines[nth + 1..]].concat().join("\n");
    let changed = [
        (text.replacen("\"by\":\"ren\"", "\"by\":\"mio\"", 1), "was changed"),
        (without(7), "entry 7: entry 8 is where it should be"),
        (lines[..20].join("\n"), "covers"),
        (without(lines.len() - 2), "is not kept beside the log any more"),
        (text.replace('\n', "\r\n"), "THE LOG WAS CHANGED"),
    ];
    for (text, why) in changed {
        std::fs::write(folder.join("all.jsonl"), text).expect("written");
        let (code, said) = genkan(folder, &verify);
        assert_eq!(code, 7, "{why}: {said}");
        assert!(said.contains(why), "{why}: {said}");
    }
    // A slip of whoever checks is none of the log's; an export that was cut off is, whether or not they know the key.
    std::fs::write(folder.join("cut.jsonl"), lines[..20].join("\n")).expect("written");
    std::fs::write(folder.join("empty.jsonl"), "").expect("written");
    let slips: [(&[&str], i32, &str); 6] = [
        (&["nowhere.jsonl"], 2, "nowhere.jsonl"),
        (&["kept"], 2, "no line of it is one of `genkan audit export`'s"),
        (&["empty.jsonl"], 2, "no line of it is one of `genkan audit export`'s"),
        (&["later.jsonl", "--key", "genkan"], 2, "--key: `genkan` is not a verifier key"),
        (&["cut.jsonl"], 7, "its end is missing"),
        (&["cut.jsonl", "--checkpoint", "kept"], 7, "the checkpoint kept was not looked at"),
    ];
    for (arguments, expected, why) in slips {
        let (code, said) = genkan(folder, &[&["audit", "verify", "--file"], arguments].concat());
        assert_eq!(code, expected, "{why}: {said}");
        assert!(said.contains(why), "{why}: {said}");
    }
}

#[tokio::test]
async fn a_proof_is_small_and_proves_one_entry_only() {
    let story = Story::begins().await;
    a_real_run(&story).await;
    let desk = &story.desk.desk;
    let (ren, key) = (story.desk.person("ren").await, desk.verifier_key().await.expect("a key"));
    let proof = desk.audit_proof(&ren, 5).await.expect("a proof");
    let (entry, path) = proof.split_once('\n').expect("the entry first");
    assert!(path.len() <= 1024, "{} bytes", path.len());
    let elsewhere = tempfile::tempdir().expect("a folder");
    let check = |text: &str| {
        std::fs::write(elsewhere.path().join("proof"), text).expect("written");
        genkan(elsewhere.path(), &["audit", "verify", "--proof", "proof", "--key", &key])
    };
    let (code, said) = check(&proof);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains(entry), "{said}");
    let changed = [
        proof.replacen("\"number\":5", "\"number\":6", 1),
        proof.replacen("index 5", "index 6", 1),
        proof.replacen(path.lines().nth(3).unwrap(), path.lines().nth(2).unwrap(), 1),
        proof.replacen("genkan/111111111101/", "genkan/222222222202/", 1),
    ];
    for changed in changed {
        assert_ne!(changed, proof);
        let (code, said) = check(&changed);
        assert_eq!(code, 7, "{said}");
    }
    assert!(desk.audit_proof(&ren, 5000).await.is_err());
}

#[tokio::test]
async fn a_checkpoint_is_put_outside_once_and_where_it_was_put_is_no_reason_for_another() {
    let story = Story::begins().await;
    let last = a_real_run(&story).await;
    let desk = &story.desk.desk;
    assert_eq!(desk.checkpoint_for(Outside::Discord).await.expect("asked"), Some(last.clone()));
    desk.checkpoint_is_at(&last, Outside::Discord, "https://discord.com/channels/1/2/3").await.expect("written");
    assert_eq!(desk.checkpoint_for(Outside::Discord).await.expect("asked"), None);
    assert_eq!(desk.checkpoint_for(Outside::S3).await.expect("asked"), Some(last.clone()));
    assert_eq!(desk.checkpoint().await.expect("asked"), Some(last.clone()), "nothing new to sign");
    story.asks("aiko", onboard("project-y", "dev")).await;
    let next = desk.checkpoint().await.expect("signed").expect("one");
    assert!(next.size > last.size && next.at >= last.at);
    assert_eq!(desk.checkpoint_for(Outside::Discord).await.expect("asked"), Some(next));
    assert!(desk.audit(None, &[]).await.expect("read").ok);
}

#[tokio::test]
async fn what_policy_refuses_is_in_the_log_and_what_is_only_left_out_of_a_list_is_not() {
    let story = Story::begins().await;
    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    let aiko = story.desk.person("aiko").await;
    story.desk.desk.awaiting(&aiko).await.expect("listed");
    story.desk.desk.settle().await.expect("written");
    let refusals = || async {
        let rows = Rows::of(&story.house).await;
        let read =
            |(_, entry): &(i64, Vec<u8>)| serde_json::from_slice::<genkan::model::audit::Entry>(entry).unwrap().what;
        let all = rows.entries.iter().map(read);
        all.filter(|what| matches!(what, What::Refused { .. })).collect::<Vec<_>>()
    };
    assert_eq!(refusals().await, []);
    story.approves_in_vain("aiko", &id).await;
    story.desk.desk.settle().await.expect("written");
    let refused = refusals().await;
    let [What::Refused { by, deed, rules, .. }] = refused.as_slice() else { panic!("{refused:?}") };
    assert_eq!((by.as_str(), deed.as_str()), ("aiko", "approve"));
    assert!(!rules.is_empty());
}
