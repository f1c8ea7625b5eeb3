//! Who is who: names, groups, and the AWS principals by which people are recognised at the terminal.

use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Config;
use crate::model::{Person, Snowflake};

/// How [`Person::via`] begins for who was recognised in Discord; their id follows.
pub const BY_DISCORD: &str = "Discord user ";

/// `[[people]]`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KnownPerson {
    /// The name, unique. It becomes the sessions' `SourceIdentity`: 2 to 64 of letters, digits and `_+=,.@-`.
    pub name: String,
    /// The groups that they belong to.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The ARNs by which `sts:GetCallerIdentity` shows them; `*` stands for any text, as in
    /// `arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Engineer_*/aiko@example.com`.
    #[serde(default)]
    pub aws: Vec<String>,
    /// Their user id in Discord.
    #[serde(default)]
    pub discord: Option<Snowflake>,
}

/// [`Person::via`] for who said who they are, which counts only against a local AWS.
pub const BY_NAME: &str = "--as";

impl KnownPerson {
    /// Whether one of their patterns is for that ARN, as a whole.
    pub fn has_arn(&self, arn: &str) -> bool {
        self.aws.iter().any(|pattern| matches(pattern, arn))
    }

    fn via(&self, via: &str) -> Person {
        Person { name: self.name.clone(), groups: self.groups.clone(), via: via.to_owned() }
    }
}

impl Config {
    /// Who is shown by that ARN (of `sts:GetCallerIdentity`). None if nobody is, or if more than one person is: a caller
    /// who could be two people is nobody.
    pub fn person_by_arn(&self, arn: &str) -> Option<Person> {
        let mut found = self.people.iter().filter(|person| person.has_arn(arn));
        match (found.next(), found.next()) {
            (Some(person), None) => Some(person.via(arn)),
            _ => None,
        }
    }

    /// Who has that name, as `--as` gives it.
    pub fn person_by_name(&self, name: &str) -> Option<Person> {
        self.people.iter().find(|person| person.name == name).map(|person| person.via(BY_NAME))
    }

    /// Who has that Discord id. `roles` are those that Discord says they have now: a role that `[discord.roles]` maps puts
    /// them into that group, besides the groups that the config gives them. None if nobody in `[[people]]` has that id: a
    /// Discord account alone is nobody, or one human could ask as one person and approve as another.
    pub fn person_by_discord(&self, user: &Snowflake, roles: &[Snowflake]) -> Option<Person> {
        let known = self.people.iter().find(|person| person.discord.as_ref() == Some(user))?;
        let mut person = known.via(&format!("{BY_DISCORD}{user}"));
        for (group, role) in self.discord.iter().flat_map(|discord| &discord.roles) {
            if roles.contains(role) && !person.groups.contains(group) {
                person.groups.push(group.clone());
            }
        }
        Some(person)
    }

    /// The people who are in at least one of these groups.
    pub fn members<'a>(&'a self, groups: &'a [String]) -> impl Iterator<Item = &'a KnownPerson> {
        self.people.iter().filter(move |person| person.groups.iter().any(|group| groups.contains(group)))
    }
}

/// Whether `text` is what `pattern` says, in which `*` stands for any text.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let literal: Vec<String> = pattern.split('*').map(regex::escape).collect();
    Regex::new(&format!("(?s)^{}$", literal.join(".*"))).is_ok_and(|regex| regex.is_match(text))
}
