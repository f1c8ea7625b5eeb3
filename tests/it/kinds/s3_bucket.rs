//! The S3 bucket against the local AWS: made, kept, converged, foreign, removed.

use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration, Tag, Tagging};
use genkan::engine::cloud::Work;
use genkan::engine::{Ask, CloudError};
use genkan::model::plan::Scope;
use genkan::model::resource::{BucketEncryption, ObjectOwnership, S3Bucket};
use genkan::model::{Observed, Owner, Spec};
use genkan::sandbox::faults::{Effect, Rule, When};

use super::{bucket, s3};
use crate::world::{HUB, SPOKE, World, ask_at};

/// Makes the bucket by hand, in Tokyo unless another region is named.
async fn by_hand(world: &World, account: &str, region: BucketLocationConstraint) {
    let configuration = CreateBucketConfiguration::builder().location_constraint(region.clone()).build();
    let config = aws_sdk_s3::config::Builder::from(&world.admin(account))
        .region(aws_sdk_s3::config::Region::new(region.as_str().to_owned()))
        .build();
    let create = aws_sdk_s3::Client::from_conf(config).create_bucket().bucket(bucket().name);
    create.create_bucket_configuration(configuration).send().await.expect("made by hand");
}

async fn put(world: &World, key: &str) {
    let put = world.s3(SPOKE).put_object().bucket(bucket().name).key(key).body(b"data".to_vec().into());
    put.send().await.expect("written");
}

#[tokio::test]
async fn it_is_made_with_few_calls_and_every_field_is_brought_back() {
    let world = World::start().await;
    let ask = s3(bucket());
    let mark = world.aws.log().mark();
    world.settle(&ask).await.expect("made").expect("something was done");
    let changing: Vec<String> =
        world.aws.log().changing_calls_since(mark).iter().map(|call| call.operation.clone()).collect();
    assert_eq!(changing, ["CreateBucket", "PutBucketCors"], "what new buckets have by themselves is not written");

    let changed = S3Bucket {
        object_ownership: ObjectOwnership::BucketOwnerPreferred,
        block_public_access: false,
        encryption: BucketEncryption::Kms,
        versioning: Some(true),
        cors: vec![],
        ..bucket()
    };
    for spec in [changed, S3Bucket { versioning: Some(false), ..bucket() }] {
        let ask = s3(spec.clone());
        world.settle(&ask).await.expect("changed").expect("something was done");
        let Ok(Observed::Ours { spec: seen, .. }) = world.look(&ask).await else { panic!("not ours") };
        assert_eq!(seen, Spec::S3Bucket(spec));
    }
}

#[tokio::test]
async fn in_us_east_1_it_is_looked_for_before_it_is_made() {
    let world = World::in_region("us-east-1").await;
    let ask = ask_at(Spec::S3Bucket(bucket()), Scope::Project, SPOKE, "us-east-1");
    world.settle(&ask).await.expect("made").expect("something was done");
    assert_eq!(world.settle(&ask).await, Ok(None));
    let mark = world.aws.log().mark();
    world.resource(&ask).apply(&Work::Create).await.expect("it is there already");
    let calls = world.aws.log().calls_since(mark);
    assert!(calls.iter().all(|call| call.operation != "CreateBucket"), "its ACLs would have been reset");
}

#[tokio::test]
async fn a_name_that_another_account_holds_is_found_before_it_is_tried() {
    let world = World::start().await;
    by_hand(&world, HUB, BucketLocationConstraint::ApNortheast1).await;
    let ask = s3(bucket());
    let seen = world.look(&ask).await;
    assert!(matches!(seen, Ok(Observed::Foreign { owner: Owner::AnotherAccount, .. })), "{seen:?}");
    let created = world.resource(&ask).apply(&Work::Create).await;
    assert!(matches!(created, Err(CloudError::Blocked { .. })), "{created:?}");
    let removed = world.resource(&ask).remove(true).await;
    assert!(matches!(removed, Err(CloudError::Blocked { .. })), "{removed:?}");
}

#[tokio::test]
async fn a_bucket_in_another_region_is_in_the_way() {
    let world = World::start().await;
    by_hand(&world, SPOKE, BucketLocationConstraint::EuWest1).await;
    let seen = world.look(&s3(bucket())).await;
    let Ok(Observed::Foreign { owner: Owner::InTheWay { what }, .. }) = seen else { panic!("{seen:?}") };
    assert!(what.contains("eu-west-1") && what.contains("ap-northeast-1"), "{what}");
    let created = world.resource(&s3(bucket())).apply(&Work::Create).await;
    assert!(matches!(created, Err(CloudError::Blocked { .. })), "{created:?}");
}

#[tokio::test]
async fn adopting_keeps_the_tags_of_others() {
    let world = World::start().await;
    by_hand(&world, SPOKE, BucketLocationConstraint::ApNortheast1).await;
    let tag = Tag::builder().key("team").value("vision").build().unwrap();
    let tagging = Tagging::builder().tag_set(tag.clone()).build().unwrap();
    world.s3(SPOKE).put_bucket_tagging().bucket(bucket().name).tagging(tagging).send().await.expect("tagged");
    let ask = s3(bucket());
    let seen = world.look(&ask).await;
    assert!(matches!(seen, Ok(Observed::Foreign { owner: Owner::Unmarked, spec: Some(_), .. })), "{seen:?}");
    let created = world.resource(&ask).apply(&Work::Create).await;
    assert!(matches!(created, Err(CloudError::Blocked { .. })), "{created:?}");
    world.adopt(&ask).await.expect("taken over");
    assert_eq!(world.settle(&ask).await, Ok(None));
    let tags = world.s3(SPOKE).get_bucket_tagging().bucket(bucket().name).send().await.expect("tags").tag_set;
    assert!(tags.contains(&tag) && tags.len() > 1, "{tags:?}");
}

#[tokio::test]
async fn changes_that_collide_are_made_again() {
    let world = World::start().await;
    let collides = Effect::Error {
        status: 409,
        code: "OperationAborted".into(),
        message: "A conflicting conditional operation is currently in progress".into(),
    };
    let unseen = Effect::Error { status: 404, code: "NoSuchBucket".into(), message: "not seen yet".into() };
    for operation in ["CreateBucket", "PutBucketCors", "DeleteBucket"] {
        world.aws.faults().add(Rule::on("s3", operation, collides.clone()).when(When::First(1)));
    }
    world.aws.faults().add(Rule::on("s3", "GetBucketTagging", unseen).when(When::First(1)));
    let ask = s3(bucket());
    world.settle(&ask).await.expect("made").expect("something was done");
    assert_eq!(world.settle(&ask).await, Ok(None));
    world.remove(&ask, false).await.expect("removed");
}

#[tokio::test]
async fn data_is_counted_and_kept_without_consent_and_destroyed_wholly_with_it() {
    let world = World::start().await;
    let ask = s3(S3Bucket { versioning: Some(true), ..bucket() });
    world.settle(&ask).await.expect("made");
    for key in ["a", "b", "a"] {
        put(&world, key).await;
    }
    world.s3(SPOKE).delete_object().bucket(bucket().name).key("b").send().await.expect("marked as deleted");
    world.s3(SPOKE).create_multipart_upload().bucket(bucket().name).key("c").send().await.expect("begun");

    let Ok(Observed::Ours { contents, .. }) = world.look(&Ask { removing: true, ..ask.clone() }).await else {
        panic!("not ours")
    };
    assert_eq!(contents.values().sum::<u64>(), 4, "{contents:?}");
    assert_eq!(contents.get("delete markers"), Some(&1), "{contents:?}");
    let refused = world.remove(&ask, false).await;
    let Err(CloudError::Blocked { why, .. }) = refused else { panic!("{refused:?}") };
    assert!(why.contains("1 object,") && why.contains("1 delete marker,"), "{why}");
    world.remove(&ask, true).await.expect("destroyed");
    assert_eq!(world.look(&ask).await, Ok(Observed::Absent));
}

#[tokio::test]
async fn what_is_not_ours_is_never_emptied() {
    let world = World::start().await;
    by_hand(&world, SPOKE, BucketLocationConstraint::ApNortheast1).await;
    put(&world, "precious").await;
    let ask = s3(bucket());
    let removed = world.remove(&ask, true).await;
    assert!(matches!(removed, Err(CloudError::Blocked { .. })), "{removed:?}");
    let held = world.s3(SPOKE).list_objects_v2().bucket(bucket().name).send().await.expect("listed");
    assert_eq!(held.contents().len(), 1);
}

#[tokio::test]
async fn begun_and_not_marked_it_is_ours_and_is_marked() {
    let world = World::start().await;
    by_hand(&world, SPOKE, BucketLocationConstraint::ApNortheast1).await;
    let mut ask = s3(bucket());
    ask.begun = true;
    world.settle(&ask).await.expect("gone on with").expect("something was done");
    ask.begun = false;
    assert_eq!(world.settle(&ask).await, Ok(None), "it carries the marks now");
}

#[tokio::test]
async fn more_than_a_page_is_counted_as_at_least_a_thousand_and_destroyed_in_one_go() {
    let world = World::start().await;
    let ask = s3(bucket());
    world.settle(&ask).await.expect("made");
    let s3 = world.s3(SPOKE);
    let name = bucket().name;
    let writes = (0..1002).map(|n| s3.put_object().bucket(&name).key(format!("k{n}")).body(vec![].into()).send());
    for written in futures::future::join_all(writes).await {
        written.expect("written");
    }
    let Ok(Observed::Ours { contents, .. }) = world.look(&Ask { removing: true, ..ask.clone() }).await else {
        panic!("not ours")
    };
    assert_eq!(contents.get("objects"), Some(&1000), "at least");
    world.remove(&ask, true).await.expect("destroyed");
    assert_eq!(world.look(&ask).await, Ok(Observed::Absent));
}
