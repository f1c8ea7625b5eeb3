//! The local Discord's clock, which can be put forward, and the ids that are made from it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::seed::Id;

/// Discord counts milliseconds from the start of 2015 (API reference, Snowflakes).
const EPOCH_MS: i64 = 1_420_070_400_000;

/// Where the time comes from.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A clock, and how far it was put forward.
pub(crate) struct Clock {
    base: Now,
    ahead: Mutex<SignedDuration>,
    last_id: Mutex<Id>,
    moved: watch::Sender<()>,
}

impl Clock {
    pub(crate) fn new(base: Now) -> Self {
        let ahead = Mutex::new(SignedDuration::ZERO);
        Self { base, ahead, last_id: Mutex::new(0), moved: watch::Sender::new(()) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.base)().saturating_add(*locked(&self.ahead)).unwrap_or(Timestamp::MAX)
    }

    /// The time as it is, however far the clock was put forward.
    pub(crate) fn unmoved(&self) -> Timestamp {
        (self.base)()
    }

    /// Puts the clock forward, and wakes whoever waits for a time.
    pub(crate) fn advance(&self, by: Duration) {
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        let mut ahead = locked(&self.ahead);
        *ahead = ahead.saturating_add(by);
        drop(ahead);
        self.moved.send_replace(());
    }

    /// Comes back when the clock shows this time.
    pub(crate) async fn until(&self, time: Timestamp) {
        let mut moved = self.moved.subscribe();
        loop {
            let left = time.duration_since(self.now());
            let Ok(left) = Duration::try_from(left) else { return };
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                _ = moved.changed() => {}
            }
        }
    }

    /// A new id, greater than every one before.
    pub(crate) fn id(&self) -> Id {
        let fresh = snowflake(self.now());
        let mut last = locked(&self.last_id);
        *last = fresh.max(*last + 1);
        *last
    }

    /// An id as it would have been made a while ago.
    pub(crate) fn old_id(&self, age: Duration) -> Id {
        // The lower bits come from a new id, so that two old ones differ; one bit more, so that none is an id that was given then.
        let then = self.now().saturating_sub(age).unwrap_or(Timestamp::MIN);
        snowflake(then) | (1 << 21) | (self.id() & 0x1f_ffff)
    }
}

/// The smallest id of a millisecond.
fn snowflake(at: Timestamp) -> Id {
    Id::try_from(at.as_millisecond() - EPOCH_MS).unwrap_or_default() << 22
}

/// When an id was made.
pub(crate) fn made_at(id: Id) -> Timestamp {
    let milliseconds = i64::try_from(id >> 22).unwrap_or_default();
    Timestamp::from_millisecond(milliseconds + EPOCH_MS).unwrap_or(Timestamp::MAX)
}

/// As Discord writes times.
pub(crate) fn iso(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00").to_string()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Clock {
        let time: Timestamp = text.parse().expect("a time");
        Clock::new(Arc::new(move || time))
    }

    #[test]
    fn ids_grow_and_say_when_they_were_made() {
        let clock = at("2026-01-02T03:04:05.678Z");
        let (one, other) = (clock.id(), clock.id());
        assert!(other > one);
        assert_eq!(made_at(one), clock.now());
        assert_eq!(iso(made_at(one)), "2026-01-02T03:04:05.678000+00:00");
        clock.advance(Duration::from_secs(3));
        assert_eq!(made_at(clock.id()).duration_since(made_at(one)), SignedDuration::from_secs(3));
        let old = clock.old_id(Duration::from_secs(3));
        assert_eq!(made_at(old), made_at(one));
        assert!(old != one && old != other && old != clock.old_id(Duration::from_secs(3)));
        let old = clock.old_id(Duration::from_mins(1));
        assert_eq!(clock.now().duration_since(made_at(old)), SignedDuration::from_secs(60));
    }

    #[tokio::test]
    async fn who_waits_for_a_time_is_woken_when_the_clock_is_put_forward() {
        let clock = Arc::new(at("2026-01-02T03:04:05Z"));
        let then = clock.now().saturating_add(Duration::from_mins(15)).expect("a time");
        let waiting = tokio::spawn({
            let clock = Arc::clone(&clock);
            async move { clock.until(then).await }
        });
        clock.advance(Duration::from_mins(16));
        tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("woken").expect("no panic");
    }
}
