//! One request in, one answer out: who calls, what happens to the call, may they, do it, write it down.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use awsim_core::protocol::{self, Protocol, RouteDefinition};
use awsim_core::{AwsError, IamCheck, RequestContext, ServiceHandler};
use bytes::Bytes;
use http::{Method, Request, Response, Uri};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::assume_role::AssumeRole;
use super::caller::{Caller, Callers};
use super::decide::{self, Denied};
use super::faults::{Effect, Faults};
use super::log::{Call, Log, changes};
use super::refusal::{Dialect, error};
use super::signature::Signed;

/// The connection broke: the caller does not know whether the call had an effect.
#[derive(Debug)]
pub(crate) struct Lost;

/// The whole local AWS behind one function.
pub(crate) struct Gateway {
    services: HashMap<String, Service>,
    callers: Arc<Callers>,
    pub faults: Faults,
    pub log: Log,
}

struct Service {
    handler: Arc<dyn ServiceHandler>,
    routes: Vec<RouteDefinition>,
}

/// An error, with what is needed to write it.
struct Refused {
    dialect: Dialect,
    protocol: Protocol,
    error: AwsError,
}

impl Gateway {
    pub(crate) fn new(callers: Arc<Callers>, handlers: impl IntoIterator<Item = Arc<dyn ServiceHandler>>) -> Self {
        let service = |handler: Arc<dyn ServiceHandler>| {
            (handler.signing_name().to_owned(), Service { routes: handler.routes(), handler })
        };
        let services = handlers.into_iter().map(service).collect();
        Self { services, callers, faults: Faults::default(), log: Log::default() }
    }

    /// Serves one request, and logs it. The round trip's latency is half before and half after the effect.
    pub(crate) async fn call(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Lost> {
        let mut call = Call::begun(self.callers.clock.now());
        let (round_trip, begun) = (self.faults.latency(), Instant::now());
        pause_until(begun, round_trip / 2).await;
        let mut delay = Duration::ZERO;
        let answer = self.answer(request, &mut call, &mut delay).await;
        call.at = self.callers.clock.now();
        self.log.add(call);
        pause_until(begun, round_trip + delay).await;
        answer
    }

    async fn answer(
        &self,
        request: Request<Bytes>,
        call: &mut Call,
        delay: &mut Duration,
    ) -> Result<Response<Bytes>, Lost> {
        let request_id = Uuid::new_v4().to_string();
        call.request_id.clone_from(&request_id);
        let is_head = request.method() == Method::HEAD;
        let answer = self.serve(request, &request_id, call, delay).await?.unwrap_or_else(|refused| {
            call.code = Some(refused.error.code.clone());
            refused.write(&request_id)
        });
        call.status = Some(answer.status().as_u16());
        let answer = dated(answer, self.callers.clock.now());
        match (call.response_lost, is_head) {
            (true, _) => Err(Lost),
            (false, true) => Ok(answer.map(|_| Bytes::new())),
            (false, false) => Ok(answer),
        }
    }

    /// The steps in AWS's order: whose key, which operation, limits, permission, effect.
    async fn serve(
        &self,
        request: Request<Bytes>,
        request_id: &str,
        call: &mut Call,
        delay: &mut Duration,
    ) -> Result<Result<Response<Bytes>, Refused>, Lost> {
        let (head, body) = request.into_parts();
        let signed = Signed::of(&head);
        let (name, region) = signed.as_ref().map_or(("", ""), |signed| (&signed.service, &signed.region));
        (call.service, call.region) = (name.to_owned(), region.to_owned());
        let service = self.services.get(name);
        let declared = service.map_or(Protocol::RestJson1, |service| service.handler.protocol());
        let protocol = protocol::effective_protocol(declared, &head.headers, &body);
        let dialect = Dialect::of(name, protocol);
        let refuse = |error| Ok(Err(Refused { dialect, protocol, error }));

        let Some(signed) = &signed else { return refuse(dialect.unsigned()) };
        let caller = match self.callers.resolve(&signed.access_key, signed.token.as_deref()) {
            Ok(caller) => caller,
            Err(why) => return refuse(dialect.not_known(why)),
        };
        note_caller(call, &caller);
        if !signed.is_by(&caller.secret_key, &head, &body, self.callers.clock.now()) {
            return refuse(dialect.bad_signature());
        }
        let Some(service) = service else {
            let message = format!("This local AWS has no service {name}");
            return refuse(error(400, "UnknownOperationException", message));
        };
        let uri = path_style(&head.uri, head.headers.get(http::header::HOST), name);
        let parsed = protocol::parse_request(protocol, &head.method, &uri, &head.headers, &body, &service.routes);
        let parsed = match parsed {
            Ok(parsed) => parsed,
            Err(error) => return refuse(error),
        };
        call.operation.clone_from(&parsed.operation);
        call.changing = changes(&parsed.operation);

        let fate = self.faults.fate(&caller.account, name, &parsed.operation);
        *delay = fate.delay;
        match fate.effect {
            Some(Effect::LoseRequest) => return Err(Lost),
            Some(Effect::Error { status, code, message }) => return refuse(error(status, &code, message)),
            Some(Effect::Throttle) => return refuse(dialect.throttled()),
            Some(Effect::LoseResponse) => call.response_lost = true,
            Some(Effect::Latency(_)) | None => {}
        }
        if !self.faults.take_token(&caller.account, name, &parsed.operation) {
            return refuse(dialect.throttled());
        }

        let mut context = RequestContext::new(name, region);
        context.account_id.clone_from(&caller.account);
        context.access_key = Some(signed.access_key.clone());
        context.request_id = request_id.to_owned();
        context.method = head.method.to_string();
        context.uri = uri.to_string();
        context.is_secure = true;
        let handler = &service.handler;
        let checks = handler.iam_checks_with_context(&parsed.operation, &parsed.input, &context);
        call.resources = checks.iter().map(|check| check.resource.clone()).collect();
        call.permissions = checks.iter().map(|check| check.action.clone()).collect();
        if parsed.operation == "AssumeRole" {
            call.assumed = AssumeRole::read(&parsed.input).ok().map(|asked| asked.logged(&parsed.input));
        }
        // STS decides itself: its one guarded operation is decided in two accounts, and the other needs no permission.
        if name != "sts"
            && let Err(error) = self.permit(dialect, &caller, &parsed.operation, &checks, &context)
        {
            return refuse(error);
        }
        let output = match handler.handle(&parsed.operation, parsed.input, &context).await {
            Ok(output) => output,
            Err(error) => return refuse(error),
        };
        let (status, headers, body) = protocol::serialize_response(protocol, &parsed.operation, &output, request_id);
        Ok(Ok(response(status, headers, body)))
    }

    /// Every check must be allowed; an operation without checks is nobody's to call.
    fn permit(
        &self,
        dialect: Dialect,
        caller: &Caller,
        operation: &str,
        checks: &[IamCheck],
        context: &RequestContext,
    ) -> Result<(), AwsError> {
        if checks.is_empty() {
            let action = format!("{}:{operation}", context.service);
            let why = format!("because this local AWS does not know the permission that {action} needs");
            return Err(dialect.denied(&caller.arn, &action, "*", &why));
        }
        let base = decide::request_context(caller, &context.region, self.callers.clock.now());
        checks.iter().try_for_each(|check| {
            decide::identity_allows(caller, check, &base).map_err(|Denied(why)| {
                let error = dialect.denied(&caller.arn, &check.action, &check.resource, &why);
                if is_route53_on_a_vpc(check) { not_authorized(error) } else { error }
            })
        })
    }
}

impl Refused {
    /// Route 53 has the query protocol's error envelope, which awsim does not write for it.
    fn write(&self, request_id: &str) -> Response<Bytes> {
        let is_route53 = self.protocol == Protocol::RestXml && self.dialect == Dialect::Xml;
        let protocol = if is_route53 { Protocol::AwsQuery } else { self.protocol };
        let (status, headers, mut body) = protocol::serialize_error(protocol, &self.error, request_id);
        if is_route53 {
            const IAM: &str = "http://iam.amazonaws.com/doc/2010-05-08/";
            const ROUTE53: &str = "https://route53.amazonaws.com/doc/2013-04-01/";
            body = String::from_utf8_lossy(&body).replacen(IAM, ROUTE53, 1).into();
        }
        response(status, headers, body)
    }
}

fn response(status: http::StatusCode, headers: http::HeaderMap, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// The answer with the time in it, as HTTP wants it (RFC 9110, Date).
fn dated(mut answer: Response<Bytes>, now: SystemTime) -> Response<Bytes> {
    let date =
        Timestamp::try_from(now).ok().and_then(|now| DateTimePrinter::new().timestamp_to_rfc9110_string(&now).ok());
    if let Some(date) = date.and_then(|date| date.parse().ok()) {
        answer.headers_mut().insert(http::header::DATE, date);
    }
    answer
}

fn note_caller(call: &mut Call, caller: &Caller) {
    call.account.clone_from(&caller.account);
    call.caller = Some(caller.arn.clone());
    call.source_identity = caller.source_identity().map(str::to_owned);
    if let Some(session) = &caller.session {
        call.session_name = Some(session.name.clone());
        call.session_tags.clone_from(&session.tags);
    }
}

/// Route 53 asks for AssociateVPCWithHostedZone on the zone and on the VPC.
fn is_route53_on_a_vpc(check: &IamCheck) -> bool {
    check.action.starts_with("route53:") && check.resource.split(':').nth(2) == Some("ec2")
}

/// A denial on the VPC's ARN is a 401 with a code of Route 53's own [hashicorp/terraform-provider-aws, issue 18176].
fn not_authorized(denied: AwsError) -> AwsError {
    error(401, "NotAuthorizedException", denied.message)
}

/// S3 clients may put the bucket before the host (`BUCKET.s3.REGION.amazonaws.com`); awsim reads it from the path only.
fn path_style(uri: &Uri, host: Option<&http::HeaderValue>, service: &str) -> Uri {
    let host = uri.host().or_else(|| host?.to_str().ok()).unwrap_or_default();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let path = match host.split_once(".s3.") {
        Some((bucket, rest)) if service == "s3" && rest.contains("amazonaws.com") => format!("/{bucket}{path}"),
        _ => path.to_owned(),
    };
    path.parse().unwrap_or_default()
}

async fn pause_until(begun: Instant, after: Duration) {
    if !after.is_zero() {
        sleep_until(begun + after).await;
    }
}
