//! Random questions: Cedar and the oracle agree on each.

use std::collections::BTreeSet;

use genkan::model::{EnvironmentName, Person};
use genkan::policy::{Act, Asked, Policy, Risk, Surroundings};

use crate::oracle::{Plain, allows};

const PEOPLE: [&str; 4] = ["aiko", "ren", "mio", "guest"];
const GROUPS: [&str; 3] = ["engineers", "leads", "managers"];

/// How many questions are asked: without optimisation each takes a millisecond. `GENKAN_RANDOM` asks more; `.ci/run` asks 100,000.
const QUESTIONS: u32 = 2_000;

/// Numbers that look random and are the same each time (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).expect("small")
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn some<T: Copy + Ord>(&mut self, all: &[T]) -> BTreeSet<T> {
        all.iter().copied().filter(|_| self.one_in(2)).collect()
    }
}

fn question(dice: &mut Dice) -> (Plain, Asked, Surroundings) {
    let (act, risk) = (dice.of(&Act::ALL), dice.of(&[Risk::None, Risk::OtherAccount, Risk::DestroysData]));
    let plain = Plain {
        person: dice.of(&PEOPLE),
        groups: dice.some(&GROUPS),
        action: act.word(),
        requester: dice.of(&PEOPLE),
        may_ask: dice.some(&GROUPS),
        may_approve: dice.some(&GROUPS),
        production: dice.one_in(3),
        frozen: dice.one_in(5),
        at_risk: risk.word(),
        approved_by: dice.some(&PEOPLE),
        needed: u32::try_from(dice.below(4)).expect("small"),
        is_what_was_shown: !dice.one_in(6),
    };
    let owned = |names: &BTreeSet<&str>| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let person = |name: &str, groups| Person { name: name.to_owned(), groups, via: "--as".to_owned() };
    let asked = Asked {
        person: person(plain.person, owned(&plain.groups)),
        act,
        requester: person(plain.requester, vec![]),
        step: "step".to_owned(),
        account: None,
        risk,
        approvers: owned(&plain.approved_by).into_iter().collect(),
        needed: plain.needed,
        shown: "a".to_owned(),
        digest: if plain.is_what_was_shown { "a" } else { "b" }.to_owned(),
    };
    let now = "2026-11-20T09:00:00Z".parse().expect("a time");
    let surroundings = Surroundings {
        environment: "dev".parse::<EnvironmentName>().expect("an environment"),
        project: None,
        requesters: owned(&plain.may_ask),
        approvers: owned(&plain.may_approve),
        production: plain.production,
        frozen: plain.frozen.then(|| (now, "so".to_owned())),
        now,
    };
    (plain, asked, surroundings)
}

#[test]
fn cedar_and_the_oracle_agree() {
    let policy = Policy::built_in();
    let mut dice = Dice(20_261_120);
    let many = std::env::var("GENKAN_RANDOM").ok().and_then(|many| many.parse().ok()).unwrap_or(QUESTIONS);
    let mut allowed = 0_u32;
    for _ in 0..many {
        let (plain, asked, surroundings) = question(&mut dice);
        let verdict = policy.answer(&asked, &surroundings);
        assert_eq!(verdict.allowed, allows(&plain), "{plain:?}: {verdict:?}");
        assert!(!verdict.reasons.is_empty(), "{plain:?}");
        allowed += u32::from(verdict.allowed);
    }
    assert!(allowed > many / 10 && allowed < many * 9 / 10, "{allowed} of {many} are allowed");
}
