//! Every call under a role with power is on disk before it is sent, and what came of it afterwards: AWS's own log of a whole
//! onboarding and teardown against the audit log.

use genkan::model::{Direction, RequestId, RequestState};
use genkan::requests::carry_out::CarriedOut;
use genkan::sandbox::log::Call;

use crate::house::{House, Process, wish};
use crate::ledger::{Line, compare, power};
use crate::tap::{Half, Trap};

async fn ask(process: &Process, direction: Direction) -> RequestId {
    process.ask("aiko", &wish(direction, "project-x", "dev")).await.expect("asked").expect("something to do")
}

#[tokio::test]
async fn every_call_with_power_has_one_earlier_intent_and_its_outcome_and_there_are_no_more() {
    let house = House::new().await;
    let process = house.start().await;
    let mut asked = Vec::new();
    for direction in [Direction::Onboard, Direction::Teardown] {
        let id = ask(&process, direction).await;
        assert_eq!(process.see_through(&house, &id).await, RequestState::Done);
        asked.push(id);
    }
    let (calls, lines) = (house.platform.aws.log().calls(), house.ledger.lines());
    // Not the stack's, nor the administrator's, who writes and removes the VPC's id.
    let by_the_tool = |caller: &str| caller.contains(":assumed-role/genkan-");
    let changing = calls.iter().filter(|call| call.changing && call.caller.as_deref().is_some_and(by_the_tool));
    let changing: Vec<_> = changing.collect();
    assert!(changing.len() > 15, "{}", changing.len());
    for call in changing {
        assert!(power(call).is_some(), "a role that only looks changed something: {call:#?}");
    }
    let (found, more) = compare(&calls, &lines);
    assert!(more.is_empty(), "written down and never made: {more:#?}");
    assert_eq!(found, lines.len());
    // As after a crash: of no call it is known which one its line is about, and they ended in another order than they began in.
    let untold: Vec<Line> = lines.iter().map(|line| Line { outcome: None, ..line.clone() }).collect();
    let backwards: Vec<Call> = calls.iter().rev().cloned().collect();
    assert_eq!(compare(&backwards, &untold).0, lines.len());
    for line in &lines {
        assert!(line.outcome.as_ref().is_some_and(|outcome| outcome.aws_request.is_some()), "{line:#?}");
        assert_eq!(line.intent.person, "aiko");
        assert!(line.intent.request.as_ref().is_some_and(|id| asked.contains(id)) && line.intent.step.is_some());
    }
    let associated = lines.iter().find(|line| line.intent.action == "route53:AssociateVPCWithHostedZone");
    let intent = &associated.expect("it was").intent;
    assert_eq!(intent.approvers.iter().map(String::as_str).collect::<Vec<_>>(), ["mio", "ren"]);
    assert!(intent.digest.is_some(), "an approval is for a digest");
}

#[tokio::test]
async fn while_the_audit_log_cannot_be_written_nothing_is_done_with_power() {
    let house = House::new().await;
    let process = house.start().await;
    process.trap.full(Some((Half::Intents, 0..usize::MAX)));
    let id = ask(&process, Direction::Onboard).await;
    for _ in 0..3 {
        let stands = process.work(&id).await.expect("it goes on");
        let CarriedOut::Resting(at) = stands else { panic!("{stands:?}") };
        process.wait_until(at);
    }
    assert!(process.trap.written() > 3, "it was tried");
    let calls = house.platform.aws.log().calls();
    assert!(calls.iter().any(|call| call.operation == "AssumeRole"), "readers look");
    let with_power: Vec<_> = calls.iter().filter(|call| power(call).is_some()).collect();
    assert!(with_power.is_empty(), "{with_power:#?}");
    let said = format!("{:?}", process.show(&id).await.steps);
    assert!(said.contains("was not made, because the audit log cannot be written: disk full"), "{said}");

    process.trap.full(None);
    assert_eq!(process.see_through(&house, &id).await, RequestState::Done);
    assert!(compare(&house.platform.aws.log().calls(), &house.ledger.lines()).1.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outcome_that_cannot_be_written_is_looked_at_again_and_the_end_is_the_same() {
    let whole = onboarded_without_outcome(None).await;
    let outcomes = whole.1;
    assert!(outcomes > 15, "{outcomes}");
    for lost in 0..outcomes {
        let (inventory, _) = onboarded_without_outcome(Some(lost)).await;
        assert_eq!(inventory, whole.0, "without outcome {lost}");
    }
}

/// What is there after an onboarding in which that outcome was not written, and how many outcomes there were.
async fn onboarded_without_outcome(lost: Option<usize>) -> (Vec<String>, usize) {
    let house = House::new().await;
    let process = house.process(Trap::armed(None)).await;
    let lost = lost.map_or(0..0, |lost| lost..lost + 1);
    process.trap.full(Some((Half::Outcomes, lost.clone())));
    let id = ask(&process, Direction::Onboard).await;
    assert_eq!(process.see_through(&house, &id).await, RequestState::Done, "{lost:?}");
    let (_, more) = compare(&house.platform.aws.log().calls(), &house.ledger.lines());
    assert!(more.is_empty(), "{more:#?}");
    let open = house.ledger.lines().iter().filter(|line| line.outcome.is_none()).count();
    assert_eq!(open, lost.len());
    assert_eq!(house.authorisations(), [""; 0]);
    (house.lines("project-dev", "s3 "), process.trap.written())
}
