//! The audit log in words: what a check found and what it proves, and the story of one project.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;

use super::draw::did_word;
use crate::model::RequestState;
use crate::model::audit::{Entry, Face, Intent, Outcome, What};
use crate::model::plan::Direction;
use crate::requests::audit::Report;

/// Where the key is from that signatures were verified with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFrom {
    /// Somebody gave it.
    Given,
    /// It came with the export.
    Export,
    /// It lies beside the store.
    Store,
}

impl KeyFrom {
    /// Where a store is checked.
    pub const fn of_store(given: bool) -> Self {
        if given { Self::Given } else { Self::Store }
    }
}

/// What a check found, what that proves, and what not.
pub fn report(report: &Report, key: KeyFrom) -> String {
    let mut text = String::new();
    let Report { since, entries, .. } = report;
    if !report.ok {
        text.push_str("THE LOG WAS CHANGED.\n");
        for faults in report.faults.chunk_by(|one, next| one.entry.is_some() && one.entry == next.entry) {
            let more = match faults.len() {
                1 => String::new(),
                count => format!(" (and {} more of the same; --json has them)", count - 1),
            };
            for fault in &faults[..1] {
                let _ = match fault.entry {
                    Some(entry) => writeln!(text, "  entry {entry}: {}{more}", fault.what),
                    None => writeln!(text, "  {}", fault.what),
                };
            }
        }
        text.push('\n');
    }
    let _ = match (report.first, report.last) {
        (Some(first), Some(last)) => {
            writeln!(text, "Entries {since} to {}, of {} to {}.", entries.saturating_sub(1), time(first), time(last))
        }
        _ => writeln!(text, "No entries."),
    };
    let _ = writeln!(text, "Root {} over {entries} entries.", report.root);
    if report.ok {
        text.push_str(&proved(report));
    }
    text.push_str(&not_proved(report, key));
    text
}

fn proved(report: &Report) -> String {
    let mut text = "Nothing in it was changed, removed, put in or moved".to_owned();
    if report.signed > 0 {
        let _ = write!(
            text,
            ", as far as it was signed: {} checkpoints, the last over {} entries",
            report.checkpoints, report.signed
        );
    }
    text.push_str(".\n");
    if report.outside > 0 {
        let _ = writeln!(
            text,
            "It goes on from what was kept elsewhere: the first {} entries are the ones that were there then.",
            report.witnessed
        );
    }
    text
}

fn not_proved(report: &Report, key: KeyFrom) -> String {
    let mut limits: Vec<String> = Vec::new();
    let covered = report.signed.max(report.witnessed);
    match (&report.key, key) {
        (None, _) => limits.push("no signature was verified, for there is no key: --key".to_owned()),
        (Some(key), KeyFrom::Export) => {
            limits.push(format!("the key came with the export ({key}): compare it with what `genkan audit key` says"));
        }
        (Some(_), KeyFrom::Given | KeyFrom::Store) => {}
    }
    if report.outside == 0 {
        limits.push(
            "without a checkpoint that was kept elsewhere (--checkpoint), nobody can tell a log from which the end was cut off \
             together with its checkpoints, or that was written anew by somebody who holds the key"
                .to_owned(),
        );
    }
    if covered < report.told && report.key.is_some() {
        let why = if report.ok { "are not signed yet" } else { "are under no checkpoint that fits them" };
        limits.push(format!("entries {covered} to {} {why}", report.told - 1));
    }
    limits
        .push("what was done past genkan is not in its log: CloudTrail has it, by the same AWS request ids".to_owned());
    limits.iter().fold("What this does not prove:\n".to_owned(), |text, limit| text + &wrapped(&format!("- {limit}.")))
}

/// No line of prose is longer.
const WIDTH: usize = 100;

/// A point of a list, its further lines below its words.
fn wrapped(point: &str) -> String {
    let (mut text, mut column) = (String::from(" "), 1);
    for word in point.split(' ') {
        let long = word.chars().count() + 1;
        if column + long > WIDTH && column > 4 {
            text.push_str("\n   ");
            column = 3;
        }
        text.push(' ');
        text.push_str(word);
        column += long;
    }
    text + "\n"
}

/// What happened to a project in an environment, a line each; behind a call, on lines of its own, to what, and what came of it.
pub fn story(story: &[Entry], project: &str, environment: &str) -> String {
    if story.is_empty() {
        return format!("the audit log tells nothing of {project} {environment}\n");
    }
    let answers: BTreeMap<u64, (u64, &Outcome)> = story.iter().filter_map(answer_of).collect();
    let calls: Vec<u64> =
        story.iter().filter(|entry| matches!(entry.what, What::Call(_))).map(|at| at.number).collect();
    let mut text = String::new();
    for entry in story {
        let words = match &entry.what {
            What::Call(intent) => call(intent, answers.get(&entry.number).copied()),
            // Told with its call, unless that was before what is told.
            What::Answer { call, .. } if calls.binary_search(call).is_ok() => continue,
            what => line(what),
        };
        let _ = writeln!(text, "{} {:>6}  {words}", time(entry.at), entry.number);
    }
    text
}

fn answer_of(entry: &Entry) -> Option<(u64, (u64, &Outcome))> {
    let What::Answer { call, outcome } = &entry.what else { return None };
    Some((*call, (entry.number, outcome)))
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn place(face: &Face) -> String {
    match face {
        Face::Discord { channel, id } => format!("in Discord's channel {channel} ({id})"),
        Face::Terminal => "at a terminal".to_owned(),
    }
}

/// One thing that happened, in words.
fn line(what: &What) -> String {
    match what {
        What::LogBegun { log } => format!("the log {log} begins"),
        What::ProcessStarted { process, does, program, config, policy } => {
            let (config, policy) = (config.short(), policy.short());
            format!("{process} began: {does} ({program}, config {config}, rules {policy})")
        }
        What::ProcessEnded { process } => format!("{process} ended"),
        What::Asked { request, project, environment, direction, plan, by, via, face } => {
            let wish = match direction {
                Direction::Onboard => format!("let {project} into {environment}"),
                Direction::Teardown => format!("show {project} out of {environment}"),
            };
            format!("{by} ({via}) asked {} to {wish}: {request}, plan {}", place(face), plan.short())
        }
        What::Shown { request, step, digest, to, face } => {
            let whom = to.as_ref().map_or_else(String::new, |to| format!(" to {to}"));
            format!("{request} {step}: {} was shown{whom} {}", digest.short(), place(face))
        }
        What::Approved { request, step, digest, by, via } => {
            format!("{by} ({via}) approved {request} {step}: {}", digest.short())
        }
        What::Withdrawn { request, step, digest, by, via } => {
            format!("{by} ({via}) took the approval of {request} {step} back: {}", digest.short())
        }
        What::Became { request, was, becomes, by, via, reason } => {
            became(request.as_str(), *was, *becomes, by.as_deref().zip(via.as_deref()), reason.as_deref())
        }
        What::Held { request, step, digest, needs } => {
            let approvals = if *needs == 1 { "approval" } else { "approvals" };
            format!("{request} {step}: waits, {} needs {needs} {approvals}", digest.short())
        }
        What::Started { request, step, digest, approvers } => {
            let approvers: Vec<&str> = approvers.iter().map(String::as_str).collect();
            let by =
                if approvers.is_empty() { String::new() } else { format!(", approved by {}", approvers.join(" and ")) };
            format!("{request} {step}: began, {}{by}", digest.short())
        }
        What::Finished { request, step, did } => format!("{request} {step}: done ({})", did_word(*did)),
        What::Failed { request, step, why, retry_at } => {
            let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
            let then = retry_at.map_or_else(String::new, |at| format!("; tried again at {}", time(at)));
            format!("{request} {step}: FAILED: {why}{then}")
        }
        What::Refused { by, via, deed, project, environment, rules } => {
            let project = project.as_ref().map_or_else(String::new, |project| format!(" {project}"));
            format!("{by} ({via}) was refused: {deed}{project} {environment}, by {}", rules.join(", "))
        }
        What::Call(intent) => call(intent, None),
        What::Answer { call, outcome } => format!("call {call}: {}", answer(outcome)),
        What::Signed { size } => format!("the first {size} entries were signed"),
        What::Posted { size, place, link } => format!("the checkpoint over {size} entries is in {place:?}: {link}"),
    }
}

fn became(
    request: &str,
    was: RequestState,
    becomes: RequestState,
    by: Option<(&str, &str)>,
    reason: Option<&str>,
) -> String {
    let why = reason.map_or_else(String::new, |reason| format!(": {reason}"));
    match by {
        Some((by, via)) if becomes.is_open() => {
            format!("{by} ({via}) asked for another try of {request}, which was {was}{why}")
        }
        Some((by, via)) => format!("{by} ({via}) ended {request}: {becomes}{why}"),
        None => format!("{request} is {becomes}{why}"),
    }
}

/// A call, and what came of it: the number of the entry that says so, and what it says. Who asked and who approved is told where the
/// request was asked for and where the step began.
fn call(intent: &Intent, answered: Option<(u64, &Outcome)>) -> String {
    let Intent { person, request, step, account, role, action, resource, .. } = intent;
    let place = [request.as_ref().map(ToString::to_string), step.as_ref().map(ToString::to_string)];
    let place: Vec<String> = place.into_iter().flatten().collect();
    let place = if place.is_empty() { format!("for {person}") } else { place.join(" ") };
    let name = role.rsplit('/').next().unwrap_or(role);
    let came = answered.map_or_else(
        || "no answer was written: whether it was carried out is not known".to_owned(),
        |(number, outcome)| format!("entry {number}: {}", answer(outcome)),
    );
    if resource == role {
        return format!("{place}: {action} of {name} in {account}{INDENT}{came}");
    }
    format!("{place}: {action} as {name} in {account}{INDENT}on {resource}{INDENT}{came}")
}

/// Where a line of an entry goes on: below its words.
const INDENT: &str = "\n                                  ";

fn answer(outcome: &Outcome) -> String {
    let id = outcome.aws_request.as_ref().map_or_else(String::new, |id| format!(", AWS request {id}"));
    match &outcome.code {
        None => format!("done{id}"),
        Some(code) => format!("came to nothing: {code}{id}"),
    }
}
