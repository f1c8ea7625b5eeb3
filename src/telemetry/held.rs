//! The secrets that this process holds, known by their fingerprints: they are found in a text without being kept to be found.
//!
//! A secret is cut into windows of 16 bytes, in every encoding in which a log or an error may show it; of each window a 64-bit
//! SipHash under a key of this process is kept, and nothing else. So also a part of a secret is found, once it is that long.

use std::borrow::Cow;
use std::collections::hash_map::RandomState;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;
use std::sync::{LazyLock, PoisonError, RwLock};

use zeroize::Zeroizing;

use super::encodings::shown;
use super::shapes::CUT;

/// How long the pieces are that a secret is known by.
const WINDOW: usize = 16;

/// What is shorter is in too many innocent texts, and is not looked for.
pub(super) const SHORTEST: usize = 8;

/// Of what is longer than this only every eighth piece is kept; a part is found when it is seven bytes longer.
const LONG: usize = 64;
const STRIDE: usize = 8;

/// How many secrets that pass (sessions, interactions) are remembered; the oldest is forgotten first.
const PASSING: usize = 1024;

/// How long a secret is of interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasts {
    /// As long as the process.
    Always,
    /// For minutes: a session's keys, an interaction's token.
    Passing,
}

#[derive(Default)]
struct Held {
    key: RandomState,
    /// Each window's fingerprint, and how many secrets have it.
    windows: HashMap<u64, u32>,
    /// How long windows are: shorter ones are whole secrets.
    lengths: Vec<usize>,
    /// The secrets that are known, by the fingerprint of the whole.
    whole: HashMap<u64, Lasts>,
    passing: VecDeque<(u64, Vec<u64>)>,
}

static HELD: LazyLock<RwLock<Held>> = LazyLock::new(RwLock::default);

/// From now on this value is cut out of whatever this process logs, prints or keeps of an error. What is shorter than 8 bytes is
/// not looked for. The value itself is not kept.
pub fn hold(secret: &str, lasts: Lasts) {
    if secret.len() < SHORTEST {
        return;
    }
    let key = HELD.read().unwrap_or_else(PoisonError::into_inner).key.clone();
    let whole = key.hash_one(secret.as_bytes());
    let forms: Vec<Zeroizing<String>> = shown(secret);
    let mut lengths: Vec<usize> = forms.iter().map(|form| form.len().min(WINDOW)).collect();
    let mut windows: Vec<u64> = forms.iter().flat_map(|form| pieces(form.as_bytes(), &key)).collect();
    windows.sort_unstable();
    windows.dedup();
    lengths.sort_unstable();
    lengths.dedup();
    HELD.write().unwrap_or_else(PoisonError::into_inner).add(whole, windows, &lengths, lasts);
}

/// The text without any of the secrets that are held, in any encoding of theirs.
pub(super) fn cut(text: &str) -> Cow<'_, str> {
    let held = HELD.read().unwrap_or_else(PoisonError::into_inner);
    let found = held.found(text.as_bytes());
    drop(held);
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    let (mut left, mut at) = (String::with_capacity(text.len()), 0);
    for (from, to) in found {
        let from = (0..=from).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0).max(at);
        let to = (to..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        left.push_str(&text[at..from]);
        left.push_str(CUT);
        at = to;
    }
    left.push_str(&text[at..]);
    Cow::Owned(left)
}

/// The fingerprints of a form's windows.
fn pieces<'a>(form: &'a [u8], key: &'a RandomState) -> impl Iterator<Item = u64> + 'a {
    let length = form.len().min(WINDOW);
    let stride = if form.len() > LONG { STRIDE } else { 1 };
    let last = form.len() - length;
    (0..=last).filter(move |at| at % stride == 0 || *at == last).map(move |at| key.hash_one(&form[at..at + length]))
}

impl Held {
    fn add(&mut self, whole: u64, windows: Vec<u64>, lengths: &[usize], lasts: Lasts) {
        match self.whole.get(&whole) {
            Some(Lasts::Always) => return,
            Some(Lasts::Passing) => self.forget(whole),
            None => {}
        }
        for window in &windows {
            *self.windows.entry(*window).or_default() += 1;
        }
        self.lengths.extend(lengths);
        self.lengths.sort_unstable();
        self.lengths.dedup();
        self.whole.insert(whole, lasts);
        if lasts == Lasts::Passing {
            self.passing.push_back((whole, windows));
            while self.passing.len() > PASSING {
                let Some((oldest, _)) = self.passing.front() else { break };
                self.forget(*oldest);
            }
        }
    }

    fn forget(&mut self, secret: u64) {
        self.whole.remove(&secret);
        let Some(at) = self.passing.iter().position(|(whole, _)| *whole == secret) else { return };
        let (_, windows) = self.passing.remove(at).unwrap_or_default();
        for window in windows {
            if let Some(count) = self.windows.get_mut(&window) {
                *count -= 1;
                if *count == 0 {
                    self.windows.remove(&window);
                }
            }
        }
    }

    /// Where secrets are, from and to, in order and apart.
    fn found(&self, text: &[u8]) -> Vec<(usize, usize)> {
        let mut found: Vec<(usize, usize)> = Vec::new();
        for length in &self.lengths {
            for (at, window) in text.windows(*length).enumerate() {
                if self.windows.contains_key(&self.key.hash_one(window)) {
                    found.push(widened(text, at, at + length));
                }
            }
        }
        found.sort_unstable();
        let mut apart: Vec<(usize, usize)> = Vec::new();
        for (from, to) in found {
            match apart.last_mut() {
                Some((_, end)) if from <= *end => *end = to.max(*end),
                _ => apart.push((from, to)),
            }
        }
        apart
    }
}

/// With what belongs to it at either side and is between two windows that were kept.
fn widened(text: &[u8], from: usize, to: usize) -> (usize, usize) {
    let of_a_secret = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+/_-".contains(byte);
    let before = text[..from].iter().rev().take(STRIDE - 1).take_while(of_a_secret).count();
    let after = text[to..].iter().take(STRIDE - 1).take_while(of_a_secret).count();
    (from - before, to + after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_cut_in_any_encoding_whole_and_in_part_and_the_rest_stays() {
        let secret = "tH1s-is/held:by\"the+process é=";
        hold(secret, Lasts::Always);
        for form in shown(secret) {
            let text = format!("日本 before ({}) after 日本", *form);
            assert_eq!(cut(&text), format!("日本 before ({CUT}) after 日本").replace("()", ""), "{text}");
        }
        let text = format!("a={} b={}", &secret[..17], &secret[13..]);
        assert!(!cut(&text).contains("is/held") && cut(&text).contains(" b="), "{}", cut(&text));
        let innocent = "this is held by the process, and is no secret: tH1s-is/held";
        assert_eq!(cut(innocent), innocent);
    }

    #[test]
    fn a_long_one_is_cut_to_its_ends() {
        let secret: String =
            (0..300_u32).map(|n| char::from(b'a' + u8::try_from(n * n % 23).expect("small"))).collect();
        hold(&secret, Lasts::Passing);
        assert_eq!(cut(&format!("<{secret}>")), format!("<{CUT}>"));
        assert_eq!(cut(&format!("<{}>", &secret[5..120])), format!("<{CUT}>"), "a part");
    }

    #[test]
    fn what_is_short_is_left_and_what_is_just_long_enough_is_cut() {
        hold("sh0rt-7", Lasts::Always);
        hold("l0ng-en8", Lasts::Always);
        assert_eq!(cut("sh0rt-7 l0ng-en8"), format!("sh0rt-7 {CUT}"));
    }

    #[test]
    fn of_those_that_pass_the_oldest_are_forgotten_and_nothing_is_left_of_them() {
        let mut held = Held::default();
        let window = |n: u64| vec![n / 2, 1_000_000];
        for secret in 0..3000_u64 {
            held.add(secret, window(secret), &[WINDOW], Lasts::Passing);
            held.add(secret, window(secret), &[WINDOW], Lasts::Passing);
        }
        assert_eq!((held.passing.len(), held.whole.len()), (PASSING, PASSING));
        assert_eq!(held.windows.len(), PASSING / 2 + 1, "and the one that all have");
        held.add(7, window(7), &[WINDOW], Lasts::Always);
        for secret in 3000..5000 {
            held.add(secret, window(secret), &[WINDOW], Lasts::Passing);
        }
        assert!(held.windows.contains_key(&3), "what lasts is not forgotten");
    }
}
