//! Names and ids: each is text that was checked once, where it came in.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Text that is not a valid id of some sort: what was expected, and what came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct InvalidId {
    /// The text that was refused.
    pub text: String,
    /// What a valid one looks like, in words.
    pub expected: &'static str,
}

/// Declares a checked text type: its name, what a valid one is in words, and the check.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(with = "String", description = $expected)]
        pub struct $name(String);

        impl $name {
            /// What a valid one looks like, in words.
            pub const EXPECTED: &'static str = $expected;

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidId { text: text.to_owned(), expected: $expected })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

checked_text!(
    /// An AWS account's id.
    AccountId,
    "an AWS account id (12 digits)",
    |text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
);

checked_text!(
    /// An AWS region's name, such as `ap-northeast-1`. Not checked against a list: regions are added.
    Region,
    "an AWS region such as ap-northeast-1",
    |text| {
        (5..=30).contains(&text.len())
            && text.contains('-')
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    }
);

checked_text!(
    /// A project's name. It becomes part of bucket, repository and stack names, so the narrowest of their rules hold.
    ProjectName,
    "a project name (3 to 32 of a-z, 0-9 and -, beginning with a letter, ending with a letter or digit, no --)",
    |text| {
        (3..=32).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && !text.ends_with('-')
            && !text.contains("--")
    }
);

checked_text!(
    /// An environment's name as the operator configured it: `dev`, `staging`, `production` …
    EnvironmentName,
    "an environment name (1 to 16 of a-z, 0-9 and -)",
    |text| {
        (1..=16).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    }
);

checked_text!(
    /// A Route 53 hosted zone's id, without the `/hostedzone/` that some calls put before it.
    HostedZoneId,
    "a hosted zone id such as Z0123456789ABC (without /hostedzone/)",
    |text| (2..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
);

checked_text!(
    /// A VPC's id.
    VpcId,
    "a VPC id such as vpc-0123456789abcdef0",
    |text| {
        text.strip_prefix("vpc-")
            .is_some_and(|rest| (4..=32).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
    }
);

checked_text!(
    /// A step's name within a plan: the id that the blueprint gives its resource.
    StepId,
    "a step id (1 to 40 of a-z, 0-9 and -)",
    |text| {
        (1..=40).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    }
);

checked_text!(
    /// A request's id: short enough to be typed, `r-` and ten characters that cannot be mistaken for each other.
    RequestId,
    "a request id such as r-7k2m9x4bqd",
    |text| {
        text.strip_prefix("r-")
            .is_some_and(|rest| rest.len() == 10 && rest.bytes().all(|b| RequestId::ALPHABET.contains(&b)))
    }
);

checked_text!(
    /// A GitHub repository. The rules are GitHub's: an account's name has letters, digits and single hyphens, none of them at its
    /// beginning or end; a repository's has letters, digits, `.`, `-` and `_`, is neither `.` nor `..`, and does not end with `.git`.
    Repository,
    "a GitHub repository such as owner/name (not an address: no https://, no .git)",
    |text| {
        let Some((owner, name)) = text.split_once('/') else { return false };
        let is_word = |b: u8| b.is_ascii_alphanumeric();
        (1..=39).contains(&owner.len())
            && owner.bytes().all(|b| is_word(b) || b == b'-')
            && !owner.starts_with('-')
            && !owner.ends_with('-')
            && !owner.contains("--")
            && (1..=100).contains(&name.len())
            && name.bytes().all(|b| is_word(b) || b"._-".contains(&b))
            && !matches!(name, "." | "..")
            && !name.to_ascii_lowercase().ends_with(".git")
    }
);

checked_text!(
    /// Discord's id of anything: a user, a channel, a message, an interaction. Its upper bits say when it was made.
    Snowflake,
    "a Discord id (a number of 15 to 20 digits: in Discord, Settings > Advanced > Developer Mode, then Copy ID)",
    |text| (15..=20).contains(&text.len()) && !text.starts_with('0') && text.parse::<u64>().is_ok()
);

impl Snowflake {
    /// The number itself.
    pub fn number(&self) -> u64 {
        self.as_str().parse().expect("checked when it was made")
    }

    /// When it was made, in milliseconds since 1970: Discord counts from 2015 (API reference, Snowflakes).
    pub fn made_at_ms(&self) -> u64 {
        (self.number() >> 22) + 1_420_070_400_000
    }
}

impl RequestId {
    /// The characters of an id: no vowels (no words), no 0/o, 1/l.
    pub const ALPHABET: &'static [u8; 28] = b"23456789bcdfghjkmnpqrstvwxyz";

    /// An id from 80 random bits; the caller brings the randomness, since this room has none.
    pub fn from_random(bits: u128) -> Self {
        let mut rest = bits;
        let mut text = String::from("r-");
        for _ in 0..10 {
            let digit = usize::try_from(rest % 28).unwrap_or_default();
            text.push(char::from(Self::ALPHABET[digit]));
            rest /= 28;
        }
        Self(text)
    }
}

/// Where a resource lives: an account and a region of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The account that owns the resource.
    pub account: AccountId,
    /// The region that it is in.
    pub region: Region,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.region)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_let_in_and_names_that_are_not() {
        for good in ["project-x", "abc", "a1-b2", &"a".repeat(32)] {
            assert!(good.parse::<ProjectName>().is_ok(), "{good} is a project name");
        }
        for bad in ["", "ab", "-abc", "1abc", "abc-", "a--b", "Project-x", "pröject", "a b c", "a_b", &"a".repeat(33)]
        {
            assert!(bad.parse::<ProjectName>().is_err(), "{bad:?} is not a project name");
        }
        {
            let good = "123456789012";
            assert!(good.parse::<AccountId>().is_ok());
        }
        for bad in ["12345678901", "1234567890123", "12345678901a", "１２３４５６７８９０１２"] {
            assert!(bad.parse::<AccountId>().is_err(), "{bad:?} is not an account id");
        }
        assert!("/hostedzone/Z1".parse::<HostedZoneId>().is_err(), "the prefix is stripped before, not here");
        assert!("vpc-0abc".parse::<VpcId>().is_ok() && "subnet-0abc".parse::<VpcId>().is_err());
    }

    #[test]
    fn repositories_as_github_names_them() {
        let long = format!("{}/{}", "a".repeat(39), "b".repeat(100));
        for good in ["acme/algorithm", "Acme-2/My_repo.v2", "a/b", "a/.github", "a/-", "a/git", &long] {
            assert!(good.parse::<Repository>().is_ok(), "{good} is a repository");
        }
        let (owner, name) = (format!("{}/b", "a".repeat(40)), format!("a/{}", "b".repeat(101)));
        for bad in [
            "",
            "acme",
            "/b",
            "a/",
            "a/b/c",
            "-a/b",
            "a-/b",
            "a--b/c",
            "a_b/c",
            "a.b/c",
            "a/.",
            "a/..",
            "a/b.git",
            "a/b.GIT",
            "a/b c",
            "á/b",
            "a/ｂ",
            "https://github.com/a/b",
            "git@github.com:a/b",
            " a/b",
            &owner,
            &name,
        ] {
            assert!(bad.parse::<Repository>().is_err(), "{bad:?} is not a repository");
        }
    }

    #[test]
    fn a_refusal_says_what_is_expected() {
        let refusal = "A".parse::<ProjectName>().unwrap_err().to_string();
        assert!(refusal.contains("`A`") && refusal.contains("3 to 32"), "{refusal}");
    }

    #[test]
    fn request_ids_are_made_valid() {
        for bits in [0, 1, u128::MAX, 0x1234_5678_9abc_def0_1234_5678] {
            let id = RequestId::from_random(bits);
            assert_eq!(id.as_str().parse::<RequestId>().as_ref(), Ok(&id));
        }
    }
}
