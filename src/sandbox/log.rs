//! Every call that was made: who, what, where and how it ended. No input and no output, so no secret value.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde::Serialize;

/// How many calls are kept; older ones are counted and forgotten.
const KEPT: usize = 100_000;

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Call {
    /// The call's number, from 1.
    pub number: u64,
    /// AWS's id of the request, as CloudTrail has it.
    pub request_id: String,
    /// When the request arrived.
    pub begun: SystemTime,
    /// When the answer was ready.
    pub at: SystemTime,
    /// The caller's account; empty where the caller is not known.
    pub account: String,
    /// The region that the request was signed for.
    pub region: String,
    /// The signing name: `s3`, `route53` …
    pub service: String,
    /// `CreateBucket` …; empty where the request could not be read.
    pub operation: String,
    /// The resources that the call's permission was asked for.
    pub resources: Vec<String>,
    /// The permissions that it takes, by their IAM names, each on the resource of the same place.
    pub permissions: Vec<String>,
    /// What was asked of STS, for an AssumeRole.
    pub assumed: Option<Assumed>,
    /// The caller's ARN, as CloudTrail would show it.
    pub caller: Option<String>,
    /// The session's source identity.
    pub source_identity: Option<String>,
    /// The session's name.
    pub session_name: Option<String>,
    /// The session's tags.
    pub session_tags: BTreeMap<String, String>,
    /// Whether the operation changes something, by its name.
    pub changing: bool,
    /// The answer's HTTP status; none where the request was lost.
    pub status: Option<u16>,
    /// The error's code.
    pub code: Option<String>,
    /// The caller got no answer although the service gave one.
    pub response_lost: bool,
}

/// One AssumeRole, as it was asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assumed {
    /// The role's ARN.
    pub role: String,
    /// The session's name.
    pub name: String,
    /// How long it is to last.
    pub seconds: u64,
    /// The external id.
    pub external_id: Option<String>,
    /// The source identity.
    pub source_identity: Option<String>,
    /// The session's tags.
    pub tags: BTreeMap<String, String>,
    /// The session policy.
    pub policy: Option<String>,
}

impl Call {
    /// A call of which nothing is known yet.
    pub(crate) fn begun(at: SystemTime) -> Self {
        Self {
            number: 0,
            request_id: String::new(),
            begun: at,
            at,
            account: String::new(),
            region: String::new(),
            service: String::new(),
            operation: String::new(),
            resources: Vec::new(),
            permissions: Vec::new(),
            assumed: None,
            caller: None,
            source_identity: None,
            session_name: None,
            session_tags: BTreeMap::new(),
            changing: false,
            status: None,
            code: None,
            response_lost: false,
        }
    }

    /// `s3:CreateBucket`, for messages and counts.
    pub fn action(&self) -> String {
        format!("{}:{}", self.service, self.operation)
    }
}

/// A point in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark(u64);

/// How often each action was called.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All calls.
    pub total: u64,
    /// Those that change something.
    pub changing: u64,
    /// By action, `s3:CreateBucket`.
    pub by_action: BTreeMap<String, u64>,
}

/// The calls of one local AWS, in the order in which they ended.
#[derive(Default)]
pub struct Log {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    calls: VecDeque<Call>,
    counts: Counts,
}

impl Log {
    /// Where the log stands now.
    pub fn mark(&self) -> Mark {
        Mark(self.lock().counts.total)
    }

    /// The calls that ended after the mark.
    pub fn calls_since(&self, mark: Mark) -> Vec<Call> {
        self.lock().calls.iter().filter(|call| call.number > mark.0).cloned().collect()
    }

    /// The calls after the mark that change something, whether or not they were refused.
    pub fn changing_calls_since(&self, mark: Mark) -> Vec<Call> {
        let mut calls = self.calls_since(mark);
        calls.retain(|call| call.changing);
        calls
    }

    /// Every call that is kept.
    pub fn calls(&self) -> Vec<Call> {
        self.calls_since(Mark(0))
    }

    /// How often each action was called since the start.
    pub fn counts(&self) -> Counts {
        self.lock().counts.clone()
    }

    pub(crate) fn add(&self, mut call: Call) {
        let mut inner = self.lock();
        inner.counts.total += 1;
        inner.counts.changing += u64::from(call.changing);
        *inner.counts.by_action.entry(call.action()).or_default() += 1;
        call.number = inner.counts.total;
        if inner.calls.len() == KEPT {
            inner.calls.pop_front();
        }
        inner.calls.push_back(call);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an operation changes something, by its name. A session changes nothing: AssumeRole counts as a look.
pub(crate) fn changes(operation: &str) -> bool {
    const LOOKS: [&str; 9] =
        ["Get", "List", "Describe", "Head", "BatchGet", "BatchCheck", "AssumeRole", "Simulate", "TestDNSAnswer"];
    !operation.is_empty() && !LOOKS.iter().any(|look| operation.starts_with(look))
}
