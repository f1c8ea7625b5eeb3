//! The tool's own identity, which only assumes roles: sends what [`super::assume`] says, and makes sure where that led.

use aws_credential_types::Credentials;
use aws_sdk_sts::types::Tag;
use aws_types::SdkConfig;
use tokio::sync::OnceCell;

use super::assume::{Assume, LONGEST_POLICY};
use super::error::{Called, Refused};
use super::trust::trust_policy;
use super::watched::{Watch, watched};
use crate::config::Config;
use crate::engine::CloudError;
use crate::engine::limit::Gates;
use crate::model::AccountId;
use crate::telemetry::{Lasts, hold};

/// The process's own identity, which only assumes roles.
pub(super) struct Hub {
    sts: aws_sdk_sts::Client,
    account: Option<AccountId>,
    gates: Gates,
    caller: OnceCell<String>,
}

impl Hub {
    pub(super) fn new(config: &Config, base: &SdkConfig, gates: Gates) -> Self {
        let account = config.account(&config.platform.hub).map(|account| account.id.clone());
        Self { sts: aws_sdk_sts::Client::new(base), account, gates, caller: OnceCell::new() }
    }

    /// The process's own ARN; asked for once.
    ///
    /// # Errors
    /// When there are no credentials, or they are not valid.
    pub(super) async fn caller(&self) -> Result<String, CloudError> {
        self.caller
            .get_or_try_init(|| async {
                let called =
                    Called { action: "sts:GetCallerIdentity", resource: "*", role: "the process's own identity" };
                self.pass("GetCallerIdentity").await;
                let answer =
                    self.sts.get_caller_identity().send().await.map_err(|error| Refused::new(called, &error))?;
                answer.arn.ok_or_else(|| CloudError::Wrong { why: "sts:GetCallerIdentity told no ARN".to_owned() })
            })
            .await
            .cloned()
    }

    /// The client under the process's own identity, for a look that needs no session.
    pub(super) const fn sts(&self) -> &aws_sdk_sts::Client {
        &self.sts
    }

    /// The process's own ARN, where it was asked for already.
    pub(super) fn known_caller(&self) -> Option<&str> {
        self.caller.get().map(String::as_str)
    }

    /// Opens a session and makes sure that it is in the account that it should be in. The assuming of a role with power is watched.
    ///
    /// # Errors
    /// [`CloudError::Forbidden`] with the trust policy that the role needs; [`CloudError::Wrong`] if the role is in
    /// another account than the config says.
    pub(super) async fn assume(&self, assume: &Assume, watch: Option<&Watch>) -> Result<Credentials, CloudError> {
        if !assume.known {
            return Err(CloudError::Wrong { why: format!("account {} is not in the config", assume.account) });
        }
        let length = assume.policy.chars().count();
        if length > LONGEST_POLICY {
            let why =
                format!("the session policy for {} has {length} characters, {LONGEST_POLICY} are allowed", assume.role);
            return Err(CloudError::Wrong { why });
        }
        let called = Called { action: "sts:AssumeRole", resource: &assume.role, role: "the process's own identity" };
        self.pass("AssumeRole").await;
        let tags = assume.tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok());
        let call = self
            .sts
            .assume_role()
            .role_arn(&assume.role)
            .role_session_name(&assume.name)
            .duration_seconds(i32::try_from(assume.lasts.as_secs()).unwrap_or(900))
            .set_external_id(assume.carries.external_id.clone())
            .set_source_identity(assume.source_identity.clone())
            .set_tags(Some(tags.collect::<Vec<_>>()).filter(|tags| !tags.is_empty()))
            .policy(&assume.policy)
            .send();
        let answer = match watched(watch, called, call).await {
            Ok(answer) => answer,
            Err(refused) if refused.is_forbidden() => return Err(self.not_trusted(assume, &refused).await),
            Err(refused) => return Err(refused.error),
        };
        let arn = answer.assumed_role_user.map(|user| user.arn).unwrap_or_default();
        if arn.split(':').nth(4) != Some(assume.account.as_str()) {
            let why =
                format!("{} led to {arn}, which is not in {}: check the config", assume.role, assume.account_name);
            return Err(CloudError::Wrong { why });
        }
        let Some(made) = answer.credentials else {
            return Err(CloudError::Wrong { why: format!("sts:AssumeRole for {} gave no credentials", assume.role) });
        };
        for secret in [&made.access_key_id, &made.secret_access_key, &made.session_token] {
            hold(secret, Lasts::Passing);
        }
        let expires = made.expiration.try_into().ok();
        Ok(Credentials::new(made.access_key_id, made.secret_access_key, Some(made.session_token), expires, "genkan"))
    }

    async fn not_trusted(&self, assume: &Assume, refused: &Refused) -> CloudError {
        let caller = self.caller().await.ok();
        let me = caller.as_deref().unwrap_or("the process's own identity");
        let mut causes = vec![
            "the role does not exist".to_owned(),
            format!("its trust policy does not name {me}"),
            format!("{me} lacks sts:AssumeRole on it"),
        ];
        match &assume.carries.external_id {
            Some(id) => causes.push(format!("its trust policy asks for another sts:ExternalId than `{id}`")),
            None => causes.push("its trust policy asks for an sts:ExternalId, and the config has none".to_owned()),
        }
        if assume.carries.tags {
            causes.push("sts:TagSession is not allowed (or set session_tags = false)".to_owned());
        }
        if assume.carries.source_identity {
            causes.push("sts:SetSourceIdentity is not allowed (or set source_identity = false)".to_owned());
        }
        causes.push("a service control policy denies it".to_owned());
        let said = refused.code.as_deref().unwrap_or("no answer");
        let why = format!("{} in {} cannot be assumed ({said})", assume.role, assume.account_name);
        let mut mend = format!("it is one of:\n  - {}", causes.join("\n  - "));
        let principal = caller.or_else(|| Some(format!("arn:aws:iam::{}:root", self.account.as_ref()?)));
        if let Some(principal) = principal {
            let trust = trust_policy(&principal, &assume.carries);
            mend.push_str(&format!("\nthe role's trust policy should be:\n{trust:#}"));
        }
        CloudError::Forbidden { why, mend: Some(mend) }
    }

    async fn pass(&self, action: &str) {
        if let Some(account) = &self.account {
            self.gates.pass(account, "sts", action).await;
        }
    }
}
