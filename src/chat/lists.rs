//! Lists: requests, statuses, what waits for somebody, and the help.

use super::drawn::Drawn;
use super::words::Scene;
use crate::model::Request;
use crate::requests::show::RequestView;
use crate::requests::status::Status;
use crate::requests::waiting::Awaited;

/// Requests, each with what it waits for and the link to its card where it has one.
pub fn requests(requests: &[(Request, Vec<String>, Option<String>)], scene: &Scene<'_>) -> Drawn {
    let _ = (requests, scene);
    todo!()
}

/// How projects stand.
pub fn statuses(statuses: &[Status], scene: &Scene<'_>) -> Drawn {
    let _ = (statuses, scene);
    todo!()
}

/// What waits for the person who asks, each with the link to the message that asks for it where it has one.
pub fn awaiting(awaiting: &[(Awaited, Option<String>)], scene: &Scene<'_>) -> Drawn {
    let _ = (awaiting, scene);
    todo!()
}

/// A request's steps, approvals and history: more than its card has room for.
pub fn details(view: &RequestView, scene: &Scene<'_>) -> Drawn {
    let _ = (view, scene);
    todo!()
}

/// What the commands do, and who may do what.
pub fn help(scene: &Scene<'_>) -> Drawn {
    let _ = scene;
    todo!()
}
