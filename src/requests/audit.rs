//! The audit log as people use it: what a process tells of itself, checkpoints for outsiders to keep, exports, proofs, and the
//! check of the whole.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Desk, DeskError, Why};
use crate::model::audit::{Checkpoint, Face, Outside, What};
use crate::model::finding::{Finding, Health};
use crate::model::{Digest, Person, RequestId, StepId};
use crate::plan::decide::ENGINE;
use crate::policy::Deed;
use crate::store::audit::Key;
pub use crate::store::audit::{Outsider, Report, check_proof, name_of_key, read};

impl Desk {
    /// Writes down that this process begins to do something that can change something, under which config and rules.
    ///
    /// # Errors
    /// [`DeskError::Store`]; also where the log's end does not fit its tree or its last checkpoint: then nothing is to be done.
    pub async fn begin(&self, does: &str) -> Result<(), DeskError> {
        let what = What::ProcessStarted {
            process: self.holder.clone(),
            does: does.to_owned(),
            program: ENGINE.to_owned(),
            config: Digest::of(&*self.config),
            policy: self.policy.digest().clone(),
        };
        self.store.tell_first(what).await?;
        Ok(())
    }

    /// Writes down that it has ended in order.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn end(&self) -> Result<(), DeskError> {
        self.store.tell(What::ProcessEnded { process: self.holder.clone() }).await?;
        Ok(())
    }

    /// Waits until what policy refused is written down.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn settle(&self) -> Result<(), DeskError> {
        Ok(self.store.settle().await?)
    }

    /// The log's end and the file of its key, for `doctor`: what is cheap to know.
    pub(super) async fn examine_log(&self) -> Vec<Finding> {
        let end = match self.store.audit_fits().await {
            Ok(()) => {
                (Health::Ok, "it fits the last checkpoint; `genkan audit verify` checks all of it".to_owned(), None)
            }
            Err(error) => {
                let mend = "stop every genkan that uses this store, keep a copy of it, run `genkan audit verify`";
                (Health::Failed, error.to_string(), Some(mend.to_owned()))
            }
        };
        // A log that cannot be read is said once.
        let has_signed = matches!(self.store.last_checkpoint().await, Ok(Some(_)));
        let key = Key::examine(&self.key_file(), has_signed);
        let finding = |(subject, (health, seen, mend)): (&str, _)| Finding {
            place: "audit log".to_owned(),
            subject: subject.to_owned(),
            health,
            seen,
            mend,
        };
        [("its end", end), ("its key", key)].map(finding).into()
    }

    /// Writes down that this person was shown what waits for approval in this request, the one step or all, as it is now.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn was_shown(
        &self,
        to: &Person,
        id: &RequestId,
        step: Option<&StepId>,
        face: &Face,
    ) -> Result<(), DeskError> {
        let view = self.show(id).await?;
        for (step, digest) in view.held().filter(|(held, _)| step.is_none_or(|step| held.desired.id == *step)) {
            let what = What::Shown {
                request: id.clone(),
                step: step.desired.id.clone(),
                digest: digest.clone(),
                to: Some(to.name.clone()),
                face: face.clone(),
            };
            self.store.tell(what).await?;
        }
        Ok(())
    }

    /// A checkpoint that covers everything written so far: a new one where the log has grown since the last, else the last.
    /// None while the log is empty. Where the last one was posted is no growth.
    ///
    /// # Errors
    /// [`DeskError::Store`]; also where the log does not fit its own tree, or does not go on from what was signed before: then
    /// nothing is signed.
    pub async fn checkpoint(&self) -> Result<Option<Checkpoint>, DeskError> {
        if !self.store.has_unsigned().await? {
            return Ok(self.store.last_checkpoint().await?);
        }
        Ok(self.store.checkpoint(self.key().await?).await?)
    }

    /// The newest checkpoint, if it has not been put there yet.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn checkpoint_for(&self, place: Outside) -> Result<Option<Checkpoint>, DeskError> {
        let Some(last) = self.store.last_checkpoint().await? else { return Ok(None) };
        Ok(if self.store.is_posted(&last, place).await? { None } else { Some(last) })
    }

    /// It is there now; `link`: where to find it (a message's link, an object's URL with its version).
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn checkpoint_is_at(&self, checkpoint: &Checkpoint, place: Outside, link: &str) -> Result<(), DeskError> {
        self.store.tell(What::Posted { size: checkpoint.size, place, link: link.to_owned() }).await?;
        Ok(())
    }

    /// What checkpoints are verified with: name, hash and public key. A log that is not there yet begins, and a key that is not
    /// there yet is made.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn verifier_key(&self) -> Result<String, DeskError> {
        Ok(self.key().await?.verifier())
    }

    /// The same, if both are there: nothing is made.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn verifier_key_if_made(&self) -> Result<Option<String>, DeskError> {
        let begun = self.store.log_id().await.ok().flatten().is_some();
        if begun && self.key_file().exists() { self.verifier_key().await.map(Some) } else { Ok(None) }
    }

    /// Checks the whole log, and holds it against checkpoints that were kept elsewhere. `key`: what they are verified with;
    /// none: the log's own key.
    ///
    /// # Errors
    /// [`DeskError::Store`] where it cannot be read; what is wrong in it is in the report.
    pub async fn audit(&self, key: Option<&str>, outsiders: &[Outsider]) -> Result<Report, DeskError> {
        let own = match key {
            Some(_) => None,
            None => self.verifier_key_if_made().await?,
        };
        Ok(self.store.audit().await?.report(key.or(own.as_deref()), outsiders))
    }

    /// Some entries from this number on, each as the bytes that were written, for somebody who may read everything; empty at
    /// the end.
    ///
    /// # Errors
    /// [`DeskError::Refused`] by policy; [`DeskError::Store`].
    pub async fn audit_entries(&self, person: &Person, from: u64) -> Result<Vec<(u64, Vec<u8>)>, DeskError> {
        self.may_audit(person)?;
        Ok(self.store.entries(from).await?)
    }

    /// What stands before and behind the entries of an export from `since` on and before `until`, line by line.
    ///
    /// # Errors
    /// As [`Desk::audit_entries`].
    pub async fn audit_frame(
        &self,
        person: &Person,
        since: u64,
        until: u64,
    ) -> Result<(Option<String>, Vec<String>), DeskError> {
        self.may_audit(person)?;
        let key = self.verifier_key().await?;
        Ok((self.store.export_head(since).await?, self.store.export_tail(since, until, &key).await?))
    }

    /// The proof that an entry is in the log, for an outsider who has only the verifier key.
    ///
    /// # Errors
    /// As [`Desk::audit_entries`]; [`DeskError::NotFound`] where there is no such entry.
    pub async fn audit_proof(&self, person: &Person, entry: u64) -> Result<String, DeskError> {
        self.may_audit(person)?;
        self.checkpoint().await?;
        let proof = self.store.proof(entry).await?;
        proof.ok_or_else(|| DeskError::NotFound(Why::from(format!("the audit log has no entry {entry}"))))
    }

    /// Whether somebody may read what was done for every project: all environments are theirs to look into.
    fn may_audit(&self, person: &Person) -> Result<(), DeskError> {
        self.config.environments.keys().try_for_each(|environment| self.allow(person, Deed::Read, environment, None))
    }

    fn key_file(&self) -> PathBuf {
        self.config.audit.key_file.as_ref().map_or_else(|| self.store.audit_key(), PathBuf::from)
    }

    /// The key, read once.
    async fn key(&self) -> Result<Arc<Key>, DeskError> {
        let read = || async {
            let hub = self.config.account(&self.config.platform.hub).map_or("", |hub| hub.id.as_str());
            let origin = format!("genkan/{hub}/{}", self.store.begin_log().await?);
            let path = self.key_file();
            let key = tokio::task::spawn_blocking(move || Key::at(&path, origin)).await;
            key.map_err(|error| DeskError::Store(error.to_string()))?.map(Arc::new).map_err(DeskError::from)
        };
        self.audit_key.get_or_try_init(read).await.cloned()
    }
}
