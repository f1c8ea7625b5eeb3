//! When a failed call is tried again, and when a person has to act first.

use std::time::Duration;

use jiff::Timestamp;

use super::CloudError;
use crate::model::{Event, StepId};

/// How often a step that fails in passing is tried before a person is asked. The SDK's own three attempts come on top of
/// each of these; they answer a lost packet within a second, these answer a short outage or a storm of throttling, within
/// about a minute.
pub const TRIES: u32 = 8;

/// The longest that a step waits between two tries.
const LONGEST: Duration = Duration::from_mins(1);

/// What the journal is told of a failure: `failures` tries of this step failed before. `chance` between 0 and 1 spreads
/// the tries of many runs, so that they do not come back all at once.
pub fn failed(step: StepId, error: &CloudError, failures: u32, now: Timestamp, chance: f64) -> Event {
    let (why, mend, retry_in) = match error {
        CloudError::Passing { why, after } if failures + 1 < TRIES => {
            (why.clone(), None, Some(after.unwrap_or_else(|| backoff(failures, chance))))
        }
        CloudError::Passing { why, .. } => (
            format!("{why} (given up after {TRIES} tries)"),
            Some("`genkan retry` when it has passed".to_owned()),
            None,
        ),
        CloudError::Forbidden { why, mend } => (why.clone(), mend.clone(), None),
        CloudError::Blocked { why, mend } => (why.clone(), Some(mend.clone()), None),
        CloudError::Wrong { why } => (why.clone(), None, None),
    };
    Event::Failed { step, why, mend, retry_at: retry_in.map(|wait| now + wait) }
}

/// Twice as long each time, from half a second, between half and the whole of it.
fn backoff(failures: u32, chance: f64) -> Duration {
    let whole = Duration::from_millis(500).saturating_mul(2_u32.saturating_pow(failures)).min(LONGEST);
    whole.mul_f64(chance.clamp(0.0, 1.0).mul_add(0.5, 0.5))
}

/// When something that is waited for is looked at again: a tenth of how long it has been waited for, so that the wait is at
/// most a tenth longer than it had to be; at least a second, at most half a minute.
pub fn look_again_in(waited: Duration) -> Duration {
    (waited / 10).clamp(Duration::from_secs(1), Duration::from_secs(30))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passing() -> CloudError {
        CloudError::Passing { why: "throttled".to_owned(), after: None }
    }

    #[test]
    fn what_passes_is_tried_again_ever_later_and_not_for_ever() {
        let step: StepId = "bucket".parse().unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let mut before = Duration::ZERO;
        for failures in 0..TRIES - 1 {
            let Event::Failed { retry_at: Some(at), .. } = failed(step.clone(), &passing(), failures, now, 1.0) else {
                panic!("try {failures} is not the last one");
            };
            let wait = Duration::try_from(at.duration_since(now)).unwrap();
            assert!(wait >= before && wait <= LONGEST, "{wait:?} after {before:?}");
            before = wait;
        }
        let Event::Failed { retry_at: None, why, .. } = failed(step, &passing(), TRIES - 1, now, 1.0) else {
            panic!("the last try asks for a person");
        };
        assert!(why.contains("given up"), "{why}");
    }

    #[test]
    fn what_does_not_pass_is_not_tried_again() {
        let step: StepId = "bucket".parse().unwrap();
        for error in [
            CloudError::Forbidden { why: "no".to_owned(), mend: None },
            CloudError::Blocked { why: "no".to_owned(), mend: "decide".to_owned() },
            CloudError::Wrong { why: "no".to_owned() },
        ] {
            let event = failed(step.clone(), &error, 0, Timestamp::UNIX_EPOCH, 0.0);
            assert!(matches!(event, Event::Failed { retry_at: None, .. }), "{event:?}");
        }
    }

    #[test]
    fn a_wait_overshoots_by_a_tenth_or_a_second() {
        assert_eq!(look_again_in(Duration::ZERO), Duration::from_secs(1));
        assert_eq!(look_again_in(Duration::from_secs(100)), Duration::from_secs(10));
        assert_eq!(look_again_in(Duration::from_hours(1)), Duration::from_secs(30));
    }
}
