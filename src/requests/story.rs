//! What the audit log tells of one project in one environment: who asked, saw, approved, what was done, and how it ended.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Desk, DeskError};
use crate::model::audit::{Entry, What};
use crate::model::{EnvironmentName, Person, ProjectName, RequestId};
use crate::policy::Deed;

/// Which entries are part of the story, as they come by.
struct Listener<'a> {
    project: &'a ProjectName,
    environment: &'a EnvironmentName,
    requests: BTreeSet<RequestId>,
    calls: BTreeSet<u64>,
}

impl Listener<'_> {
    fn is_meant(&mut self, entry: &Entry) -> bool {
        match &entry.what {
            What::Asked { request, project, environment, .. } => {
                let meant = (project, environment) == (self.project, self.environment);
                if meant {
                    self.requests.insert(request.clone());
                }
                meant
            }
            What::Refused { project: Some(project), environment, .. } => {
                (project, environment) == (self.project, self.environment)
            }
            What::Answer { call, .. } => self.calls.remove(call),
            what => {
                let meant = what.request().is_some_and(|request| self.requests.contains(request));
                if meant && matches!(what, What::Call(_)) {
                    self.calls.insert(entry.number);
                }
                meant
            }
        }
    }
}

impl Desk {
    /// The entries about a project in an environment, the oldest first. `since`: only what was written then or later.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] for names that cannot be; [`DeskError::Refused`] by policy; [`DeskError::Store`], also for an entry
    /// that this version of the program does not know.
    pub async fn story(
        &self,
        person: &Person,
        project: &str,
        environment: &str,
        since: Option<Timestamp>,
    ) -> Result<Vec<Entry>, DeskError> {
        let project = self.config.project(project)?;
        let (environment, _) = self.config.environment_named(environment)?;
        self.allow(person, Deed::Read, &environment, Some(&project))?;
        let mut listener = Listener {
            project: &project,
            environment: &environment,
            requests: BTreeSet::new(),
            calls: BTreeSet::new(),
        };
        let (mut story, mut from) = (Vec::new(), 0);
        loop {
            let page = self.store.entries(from).await?;
            let Some((last, _)) = page.last() else { return Ok(story) };
            from = last + 1;
            for (number, bytes) in page {
                let entry: Entry = serde_json::from_slice(&bytes)
                    .map_err(|error| DeskError::Store(format!("entry {number} of the audit log: {error}")))?;
                if listener.is_meant(&entry) && since.is_none_or(|since| entry.at >= since) {
                    story.push(entry);
                }
            }
        }
    }
}
