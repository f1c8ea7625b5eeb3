//! THINKING: who may do what. Cedar decides, from the rules in `policies/authz/`, one rule a file; deny by default.

mod asked;
mod broken;
pub mod cases;
mod change;
mod deed;
mod question;
mod rules;
#[cfg(test)]
mod tests;

use cedar_policy::{Authorizer, Decision, PolicySet, Schema};

pub use asked::{Act, Asked, Risk, Surroundings};
pub use broken::BrokenRule;
pub use deed::{Approving, Concerned, Deed, Frozen, Grounds, Starting};

use crate::model::verdict::{Reason, Verdict};
use crate::model::{Digest, Person};

/// The rules: those that are built in, and what the operator added. Made once; asking it changes nothing.
#[derive(Debug)]
pub struct Policy {
    rules: PolicySet,
    schema: Schema,
    digest: Digest,
}

impl Policy {
    /// The built-in rules alone.
    ///
    /// # Panics
    /// Never: a test reads them.
    pub fn built_in() -> Self {
        Self::with(&[]).expect("the built-in rules are valid")
    }

    /// The built-in rules and the operator's: file name and text of each. They can forbid more, and permit more; what a
    /// built-in `forbid` forbids stays forbidden.
    ///
    /// # Errors
    /// Every problem, with file and line.
    pub fn with(files: &[(String, String)]) -> Result<Self, Vec<BrokenRule>> {
        let (rules, schema, digest) = rules::load(files)?;
        Ok(Self { rules, schema, digest })
    }

    /// What the rules are, schema included: an approval is void when they change.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The rules' names, in order.
    pub fn ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.rules.policies().map(|rule| rule.id().to_string()).collect();
        ids.sort();
        ids
    }

    /// Whether `person` may do `deed` on these grounds, and why. Whatever cannot be decided is refused.
    pub fn decide(&self, person: &Person, deed: Deed<'_>, grounds: &Grounds<'_>) -> Verdict {
        self.ask(person, deed, grounds).unwrap_or_else(|why| Verdict { allowed: false, reasons: vec![undecided(&why)] })
    }

    fn ask(&self, person: &Person, deed: Deed<'_>, grounds: &Grounds<'_>) -> Result<Verdict, String> {
        let request = question::request(person, deed, grounds, &self.schema)?;
        let entities = question::entities(person, deed, grounds, &self.schema)?;
        let answer = Authorizer::new().is_authorized(&request, &self.rules, &entities);
        let allowed = answer.decision() == Decision::Allow;
        let diagnostics = answer.diagnostics();
        // A rule that cannot be decided counts for nothing in Cedar; here it is enough to refuse.
        let broken: Vec<Reason> = diagnostics.errors().map(|error| undecided(&error.to_string())).collect();
        if !broken.is_empty() {
            return Ok(Verdict { allowed: false, reasons: broken });
        }
        let mut reasons: Vec<Reason> =
            diagnostics.reason().filter_map(|id| rules::reason(self.rules.policy(id)?, grounds)).collect();
        if reasons.is_empty() {
            reasons.push(nobody_said_yes(deed, grounds));
        }
        reasons.sort_by(|one, other| one.en.cmp(&other.en));
        Ok(Verdict { allowed, reasons })
    }
}

/// The id of the reason where no rule permits it.
const NO_RULE: &str = "no-rule";

/// The id of the reason where the rules could not decide.
const UNDECIDED: &str = "undecided";

/// The rules, or what they were asked, are broken.
fn undecided(why: &str) -> Reason {
    Reason {
        rule: UNDECIDED.to_owned(),
        en: format!("the rules could not decide: {why}"),
        ja: format!("ルールでは判断できませんでした: {why}"),
    }
}

/// Nothing forbids it, but no rule permits it either.
fn nobody_said_yes(deed: Deed<'_>, grounds: &Grounds<'_>) -> Reason {
    let Grounds { environment, requesters, approvers, .. } = grounds;
    let (first, second): (&[String], &[String]) = match deed {
        Deed::Approve(_) | Deed::Reject(_) | Deed::Cancel(_) => (approvers, &[]),
        Deed::Retry(_) => (requesters, approvers),
        _ => (requesters, &[]),
    };
    let more = second.iter().filter(|group| !first.contains(group));
    let groups: Vec<&str> = first.iter().chain(more).map(String::as_str).collect();
    let (en, ja) = match groups.as_slice() {
        [] => ("no group".to_owned(), format!("{environment} でこれを行えるグループはありません")),
        groups => {
            let ja = format!("{environment} でこれを行えるのは {} のメンバーだけです", groups.join(" または "));
            (groups.join(" or "), ja)
        }
    };
    Reason { rule: NO_RULE.to_owned(), en: format!("in {environment} this is for members of {en}"), ja }
}
