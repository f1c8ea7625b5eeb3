//! Who the tool is, and whether this machine's clock agrees with AWS's.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use jiff::{SignedDuration, Timestamp};

use super::{broken, failed, ok, warning};
use crate::aws::error::{Called, Refused};
use crate::aws::session::Sessions;
use crate::model::finding::Finding;

const PLACE: &str = "the tool itself";
const ACTION: &str = "sts:GetCallerIdentity";

/// How far the clock may be off before somebody should know. AWS refuses what was signed more than 5 minutes before or
/// after its own time (AWS General Reference, Signature Version 4).
const NEAR: SignedDuration = SignedDuration::from_mins(2);
const REFUSED: SignedDuration = SignedDuration::from_mins(5);

/// The identity, that it is of the hub, and the clock.
pub(super) async fn examine(sessions: &Sessions) -> Vec<Finding> {
    let heard = Heard::default();
    let call = sessions.hub().sts().get_caller_identity().customize().interceptor(heard.clone());
    let begun = Timestamp::now();
    let answer = call.send().await;
    let clock = heard.date().map(|date| clock(date, begun, Timestamp::now()));
    let called = Called { action: ACTION, resource: "*", role: "the process's own identity" };
    let me = match answer.map_err(|error| Refused::new(called, &error)) {
        Ok(answer) => identity(sessions, &answer.arn.unwrap_or_default()),
        Err(refused) => failed(PLACE, ACTION, &refused.error, None),
    };
    std::iter::once(me).chain(clock).collect()
}

/// Who runs this, and whether they are of the account that the config calls the hub.
fn identity(sessions: &Sessions, arn: &str) -> Finding {
    let hub = &sessions.config().platform.hub;
    match sessions.config().account(hub) {
        Some(account) if arn.split(':').nth(4) != Some(account.id.as_str()) => {
            let mend = format!("the config's hub is {hub} ({}): run it there, or name the right hub", account.id);
            warning(PLACE, ACTION, format!("it is {arn}"), mend)
        }
        _ => ok(PLACE, ACTION, format!("it is {arn}")),
    }
}

/// AWS's time lies between the call's begin and its end, to the second.
fn clock(aws: Timestamp, begun: Timestamp, ended: Timestamp) -> Finding {
    let second = SignedDuration::from_secs(1);
    let behind = aws.duration_since(ended);
    let ahead = begun.duration_since(aws) - second;
    let (off, which) = if behind > ahead { (behind, "behind") } else { (ahead, "ahead of") };
    let seen = || format!("it is {} s {which} AWS's", off.as_secs());
    let mend = "set it by NTP: `timedatectl set-ntp true`, or chrony, systemd-timesyncd, the host's own";
    match off {
        off if off > REFUSED => broken(PLACE, "clock", format!("{}: calls are refused", seen()), mend),
        off if off > NEAR => warning(PLACE, "clock", format!("{}; from 300 s on calls are refused", seen()), mend),
        _ => ok(PLACE, "clock", "it agrees with AWS's"),
    }
}

/// The `Date` of the last answer.
#[derive(Debug, Clone, Default)]
struct Heard(Arc<Mutex<Option<Timestamp>>>);

impl Heard {
    fn date(&self) -> Option<Timestamp> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Heard {
    fn name(&self) -> &'static str {
        "Heard"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date").and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date.map(|date| date.timestamp());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::Health;

    #[test]
    fn a_clock_is_well_when_aws_may_have_answered_within_the_call() {
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        for (aws, health, seen) in [
            (0, Health::Ok, "agrees"),
            (3, Health::Ok, "agrees"),
            (-121, Health::Ok, "agrees"),
            (-123, Health::Warning, "122 s ahead of AWS's"),
            (130, Health::Warning, "128 s behind AWS's"),
            (400, Health::Failed, "398 s behind AWS's: calls are refused"),
        ] {
            let found = clock(at(aws), at(0), at(2));
            assert_eq!((found.health, found.seen.contains(seen)), (health, true), "{aws}: {found:?}");
        }
    }
}
