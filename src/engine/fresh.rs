//! Looks that were made moments ago, while the plan was: they are not repeated while they are fresh.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::{Observed, Spec, StepId};

/// How old a look may be to count for one that would be made now.
const FRESH_FOR: Duration = Duration::from_secs(5);

/// The looks of one moment, by step, each with what was looked for.
#[derive(Debug, Clone, Default)]
pub struct FreshLooks {
    made_at: Timestamp,
    looks: BTreeMap<StepId, (Spec, Observed)>,
}

impl FreshLooks {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// These, which were begun at `made_at`.
    pub const fn made_at(made_at: Timestamp, looks: BTreeMap<StepId, (Spec, Observed)>) -> Self {
        Self { made_at, looks }
    }

    /// The look at this step, if one was made and is still fresh at `now`. It is given once: whoever comes back looks anew.
    pub fn take(&mut self, step: &StepId, now: Timestamp) -> Option<(Spec, Observed)> {
        let look = self.looks.remove(step)?;
        let age = Duration::try_from(now.duration_since(self.made_at));
        age.is_ok_and(|age| age <= FRESH_FOR).then_some(look)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::resource::SsmParameter;

    #[test]
    fn a_look_is_given_once_and_while_it_is_fresh() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let step: StepId = "vpc-id".parse().unwrap();
        let spec = Spec::SsmParameter(SsmParameter { name: "/dev/x/vpc-id".to_owned(), wait_minutes: 1 });
        let looks = || FreshLooks::made_at(at(100), [(step.clone(), (spec.clone(), Observed::Absent))].into());
        let mut fresh = looks();
        assert!(fresh.take(&step, at(105)).is_some());
        assert!(fresh.take(&step, at(105)).is_none(), "given once");
        assert!(looks().take(&step, at(106)).is_none(), "too old");
        assert!(looks().take(&step, at(99)).is_none(), "a clock that went back proves nothing");
    }
}
