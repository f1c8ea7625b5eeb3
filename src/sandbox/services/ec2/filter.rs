//! EC2's filters, and CIDR blocks in their canonical form.

use std::net::Ipv4Addr;

use awsim_core::AwsError;
use serde_json::Value;

use super::super::common::{error, many, text};
use super::Vpc;

/// One filter: a name, and values of which one must match; `*` and `?` are wildcards.
pub(super) struct Filter {
    name: String,
    values: Vec<String>,
}

impl Filter {
    /// Reads `{Name, Value: […]}`.
    pub(super) fn read(filter: &Value) -> Result<Self, AwsError> {
        let name = text(filter, "Name").unwrap_or_default().to_owned();
        let known = [
            "vpc-id",
            "cidr",
            "cidr-block",
            "state",
            "owner-id",
            "is-default",
            "tag-key",
            "resource-id",
            "resource-type",
            "key",
            "value",
        ];
        if !known.contains(&name.as_str()) && !name.starts_with("tag:") {
            return Err(error(400, "InvalidParameterValue", format!("The filter '{name}' is invalid")));
        }
        let values = many(filter.get("Value")).into_iter().filter_map(Value::as_str).map(str::to_owned).collect();
        Ok(Self { name, values })
    }

    /// Whether the VPC is among those that the filter lets through.
    pub(super) fn takes(&self, vpc: &Vpc) -> bool {
        match self.name.as_str() {
            "vpc-id" | "resource-id" => self.hits(&vpc.id),
            "cidr" | "cidr-block" => self.hits(&vpc.cidr),
            "state" => self.hits("available"),
            "owner-id" => self.hits(&vpc.owner),
            "is-default" => self.hits("false"),
            "tag-key" => vpc.tags.keys().any(|key| self.hits(key)),
            name => name.strip_prefix("tag:").and_then(|key| vpc.tags.get(key)).is_some_and(|value| self.hits(value)),
        }
    }

    /// Whether a tag of a VPC is among those that the filter lets through.
    pub(super) fn takes_tag(&self, vpc: &str, key: &str, value: &str) -> bool {
        match self.name.as_str() {
            "resource-id" => self.hits(vpc),
            "resource-type" => self.hits("vpc"),
            "key" | "tag-key" => self.hits(key),
            "value" => self.hits(value),
            name => name.strip_prefix("tag:") == Some(key) && self.hits(value),
        }
    }

    fn hits(&self, text: &str) -> bool {
        self.values.iter().any(|pattern| matches(pattern.as_bytes(), text.as_bytes()))
    }
}

fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) if matches(rest, text) => true,
        (Some((b'*', _)), Some((_, tail))) => matches(pattern, tail),
        (Some((b'?', rest)), Some((_, tail))) => matches(rest, tail),
        (Some((byte, rest)), Some((other, tail))) if byte == other => matches(rest, tail),
        _ => false,
    }
}

/// The block with the bits below its mask zeroed. `None`: it is no CIDR block; `Some(None)`: a VPC cannot have that size.
#[expect(clippy::option_option, reason = "no block, and a block of a size that cannot be, are answered differently")]
pub(super) fn canonical_cidr(block: &str) -> Option<Option<String>> {
    let (address, mask) = block.split_once('/')?;
    let (address, mask): (Ipv4Addr, u32) = (address.parse().ok()?, mask.parse().ok()?);
    if mask > 32 {
        return None;
    }
    let network = Ipv4Addr::from_bits(address.to_bits() & u32::MAX.checked_shl(32 - mask).unwrap_or(0));
    Some((16..=28).contains(&mask).then(|| format!("{network}/{mask}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_canonical_or_refused() {
        assert_eq!(canonical_cidr("100.68.0.18/18"), Some(Some("100.68.0.0/18".to_owned())));
        assert_eq!(canonical_cidr("10.0.0.0/8"), Some(None));
        assert_eq!(canonical_cidr("10.0.0.0/29"), Some(None));
        for bad in ["10.0.0.0", "10.0.0/16", "10.0.0.0/33", "x/16"] {
            assert_eq!(canonical_cidr(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_pattern_matches_all_of_the_text() {
        for (pattern, text) in [("abc", "abc"), ("a*c", "abbbc"), ("*", ""), ("a?c", "abc"), ("*b*", "abc")] {
            assert!(matches(pattern.as_bytes(), text.as_bytes()), "{pattern} {text}");
        }
        for (pattern, text) in [("abc", "abcd"), ("a?c", "ac"), ("b*", "abc"), ("", "a")] {
            assert!(!matches(pattern.as_bytes(), text.as_bytes()), "{pattern} {text}");
        }
    }
}
