//! What a person is told when something was not done: one or two sentences, and what to do.

use super::drawn::Drawn;
use super::words::Scene;
use crate::requests::DeskError;

/// What to say about an error. `reference`: under which id the details are in the log.
pub fn refusal(error: &DeskError, reference: &str, scene: &Scene<'_>) -> Drawn {
    let _ = (error, reference, scene);
    todo!()
}
