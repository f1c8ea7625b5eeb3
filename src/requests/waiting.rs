//! What waits for somebody: the steps that this person may approve now; and what a face can offer to choose from.

use super::approve::Approvable;
use super::{Desk, DeskError};
use crate::model::{Person, ProjectName, Request};

/// A request with the steps of it that wait.
#[derive(Debug, Clone)]
pub struct Awaited {
    /// The request.
    pub request: Request,
    /// Its steps that this person may approve now.
    pub held: Vec<Approvable>,
}

impl Desk {
    /// What waits for this person's approval, the oldest request first: not their own requests, not what they have approved.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn awaiting(&self, person: &Person) -> Result<Vec<Awaited>, DeskError> {
        let _ = person;
        todo!()
    }

    /// The projects that somebody has asked for something for, in environments that this person may look into, by name.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn known_projects(&self, person: &Person) -> Result<Vec<ProjectName>, DeskError> {
        let _ = person;
        todo!()
    }
}
