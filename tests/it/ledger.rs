//! An audit log on paper: what the witness was told, and when, beside the local AWS's own log of what was called.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use genkan::engine::{Intent, Outcome, Told, Unwitnessed, Witness};
use genkan::sandbox::log::Call;

/// One call as it was written down.
#[derive(Debug, Clone)]
pub struct Line {
    /// When the intent was on disk.
    pub at: SystemTime,
    pub intent: Intent,
    pub outcome: Option<Outcome>,
}

/// What was written down, by number. Clones are one ledger.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<Vec<Line>>>);

impl Ledger {
    pub fn lines(&self) -> Vec<Line> {
        self.lock().clone()
    }

    /// The same intent, as another log has taken it.
    pub fn wrote(&self, intent: &Intent) -> usize {
        let mut lines = self.lock();
        lines.push(Line { at: SystemTime::now(), intent: intent.clone(), outcome: None });
        lines.len() - 1
    }

    pub fn ended(&self, line: usize, outcome: &Outcome) {
        let told_before = self.lock()[line].outcome.replace(outcome.clone());
        assert_eq!(told_before, None, "an outcome is told once");
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Witness for Ledger {
    async fn before(&self, intent: &Intent) -> Result<Told, Unwitnessed> {
        Ok(Told(self.wrote(intent) as u64))
    }

    async fn after(&self, told: Told, outcome: &Outcome) -> Result<(), Unwitnessed> {
        self.ended(usize::try_from(told.0).expect("a number of ours"), outcome);
        Ok(())
    }
}

/// Whether AWS's log holds a call under a role that can do more than look, or the assuming of such a role: under which role by
/// name, in which account. What cannot change anything and is no secret's reader is not one.
pub fn power(call: &Call) -> Option<(String, String)> {
    let powerful = |role: &str| ["-writer", "-authoriser", "-secret-reader"].iter().any(|end| role.ends_with(end));
    if call.operation == "AssumeRole" {
        let arn = call.resources.first()?;
        let (account, role) = (arn.split(':').nth(4)?, arn.rsplit('/').next()?);
        return powerful(role).then(|| (role.to_owned(), account.to_owned()));
    }
    let caller = call.caller.as_deref()?;
    let role = caller.split(":assumed-role/").nth(1)?.split('/').next()?;
    powerful(role).then(|| (role.to_owned(), call.account.clone()))
}

/// The IAM action of a call, where it is not named as the operation is (Service Authorization Reference, Amazon S3).
fn action(call: &Call) -> String {
    match call.action().as_str() {
        "s3:PutBucketCors" | "s3:DeleteBucketCors" => "s3:PutBucketCORS".to_owned(),
        "s3:PutPublicAccessBlock" => "s3:PutBucketPublicAccessBlock".to_owned(),
        "s3:PutBucketEncryption" => "s3:PutEncryptionConfiguration".to_owned(),
        "s3:HeadBucket" => "s3:ListBucket".to_owned(),
        "s3:ListObjectVersions" => "s3:ListBucketVersions".to_owned(),
        "s3:ListMultipartUploads" => "s3:ListBucketMultipartUploads".to_owned(),
        "s3:DeleteObjects" => "s3:DeleteObjectVersion".to_owned(),
        named => named.to_owned(),
    }
}

/// Whether a call was made for the request and the step of an intent, as its session's tags say; a call without tags does not say.
fn is_for(call: &Call, intent: &Intent) -> bool {
    let tags = call.assumed.as_ref().map_or(&call.session_tags, |assumed| &assumed.tags);
    let is = |tag: &str, named: Option<String>| {
        tags.get(&format!("genkan:{tag}")).is_none_or(|told| Some(told) == named.as_ref())
    };
    is("request", intent.request.as_ref().map(ToString::to_string))
        && is("step", intent.step.as_ref().map(ToString::to_string))
        && is("digest", intent.digest.as_ref().map(ToString::to_string))
}

/// AWS's log against the ledger: each call with power has its line, written before the request arrived, with the same action,
/// account and role, for the same step. Lines that have an outcome with AWS's request id are matched by it. Returns how many
/// calls there were, and the lines that no call belongs to.
pub fn compare(calls: &[Call], lines: &[Line]) -> (usize, Vec<Line>) {
    let mut by_request: BTreeMap<&str, &Line> = BTreeMap::new();
    let mut open: Vec<&Line> = Vec::new();
    for line in lines {
        match line.outcome.as_ref().and_then(|outcome| outcome.aws_request.as_deref()) {
            Some(id) => assert!(by_request.insert(id, line).is_none(), "{id} has two lines"),
            None => open.push(line),
        }
    }
    // AWS's log is in the order in which calls ended. Where several lines fit, as of a call that died and was made again, the
    // earliest call has the earliest line.
    let mut calls: Vec<&Call> = calls.iter().collect();
    calls.sort_by_key(|call| call.begun);
    let mut found = 0;
    for call in calls {
        let Some((role, account)) = power(call) else { continue };
        let fits = |line: &Line| {
            line.intent.action == action(call)
                && line.intent.account.as_str() == account
                && line.intent.role.ends_with(&format!("/{role}"))
                && is_for(call, &line.intent)
                && line.at <= call.begun
        };
        let line = by_request.remove(call.request_id.as_str()).unwrap_or_else(|| {
            let at = open.iter().position(|line| fits(line));
            open.remove(at.unwrap_or_else(|| panic!("nothing was written down before {call:#?}, left are {open:#?}")))
        });
        assert!(fits(line), "{line:#?} is not {call:#?}");
        if let Some(outcome) = &line.outcome
            && !call.response_lost
        {
            assert_eq!(outcome.code.is_some(), call.status.is_none_or(|status| status >= 300), "{line:#?} {call:#?}");
        }
        found += 1;
    }
    (found, by_request.into_values().chain(open).cloned().collect())
}
