//! The twelve encodings in which a secret is searched for, each written as others write it and not as the product does.

use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

/// How a text may be hidden in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    Raw,
    /// Base64 with so many bytes before it.
    Base64(usize),
    /// The same in the alphabet of addresses.
    Base64Url(usize),
    Percent,
    HexLower,
    HexUpper,
    /// JSON's `\u0041`.
    JsonEscaped,
    Reversed,
    Gzip,
    /// Over lines, or over records of a log.
    Split,
    Utf16,
    /// `[65, 66]`
    Bytes,
}

/// Twelve, of which base64 is three and its other alphabet another three.
pub const FORMS: [Form; 16] = [
    Form::Raw,
    Form::Base64(0),
    Form::Base64(1),
    Form::Base64(2),
    Form::Base64Url(0),
    Form::Base64Url(1),
    Form::Base64Url(2),
    Form::Percent,
    Form::HexLower,
    Form::HexUpper,
    Form::JsonEscaped,
    Form::Reversed,
    Form::Gzip,
    Form::Split,
    Form::Utf16,
    Form::Bytes,
];

impl Form {
    /// The secret as somebody would write it who leaks it in this form.
    pub fn of(self, secret: &str) -> Vec<u8> {
        let each = |written: fn(u8) -> String| secret.bytes().map(written).collect::<String>().into_bytes();
        match self {
            Self::Raw => secret.as_bytes().to_vec(),
            Self::Base64(before) => {
                base64(&[&b"xyz"[..before], secret.as_bytes(), b"tail"].concat(), *b"+/").into_bytes()
            }
            Self::Base64Url(before) => {
                base64(&[&b"xyz"[..before], secret.as_bytes(), b"tail"].concat(), *b"-_").into_bytes()
            }
            Self::Percent => each(|byte| format!("%{byte:02X}")),
            Self::HexLower => each(|byte| format!("{byte:02x}")),
            Self::HexUpper => each(|byte| format!("{byte:02X}")),
            Self::JsonEscaped => {
                secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>().into_bytes()
            }
            Self::Reversed => secret.bytes().rev().collect(),
            Self::Gzip => {
                let mut packed = GzEncoder::new(Vec::new(), Compression::default());
                packed.write_all(format!("before {secret} after").as_bytes()).expect("memory");
                packed.finish().expect("memory")
            }
            Self::Split => {
                let lines: Vec<&[u8]> = secret.as_bytes().chunks(7).collect();
                let begin = b"2026-01-02T03:04:05.000006Z  INFO genkan::aws: ";
                lines.into_iter().flat_map(|line| [begin.as_slice(), line, b"\n"].concat()).collect()
            }
            Self::Utf16 => secret.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Self::Bytes => format!("{:?}", secret.as_bytes()).into_bytes(),
        }
    }
}

/// The same in zlib's wrapping, as gateways compress.
pub fn zlib(secret: &str) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    packed.write_all(format!("{{\"token\":\"{secret}\"}}").as_bytes()).expect("memory");
    packed.finish().expect("memory")
}

/// RFC 4648, with these as its 62nd and 63rd character.
fn base64(bytes: &[u8], last: [u8; 2]) -> String {
    let alphabet: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(last).collect();
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let mut group = [0; 3];
        group[..three.len()].copy_from_slice(three);
        let bits = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        for place in 0..4 {
            let six = usize::try_from((bits >> (18 - 6 * place)) & 63).expect("six bits");
            text.push(if place <= three.len() { char::from(alphabet[six]) } else { '=' });
        }
    }
    text
}
