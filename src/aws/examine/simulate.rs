//! What a role may do, asked of IAM's policy simulator by the account's reader: nothing is called that could change
//! something.
//!
//! Facts: IAM API Reference, SimulatePrincipalPolicy, EvaluationResult and ResourceSpecificResult. The simulator knows
//! the role's own policies, its permissions boundary and the organisation's service control policies as far as they
//! have no conditions; it knows no session policy, no trust policy, and for a role no policy of the resource. One call
//! takes actions that "require different authorization information" not together (`InvalidInput`); then each is asked
//! for alone.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, EvaluationResult, PolicyEvaluationDecisionType};
use futures::future::{BoxFuture, join_all, try_join_all};

use super::sample::{self, Given, Sample, type_of};
use super::{broken, ok, warning};
use crate::aws::error::Refused;
use crate::aws::hand::Hand;
use crate::aws::permission::Statement;
use crate::model::finding::Finding;

const ACTION: &str = "iam:SimulatePrincipalPolicy";

/// A role whose permissions are asked for.
pub(super) struct Asked<'a> {
    /// The account, for findings.
    pub(super) place: &'a str,
    /// The account's reader.
    pub(super) hand: &'a Hand,
    /// The role's ARN.
    pub(super) role: &'a str,
    /// What people call it: `writer role arn:…`.
    pub(super) title: &'a str,
}

/// What the simulator said of a role.
pub(super) enum Told {
    /// There is no such role.
    NoRole,
    /// For each action that is not permitted, its finding; and the count of those that are.
    Known(Vec<(String, Finding)>, usize),
    /// It could not be asked.
    Unknown(Refused),
}

impl Asked<'_> {
    /// Whether the role may do all that these statements allow.
    pub(super) async fn may(&self, statements: &[Statement]) -> Told {
        let mut alike: BTreeMap<Sample, BTreeMap<&str, &Statement>> = BTreeMap::new();
        for statement in statements {
            let actions = alike.entry(sample::of(statement, self.hand.region.as_str())).or_default();
            actions.extend(statement.actions.iter().map(|action| (action.as_str(), statement)));
        }
        let asked = alike.iter().map(|(sample, actions)| async move {
            let names: Vec<String> = actions.keys().map(|&action| action.to_owned()).collect();
            let results = self.ask(names, sample).await?;
            Ok::<_, Refused>(results.into_iter().filter_map(|result| self.denied(&result, actions)).collect::<Vec<_>>())
        });
        let asked = join_all(asked).await;
        if let Some(Err(refused)) =
            asked.iter().find(|asked| asked.as_ref().is_err_and(|refused| refused.is("NoSuchEntity")))
        {
            tracing::debug!(why = %refused.error, "a role is not there");
            return Told::NoRole;
        }
        match asked.into_iter().collect::<Result<Vec<_>, Refused>>() {
            Ok(denied) => {
                let denied: Vec<(String, Finding)> = denied.into_iter().flatten().collect();
                let named: BTreeSet<&str> = alike.values().flat_map(BTreeMap::keys).copied().collect();
                let permitted = named.iter().filter(|&&action| denied.iter().all(|(one, _)| one != action)).count();
                Told::Known(denied, permitted)
            }
            Err(refused) => Told::Unknown(refused),
        }
    }

    /// All pages of one question; in several where the simulator does not take these actions together.
    fn ask<'b>(
        &'b self,
        actions: Vec<String>,
        sample: &'b Sample,
    ) -> BoxFuture<'b, Result<Vec<EvaluationResult>, Refused>> {
        Box::pin(async move {
            let (mut results, mut marker) = (Vec::new(), None);
            loop {
                let resources = Some(sample.resources.clone()).filter(|arns| !arns.is_empty());
                let call = self.hand.iam().simulate_principal_policy().policy_source_arn(self.role);
                let call = call.set_action_names(Some(actions.clone())).set_resource_arns(resources);
                let call = call.set_context_entries(Some(entries(sample))).set_marker(marker).max_items(1000);
                let page = match self.hand.call(ACTION, self.role, call.send()).await {
                    Ok(page) => page,
                    Err(refused) if refused.is("InvalidInput") && actions.len() > 1 => {
                        let alone = actions.into_iter().map(|action| self.ask(vec![action], sample));
                        return Ok(try_join_all(alone).await?.into_iter().flatten().collect());
                    }
                    Err(refused) => return Err(refused),
                };
                results.extend(page.evaluation_results.unwrap_or_default());
                marker = page.marker.filter(|_| page.is_truncated);
                if marker.is_none() {
                    return Ok(results);
                }
            }
        })
    }

    /// The finding of an action that is not permitted.
    fn denied(&self, result: &EvaluationResult, actions: &BTreeMap<&str, &Statement>) -> Option<(String, Finding)> {
        let (action, statement) =
            actions.iter().find(|(name, _)| name.eq_ignore_ascii_case(&result.eval_action_name))?;
        let on = permitted(result).err()?;
        let subject = format!("{action} as {}", self.title);
        let by_organisation =
            result.organizations_decision_detail.as_ref().is_some_and(|detail| !detail.allowed_by_organizations);
        let boundary = result.permissions_boundary_decision_detail.as_ref();
        let statement = format!("{:#}", statement.to_json());
        let missing = missing_keys(result);
        let finding = if by_organisation {
            let mend = format!("allow {action} in the organisation's service control policies for this account");
            broken(self.place, &subject, format!("a service control policy does not allow it{on}"), mend)
        } else if boundary.is_some_and(|detail| !detail.allowed_by_permissions_boundary) {
            let seen = format!("the role's permissions boundary does not allow it{on}");
            broken(self.place, &subject, seen, statement)
        } else if result.eval_decision == PolicyEvaluationDecisionType::ExplicitDeny {
            let policies: Vec<&str> =
                result.matched_statements().iter().filter_map(|matched| matched.source_policy_id()).collect();
            let which = if policies.is_empty() { "the role's policies".to_owned() } else { policies.join(", ") };
            let mend = format!("remove the Deny of {action} from {which}; an Allow does not outweigh it");
            broken(self.place, &subject, format!("it is denied{on}"), mend)
        } else if missing.is_empty() {
            broken(self.place, &subject, format!("it is not allowed{on}"), statement)
        } else {
            let seen = format!("the simulator cannot tell: a policy asks for {}", missing.join(", "));
            warning(self.place, &subject, seen, statement)
        };
        Some(((*action).to_owned(), finding))
    }

    /// That all is permitted.
    pub(super) fn permitted(&self, count: usize) -> Finding {
        let actions = if count == 1 { "its one action is".to_owned() } else { format!("{count} actions are") };
        let seen = format!("{actions} permitted, by the policy simulator");
        ok(self.place, &format!("permissions of {}", self.title), seen)
    }

    /// That nothing is known of the role's permissions.
    pub(super) fn unknown(&self, refused: &Refused, statement: String) -> Finding {
        let subject = format!("permissions of {}", self.title);
        if refused.is_forbidden() {
            warning(self.place, &subject, format!("not looked at: the reader may not {ACTION}"), statement)
        } else {
            warning(self.place, &subject, format!("not looked at: {}", refused.error), "try again in a while")
        }
    }
}

/// Whether an action is permitted; if not, where: ` on ARN`, or nothing where it is asked for on all resources. An action is
/// for one type of resource: what the simulator says of the other types in a statement has no meaning.
fn permitted(result: &EvaluationResult) -> Result<(), String> {
    let allowed = PolicyEvaluationDecisionType::Allowed;
    let each = result.resource_specific_results();
    if each.is_empty() {
        return if result.eval_decision == allowed { Ok(()) } else { Err(String::new()) };
    }
    let is_denied = |type_: &(&str, &str)| {
        let mut of_type = each.iter().filter(|one| type_of(&one.eval_resource_name) == *type_);
        of_type.any(|one| one.eval_resource_decision != allowed)
    };
    let types: BTreeSet<(&str, &str)> = each.iter().map(|one| type_of(&one.eval_resource_name)).collect();
    match each.iter().find(|one| one.eval_resource_decision != allowed) {
        Some(first) if types.iter().all(is_denied) => Err(format!(" on {}", first.eval_resource_name)),
        _ => Ok(()),
    }
}

fn missing_keys(result: &EvaluationResult) -> Vec<&str> {
    let each = result.resource_specific_results().iter().flat_map(|one| one.missing_context_values());
    let all: BTreeSet<&str> = result.missing_context_values().iter().chain(each).map(String::as_str).collect();
    all.into_iter().collect()
}

fn entries(sample: &Sample) -> Vec<ContextEntry> {
    let entry = |(key, given): (&String, &Given)| {
        let entry = ContextEntry::builder().context_key_name(key);
        match given {
            Given::Text(text) => entry.context_key_type(ContextKeyTypeEnum::String).context_key_values(text),
            Given::Texts(texts) => {
                entry.context_key_type(ContextKeyTypeEnum::StringList).set_context_key_values(Some(texts.clone()))
            }
            Given::Flag(flag) => {
                entry.context_key_type(ContextKeyTypeEnum::Boolean).context_key_values(flag.to_string())
            }
            Given::Number(number) => entry.context_key_type(ContextKeyTypeEnum::Numeric).context_key_values(number),
        }
        .build()
    };
    sample.context.iter().map(entry).collect()
}
