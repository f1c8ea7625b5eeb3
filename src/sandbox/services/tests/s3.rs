//! S3: names in one world, defaults of new buckets, what is not set, versions.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CorsConfiguration, CorsRule, CreateBucketConfiguration, Delete,
    ObjectIdentifier, ObjectOwnership, PublicAccessBlockConfiguration, Tag, VersioningConfiguration,
};

use super::*;

fn client(aws: &Local, account: &str, region: &str) -> Client {
    let config = aws_sdk_s3::config::Builder::from(&aws.admin_in(account, region)).force_path_style(true).build();
    Client::from_conf(config)
}

fn here() -> CreateBucketConfiguration {
    CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::from(REGION)).build()
}

async fn create(client: &Client, name: &str) {
    client.create_bucket().bucket(name).create_bucket_configuration(here()).send().await.expect("a bucket");
}

#[tokio::test]
async fn a_name_is_one_account_s_in_the_whole_world() {
    let aws = local().await;
    let (mine, theirs) = (client(&aws, PROJECT, REGION), client(&aws, OTHER, REGION));
    create(&mine, "project-x-dev").await;
    let again = mine.create_bucket().bucket("project-x-dev").create_bucket_configuration(here()).send().await;
    assert_eq!(refused(again), as_said(409, "BucketAlreadyOwnedByYou"));
    let taken = theirs.create_bucket().bucket("project-x-dev").create_bucket_configuration(here()).send().await;
    assert_eq!(refused(taken), as_said(409, "BucketAlreadyExists"));

    let head = mine.head_bucket().bucket("project-x-dev").send().await.expect("it is mine");
    assert_eq!(head.bucket_region(), Some(REGION));
    assert_eq!(refused(theirs.head_bucket().bucket("project-x-dev").send().await).0, 403);
    assert_eq!(refused(theirs.head_bucket().bucket("project-y-dev").send().await), as_said(404, "NotFound"));
    assert_eq!(refused(theirs.get_bucket_cors().bucket("project-x-dev").send().await), as_said(403, "AccessDenied"));
    assert_eq!(refused(theirs.delete_bucket().bucket("project-x-dev").send().await), as_said(403, "AccessDenied"));
    let expected = mine.get_bucket_cors().bucket("project-x-dev").expected_bucket_owner(OTHER).send().await;
    assert_eq!(refused(expected), as_said(403, "AccessDenied"));
    let list = theirs.list_buckets().send().await.expect("a list");
    assert!(list.buckets().is_empty());

    mine.delete_bucket().bucket("project-x-dev").expected_bucket_owner(PROJECT).send().await.expect("deleted");
    create(&theirs, "project-x-dev").await;
    assert_eq!(aws.lines(OTHER, "s3"), ["s3 bucket project-x-dev"]);
}

#[tokio::test]
async fn two_accounts_that_race_for_a_name_do_not_both_get_it() {
    let aws = local().await;
    let (mine, theirs) = (client(&aws, PROJECT, REGION), client(&aws, OTHER, REGION));
    for number in 0..20 {
        let name = format!("race-{number}");
        let take = |client: &Client| client.create_bucket().bucket(&name).create_bucket_configuration(here()).send();
        let (one, two) = tokio::join!(take(&mine), take(&theirs));
        assert!(one.is_ok() != two.is_ok());
    }
}

#[tokio::test]
async fn location_constraints_and_regions() {
    let aws = local().await;
    let tokyo = client(&aws, PROJECT, REGION);
    let virginia = client(&aws, PROJECT, "us-east-1");
    let in_region = |region: &str| CreateBucketConfiguration::builder().location_constraint(region.into()).build();
    assert_eq!(
        refused(tokyo.create_bucket().bucket("abc").send().await),
        as_said(400, "IllegalLocationConstraintException")
    );
    let elsewhere =
        tokyo.create_bucket().bucket("abc").create_bucket_configuration(in_region("eu-west-1")).send().await;
    assert_eq!(refused(elsewhere), as_said(400, "IllegalLocationConstraintException"));
    let classic =
        virginia.create_bucket().bucket("abc").create_bucket_configuration(in_region("us-east-1")).send().await;
    assert_eq!(refused(classic), as_said(400, "InvalidLocationConstraint"));
    let bad = tokyo.create_bucket().bucket("Bad_Name").create_bucket_configuration(here()).send().await;
    assert_eq!(refused(bad), as_said(400, "InvalidBucketName"));

    virginia.create_bucket().bucket("abc").send().await.expect("made");
    virginia.create_bucket().bucket("abc").send().await.expect("made again is the same in us-east-1");
    let taken = tokyo.create_bucket().bucket("abc").create_bucket_configuration(here()).send().await;
    assert_eq!(refused(taken), as_said(409, "BucketAlreadyOwnedByYou"));
    assert_eq!(refused(tokyo.get_bucket_cors().bucket("abc").send().await), as_said(301, "PermanentRedirect"));
    assert_eq!(refused(tokyo.head_bucket().bucket("abc").send().await).0, 301);
}

#[tokio::test]
async fn a_new_bucket_has_its_defaults_and_what_the_call_says() {
    let aws = local().await;
    let mine = client(&aws, PROJECT, REGION);
    let tag = Tag::builder().key("made by").value("a & b").build().unwrap();
    let config = CreateBucketConfiguration::builder().location_constraint(REGION.into()).tags(tag.clone()).build();
    let call = mine.create_bucket().bucket("with-tags").create_bucket_configuration(config);
    call.object_ownership(ObjectOwnership::ObjectWriter).send().await.expect("made");
    create(&mine, "plain").await;

    let ownership = |bucket: &str| mine.get_bucket_ownership_controls().bucket(bucket).send();
    for (bucket, expected) in
        [("with-tags", ObjectOwnership::ObjectWriter), ("plain", ObjectOwnership::BucketOwnerEnforced)]
    {
        let controls = ownership(bucket).await.expect("set").ownership_controls.expect("controls");
        assert_eq!(controls.rules()[0].object_ownership(), &expected);
    }
    assert_eq!(mine.get_bucket_tagging().bucket("with-tags").send().await.expect("tags").tag_set(), [tag]);
    assert_eq!(refused(mine.get_bucket_tagging().bucket("plain").send().await), as_said(404, "NoSuchTagSet"));
    let block = mine.get_public_access_block().bucket("plain").send().await.expect("set");
    let all = PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .ignore_public_acls(true)
        .block_public_policy(true)
        .restrict_public_buckets(true)
        .build();
    assert_eq!(block.public_access_block_configuration(), Some(&all));
    mine.delete_bucket_encryption().bucket("plain").send().await.expect("back to the default");
    let encryption = mine.get_bucket_encryption().bucket("plain").send().await.expect("always on");
    let rules = encryption.server_side_encryption_configuration.expect("a configuration");
    let by_default = rules.rules()[0].apply_server_side_encryption_by_default().expect("a default");
    assert_eq!(by_default.sse_algorithm().as_str(), "AES256");
    assert_eq!(mine.get_bucket_versioning().bucket("plain").send().await.expect("an answer").status(), None);

    let acl =
        mine.create_bucket().bucket("acl").create_bucket_configuration(here()).acl("public-read".into()).send().await;
    assert_eq!(refused(acl), as_said(400, "InvalidBucketAclWithObjectOwnership"));
    let acl = mine.put_bucket_acl().bucket("plain").acl("public-read".into()).send().await;
    assert_eq!(refused(acl), as_said(400, "AccessControlListNotSupported"));
}

#[tokio::test]
async fn what_is_not_set_says_so_and_cors_is_checked() {
    let aws = local().await;
    let mine = client(&aws, PROJECT, REGION);
    create(&mine, "plain").await;
    let block = PublicAccessBlockConfiguration::builder().block_public_acls(true).build();
    mine.put_public_access_block().bucket("plain").public_access_block_configuration(block).send().await.expect("set");
    let block = mine.get_public_access_block().bucket("plain").send().await.expect("set");
    let block = block.public_access_block_configuration.expect("a block");
    assert_eq!((block.block_public_acls(), block.block_public_policy()), (Some(true), Some(false)));
    mine.delete_public_access_block().bucket("plain").send().await.expect("deleted");
    mine.delete_bucket_ownership_controls().bucket("plain").send().await.expect("deleted");
    let not_set = [
        refused(mine.get_public_access_block().bucket("plain").send().await),
        refused(mine.get_bucket_ownership_controls().bucket("plain").send().await),
        refused(mine.get_bucket_cors().bucket("plain").send().await),
        refused(mine.get_bucket_policy().bucket("plain").send().await),
        refused(mine.get_bucket_lifecycle_configuration().bucket("plain").send().await),
    ];
    let codes = [
        "NoSuchPublicAccessBlockConfiguration",
        "OwnershipControlsNotFoundError",
        "NoSuchCORSConfiguration",
        "NoSuchBucketPolicy",
        "NoSuchLifecycleConfiguration",
    ];
    assert_eq!(not_set, codes.map(|code| as_said(404, code)));

    let rule = |method: &str, origin: &str| {
        let rule = CorsRule::builder().allowed_methods("GET").allowed_methods(method).allowed_origins(origin);
        let rule = rule.allowed_headers("*").max_age_seconds(3000).build().unwrap();
        CorsConfiguration::builder().cors_rules(rule).build().unwrap()
    };
    let put = |cors: CorsConfiguration| mine.put_bucket_cors().bucket("plain").cors_configuration(cors).send();
    assert_eq!(refused(put(rule("PATCH", "*")).await), as_said(400, "InvalidRequest"));
    assert_eq!(refused(put(rule("PUT", "*.*")).await), as_said(400, "InvalidRequest"));
    put(rule("PUT", "*")).await.expect("a sound rule");
    let held = mine.get_bucket_cors().bucket("plain").send().await.expect("set");
    assert_eq!(held.cors_rules(), rule("PUT", "*").cors_rules());
    mine.delete_bucket_cors().bucket("plain").send().await.expect("deleted");
    assert_eq!(refused(mine.get_bucket_cors().bucket("plain").send().await), as_said(404, "NoSuchCORSConfiguration"));
}

#[tokio::test]
async fn a_versioned_bucket_is_emptied_version_by_version() {
    let aws = local().await;
    let mine = client(&aws, PROJECT, REGION);
    create(&mine, "kept").await;
    let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    mine.put_bucket_versioning().bucket("kept").versioning_configuration(on).send().await.expect("on");
    for (key, body) in [("a", "1"), ("a", "2"), ("a/b c", "3"), ("b", "4")] {
        mine.put_object().bucket("kept").key(key).body(body.as_bytes().to_vec().into()).send().await.expect("put");
    }
    mine.delete_object().bucket("kept").key("a").send().await.expect("a delete marker");
    assert_eq!(refused(mine.get_object().bucket("kept").key("a").send().await), as_said(404, "NoSuchKey"));
    let held =
        mine.get_object().bucket("kept").key("b").send().await.expect("there").body.collect().await.expect("bytes");
    assert_eq!(held.to_vec(), b"4");
    assert_eq!(refused(mine.delete_bucket().bucket("kept").send().await), as_said(409, "BucketNotEmpty"));
    assert_eq!(aws.lines(PROJECT, "s3"), ["s3 bucket kept holding 5 object versions"]);

    let (mut seen, mut markers) = (Vec::new(), (None, None));
    loop {
        let call = mine.list_object_versions().bucket("kept").max_keys(2);
        let page = call.set_key_marker(markers.0).set_version_id_marker(markers.1).send().await.expect("a page");
        seen.extend(page.versions().iter().map(|v| (v.key().unwrap().to_owned(), v.version_id().unwrap().to_owned())));
        seen.extend(
            page.delete_markers().iter().map(|v| (v.key().unwrap().to_owned(), v.version_id().unwrap().to_owned())),
        );
        if page.is_truncated() != Some(true) {
            break;
        }
        markers = (page.next_key_marker, page.next_version_id_marker);
    }
    assert_eq!(seen.len(), 5, "{seen:?}");
    let objects =
        seen.iter().map(|(key, id)| ObjectIdentifier::builder().key(key).version_id(id).build().unwrap()).collect();
    let delete = Delete::builder().set_objects(Some(objects)).build().unwrap();
    let deleted = mine.delete_objects().bucket("kept").delete(delete).send().await.expect("an answer");
    assert_eq!((deleted.deleted().len(), deleted.errors().len()), (5, 0));
    mine.delete_bucket().bucket("kept").send().await.expect("it is empty");
    assert_eq!(refused(mine.delete_bucket().bucket("kept").send().await), as_said(404, "NoSuchBucket"));
}
