//! Every AssumeRole carries all five, and no session may more than its step: read from the local AWS's log.

use std::collections::{BTreeMap, BTreeSet};

use genkan::model::{Direction, Event, RequestId, RequestState};
use genkan::sandbox::log::{Assumed, Call};
use serde_json::Value;

use crate::house::{House, Process, wish};
use crate::tap::{Point, Side, Trap};

/// The call after which a process dies here.
const ASSOCIATE: &str = "call route53 POST /2013-04-01/hostedzone/Z0DEV00000000000001/associatevpc";

const ENVIRONMENTS: [&str; 3] = ["dev", "staging", "production"];

fn assumed(calls: &[Call]) -> Vec<&Assumed> {
    calls.iter().filter_map(|call| call.assumed.as_ref()).collect()
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

/// What of an action's resources may be `*`, since AWS knows no resource for it, and which key is another's to name.
const ANYWHERE: [&str; 7] = [
    "s3:ListAllMyBuckets",
    "codebuild:ListSourceCredentials",
    "codebuild:ImportSourceCredentials",
    "codebuild:DeleteSourceCredentials",
    "route53:ListHostedZonesByVPC",
    "ec2:DescribeVpcs",
    "ec2:DescribeVpcAttribute",
];

/// Which services a step's own sessions may call, by the beginning of its name, and what its resources are about.
const STEPS: [(&str, &[&str]); 6] = [
    ("ecr", &["ecr:"]),
    ("s3", &["s3:"]),
    ("secret", &["secretsmanager:", "kms:"]),
    ("codebuild", &["codebuild:", "secretsmanager:GetSecretValue", "kms:Decrypt"]),
    ("zone", &["route53:", "ec2:"]),
    ("look", &["ecr:", "s3:", "secretsmanager:Describe", "codebuild:List", "ssm:Get", "route53:List", "ec2:Describe"]),
];

/// The session may only what its step does, on that step's things.
fn is_narrow(assumed: &Assumed, project: &str) {
    let policy = assumed.policy.as_deref().unwrap_or_else(|| panic!("{} has no session policy", assumed.name));
    assert!(policy.len() <= 2048, "{}", assumed.name);
    let policy: Value = serde_json::from_str(policy).expect("JSON");
    let step = assumed.tags["genkan:step"].as_str();
    for statement in policy["Statement"].as_array().expect("statements") {
        for action in texts(&statement["Action"]) {
            assert!(!action.contains('*'), "{step}: {action}");
            let (_, allowed) = STEPS
                .iter()
                .find(|(kind, _)| kind_of(step) == *kind)
                .unwrap_or_else(|| panic!("{step} is of no known kind"));
            assert!(allowed.iter().any(|begin| action.starts_with(begin)), "{step} may {action}");
            let changes = !["Get", "List", "Describe"]
                .iter()
                .any(|verb| action.split(':').nth(1).unwrap_or("").starts_with(verb));
            assert!(!(step == "look" && changes), "a look may {action}");
            for resource in texts(&statement["Resource"]) {
                let of_this = resource.contains(project)
                    || resource.contains("GITHUB_PERSONAL_ACCESS_TOKEN")
                    || resource.contains("hostedzone/Z0")
                    || resource.contains(":vpc/vpc-0")
                    || (resource.ends_with(":key/*") && statement["Condition"]["StringLike"].is_object())
                    || (resource == "*" && ANYWHERE.contains(&action));
                assert!(of_this, "{step}: {action} on {resource}");
            }
        }
    }
}

fn kind_of(step: &str) -> &str {
    match step {
        "look" => "look",
        step if step.contains("repository") => "ecr",
        step if step.contains("bucket") => "s3",
        step if step.contains("credential") => "codebuild",
        step if step.contains("token") || step.contains("secret") => "secret",
        step if step.contains("dns") || step.contains("zone") || step.contains("association") => "zone",
        other => other,
    }
}

/// One request from the wish to its end. Returns its calls while it was planned, and while it was carried out.
async fn carry_out(
    house: &House,
    process: &Process,
    direction: Direction,
    environment: &str,
) -> (RequestId, Vec<Call>, Vec<Call>) {
    let log = house.platform.aws.log();
    let mark = log.mark();
    let id = process.ask("aiko", &wish(direction, "project-x", environment)).await.expect("may").expect("to do");
    let planning = log.calls_since(mark);
    let mark = log.mark();
    assert_eq!(process.see_through(house, &id).await, RequestState::Done, "{direction:?} {environment}");
    (id, planning, log.calls_since(mark))
}

async fn is_well(house: &House, process: &Process, id: &RequestId, planning: &[Call], working: &[Call]) {
    let plan = process.show(id).await.request.plan;
    let readers = |calls: &[Call]| assumed(calls).iter().all(|one| one.role.ends_with("role/genkan-reader"));
    assert!(readers(planning), "the planner assumes readers only");
    let journal = house.store.journal(id).await.expect("a journal");
    let started: BTreeSet<(String, String)> = journal
        .iter()
        .filter_map(|recorded| match &recorded.event {
            Event::Started { step, digest, .. } => Some((step.desired.id.to_string(), digest.to_string())),
            _ => None,
        })
        .collect();
    let all: Vec<&Assumed> = [assumed(planning), assumed(working)].concat();
    assert!(all.len() >= 3, "{id}: {}", all.len());
    for one in &all {
        let tag = |name: &str| one.tags.get(&format!("genkan:{name}")).map_or("", String::as_str);
        let step = tag("step");
        assert_eq!(one.external_id.as_deref(), Some("genkan-sandbox"), "{}", one.name);
        assert_eq!(one.seconds, 900, "{}", one.name);
        assert_eq!(one.source_identity.as_deref(), Some("aiko"), "{}", one.name);
        assert_eq!(one.name, format!("genkan-{id}-{step}"));
        assert_eq!(tag("request"), id.as_str(), "{}", one.name);
        let does = !one.role.ends_with("role/genkan-reader");
        assert_eq!(does, step != "look", "{} as {}", one.name, one.role);
        if does {
            assert!(started.contains(&(step.to_owned(), tag("digest").to_owned())), "{step}: its digest was started");
            let gated = plan.steps.iter().any(|each| each.desired.id.as_str() == step && each.gate.is_some());
            assert_eq!(gated, tag("approvers") != "-", "{step}: {}", tag("approvers"));
        } else {
            assert_eq!((tag("digest"), tag("approvers")), ("-", "-"));
        }
        is_narrow(one, "project-x");
    }
    let hub = house.account("platform-dev");
    let mut inside: BTreeSet<String> = plan.steps.iter().map(|step| step.desired.place.account.to_string()).collect();
    inside.extend(
        plan.steps
            .iter()
            .filter_map(|step| step.desired.spec.other_account(&step.desired.place.account))
            .map(|id| id.to_string()),
    );
    inside.insert(hub.to_string());
    let outside: Vec<&Call> = planning.iter().chain(working).filter(|call| !inside.contains(&call.account)).collect();
    assert!(outside.is_empty(), "{id} calls accounts outside its plan: {outside:#?}");
    let elsewhere = all.iter().filter(|one| !inside.contains(one.role.split(':').nth(4).unwrap_or_default())).count();
    assert_eq!(elsewhere, 0, "no role of another account is assumed");
}

fn counts(calls: &[&[Call]]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for one in calls.iter().flat_map(|calls| assumed(calls)) {
        let role = one.role.rsplit('/').next().unwrap_or_default();
        *counts.entry(role.to_owned()).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn every_session_carries_who_which_what_for_how_long_and_no_more_than_it_needs() {
    let house = House::with(&["project-x"], |_| {}).await;
    let process = house.start().await;
    let mut told = String::new();
    for direction in [Direction::Onboard, Direction::Teardown] {
        for environment in ENVIRONMENTS {
            let (id, planning, working) = carry_out(&house, &process, direction, environment).await;
            is_well(&house, &process, &id, &planning, &working).await;
            let counts = counts(&[&planning, &working]);
            told.push_str(&format!("{direction:?} {environment}: {counts:?}\n"));
        }
    }
    insta::assert_snapshot!("roles_assumed", told);
    let not_right: Vec<Call> = house
        .platform
        .aws
        .log()
        .calls()
        .into_iter()
        .filter(|call| call.status.is_some_and(|status| status == 403) && call.service == "sts")
        .collect();
    assert!(not_right.is_empty(), "{not_right:#?}");
}

#[tokio::test]
async fn a_process_that_goes_on_after_another_has_died_carries_the_same() {
    let house = House::with(&["project-x"], |_| {}).await;
    let point = Point { what: ASSOCIATE.to_owned(), nth: 1, side: Side::After };
    let first = house.process(Trap::armed(Some(point))).await;
    let log = house.platform.aws.log();
    let mark = log.mark();
    let id = first.ask("aiko", &wish(Direction::Onboard, "project-x", "dev")).await.expect("may").expect("to do");
    let planning = log.calls_since(mark);
    let mark = log.mark();
    let survived = first.trap.survive(first.see_through(&house, &id)).await;
    assert_eq!(survived, None, "it died after it had associated the VPC");
    house.lease_runs_out(&first).await;
    drop(first);
    let second = house.start().await;
    assert_eq!(second.see_through(&house, &id).await, RequestState::Done);
    is_well(&house, &second, &id, &planning, &log.calls_since(mark)).await;
}
