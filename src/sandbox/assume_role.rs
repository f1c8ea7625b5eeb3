//! An AssumeRole request: read, and held to STS's constraints before anybody is asked for permission.

use std::collections::{BTreeMap, BTreeSet};

use awsim_core::AwsError;
use awsim_iam_policy::PolicyDocument;
use serde_json::Value;

use super::caller::Session;
use super::log::Assumed;
use super::policy::identity_policy;
use super::refusal::error;

/// The request's fields [STS API Reference, AssumeRole].
pub(crate) struct AssumeRole {
    pub role_arn: String,
    pub session_name: String,
    pub seconds: u64,
    pub external_id: Option<String>,
    pub source_identity: Option<String>,
    pub tags: BTreeMap<String, String>,
    pub transitive: BTreeSet<String>,
    pub policy: Option<PolicyDocument>,
    pub policy_arns: Vec<String>,
}

impl AssumeRole {
    /// The request as the log keeps it; `input` is what it was read from.
    pub(crate) fn logged(self, input: &Value) -> Assumed {
        Assumed {
            role: self.role_arn,
            name: self.session_name,
            seconds: self.seconds,
            external_id: self.external_id,
            source_identity: self.source_identity,
            tags: self.tags,
            policy: input["Policy"].as_str().map(str::to_owned),
        }
    }

    /// Reads and validates.
    pub(crate) fn read(input: &Value) -> Result<Self, AwsError> {
        let text = |field: &str| input[field].as_str().map(str::to_owned);
        let required =
            |field: &str| text(field).ok_or_else(|| invalid(&lower_first(field), "", "Member must not be null"));
        let role_arn = required("RoleArn")?;
        let session_name = required("RoleSessionName")?;
        let (external_id, source_identity) = (text("ExternalId"), text("SourceIdentity"));
        let seconds = text("DurationSeconds").map_or(Ok(3600), |seconds| {
            seconds.parse().map_err(|_| error(400, "MalformedInput", "DurationSeconds is not a number"))
        })?;
        length("roleArn", &role_arn, 20, 2048)?;
        if !is_role_arn(&role_arn) {
            return Err(error(400, "ValidationError", format!("{role_arn} is invalid")));
        }
        pattern("roleSessionName", &session_name, "", 64)?;
        if let Some(id) = &external_id {
            pattern("externalId", id, ":/", 1224)?;
        }
        if let Some(who) = &source_identity {
            pattern("sourceIdentity", who, "", 64)?;
            if who.to_ascii_lowercase().starts_with("aws:") {
                return Err(invalid("sourceIdentity", who, "Member must not begin with aws:"));
            }
        }
        match seconds {
            0..900 => {
                return Err(invalid(
                    "durationSeconds",
                    &seconds.to_string(),
                    "Member must have value greater than or equal to 900",
                ));
            }
            900..=43200 => {}
            _ => {
                return Err(invalid(
                    "durationSeconds",
                    &seconds.to_string(),
                    "Member must have value less than or equal to 43200",
                ));
            }
        }

        let inline = text("Policy");
        let policy_arns: Vec<String> =
            items(input, "PolicyArns").filter_map(|item| item["arn"].as_str().map(str::to_owned)).collect();
        let policy_characters = inline.iter().chain(&policy_arns).map(|text| text.chars().count()).sum::<usize>();
        if policy_characters > 2048 {
            return Err(invalid("policy", "…", "Member must have length less than or equal to 2048"));
        }
        if policy_arns.len() > 10 {
            return Err(invalid("policyArns", "…", "Member must have length less than or equal to 10"));
        }
        let tags = tags(input)?;
        let transitive: BTreeSet<String> =
            items(input, "TransitiveTagKeys").filter_map(|key| key.as_str().map(str::to_owned)).collect();
        if !transitive.iter().all(|key| tags.contains_key(key)) {
            return Err(error(
                400,
                "InvalidParameterValue",
                "The specified transitive tag key must be included in the requested tags.",
            ));
        }
        Ok(Self {
            policy: inline.as_deref().map(identity_policy).transpose()?,
            role_arn,
            session_name,
            seconds,
            external_id,
            source_identity,
            tags,
            transitive,
            policy_arns,
        })
    }

    /// What depends on the calling session: a chained session is at most an hour long and keeps its transitive tags.
    pub(crate) fn check_against(&self, calling: Option<&Session>) -> Result<(), AwsError> {
        let Some(calling) = calling else { return Ok(()) };
        if self.seconds > 3600 {
            let message =
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
            return Err(error(400, "ValidationError", message));
        }
        if self.tags.keys().any(|key| calling.transitive.iter().any(|kept| kept.eq_ignore_ascii_case(key))) {
            let message = "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.";
            return Err(error(400, "InvalidParameterValue", message));
        }
        Ok(())
    }
}

fn tags(input: &Value) -> Result<BTreeMap<String, String>, AwsError> {
    let mut tags = BTreeMap::new();
    for tag in items(input, "Tags") {
        let (key, value) = (tag["Key"].as_str().unwrap_or_default(), tag["Value"].as_str().unwrap_or_default());
        length("tags.member.key", key, 1, 128)?;
        length("tags.member.value", value, 0, 256)?;
        if tags.keys().any(|known: &String| known.eq_ignore_ascii_case(key)) {
            return Err(error(
                400,
                "InvalidParameterValue",
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ));
        }
        tags.insert(key.to_owned(), value.to_owned());
    }
    if tags.len() > 50 {
        return Err(invalid("tags", "…", "Member must have length less than or equal to 50"));
    }
    Ok(tags)
}

fn items<'a>(input: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    input[field].as_array().into_iter().flatten()
}

fn is_role_arn(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(parts[..], ["arn", _, "iam", "", account, role]
        if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) && role.len() > 5 && role.starts_with("role/"))
}

/// `[\w+=,.@-]*` and what else the field allows.
fn pattern(field: &str, value: &str, also: &str, longest: usize) -> Result<(), AwsError> {
    length(field, value, 2, longest)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) || also.contains(c);
    if value.chars().all(allowed) {
        return Ok(());
    }
    let slashed = also.replace('/', "\\/");
    Err(invalid(field, value, &format!("Member must satisfy regular expression pattern: [\\w+=,.@{slashed}-]*")))
}

fn length(field: &str, value: &str, shortest: usize, longest: usize) -> Result<(), AwsError> {
    let length = value.chars().count();
    if length < shortest {
        return Err(invalid(field, value, &format!("Member must have length greater than or equal to {shortest}")));
    }
    if length > longest {
        return Err(invalid(field, value, &format!("Member must have length less than or equal to {longest}")));
    }
    Ok(())
}

fn invalid(field: &str, value: &str, constraint: &str) -> AwsError {
    let message =
        format!("1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: {constraint}");
    error(400, "ValidationError", message)
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}
