//! Assuming a role: exactly what is sent to STS, what its refusal means, and that the account is the configured one.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_sts::types::Tag;
use aws_types::SdkConfig;
use tokio::sync::OnceCell;

use super::error::{Called, Refused};
use super::permission::{Statement, to_session_policy};
use super::session::role_of;
use super::trust::trust_policy;
use crate::config::{Account, Config};
use crate::engine::CloudError;
use crate::engine::cloud::Behalf;
use crate::engine::limit::Gates;
use crate::model::{AccountId, Region, RoleKind};
use crate::telemetry::{Lasts, hold};

/// The most characters of a session policy (STS API Reference, AssumeRole).
const LONGEST_POLICY: usize = 2048;
/// The most characters of a session's name and of a source identity (the same).
const LONGEST_NAME: usize = 64;
/// The longest session of a role that was assumed by a role: longer ones are refused, not clipped (the same).
const LONGEST: Duration = Duration::from_hours(1);
/// The shortest session (the same).
const SHORTEST: Duration = Duration::from_mins(15);

/// One AssumeRole: all that is sent, and what a session is known by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Assume {
    /// The account that it must lead to.
    pub(super) account: AccountId,
    /// The account as people call it: `name (id)`.
    pub(super) account_name: String,
    /// The role's ARN, from the config only.
    pub(super) role: String,
    /// How long it lasts.
    pub(super) lasts: Duration,
    known: bool,
    tags_allowed: bool,
    identity_allowed: bool,
    external_id: Option<String>,
    name: String,
    source_identity: Option<String>,
    tags: Vec<(String, String)>,
    policy: Option<String>,
}

impl Assume {
    /// What is sent for that role, on whose behalf, for these statements. `configured` is the account's name and settings.
    pub(super) fn new(
        config: &Config,
        account: &AccountId,
        configured: Option<(&str, &Account)>,
        region: &Region,
        kind: RoleKind,
        behalf: &Behalf,
        statements: &[Statement],
    ) -> Self {
        let shared = kind == RoleKind::Reader && statements.is_empty();
        let minutes = u64::from(config.sessions.minutes);
        let settings = configured.map(|(_, settings)| settings);
        let tags_allowed = settings.is_some_and(|settings| settings.session_tags);
        let identity_allowed = settings.is_some_and(|settings| settings.source_identity);
        Self {
            account: account.clone(),
            account_name: configured.map_or_else(|| account.to_string(), |(name, _)| format!("{name} ({account})")),
            role: settings.map_or_else(
                || format!("{} role", kind.word()),
                |settings| role_of(config, settings, kind).arn(account, region),
            ),
            lasts: Duration::from_secs(minutes * 60).clamp(SHORTEST, LONGEST),
            known: settings.is_some(),
            tags_allowed,
            identity_allowed,
            external_id: settings.and_then(|settings| settings.external_id.clone()),
            name: session_name(behalf, shared),
            source_identity: identity_allowed.then(|| source_identity(&behalf.person)).flatten(),
            tags: if shared || !tags_allowed { Vec::new() } else { session_tags(behalf) },
            policy: (!statements.is_empty()).then(|| to_session_policy(statements)),
        }
    }
}

/// `genkan-REQUEST-STEP` for a step, `genkan-look-PERSON` for a look.
fn session_name(behalf: &Behalf, shared: bool) -> String {
    let parts: Vec<&str> = match (&behalf.request, &behalf.step) {
        (Some(request), Some(step)) if !shared => vec!["genkan", request.as_str(), step.as_str()],
        _ => vec!["genkan", "look", &behalf.person],
    };
    let name = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    cleaned(&name, "_+=,.@-", LONGEST_NAME)
}

/// The person, where the name is one that STS takes.
fn source_identity(person: &str) -> Option<String> {
    let cleaned = cleaned(person, "_+=,.@-", LONGEST_NAME);
    (cleaned.len() >= 2).then_some(cleaned)
}

/// The session's tags: request, step and approvers, as far as they are known.
fn session_tags(behalf: &Behalf) -> Vec<(String, String)> {
    let approvers = |names: &BTreeSet<String>| names.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    [
        ("genkan:request", behalf.request.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("genkan:step", behalf.step.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("genkan:approvers", approvers(&behalf.approvers)),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(key, value)| (key.to_owned(), cleaned(&value, "_.:/=+-@ ", 256)))
    .collect()
}

/// The text with `_` for every character that is neither an ASCII letter or digit nor one of `others`, cut to `longest`.
fn cleaned(text: &str, others: &str, longest: usize) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
    text.chars().map(|c| if allowed(c) { c } else { '_' }).take(longest).collect()
}

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

    /// Opens a session and makes sure that it is in the account that it should be in.
    ///
    /// # Errors
    /// [`CloudError::Forbidden`] with the trust policy that the role needs; [`CloudError::Wrong`] if the role is in
    /// another account than the config says.
    pub(super) async fn assume(&self, assume: &Assume) -> Result<Credentials, CloudError> {
        if !assume.known {
            return Err(CloudError::Wrong { why: format!("account {} is not in the config", assume.account) });
        }
        if let Some(long) = assume.policy.as_ref().filter(|policy| policy.chars().count() > LONGEST_POLICY) {
            let why = format!(
                "the session policy for {} has {} characters, {LONGEST_POLICY} are allowed",
                assume.role,
                long.len()
            );
            return Err(CloudError::Wrong { why });
        }
        let called = Called { action: "sts:AssumeRole", resource: &assume.role, role: "the process's own identity" };
        self.pass("AssumeRole").await;
        let tags = assume.tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok());
        let answer = self
            .sts
            .assume_role()
            .role_arn(&assume.role)
            .role_session_name(&assume.name)
            .duration_seconds(i32::try_from(assume.lasts.as_secs()).unwrap_or(900))
            .set_external_id(assume.external_id.clone())
            .set_source_identity(assume.source_identity.clone())
            .set_tags(Some(tags.collect::<Vec<_>>()).filter(|tags| !tags.is_empty()))
            .set_policy(assume.policy.clone())
            .send()
            .await;
        let answer = match answer.map_err(|error| Refused::new(called, &error)) {
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
        match &assume.external_id {
            Some(id) => causes.push(format!("its trust policy asks for another sts:ExternalId than `{id}`")),
            None => causes.push("its trust policy asks for an sts:ExternalId, and the config has none".to_owned()),
        }
        if assume.tags_allowed {
            causes.push("sts:TagSession is not allowed (or set session_tags = false)".to_owned());
        }
        if assume.identity_allowed {
            causes.push("sts:SetSourceIdentity is not allowed (or set source_identity = false)".to_owned());
        }
        causes.push("a service control policy denies it".to_owned());
        let said = refused.code.as_deref().unwrap_or("no answer");
        let why = format!("{} in {} cannot be assumed ({said})", assume.role, assume.account_name);
        let mut mend = format!("it is one of:\n  - {}", causes.join("\n  - "));
        let principal = caller.or_else(|| Some(format!("arn:aws:iam::{}:root", self.account.as_ref()?)));
        if let Some(principal) = principal {
            let external_id = assume.external_id.as_deref();
            let trust = trust_policy(&principal, external_id, assume.tags_allowed, assume.identity_allowed);
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn behalf() -> Behalf {
        Behalf {
            person: "aiko@example.com".to_owned(),
            request: Some("r-7k2m9x4bqd".parse().unwrap()),
            step: Some("a-step-whose-name-is-forty-characters-aa".parse().unwrap()),
            approvers: ["林 太郎", "ken, lead"].map(str::to_owned).into(),
            digest: None,
        }
    }

    fn assume(kind: RoleKind, change: impl FnOnce(&mut Account), statements: &[Statement]) -> Assume {
        let mut config = crate::aws::testing::config();
        change(config.accounts.get_mut("dev").unwrap());
        let (name, account) = config.accounts.get_key_value("dev").unwrap();
        let region = config.region_of(account);
        Assume::new(&config, &account.id, Some((name, account)), region, kind, &behalf(), statements)
    }

    #[test]
    fn a_steps_session_carries_who_what_and_no_more_than_it_needs() {
        let statement = Statement::new("Sid", &["s3:CreateBucket"], &["arn:aws:s3:::project-x-dev"]);
        let assume = assume(RoleKind::Writer, |_| {}, &[statement]);
        assert_eq!(assume.role, "arn:aws:iam::222222222222:role/genkan-writer");
        assert_eq!(assume.name, "genkan-r-7k2m9x4bqd-a-step-whose-name-is-forty-characters-aa");
        assert!(assume.name.len() <= LONGEST_NAME);
        assert_eq!(assume.source_identity.as_deref(), Some("aiko@example.com"));
        assert_eq!(assume.external_id.as_deref(), Some("genkan-test"));
        assert_eq!(assume.lasts, SHORTEST);
        let value = |key: &str| assume.tags.iter().find(|(tag, _)| tag == key).map(|(_, value)| value.as_str());
        assert_eq!(value("genkan:request"), Some("r-7k2m9x4bqd"));
        assert_eq!(value("genkan:approvers"), Some("ken_ lead _ __"));
        let policy: Value = serde_json::from_str(assume.policy.as_ref().unwrap()).unwrap();
        assert_eq!(policy["Statement"][0]["Action"], "s3:CreateBucket");
    }

    #[test]
    fn a_reader_is_shared_by_all_steps_of_a_person() {
        let one = assume(RoleKind::Reader, |_| {}, &[]);
        assert_eq!(
            (one.name.as_str(), one.tags.len(), one.policy.is_none()),
            ("genkan-look-aiko@example.com", 0, true)
        );
    }

    #[test]
    fn what_an_accounts_trust_does_not_allow_is_not_sent() {
        let without = |account: &mut Account| {
            (account.session_tags, account.source_identity, account.external_id) = (false, false, None);
        };
        let plain = assume(RoleKind::Writer, without, &[]);
        assert_eq!((plain.tags.len(), plain.source_identity, plain.external_id), (0, None, None));
    }
}
