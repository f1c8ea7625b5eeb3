//! `[audit]`: a bucket that can be in its account and is nobody else's, a channel that can be one, numbers that make sense.

use super::*;

fn with(audit: &str) -> Vec<(&'static str, String)> {
    vec![("[[people]]", format!("[audit]\n{audit}\n\n[[people]]"))]
}

fn said(audit: &str) -> String {
    let edits = with(audit);
    let edits: Vec<(&str, &str)> = edits.iter().map(|(from, to)| (*from, to.as_str())).collect();
    errors(&edits)
}

#[test]
fn what_cannot_be_is_said_with_what_can() {
    let bucket = |name: &str, more: &str| format!("bucket = {{ account = \"platform\", name = \"{name}\"{more} }}");
    for (audit, wrong, mend) in [
        ("every_minutes = 0".to_owned(), "0 minutes apart", "1 to 1440"),
        ("every_minutes = 1441".to_owned(), "1441 minutes apart", "1 to 1440"),
        ("bucket = { account = \"vault\", name = \"audit\" }".to_owned(), "no account `vault`", "platform"),
        (bucket("Audit.Log", ""), "not a bucket's name", "3 to 63"),
        (bucket("audit", ", days = 0"), "for 0 days", "1 to 36500"),
        (bucket("audit", ", days = 40000"), "for 40000 days", "1 to 36500"),
        (bucket("audit", ", role = \"two words\""), "`two words` is not a role", "1 to 64"),
        (bucket("audit", ", role = \"genkan-writer\""), "also another role", "a role of their own"),
    ] {
        let said = said(&audit);
        assert!(said.contains(wrong) && said.contains(mend), "{audit}:\n{said}");
    }
}

#[test]
fn a_bucket_that_a_projects_writer_could_reach_is_refused() {
    let edits =
        [("[[people]]", "[audit]\nbucket = { account = \"platform\", name = \"project-audit\" }\n\n[[people]]")];
    let named = small(&edits);
    let prefixed = if named.contains("project_prefix") {
        named
    } else {
        named.replacen("[[people]]", "[names]\nproject_prefix = \"project-\"\n\n[[people]]", 1)
    };
    let said = parse(&prefixed).expect_err("refused").to_string();
    assert!(said.contains("its writer could reach it"), "{said}");
}

#[test]
fn a_channel_without_a_discord_is_odd_and_the_rest_has_its_defaults() {
    let edits =
        with("channel = \"118000000000000203\"\nbucket = { account = \"platform\", name = \"audit-of-genkan\" }");
    let edits: Vec<(&str, &str)> = edits.iter().map(|(from, to)| (*from, to.as_str())).collect();
    assert!(warnings(&edits).contains("without [discord] no checkpoint is posted there"));
    let audit = config(&edits).audit;
    let bucket = audit.bucket.expect("a bucket");
    assert_eq!((audit.every_minutes, bucket.days, bucket.role.0.as_str()), (10, 365, "genkan-auditor"));
}
