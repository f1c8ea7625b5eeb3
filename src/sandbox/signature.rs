//! What a request's signature says: whose key, for which service and region, and whether it is right (Signature Version 4).

use std::time::{Duration, SystemTime};

use awsim_core::sigv4_verify::{VerifyOutcome, parse_authorization_header, verify};
use http::HeaderValue;
use http::request::Parts;

/// AWS accepts a client's clock that is off by up to 15 minutes [IAM User Guide, "Elements of an AWS API request signature"].
const SKEW: Duration = Duration::from_mins(15);

/// The signature's scope.
pub(crate) struct Signed {
    pub access_key: String,
    pub region: String,
    pub service: String,
    pub token: Option<String>,
}

impl Signed {
    /// Reads the Authorization header; `None` = the request is not signed. Presigned URLs are not served.
    pub(crate) fn of(head: &Parts) -> Option<Self> {
        let authorization = parse_authorization_header(text(head, "authorization")?)?;
        Some(Self {
            access_key: authorization.access_key.to_owned(),
            region: authorization.region.to_owned(),
            service: authorization.service.to_owned(),
            token: text(head, "x-amz-security-token").map(str::to_owned),
        })
    }

    /// Whether the secret gives this signature, and it is of now. A body that is sent in chunks is taken as it is: awsim cannot
    /// check it.
    pub(crate) fn is_by(&self, secret: &str, head: &Parts, body: &[u8], now: SystemTime) -> bool {
        let content = text(head, "x-amz-content-sha256");
        if self.service == "s3" && content.is_some_and(|content| content.starts_with("STREAMING-")) {
            return true;
        }
        let Some(authorization) = text(head, "authorization").and_then(parse_authorization_header) else {
            return false;
        };
        let Some(date) = text(head, "x-amz-date") else { return false };
        let mut query: Vec<String> =
            head.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()).map(with_value).collect();
        query.sort();
        // All services but S3 sign the path encoded once more.
        let path = head.uri.path();
        let path = if self.service == "s3" { path.to_owned() } else { path.replace('%', "%25") };
        let headers: Vec<_> =
            authorization.signed_headers.iter().map(|name| ((*name).to_owned(), header(head, name))).collect();
        let outcome = verify(
            &authorization,
            secret,
            head.method.as_str(),
            &path,
            &query.join("&"),
            &headers,
            date,
            body,
            content,
            now,
            SKEW,
        );
        outcome == VerifyOutcome::Ok
    }
}

fn with_value(pair: &str) -> String {
    if pair.contains('=') { pair.to_owned() } else { format!("{pair}=") }
}

fn text<'a>(head: &'a Parts, name: &str) -> Option<&'a str> {
    head.headers.get(name)?.to_str().ok()
}

/// A signed header's canonical value. In the process the host is in the URI only.
fn header(head: &Parts, name: &str) -> String {
    let values: Vec<_> =
        head.headers.get_all(name).iter().filter_map(|value: &HeaderValue| value.to_str().ok()).collect();
    match (values.is_empty(), name) {
        (true, "host") => head.uri.authority().map(|authority| authority.to_string()).unwrap_or_default(),
        _ => values
            .iter()
            .map(|value| value.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect::<Vec<_>>()
            .join(","),
    }
}
