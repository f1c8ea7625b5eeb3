//! What can go wrong with a call goes wrong with each call of each kind in turn; asked again as the engine asks, the end is the same.

use genkan::engine::{Ask, CloudError};
use genkan::model::Observed;
use genkan::sandbox::faults::{Effect, Rule, When};
use genkan::sandbox::log::Call;

use super::{bucket, copy, credential, ecr, repository, s3, secret, slot};
use crate::world::{SPOKE, VALUE, World};

/// What each kind is asked in these tests.
fn all() -> [Ask; 4] {
    let versioned = genkan::model::resource::S3Bucket { versioning: Some(true), ..bucket() };
    let expiring = genkan::model::resource::EcrRepository {
        lifecycle_policy: Some(super::ecr_repository::LIFECYCLE.to_owned()),
        ..repository()
    };
    [ecr(expiring), s3(versioned), secret(copy()), slot(credential())]
}

/// A world in which everything is there that the asked resource needs.
async fn prepared(ask: &Ask) -> World {
    let world = World::start().await;
    if matches!(ask.spec, genkan::model::Spec::SourceCredential(_)) {
        world.settle(&secret(copy())).await.expect("the secret is copied");
    }
    world
}

/// The distinct actions that a run of `all` takes, without those of sessions.
fn actions(calls: &[Call]) -> Vec<(String, String)> {
    let mut actions: Vec<(String, String)> = calls
        .iter()
        .filter(|call| call.service != "sts")
        .map(|call| (call.service.clone(), call.operation.clone()))
        .collect();
    actions.sort();
    actions.dedup();
    actions
}

/// Applies until it is as it should be, as the engine would: after a first try the journal says that it was begun.
async fn until_settled(world: &World, ask: &Ask) -> Result<Ask, CloudError> {
    let mut ask = ask.clone();
    let mut last = None;
    for _ in 0..5 {
        match world.settle(&ask).await {
            Ok(None) => return Ok(ask),
            Ok(Some(outputs)) => ask.remembered = Some(outputs),
            Err(CloudError::Passing { why, .. }) => last = Some(why),
            Err(other) => return Err(other),
        }
        ask.begun = true;
    }
    panic!("{} is never settled: {last:?}", ask.spec.name())
}

/// What is there. How often a credential was imported does not count: whether a lost import happened cannot be seen, so
/// that it is made again, which changes nothing.
fn inventory(world: &World) -> String {
    let lines = world.aws.inventory().to_string();
    lines.lines().map(|line| line.split(" import ").next().unwrap_or_default().to_owned() + "\n").collect()
}

async fn until_removed(world: &World, ask: &Ask) -> Result<(), CloudError> {
    let mut last = None;
    for _ in 0..4 {
        match world.remove(ask, false).await {
            Ok(()) => return Ok(()),
            Err(CloudError::Passing { why, .. }) => last = Some(why),
            Err(other) => return Err(other),
        }
    }
    panic!("{} is never removed: {last:?}", ask.spec.name())
}

/// Once is mended by the SDK's own repetition; three times is all that it tries, and comes up to us.
async fn each_call_fails(ask: Ask) {
    let clean = prepared(&ask).await;
    let before = inventory(&clean);
    let mark = clean.aws.log().mark();
    let settled = until_settled(&clean, &ask).await.expect("a clean run");
    let made = inventory(&clean);
    assert_ne!(before, made, "something was made");
    until_removed(&clean, &settled).await.expect("a clean removal");
    let removed = inventory(&clean);
    let failures = [(Effect::LoseResponse, 1), (Effect::LoseResponse, 3), (Effect::Throttle, 3)];
    for (service, operation) in actions(&clean.aws.log().calls_since(mark)) {
        for (effect, times) in failures.clone() {
            let what = format!("{} {service}:{operation} {effect:?} {times} times", ask.spec.name());
            let world = prepared(&ask).await;
            world.aws.faults().add(Rule::on(&service, &operation, effect).when(When::First(times)));
            let settled = until_settled(&world, &ask).await.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(inventory(&world), made, "{what}: made");
            until_removed(&world, &settled).await.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(inventory(&world), removed, "{what}: removed");
        }
    }
}

#[tokio::test]
async fn each_call_for_a_repository_fails_and_the_end_is_the_same() {
    let [ask, ..] = all();
    each_call_fails(ask).await;
}

#[tokio::test]
async fn each_call_for_a_bucket_fails_and_the_end_is_the_same() {
    let [_, ask, ..] = all();
    each_call_fails(ask).await;
}

#[tokio::test]
async fn each_call_for_a_secret_fails_and_the_end_is_the_same() {
    let [_, _, ask, _] = all();
    each_call_fails(ask).await;
}

#[tokio::test]
async fn each_call_for_a_credential_fails_and_the_end_is_the_same() {
    let [.., ask] = all();
    each_call_fails(ask).await;
}

#[tokio::test]
async fn a_forbidden_look_is_an_error_that_names_the_action_and_never_absent() {
    for ask in all() {
        for there in [false, true] {
            let world = prepared(&ask).await;
            let ask = if there { until_settled(&world, &ask).await.expect("made") } else { ask.clone() };
            let mark = world.aws.log().mark();
            world.look(&ask).await.expect("a look");
            for (service, operation) in actions(&world.aws.log().calls_since(mark)) {
                let denied = Effect::Error { status: 403, code: "AccessDenied".into(), message: "made up".into() };
                world.aws.faults().add(Rule::on(&service, &operation, denied));
                let seen = world.look(&ask).await;
                // A bucket's 403 is told from somebody else's bucket by the account's own list.
                let elsewhere = operation == "HeadBucket" && !there;
                match seen {
                    Err(CloudError::Forbidden { why, .. }) => assert!(why.contains(&service), "{operation}: {why}"),
                    Ok(Observed::Foreign { .. }) if elsewhere => {}
                    other => panic!("{operation} forbidden: {other:?}"),
                }
                world.aws.faults().clear();
            }
        }
    }
}

#[tokio::test]
async fn roles_without_permissions_are_refused_by_iam_itself() {
    for ask in all() {
        let world = World::changed(|seed| {
            for role in seed.accounts.iter_mut().flat_map(|account| &mut account.roles) {
                role.policies.clear();
            }
        })
        .await;
        match world.look(&ask).await {
            Err(CloudError::Forbidden { why, mend }) => {
                assert!(why.contains("genkan-reader"), "{why}");
                assert!(mend.is_some_and(|mend| mend.contains("Allow")), "{why}");
            }
            other => panic!("{}: {other:?}", ask.spec.name()),
        }
    }
}

#[tokio::test]
async fn what_is_there_is_kept_with_looks_alone_and_removing_it_twice_is_once() {
    for ask in all() {
        let world = prepared(&ask).await;
        assert_eq!(world.look(&ask).await.expect("a look"), Observed::Absent);
        let settled = until_settled(&world, &ask).await.expect("made");
        let mark = world.aws.log().mark();
        assert_eq!(world.settle(&settled).await.expect("nothing to do"), None);
        assert!(world.aws.log().changing_calls_since(mark).is_empty(), "kept without a changing call");
        let Ok(Observed::Ours { outputs, .. }) = world.look(&settled).await else { panic!("not ours") };
        assert_eq!(settled.remembered.as_ref(), Some(&outputs), "a look tells what the making told");
        world.remove(&settled, false).await.expect("removed");
        let mark = world.aws.log().mark();
        world.remove(&settled, false).await.expect("removed again");
        assert!(world.aws.log().changing_calls_since(mark).is_empty(), "gone already: {:?}", settled.spec.name());
    }
}

#[tokio::test]
async fn no_value_is_in_outputs_logs_or_errors() {
    let world = World::start().await;
    let mut told = Vec::new();
    for ask in [secret(copy()), slot(credential())] {
        let settled = until_settled(&world, &ask).await.expect("made");
        told.push(format!("{:?} {:?}", settled.remembered, world.look(&settled).await));
        let refused = Effect::Error { status: 400, code: "ValidationException".into(), message: VALUE.into() };
        for operation in ["PutSecretValue", "CreateSecret", "ImportSourceCredentials"] {
            let service = if operation.starts_with("Import") { "codebuild" } else { "secretsmanager" };
            world.aws.faults().add(Rule::on(service, operation, refused.clone()).in_account(SPOKE));
        }
        world.remove(&settled, false).await.expect("removed");
        told.push(format!("{:?}", world.resource(&ask).apply(&genkan::engine::cloud::Work::Create).await));
        world.aws.faults().clear();
        if let genkan::model::Spec::SecretCopy(_) = &ask.spec {
            until_settled(&world, &ask).await.expect("copied again");
        }
    }
    assert!(told[1].starts_with("Err") && told[3].starts_with("Err"), "{told:?}");
    assert!(told.iter().all(|text| !text.contains(VALUE)), "{told:?}");
}
