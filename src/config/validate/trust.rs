//! Whether what an environment asks for agrees with the rules that always hold, and whether its periods and its rules' folder make sense.

use super::Check;
use crate::config::{Environment, Freeze};
use crate::model::EnvironmentName;
use jiff::Timestamp;

/// As many approvals as a gate of production takes, and as destroying data takes everywhere: rules `production-two` and `destroy-two`.
const TWO: u32 = 2;

/// How long the reason of a freeze may be, in characters: it is shown in chat and at the terminal, in a sentence.
const LONGEST_WHY: usize = 120;

impl Check<'_> {
    /// Fewer approvals than the rules ask for: no step could ever begin.
    pub(super) fn enough_for_the_rules(&mut self, name: &EnvironmentName, environment: &Environment) {
        let way = |field| ["environments", name.as_str(), field];
        let Environment { approvals, approvals_to_destroy, .. } = *environment;
        if environment.is_production(name) && approvals < TWO {
            let what = format!(
                "a gate of production takes two approvers, and `approvals` is {approvals}: none could ever open"
            );
            let mend = "expected 2 or more; or say `production = false` if it is not production".to_owned();
            self.error(&way("approvals"), what, mend);
        }
        let sounds_so = ["prod", "prd", "live"].iter().any(|word| name.as_str().starts_with(word));
        if sounds_so && !environment.is_production(name) {
            let what = format!(
                "{name} is not production: its gates open with fewer than two approvers if `approvals` says so"
            );
            self.warning(&way("production"), what, "say `production = true`, or call it otherwise".to_owned());
        }
        if approvals_to_destroy < TWO {
            let what = format!(
                "destroying data takes two approvers everywhere, and `approvals_to_destroy` is {approvals_to_destroy}: no data \
                 could ever be destroyed"
            );
            self.error(&way("approvals_to_destroy"), what, "expected 2 or more; leave it out for 2".to_owned());
        }
    }

    /// Freezes: that each ends after it begins, and says why.
    pub(super) fn freezes(&mut self, name: &str, environment: &Environment) {
        for (at, Freeze { from, until, why }) in environment.freezes.iter().enumerate() {
            let at = at.to_string();
            let way = |field| ["environments", name, "freezes", at.as_str(), field];
            self.period(&way("until"), *from, *until);
            if why.trim().is_empty() || why.chars().count() > LONGEST_WHY {
                let mend = format!("expected the reason in words that people see, 1 to {LONGEST_WHY} characters");
                self.error(&way("why"), "nobody would know why it is frozen".to_owned(), mend);
            }
        }
    }

    fn period(&mut self, way: &[&str], from: Timestamp, until: Timestamp) {
        if until <= from {
            let what = format!("it ends at {until} and begins at {from}: it would never hold");
            self.error(way, what, "expected `from` before `until`".to_owned());
        }
    }

    /// `[policy] rules`: a folder with rules in it. Whether these are well is for policy to say.
    pub(super) fn rules(&mut self) {
        let Some(folder) = &self.config.policy.rules else { return };
        let mend = "expected a folder with *.cedar, relative to this file; leave it out for the built-in rules alone";
        let what = match self.config.policy.files() {
            Err(error) => format!("`{folder}` cannot be read: {error}"),
            Ok(files) if files.is_empty() => format!("there is no *.cedar in `{folder}`"),
            Ok(_) => return,
        };
        self.error(&["policy", "rules"], what, mend.to_owned());
    }
}
