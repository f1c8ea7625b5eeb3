//! The ECR repository.

use genkan::engine::cloud::Work;
use genkan::engine::{Ask, CloudError};
use genkan::model::resource::{EcrRepository, TagMutability};
use genkan::model::{Observed, Owner, Spec};

use super::{ecr, repository};
use crate::world::{SPOKE, World};

pub const LIFECYCLE: &str = r#"{"rules":[{"rulePriority":1,"description":"keep ten","selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":10},"action":{"type":"expire"}}]}"#;

fn client(world: &World) -> aws_sdk_ecr::Client {
    aws_sdk_ecr::Client::new(&world.admin(SPOKE))
}

#[tokio::test]
async fn it_is_made_as_asked_for_and_every_field_is_brought_back() {
    let world = World::start().await;
    let ask = ecr(EcrRepository { lifecycle_policy: Some(LIFECYCLE.to_owned()), ..repository() });
    let outputs = world.settle(&ask).await.expect("made").expect("something was done");
    assert_eq!(outputs["arn"], format!("arn:aws:ecr:ap-northeast-1:{SPOKE}:repository/project-x-dev-algorithm"));
    assert!(outputs["uri"].ends_with("/project-x-dev-algorithm"), "{outputs:?}");

    let changed = EcrRepository {
        tag_mutability: TagMutability::Mutable,
        scan_on_push: false,
        lifecycle_policy: Some(String::new()),
        ..repository()
    };
    for spec in [changed, EcrRepository { lifecycle_policy: Some(LIFECYCLE.to_owned()), ..repository() }] {
        let ask = ecr(spec.clone());
        world.settle(&ask).await.expect("changed").expect("something was done");
        let Ok(Observed::Ours { spec: seen, .. }) = world.look(&ask).await else { panic!("not ours") };
        assert_eq!(seen, Spec::EcrRepository(spec));
    }
}

#[tokio::test]
async fn made_by_hand_it_is_foreign_until_it_is_adopted() {
    let world = World::start().await;
    client(&world).create_repository().repository_name(repository().name).send().await.expect("made by hand");
    let ask = ecr(repository());
    let Ok(Observed::Foreign { owner: Owner::Unmarked, spec: Some(_), .. }) = world.look(&ask).await else {
        panic!("not foreign")
    };
    let created = world.resource(&ask).apply(&Work::Create).await;
    assert!(matches!(created, Err(CloudError::Blocked { .. })), "{created:?}");
    let begun = world.look(&Ask { begun: true, ..ask.clone() }).await;
    assert_eq!(begun, world.look(&ask).await, "what we make is marked by the call that makes it");
    let removed = world.resource(&ask).remove(true).await;
    assert!(matches!(removed, Err(CloudError::Blocked { .. })), "{removed:?}");
    world.adopt(&ask).await.expect("taken over");
    assert_eq!(world.settle(&ask).await.expect("kept"), None);

    let mut other = ask.clone();
    other.project = "project-y".parse().unwrap();
    assert!(matches!(world.look(&other).await, Ok(Observed::Foreign { owner: Owner::Project { .. }, .. })));
}

#[tokio::test]
async fn images_are_counted_and_kept_without_consent() {
    let world = World::start().await;
    let ask = ecr(repository());
    world.settle(&ask).await.expect("made");
    let manifest = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}"#;
    let put = client(&world).put_image().repository_name(repository().name).image_manifest(manifest).image_tag("v1");
    put.send().await.expect("pushed");
    let Ok(Observed::Ours { contents, .. }) = world.look(&Ask { removing: true, ..ask.clone() }).await else {
        panic!("not ours")
    };
    assert_eq!(contents.get("images"), Some(&1));
    let refused = world.remove(&ask, false).await;
    let Err(CloudError::Blocked { why, .. }) = refused else { panic!("{refused:?}") };
    assert!(why.contains("1 image"), "{why}");
    world.remove(&ask, true).await.expect("removed with its images");
    assert_eq!(world.look(&ask).await, Ok(Observed::Absent));
}
