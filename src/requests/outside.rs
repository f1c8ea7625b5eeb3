//! Checkpoints outside the tool's own power: when one is due, where each place stands, and the bucket with Object Lock.

use jiff::{SignedDuration, Timestamp};

use super::{Desk, DeskError};
use crate::model::audit::{Checkpoint, Outside};
use crate::model::finding::{Finding, Health};

impl Desk {
    /// The checkpoint that is to be put there now: the newest, one that covers all that is written; none where the newest is
    /// there, or where the last one was put there less than `every_minutes` ago, by whichever process.
    ///
    /// # Errors
    /// As [`Desk::checkpoint`].
    pub async fn due_for(&self, place: Outside) -> Result<Option<Checkpoint>, DeskError> {
        if let Some((_, at)) = self.store.last_posted(place).await?
            && self.now().duration_since(at) < self.checkpoints_apart()
        {
            return Ok(None);
        }
        self.checkpoint().await?;
        self.checkpoint_for(place).await
    }

    /// Puts the newest checkpoint into the bucket with Object Lock, if it is not there; where it is then.
    ///
    /// # Errors
    /// As [`Desk::due_for`]; [`DeskError::Cloud`] with what AWS refused: it is to be tried again.
    pub async fn lock_away_checkpoint(&self) -> Result<Option<String>, DeskError> {
        let Some(checkpoint) = self.due_for(Outside::S3).await? else { return Ok(None) };
        let link = self.cloud.lock_away(&checkpoint).await?;
        self.checkpoint_is_at(&checkpoint, Outside::S3, &link).await?;
        Ok(Some(link))
    }

    /// Since when something is in the log that no checkpoint in that place covers; none where all is covered.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn uncovered_since(&self, place: Outside) -> Result<Option<Timestamp>, DeskError> {
        Ok(self.store.uncovered_since(place).await?)
    }

    /// How far each place that the config names is behind, for `doctor`.
    pub(super) async fn examine_outside(&self) -> Vec<Finding> {
        let audit = &self.config.audit;
        let channel = audit.channel.as_ref().filter(|_| self.config.discord.is_some());
        let places = [
            (Outside::Discord, channel.map(|channel| format!("channel {channel}"))),
            (Outside::S3, audit.bucket.as_ref().map(|bucket| format!("bucket {}", bucket.name))),
        ];
        let mut findings = Vec::new();
        for (place, named) in places {
            let Some(named) = named else { continue };
            let behind = self.uncovered_since(place).await;
            findings.push(behind_finding(&named, behind, self.now(), self.checkpoints_apart()));
        }
        if findings.is_empty() {
            findings.push(nowhere());
        }
        findings
    }

    fn checkpoints_apart(&self) -> SignedDuration {
        SignedDuration::from_mins(i64::from(self.config.audit.every_minutes))
    }
}

/// Behind by more than twice the time that checkpoints are apart, something is wrong, or nobody runs `genkan serve`.
fn behind_finding(
    named: &str,
    behind: Result<Option<Timestamp>, DeskError>,
    now: Timestamp,
    apart: SignedDuration,
) -> Finding {
    let (health, seen, mend) = match behind {
        Ok(Some(since)) if now.duration_since(since) > apart + apart => (
            Health::Warning,
            format!("what was written since {} is in no checkpoint there", since.strftime("%Y-%m-%d %H:%M UTC")),
            Some("`genkan serve` puts checkpoints there: is it running, and what does its log say?".to_owned()),
        ),
        Ok(_) => (Health::Ok, "its checkpoints are up to date".to_owned(), None),
        Err(error) => (Health::Failed, error.to_string(), Some("genkan audit verify".to_owned())),
    };
    Finding { place: "audit log".to_owned(), subject: format!("checkpoints in {named}"), health, seen, mend }
}

fn nowhere() -> Finding {
    Finding {
        place: "audit log".to_owned(),
        subject: "checkpoints".to_owned(),
        health: Health::Warning,
        seen: "none is put outside genkan's own power: whoever has its store and its key can write another history"
            .to_owned(),
        mend: Some(
            "[audit] channel = \"…\" or bucket = { account = \"…\", name = \"…\" }; see docs/threat-model.md"
                .to_owned(),
        ),
    }
}
