//! In which forms a text shows a secret: as it is, and as what encodes, escapes or debugs it writes it.

use zeroize::Zeroizing;

use super::held::SHORTEST;

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const FOR_ADDRESSES: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Each form once; those that are too short to be looked for are left out.
pub(super) fn shown(secret: &str) -> Vec<Zeroizing<String>> {
    let bytes = secret.as_bytes();
    let each = |written: &dyn Fn(u8) -> String| bytes.iter().map(|byte| written(*byte)).collect::<String>();
    let listed = |between: &str| bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(between);
    let units = |written: &dyn Fn(u16) -> String| secret.encode_utf16().map(written).collect::<String>();
    let (debugged, json) = (format!("{secret:?}"), json(secret));
    let mut forms = vec![
        secret.to_owned(),
        secret.chars().rev().collect(),
        each(&|byte| format!("{byte:02x}")),
        each(&|byte| format!("{byte:02X}")),
        each(&|byte| format!("%{byte:02X}")),
        each(&|byte| format!("%{byte:02x}")),
        each(&|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        }),
        // A list of bytes, as `{:?}` shows one, and as JSON does.
        listed(", "),
        listed(","),
        units(&|unit| format!("\\u{unit:04x}")),
        units(&|unit| format!("\\u{unit:04X}")),
        // UTF-16, of which each other byte is none.
        secret.chars().flat_map(|character| [character, '\0']).collect(),
        // Within quotes, and within quotes within quotes.
        inner(&debugged),
        inner(&json),
        inner(&self::json(inner(&debugged).as_str())),
        inner(&self::json(inner(&json).as_str())),
        inner(&format!("{:?}", inner(&debugged))),
    ];
    for alphabet in [STANDARD, FOR_ADDRESSES] {
        forms.extend((0..3).map(|before| base64(bytes, before, alphabet)));
    }
    let mut forms: Vec<_> = forms.into_iter().map(Zeroizing::new).filter(|form| form.len() >= SHORTEST).collect();
    forms.sort_unstable_by(|one, other| one.as_str().cmp(other));
    forms.dedup_by(|one, other| one.as_str() == other.as_str());
    forms
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// What stands between the quotes.
fn inner(quoted: &str) -> String {
    let begun = quoted.strip_prefix('"').unwrap_or(quoted);
    begun.strip_suffix('"').unwrap_or(begun).to_owned()
}

/// The characters that are the same whatever stands around it, where so many bytes stand before it.
fn base64(bytes: &[u8], before: usize, alphabet: &[u8; 64]) -> String {
    let bit = |at: usize| (bytes[at / 8] >> (7 - at % 8)) & 1;
    // The first six bits that are all its own begin this far into it.
    let begin = (6 - before * 8 % 6) % 6;
    let bits = bytes.len() * 8;
    (begin..bits)
        .step_by(6)
        .filter(|at| at + 6 <= bits)
        .map(|at| (at..at + 6).fold(0_u8, |six, at| (six << 1) | bit(at)))
        .map(|six| char::from(alphabet[usize::from(six)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_what_others_make_of_it_wherever_it_begins() {
        // RFC 4648, section 10, and the same after one and two bytes.
        assert_eq!(base64(b"foobar", 0, STANDARD), "Zm9vYmFy");
        assert!("eGZvb2Jhcg==".contains(&base64(b"foobar", 1, STANDARD)), "of `xfoobar`");
        assert!("eHhmb29iYXI=".contains(&base64(b"foobar", 2, STANDARD)), "of `xxfoobar`");
        assert_eq!(base64(b"foobar", 1, STANDARD), "Zvb2Jhc");
        assert_eq!(base64(&[0xfb, 0xff], 0, FOR_ADDRESSES), "-_");
    }

    #[test]
    fn the_forms_of_a_secret() {
        let forms: Vec<String> = shown("tok\"n/é").iter().map(|form| form.to_string()).collect();
        for form in [
            "tok\"n/é",
            "é/n\"kot",
            "746f6b226e2fc3a9",
            "746F6B226E2FC3A9",
            "tok%22n%2F%C3%A9",
            "%74%6F%6B%22%6E%2F%C3%A9",
            "116, 111, 107, 34, 110, 47, 195, 169",
            "\\u0074\\u006f\\u006b\\u0022\\u006e\\u002f\\u00e9",
            "t\0o\0k\0\"\0n\0/\0é\0",
            "tok\\\"n/é",
            "dG9rIm4vw6",
        ] {
            assert!(forms.iter().any(|known| known == form), "{form}: {forms:#?}");
        }
    }
}
