//! THINKING: who may do what. Cedar decides, from the rules in `policies/authz/`, one rule a file; deny by default.

mod rules;

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression,
};

use crate::model::verdict::{Reason, Verdict};
use crate::model::{EnvironmentName, Person};

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed<'a> {
    /// See plans, requests, status.
    Read,
    /// Ask for an onboarding or a teardown.
    Request,
    /// Say yes to a gated step of this person's request.
    Approve(&'a Person),
    /// Say no to it.
    Reject(&'a Person),
    /// End it.
    Cancel(&'a Person),
    /// Ask for another try.
    Retry(&'a Person),
}

/// An environment as the rules see it.
#[derive(Debug, Clone)]
pub struct Grounds<'a> {
    /// Its name.
    pub environment: &'a EnvironmentName,
    /// The groups whose members may ask; empty = everybody known.
    pub requesters: &'a [String],
    /// The groups whose members may approve.
    pub approvers: &'a [String],
}

impl<'a> Deed<'a> {
    const fn action(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Request => "request",
            Self::Approve(_) => "approve",
            Self::Reject(_) => "reject",
            Self::Cancel(_) => "cancel",
            Self::Retry(_) => "retry",
        }
    }

    const fn requester(self) -> Option<&'a Person> {
        match self {
            Self::Read | Self::Request => None,
            Self::Approve(person) | Self::Reject(person) | Self::Cancel(person) | Self::Retry(person) => Some(person),
        }
    }
}

/// Whether `person` may do `deed` on these grounds, and why. Whatever cannot be decided is refused.
pub fn decide(person: &Person, deed: Deed<'_>, grounds: &Grounds<'_>) -> Verdict {
    ask(person, deed, grounds).unwrap_or_else(|why| Verdict { allowed: false, reasons: vec![undecided(&why)] })
}

fn ask(person: &Person, deed: Deed<'_>, grounds: &Grounds<'_>) -> Result<Verdict, String> {
    static RULES: LazyLock<Result<PolicySet, String>> = LazyLock::new(rules::built_in);
    let rules = RULES.as_ref().map_err(Clone::clone)?;
    let (principal, resource) = (uid("Person", &person.name)?, uid("Environment", grounds.environment.as_str())?);
    let context = match deed.requester() {
        Some(requester) => Context::from_pairs([(
            "requester".to_owned(),
            RestrictedExpression::new_entity_uid(uid("Person", &requester.name)?),
        )])
        .map_err(said)?,
        None => Context::empty(),
    };
    let request = Request::new(principal, uid("Action", deed.action())?, resource, context, None).map_err(said)?;
    let answer = Authorizer::new().is_authorized(&request, rules, &entities(person, grounds)?);
    let allowed = answer.decision() == Decision::Allow;
    let diagnostics = answer.diagnostics();
    let mut reasons: Vec<Reason> = diagnostics
        .reason()
        .filter_map(|id| rules.policy(id).and_then(rules::reason))
        .chain(diagnostics.errors().map(|error| undecided(&error.to_string())))
        .collect();
    if reasons.is_empty() {
        reasons.push(nobody_said_yes(deed, grounds));
    }
    reasons.sort_by(|one, other| one.en.cmp(&other.en));
    Ok(Verdict { allowed, reasons })
}

/// The id of a reason that is no rule's.
const NO_RULE: &str = "no-rule";

/// The rules, or what they were asked, are broken.
fn undecided(why: &str) -> Reason {
    Reason {
        rule: NO_RULE.to_owned(),
        en: format!("the rules could not decide: {why}"),
        ja: format!("ルールでは判断できませんでした: {why}"),
    }
}

/// Nothing forbids it, but no rule permits it either.
fn nobody_said_yes(deed: Deed<'_>, grounds: &Grounds<'_>) -> Reason {
    let Grounds { environment, requesters, approvers } = grounds;
    let groups = match deed {
        Deed::Read | Deed::Request | Deed::Retry(_) => requesters,
        Deed::Approve(_) | Deed::Reject(_) | Deed::Cancel(_) => approvers,
    };
    let (en, ja) = match groups {
        [] => ("no group".to_owned(), format!("{environment} でこれを行えるグループはありません")),
        groups => {
            let ja = format!("{environment} でこれを行えるのは {} のメンバーだけです", groups.join(" または "));
            (groups.join(" or "), ja)
        }
    };
    Reason { rule: NO_RULE.to_owned(), en: format!("in {environment} this is for members of {en}"), ja }
}

fn entities(person: &Person, grounds: &Grounds<'_>) -> Result<Entities, String> {
    let groups = person.groups.iter().map(|group| uid("Group", group)).collect::<Result<HashSet<_>, _>>()?;
    let set = |groups: &[String]| -> Result<RestrictedExpression, String> {
        let members = groups.iter().map(|group| uid("Group", group).map(RestrictedExpression::new_entity_uid));
        Ok(RestrictedExpression::new_set(members.collect::<Result<Vec<_>, _>>()?))
    };
    let attributes = HashMap::from([
        ("requesters".to_owned(), set(grounds.requesters)?),
        ("approvers".to_owned(), set(grounds.approvers)?),
        ("open".to_owned(), RestrictedExpression::new_bool(grounds.requesters.is_empty())),
    ]);
    let environment = Entity::new(uid("Environment", grounds.environment.as_str())?, attributes, HashSet::new());
    let person = Entity::new(uid("Person", &person.name)?, HashMap::new(), groups);
    Entities::from_entities([environment.map_err(said)?, person.map_err(said)?], None).map_err(said)
}

fn uid(kind: &str, id: &str) -> Result<EntityUid, String> {
    let kind: EntityTypeName = kind.parse().map_err(said)?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str, groups: &[&str]) -> Person {
        Person {
            name: name.to_owned(),
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
            via: "test".to_owned(),
        }
    }

    fn may(person: &Person, deed: Deed<'_>, requesters: &[&str]) -> Verdict {
        let environment: EnvironmentName = "dev".parse().unwrap();
        let requesters: Vec<String> = requesters.iter().map(|&group| group.to_owned()).collect();
        let approvers = ["infra-leads".to_owned()];
        decide(person, deed, &Grounds { environment: &environment, requesters: &requesters, approvers: &approvers })
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
            (&ren, Deed::Approve(&aiko), &["engineers"], true),
            (&ren, Deed::Approve(&ren), &["engineers"], false),
            (&aiko, Deed::Approve(&aiko), &["engineers"], false),
            (&aiko, Deed::Approve(&ren), &["engineers"], false),
            (&guest, Deed::Approve(&aiko), &[], false),
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
        let said =
            |verdict: Verdict| verdict.reasons.into_iter().map(|why| (why.rule, why.en, why.ja)).collect::<Vec<_>>();
        let reason = |rule: &str, en: &str, ja: &str| vec![(rule.to_owned(), en.to_owned(), ja.to_owned())];
        assert_eq!(
            said(may(&ren, Deed::Approve(&ren), &[])),
            reason(
                "four-eyes",
                "nobody approves their own request; somebody else has to",
                "自分の申請は自分では承認できません。ほかの人の承認が必要です"
            )
        );
        let guest = person("guest", &[]);
        assert_eq!(
            said(may(&guest, Deed::Approve(&ren), &[])),
            reason(
                "no-rule",
                "in dev this is for members of infra-leads",
                "dev でこれを行えるのは infra-leads のメンバーだけです"
            )
        );
        let nobody = Grounds { environment: &"dev".parse().unwrap(), requesters: &[], approvers: &[] };
        let refused = said(decide(&guest, Deed::Approve(&ren), &nobody));
        assert_eq!(refused[0].2, "dev でこれを行えるグループはありません");
    }
}
