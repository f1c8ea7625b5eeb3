//! Tends one message until it shows what it should.

use std::time::Duration;

use super::{Shared, wanted};
use crate::model::{Part, Posted, RequestId};
use crate::requests::DeskError;
use crate::requests::show::RequestView;

/// What one look at a message led to.
pub(super) enum Step {
    /// It shows what it should.
    Settled,
    /// It was posted.
    Posted,
    /// It was edited, or what is known of it has changed: it is looked at again, after the time that edits are apart.
    Edited,
    /// It could not be done: it is tried again, as late as Discord said, if it said.
    Again(Option<Duration>),
    /// The bot may not, or cannot: it is left alone for a while.
    Later,
}

/// A message as it is and as it should be.
pub(super) struct Tended {
    pub(super) row: Posted,
    pub(super) view: RequestView,
    pub(super) drawn: super::super::drawn::Drawn,
    pub(super) last: bool,
}

impl Shared {
    /// Tends one message until it shows what it should, or `stop` turns true. Whether it was posted meanwhile.
    pub(super) async fn tend(&self, id: &RequestId, part: &Part) -> bool {
        let (mut failed, mut posted) = (0, false);
        loop {
            let step = match self.step(id, part).await {
                Ok(step) => step,
                Err(error) => {
                    tracing::error!(request = %id, %error, "the store was not asked what a message is to show");
                    Step::Again(None)
                }
            };
            let pause = match step {
                Step::Settled => return posted,
                Step::Posted => {
                    (failed, posted) = (0, true);
                    self.pace.edit
                }
                Step::Edited => {
                    failed = 0;
                    self.pace.edit
                }
                Step::Again(after) => {
                    failed += 1;
                    after.unwrap_or_default().max(self.pace.before_try(failed - 1))
                }
                Step::Later => self.pace.forbidden,
            };
            if !self.rest(pause).await {
                return posted;
            }
        }
    }

    /// Looks at it once, and does the one thing that is to be done.
    async fn step(&self, id: &RequestId, part: &Part) -> Result<Step, DeskError> {
        let Some(tended) = self.looked_at(id, part).await? else { return Ok(Step::Settled) };
        let Tended { row, drawn, last, .. } = &tended;
        let shows = row.shown.as_ref() == Some(&drawn.digest());
        match &row.message {
            None if !wanted::is_to_be_posted(&tended.view, part) => {
                self.remember(&Posted { ended: true, ..row.clone() }).await?;
                Ok(Step::Settled)
            }
            None => self.post(&tended, None).await,
            Some(_) if shows && row.ended == *last => Ok(Step::Settled),
            Some(_) if shows => {
                self.remember(&Posted { ended: *last, ..row.clone() }).await?;
                Ok(Step::Settled)
            }
            Some(message) => self.edit(&tended, message).await,
        }
    }

    /// The message as it is and as it should be; none where there is nothing to show, or where its last is shown.
    async fn looked_at(&self, id: &RequestId, part: &Part) -> Result<Option<Tended>, DeskError> {
        let (desk, config) = (&self.chat.desk, self.chat.desk.config());
        let view = match desk.show(id).await {
            Err(DeskError::NotFound(_)) => return Ok(None),
            view => view?,
        };
        let posted = desk.posted(id).await?;
        let last = wanted::is_last(&view, part);
        let row = match posted.iter().find(|message| message.part == *part) {
            Some(row) if row.ended && last => return Ok(None),
            Some(row) => row.clone(),
            None => match wanted::first(&view, part, config) {
                Some(row) => row,
                None => return Ok(None),
            },
        };
        let scene = self.chat.scene(row.language);
        let drawn = wanted::drawn(&view, part, &posted, &scene);
        Ok(drawn.map(|drawn| Tended { row, view, drawn, last }))
    }

    pub(super) async fn remember(&self, row: &Posted) -> Result<(), DeskError> {
        self.chat.desk.remember_posted(row).await
    }
}
