//! Checkpoints in a bucket with Object Lock: put there once, and removed by nobody.

use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{Delete, ObjectIdentifier, ObjectLockMode, ObjectLockRetention, ObjectLockRetentionMode};
use aws_smithy_types::error::metadata::ProvideErrorMetadata as _;
use genkan::engine::{Cloud, CloudError};
use genkan::model::audit::Checkpoint;
use genkan::model::finding::Health;
use genkan::sandbox::faults::{Effect, Rule, When};
use genkan::sandbox::seed::Seed;
use jiff::Timestamp;

use crate::world::{CONFIG, HUB, SPOKE, World, counted};

const BUCKET: &str = "audit-of-genkan";
const NOTE: &str = "genkan/111111111111/0a1b\n7\nAAAA\n\n\u{2014} genkan/111111111111/0a1b BBBB\n";

fn checkpoint(size: u64) -> Checkpoint {
    Checkpoint { size, at: Timestamp::now(), note: NOTE.replace("\n7\n", &format!("\n{size}\n")) }
}

async fn world_with(change: impl FnOnce(&mut Seed)) -> World {
    let config = format!("{CONFIG}\n[audit]\nbucket = {{ account = \"platform\", name = \"{BUCKET}\", days = 30 }}\n");
    World::with(&config, change).await
}

async fn world() -> World {
    world_with(|seed| seed.accounts[0].locked_buckets.push(BUCKET.to_owned())).await
}

#[tokio::test]
async fn a_checkpoint_is_put_there_once_and_nobody_can_remove_or_replace_it() {
    let world = world().await;
    let link = world.cloud.lock_away(&checkpoint(7)).await.expect("put");
    let key = link.strip_prefix(&format!("s3://{BUCKET}/")).and_then(|rest| rest.split('?').next()).expect("a link");
    assert!(
        key.starts_with("genkan/111111111111/0a1b/00000000000000000007-") && key.ends_with(".checkpoint"),
        "{link}"
    );
    let again = world.restarted_cloud().lock_away(&checkpoint(7)).await;
    assert_eq!(again, Ok(format!("s3://{BUCKET}/{key}")), "it is there");
    world.cloud.lock_away(&checkpoint(9)).await.expect("put");

    // The administrator of the account that holds the bucket, with all power there is.
    let admin = world.s3(HUB);
    let there = admin.get_object().bucket(BUCKET).key(key).send().await.expect("it is there");
    let version = there.version_id().expect("a version").to_owned();
    assert_eq!(there.body.collect().await.expect("read").into_bytes(), NOTE.as_bytes());
    let delete = admin.delete_object().bucket(BUCKET).key(key).version_id(&version).bypass_governance_retention(true);
    let refused = delete.send().await.expect_err("it is locked");
    assert_eq!(
        (refused.code(), refused.raw_response().map(|raw| raw.status().as_u16())),
        (Some("AccessDenied"), Some(403))
    );
    let one = ObjectIdentifier::builder().key(key).version_id(&version).build().expect("an object");
    let all = Delete::builder().objects(one).build().expect("a list");
    let deleted = admin.delete_objects().bucket(BUCKET).delete(all).send().await.expect("an answer");
    assert_eq!(deleted.errors().first().and_then(|error| error.code()), Some("AccessDenied"), "{deleted:?}");
    let shorter = ObjectLockRetention::builder()
        .mode(ObjectLockRetentionMode::Compliance)
        .retain_until_date(DateTime::from_secs(Timestamp::now().as_second() + 60))
        .build();
    let shortened = admin.put_object_retention().bucket(BUCKET).key(key).version_id(&version).retention(shorter);
    assert_eq!(shortened.send().await.expect_err("it is locked").code(), Some("AccessDenied"));
    let retained = admin.get_object_retention().bucket(BUCKET).key(key).send().await.expect("a retention");
    let until = retained.retention().and_then(|retention| retention.retain_until_date()).expect("a date").secs();
    let days = (until - Timestamp::now().as_second()) / 86_400;
    assert!((29..=30).contains(&days), "{days}");
}

#[tokio::test]
async fn a_lost_answer_is_found_to_have_been_one() {
    let world = world().await;
    world.aws.faults().add(Rule::on("s3", "PutObject", Effect::LoseResponse).when(When::First(1)));
    // Either the SDK asks again and finds it there, or the next try does.
    let first = world.cloud.lock_away(&checkpoint(7)).await;
    assert!(matches!(&first, Ok(_) | Err(CloudError::Passing { .. })), "{first:?}");
    world.cloud.lock_away(&checkpoint(7)).await.expect("it is there");
    assert_eq!(world.lines_of(HUB, "s3 "), [format!("s3 bucket {BUCKET} holding 1 object versions")]);
}

#[tokio::test]
async fn the_auditors_role_can_do_nothing_else() {
    let world = world().await;
    world.cloud.lock_away(&checkpoint(7)).await.expect("put");
    let calls = world.aws.log().calls();
    assert_eq!(counted(&calls), [("s3:PutObject".to_owned(), 1), ("sts:AssumeRole".to_owned(), 1)].into());
    let put = calls.last().expect("a call");
    assert!(put.caller.as_deref().expect("known").contains(":assumed-role/genkan-auditor/"), "{put:?}");
    assert_eq!(world.ledger.lines().len(), 0, "its objects are copies of the audit log, and not in it");
}

#[tokio::test]
async fn a_bucket_that_locks_nothing_is_refused_with_what_mends_it_and_doctor_says_so() {
    let plain = world_with(|_| {}).await;
    let s3 = plain.s3(HUB);
    let here =
        aws_sdk_s3::types::CreateBucketConfiguration::builder().location_constraint("ap-northeast-1".into()).build();
    s3.create_bucket().bucket(BUCKET).create_bucket_configuration(here).send().await.expect("made");
    let refused = plain.cloud.lock_away(&checkpoint(7)).await;
    let Err(CloudError::Blocked { why, mend }) = refused else { panic!("{refused:?}") };
    assert!(why.contains(BUCKET) && mend.contains("put-object-lock-configuration"), "{why}\n{mend}");
    let locked = world().await;
    for (world, health) in [(&plain, Health::Failed), (&locked, Health::Ok)] {
        let findings = world.cloud.examine().await;
        let about = findings.iter().filter(|finding| finding.subject.starts_with("audit bucket"));
        let about: Vec<_> = about.map(|finding| (finding.subject.as_str(), finding.health)).collect();
        let [lock, versioning] = ["Object Lock", "versioning"].map(|what| format!("audit bucket {BUCKET}: {what}"));
        assert_eq!(about, [(lock.as_str(), health), (versioning.as_str(), health)], "{findings:#?}");
        let others = findings.iter().filter(|finding| !finding.subject.starts_with("audit bucket"));
        assert!(others.clone().all(|finding| finding.health == Health::Ok), "{findings:#?}");
        assert!(others.into_iter().any(|finding| finding.subject.contains("genkan-auditor")), "{findings:#?}");
    }
}

#[tokio::test]
async fn no_bucket_and_a_bucket_that_is_not_there_are_told_apart() {
    let none = World::start().await;
    assert!(matches!(none.cloud.lock_away(&checkpoint(7)).await, Err(CloudError::Wrong { .. })));
    let gone = world_with(|_| {}).await;
    let refused = gone.cloud.lock_away(&checkpoint(7)).await;
    assert!(matches!(&refused, Err(CloudError::Blocked { mend, .. }) if mend.contains("create-bucket")), "{refused:?}");
}

#[tokio::test]
async fn the_local_s3_takes_a_lock_as_s3_does() {
    let world = world().await;
    let s3 = world.s3(HUB);
    let put = |mode: Option<&str>, ahead: i64| {
        let until = DateTime::from_secs(Timestamp::now().as_second() + ahead);
        s3.put_object()
            .bucket(BUCKET)
            .key("k")
            .set_object_lock_mode(mode.map(ObjectLockMode::from))
            .object_lock_retain_until_date(until)
            .body(ByteStream::from_static(b"x"))
            .send()
    };
    for (mode, ahead) in [(None, 60), (Some("COMPLIANCE"), -60), (Some("NONSENSE"), 60)] {
        assert_eq!(put(mode, ahead).await.expect_err("refused").code(), Some("InvalidArgument"), "{mode:?} {ahead}");
    }
    put(Some("COMPLIANCE"), 60).await.expect("put");
    assert!(world.s3(SPOKE).get_object().bucket(BUCKET).key("k").send().await.is_err());
}
