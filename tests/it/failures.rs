//! Every changing call of an onboarding and a teardown fails once in each way: what passes is tried again by itself, what a person has
//! to mend waits for that person; nothing else is disturbed.

use std::collections::BTreeSet;

use genkan::model::{Direction, Event, RequestId, RequestState, StepId, StepState};
use genkan::requests::show::StepView;

use crate::crashes::each;
use crate::house::{House, Process, wish};
use crate::tap::{Side, Trouble};

const LEGS: [Direction; 2] = [Direction::Onboard, Direction::Teardown];

/// How often a call is answered with 503: more than the SDK tries by itself.
const STORM: usize = 3;

/// The way in which a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Unavailable,
    Forbidden,
}

/// Which step makes a call, under which action, and as which role.
fn of(call: &str) -> (&'static str, &'static str, &'static str) {
    let named = [
        ("secretsmanager CreateSecret", "github-token", "secretsmanager:CreateSecret"),
        ("secretsmanager DeleteSecret", "github-token", "secretsmanager:DeleteSecret"),
        ("codebuild ImportSourceCredentials", "source-credential", "codebuild:ImportSourceCredentials"),
        ("codebuild DeleteSourceCredentials", "source-credential", "codebuild:DeleteSourceCredentials"),
        ("ecr CreateRepository", "repository", "ecr:CreateRepository"),
        ("ecr DeleteRepository", "repository", "ecr:DeleteRepository"),
        ("PUT /project-x-dev", "bucket", "s3:CreateBucket"),
        ("PUT /project-x-dev/?cors", "bucket", "s3:PutBucketCORS"),
        ("DELETE /project-x-dev", "bucket", "s3:DeleteBucket"),
        ("PUT /project-x-dev-batch-trigger", "batch-trigger-bucket", "s3:CreateBucket"),
        ("PUT /project-x-dev-batch-trigger/?cors", "batch-trigger-bucket", "s3:PutBucketCORS"),
        ("DELETE /project-x-dev-batch-trigger", "batch-trigger-bucket", "s3:DeleteBucket"),
        ("/authorizevpcassociation", "zone-association", "route53:CreateVPCAssociationAuthorization"),
        ("/deauthorizevpcassociation", "zone-association", "route53:DeleteVPCAssociationAuthorization"),
        ("/associatevpc", "zone-association", "route53:AssociateVPCWithHostedZone"),
        ("/disassociatevpc", "zone-association", "route53:DisassociateVPCFromHostedZone"),
    ];
    let found = named.into_iter().find(|(end, ..)| call.ends_with(end));
    let (_, step, action) = found.unwrap_or_else(|| panic!("no step is known to make {call}"));
    let role = if action.ends_with("Authorization") { "genkan-authoriser" } else { "genkan-writer" };
    (step, action, role)
}

async fn ask(process: &Process, direction: Direction) -> RequestId {
    process.ask("aiko", &wish(direction, "project-x", "dev")).await.expect("asked").expect("something to do")
}

/// The names of all changing calls of each leg.
async fn calls() -> [Vec<String>; 2] {
    let house = House::new().await;
    let mut calls = [vec![], vec![]];
    for (calls, direction) in calls.iter_mut().zip(LEGS) {
        let process = house.start().await;
        let id = ask(&process, direction).await;
        assert_eq!(process.see_through(&house, &id).await, RequestState::Done);
        let passed = process.trap.passed().into_iter().filter(|point| point.side == Side::Before);
        *calls = passed.map(|point| point.what).filter(|what| what.starts_with("call")).collect();
        let steps: BTreeSet<&str> = calls.iter().map(|call| of(call).0).collect();
        assert_eq!(steps.len(), 6, "every step but the awaited one: {steps:?}");
    }
    calls
}

/// One leg, in which one call fails in one way.
async fn leg(house: &House, direction: Direction, call: &str, way: Way) {
    let process = house.start().await;
    let (step, action, role) = of(call);
    let id = ask(&process, direction).await;
    let said = format!("{direction}, {call}, {way:?}");
    match way {
        Way::Unavailable => {
            process.trap.trouble(Some((call, Trouble::Unavailable(STORM))));
            assert_eq!(process.see_through(house, &id).await, RequestState::Done, "{said}");
            assert_eq!(process.trap.refused(), STORM, "{said}");
        }
        Way::Forbidden => {
            process.trap.trouble(Some((call, Trouble::Forbidden)));
            assert_eq!(process.see_through(house, &id).await, RequestState::Failed, "{said}");
            assert!(process.trap.refused() > 0, "{said}");
            let StepState::Failed { why, .. } = process.step(&id, step).await else { panic!("{said}: {step} failed") };
            assert!(why.contains(action) && why.contains(role), "{said}: names action and role: {why}");
            let steps = process.show(&id).await.steps;
            let done = |id: &StepId| {
                let of = |view: &&StepView| view.step.desired.id == *id;
                steps.iter().find(of).is_some_and(|view| matches!(view.state, StepState::Done { .. }))
            };
            for view in &steps {
                let id = &view.step.desired.id;
                let undisturbed = match &view.state {
                    StepState::Failed { .. } => id.as_str() == step,
                    StepState::Done { .. } => id.as_str() != step,
                    StepState::Pending => !view.step.needs().all(done),
                    // It waits for people, as it would have.
                    StepState::Held { .. } => true,
                    _ => false,
                };
                assert!(undisturbed, "{said}: {id} is {:?}", view.state);
            }
            process.trap.trouble(None);
            process.desk.retry(&process.person("aiko").await, &id).await.expect("retried");
            assert_eq!(process.see_through(house, &id).await, RequestState::Done, "{said}");
        }
    }
    for recorded in process.show(&id).await.history {
        if let Event::Failed { step: failed, retry_at, .. } = recorded.event {
            assert_eq!(failed.as_str(), step, "{said}: only the injected one fails");
            assert_eq!(retry_at.is_some(), way == Way::Unavailable, "{said}");
        }
    }
    assert_eq!(house.authorisations(), [""; 0], "{said}");
}

async fn fails_and_goes_on(calls: [Option<String>; 2], ways: [Way; 2]) {
    let house = House::new().await;
    let before = house.inventory();
    for ((direction, call), way) in LEGS.into_iter().zip(&calls).zip(ways) {
        if let Some(call) = call {
            leg(&house, direction, call, way).await;
        } else {
            let process = house.start().await;
            let id = ask(&process, direction).await;
            assert_eq!(process.see_through(&house, &id).await, RequestState::Done);
        }
        if direction == Direction::Onboard {
            let left = house.start().await.plan("aiko", &wish(direction, "project-x", "dev")).await;
            assert!(left.is_done(), "{left}");
        }
    }
    house.stack_is_down("project-x", "dev").await;
    assert_eq!(before.diff(&house.inventory()).to_string(), "", "{calls:?}");
    for action in ["secretsmanager:CreateSecret", "ecr:CreateRepository", "codebuild:ImportSourceCredentials"] {
        assert_eq!(house.succeeded(action), 1, "{action}: {calls:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_fails_once_in_each_way() {
    let [onboard, teardown] = calls().await;
    let mut cases = Vec::new();
    for ways in [[Way::Unavailable, Way::Forbidden], [Way::Forbidden, Way::Unavailable]] {
        for at in 0..onboard.len().max(teardown.len()) {
            cases.push(([onboard.get(at).cloned(), teardown.get(at).cloned()], ways));
        }
    }
    each(cases, |(calls, ways)| fails_and_goes_on(calls, ways)).await;
    println!("{} calls of an onboarding and {} of a teardown, 2 ways each", onboard.len(), teardown.len());
}
