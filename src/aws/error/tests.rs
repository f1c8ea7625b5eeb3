//! Each answer of AWS sorted by what to do next, and nothing of a secret repeated.

use super::*;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;

type Failure = SdkError<aws_sdk_route53::Error, HttpResponse>;

const ARN: &str = "arn:aws:route53:::hostedzone/Z1";

fn called(action: &'static str) -> Called<'static> {
    Called { action, resource: ARN, role: "arn:aws:iam::111111111111:role/genkan-writer" }
}

fn answered(status: u16, code: &str, message: &str, headers: &[(&'static str, &'static str)]) -> Failure {
    let mut response = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::empty());
    for (name, value) in headers {
        response.headers_mut().insert(*name, *value);
    }
    let meta = ErrorMetadata::builder().code(code).message(message).build();
    let error = aws_sdk_route53::operation::get_hosted_zone::GetHostedZoneError::generic(meta);
    SdkError::service_error(error.into(), response)
}

fn sorted(status: u16, code: &str) -> CloudError {
    Refused::new(called("route53:AssociateVPCWithHostedZone"), &answered(status, code, "words", &[])).error
}

#[test]
fn each_code_is_sorted_by_what_to_do_next() {
    for (status, code) in [
        (400, "Throttling"),
        (400, "PriorRequestNotComplete"),
        (400, "ConcurrentModification"),
        (400, "ConcurrentModifications"),
        (409, "OperationAborted"),
        (400, "ExpiredTokenException"),
        (503, "Anything"),
        (429, "Anything"),
    ] {
        assert!(matches!(sorted(status, code), CloudError::Passing { .. }), "{code}");
    }
    for (status, code) in
        [(400, "AccessDeniedException"), (403, "AccessDenied"), (403, "UnauthorizedOperation"), (403, "")]
    {
        assert!(matches!(sorted(status, code), CloudError::Forbidden { .. }), "{code}");
    }
    for code in ["LimitExceededException", "LimitsExceeded", "TooManyVPCAssociationAuthorizations"] {
        assert!(matches!(sorted(400, code), CloudError::Blocked { .. }), "{code}");
    }
    for (status, code) in [
        (403, "InvalidClientTokenId"),
        (403, "SignatureDoesNotMatch"),
        (401, "NotAuthorizedException"),
        (404, "NoSuchHostedZone"),
    ] {
        assert!(matches!(sorted(status, code), CloudError::Wrong { .. }), "{code}");
    }
}

#[test]
fn a_refusal_by_iam_names_who_what_and_the_statement_that_mends_it() {
    let words = "User: arn:aws:sts::1:assumed-role/w/s is not authorized to perform: route53:AssociateVPCWithHostedZone \
                 on resource: arn:aws:ec2:ap-northeast-1:111111111111:vpc/vpc-1 because no identity-based policy allows it";
    let failure = answered(401, "NotAuthorizedException", words, &[]);
    let refused = Refused::new(called("route53:AssociateVPCWithHostedZone"), &failure);
    let CloudError::Forbidden { why, mend: Some(mend) } = refused.error else { panic!("forbidden") };
    assert!(
        why.contains("route53:AssociateVPCWithHostedZone") && why.contains(ARN) && why.contains("genkan-writer"),
        "{why}"
    );
    let mend: serde_json::Value = serde_json::from_str(&mend).unwrap();
    assert_eq!(mend["Action"], "route53:AssociateVPCWithHostedZone");
    assert_eq!(mend["Resource"], "arn:aws:ec2:ap-northeast-1:111111111111:vpc/vpc-1");
}

#[test]
fn the_service_says_when_to_come_back() {
    let after = |headers| match Refused::new(called("s3:x"), &answered(503, "SlowDown", "", headers)).error {
        CloudError::Passing { after, .. } => after,
        other => panic!("{other:?}"),
    };
    assert_eq!(after(&[("x-amz-retry-after", "1500")]), Some(Duration::from_millis(1500)));
    assert_eq!(after(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
    assert_eq!(after(&[]), None);
}

#[test]
fn a_broken_connection_passes_and_a_session_that_cannot_be_opened_stays_what_it_is() {
    let broken: Failure = SdkError::dispatch_failure(ConnectorError::io("connection reset".into()));
    let error = Refused::new(called("s3:x"), &broken).error;
    assert!(matches!(&error, CloudError::Passing { why, .. } if why.contains("connection reset")), "{error}");

    let ours = CloudError::Forbidden { why: "not trusted".to_owned(), mend: Some("trust".to_owned()) };
    let inside = CredentialsError::provider_error(NoSession(ours.clone()));
    let failure: Failure = SdkError::dispatch_failure(ConnectorError::other(inside.into(), None));
    assert_eq!(Refused::new(called("s3:x"), &failure).error, ours);

    let failure: Failure = SdkError::construction_failure(CredentialsError::not_loaded("no profile"));
    let error = Refused::new(called("sts:AssumeRole"), &failure).error;
    assert!(matches!(&error, CloudError::Wrong { why } if why.contains("aws sso login")), "{error}");
}

#[test]
fn what_aws_says_about_a_secret_it_was_sent_is_not_repeated() {
    let failure = answered(400, "ValidationException", "value ghp_canary is too long", &[]);
    let refused = Refused::new(called("secretsmanager:PutSecretValue"), &failure);
    assert!(!format!("{refused:?} {}", refused.error).contains("ghp_canary"));
    assert!(refused.error.to_string().contains("ValidationException"));
}

#[test]
fn what_aws_repeats_of_a_secret_is_cut_also_where_a_permission_is_missing() {
    let (held, shaped) = ("h3ld-by/this+process=xyz", format!("ghp_{}", "Aa11".repeat(9)));
    crate::telemetry::hold(held, crate::telemetry::Lasts::Always);
    let backwards: String = held.chars().rev().collect();
    let words = format!(
        "not authorized to perform: x on resource: arn:aws:s3:::{held} {held} {shaped} {backwards} {}",
        hex::encode(held)
    );
    for code in ["AccessDenied", "InvalidParameterException", "LimitExceededException", held] {
        let refused = Refused::new(called("secretsmanager:CreateSecret"), &answered(400, code, &words, &[]));
        let told = format!("{refused:?} {} {:?} {}", refused.message, refused.code, refused.error);
        for part in ["h3ld-by", "process=xyz", "Aa11", "zyx=", "68336c64"] {
            assert!(!told.contains(part), "{code}: {part}: {told}");
        }
    }
}
