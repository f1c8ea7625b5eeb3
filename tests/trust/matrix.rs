//! Every combination of who asks, who approves, with which rights then and now, where, of what, in what state: the rules and the counting
//! that decide in the program, against an oracle that knows neither.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use genkan::model::plan::{Desired, Gate, GateReason, OnExisting, Scope, Terms};
use genkan::model::question::{Counted, May, Question, counted};
use genkan::model::sealed::Sealed;
use genkan::model::{Action, Approval, Digest, EnvironmentName, Person, RequestState, Step};
use genkan::policy::{Approving, Concerned, Deed, Grounds, Policy, Starting};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::oracle::{Click, Course, Moment, begins, takes};

const HOURS: i64 = 24;

/// A step with a gate, as it is sealed and asked about.
fn step(course: &Course, vpc: &str) -> Step {
    let desired: Desired = serde_json::from_value(json!({
        "id": "zone-association",
        "place": {"account": "222222222201", "region": "ap-northeast-1"},
        "spec": {
            "kind": "zone-association", "zone_id": "Z0DEV00000000000001", "zone_name": "dev.internal",
            "zone_account": "111111111101", "vpc_id": vpc, "vpc_region": "ap-northeast-1",
        },
        "scope": Scope::Project,
        "on_existing": OnExisting::Block,
        "after": [],
        "inputs": {},
    }))
    .expect("a resource");
    let account = "111111111101".parse().expect("an account");
    let reason = if course.destroys { GateReason::DestroysData } else { GateReason::OtherAccount { account } };
    let two = course.destroys || course.environment == "production";
    let terms = Terms {
        roles: [].into(),
        accounts: [].into(),
        policy: Digest::from("0".repeat(64)),
        engine: "genkan".to_owned(),
    };
    let gate = Gate { reason, approvals: if two { 2 } else { 1 }, approvers: vec!["leads".to_owned()], terms };
    Step { desired, adopt: false, delete_data: course.destroys, action: Action::Create, gate: Some(gate) }
}

fn person(name: &str, account: &str, lead: bool) -> Person {
    let groups = if lead { vec!["leads".to_owned()] } else { vec!["engineers".to_owned()] };
    Person { name: name.to_owned(), groups, via: account.to_owned() }
}

/// The rules, asked each question once: the same answer to the same question is what they are for.
struct Rules {
    policy: Policy,
    known: RefCell<HashMap<String, bool>>,
    steps: RefCell<HashMap<(&'static str, bool), Steps>>,
}

/// What it was asked about, and what may be there instead later.
#[derive(Clone)]
struct Steps {
    asked: Sealed,
    other: Sealed,
}

impl Rules {
    fn steps(&self, course: &Course) -> Steps {
        let sealed = |vpc| Sealed::of(&step(course, vpc)).expect("sealed");
        let made = || Steps { asked: sealed("vpc-0aaaaaaaaaaaaaaaa"), other: sealed("vpc-0bbbbbbbbbbbbbbbb") };
        self.steps.borrow_mut().entry((course.environment, course.destroys)).or_insert_with(made).clone()
    }

    fn allow(&self, person: &Person, deed: Deed<'_>, grounds: &Grounds<'_>) -> bool {
        let question = format!("{person:?} {deed:?} {grounds:?}");
        if let Some(known) = self.known.borrow().get(&question) {
            return *known;
        }
        let allowed = self.policy.decide(person, deed, grounds).allowed;
        self.known.borrow_mut().insert(question, allowed);
        allowed
    }
}

/// What the program decides: which clicks it takes, and whether the step begins.
fn decided(rules: &Rules, course: &Course) -> (Vec<bool>, bool, Counted) {
    let environment: EnvironmentName = course.environment.parse().expect("an environment");
    let (requesters, approvers) = (["engineers".to_owned(), "leads".to_owned()], ["leads".to_owned()]);
    let asked_at: Timestamp = "2026-11-20T09:00:00Z".parse().expect("a time");
    let until = asked_at + SignedDuration::from_hours(HOURS);
    let clicked_late = course.expired == Moment::BeforeTheClicks;
    let clicked_at = if clicked_late { until } else { asked_at + SignedDuration::from_mins(5) };
    let started_late = course.expired != Moment::Never;
    let started_at = if started_late { until } else { asked_at + SignedDuration::from_mins(10) };
    let production = course.environment == "production";
    let grounds = |now| Grounds {
        environment: &environment,
        project: None,
        requesters: &requesters,
        approvers: &approvers,
        production,
        frozen: None,
        now,
    };
    let requester = person(course.requester, "terminal", course.requester == "ren");

    // It is asked about one step; what is there at the clicks may be another, and at the start yet another.
    let Steps { asked, other } = rules.steps(course);
    let at_clicks = if course.changed == Moment::BeforeTheClicks { &other } else { &asked };
    let at_clicks = at_clicks.digest().clone();
    let at_start = if course.changed == Moment::Never { asked.clone() } else { other };
    let question = Question { number: 7, sealed: asked, asked_at, until, set_back: false };
    let state = if course.open { RequestState::Open } else { RequestState::Cancelled };

    let mut approvals: Vec<Approval> = Vec::new();
    let mut taken = Vec::new();
    for click in [Some(course.first), course.second].into_iter().flatten() {
        let (by, digest) = (person(click.who, click.account, click.lead_then), question.sealed.digest());
        let given = u32::try_from(approvals.len()).expect("few");
        let approving = Approving::step(&requester, question.sealed.step(), digest, &at_clicks, given);
        let may = rules.allow(&by, Deed::Approve(approving), &grounds(clicked_at));
        let is_taken = may && state.is_open() && question.stands(clicked_at).is_ok();
        taken.push(is_taken);
        if is_taken {
            let (step, digest) = (question.sealed.step().desired.id.clone(), digest.clone());
            approvals.push(Approval { step, digest, question: question.number, by, at: clicked_at, withdrawn: None });
        }
    }
    let (starts, count) = starts(rules, course, &question, &approvals, &at_start, &requester, &grounds(started_at));
    (taken, state.is_open() && starts, count)
}

fn starts(
    rules: &Rules,
    course: &Course,
    question: &Question,
    approvals: &[Approval],
    there: &Sealed,
    requester: &Person,
    grounds: &Grounds<'_>,
) -> (bool, Counted) {
    let digest = question.sealed.digest();
    let may = |by: &Person| {
        let click = [Some(course.first), course.second].into_iter().flatten();
        let of_theirs = |click: &Click| click.who == by.name && click.account == by.via;
        let now = click.filter(of_theirs).all(|click| click.lead_now);
        let number = u32::try_from(approvals.len()).expect("few");
        let approving = Approving::step(requester, question.sealed.step(), digest, digest, number);
        let by = person(&by.name, &by.via, now);
        if rules.allow(&by, Deed::Approve(approving), grounds) { May::Yes } else { May::No }
    };
    let Ok(count) = counted(question, approvals, grounds.now, &requester.name, may) else {
        return (false, Counted::default());
    };
    let step = there.step();
    let starting = Starting {
        concerned: Concerned::of(step),
        gated: step.gate.is_some(),
        approvers: &count.names,
        needed: step.gate.as_ref().map_or(0, |gate| gate.approvals),
        shown: digest.as_str(),
        digest: there.digest().as_str(),
    };
    (rules.allow(requester, Deed::Start(starting), grounds), count)
}

fn courses() -> Vec<Course> {
    let mut all = Vec::new();
    let rights = [(true, true), (true, false), (false, true), (false, false)];
    let moments = [Moment::Never, Moment::BeforeTheClicks, Moment::BeforeTheStep];
    let wheres = [("dev", false), ("staging", false), ("production", false), ("dev", true), ("production", true)];
    for requester in ["aiko", "ren"] {
        for who in ["aiko", "ren", "mio"] {
            for (lead_then, lead_now) in rights {
                let first = Click { who, account: "discord", lead_then, lead_now };
                let other = if who == "mio" { "ren" } else { "mio" };
                let seconds = [
                    None,
                    Some(first),
                    Some(Click { account: "arn:aws:sts::1:assumed-role/x", ..first }),
                    Some(Click { who: other, lead_then: true, lead_now: true, ..first }),
                    Some(Click { who: other, lead_then: true, lead_now: false, ..first }),
                ];
                for second in seconds {
                    for (environment, destroys) in wheres {
                        for changed in moments {
                            for expired in moments {
                                for open in [true, false] {
                                    all.push(Course {
                                        requester,
                                        first,
                                        second,
                                        environment,
                                        destroys,
                                        changed,
                                        expired,
                                        open,
                                    });
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    all
}

#[test]
fn every_course_goes_as_it_was_promised() {
    let rules = Rules { policy: Policy::built_in(), known: RefCell::default(), steps: RefCell::default() };
    let courses = courses();
    assert!(courses.len() >= 5_000, "{} courses", courses.len());
    let (mut differences, mut begun, mut own) = (Vec::new(), 0, 0);
    for course in &courses {
        let (taken, starts, count) = decided(&rules, course);
        let clicks: Vec<Click> = [Some(course.first), course.second].into_iter().flatten().collect();
        let should: Vec<bool> = clicks.iter().map(|click| takes(course, *click)).collect();
        if (&taken, starts) != (&should, begins(course)) {
            differences.push(format!("{course:?}: {taken:?} {starts}, and should be {should:?} {}", begins(course)));
        }
        own += clicks.iter().zip(&taken).filter(|(click, taken)| click.who == course.requester && **taken).count();
        own += usize::from(count.names.contains(course.requester));
        let people: BTreeSet<&str> = clicks.iter().map(|click| click.who).collect();
        assert!(count.names.len() <= people.len(), "one person counts once: {course:?}");
        begun += usize::from(starts);
    }
    assert!(
        differences.is_empty(),
        "{} of {}:\n{}",
        differences.len(),
        courses.len(),
        differences[..differences.len().min(5)].join("\n")
    );
    assert_eq!(own, 0, "nobody approves their own request");
    assert!(begun > 50, "some begin: {begun} of {}", courses.len());
}
