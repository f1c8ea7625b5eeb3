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
    Grounds { environment, project: None, requesters, approvers, production: false, frozen: false, now }
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
fn every_rule_is_valid_says_why_and_has_a_file_of_its_own() {
    let (rules, ..) = rules::load(&[]).unwrap();
    assert_eq!(rules.policies().count(), rules::FILES.len());
    for rule in rules.policies() {
        let reason = rules::reason(rule).unwrap_or_else(|| panic!("{} says why", rule.id()));
        assert!(reason.en.len() > 10 && reason.en.is_ascii(), "{reason:?}");
        assert!(reason.ja.chars().count() > 5 && !reason.ja.is_ascii(), "{reason:?}");
    }
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/policies/authz")).unwrap();
    let cedar = files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|end| end == "cedar"));
    assert_eq!(cedar.count(), rules::FILES.len(), "every file of policies/authz is built in");
}
