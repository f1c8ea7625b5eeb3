//! What should be, in plain Rust: written from what is promised to people, not from the rules and not from the code.

use std::collections::BTreeSet;

/// What a question is about, in the simplest words.
#[derive(Debug, Clone)]
pub struct Plain {
    pub person: &'static str,
    pub groups: BTreeSet<&'static str>,
    pub action: &'static str,
    pub requester: &'static str,
    /// The groups that may ask; empty: everybody.
    pub may_ask: BTreeSet<&'static str>,
    pub may_approve: BTreeSet<&'static str>,
    pub production: bool,
    pub frozen: bool,
    /// Nothing, another account, or data.
    pub at_risk: &'static str,
    pub approved_by: BTreeSet<&'static str>,
    pub needed: u32,
    pub is_what_was_shown: bool,
}

/// Whether it is allowed.
pub fn allows(asked: &Plain) -> bool {
    let member = |groups: &BTreeSet<&str>| asked.groups.iter().any(|group| groups.contains(group));
    let (asks, approves) = (asked.may_ask.is_empty() || member(&asked.may_ask), member(&asked.may_approve));
    let own = asked.person == asked.requester;
    let given = u32::try_from(asked.approved_by.len()).unwrap();
    let goes_on_in_a_freeze = ["read", "reject", "cancel", "withdraw"].contains(&asked.action);
    if asked.frozen && !goes_on_in_a_freeze {
        return false;
    }
    match asked.action {
        "read" | "withdraw" => true,
        "request" | "adopt" | "destroy-data" => asks,
        "reject" => approves,
        "cancel" => own || approves,
        "retry" => own || asks || approves,
        "approve" => approves && !own && asked.is_what_was_shown,
        "start" => {
            let least = match (asked.at_risk, asked.production) {
                ("none", _) => 0,
                ("destroys-data", _) | (_, true) => 2,
                _ => 0,
            };
            !asked.approved_by.contains(asked.person) && asked.is_what_was_shown && given >= asked.needed.max(least)
        }
        other => panic!("nobody promised anything of {other}"),
    }
}

/// How a step comes to begin, or not: who asks, who clicks, and what happens in between.
#[derive(Debug, Clone, Copy)]
pub struct Course {
    pub requester: &'static str,
    pub first: Click,
    pub second: Option<Click>,
    /// `dev`, `staging`, `production`; and `dev` where data is destroyed.
    pub environment: &'static str,
    pub destroys: bool,
    pub changed: Moment,
    pub expired: Moment,
    /// How the request stands when the clicks come.
    pub open: bool,
}

/// Somebody presses Approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Click {
    pub who: &'static str,
    /// By which account of theirs.
    pub account: &'static str,
    /// Whether they are a lead then, and when the step is to begin.
    pub lead_then: bool,
    pub lead_now: bool,
}

/// When something happens, if it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    Never,
    BeforeTheClicks,
    BeforeTheStep,
}

/// Whether a click is taken.
pub fn takes(course: &Course, click: Click) -> bool {
    click.lead_then
        && click.who != course.requester
        && course.changed != Moment::BeforeTheClicks
        && course.expired != Moment::BeforeTheClicks
        && course.open
}

/// Whether the step begins.
pub fn begins(course: &Course) -> bool {
    let clicks = [Some(course.first), course.second].into_iter().flatten();
    // Who lost the right meanwhile does not count, and one person is one approver, whatever accounts they have.
    let taken: Vec<Click> = clicks.filter(|click| takes(course, *click)).collect();
    let count = taken.iter().filter(|click| click.lead_now).map(|click| click.who).collect::<BTreeSet<_>>().len();
    let needed = if course.destroys || course.environment == "production" { 2 } else { 1 };
    course.open && course.changed == Moment::Never && course.expired == Moment::Never && count >= needed
}
