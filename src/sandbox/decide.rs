//! May this caller do that? Identity policies, permissions boundary and session policy, as IAM evaluates them.

use std::collections::HashMap;
use std::time::SystemTime;

use awsim_core::{ContextValue, IamCheck, ResolvedPrincipal};
use awsim_iam_policy::{
    AuthzRequest, Decision, DecisionReason, EvalContext, PolicyAttributions, PolicyDocument, PolicySource, Principal,
    evaluate, explain,
};

use super::caller::Caller;

/// What conditions are evaluated on.
pub(crate) type Context = HashMap<String, ContextValue>;

/// Why not, in AWS's words: the end of "User: … is not authorized to perform: … on resource: …".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Denied(pub String);

/// The condition keys that every request has: the caller's, the time's and the region's.
pub(crate) fn request_context(caller: &Caller, region: &str, now: SystemTime) -> Context {
    let text = |value: &str| ContextValue::String(value.to_owned());
    let epoch = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let kind = if caller.session.is_some() { "AssumedRole" } else { "User" };
    let mut context = Context::from([
        ("aws:PrincipalArn".to_owned(), text(&caller.principal.arn)),
        ("aws:PrincipalAccount".to_owned(), text(&caller.account)),
        ("aws:PrincipalType".to_owned(), text(kind)),
        ("aws:userid".to_owned(), text(&caller.user_id)),
        ("aws:RequestedRegion".to_owned(), text(region)),
        ("aws:CurrentTime".to_owned(), ContextValue::Date(now.into())),
        ("aws:EpochTime".to_owned(), ContextValue::Number(epoch.as_secs_f64().floor())),
        // AWS is reached by TLS only; the loopback port stands in for it.
        ("aws:SecureTransport".to_owned(), ContextValue::Bool(true)),
    ]);
    if caller.session.is_none()
        && let Some((_, name)) = caller.arn.rsplit_once('/')
    {
        context.insert("aws:username".to_owned(), text(name));
    }
    if let Some(source) = caller.source_identity() {
        context.insert("aws:SourceIdentity".to_owned(), text(source));
    }
    context.extend(caller.tags().into_iter().map(|(key, value)| (format!("aws:PrincipalTag/{key}"), text(value))));
    context
}

/// Whether the caller's own policies (role or user, boundary, session) allow the check.
pub(crate) fn identity_allows(caller: &Caller, check: &IamCheck, base: &Context) -> Result<(), Denied> {
    let mut context = base.clone();
    context.extend(check.context.clone());
    let no = |kind: &str| Err(Denied(format!("because no {kind} policy allows the {} action", check.action)));
    match reason(&caller.principal, &check.action, &check.resource, context) {
        DecisionReason::Allowed { .. } => Ok(()),
        DecisionReason::NoAllow | DecisionReason::ScpImplicitDeny { .. } => no("identity-based"),
        DecisionReason::SessionNoAllow => no("session"),
        DecisionReason::BoundaryNoAllow => {
            Err(Denied(format!("because no permissions boundary allows the {} action", check.action)))
        }
        DecisionReason::ExplicitDeny { source, .. } => Err(Denied(
            match source {
                PolicySource::Session => "with an explicit deny in a session policy",
                PolicySource::PermissionsBoundary => "with an explicit deny in a permissions boundary",
                _ => "with an explicit deny in an identity-based policy",
            }
            .to_owned(),
        )),
    }
}

/// What decides about an action of that principal: its identity policies, its permissions boundary, its session policy.
pub(crate) fn reason(
    principal: &ResolvedPrincipal,
    action: &str,
    resource_arn: &str,
    context: Context,
) -> DecisionReason {
    let identity: Vec<PolicyDocument> = principal.identity_policies.iter().map(fold_keys).collect();
    let boundary = principal.permissions_boundary.as_ref().map(fold_keys);
    let session = principal.session_policy.as_ref().map(fold_keys);
    let policies = EvalContext {
        identity_policies: &identity,
        permissions_boundary: boundary.as_ref(),
        session_policy: session.as_ref(),
        ..EvalContext::default()
    };
    let context = with_folded_keys(context);
    let request = AuthzRequest {
        principal_arn: &principal.arn,
        principal_account: &principal.account,
        action,
        resource_arn,
        context: &context,
    };
    explain(&request, &policies, &PolicyAttributions::default())
}

/// Whether a role's trust policy lets the caller do `action` (`sts:AssumeRole`, `sts:TagSession` …).
/// A trust policy is a resource policy of the role: its own account does not matter here, only whom it names.
pub(crate) fn trust_allows(trust: &PolicyDocument, caller: &Caller, action: &str, context: &Context) -> bool {
    let mut naming_the_caller = fold_keys(trust);
    naming_the_caller.statements.retain(|statement| match (&statement.principal, &statement.not_principal) {
        (Some(principal), _) => names(principal, caller),
        (None, Some(others)) => !names(others, caller),
        (None, None) => false,
    });
    for statement in &mut naming_the_caller.statements {
        statement.principal = Some(Principal::Wildcard);
        statement.not_principal = None;
    }
    let context = with_folded_keys(context.clone());
    let request = AuthzRequest {
        principal_arn: &caller.principal.arn,
        principal_account: &caller.account,
        action,
        resource_arn: "*",
        context: &context,
    };
    let policies = EvalContext { resource_policy: Some(&naming_the_caller), ..EvalContext::default() };
    evaluate(&request, &policies) == Decision::Allow
}

fn names(principal: &Principal, caller: &Caller) -> bool {
    let root = format!("arn:aws:iam::{}:root", caller.account);
    let own = ["*", &caller.account, &root, &caller.principal.arn, &caller.arn];
    match principal {
        Principal::Wildcard => true,
        Principal::Aws(list) | Principal::Mixed { aws: list, .. } => {
            list.iter().any(|entry| own.contains(&entry.as_str()))
        }
        Principal::Service(_) | Principal::Federated(_) | Principal::CanonicalUser(_) => false,
    }
}

/// Condition keys are not case-sensitive in IAM, and are in awsim: both sides are lowered. Policy variables (`${…}`) keep their case.
fn fold_keys(document: &PolicyDocument) -> PolicyDocument {
    let mut folded = document.clone();
    let blocks = folded.statements.iter_mut().filter_map(|statement| statement.condition.as_mut());
    for condition in blocks.flat_map(|block| &mut block.conditions) {
        condition.key.make_ascii_lowercase();
    }
    folded
}

fn with_folded_keys(mut context: Context) -> Context {
    let folded: Vec<_> = context.iter().map(|(key, value)| (key.to_ascii_lowercase(), value.clone())).collect();
    context.extend(folded);
    context
}
