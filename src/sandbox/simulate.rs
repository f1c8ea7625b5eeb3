//! IAM's policy simulator for users and roles: the very evaluation that lets calls pass here, asked without a call.
//!
//! Shapes and limits: IAM API Reference, SimulatePrincipalPolicy and EvaluationResult (one result for each action, the
//! resources inside it). Trust policies, session policies and resource policies are no part of it, as in AWS for a
//! role.

use awsim_core::{AwsError, ContextValue};
use awsim_iam_policy::{DecisionReason, PolicySource};
use serde_json::{Value, json};

use super::decide::{Context, reason};
use super::iam::Iam;
use super::refusal::error;

/// How many results a page has where the caller does not say (SimulatePrincipalPolicy, MaxItems).
const PAGE: usize = 100;

/// What each action on each resource would come to for that user or role of the caller's account.
pub(super) fn principal_policy(iam: &Iam, input: &Value, account: &str) -> Result<Value, AwsError> {
    let source = input["PolicySourceArn"].as_str().unwrap_or_default();
    let own = super::iam::account_of(source) == Some(account);
    let principal = iam.principal(source).filter(|_| own);
    let principal = principal.ok_or_else(|| error(404, "NoSuchEntity", format!("{source} does not exist.")))?;
    let actions = texts(&input["ActionNames"]);
    if actions.is_empty() {
        return Err(error(400, "ValidationError", "ActionNames is needed."));
    }
    if let Some(wrong) = actions.iter().find(|action| !action.contains(':') || action.contains('*')) {
        return Err(error(400, "InvalidInput", format!("Invalid Action: {wrong}")));
    }
    if !texts(&input["PolicyInputList"]).is_empty() || input["ResourcePolicy"].is_string() {
        return Err(error(400, "InvalidInput", "This local AWS simulates with no policies but the principal's own."));
    }
    let resources = Some(texts(&input["ResourceArns"])).filter(|arns| !arns.is_empty());
    let everywhere = resources.is_none();
    let resources = resources.unwrap_or_else(|| vec!["*"]);
    let mut context = context(&input["ContextEntries"])?;
    context.insert("aws:PrincipalArn".to_owned(), ContextValue::String(principal.arn.clone()));
    context.insert("aws:PrincipalAccount".to_owned(), ContextValue::String(principal.account.clone()));
    for (key, value) in &principal.tags {
        context.insert(format!("aws:PrincipalTag/{key}"), ContextValue::String(value.clone()));
    }
    let (begin, size) = page(input)?;
    let results: Vec<Value> = actions
        .iter()
        .skip(begin)
        .take(size)
        .map(|action| {
            let decide = |resource: &&str| reason(&principal, action, resource, context.clone());
            let reasons: Vec<DecisionReason> = resources.iter().map(decide).collect();
            let mut result = json!({
                "EvalActionName": action,
                "EvalResourceName": "*",
                "EvalDecision": strictest(&reasons),
                "MatchedStatements": { "member": [] },
                "MissingContextValues": { "member": [] },
            });
            if principal.permissions_boundary.is_some() {
                let allowed = !reasons.iter().any(by_boundary);
                result["PermissionsBoundaryDecisionDetail"] = json!({ "AllowedByPermissionsBoundary": allowed });
            }
            if !everywhere {
                let each = resources.iter().zip(&reasons).map(
                    |(resource, reason)| json!({ "EvalResourceName": resource, "EvalResourceDecision": word(reason) }),
                );
                result["ResourceSpecificResults"] = json!({ "member": each.collect::<Vec<_>>() });
            }
            result
        })
        .collect();
    let end = begin + results.len();
    let mut answer = json!({ "EvaluationResults": { "member": results }, "IsTruncated": end < actions.len() });
    if end < actions.len() {
        answer["Marker"] = json!(end.to_string());
    }
    Ok(answer)
}

/// Where the page begins, and how many results it has.
fn page(input: &Value) -> Result<(usize, usize), AwsError> {
    let number = |field: &str, unsaid: usize| match input[field].as_str() {
        None => Ok(unsaid),
        Some(text) => text.parse().map_err(|_| error(400, "ValidationError", format!("{field} is not valid."))),
    };
    Ok((number("Marker", 0)?, number("MaxItems", PAGE)?.clamp(1, 1000)))
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The condition keys that the caller gives, as their types say.
fn context(entries: &Value) -> Result<Context, AwsError> {
    let entry = |entry: &Value| {
        let name = entry["ContextKeyName"].as_str().unwrap_or_default().to_owned();
        let values: Vec<String> = texts(&entry["ContextKeyValues"]).into_iter().map(str::to_owned).collect();
        let invalid = || error(400, "InvalidInput", format!("Invalid context entry {name}"));
        let first = values.first().cloned().ok_or_else(invalid)?;
        let value = match entry["ContextKeyType"].as_str().unwrap_or("string") {
            "stringList" => ContextValue::StringList(values),
            "boolean" => ContextValue::Bool(first == "true"),
            "numeric" => ContextValue::Number(first.parse().map_err(|_| invalid())?),
            "string" => ContextValue::String(first),
            other => return Err(error(400, "InvalidInput", format!("This local AWS has no context type {other}"))),
        };
        Ok((name, value))
    };
    entries.as_array().into_iter().flatten().map(entry).collect()
}

fn word(reason: &DecisionReason) -> &'static str {
    match reason {
        DecisionReason::Allowed { .. } => "allowed",
        DecisionReason::ExplicitDeny { .. } => "explicitDeny",
        _ => "implicitDeny",
    }
}

/// The aggregate over all resources is the most restrictive one.
fn strictest(reasons: &[DecisionReason]) -> &'static str {
    let has = |wanted: &str| reasons.iter().any(|reason| word(reason) == wanted);
    ["explicitDeny", "implicitDeny"].into_iter().find(|wanted| has(wanted)).unwrap_or("allowed")
}

fn by_boundary(reason: &DecisionReason) -> bool {
    let source = PolicySource::PermissionsBoundary;
    matches!(reason, DecisionReason::BoundaryNoAllow)
        || matches!(reason, DecisionReason::ExplicitDeny { source: by, .. } if *by == source)
}
