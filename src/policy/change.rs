//! What would change a verdict: the question is asked again with one thing otherwise, then with two, then with three.

use super::{Act, Asked, Policy, Risk, Surroundings};
use crate::model::verdict::Verdict;

/// At most so many approvals are tried.
const APPROVALS: u32 = 5;

/// At most so many things are changed at once: more is not a hint but another question.
const AT_ONCE: usize = 3;

/// Something that could be otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Otherwise {
    /// The freeze is over.
    Thawed,
    /// The person is in this group too.
    Member(String),
    /// Somebody else made the request.
    AnothersRequest,
    /// What was shown is what is there now.
    SameDigest,
    /// Who asked is not among the approvers.
    WithoutRequester,
    /// As many more have approved.
    MoreApprovals(u32),
}

impl Policy {
    /// What it would take for what is refused to be allowed: each entry is enough by itself, and none is longer than it has to be.
    /// Empty where it is allowed already, or where nothing that is tried helps.
    pub fn what_would_allow(&self, asked: &Asked, surroundings: &Surroundings) -> Vec<String> {
        if self.answer(asked, surroundings).allowed {
            return vec![];
        }
        let all = possible(asked, surroundings);
        for at_once in 1..=AT_ONCE {
            let mut enough: Vec<Vec<&Otherwise>> = combinations(&all, at_once);
            enough.retain(|changes| self.otherwise(asked, surroundings, changes).allowed);
            // Of several numbers of approvals the smallest says it all.
            let approvals = |changes: &[&Otherwise]| changes.iter().find_map(|change| change.approvals());
            if let Some(fewest) = enough.iter().filter_map(|changes| approvals(changes)).min() {
                enough.retain(|changes| approvals(changes).is_none_or(|more| more == fewest));
            }
            if !enough.is_empty() {
                let said = |changes: Vec<&Otherwise>| {
                    let parts: Vec<String> = changes.iter().map(|change| change.said(asked, surroundings)).collect();
                    parts.join(", and ")
                };
                return enough.into_iter().map(said).collect();
            }
        }
        vec![]
    }

    fn otherwise(&self, asked: &Asked, surroundings: &Surroundings, changes: &[&Otherwise]) -> Verdict {
        let (mut asked, mut surroundings) = (asked.clone(), surroundings.clone());
        for change in changes {
            change.make(&mut asked, &mut surroundings);
        }
        self.answer(&asked, &surroundings)
    }
}

/// What could be otherwise at all.
fn possible(asked: &Asked, surroundings: &Surroundings) -> Vec<Otherwise> {
    let mut all = Vec::new();
    if surroundings.frozen.is_some() {
        all.push(Otherwise::Thawed);
    }
    let mut groups: Vec<&String> = surroundings.approvers.iter().chain(&surroundings.requesters).collect();
    groups.dedup();
    groups.retain(|group| !asked.person.groups.contains(group));
    let mut met = Vec::new();
    for group in groups {
        if !met.contains(&group) {
            met.push(group);
            all.push(Otherwise::Member(group.clone()));
        }
    }
    if asked.act.is_about_a_request() && asked.requester.name == asked.person.name {
        all.push(Otherwise::AnothersRequest);
    }
    if asked.act.is_about_a_step() && asked.shown != asked.digest {
        all.push(Otherwise::SameDigest);
    }
    if asked.act == Act::Start {
        if asked.approvers.contains(&asked.person.name) {
            all.push(Otherwise::WithoutRequester);
        }
        if asked.risk != Risk::None {
            all.extend((1..=APPROVALS).map(Otherwise::MoreApprovals));
        }
    }
    all
}

/// Every choice of that many, in order.
fn combinations(all: &[Otherwise], many: usize) -> Vec<Vec<&Otherwise>> {
    if many == 0 {
        return vec![vec![]];
    }
    let from = |at: usize| combinations(&all[at + 1..], many - 1).into_iter().map(move |rest| (at, rest));
    (0..all.len()).flat_map(from).map(|(at, rest)| std::iter::once(&all[at]).chain(rest).collect()).collect()
}

impl Otherwise {
    const fn approvals(&self) -> Option<u32> {
        match self {
            Self::MoreApprovals(more) => Some(*more),
            _ => None,
        }
    }

    fn make(&self, asked: &mut Asked, surroundings: &mut Surroundings) {
        match self {
            Self::Thawed => surroundings.frozen = None,
            Self::Member(group) => asked.person.groups.push(group.clone()),
            Self::AnothersRequest => asked.requester.name = format!("not-{}", asked.person.name),
            Self::SameDigest => asked.shown.clone_from(&asked.digest),
            Self::WithoutRequester => drop(asked.approvers.remove(&asked.person.name)),
            Self::MoreApprovals(more) => asked.approvers.extend((1..=*more).map(|number| format!("approver {number}"))),
        }
    }

    fn said(&self, asked: &Asked, surroundings: &Surroundings) -> String {
        let person = &asked.person.name;
        match self {
            Self::Thawed => match &surroundings.frozen {
                Some((until, _)) => format!("the freeze is over, at {}", until.strftime("%Y-%m-%d %H:%M UTC")),
                None => "no freeze holds".to_owned(),
            },
            Self::Member(group) => format!("{person} is a member of {group}"),
            Self::AnothersRequest => "somebody else asked for it".to_owned(),
            Self::SameDigest => "what was shown is what is there now: it is shown again".to_owned(),
            Self::WithoutRequester => format!("{person}, who asked, is not counted as an approver"),
            Self::MoreApprovals(1) => "one more approver has approved it".to_owned(),
            Self::MoreApprovals(more) => format!("{more} more approvers have approved it"),
        }
    }
}
