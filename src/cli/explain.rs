//! `genkan policy explain`: what the rules say to one question, in words.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::Exit;
use super::args::ExplainArguments;
use super::commands::Terminal;
use crate::requests::DeskError;
use crate::requests::explain::{ANY_STEP, Act, Doubt, Explained, Risk};

impl Terminal {
    /// `genkan policy explain`. Ends as what it explains would: refused where that is refused.
    ///
    /// # Errors
    /// As [`crate::requests::Desk::explain`].
    pub async fn explain(&self, arguments: &ExplainArguments) -> Result<Exit, DeskError> {
        let person = self.desk.spoken_of(self.says.as_deref()).await?;
        let doubt = Doubt {
            act: arguments.action,
            project: arguments.project.clone(),
            environment: arguments.env.clone(),
            request: arguments.request.clone(),
            step: arguments.step.clone(),
            by: arguments.by.clone(),
            risk: arguments.risk,
            approved_by: arguments.approved_by.clone(),
            at: arguments.at,
        };
        let explained = self.desk.explain(&person, &doubt).await?;
        self.printer.result(&explained, || text(&explained));
        Ok(if explained.verdict.allowed { Exit::Done } else { Exit::Refused })
    }
}

/// An explanation as people read it.
fn text(explained: &Explained) -> String {
    let Explained { asked, surroundings, verdict, would_allow } = explained;
    let (person, environment) = (&asked.person, &surroundings.environment);
    let mut text = String::new();
    let verb = if verdict.allowed { "may" } else { "may NOT" };
    let project = surroundings.project.as_ref().map(|project| format!(" for {project}")).unwrap_or_default();
    let _ =
        writeln!(text, "{person} {verb} {} in {environment}{project}, at {}", asked.act.word(), at(surroundings.now));
    for reason in &verdict.reasons {
        let _ = writeln!(text, "  {}: {}", reason.rule, reason.en);
    }
    if !would_allow.is_empty() {
        let _ = writeln!(text, "It would be allowed if");
        for change in would_allow {
            let _ = writeln!(text, "  - {change}");
        }
    }
    let _ = writeln!(text, "What it follows from");
    for fact in facts(explained) {
        let _ = writeln!(text, "  {fact}");
    }
    text
}

fn facts(explained: &Explained) -> Vec<String> {
    let Explained { asked, surroundings, .. } = explained;
    let groups = |groups: &[String], none: &str| if groups.is_empty() { none.to_owned() } else { groups.join(", ") };
    let environment = &surroundings.environment;
    let mut facts = vec![
        format!("{} is in {}", asked.person, groups(&asked.person.groups, "no group")),
        format!("who may ask in {environment}: {}", groups(&surroundings.requesters, "everybody")),
        format!("who may approve in {environment}: {}", groups(&surroundings.approvers, "nobody")),
    ];
    if surroundings.production {
        facts.push(format!("{environment} is production"));
    }
    if let Some((until, why)) = &surroundings.frozen {
        facts.push(format!("{environment} is frozen until {}: {why}", at(*until)));
    }
    if asked.act.is_about_a_request() {
        facts.push(format!(
            "the request is {}",
            if asked.requester.name == asked.person.name {
                "their own".to_owned()
            } else {
                format!("of {}", asked.requester)
            }
        ));
    }
    if asked.act.is_about_a_step() && (asked.step != ANY_STEP || asked.act == Act::Start) {
        let approvers: Vec<&str> = asked.approvers.iter().map(String::as_str).collect();
        let approved = if approvers.is_empty() { String::new() } else { format!(" ({})", approvers.join(", ")) };
        let risk = match asked.risk {
            Risk::None => "puts nothing at risk",
            Risk::OtherAccount => "changes another account",
            Risk::DestroysData => "destroys data",
        };
        let step = if asked.step == ANY_STEP {
            "no step is named (--step, --request): as one that".to_owned()
        } else {
            format!("step {}", asked.step)
        };
        facts.push(format!("{step} {risk}: {} of {} approvals{approved}", approvers.len(), asked.needed));
    }
    facts
}

fn at(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// What somebody wants to do, by its name.
///
/// # Errors
/// The names that there are.
pub(super) fn act(text: &str) -> Result<Act, String> {
    let found = Act::ALL.into_iter().find(|act| act.word() == text);
    found.ok_or_else(|| format!("one of {}", Act::ALL.map(Act::word).join(", ")))
}

/// What a step puts at risk, by its name.
///
/// # Errors
/// The names that there are.
pub(super) fn risk(text: &str) -> Result<Risk, String> {
    let all = [Risk::None, Risk::OtherAccount, Risk::DestroysData];
    let found = all.into_iter().find(|risk| risk.word() == text);
    found.ok_or_else(|| format!("one of {}", all.map(Risk::word).join(", ")))
}

/// A moment, with its offset.
///
/// # Errors
/// How one is written.
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "a time is written with its offset, as in 2026-12-30T12:00:00+09:00".to_owned())
}
