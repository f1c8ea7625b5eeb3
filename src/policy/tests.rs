//! Who may do what, as tables; and why, in words.

use super::*;
use crate::model::EnvironmentName;

fn person(name: &str, groups: &[&str]) -> Person {
    Person {
        name: name.to_owned(),
        groups: groups.iter().map(|&group| group.to_owned()).collect(),
        via: "test".to_owned(),
    }
}

fn grounds<'a>(environment: &'a EnvironmentName, requesters: &'a [String], approvers: &'a [String]) -> Grounds<'a> {
    let now = "2026-11-20T09:00:00Z".parse().unwrap();
    Grounds { environment, project: None, requesters, approvers, production: false, frozen: None, now }
}

fn approve(requester: &Person) -> Deed<'_> {
    Deed::Approve(Approving::anything(requester))
}

fn may(person: &Person, deed: Deed<'_>, requesters: &[&str]) -> Verdict {
    let environment: EnvironmentName = "dev".parse().unwrap();
    let requesters: Vec<String> = requesters.iter().map(|&group| group.to_owned()).collect();
    let approvers = ["infra-leads".to_owned()];
    Policy::built_in().decide(person, deed, &grounds(&environment, &requesters, &approvers))
}

#[test]
fn who_may_do_what() {
    let aiko = person("aiko", &["engineers"]);
    let ren = person("ren", &["infra-leads"]);
    let guest = person("guest", &[]);
    let table: [(&Person, Deed<'_>, &[&str], bool); 16] = [
        (&guest, Deed::Read, &["engineers"], true),
        (&aiko, Deed::Request, &["engineers"], true),
        (&guest, Deed::Request, &["engineers"], false),
        (&guest, Deed::Request, &[], true),
        (&ren, approve(&aiko), &["engineers"], true),
        (&ren, approve(&ren), &["engineers"], false),
        (&aiko, approve(&aiko), &["engineers"], false),
        (&aiko, approve(&ren), &["engineers"], false),
        (&guest, approve(&aiko), &[], false),
        (&ren, Deed::Reject(&aiko), &["engineers"], true),
        (&ren, Deed::Reject(&ren), &["engineers"], true),
        (&guest, Deed::Reject(&aiko), &["engineers"], false),
        (&aiko, Deed::Cancel(&aiko), &["engineers"], true),
        (&guest, Deed::Cancel(&aiko), &["engineers"], false),
        (&aiko, Deed::Retry(&ren), &["engineers"], true),
        (&guest, Deed::Retry(&aiko), &["engineers"], false),
    ];
    for (who, deed, requesters, allowed) in table {
        let verdict = may(who, deed, requesters);
        assert_eq!(verdict.allowed, allowed, "{who} {deed:?}: {verdict:?}");
        assert!(!verdict.reasons.is_empty());
        for reason in verdict.reasons {
            assert!(!reason.en.is_empty() && !reason.ja.is_ascii(), "{reason:?}");
        }
    }
}

#[test]
fn a_refusal_says_why_in_words() {
    let ren = person("ren", &["infra-leads"]);
    let said = |verdict: Verdict| verdict.reasons.into_iter().map(|why| (why.rule, why.en, why.ja)).collect::<Vec<_>>();
    let reason = |rule: &str, en: &str, ja: &str| vec![(rule.to_owned(), en.to_owned(), ja.to_owned())];
    assert_eq!(
        said(may(&ren, approve(&ren), &[])),
        reason(
            "four-eyes",
            "nobody approves their own request; somebody else has to",
            "自分の申請は自分では承認できません。ほかの人の承認が必要です"
        )
    );
    let guest = person("guest", &[]);
    assert_eq!(
        said(may(&guest, approve(&ren), &[])),
        reason(
            "no-rule",
            "in dev this is for members of infra-leads",
            "dev でこれを行えるのは infra-leads のメンバーだけです"
        )
    );
    let dev: EnvironmentName = "dev".parse().unwrap();
    let nobody = grounds(&dev, &[], &[]);
    let refused = said(Policy::built_in().decide(&guest, approve(&ren), &nobody));
    assert_eq!(refused[0].2, "dev でこれを行えるグループはありません");
}

#[test]
fn a_freeze_says_until_when_and_why() {
    let aiko = person("aiko", &["engineers"]);
    let dev: EnvironmentName = "dev".parse().unwrap();
    let engineers = ["engineers".to_owned()];
    let until = "2027-01-04T09:00:00+09:00".parse().unwrap();
    let frozen = Grounds { frozen: Some(Frozen { until, why: "New Year {until}" }), ..grounds(&dev, &engineers, &[]) };
    let verdict = Policy::built_in().decide(&aiko, Deed::Request, &frozen);
    assert!(!verdict.allowed);
    let said: Vec<_> =
        verdict.reasons.iter().map(|why| (why.rule.as_str(), why.en.as_str(), why.ja.as_str())).collect();
    assert_eq!(
        said,
        [(
            "freeze",
            "dev is frozen until 2027-01-04 00:00 UTC: New Year {until}",
            "dev は 2027-01-04 00:00 UTC まで変更凍結中です (New Year {until})"
        )]
    );
}

/// What the shipped cases say of the rules, and that they say it of each rule, both ways where a rule can be reached from both sides.
#[test]
fn the_shipped_cases_hold_and_name_every_rule() {
    let policy = Policy::built_in();
    let now = "2026-11-20T09:00:00Z".parse().unwrap();
    let mut outcomes = Vec::new();
    for (file, text) in cases::SHIPPED {
        outcomes.extend(policy.try_cases(file, text, &|_| cases::World::default(), now).unwrap());
    }
    let failed: Vec<String> = outcomes.iter().filter(|outcome| !outcome.ok).map(ToString::to_string).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(outcomes.len() >= 40, "{} cases", outcomes.len());
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/policies/tests")).unwrap();
    assert_eq!(files.count(), cases::SHIPPED.len(), "every file of policies/tests is built in");
    for rule in policy.rules.policies() {
        let id = rule.id().to_string();
        let named = outcomes.iter().filter(|outcome| outcome.because.contains(&id)).count();
        assert!(named > 0, "no case is decided by {id}");
    }
    // A case that expects something else fails, and one that is asked of nobody does.
    let wrong = cases::SHIPPED[0].1.replace("expect = \"allow\"", "expect = \"deny\"").replacen(
        "as = \"guest\"",
        "as = \"x\"",
        1,
    );
    let outcomes = policy.try_cases("wrong.toml", &wrong, &|_| cases::World::default(), now).unwrap();
    let text = outcomes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!("cases_that_fail", text);
    let broken =
        policy.try_cases("broken.toml", "[[case]]\nname = 3\n", &|_| cases::World::default(), now).unwrap_err();
    assert!(broken.starts_with("broken.toml: ") && broken.contains("line 2"), "{broken}");
}

#[test]
fn what_is_wrong_with_the_operators_rules_is_said_at_once_with_its_place() {
    let files = [
        (
            "rules/a.cedar",
            "@id(\"four-eyes\")\n@reason(\"so\")\npermit (principal, action, resource);\n\n\
             @id(\"no-reason\")\nforbid (principal, action == Action::\"aprove\", resource);\n\n\
             @reason(\"no name\")\nforbid (principal, action, resource) when { principal.nmae == \"x\" };\n",
        ),
        (
            "rules/b.cedar",
            "// 日本語\n@id(\"typo\") @reason(\"so\")\nforbid (principal, action == Action::\"start\", resource)\n\
             when { context.aprovals < 2 };\n\
             @id(\"twice\") @reason(\"so\") permit (principal, action, resource);\n\
             @id(\"twice\") @reason(\"so\") permit (principal, action, resource);\n\
             @id(\"template\") @reason(\"so\") permit (principal == ?principal, action, resource);\n",
        ),
        ("rules/c.cedar", "@id(\"c\")\npermit (principal, action, resource\n"),
        (
            "rules/d.cedar",
            "@id(\"never\") @reason(\"so\")\nforbid (principal, action == Action::\"read\", resource)\n\
             when { resource.environment.frozen && false };\n@id(\"no-rule\") @reason(\"so\")\nforbid (principal, action, resource);\n",
        ),
    ];
    let files: Vec<(String, String)> =
        files.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect();
    let broken = Policy::with(&files).unwrap_err();
    let said: Vec<String> = broken.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!("broken_rules", said.join("\n\n"));
}

#[test]
fn an_operators_rules_forbid_more_and_permit_more_but_never_what_is_forbidden() {
    let own = |text: &str| {
        Policy::with(&[("rules/own.cedar".to_owned(), text.to_owned())]).unwrap_or_else(|e| panic!("{e:?}"))
    };
    let everything = own("@id(\"all\") @reason(\"all\") permit (principal, action, resource);");
    let nothing = own("@id(\"none\") @reason(\"closed\") @reason_ja(\"閉鎖\") forbid (principal, action, resource);");
    let (aiko, ren, guest) = (person("aiko", &["engineers"]), person("ren", &["infra-leads"]), person("guest", &[]));
    let dev: EnvironmentName = "dev".parse().unwrap();
    let decide =
        |policy: &Policy, who: &Person, deed| policy.decide(who, deed, &grounds(&dev, &["engineers".to_owned()], &[]));
    assert!(decide(&everything, &guest, Deed::Request).allowed);
    let own_request = decide(&everything, &ren, approve(&ren));
    assert_eq!((own_request.allowed, own_request.reasons[0].rule.as_str()), (false, "four-eyes"));
    let closed = decide(&nothing, &aiko, Deed::Read);
    assert_eq!(
        (closed.allowed, closed.reasons[0].en.as_str(), closed.reasons[0].ja.as_str()),
        (false, "closed", "閉鎖")
    );
    // What cannot be decided is refused, whatever else would permit it.
    let overflows = own("@id(\"sum\") @reason(\"sum\") permit (principal, action == Action::\"approve\", resource)\n\
                         when { context.approvals * 9223372036854775807 * 4 >= 0 };");
    let mut approving = Approving::anything(&aiko);
    approving.approvals = 2;
    let undecided = decide(&overflows, &ren, Deed::Approve(approving));
    assert_eq!((undecided.allowed, undecided.reasons[0].rule.as_str()), (false, "undecided"));
}

#[test]
fn the_digest_is_of_what_the_rules_say_not_of_where_they_lie() {
    let text = "@id(\"all\") @reason(\"all\") permit (principal, action, resource);";
    let digest = |file: &str, text: &str| Policy::with(&[(file.to_owned(), text.to_owned())]).unwrap().digest().clone();
    assert_eq!(digest("rules/a.cedar", text), digest("/etc/genkan/rules/a.cedar", text));
    assert_ne!(digest("rules/a.cedar", text), *Policy::built_in().digest());
    assert_ne!(digest("rules/a.cedar", text), digest("rules/a.cedar", &text.replace("permit", "forbid")));
    assert_ne!(digest("rules/a.cedar", text), digest("rules/a.cedar", &format!("{text}\n// a comment")));
}

#[test]
fn every_rule_is_valid_says_why_and_has_a_file_of_its_own() {
    let (rules, ..) = rules::load(&[]).unwrap();
    assert_eq!(rules.policies().count(), rules::FILES.len());
    for rule in rules.policies() {
        let dev = "dev".parse().unwrap();
        let reason = rules::reason(rule, &grounds(&dev, &[], &[])).unwrap_or_else(|| panic!("{} says why", rule.id()));
        assert!(reason.en.len() > 10 && reason.en.is_ascii(), "{reason:?}");
        assert!(reason.ja.chars().count() > 5 && !reason.ja.is_ascii(), "{reason:?}");
    }
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/policies/authz")).unwrap();
    let cedar = files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|end| end == "cedar"));
    assert_eq!(cedar.count(), rules::FILES.len(), "every file of policies/authz is built in");
}

#[test]
fn the_table_of_rules_in_the_docs_is_current() {
    let docs = include_str!("../../docs/policy.md");
    let shown: Vec<&str> = docs.lines().filter(|line| line.starts_with("| `")).collect();
    let rules = rules::load(&[]).unwrap().0;
    let row = |(file, _): &(&str, &str)| {
        let id = file.trim_end_matches(".cedar");
        let rule =
            rules.policy(&cedar_policy::PolicyId::new(id)).unwrap_or_else(|| panic!("{file} holds the rule {id}"));
        format!("| `{id}` | {} | {} |", rule.effect(), rule.annotation("reason").unwrap())
    };
    let should: Vec<String> = rules::FILES.iter().map(row).collect();
    assert_eq!(shown, should, "docs/policy.md");
}
