//! What is really there in every account, as plain lines that can be compared before and after.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

/// Account id → one line for each thing, e.g. `s3 bucket project-x-dev`, `route53 association Z1 vpc-1`. Never a secret value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory(pub BTreeMap<String, BTreeSet<String>>);

/// What differs between two inventories: `(account, line)` pairs, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventoryDiff {
    /// There now and not before.
    pub added: Vec<(String, String)>,
    /// There before and not now.
    pub removed: Vec<(String, String)>,
}

impl Inventory {
    /// Adds one line to an account.
    pub fn add(&mut self, account: &str, line: impl Into<String>) {
        self.0.entry(account.to_owned()).or_default().insert(line.into());
    }

    /// What was added and removed from `self` (before) to `after`.
    pub fn diff(&self, after: &Inventory) -> InventoryDiff {
        InventoryDiff { added: after.without(self), removed: self.without(after) }
    }

    fn without(&self, other: &Inventory) -> Vec<(String, String)> {
        let held = |account: &String, line: &String| other.0.get(account).is_some_and(|lines| lines.contains(line));
        self.0
            .iter()
            .flat_map(|(account, lines)| lines.iter().map(move |line| (account, line)))
            .filter(|(account, line)| !held(account, line))
            .map(|(account, line)| (account.clone(), line.clone()))
            .collect()
    }
}

impl InventoryDiff {
    /// Nothing differs.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

impl fmt::Display for Inventory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (account, lines) in &self.0 {
            writeln!(f, "{account}")?;
            for line in lines {
                writeln!(f, "  {line}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for InventoryDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = |sign, list: &[(String, String)], f: &mut fmt::Formatter<'_>| {
            list.iter().try_for_each(|(account, line)| writeln!(f, "{sign} {account} {line}"))
        };
        lines('+', &self.added, f)?;
        lines('-', &self.removed, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_the_account_and_the_line() {
        let (mut before, mut after) = (Inventory::default(), Inventory::default());
        before.add("111111111111", "s3 bucket kept");
        before.add("111111111111", "s3 bucket gone");
        after.add("111111111111", "s3 bucket kept");
        after.add("222222222222", "ecr repository new");
        let diff = before.diff(&after);
        assert_eq!(diff.to_string(), "+ 222222222222 ecr repository new\n- 111111111111 s3 bucket gone\n");
        assert!(before.diff(&before).is_empty());
    }
}
