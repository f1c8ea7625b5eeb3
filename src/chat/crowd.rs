//! How much one person may ask: so that somebody who presses on and on, or a script in their name, keeps nobody else waiting.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::model::Snowflake;

/// Above how many people those who have not asked for long are forgotten.
const REMEMBERED: usize = 1000;

/// Everybody who asks. Nobody can press faster than these numbers for long; together they keep one person from taking more than a
/// part of what is handled at once (256).
pub(super) struct Crowd {
    /// Things to be done: each may take minutes, as long as AWS does.
    pub(super) asks: Line,
    /// Answers that it is too much: one call each.
    pub(super) told: Line,
    /// What could be typed next: one question at each key.
    pub(super) typing: Line,
}

impl Default for Crowd {
    fn default() -> Self {
        Self { asks: Line::new(2, 30, 12), told: Line::new(100, 200, 64), typing: Line::new(10, 40, 8) }
    }
}

/// One sort of asking.
pub(super) struct Line {
    pace: DefaultKeyedRateLimiter<Snowflake>,
    at_once: usize,
    under_way: Mutex<HashMap<Snowflake, usize>>,
}

/// Somebody's turn in a line, until it is dropped.
pub(super) struct Place<'l> {
    line: &'l Line,
    user: Snowflake,
}

impl Line {
    /// So many a second in the long run, so many in a hurry, so many at the same time: of each person.
    fn new(a_second: u32, burst: u32, at_once: usize) -> Self {
        let positive = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(positive(a_second)).allow_burst(positive(burst));
        Self { pace: RateLimiter::keyed(quota), at_once, under_way: Mutex::default() }
    }

    /// This person's turn; none where they have asked too much, or too much of theirs is under way.
    pub(super) fn enter(&self, user: &Snowflake) -> Option<Place<'_>> {
        let mut under_way = self.lock();
        let theirs = under_way.get(user).copied().unwrap_or_default();
        if theirs >= self.at_once || self.pace.check_key(user).is_err() {
            return None;
        }
        if self.pace.len() > REMEMBERED {
            self.pace.retain_recent();
        }
        under_way.insert(user.clone(), theirs + 1);
        Some(Place { line: self, user: user.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Snowflake, usize>> {
        // Each change is one call: what a panic left is whole.
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut under_way = self.line.lock();
        match under_way.get_mut(&self.user) {
            Some(theirs) if *theirs > 1 => *theirs -= 1,
            _ => drop(under_way.remove(&self.user)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(n: u64) -> Snowflake {
        (118_000_000_000_000_000 + n).to_string().parse().expect("an id")
    }

    #[test]
    fn so_many_at_once_of_each_person_and_a_place_is_free_when_its_turn_is_over() {
        let line = Line::new(1000, 1000, 2);
        let (first, second) = (line.enter(&user(1)).expect("a place"), line.enter(&user(1)).expect("a place"));
        assert!(line.enter(&user(1)).is_none());
        assert!(line.enter(&user(2)).is_some(), "others are not kept waiting");
        drop(first);
        assert!(line.enter(&user(1)).is_some());
        drop(second);
        assert!(line.lock().is_empty(), "who has nothing under way is not kept");
    }

    #[test]
    fn so_many_in_a_hurry_of_each_person() {
        let line = Line::new(1, 5, 100);
        let of = |user: &Snowflake| (0..50).filter(|_| line.enter(user).is_some()).count();
        assert_eq!((of(&user(1)), of(&user(2))), (5, 5));
    }
}
