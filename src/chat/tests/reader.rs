//! Reads markdown as Discord does, as far as a text from outside could mean something: what is plain text, and what is not.
//! Stricter than Discord: a character that could be markup and is not escaped counts as markup, closed or not.

use std::sync::LazyLock;

use regex::Regex;

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Shown as it stands.
    Text(String),
    /// Shown as it stands, as code.
    Code(String),
    /// A link with a text of its own, and where it leads.
    Link(String, String),
    /// It means something: a mention, a time, an emoji, an address, bold, a heading, a list, a quote …
    Markup(String),
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern")
}

static ANGLE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^<(?:@[!&]?\d+|#\d+|t:-?\d+(?::[a-zA-Z])?|a?:\w+:\d+|/[^>]+:\d+|id:\w+|[a-z]+://[^>]*)>")
});
static LINK: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\[([^\]]*)\]\(([a-z]+://[^)\s]+)\)"));
static START: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:#{1,3} |-# |>{1,3} |[-*+] |\d+\. )"));
static BARE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:https?|steam|discord)://\S+"));

/// The parts of a text.
pub fn read(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut at_start = true;
    while let Some(first) = rest.chars().next() {
        if at_start && let Some(found) = START.find(rest) {
            parts.push(Part::Markup(
                found.as_str().trim_end().trim_start_matches(|digit: char| digit.is_ascii_digit()).to_owned(),
            ));
            rest = &rest[found.end()..];
            at_start = false;
            continue;
        }
        // A list may be indented.
        at_start = first == '\n' || at_start && first == ' ';
        let (part, long) = match first {
            '\\' if rest[1..].starts_with(|next: char| next.is_ascii_punctuation()) => {
                (Part::Text(rest[1..2].to_owned()), 2)
            }
            '`' => code(rest),
            '<' if ANGLE.is_match(rest) => markup(&ANGLE, rest),
            '[' if LINK.is_match(rest) => {
                let found = LINK.captures(rest).expect("it matches");
                (Part::Link(found[1].to_owned(), found[2].to_owned()), found[0].len())
            }
            '@' if rest.starts_with("@everyone") || rest.starts_with("@here") => (Part::Markup("@".to_owned()), 1),
            'h' | 's' | 'd' if BARE.is_match(rest) => markup(&BARE, rest),
            '*' | '_' | '~' | '|' | '[' => (Part::Markup(first.to_string()), 1),
            other => (Part::Text(other.to_string()), other.len_utf8()),
        };
        match (parts.last_mut(), part) {
            (Some(Part::Text(before)), Part::Text(more)) => before.push_str(&more),
            (_, part) => parts.push(part),
        }
        rest = &rest[long..];
    }
    parts
}

fn markup(pattern: &Regex, rest: &str) -> (Part, usize) {
    let found = pattern.find(rest).expect("it matches").as_str();
    (Part::Markup(found.to_owned()), found.len())
}

/// A code span or block: up to a run of backticks as long as the one that it begins with.
fn code(rest: &str) -> (Part, usize) {
    let long = rest.len() - rest.trim_start_matches('`').len();
    let mut from = long;
    while let Some(found) = rest[from..].find('`') {
        let run = rest[from + found..].len() - rest[from + found..].trim_start_matches('`').len();
        if run == long {
            let inside = rest[long..from + found].to_owned();
            let inside =
                inside.strip_prefix(' ').filter(|inside| inside.starts_with('`')).unwrap_or(&inside).to_owned();
            let inside = inside.strip_suffix(' ').filter(|inside| inside.ends_with('`')).unwrap_or(&inside).to_owned();
            return (Part::Code(inside), from + found + run);
        }
        from += found + run;
    }
    (Part::Markup("`".repeat(long)), long)
}

/// What of it means something, in order, and where there is code: what may not depend on a text from outside.
pub fn skeleton(text: &str) -> Vec<String> {
    let parts = read(text).into_iter().filter_map(|part| match part {
        Part::Text(_) => None,
        Part::Code(_) => Some("code".to_owned()),
        Part::Link(label, to) => Some(format!("[{label}]({to})")),
        Part::Markup(markup) => Some(markup),
    });
    parts.collect()
}

/// Everything that is shown as it stands, part by part.
pub fn shown(text: &str) -> Vec<String> {
    let parts = read(text).into_iter().filter_map(|part| match part {
        Part::Text(text) | Part::Code(text) => Some(text),
        Part::Link(..) | Part::Markup(_) => None,
    });
    parts.collect()
}

#[test]
fn the_reader_sees_what_means_something() {
    for (text, seen) in [
        ("plain", vec![]),
        ("**bold**", vec!["*"; 4]),
        ("<@1> <@&2> <#3> <t:4:R> </cmd:5>", vec!["<@1>", "<@&2>", "<#3>", "<t:4:R>", "</cmd:5>"]),
        ("@everyone", vec!["@"]),
        ("\\@everyone \\<@1>", vec![]),
        ("[a](https://b.example)", vec!["[a](https://b.example)"]),
        ("\\[a\\](https\\://b.example)", vec![]),
        ("see https://b.example", vec!["https://b.example"]),
        ("# a\n> b\n- c\n1. d\n-# e", vec!["#", ">", "-", ".", "-#"]),
        ("`a` ``b`c`` ```\nd\n```", vec!["code"; 3]),
        ("`a", vec!["`"]),
    ] {
        assert_eq!(skeleton(text), seen, "{text}");
    }
    assert_eq!(shown("`a` \\*b `` c` ``"), ["a", " *b ", " c`"]);
}
