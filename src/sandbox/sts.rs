//! STS across accounts: AssumeRole with trust policies, session policies, tags and source identity; GetCallerIdentity.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use awsim_core::{AwsError, ContextValue, IamCheck, Protocol, RequestContext, ServiceHandler};
use awsim_iam_policy::PolicyDocument;
use serde_json::{Value, json};

use super::assume_role::AssumeRole;
use super::caller::{Caller, Callers, Session, random_id};
use super::decide::{self, Context};
use super::iam::account_of;
use super::policy::{identity_policy, trust_policy};
use super::refusal::{Dialect, error};

/// The STS API.
pub(crate) struct Sts(pub Arc<Callers>);

#[async_trait]
impl ServiceHandler for Sts {
    fn service_name(&self) -> &'static str {
        "sts"
    }

    fn protocol(&self) -> Protocol {
        Protocol::AwsQuery
    }

    async fn handle(&self, operation: &str, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let key = ctx.access_key.as_deref().unwrap_or_default();
        let caller = self.0.known(key).map_err(|why| Dialect::Xml.not_known(why))?;
        match operation {
            "GetCallerIdentity" => {
                Ok(json!({ "UserId": caller.user_id, "Account": caller.account, "Arn": caller.arn }))
            }
            "AssumeRole" => self.assume_role(&caller, &AssumeRole::read(&input)?, ctx),
            other => Err(error(400, "InvalidAction", format!("This local AWS has no action {other} of STS"))),
        }
    }

    /// For the log: the role that is assumed.
    fn iam_checks(&self, operation: &str, input: &Value, _: &RequestContext) -> Vec<(String, String)> {
        let role = input["RoleArn"].as_str().unwrap_or_default();
        if operation == "AssumeRole" { vec![("sts:AssumeRole".to_owned(), role.to_owned())] } else { Vec::new() }
    }
}

impl Sts {
    /// Allowed by the caller's own policies **and** by the role's trust policy [IAM User Guide, "Cross-account policy evaluation logic"];
    /// a role that is not there is refused in the same words as one that may not be assumed.
    fn assume_role(&self, caller: &Caller, request: &AssumeRole, ctx: &RequestContext) -> Result<Value, AwsError> {
        let callers = &self.0;
        let inherited = caller.session.as_deref();
        request.check_against(inherited)?;
        let source_identity = request.source_identity.clone().or_else(|| caller.source_identity().map(str::to_owned));
        let mut tags = request.tags.clone();
        let mut transitive = request.transitive.clone();
        if let Some(session) = inherited {
            let handed_down = session.tags.iter().filter(|(key, _)| session.transitive.contains(*key));
            tags.extend(handed_down.map(|(key, value)| (key.clone(), value.clone())));
            transitive.extend(session.transitive.iter().cloned());
        }

        let mut actions = vec!["sts:AssumeRole"];
        if !tags.is_empty() {
            actions.push("sts:TagSession");
        }
        if source_identity.is_some() {
            actions.push("sts:SetSourceIdentity");
        }
        let base = decide::request_context(caller, &ctx.region, callers.clock.now());
        let keys = request.condition_keys(source_identity.as_deref());
        let denied = |action: &str| Dialect::Xml.denied(&caller.arn, action, &request.role_arn, "");
        for action in &actions {
            let check = IamCheck { context: keys.clone(), ..IamCheck::new(*action, &request.role_arn) };
            decide::identity_allows(caller, &check, &base).map_err(|_| denied(action))?;
        }
        let role = callers.iam.role(&request.role_arn).ok_or_else(|| denied(actions[0]))?;
        let trust: PolicyDocument = trust_policy(&role.assume_role_policy_document)?;
        let mut context: Context = base;
        context.extend(keys);
        if let Some(action) = actions.iter().find(|action| !decide::trust_allows(&trust, caller, action, &context)) {
            return Err(denied(action));
        }
        // A session's source identity cannot be changed by a later one.
        if caller.source_identity().is_some_and(|set| Some(set) != source_identity.as_deref()) {
            return Err(denied("sts:SetSourceIdentity"));
        }
        if u64::from(role.max_session_duration) < request.seconds {
            let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
            return Err(error(400, "ValidationError", message));
        }

        let account = account_of(&role.arn).unwrap_or_default().to_owned();
        let session = Session {
            access_key: random_id("ASIA", 16),
            secret_key: random_id("", 40),
            token: random_id("", 200),
            user_id: format!("{}:{}", role.role_id, request.session_name),
            arn: format!("arn:aws:sts::{account}:assumed-role/{}/{}", role.role_name, request.session_name),
            policy: self.session_policy(request, &account)?,
            expires: callers.clock.now() + Duration::from_secs(request.seconds),
            role_arn: role.arn,
            account,
            name: request.session_name.clone(),
            tags,
            transitive,
            source_identity,
        };
        let output = answer(&session)?;
        callers.keep(session);
        Ok(output)
    }

    /// The inline policy and the managed ones together; `None` = the role's whole permissions.
    fn session_policy(&self, request: &AssumeRole, account: &str) -> Result<Option<PolicyDocument>, AwsError> {
        let managed = request.policy_arns.iter().map(|arn| {
            let document = self.0.iam.managed_policy(arn).filter(|_| account_of(arn) == Some(account));
            let document = document
                .ok_or_else(|| error(400, "MalformedPolicyDocument", format!("Policy {arn} does not exist")))?;
            identity_policy(&document)
        });
        let documents: Vec<PolicyDocument> =
            request.policy.iter().cloned().map(Ok).chain(managed).collect::<Result<_, _>>()?;
        Ok(documents.into_iter().reduce(|mut all, more| {
            all.statements.extend(more.statements);
            all
        }))
    }
}

impl AssumeRole {
    /// The condition keys of the request itself [Service Authorization Reference, "AWS Security Token Service"].
    fn condition_keys(&self, source_identity: Option<&str>) -> Context {
        let text = |value: &str| ContextValue::String(value.to_owned());
        let list = |keys: BTreeSet<&String>| ContextValue::StringList(keys.into_iter().cloned().collect());
        let mut keys = Context::from([
            ("sts:RoleSessionName".to_owned(), text(&self.session_name)),
            ("sts:DurationSeconds".to_owned(), ContextValue::String(self.seconds.to_string())),
        ]);
        keys.extend(self.external_id.as_deref().map(|id| ("sts:ExternalId".to_owned(), text(id))));
        keys.extend(source_identity.map(|who| ("sts:SourceIdentity".to_owned(), text(who))));
        if !self.tags.is_empty() {
            keys.insert("aws:TagKeys".to_owned(), list(self.tags.keys().collect()));
            keys.extend(self.tags.iter().map(|(key, value)| (format!("aws:RequestTag/{key}"), text(value))));
        }
        if !self.transitive.is_empty() {
            keys.insert("sts:TransitiveTagKeys".to_owned(), list(self.transitive.iter().collect()));
        }
        keys
    }
}

fn answer(session: &Session) -> Result<Value, AwsError> {
    let expires = jiff::Timestamp::try_from(session.expires)
        .and_then(|at| jiff::Timestamp::from_second(at.as_second()))
        .map_err(|failure| error(500, "InternalFailure", failure.to_string()))?;
    let mut output = json!({
        "Credentials": {
            "AccessKeyId": session.access_key,
            "SecretAccessKey": session.secret_key,
            "SessionToken": session.token,
            "Expiration": expires.to_string(),
        },
        "AssumedRoleUser": { "AssumedRoleId": session.user_id, "Arn": session.arn },
    });
    if let Some(who) = &session.source_identity {
        output["SourceIdentity"] = json!(who);
    }
    Ok(output)
}
