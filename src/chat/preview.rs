//! A plan before it is a request: what a teardown would take away, what stands in the way of an onboarding.

use super::drawn::Drawn;
use super::words::Scene;
use crate::model::Plan;

/// What a teardown would do, with the buttons that begin it: one that keeps data, and one that destroys it where there is some.
/// `with_data`: the same teardown if data were destroyed too, where that makes a difference.
pub fn teardown(plan: &Plan, with_data: Option<&Plan>, scene: &Scene<'_>) -> Drawn {
    let _ = (plan, with_data, scene);
    todo!()
}

/// A plan that something stands in the way of: what, and what mends it. Nothing was begun.
pub fn blocked(plan: &Plan, scene: &Scene<'_>) -> Drawn {
    let _ = (plan, scene);
    todo!()
}

/// A plan with nothing to do: what is there.
pub fn nothing_to_do(plan: &Plan, scene: &Scene<'_>) -> Drawn {
    let _ = (plan, scene);
    todo!()
}
