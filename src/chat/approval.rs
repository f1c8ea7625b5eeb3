//! The message that asks approvers: exactly what will be done, and how the question stands.

use super::drawn::Drawn;
use super::words::Scene;
use crate::model::{Digest, StepId};
use crate::requests::show::RequestView;

/// The question whether `step` may be done as it was when it had this digest. `card`: the link to the request's card. While the
/// step is held for that digest there are buttons; afterwards it says what became of it (approved by whom, changed, rejected,
/// ended) and has none. None if the step was never held for that digest.
pub fn approval(
    view: &RequestView,
    step: &StepId,
    digest: &Digest,
    card: Option<&str>,
    scene: &Scene<'_>,
) -> Option<Drawn> {
    let _ = (view, step, digest, card, scene);
    todo!()
}
