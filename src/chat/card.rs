//! A request's live card, drawn purely from what is stored.

use super::drawn::Drawn;
use super::words::Scene;
use crate::requests::show::RequestView;

/// The card of a request as it stands.
pub fn card(view: &RequestView, scene: &Scene<'_>) -> Drawn {
    let _ = (view, scene);
    todo!()
}
