//! Stands between the program and AWS, or Discord: learns the secrets that only the two of them know, and now and then answers with
//! an error that repeats all that was sent.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use regex::Regex;
use reqwest::header::{HeaderMap, HeaderName};
use serde_json::json;

use super::search::Canary;

/// How many of a kind are searched for: the first that pass.
const MOST: usize = 14;

/// An interaction's token, in the addresses that Discord gives it.
static IN_ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"/(?:interactions|webhooks)/\d+/([^/?]+)").expect("a pattern"));

/// What passed.
#[derive(Default)]
struct Passed {
    canaries: BTreeSet<Canary>,
    /// Which calls are still to be answered with what they sent, each once, and under which code.
    echo: Vec<(&'static str, &'static str)>,
    echoed: Vec<String>,
}

/// A proxy on a loopback port.
#[derive(Clone)]
pub struct Between {
    address: std::net::SocketAddr,
    upstream: String,
    client: reqwest::Client,
    passed: Arc<Mutex<Passed>>,
}

impl Between {
    pub async fn before(upstream: String) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let between = Self { address, upstream, client, passed: Arc::default() };
        let passing = between.clone();
        let app = Router::new().fallback(move |request: Request| {
            let passing = passing.clone();
            async move { passing.pass(request).await }
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        between
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next call of that name ([`operation`]) is refused with that code, and in the error's words stands all that was sent.
    pub fn echo(&self, operation: &'static str, code: &'static str) {
        self.lock().echo.push((operation, code));
    }

    /// The calls that were answered so.
    pub fn echoed(&self) -> Vec<String> {
        self.lock().echoed.clone()
    }

    /// The secrets that were seen passing.
    pub fn learned(&self) -> Vec<Canary> {
        self.lock().canaries.iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Passed> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn pass(&self, request: Request) -> Response {
        let (head, body) = request.into_parts();
        let body = to_bytes(body, 1 << 26).await.unwrap_or_default();
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
        self.learn_from_request(&head.headers, &target);
        let text = String::from_utf8_lossy(&body).into_owned();
        let operation = operation(&head.headers, head.method.as_str(), &target, &text);
        let code = {
            let mut passed = self.lock();
            let at = passed.echo.iter().position(|(wanted, _)| *wanted == operation);
            let code = at.map(|at| passed.echo.remove(at).1);
            passed.echoed.extend(code.map(|_| operation.clone()));
            code
        };
        if let Some(code) = code {
            return refusal(&operation, code, &head.headers, &target, &text);
        }
        let mut headers = head.headers;
        headers.remove("expect");
        let call = self.client.request(head.method, format!("{}{target}", self.upstream)).headers(headers).body(body);
        let Ok(answer) = call.send().await else { return plain(502, "text/plain", String::new()) };
        let mut response = Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            if ![HeaderName::from_static("transfer-encoding"), HeaderName::from_static("connection")].contains(name) {
                response = response.header(name, value);
            }
        }
        let bytes = answer.bytes().await.unwrap_or_default();
        self.learn_from_answer(&bytes);
        response.body(Body::from(bytes)).expect("a response")
    }

    fn learn_from_request(&self, headers: &HeaderMap, target: &str) {
        let mut passed = self.lock();
        let signed = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        if let Some((_, signature)) = signed.split_once("Signature=")
            && passed.canaries.iter().filter(|one| one.kind == "authorization").count() < MOST
        {
            passed.canaries.insert(Canary { kind: "authorization", value: signature.to_owned() });
        }
        if let Some(found) = IN_ADDRESS.captures(target) {
            passed.canaries.insert(Canary { kind: "interaction token", value: found[1].to_owned() });
            if found[0].starts_with("/webhooks") {
                // Not the application's id before it, which everybody may know.
                passed.canaries.insert(Canary { kind: "webhook address", value: format!("/{}/messages", &found[1]) });
            }
        }
    }

    /// A session's keys, as AssumeRole answers them.
    fn learn_from_answer(&self, answer: &Bytes) {
        let answer = String::from_utf8_lossy(answer);
        for (tag, kind) in [
            ("AccessKeyId", "access key id"),
            ("SecretAccessKey", "secret key of a session"),
            ("SessionToken", "session token"),
        ] {
            let found = answer.split_once(&format!("<{tag}>")).and_then(|(_, rest)| rest.split_once("</"));
            if let Some((value, _)) = found {
                let mut passed = self.lock();
                if passed.canaries.iter().filter(|one| one.kind == kind).count() < MOST {
                    passed.canaries.insert(Canary { kind, value: value.to_owned() });
                }
            }
        }
    }
}

/// `CreateSecret`, `AssumeRole genkan-writer`, `PUT /project-x-dev`; of Discord `PATCH @original`, `POST callback`.
fn operation(headers: &HeaderMap, method: &str, target: &str, body: &str) -> String {
    let targeted = headers.get("x-amz-target").and_then(|target| target.to_str().ok()?.rsplit('.').next());
    let asked = body.split('&').find_map(|part| part.strip_prefix("Action="));
    let path = target.split('?').next().unwrap_or_default();
    let role = body.split('&').find_map(|part| part.strip_prefix("RoleArn=")?.rsplit("%2F").next());
    if let (Some("AssumeRole"), Some(role)) = (asked, role) {
        return format!("AssumeRole {role}");
    }
    match targeted.or(asked) {
        Some(operation) => operation.to_owned(),
        None if path.ends_with("/messages/@original") => format!("{method} @original"),
        None if path.starts_with("/api/") && path.ends_with("/callback") => format!("{method} callback"),
        None if path.ends_with("/associatevpc") => "AssociateVPCWithHostedZone".to_owned(),
        None => format!("{method} {}", path.trim_end_matches('/')),
    }
}

/// An error in the words of a service that repeats what it was sent.
fn refusal(operation: &str, code: &str, headers: &HeaderMap, target: &str, body: &str) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let (signed, token) = (header("authorization"), header("x-amz-security-token"));
    let reversed: String = body.chars().rev().collect();
    let words = format!(
        "not authorized to perform on resource: arn:aws:x:{token} with {body} by Authorization: {signed} and {signed:?} at {target} \
         (X-Amz-Security-Token: {token}; {token}; {reversed}; {:?})",
        body.as_bytes()
    );
    // In chunks too: of an error only the beginning is kept.
    let words = if operation == "PutSecretValue" { format!("{body} {body}") } else { words };
    if target.starts_with("/api/") {
        let body = json!({"code": 50035, "message": words, "errors": {"content": {"_errors": [{"code": "X", "message": words}]}}});
        return plain(400, "application/json", body.to_string());
    }
    if headers.contains_key("x-amz-target") {
        let body = json!({"__type": code, "message": words});
        return plain(400, "application/x-amz-json-1.1", body.to_string());
    }
    let words = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let error = format!("<Code>{code}</Code><Message>{words}</Message>");
    let text = if body.contains("Action=") || target.contains("2013-04-01") {
        format!("<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>0</RequestId></ErrorResponse>")
    } else {
        format!("<Error>{error}</Error>")
    };
    plain(403, "text/xml", text)
}

fn plain(status: u16, kind: &str, body: String) -> Response {
    let response = Response::builder().status(status).header("content-type", kind);
    response
        .header("x-amzn-requestid", "00000000-0000-4000-8000-000000000000")
        .body(Body::from(body))
        .expect("a response")
}
