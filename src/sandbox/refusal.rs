//! How each service words what is the same everywhere: denied, unknown key, expired, throttled.

use awsim_core::error::ErrorType;
use awsim_core::{AwsError, Protocol};
use http::StatusCode;

use super::caller::NotKnown;

/// A service's way of writing errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// JSON services: codes end in `Exception`, refusals are HTTP 400.
    Json,
    /// Amazon EC2's own codes.
    Ec2,
    /// Amazon S3's own codes.
    S3,
    /// STS, IAM, Route 53.
    Xml,
}

impl Dialect {
    pub(crate) fn of(service: &str, protocol: Protocol) -> Self {
        match protocol {
            Protocol::Ec2Query => Self::Ec2,
            _ if service == "s3" => Self::S3,
            Protocol::RestXml | Protocol::AwsQuery => Self::Xml,
            Protocol::AwsJson1_0 | Protocol::AwsJson1_1 | Protocol::RestJson1 | Protocol::RpcV2Cbor => Self::Json,
        }
    }

    /// The caller may not do this. `why` ends the sentence, as in "because no identity-based policy allows the … action".
    pub(crate) fn denied(self, caller: &str, action: &str, resource: &str, why: &str) -> AwsError {
        let message = format!("User: {caller} is not authorized to perform: {action} on resource: {resource} {why}");
        self.denied_with(message.trim_end().to_owned())
    }

    /// The caller may not do this, in words of one's own.
    pub(crate) fn denied_with(self, message: String) -> AwsError {
        match self {
            Self::Json => error(400, "AccessDeniedException", message),
            Self::Ec2 => error(403, "UnauthorizedOperation", message),
            Self::S3 | Self::Xml => error(403, "AccessDenied", message),
        }
    }

    /// The request is not signed.
    pub(crate) fn unsigned(self) -> AwsError {
        match self {
            Self::Json => error(400, "MissingAuthenticationTokenException", "Missing Authentication Token"),
            Self::Ec2 => error(400, "MissingParameter", "The request must contain the parameter AWSAccessKeyId"),
            Self::S3 => error(403, "AccessDenied", "Access Denied"),
            Self::Xml => error(403, "MissingAuthenticationToken", "Request is missing Authentication Token"),
        }
    }

    /// The key is not known, or its session has ended.
    pub(crate) fn not_known(self, why: NotKnown) -> AwsError {
        const INVALID: &str = "The security token included in the request is invalid.";
        const EXPIRED: &str = "The security token included in the request is expired";
        match (why, self) {
            (NotKnown::Key, Self::Json) => error(403, "UnrecognizedClientException", INVALID),
            (NotKnown::Key, Self::Ec2) => {
                error(401, "AuthFailure", "AWS was not able to validate the provided access credentials")
            }
            (NotKnown::Key, Self::S3) => {
                error(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
            }
            (NotKnown::Key, Self::Xml) => error(403, "InvalidClientTokenId", INVALID),
            (NotKnown::Expired, Self::Json) => error(400, "ExpiredTokenException", EXPIRED),
            (NotKnown::Expired, Self::Ec2) => error(400, "RequestExpired", "Request has expired."),
            (NotKnown::Expired, Self::S3) => error(400, "ExpiredToken", "The provided token has expired."),
            (NotKnown::Expired, Self::Xml) => error(403, "ExpiredToken", EXPIRED),
        }
    }

    /// The signature is not what the key's secret gives.
    pub(crate) fn bad_signature(self) -> AwsError {
        const WRONG: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.";
        match self {
            Self::Json => error(403, "InvalidSignatureException", WRONG),
            Self::Ec2 => self.not_known(NotKnown::Key),
            Self::S3 | Self::Xml => error(403, "SignatureDoesNotMatch", WRONG),
        }
    }

    /// Too many calls.
    pub(crate) fn throttled(self) -> AwsError {
        match self {
            Self::Json => error(400, "ThrottlingException", "Rate exceeded"),
            Self::Ec2 => error(503, "RequestLimitExceeded", "Request limit exceeded."),
            Self::S3 => error(503, "SlowDown", "Please reduce your request rate."),
            Self::Xml => error(400, "Throttling", "Rate exceeded"),
        }
    }
}

/// An error of any code and status.
pub(crate) fn error(status: u16, code: &str, message: impl Into<String>) -> AwsError {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let error_type = if status.is_server_error() { ErrorType::Receiver } else { ErrorType::Sender };
    AwsError { status, code: code.to_owned(), message: message.into(), error_type, extras: None }
}
