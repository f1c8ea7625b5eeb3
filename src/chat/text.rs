//! Text from outside, made safe to be shown in Discord: no markdown, no mention, nothing invisible, never too long.
//!
//! What Discord makes of text: its help page "Markdown Text 101", and the reference's "Message Formatting". A backslash before
//! any character that is neither a letter, a digit nor white space shows that character as it is.

use minijinja::Value;

use crate::telemetry::redact;

/// The longest that a value is that is filled into a sentence, in Discord's count, escapes included.
pub const LONGEST: usize = 240;
/// What stands for something that cannot be shown, or must not be.
const HIDDEN: char = '\u{FFFD}';
const CUT: char = '…';

/// How long Discord takes a text for. Its clients count UTF-16 units, its API characters: the larger of both, so that the text
/// fits either way.
pub fn width(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The text on one line, with what cannot be seen made visible: controls (ANSI escapes too), changes of direction, characters
/// without width. Text that is copied from chat then is what it looks like.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.trim().chars() {
        match character {
            character if character.is_whitespace() => {
                if !plain.ends_with(' ') {
                    plain.push(' ');
                }
            }
            character if is_hidden(character) => plain.push(HIDDEN),
            character => plain.push(character),
        }
    }
    plain
}

/// Whether nothing of the text can be seen.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|character| character.is_whitespace() || is_hidden(character))
}

/// What somebody typed, on one line and without control characters: it is written down, logged and shown at terminals, where a
/// line's end or an escape would make it look like something else. Nor is a secret in it that somebody pasted.
pub fn typed(text: &str) -> String {
    let visible = |character: char| match character {
        character if character.is_whitespace() => ' ',
        character if character.is_control() => HIDDEN,
        character => character,
    };
    redact(text.trim()).chars().map(visible).collect()
}

/// Whether a character shows nothing by itself, or changes how others are shown (Unicode's categories Cc and Cf, and what is
/// drawn empty).
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00AD}' | '\u{034F}' | '\u{0600}'..='\u{0605}' | '\u{061C}' | '\u{06DD}' | '\u{070F}' | '\u{115F}'
            | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// The text as one line of plain text in markdown, at most `longest` long: the end is cut off where it would be longer.
pub fn escape(text: &str, longest: usize) -> String {
    let plain = plain(text);
    let mut escaped = String::with_capacity(plain.len());
    let (mut long, mut fits) = (0, 0);
    let mut characters = plain.chars().peekable();
    let mut before = None;
    while let Some(character) = characters.next() {
        let is_special = match character {
            '\\' | '`' | '*' | '_' | '~' | '|' | '<' | '>' | '[' | ']' | '#' | '@' => true,
            // Of an address, which Discord would make a link of.
            ':' => characters.peek() == Some(&'/'),
            // The beginning of a list.
            '-' | '+' => before.is_none(),
            '.' => escaped.chars().all(|digit| digit.is_ascii_digit()),
            _ => false,
        };
        long += character.len_utf16() + usize::from(is_special);
        if long > longest {
            escaped.truncate(fits);
            escaped.push(CUT);
            return escaped;
        }
        if is_special {
            escaped.push('\\');
        }
        escaped.push(character);
        if long < longest {
            fits = escaped.len();
        }
        before = Some(character);
    }
    escaped
}

/// The text in a code span: what can be copied as it stands. Longer than `longest`, the middle is left out.
pub fn code(text: &str, longest: usize) -> Value {
    let text = middle(&plain(text), longest);
    if text.is_empty() {
        return Value::from_safe_string("–".to_owned());
    }
    // The delimiter is longer than any run of backticks inside; a space keeps a backtick at an end apart from it.
    let delimiter = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    Value::from_safe_string(format!("{delimiter}{pad}{text}{pad}{delimiter}"))
}

/// The text as a block of code, its lines kept, at most `longest` long: whole lines are left out at the end.
pub fn block(text: &str, longest: usize) -> String {
    let mut shown = String::from("```\n");
    let room = longest.saturating_sub(width("```\n…\n```"));
    let mut used = 0;
    for line in text.replace("```", "'''").lines() {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let line = format!("{}{}\n", " ".repeat(indent.min(16)), plain(line));
        used += width(&line);
        if used > room {
            shown.push_str("…\n");
            break;
        }
        shown.push_str(&line);
    }
    shown.push_str("```");
    shown
}

/// The text, with its middle left out where it would be longer.
fn middle(text: &str, longest: usize) -> String {
    if width(text) <= longest {
        return text.to_owned();
    }
    let (mut head, mut tail) = (String::new(), Vec::new());
    let (mut front, mut back) = (text.chars(), text.chars().rev());
    let mut room = longest.saturating_sub(1);
    while let Some(next) = if tail.len() * 2 < head.len() { back.next() } else { front.next() } {
        if next.len_utf16() > room {
            break;
        }
        room -= next.len_utf16();
        if tail.len() * 2 < head.len() { tail.push(next) } else { head.push(next) }
    }
    head.push(CUT);
    head.extend(tail.into_iter().rev());
    head
}

fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_is_shown_as_it_is() {
        for (text, escaped) in [
            ("project-x", "project-x"),
            ("@everyone", "\\@everyone"),
            ("<@&1> <#2> <t:1:R> </cmd:1>", "\\<\\@&1\\> \\<\\#2\\> \\<t:1:R\\> \\</cmd:1\\>"),
            ("[x](https://evil.example)", "\\[x\\](https\\://evil.example)"),
            ("- a", "\\- a"),
            ("1. a 2. b", "1\\. a 2. b"),
            ("a\nb\t c", "a b c"),
            ("a\u{202E}b\u{200B}c\u{1b}[31m", "a\u{FFFD}b\u{FFFD}c\u{FFFD}\\[31m"),
            ("```x```", "\\`\\`\\`x\\`\\`\\`"),
        ] {
            assert_eq!(escape(text, LONGEST), escaped);
        }
    }

    #[test]
    fn what_was_typed_is_one_line_without_controls_and_may_be_nothing_to_see() {
        assert_eq!(typed(" a\u{1b}[31m\n  = b\u{9b}\r\u{2028}c 日本 "), "a\u{FFFD}[31m   = b\u{FFFD}  c 日本");
        for (text, blank) in
            [("", true), (" \n\u{200B}\u{2060}\u{3164}\u{AD}", true), ("a\u{200B}", false), ("。", false)]
        {
            assert_eq!(is_blank(text), blank, "{text:?}");
        }
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters_and_never_longer() {
        assert_eq!(escape("abcdef", 6), "abcdef");
        assert_eq!(escape("abcdefg", 6), "abcde…");
        assert_eq!(escape("ab****", 6), "ab\\*…");
        for longest in 4..40 {
            for text in ["*".repeat(50), "日本語".repeat(20), "😀".repeat(30), "a`b".repeat(20)] {
                assert!(width(&escape(&text, longest)) <= longest, "{text} in {longest}");
                assert!(width(&middle(&text, longest)) <= longest, "{text} in {longest}");
            }
        }
        assert_eq!(middle("project-x-production-batch-trigger", 20), "project-x-pro…rigger");
    }

    #[test]
    fn a_code_span_holds_backticks() {
        let code = |text| code(text, 60).to_string();
        assert_eq!(code("vpc-1"), "`vpc-1`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`a``"), "``` `a`` ```");
        assert_eq!(code(" "), "–");
    }

    #[test]
    fn a_block_keeps_its_lines_and_leaves_out_whole_ones() {
        assert_eq!(block("a:\n  - b\n```c", 100), "```\na:\n  - b\n'''c\n```");
        let cut = block(&"0123456789\n".repeat(100), 60);
        assert!(width(&cut) <= 60 && cut.ends_with("0123456789\n…\n```"), "{cut}");
    }
}
