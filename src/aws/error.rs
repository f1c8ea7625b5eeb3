//! What AWS refused, and what to do next: sorts SDK errors into the engine's [`CloudError`].

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::json;

use crate::engine::CloudError;
use crate::engine::witness::NO_ANSWER;
use crate::telemetry::redact;

/// A call that AWS refused, or that did not reach it.
#[derive(Clone)]
pub struct Refused {
    /// The code on the wire, `NoSuchBucket` …; none for a failure without an answer (and for an S3 `HEAD`).
    pub code: Option<String>,
    /// AWS's own words.
    pub message: String,
    /// The HTTP status; none for a failure without an answer.
    pub status: Option<u16>,
    /// The IAM action that was called, `s3:CreateBucket`.
    pub action: &'static str,
    /// The resource's ARN or name.
    pub resource: String,
    /// The role's ARN.
    pub role: String,
    /// What to do next.
    pub error: CloudError,
}

impl fmt::Debug for Refused {
    /// Without AWS's own words: they can repeat what was sent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, status, action, resource, error, .. } = self;
        write!(f, "Refused({action} on {resource}: {code:?} {status:?}, {error:?})")
    }
}

/// Which call was made, and by whom.
#[derive(Debug, Clone, Copy)]
pub struct Called<'a> {
    /// The IAM action.
    pub action: &'static str,
    /// The resource's ARN or name.
    pub resource: &'a str,
    /// The role's ARN.
    pub role: &'a str,
}

/// Why no session could be opened, on its way through the SDK as the source of a credentials error.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct NoSession(pub CloudError);

/// Calls that carry a secret: AWS's complaint about their input can repeat it, so it is not shown.
const CARRIES_A_SECRET: [&str; 4] = [
    "secretsmanager:CreateSecret",
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecret",
    "codebuild:ImportSourceCredentials",
];

/// Throttled: the SDK's own list without `LimitExceededException`, which the services that are called here use for a full quota.
const THROTTLED: [&str; 13] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "SlowDown",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
    "TransactionInProgressException",
];

/// Passing for another reason: the service's trouble, or somebody else is changing the same thing.
const PASSING: [&str; 11] = [
    "InvalidPaginationToken",
    "RequestTimeout",
    "RequestTimeoutException",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "InternalServiceError",
    "ServiceUnavailable",
    "ServerException",
    "OperationAborted",
    "TooManyUpdates",
];

impl Refused {
    /// Sorts what the SDK answered to a call.
    pub fn new<E>(called: Called<'_>, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let (code, message) = match error {
            SdkError::ServiceError(context) => {
                (context.err().code().map(str::to_owned), context.err().message().unwrap_or_default().to_owned())
            }
            other => (None, chain(other)),
        };
        // AWS repeats what it was sent where it finds fault with it: a token, a session's key.
        let (code, message) = (code.map(|code| redact(&code).into_owned()), redact(&message).into_owned());
        let answer = Answer { called, code: code.as_deref(), message: &message, status };
        let error = match error {
            SdkError::ServiceError(_) => answer.sorted(after(error.raw_response())),
            SdkError::ResponseError(_) => answer.passing(after(error.raw_response())),
            SdkError::TimeoutError(_) => answer.passing(None),
            failure => answer.unsent(failure, matches!(failure, SdkError::DispatchFailure(_))),
        };
        Self {
            code,
            message,
            status,
            action: called.action,
            resource: called.resource.to_owned(),
            role: called.role.to_owned(),
            error,
        }
    }

    /// A call that was not made because there is no session for it.
    pub fn without_session(called: Called<'_>, error: CloudError) -> Self {
        Self {
            code: None,
            message: String::new(),
            status: None,
            action: called.action,
            resource: called.resource.to_owned(),
            role: called.role.to_owned(),
            error,
        }
    }

    /// A call that the witness could not be told of; `so`: what became of it.
    pub fn unwitnessed(called: Called<'_>, so: &str) -> Self {
        let Called { action, resource, role } = called;
        let why = format!("{action} on {resource} as {role} {so}");
        Self::without_session(called, CloudError::Passing { why, after: None })
    }

    /// What came of the call, for the audit log: AWS's code, the status where it names none, or that no answer came.
    pub fn said(&self) -> String {
        let status = || self.status.map(|status| format!("HTTP {status}"));
        self.code.clone().or_else(status).unwrap_or_else(|| NO_ANSWER.to_owned())
    }

    /// Whether AWS answered with this code.
    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// Whether AWS answered with one of these codes.
    pub fn is_any(&self, codes: &[&str]) -> bool {
        codes.iter().any(|code| self.is(code))
    }

    /// Whether the session had expired: a new one mends it.
    pub fn is_expired(&self) -> bool {
        self.is_any(&["ExpiredToken", "ExpiredTokenException", "RequestExpired"])
    }

    /// Whether a permission is missing.
    pub const fn is_forbidden(&self) -> bool {
        matches!(self.error, CloudError::Forbidden { .. })
    }
}

impl From<Refused> for CloudError {
    fn from(refused: Refused) -> Self {
        refused.error
    }
}

/// What AWS answered, while it is being sorted.
struct Answer<'a> {
    called: Called<'a>,
    code: Option<&'a str>,
    message: &'a str,
    status: Option<u16>,
}

impl Answer<'_> {
    fn sorted(&self, after: Option<Duration>) -> CloudError {
        let code = self.code.unwrap_or_default();
        let status = self.status.unwrap_or_default();
        let by_iam = code == "NotAuthorizedException" && self.message.contains("not authorized to perform");
        match code {
            _ if THROTTLED.contains(&code) || PASSING.contains(&code) => self.passing(after),
            _ if code.starts_with("ConcurrentModification") || code.starts_with("ExpiredToken") => self.passing(after),
            "RequestExpired" => self.passing(after),
            "InvalidClientTokenId" | "InvalidAccessKeyId" | "UnrecognizedClientException" | "AuthFailure" => {
                self.wrong("check the credentials, and that the account has this region enabled")
            }
            "SignatureDoesNotMatch" | "InvalidSignatureException" | "RequestTimeTooSkewed" => {
                self.wrong("check this machine's clock and the credentials")
            }
            "OptInRequired" | "RegionDisabledException" => self.wrong("enable the region in that account"),
            "LimitExceededException"
            | "LimitsExceeded"
            | "AccountLimitExceededException"
            | "ParameterLimitExceeded" => self.quota(),
            _ if code.starts_with("TooMany") => self.quota(),
            _ if code.starts_with("AccessDenied") || code == "UnauthorizedOperation" || by_iam || status == 403 => {
                self.forbidden()
            }
            _ if status == 429 || status >= 500 => self.passing(after),
            _ => CloudError::Wrong { why: self.why() },
        }
    }

    /// The call did not leave, or no answer came.
    fn unsent(&self, failure: &(dyn StdError + 'static), may_have_left: bool) -> CloudError {
        if let Some(NoSession(error)) = find(failure) {
            return error.clone();
        }
        if find::<CredentialsError>(failure).is_some() {
            return self.wrong("sign in to AWS (`aws sso login`, AWS_PROFILE, an instance's role …)");
        }
        if may_have_left { self.passing(None) } else { CloudError::Wrong { why: self.why() } }
    }

    fn passing(&self, after: Option<Duration>) -> CloudError {
        CloudError::Passing { why: self.why(), after }
    }

    fn wrong(&self, mend: &str) -> CloudError {
        CloudError::Wrong { why: format!("{}; {mend}", self.why()) }
    }

    fn quota(&self) -> CloudError {
        CloudError::Blocked {
            why: format!("a quota is full: {}", self.why()),
            mend: "raise the quota in Service Quotas, or remove what is not needed".to_owned(),
        }
    }

    fn forbidden(&self) -> CloudError {
        let Called { action, resource, .. } = self.called;
        // AWS names the resource that the permission is missing for, which can be another than the one that was meant.
        let named = self
            .message
            .split_once("on resource: ")
            .map(|(_, rest)| rest.split_whitespace().next().unwrap_or_default());
        let resource = named.unwrap_or(resource);
        let resource = if resource.starts_with("arn:") { resource } else { "*" };
        let mend = json!({"Effect": "Allow", "Action": action, "Resource": resource});
        CloudError::Forbidden { why: self.why(), mend: Some(mend.to_string()) }
    }

    /// What, where, by whom, and what AWS said.
    fn why(&self) -> String {
        let Called { action, resource, role } = self.called;
        let code = self.code.map_or_else(String::new, |code| format!(" {code}"));
        let status = self.status.map_or_else(String::new, |status| format!(" (HTTP {status})"));
        let denied = self.code.is_some_and(|code| code.starts_with("AccessDenied"));
        let words = if self.status.is_some() && !denied && CARRIES_A_SECRET.contains(&action) {
            "AWS's words are not shown, because the call carried a secret".to_owned()
        } else {
            short(self.message)
        };
        let colon = if words.is_empty() { "" } else { ": " };
        format!(
            "{action} on {resource} as {role} failed{code_sep}{code}{status}{colon}{words}",
            code_sep = if code.is_empty() { "" } else { " with" }
        )
    }
}

/// At most 400 characters on one line: some of AWS's messages hold a page of encoded text.
fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= 400 { line } else { line.chars().take(400).chain(['…']).collect() }
}

/// An error and all that caused it, outermost first.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// What an error and its causes say.
fn chain(error: &(dyn StdError + 'static)) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The first error of that type among an error and its causes.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// When the service said to come back: `x-amz-retry-after` in milliseconds, or `Retry-After` in seconds.
fn after(response: Option<&HttpResponse>) -> Option<Duration> {
    let header = |name| response?.headers().get(name)?.trim().parse::<u64>().ok();
    header("x-amz-retry-after").map(Duration::from_millis).or_else(|| header("retry-after").map(Duration::from_secs))
}

#[cfg(test)]
mod tests;
