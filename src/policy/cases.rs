//! Tests of the rules: tables of who, what, and what is expected because of which rule (`policies/tests/*.toml`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{Act, Asked, Policy, Risk, Surroundings};
use crate::model::verdict::Verdict;
use crate::model::{EnvironmentName, Person, ProjectName};

/// The files of `policies/tests`: what the built-in rules are held to.
pub const SHIPPED: [(&str, &str); 5] = [
    ("policies/tests/asking.toml", include_str!("../../policies/tests/asking.toml")),
    ("policies/tests/approving.toml", include_str!("../../policies/tests/approving.toml")),
    ("policies/tests/ending.toml", include_str!("../../policies/tests/ending.toml")),
    ("policies/tests/starting.toml", include_str!("../../policies/tests/starting.toml")),
    ("policies/tests/frozen.toml", include_str!("../../policies/tests/frozen.toml")),
];

/// Who and what there is, for cases to speak of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Who is in which groups.
    #[serde(default)]
    pub people: BTreeMap<String, Vec<String>>,
    /// The environments.
    #[serde(default)]
    pub environments: BTreeMap<EnvironmentName, Environment>,
}

/// An environment in such a world.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Environment {
    /// The groups whose members may ask; empty = everybody.
    pub requesters: Vec<String>,
    /// The groups whose members may approve.
    pub approvers: Vec<String>,
    /// Whether it is production.
    pub production: bool,
    /// How many approvals a step needs that changes another account.
    pub approvals: u32,
    /// How many approvals a step needs that destroys data.
    pub approvals_to_destroy: u32,
    /// The freeze that holds there.
    pub frozen: Option<Freeze>,
}

/// A freeze that holds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub why: String,
}

/// A file of cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// What the cases speak of; a file without environments speaks of the operator's own.
    #[serde(default)]
    people: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    environments: BTreeMap<EnvironmentName, Environment>,
    #[serde(default, rename = "case")]
    cases: Vec<Spanned<Case>>,
}

/// One case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What it shows, in a sentence.
    name: String,
    /// Who.
    #[serde(rename = "as")]
    person: String,
    /// What.
    action: Act,
    /// In which environment.
    env: EnvironmentName,
    /// For which project.
    #[serde(default)]
    project: Option<ProjectName>,
    /// Whose request it is.
    #[serde(default)]
    by: Option<String>,
    /// What the step puts at risk.
    #[serde(default)]
    risk: Risk,
    /// Who has approved it.
    #[serde(default)]
    approved_by: BTreeSet<String>,
    /// How many approvals it needs; else as many as the environment asks for.
    #[serde(default)]
    needed: Option<u32>,
    /// Whether the step has changed since it was shown.
    #[serde(default)]
    changed: bool,
    /// When; else now.
    #[serde(default)]
    at: Option<Timestamp>,
    /// What is expected.
    expect: Expected,
    /// Because of exactly these rules; `no-rule` where none permits it.
    because: Rules,
}

/// What a case expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    /// It is allowed.
    Allow,
    /// It is refused.
    Deny,
}

/// One rule's name, or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Rules {
    One(String),
    Several(BTreeSet<String>),
}

/// What became of a case.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Its file.
    pub file: String,
    /// The line that it begins in.
    pub line: usize,
    /// What it shows.
    pub name: String,
    /// Whether it is as expected.
    pub ok: bool,
    /// What was expected.
    pub expected: Expected,
    /// Because of which rules.
    pub because: BTreeSet<String>,
    /// What was decided; none where it could not be asked.
    pub decided: Option<Verdict>,
    /// Why it could not be asked.
    pub error: Option<String>,
}

impl Policy {
    /// Holds the rules against a file of cases. `world`: what there is at a moment, for a file that names no environments; `now`:
    /// when a case is that does not say when.
    ///
    /// # Errors
    /// What is wrong in the file, with its line.
    pub fn try_cases(
        &self,
        file: &str,
        text: &str,
        world: &dyn Fn(Timestamp) -> World,
        now: Timestamp,
    ) -> Result<Vec<Outcome>, String> {
        let read: File = toml::from_str(text).map_err(|error| format!("{file}: {error}"))?;
        let own = World { people: read.people, environments: read.environments };
        let outcomes = read.cases.into_iter().map(|case| {
            let line = text[..case.span().start.min(text.len())].matches('\n').count() + 1;
            let case = case.into_inner();
            let at = case.at.unwrap_or(now);
            let world = if own.environments.is_empty() { world(at) } else { own.clone() };
            self.try_case(file, line, &case, &world, at)
        });
        Ok(outcomes.collect())
    }

    fn try_case(&self, file: &str, line: usize, case: &Case, world: &World, at: Timestamp) -> Outcome {
        let because = match &case.because {
            Rules::One(rule) => BTreeSet::from([rule.clone()]),
            Rules::Several(rules) => rules.clone(),
        };
        let decided = question(case, world, at).map(|(asked, surroundings)| self.answer(&asked, &surroundings));
        let ok = decided.as_ref().is_ok_and(|verdict| {
            let rules: BTreeSet<&String> = verdict.reasons.iter().map(|reason| &reason.rule).collect();
            verdict.allowed == (case.expect == Expected::Allow) && rules == because.iter().collect()
        });
        let (decided, error) = decided.map_or_else(|error| (None, Some(error)), |verdict| (Some(verdict), None));
        let (file, name) = (file.to_owned(), case.name.clone());
        Outcome { file, line, name, ok, expected: case.expect, because, decided, error }
    }
}

/// What a case asks.
fn question(case: &Case, world: &World, now: Timestamp) -> Result<(Asked, Surroundings), String> {
    let person = |name: &str| {
        let groups = world.people.get(name).cloned().ok_or_else(|| format!("nobody is called `{name}`"))?;
        Ok::<_, String>(Person { name: name.to_owned(), groups, via: "--as".to_owned() })
    };
    let environment =
        world.environments.get(&case.env).ok_or_else(|| format!("there is no environment `{}`", case.env))?;
    let who = person(&case.person)?;
    let of_risk = match case.risk {
        Risk::None => 0,
        Risk::OtherAccount => environment.approvals,
        Risk::DestroysData => environment.approvals_to_destroy,
    };
    let (shown, now_is) = ("a".repeat(64), if case.changed { "b" } else { "a" }.repeat(64));
    let asked = Asked {
        requester: case.by.as_deref().map_or_else(|| Ok(who.clone()), person)?,
        person: who,
        act: case.action,
        step: "step".to_owned(),
        account: None,
        risk: case.risk,
        approvers: case.approved_by.clone(),
        needed: case.needed.unwrap_or(of_risk),
        shown,
        digest: now_is,
    };
    let surroundings = Surroundings {
        environment: case.env.clone(),
        project: case.project.clone(),
        requesters: environment.requesters.clone(),
        approvers: environment.approvers.clone(),
        production: environment.production,
        frozen: environment.frozen.as_ref().map(|freeze| (freeze.until, freeze.why.clone())),
        now,
    };
    Ok((asked, surroundings))
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ok {
            return write!(f, "  ok      {}", self.name);
        }
        let word = |allowed: bool| if allowed { "allow" } else { "deny" };
        let because: Vec<&str> = self.because.iter().map(String::as_str).collect();
        writeln!(f, "  FAILED  {}", self.name)?;
        writeln!(f, "          {}:{}", self.file, self.line)?;
        writeln!(f, "          expected {} because of {}", word(self.expected == Expected::Allow), because.join(", "))?;
        match (&self.decided, &self.error) {
            (Some(verdict), _) => {
                let rules: Vec<&str> = verdict.reasons.iter().map(|reason| reason.rule.as_str()).collect();
                let words: Vec<&str> = verdict.reasons.iter().map(|reason| reason.en.as_str()).collect();
                let (decided, rules, words) = (word(verdict.allowed), rules.join(", "), words.join("; "));
                write!(f, "          decided  {decided} because of {rules}: {words}")
            }
            (None, error) => write!(f, "          cannot be asked: {}", error.as_deref().unwrap_or_default()),
        }
    }
}
