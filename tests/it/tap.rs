//! Taps on the two ways out of a process: every journal append and every AWS call passes one. There a process can be made to
//! die, and a call can be refused.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use genkan::engine::{Intent, Journal, JournalError, Lease, Outcome, Told, Unwitnessed, Witness};
use genkan::model::{Event, Recorded, Step};
use genkan::store::Store;
use tokio::sync::Notify;

use crate::ledger::Ledger;

/// Before something takes effect, or after it, when whoever asked has not heard of it yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Before,
    After,
}

/// A place in a run at which a process can die.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// `write started bucket`, `call s3 PUT /project-x-dev`.
    pub what: String,
    /// The how many-th of that name, from 1.
    pub nth: usize,
    pub side: Side,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} #{}", self.side, self.what, self.nth)
    }
}

/// What becomes of calls of one name instead of reaching AWS.
#[derive(Debug, Clone)]
pub enum Trouble {
    /// So many times: 503, as in an outage or a storm of throttling.
    Unavailable(usize),
    /// A permission is missing.
    Forbidden,
}

/// What passes the taps of one process, and where it dies.
#[derive(Default)]
pub struct Trap {
    inner: Mutex<Inner>,
    sprung: Notify,
}

#[derive(Default)]
struct Inner {
    armed: Option<Point>,
    died: Option<Point>,
    trouble: Option<(String, Trouble)>,
    refused: usize,
    passed: Vec<Point>,
    counts: BTreeMap<(String, Side), usize>,
    lease: Option<Lease>,
    unwritten: Option<(Half, Range<usize>)>,
    written: usize,
}

/// One half of what the audit log holds of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    Intents,
    Outcomes,
}

impl Trap {
    /// One in which a process dies at `point`; none = it only writes down what passes.
    pub fn armed(point: Option<Point>) -> Arc<Self> {
        let trap = Self::default();
        trap.lock().armed = point;
        Arc::new(trap)
    }

    /// Calls of that name are refused from now on; none = no more.
    pub fn trouble(&self, trouble: Option<(&str, Trouble)>) {
        self.lock().trouble = trouble.map(|(what, trouble)| (what.to_owned(), trouble));
    }

    /// These of the intents, or of the outcomes, counted from now on, cannot be written: the disk is full, say. None = all can.
    pub fn full(&self, unwritten: Option<(Half, Range<usize>)>) {
        let mut inner = self.lock();
        (inner.unwritten, inner.written) = (unwritten, 0);
    }

    /// How many of that half there were since; whether they could be written or not.
    pub fn written(&self) -> usize {
        self.lock().written
    }

    async fn write(&self, half: Half) -> Result<(), Unwitnessed> {
        let dead = {
            let mut inner = self.lock();
            if let Some((_, unwritten)) = inner.unwritten.clone().filter(|(of, _)| *of == half) {
                inner.written += 1;
                if unwritten.contains(&(inner.written - 1)) {
                    return Err(Unwitnessed("disk full".to_owned()));
                }
            }
            inner.died.is_some()
        };
        if dead { std::future::pending().await } else { Ok(()) }
    }

    /// How many calls were refused.
    pub fn refused(&self) -> usize {
        self.lock().refused
    }

    /// Where it died.
    pub fn died(&self) -> Option<Point> {
        self.lock().died.clone()
    }

    /// Every point that was passed, in order.
    pub fn passed(&self) -> Vec<Point> {
        self.lock().passed.clone()
    }

    /// The lease that the process worked under last.
    pub fn lease(&self) -> Option<Lease> {
        self.lock().lease.clone()
    }

    /// Does something until it is done, or until the process dies of it: then whatever was under way is dropped where it stood.
    pub async fn survive<T>(&self, doing: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.sprung.notified() => None,
            done = doing => Some(done),
        }
    }

    async fn pass(&self, what: &str, side: Side) {
        let Some(dies) = self.note(what, side) else { return std::future::pending().await };
        if dies {
            self.sprung.notify_one();
            std::future::pending::<()>().await;
        }
    }

    /// Whether the process dies here; none = it is dead already.
    fn note(&self, what: &str, side: Side) -> Option<bool> {
        let mut inner = self.lock();
        if inner.died.is_some() {
            return None;
        }
        let count = inner.counts.entry((what.to_owned(), side)).or_default();
        *count += 1;
        let point = Point { what: what.to_owned(), nth: *count, side };
        inner.passed.push(point.clone());
        inner.died = inner.armed.take_if(|armed| *armed == point);
        Some(inner.died.is_some())
    }

    fn refusal(&self, call: &Called) -> Option<HttpResponse> {
        let mut inner = self.lock();
        let Inner { trouble: Some((what, trouble)), refused, .. } = &mut *inner else { return None };
        if *what != call.name {
            return None;
        }
        let (status, body) = match trouble {
            Trouble::Unavailable(0) => return None,
            Trouble::Unavailable(times) => {
                *times -= 1;
                (503, String::new())
            }
            Trouble::Forbidden => call.denied(),
        };
        *refused += 1;
        let mut response = HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body));
        if let Some(Trouble::Forbidden) = inner.trouble.as_ref().map(|(_, trouble)| trouble) {
            response.headers_mut().insert("x-amzn-requestid", "00000000-0000-4000-8000-000000000000");
        }
        Some(response)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A journal that passes everything on.
pub struct TappedJournal {
    pub store: Store,
    pub trap: Arc<Trap>,
}

#[async_trait]
impl Journal for TappedJournal {
    async fn replay(&self, lease: &Lease) -> Result<Vec<Recorded>, JournalError> {
        self.trap.lock().lease = Some(lease.clone());
        self.store.replay(lease).await
    }

    async fn append(&self, lease: &Lease, event: &Event) -> Result<Recorded, JournalError> {
        let verb = match event {
            Event::Started { .. } => "started",
            Event::Finished { .. } => "finished",
            Event::Waiting { .. } => "waiting",
            Event::Held { .. } => "held",
            Event::Noted { .. } => "noted",
            Event::Failed { .. } => "failed",
            Event::Retried => "retried",
        };
        let what = format!("write {verb} {}", event.step().map(ToString::to_string).unwrap_or_default());
        self.trap.pass(&what, Side::Before).await;
        let written = self.store.append(lease, event).await;
        self.trap.pass(&what, Side::After).await;
        written
    }

    async fn made_nothing(&self, lease: &Lease, step: &Step) -> Result<(), JournalError> {
        self.store.made_nothing(lease, step).await
    }

    async fn renew(&self, lease: &Lease) -> Result<(), JournalError> {
        self.store.renew(lease).await
    }
}

/// The audit log as a process sees it: one that is dead writes nothing more, and the disk may be full.
pub struct TappedWitness {
    store: Store,
    trap: Arc<Trap>,
    ledger: Ledger,
    lines: Mutex<BTreeMap<u64, usize>>,
}

impl TappedWitness {
    /// What is on disk in the store is in the ledger too.
    pub fn new(store: Store, trap: Arc<Trap>, ledger: Ledger) -> Self {
        Self { store, trap, ledger, lines: Mutex::default() }
    }

    fn lines(&self) -> MutexGuard<'_, BTreeMap<u64, usize>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for TappedWitness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TappedWitness")
    }
}

#[async_trait]
impl Witness for TappedWitness {
    async fn before(&self, intent: &Intent) -> Result<Told, Unwitnessed> {
        self.trap.write(Half::Intents).await?;
        let told = self.store.before(intent).await?;
        self.lines().insert(told.0, self.ledger.wrote(intent));
        Ok(told)
    }

    async fn after(&self, told: Told, outcome: &Outcome) -> Result<(), Unwitnessed> {
        self.trap.write(Half::Outcomes).await?;
        self.store.after(told, outcome).await?;
        let line = self.lines().remove(&told.0).expect("told before");
        self.ledger.ended(line, outcome);
        Ok(())
    }
}

/// An HTTP client that passes everything on.
#[derive(Clone)]
pub struct TappedAws {
    pub client: SharedHttpClient,
    pub trap: Arc<Trap>,
}

impl fmt::Debug for TappedAws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TappedAws")
    }
}

impl HttpClient for TappedAws {
    fn http_connector(&self, settings: &HttpConnectorSettings, parts: &RuntimeComponents) -> SharedHttpConnector {
        let connector = self.client.http_connector(settings, parts);
        SharedHttpConnector::new(TappedConnector { connector, trap: Arc::clone(&self.trap) })
    }
}

#[derive(Clone)]
struct TappedConnector {
    connector: SharedHttpConnector,
    trap: Arc<Trap>,
}

impl fmt::Debug for TappedConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TappedConnector")
    }
}

impl HttpConnector for TappedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { connector, trap } = self.clone();
        HttpConnectorFuture::new(async move {
            let call = Called::of(&request);
            if let Some(refusal) = trap.refusal(&call) {
                return Ok(refusal);
            }
            if !call.changing {
                return connector.call(request).await;
            }
            trap.pass(&call.name, Side::Before).await;
            let answer = connector.call(request).await;
            trap.pass(&call.name, Side::After).await;
            answer
        })
    }
}

/// One call, as the wire shows it.
struct Called {
    /// `call s3 PUT /project-x-dev?cors`, `call ecr CreateRepository`.
    name: String,
    service: String,
    changing: bool,
}

impl Called {
    fn of(request: &HttpRequest) -> Self {
        // AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …
        let signed = request.headers().get("authorization").unwrap_or_default();
        let service = signed.split('/').nth(3).unwrap_or_default().to_owned();
        let body = request.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
        let query = body.split('&').find_map(|part| part.strip_prefix("Action="));
        let named = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next()).or(query);
        let (operation, changing) = if let Some(operation) = named {
            let looks = ["Get", "List", "Describe", "BatchGet", "BatchCheck", "Assume"];
            (operation.to_owned(), !looks.iter().any(|look| operation.starts_with(look)))
        } else {
            let path = request.uri().splitn(4, '/').nth(3).unwrap_or_default();
            let path = path.split("x-id=").next().unwrap_or_default().trim_end_matches(['?', '&', '/']);
            let looks = matches!(request.method(), "GET" | "HEAD");
            (format!("{} /{path}", request.method()), !looks)
        };
        Self { name: format!("call {service} {operation}"), service, changing }
    }

    /// What the service says where a permission is missing.
    fn denied(&self) -> (u16, String) {
        let message = format!("User: somebody is not authorized to perform: {}", self.name);
        match self.service.as_str() {
            "s3" => (403, format!("<Error><Code>AccessDenied</Code><Message>{message}</Message></Error>")),
            "route53" => (
                403,
                format!(
                    "<ErrorResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Error><Type>Sender</Type>\
                     <Code>AccessDenied</Code><Message>{message}</Message></Error></ErrorResponse>"
                ),
            ),
            _ => (400, serde_json::json!({"__type": "AccessDeniedException", "message": message}).to_string()),
        }
    }
}
