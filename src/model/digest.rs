//! A digest: what an approval is for. SHA-256 over the canonical JSON of a value.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// SHA-256 over a value's canonical JSON (object keys sorted, no white space), as 64 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Digest(String);

impl Digest {
    /// The digest of `value`. Two values have the same digest exactly when their JSON is the same.
    ///
    /// # Panics
    /// Never for the types of this crate: all of them can be written as JSON.
    pub fn of<T: Serialize>(value: &T) -> Self {
        Self::of_text(&canonical(value))
    }

    /// The digest of a text that is canonical JSON already.
    pub fn of_text(text: &str) -> Self {
        Self(hex::encode(Sha256::digest(text.as_bytes())))
    }

    /// The first twelve digits, for people to compare.
    pub fn short(&self) -> &str {
        &self.0[..12.min(self.0.len())]
    }

    /// All 64 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A value's canonical JSON: the bytes that its digest is of.
///
/// # Panics
/// Never for the types of this crate: all of them can be written as JSON.
pub fn canonical<T: Serialize>(value: &T) -> String {
    sorted(serde_json::to_value(value).expect("plain data can be written as JSON")).to_string()
}

/// The same JSON with every object's keys in order, whatever order serde_json was built to keep.
fn sorted(json: Value) -> Value {
    match json {
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        Value::Object(fields) => {
            let fields: BTreeMap<String, Value> = fields.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            Value::Object(fields.into_iter().collect())
        }
        leaf => leaf,
    }
}

impl From<String> for Digest {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_order_of_fields_does_not_count_and_every_value_does() {
        let one = Digest::of(&json!({"vpc": "vpc-1", "zone": {"id": "Z1", "name": "dev.internal"}}));
        assert_eq!(one, Digest::of(&json!({"zone": {"name": "dev.internal", "id": "Z1"}, "vpc": "vpc-1"})));
        assert_ne!(one, Digest::of(&json!({"vpc": "vpc-2", "zone": {"id": "Z1", "name": "dev.internal"}})));
        assert_eq!(one.as_str().len(), 64);
        assert_eq!(one.short().len(), 12);
    }
}
