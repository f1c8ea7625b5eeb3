//! Who is who, and whether the approvals that an environment asks for can be given.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::Check;
use crate::config::people::matches;
use crate::config::problem::{instead_of, quoted};
use crate::config::{Environment, KnownPerson};
use crate::model::lookalike::skeleton;

/// What `sts:GetCallerIdentity` shows (STS API Reference): a user, a session of a role, a federated user, or the root user.
static CALLER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^arn:(aws[a-z-]*):(iam::[0-9]{12}:(user/.+|root)|sts::[0-9]{12}:(assumed-role/[^/]+/[^/]+|federated-user/.+))$")
        .expect("a valid pattern")
});

/// STS API Reference, AssumeRole: SourceIdentity. That it must not begin with `aws:` follows: there is no colon.
static SOURCE_IDENTITY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[A-Za-z0-9_+=,.@-]{2,64}$").expect("a valid pattern"));

impl Check<'_> {
    pub(super) fn people(&mut self) {
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        let mut alike: BTreeMap<String, &str> = BTreeMap::new();
        let mut patterns: Vec<(&str, &KnownPerson)> = Vec::new();
        for (at, person) in self.config.people.iter().enumerate() {
            let index = at.to_string();
            let way = ["people", index.as_str(), "name"];
            let name = person.name.as_str();
            if !SOURCE_IDENTITY.is_match(name) {
                let what = format!("`{name}` cannot be a session's SourceIdentity");
                self.error(&way, what, "expected 2 to 64 letters, digits and _+=,.@-".to_owned());
            }
            if names.insert(name, at).is_some() {
                self.error(&way, format!("there are two people called `{name}`"), "a name is one person's".to_owned());
            } else if let Some(other) = alike.insert(skeleton(name), name) {
                let what = format!("`{name}` looks like `{other}`: nobody can tell whether two have approved, or one");
                self.error(&way, what, "expected names that cannot be taken for each other".to_owned());
            }
            for (number, pattern) in person.aws.iter().enumerate() {
                self.pattern(&["people", &index, "aws", &number.to_string()], pattern, person, &patterns);
            }
            patterns.extend(person.aws.iter().map(|pattern| (pattern.as_str(), person)));
        }
    }

    fn pattern(&mut self, way: &[&str], pattern: &str, person: &KnownPerson, others: &[(&str, &KnownPerson)]) {
        if !CALLER.is_match(pattern) {
            let mend = if pattern.contains(":role/") {
                "a role's session is shown as `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`, without the role's path"
            } else {
                "expected what `aws sts get-caller-identity` shows, such as \
                 `arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Engineer_*/aiko@example.com`"
            };
            self.warning(way, format!("`{pattern}` is never a caller's ARN in AWS"), mend.to_owned());
            return;
        }
        let either = |(other, whose): &&(&str, &KnownPerson)| {
            whose.name != person.name && (matches(pattern, other) || matches(other, pattern))
        };
        if let Some((other, whose)) = others.iter().find(either) {
            let what = format!("`{pattern}` is also what `{other}` of `{}` is for", whose.name);
            self.error(way, what, "a caller who could be two people is nobody; narrow one of the two".to_owned());
        }
        if pattern.rsplit('/').next().is_some_and(|last| last.chars().all(|c| c == '*')) {
            let what = format!("whoever has that role or user path is `{}`", person.name);
            self.warning(way, what, "name the session or the user at the end of the pattern".to_owned());
        }
    }

    pub(super) fn approvals(&mut self, name: &str, environment: &Environment) {
        let way = |field| ["environments", name, field];
        let groups = self.config.groups();
        for (field, named) in [("requesters", &environment.requesters), ("approvers", &environment.approvers)] {
            for (at, group) in named.iter().enumerate() {
                if !groups.contains(&group.as_str()) {
                    let way = ["environments", name, field, &at.to_string()];
                    let allowed = instead_of(group, groups.iter().copied());
                    self.error(&way, format!("nobody in [[people]] is in the group `{group}`"), allowed);
                }
            }
        }
        let Environment { approvals, approvals_to_destroy, .. } = *environment;
        self.can_be_given(way("approvals"), approvals, environment);
        // One number that cannot be reached is said once, and that nothing could be destroyed is an error of its own.
        if approvals_to_destroy != approvals && approvals_to_destroy > 0 {
            self.can_be_given(way("approvals_to_destroy"), approvals_to_destroy, environment);
        }
    }

    /// Whether `needed` people can approve, whoever asks.
    fn can_be_given(&mut self, way: [&str; 3], needed: u32, environment: &Environment) {
        let [_, name, field] = way;
        if needed == 0 {
            let what = format!("environment {name} runs unattended");
            let so = "a step that changes another account waits for nobody; every plan will say so";
            self.warning(&way, what, so.to_owned());
            return;
        }
        let approvers: Vec<&KnownPerson> = self.config.members(&environment.approvers).collect();
        let needed = usize::try_from(needed).unwrap_or(usize::MAX);
        if approvers.len() < needed {
            let what = match environment.approvers.as_slice() {
                [] => format!("`{field}` is {needed}, and `approvers` names no group"),
                groups => {
                    format!("`{field}` is {needed}, and {} can approve ({})", count(approvers.len()), quoted(groups))
                }
            };
            if field == "approvals" {
                let allowed = "expected groups with enough people in `approvers`, or 0: unattended";
                self.error(&way, what, allowed.to_owned());
            } else {
                let so = format!("nobody can approve that data is destroyed in {name}: it is never destroyed there");
                self.warning(&way, what, so);
            }
            return;
        }
        let may_ask = |person: &&&KnownPerson| {
            environment.requesters.is_empty()
                || person.groups.iter().any(|group| environment.requesters.contains(group))
        };
        if approvers.len() == needed
            && let stuck @ [_, ..] =
                approvers.iter().filter(may_ask).map(|person| &person.name).collect::<Vec<_>>().as_slice()
        {
            let what = format!("what {} asks for in {name} cannot get its approvals", quoted(stuck));
            self.warning(
                &way,
                what,
                "nobody approves their own request: add an approver, or let them not be a requester".to_owned(),
            );
        }
    }
}

fn count(people: usize) -> String {
    match people {
        0 => "nobody".to_owned(),
        1 => "only 1 person".to_owned(),
        more => format!("only {more} people"),
    }
}
