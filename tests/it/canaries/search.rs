//! The searcher: every run of twelve characters of a secret, in every encoding, in whatever was left behind.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::io::Read;

use flate2::read::{GzDecoder, ZlibDecoder};
use regex::bytes::{Captures, Regex};

use super::forms::Form;

/// How many characters of a secret in a row are a leak.
const RUN: usize = 12;

/// A secret and what it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Canary {
    pub kind: &'static str,
    pub value: String,
}

/// Something that was left behind.
pub struct Surface {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// A secret that was found.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    pub kind: &'static str,
    pub form: &'static str,
    pub surface: String,
    around: String,
}

impl fmt::Debug for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} as {} in {}: …{}…", self.kind, self.form, self.surface, self.around)
    }
}

impl Surface {
    pub fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), bytes: bytes.into() }
    }
}

/// What is searched for: runs, each with what it is of.
pub struct Searcher {
    /// By the first two bytes, how long the runs are that begin so: most places in a text begin none.
    lengths: Vec<Vec<usize>>,
    runs: HashMap<Vec<u8>, (&'static str, &'static str)>,
    records: Regex,
    escapes: Regex,
    percents: Regex,
}

impl Searcher {
    pub fn new<'a>(canaries: impl IntoIterator<Item = &'a Canary>) -> Self {
        let mut searcher = Self {
            lengths: vec![Vec::new(); 1 << 16],
            runs: HashMap::new(),
            // The end of a line and the beginning of the next: in text the time, the level and the place, in JSON all up to the words.
            records: Regex::new(
                r#"(?-u)(?:"\}[^\n]*)?\r?\n(?:(?:\x1b\[[0-9;]*m)*\d{4}-\d\d-\d\dT\S+ +[A-Z]+ +\S+: |\{"timestamp"[^\n]*?"message":")?"#,
            )
            .expect("a pattern"),
            escapes: Regex::new(r"(?-u)\\u00([0-9a-fA-F]{2})").expect("a pattern"),
            percents: Regex::new(r"(?-u)%([0-9a-fA-F]{2})").expect("a pattern"),
        };
        for canary in canaries {
            searcher.add(canary);
        }
        searcher
    }

    /// Where anything was found, each kind and form once a surface.
    pub fn search(&self, surface: &Surface) -> BTreeSet<Hit> {
        let mut hits = BTreeSet::new();
        self.look(&surface.bytes, None, &surface.name, &mut hits);
        let byte = |found: &Captures<'_>| {
            let digits = str::from_utf8(&found[1]).expect("two digits");
            vec![u8::from_str_radix(digits, 16).expect("two digits")]
        };
        let without_breaks = self.records.replace_all(&surface.bytes, &b""[..]);
        let unescaped = self.escapes.replace_all(&surface.bytes, byte);
        let decoded = self.percents.replace_all(&surface.bytes, byte);
        for (changed, form) in [(without_breaks, "split"), (unescaped, "escaped"), (decoded, "percent")] {
            if let Cow::Owned(changed) = changed {
                self.look(&changed, Some(form), &surface.name, &mut hits);
            }
        }
        for (at, two) in surface.bytes.windows(2).enumerate() {
            let rest = &surface.bytes[at..];
            let inflated = match two {
                [0x1f, 0x8b] => inflated(GzDecoder::new(rest)),
                [0x78, 0x01 | 0x5e | 0x9c | 0xda] => inflated(ZlibDecoder::new(rest)),
                _ => continue,
            };
            self.look(&inflated, Some("packed"), &surface.name, &mut hits);
        }
        hits
    }

    fn add(&mut self, canary: &Canary) {
        let Canary { kind, value } = canary;
        assert!(value.len() >= RUN, "{kind} is too short to be searched for");
        let reversed: String = value.chars().rev().collect();
        for (secret, name) in [(value, "raw"), (&reversed, "reversed")] {
            for run in secret.as_bytes().windows(RUN) {
                self.run(run.to_vec(), kind, name);
            }
        }
        for run in value.as_bytes().windows(RUN) {
            let text = String::from_utf8_lossy(run);
            for form in [Form::HexLower, Form::HexUpper, Form::Percent, Form::JsonEscaped, Form::Utf16] {
                self.run(form.of(&text), kind, "encoded");
            }
            self.run(Form::Bytes.of(&text)[1..].strip_suffix(b"]").expect("a list").to_vec(), kind, "bytes");
            let list: Vec<String> = run.iter().map(u8::to_string).collect();
            self.run(list.join(",").into_bytes(), kind, "bytes");
        }
        for before in 0..3 {
            for form in [Form::Base64(before), Form::Base64Url(before)] {
                let whole = form.of(value);
                // Without what its surroundings have a part in: the last group, and the first where something stands before.
                let (from, to) = (if before == 0 { 0 } else { 4 }, (before + value.len()) / 3 * 4);
                for run in whole[from..to.min(whole.len())].windows(16) {
                    self.run(run.to_vec(), kind, "base64");
                }
            }
        }
        // A value with quotes in it, as quotes are written within quotes.
        let quoted = format!("{value:?}");
        for run in quoted.trim_matches('"').as_bytes().windows(RUN) {
            self.run(run.to_vec(), kind, "quoted");
        }
    }

    fn run(&mut self, run: Vec<u8>, kind: &'static str, form: &'static str) {
        let lengths = &mut self.lengths[begin(&run)];
        if !lengths.contains(&run.len()) {
            lengths.push(run.len());
        }
        self.runs.entry(run).or_insert((kind, form));
    }

    fn look(&self, bytes: &[u8], form: Option<&'static str>, surface: &str, hits: &mut BTreeSet<Hit>) {
        let mut seen = BTreeSet::new();
        for (at, two) in bytes.windows(2).enumerate() {
            for length in &self.lengths[begin(two)] {
                let run = bytes.get(at..at + length).and_then(|run| self.runs.get(run));
                let Some((kind, encoded)) = run else { continue };
                let form = form.unwrap_or(encoded);
                if seen.insert((*kind, form)) {
                    let around = &bytes[at.saturating_sub(160)..(at + length + 80).min(bytes.len())];
                    let around = String::from_utf8_lossy(around).into_owned();
                    hits.insert(Hit { kind, form, surface: surface.to_owned(), around });
                }
            }
        }
    }
}

/// The first two bytes as a number.
fn begin(bytes: &[u8]) -> usize {
    usize::from(u16::from_be_bytes([bytes[0], bytes[1]]))
}

/// What comes out, as far as it goes.
fn inflated(mut packed: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = packed.by_ref().take(16 * 1024 * 1024).read_to_end(&mut bytes);
    bytes
}

/// The searcher finds nothing anywhere.
pub fn none(searcher: &Searcher, surfaces: &[Surface]) {
    let hits: Vec<Hit> = surfaces.iter().flat_map(|surface| searcher.search(surface)).collect();
    assert!(hits.is_empty(), "{} leaks:\n{hits:#?}", hits.len());
}
