//! What approvers are told that a step will call is what AWS is asked: the action, the role and the account of every change.

use std::collections::{BTreeMap, BTreeSet};

use genkan::chat::calls::calls;
use genkan::engine::Ask;
use genkan::model::plan::{Desired, OnExisting, Scope};
use genkan::model::{Action, Contents, Spec, Step};
use genkan::sandbox::log::{Call, Mark};

use crate::kinds::{bucket, repository, zone_association};
use crate::world::{PLAIN_VPC, SPOKE, World, ask};

/// The step of a plan that does that to what `ask` means.
fn step(ask: &Ask, action: Action) -> Step {
    let desired = Desired {
        id: "a-step".parse().expect("an id"),
        place: ask.place.clone(),
        scope: ask.scope,
        on_existing: OnExisting::Block,
        after: vec![],
        inputs: BTreeMap::new(),
        spec: ask.spec.clone(),
    };
    Step { desired, adopt: false, delete_data: true, action, gate: None }
}

/// Who did what where, as IAM calls it.
type Done = (String, String, String);

fn done(call: &Call) -> Done {
    let action = match call.action().as_str() {
        // IAM's name of deleting a version.
        "s3:DeleteObjects" => "s3:DeleteObjectVersion".to_owned(),
        other => other.to_owned(),
    };
    let caller = call.caller.clone().unwrap_or_default();
    let role = caller.split('/').nth(1).unwrap_or_default().to_owned();
    (action, role, call.account.clone())
}

/// Holds what was called since `mark` against what was told: nothing was called that was not told, and everything was that is
/// told without an "if".
fn held_against(world: &World, mark: Mark, step: &Step) {
    let made: BTreeSet<Done> =
        world.aws.log().changing_calls_since(mark).iter().filter(|call| call.service != "sts").map(done).collect();
    let told = calls(step, &world.config);
    let is = |call: &genkan::chat::calls::Call| (call.action.to_owned(), call.role.clone(), call.account.to_string());
    let all: BTreeSet<Done> = told.iter().map(is).collect();
    let always: BTreeSet<Done> = told.iter().filter(|call| call.only.is_none()).map(is).collect();
    assert!(made.is_subset(&all), "called {made:#?}, and told {all:#?}");
    assert!(always.is_subset(&made), "told {always:#?}, and called {made:#?}");
}

#[tokio::test]
async fn the_handshake_is_told_as_it_is_made_and_as_it_is_undone() {
    let world = World::start().await;
    let mut ask = zone_association::association(SPOKE, PLAIN_VPC);
    let mark = world.aws.log().mark();
    ask.remembered = world.settle(&ask).await.expect("associated");
    let made = step(&ask, Action::Create);
    assert_eq!(calls(&made, &world.config).len(), 4);
    held_against(&world, mark, &made);

    ask.removing = true;
    let mark = world.aws.log().mark();
    world.remove(&ask, false).await.expect("removed");
    held_against(&world, mark, &step(&ask, Action::Remove { contents: Contents::new() }));
}

#[tokio::test]
async fn destroying_data_is_told_as_it_is_done() {
    let world = World::start().await;
    let removed = |ask: Ask, what: &'static str| {
        let world = &world;
        async move {
            let ask = Ask { removing: true, ..ask };
            let mark = world.aws.log().mark();
            world.remove(&ask, true).await.expect("removed with what it held");
            let contents = Contents::from([(what.to_owned(), 1)]);
            held_against(world, mark, &step(&ask, Action::Remove { contents }));
        }
    };
    let full = ask(Spec::S3Bucket(bucket()), Scope::Project);
    world.settle(&full).await.expect("made");
    let put = world.s3(SPOKE).put_object().bucket(bucket().name).key("k").body(b"data".to_vec().into());
    put.send().await.expect("written");
    removed(full, "objects").await;

    let full = ask(Spec::EcrRepository(repository()), Scope::Project);
    world.settle(&full).await.expect("made");
    let manifest = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}"#;
    let ecr = aws_sdk_ecr::Client::new(&world.admin(SPOKE));
    let put = ecr.put_image().repository_name(repository().name).image_manifest(manifest).image_tag("v1");
    put.send().await.expect("pushed");
    removed(full, "images").await;
}
