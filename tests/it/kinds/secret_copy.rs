//! The copy of the secret.

use genkan::engine::cloud::Work;
use genkan::engine::{Ask, CloudError};
use genkan::model::plan::Scope;
use genkan::model::{Observed, Owner, Spec};
use genkan::sandbox::faults::{Effect, Rule, When};

use super::{copy, secret};
use crate::world::{HUB, SPOKE, TOKEN, VALUE, VERSION, World, ask_at};

async fn value(world: &World) -> (String, String) {
    let value = world.secrets(SPOKE).get_secret_value().secret_id(TOKEN).send().await.expect("a value");
    (value.secret_string.unwrap_or_default(), value.version_id.unwrap_or_default())
}

/// Gives the source a new value; returns its version.
async fn rotate(world: &World, to: &str) -> String {
    let put = world.secrets(HUB).put_secret_value().secret_id(TOKEN).secret_string(to);
    put.send().await.expect("rotated").version_id.expect("a version")
}

#[tokio::test]
async fn it_holds_the_sources_value_under_the_sources_version_and_follows_it() {
    let world = World::start().await;
    let ask = secret(copy());
    let outputs = world.settle(&ask).await.expect("made").expect("something was done");
    assert_eq!((outputs["version"].as_str(), outputs["source_version"].as_str()), (VERSION, VERSION));
    assert_eq!(value(&world).await, (VALUE.to_owned(), VERSION.to_owned()));

    let version = rotate(&world, "another").await;
    let outputs = world.settle(&ask).await.expect("followed").expect("something was done");
    assert_eq!(outputs["version"], version);
    assert_eq!(value(&world).await, ("another".to_owned(), version));
    assert_eq!(world.settle(&ask).await, Ok(None));
}

#[tokio::test]
async fn a_value_written_by_hand_is_taken_back_without_reading_the_source() {
    let world = World::start().await;
    let ask = secret(copy());
    world.settle(&ask).await.expect("made");
    world.secrets(SPOKE).put_secret_value().secret_id(TOKEN).secret_string("by hand").send().await.expect("written");
    let mark = world.aws.log().mark();
    world.settle(&ask).await.expect("taken back").expect("something was done");
    let calls = world.aws.log().calls_since(mark);
    assert!(calls.iter().all(|call| call.operation != "GetSecretValue"), "its version was there still");
    assert_eq!(value(&world).await, (VALUE.to_owned(), VERSION.to_owned()));
}

#[tokio::test]
async fn the_same_version_with_another_value_is_blocked() {
    let world = World::start().await;
    let ask = secret(copy());
    world.settle(&ask).await.expect("made");
    let version = rotate(&world, "another").await;
    let clash = world.secrets(SPOKE).put_secret_value().secret_id(TOKEN).client_request_token(&version);
    let clash = clash.secret_string("by hand").version_stages("MINE");
    clash.send().await.expect("written");
    world.settle(&ask).await.expect("the version is there: it is made the current one");

    let other = World::start().await;
    other.settle(&ask).await.expect("made");
    let version = rotate(&other, "another").await;
    let refused = Effect::Error {
        status: 400,
        code: "ResourceExistsException".into(),
        message: format!("{version} with another value"),
    };
    other.aws.faults().add(Rule::on("secretsmanager", "PutSecretValue", refused));
    let blocked = other.settle(&ask).await;
    assert!(matches!(blocked, Err(CloudError::Blocked { .. })), "{blocked:?}");
}

#[tokio::test]
async fn made_by_hand_it_is_foreign_until_it_is_adopted() {
    let world = World::start().await;
    world.secrets(SPOKE).create_secret().name(TOKEN).secret_string("by hand").send().await.expect("made by hand");
    let ask = secret(copy());
    let seen = world.look(&ask).await;
    assert!(matches!(seen, Ok(Observed::Foreign { owner: Owner::Unmarked, spec: Some(_), .. })), "{seen:?}");
    let created = world.resource(&ask).apply(&Work::Create).await;
    assert!(matches!(created, Err(CloudError::Blocked { .. })), "{created:?}");
    let begun = world.look(&Ask { begun: true, ..ask.clone() }).await;
    assert_eq!(begun, world.look(&ask).await, "what we make is marked by the call that makes it");
    let removed = world.resource(&ask).remove(true).await;
    assert!(matches!(removed, Err(CloudError::Blocked { .. })), "{removed:?}");
    assert_eq!(value(&world).await.0, "by hand");
    world.adopt(&ask).await.expect("taken over");
    assert_eq!(value(&world).await, (VALUE.to_owned(), VERSION.to_owned()));
    let mut other = ask.clone();
    other.project = "project-y".parse().unwrap();
    assert_eq!(world.settle(&other).await, Ok(None), "it is the account's, whichever project asks");
}

#[tokio::test]
async fn the_sources_current_version_goes_at_once_and_can_be_copied_again() {
    let world = World::start().await;
    let ask = secret(copy());
    world.settle(&ask).await.expect("made");
    world.remove(&ask, false).await.expect("removed");
    assert_eq!(world.look(&ask).await, Ok(Observed::Absent));
    // A forced deletion ends a while after it was answered, and the name is held until then.
    let held = Effect::Error {
        status: 400,
        code: "InvalidRequestException".into(),
        message: "You can't create this secret because a secret with this name is already scheduled for deletion."
            .into(),
    };
    world.aws.faults().add(Rule::on("secretsmanager", "CreateSecret", held).when(When::First(1)));
    let early = world.resource(&ask).apply(&Work::Create).await;
    assert!(matches!(early, Err(CloudError::Passing { .. })), "{early:?}");
    world.settle(&ask).await.expect("made again").expect("something was done");
}

#[tokio::test]
async fn removed_with_another_value_it_can_be_restored_with_consent_only() {
    let world = World::start().await;
    let ask = secret(copy());
    world.settle(&ask).await.expect("made");
    world.secrets(SPOKE).put_secret_value().secret_id(TOKEN).secret_string("by hand").send().await.expect("written");
    world.remove(&ask, true).await.expect("scheduled for deletion");
    let seen = world.look(&ask).await;
    assert!(matches!(seen, Ok(Observed::Leaving { ours: true, until: Some(_) })), "{seen:?}");
    let created = world.resource(&ask).apply(&Work::Create).await;
    assert!(matches!(created, Err(CloudError::Blocked { .. })), "{created:?}");
    rotate(&world, "another").await;
    world.adopt(&ask).await.expect("restored");
    assert_eq!(world.settle(&ask).await, Ok(None));
    assert_eq!(value(&world).await.0, "another");
}

#[tokio::test]
async fn in_the_platforms_own_account_it_is_the_platforms_and_never_touched() {
    let world = World::start().await;
    let ask = ask_at(Spec::SecretCopy(copy()), Scope::Account, HUB, "ap-northeast-1");
    let before = world.aws.inventory();
    assert!(matches!(world.look(&ask).await, Ok(Observed::Foreign { owner: Owner::Platform, .. })));
    for work in [Work::Create, Work::Converge { changes: vec![], adopt: true }] {
        let applied = world.resource(&ask).apply(&work).await;
        assert!(matches!(applied, Err(CloudError::Blocked { .. })), "{applied:?}");
    }
    let removed = world.resource(&ask).remove(true).await;
    assert!(matches!(removed, Err(CloudError::Blocked { .. })), "{removed:?}");
    assert!(before.diff(&world.aws.inventory()).is_empty());
}

#[tokio::test]
async fn without_a_source_nothing_is_made() {
    let world = World::changed(|seed| seed.accounts[0].secrets.clear()).await;
    let made = world.settle(&secret(copy())).await;
    let Err(CloudError::Blocked { why, .. }) = made else { panic!("{made:?}") };
    assert!(why.contains(TOKEN) && why.contains(HUB), "{why}");
}
