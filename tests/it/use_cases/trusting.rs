//! What an approval is worth: until when, taken back, by whom at the moment it counts, under which rules, in a freeze.

use std::sync::Arc;
use std::time::Duration;

use genkan::config::{Config, Environment, Freeze, StandIn};
use genkan::model::{EnvironmentName, RequestId, RequestState, StepState};
use genkan::policy::Policy;
use genkan::requests::DeskError;
use genkan::requests::approve::Given;
use genkan::requests::carry_out::CarriedOut;
use jiff::{SignedDuration, Timestamp};

use super::{Story, onboard, teardown, with_its_data};
use crate::house::Process;
use crate::tap::{Point, Side, Trap};

const ZONE: &str = "zone-association";
const AUTHORISE: &str = "route53:CreateVPCAssociationAuthorization";

fn environment<'c>(config: &'c mut Config, name: &str) -> &'c mut Environment {
    config.environments.get_mut(&name.parse::<EnvironmentName>().expect("a name")).expect("known")
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

impl Story {
    /// Somebody says yes, and nobody has taken it up yet.
    async fn says_yes(&self, who: &str, id: &RequestId) {
        self.desk.approve(who, id).await.expect("approved");
    }

    async fn taken_up(&self, id: &RequestId) -> CarriedOut {
        self.desk.work(id).await.expect("taken up")
    }

    async fn withdraws(&self, who: &str, id: &RequestId) -> Result<(), DeskError> {
        let person = self.desk.person(who).await;
        self.desk.desk.withdraw(&person, id, None).await.map(drop)
    }

    /// Why a step failed, and what mends it.
    async fn failed(&self, id: &RequestId) -> String {
        match self.desk.step(id, ZONE).await {
            StepState::Failed { why, mend, .. } => format!("{why}; {}", mend.unwrap_or_default()),
            other => panic!("it is {other:?}"),
        }
    }

    /// What a held step waits for besides approvals.
    async fn note(&self, desk: &Process, id: &RequestId) -> Option<String> {
        match desk.step(id, ZONE).await {
            StepState::Held { note, .. } => note.map(|note| note.on),
            other => panic!("it is {other:?}"),
        }
    }

    async fn questions(&self, id: &RequestId) -> usize {
        self.desk.show(id).await.questions.len()
    }

    fn nothing_was_done(&self) {
        assert_eq!(self.house.succeeded(AUTHORISE), 0);
        assert_eq!(self.house.authorisations(), [""; 0]);
    }

    async fn is_retried(&self, id: &RequestId) {
        let aiko = self.desk.person("aiko").await;
        self.desk.desk.retry(&aiko, id).await.expect("retried");
        self.taken_up(id).await;
    }
}

#[tokio::test]
async fn a_question_that_nobody_answers_in_time_fails_and_a_retry_asks_anew() {
    let story = Story::begins().await;
    let asked_at = story.desk.desk.now();
    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    let wakes = story.desk.desk.next_due().await.expect("a store").expect("somebody looks at it again");
    assert!(wakes >= asked_at + hours(24) && wakes <= story.desk.desk.now() + hours(24), "{wakes}: when it expires");

    story.desk.wait_until(wakes);
    assert_eq!(story.taken_up(&id).await, CarriedOut::Ended(RequestState::Failed));
    let why = story.failed(&id).await;
    assert!(
        why.contains("not approved within 24 hours") && why.contains("`genkan retry` asks the approvers anew"),
        "{why}"
    );
    story.nothing_was_done();

    story.is_retried(&id).await;
    assert!(story.waits_for_approval(&id, ZONE).await);
    assert_eq!(story.questions(&id).await, 2);
    story.approves("ren", &id).await;
    assert_eq!(story.state(&id).await, RequestState::Done);
}

#[tokio::test]
async fn an_approval_counts_only_for_the_question_that_it_answered() {
    let story = Story::begins().await;
    let id = story.asks("aiko", onboard("project-x", "production")).await;
    story.approves("ren", &id).await;
    story.desk.clock_jumps(hours(25));
    let refused = story.approves_in_vain("mio", &id).await;
    assert!(refused.contains("can be answered no more") && refused.contains("genkan retry"), "{refused}");
    assert_eq!(story.taken_up(&id).await, CarriedOut::Ended(RequestState::Failed));
    story.is_retried(&id).await;
    story.approves("mio", &id).await;
    assert!(story.waits_for_approval(&id, ZONE).await, "what ren said to the old question is no answer to the new one");
    story.nothing_was_done();
    story.approves("ren", &id).await;
    assert_eq!(story.state(&id).await, RequestState::Done);
}

#[tokio::test]
async fn no_clock_that_jumps_makes_an_approval_count_past_its_time() {
    let ten_years = 10 * 365 * 24;
    for (jump, starts) in [
        (0, true),
        (1, true),
        (23, true),
        (24, false),
        (25, false),
        (ten_years, false),
        (-1, false),
        (-24, false),
        (-ten_years, false),
    ] {
        let story = Story::begins().await;
        let id = story.asks("aiko", onboard("project-x", "dev")).await;
        story.says_yes("ren", &id).await;
        story.desk.clock_jumps(hours(jump));
        let stands = story.taken_up(&id).await;
        if starts {
            assert_eq!(stands, CarriedOut::Ended(RequestState::Done), "{jump} hours");
            continue;
        }
        assert_eq!(stands, CarriedOut::Ended(RequestState::Failed), "{jump} hours");
        story.nothing_was_done();
        let why = story.failed(&id).await;
        assert!(why.contains(if jump < 0 { "the clock was set back" } else { "not approved within" }), "{jump}: {why}");
        // Right again, or another time: what was void stays void, and what is asked now can be answered.
        story.desk.clock_jumps(hours(-jump));
        story.is_retried(&id).await;
        assert!(story.waits_for_approval(&id, ZONE).await, "{jump} hours");
        assert_eq!(story.questions(&id).await, 2);
        story.approves("ren", &id).await;
        assert_eq!(story.state(&id).await, RequestState::Done, "{jump} hours");
    }
}

#[tokio::test]
async fn a_clock_that_was_ahead_and_is_set_back_revives_nothing() {
    let story = Story::begins().await;
    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    story.says_yes("ren", &id).await;
    // It is looked at what time it is, but nobody takes the request up.
    story.desk.clock_jumps(hours(30));
    story.desk.desk.sweep().await.expect("swept");
    story.desk.clock_jumps(hours(-29));
    let refused = story.approves_in_vain("mio", &id).await;
    assert!(refused.contains("clock was set back"), "{refused}");
    assert_eq!(story.taken_up(&id).await, CarriedOut::Ended(RequestState::Failed));
    story.nothing_was_done();
}

#[tokio::test]
async fn what_was_begun_and_expires_mid_way_leaves_nothing_open() {
    let story = Story::begins().await;
    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    story.says_yes("ren", &id).await;
    let associate = "call route53 POST /2013-04-01/hostedzone/Z0DEV00000000000001/associatevpc".to_owned();
    let doomed = story.house.process(Trap::armed(Some(Point { what: associate, nth: 1, side: Side::Before }))).await;
    assert!(doomed.trap.survive(doomed.work(&id)).await.is_none(), "it dies half-way");
    story.house.lease_runs_out(&doomed).await;
    assert_eq!(story.house.authorisations().len(), 1, "it has just authorised");

    story.desk.clock_jumps(hours(25));
    assert_eq!(story.taken_up(&id).await, CarriedOut::Ended(RequestState::Failed));
    assert_eq!(story.house.authorisations(), [""; 0]);
    assert!(story.failed(&id).await.contains("not approved within"));
    story.is_retried(&id).await;
    assert!(story.waits_for_approval(&id, ZONE).await, "asked anew");
    story.approves("mio", &id).await;
    assert_eq!(story.state(&id).await, RequestState::Done);
}

#[tokio::test]
async fn an_approval_is_taken_back_before_it_counts_and_can_be_given_again() {
    let story = Story::begins().await;
    let id = story.asks("aiko", onboard("project-x", "production")).await;
    let nothing = story.withdraws("ren", &id).await.expect_err("ren has said nothing").to_string();
    assert!(nothing.contains("no approval of yours"), "{nothing}");
    story.approves("ren", &id).await;
    story.withdraws("ren", &id).await.expect("withdrawn");
    story.withdraws("ren", &id).await.expect_err("only once");
    story.approves("mio", &id).await;
    assert!(story.waits_for_approval(&id, ZONE).await, "one of two");
    story.nothing_was_done();
    let seen = story.desk.show(&id).await;
    let given: Vec<_> = seen.approvals.iter().map(|one| (one.by.name.as_str(), one.withdrawn.is_some())).collect();
    assert_eq!(given, [("ren", true), ("mio", false)], "what was said stays written");

    let ren = story.desk.person("ren").await;
    let held = &story.desk.desk.approvable(&ren, &id, None).await.expect("it waits")[0];
    let given = story.desk.desk.approve(&ren, &id, &held.step.desired.id, &held.digest).await.expect("approved again");
    assert_eq!(given, Given::Recorded);
    assert_eq!(story.taken_up(&id).await, CarriedOut::Ended(RequestState::Done));
    story.withdraws("ren", &id).await.expect_err("it is done");
}

#[tokio::test]
async fn what_has_begun_cannot_be_taken_back() {
    let story = Story::begins().await;
    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    story.says_yes("ren", &id).await;
    let started = Point { what: format!("write started {ZONE}"), nth: 1, side: Side::After };
    let doomed = story.house.process(Trap::armed(Some(started))).await;
    assert!(doomed.trap.survive(doomed.work(&id)).await.is_none(), "it dies when it is written that it begins");
    let refused = story.withdraws("ren", &id).await.expect_err("too late").to_string();
    assert!(refused.contains("has begun already"), "{refused}");
    story.house.lease_runs_out(&doomed).await;
    assert_eq!(story.taken_up(&id).await, CarriedOut::Ended(RequestState::Done));
}

#[tokio::test]
async fn who_left_the_approvers_between_yes_and_step_does_not_count() {
    let story = Story::begins().await;
    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    story.says_yes("ren", &id).await;
    let mut config = story.house.platform.config.clone();
    config.people.iter_mut().find(|person| person.name == "ren").expect("known").groups.clear();
    let later = story.house.process_with(&config, Trap::armed(None)).await;
    assert_eq!(later.work(&id).await.expect("taken up"), CarriedOut::Held);
    story.nothing_was_done();
    let note = story.note(&later, &id).await.expect("it says why");
    assert!(note.contains("ren may not approve this any more"), "{note}");
    let mio = later.person("mio").await;
    let seen = later.desk.approvable(&mio, &id, None).await.expect("it waits");
    assert_eq!((seen[0].lacks(), seen[0].approved_by.len()), (1, 0));
    later.approve("mio", &id).await.expect("approved");
    assert_eq!(later.work(&id).await.expect("taken up"), CarriedOut::Ended(RequestState::Done));

    let story = Story::begins().await;
    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    story.says_yes("ren", &id).await;
    config.people.retain(|person| person.name != "ren");
    config.store = story.house.platform.config.store.clone();
    let later = story.house.process_with(&config, Trap::armed(None)).await;
    assert_eq!(later.work(&id).await.expect("taken up"), CarriedOut::Held, "nobody knows ren any more");
    story.nothing_was_done();
}

#[tokio::test]
async fn no_step_that_was_approved_begins_once_its_approvers_have_left() {
    let story = Story::begins().await;
    story.is_done(onboard("project-x", "dev")).await;
    let put = story.s3("project-dev").put_object().bucket("project-x-dev").key("a").body(vec![1].into());
    put.send().await.expect("written");
    let mut config = story.house.platform.config.clone();
    for person in &mut config.people {
        person.groups.retain(|group| group != "infra-leads");
    }
    let without_leads = story.house.process_with(&config, Trap::armed(None)).await;
    let id = story.asks("aiko", with_its_data(teardown("project-x", "dev"))).await;
    let mut refused = 0;
    while story.state(&id).await == RequestState::Open {
        for lead in ["ren", "mio"] {
            story.says_yes(lead, &id).await;
        }
        let approved: Vec<_> = story.desk.show(&id).await.held().map(|(step, _)| step.desired.id.clone()).collect();
        without_leads.work(&id).await.expect("taken up");
        for step in &approved {
            let state = without_leads.step(&id, step.as_str()).await;
            let StepState::Held { note: Some(note), .. } = state else { panic!("{step}: {state:?}") };
            assert!(note.on.contains("mio, ren may not approve this any more"), "{}", note.on);
            refused += 1;
        }
        story.taken_up(&id).await;
    }
    assert_eq!(story.state(&id).await, RequestState::Done);
    assert_eq!(refused, 2, "the zone and the data");
}

#[tokio::test]
async fn under_other_rules_it_is_asked_anew() {
    let story = Story::begins().await;
    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    story.says_yes("ren", &id).await;
    let StepState::Held { digest: before, .. } = story.desk.step(&id, ZONE).await else { panic!("held") };
    let rule = "@id(\"nobody-called-x\")\n@reason(\"x\")\n@reason_ja(\"x\")\n\
                forbid (principal == Person::\"x\", action == Action::\"approve\", resource);\n";
    let policy = Policy::with(&[("x.cedar".to_owned(), rule.to_owned())]).expect("a rule");
    let config = story.house.platform.config.clone();
    let later = story.house.process_under(&config, policy, Trap::armed(None)).await;
    assert_eq!(later.work(&id).await.expect("taken up"), CarriedOut::Held);
    story.nothing_was_done();
    let StepState::Held { digest: after, .. } = later.step(&id, ZONE).await else { panic!("held") };
    assert_ne!(after, before);
    later.approve("ren", &id).await.expect("approved");
    assert_eq!(later.work(&id).await.expect("taken up"), CarriedOut::Ended(RequestState::Done));
}

#[tokio::test]
async fn in_a_freeze_an_approval_waits_and_counts_afterwards() {
    let now = Timestamp::now();
    let (from, until) = (now + hours(1), now + hours(3));
    let story = Story::where_config(|config| {
        environment(config, "dev").freezes = vec![Freeze { from, until, why: "the fair".to_owned() }];
    })
    .await;
    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    story.says_yes("ren", &id).await;
    story.desk.wait_until(from + Duration::from_mins(1));
    assert_eq!(story.taken_up(&id).await, CarriedOut::Held);
    let note = story.note(&story.desk, &id).await.expect("it says why");
    assert_eq!(note, "the freeze of dev ends (the fair)");
    let due = story.desk.desk.next_due().await.expect("a store").expect("it wakes");
    assert_eq!(due.as_second(), until.as_second(), "when the freeze ends");
    story.nothing_was_done();

    story.desk.wait_until(until);
    assert_eq!(story.taken_up(&id).await, CarriedOut::Ended(RequestState::Done));
    assert_eq!(story.questions(&id).await, 1, "nobody was asked again");
}

#[tokio::test]
async fn who_stands_in_approves_while_they_do() {
    let now = Timestamp::now();
    let stand_in = StandIn { group: "engineers".to_owned(), from: now + hours(1), until: now + hours(3) };
    let story = Story::where_config(|config| environment(config, "dev").stand_ins = vec![stand_in.clone()]).await;
    let id = story.asks("ren", onboard("project-x", "dev")).await;
    let StepState::Held { digest: before, .. } = story.desk.step(&id, ZONE).await else { panic!("held") };
    story.approves_in_vain("aiko", &id).await;
    story.desk.wait_until(stand_in.from);
    assert_eq!(story.desk.show(&id).await.stand_ins, ["engineers"]);
    story.says_yes("aiko", &id).await;
    // Nobody took it up until aiko stood in no more.
    story.desk.wait_until(stand_in.until);
    assert_eq!(story.taken_up(&id).await, CarriedOut::Held);
    story.nothing_was_done();
    let note = story.note(&story.desk, &id).await.expect("it says why");
    assert!(note.contains("aiko may not approve this any more"), "{note}");
    let StepState::Held { digest: after, .. } = story.desk.step(&id, ZONE).await else { panic!("held") };
    assert_eq!((after, story.questions(&id).await), (before, 1), "it is the same question");
    story.approves("mio", &id).await;
    assert_eq!(story.state(&id).await, RequestState::Done);

    let story = Story::where_config(|config| environment(config, "dev").stand_ins = vec![stand_in.clone()]).await;
    let id = story.asks("ren", onboard("project-x", "dev")).await;
    story.desk.wait_until(stand_in.from);
    story.approves("aiko", &id).await;
    assert_eq!(story.state(&id).await, RequestState::Done, "in time");
}

#[tokio::test]
async fn of_a_withdrawal_and_a_start_one_comes_first() {
    let (mut begun, mut held) = (0, 0);
    for round in 0..12 {
        let story = Story::begins().await;
        let id = story.asks("aiko", onboard("project-x", "dev")).await;
        story.says_yes("ren", &id).await;
        let other = Arc::new(story.house.start().await);
        let ren = other.person("ren").await;
        let withdraw = async {
            for _ in 0..round * 3 {
                tokio::task::yield_now().await;
            }
            other.desk.withdraw(&ren, &id, None).await
        };
        let (stands, withdrawn) = tokio::join!(story.desk.work(&id), withdraw);
        let done = story.house.succeeded(AUTHORISE) > 0;
        assert_ne!(withdrawn.is_ok(), done, "{stands:?}, {withdrawn:?}");
        if done {
            begun += 1;
        } else {
            held += 1;
        }
        assert_eq!(story.house.authorisations(), [""; 0]);
    }
    assert_eq!(begun + held, 12);
}
