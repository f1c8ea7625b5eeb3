//! Calls under a role with power, under the witness's eyes: each is written down before it is sent, and what came of it afterwards.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

use super::error::{Called, Refused};
use crate::engine::cloud::Behalf;
use crate::engine::witness::{Intent, NO_ANSWER, Outcome, Told, Witness};
use crate::model::{AccountId, RoleKind};

/// Who is told of the calls of one role, and on whose behalf they are made. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    witness: Arc<dyn Witness>,
    behalf: Arc<Behalf>,
    account: AccountId,
    role: String,
    kind: RoleKind,
}

impl Watch {
    /// For the calls of that role; none for a role that only looks, and for the auditor's, whose every object would make the log
    /// longer that it is a checkpoint of.
    pub(super) fn over(
        witness: &Arc<dyn Witness>,
        behalf: &Behalf,
        account: &AccountId,
        kind: RoleKind,
        role: &str,
    ) -> Option<Self> {
        kind.has_power().then(|| Self {
            witness: Arc::clone(witness),
            behalf: Arc::new(behalf.clone()),
            account: account.clone(),
            role: role.to_owned(),
            kind,
        })
    }

    /// Writes down that the call is about to be made.
    ///
    /// # Errors
    /// Passing: it may not be made now.
    async fn before(&self, called: Called<'_>) -> Result<Pending, Refused> {
        let Behalf { person, request, step, approvers, digest, .. } = &*self.behalf;
        let intent = Intent {
            person: person.clone(),
            request: request.clone(),
            step: step.clone(),
            approvers: approvers.iter().cloned().collect::<BTreeSet<_>>(),
            digest: digest.clone(),
            account: self.account.clone(),
            role: self.role.clone(),
            kind: self.kind,
            action: called.action.to_owned(),
            resource: called.resource.to_owned(),
        };
        match self.witness.before(&intent).await {
            Ok(told) => Ok(Pending { witness: Arc::clone(&self.witness), told: Some(told) }),
            Err(unwitnessed) => Err(Refused::unwitnessed(called, &format!("was not made, because {unwitnessed}"))),
        }
    }
}

/// Makes a call: where it is watched, its intent is on disk before it is sent, and its outcome before anybody acts on the answer.
/// The SDK's own repeats are one call: its outcome is the last one's.
///
/// # Errors
/// [`Refused`]; passing where the intent could not be written (then the call was not made) or the outcome could not (then only a
/// look can tell).
pub(super) async fn watched<T, E>(
    watch: Option<&Watch>,
    called: Called<'_>,
    call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
) -> Result<T, Refused>
where
    T: RequestId,
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let sorted = |error: &SdkError<E, HttpResponse>| Refused::new(called, error);
    let Some(watch) = watch else { return call.await.map_err(|error| sorted(&error)) };
    let pending = watch.before(called).await?;
    let answer = call.await;
    let aws_request = match &answer {
        Ok(output) => output.request_id().map(str::to_owned),
        Err(error) => error.request_id().map(str::to_owned),
    };
    let answer = answer.map_err(|error| sorted(&error));
    let code = answer.as_ref().err().map(Refused::said);
    match pending.ended(&Outcome { code, aws_request }).await {
        Ok(()) => answer,
        Err(why) => Err(Refused::unwitnessed(called, &format!("was made, but {why}"))),
    }
}

/// An intent that is on disk, of which it is not known yet what came. Where whoever waits for the answer stops waiting, it is
/// written that none was heard.
struct Pending {
    witness: Arc<dyn Witness>,
    told: Option<Told>,
}

impl Pending {
    async fn ended(mut self, outcome: &Outcome) -> Result<(), String> {
        let Some(told) = self.told.take() else { return Ok(()) };
        self.witness.after(told, outcome).await.map_err(|error| error.to_string())
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let (Some(told), Ok(runtime)) = (self.told.take(), tokio::runtime::Handle::try_current()) else { return };
        let witness = Arc::clone(&self.witness);
        runtime.spawn(async move {
            let unheard = Outcome { code: Some(NO_ANSWER.to_owned()), aws_request: None };
            if let Err(error) = witness.after(told, &unheard).await {
                tracing::error!(%error, "that a call's answer was not waited for is not in the audit log");
            }
        });
    }
}
