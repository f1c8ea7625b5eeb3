//! Faults planted one at a time: each is found with its place, the thing and what mends it, and nothing else is.

use std::time::Duration;

use aws_sdk_route53::types::{Vpc, VpcRegion};
use aws_sdk_s3::types::CreateBucketConfiguration;
use futures::future::BoxFuture;
use genkan::aws::roles::role_policies;
use genkan::engine::Cloud;
use genkan::model::finding::Health::{self, Failed, Warning};
use genkan::sandbox::seed::{Seed, SeedVpc};
use serde_json::json;

use super::{BUCKET, audited, changed, iam, reconfigured, troubles};
use crate::world::{CONFIG, HUB, REGION, SPOKE, TOKEN, VPC, World, ZONE, trust_policy_in};

const HUB_TITLE: &str = "platform (111111111111)";
const SPOKE_TITLE: &str = "shared (222222222222)";

/// A fault that the seed or the config holds.
struct Planted {
    what: &'static str,
    config: (&'static str, &'static str),
    seed: fn(&mut Seed),
    found: Found,
}

/// What is to be found: how bad, where, and words of the thing, of what was seen, and of what mends it.
type Found = (Health, &'static str, &'static str, &'static str, &'static [&'static str]);

const SAME: (&str, &str) = ("[platform]", "[platform]");

const fn nothing(_: &mut Seed) {}

/// The statements of a trust policy: one for each action, the assuming first.
fn of_trust<'a>(seed: &'a mut Seed, account: usize, role: &str) -> &'a mut Vec<serde_json::Value> {
    let role = seed.accounts[account].roles.iter_mut().find(|one| one.name == role).expect("seeded");
    role.trust["Statement"].as_array_mut().expect("a list")
}

/// The same, where that action is allowed no more.
fn distrust(seed: &mut Seed, account: usize, role: &str, action: &str) {
    let statements = of_trust(seed, account, role);
    let before = statements.len();
    statements.retain(|statement| statement["Action"] != action);
    assert_eq!(statements.len(), before - 1, "{action}");
}

#[rustfmt::skip]
const PLANTED: [Planted; 15] = [
    Planted { what: "the writer's role is not there", config: SAME,
        seed: |seed| seed.accounts[1].roles.retain(|role| role.name != "genkan-writer"),
        found: (Failed, SPOKE_TITLE, "writer role genkan-writer", "there is no role", &["sts:AssumeRole", "genkan-test", "policies render"]) },
    Planted { what: "the authoriser's role is not there", config: SAME,
        seed: |seed| seed.accounts[0].roles.retain(|role| role.name != "genkan-authoriser"),
        found: (Failed, HUB_TITLE, "authoriser role genkan-authoriser", "there is no role", &["sts:AssumeRole", "policies render"]) },
    Planted { what: "the reader's role is not there", config: SAME,
        seed: |seed| seed.accounts[1].roles.retain(|role| role.name != "genkan-reader"),
        found: (Failed, SPOKE_TITLE, "reader role genkan-reader", "cannot be assumed", &["the role does not exist"]) },
    Planted { what: "trust in somebody else", config: SAME,
        seed: |seed| of_trust(seed, 1, "genkan-writer").iter_mut().for_each(|one| one["Principal"] = json!({"AWS": "arn:aws:iam::333333333333:root"})),
        found: (Failed, SPOKE_TITLE, "writer role genkan-writer", "cannot be assumed", &["user/genkan"]) },
    Planted { what: "trust without tags", config: SAME,
        seed: |seed| distrust(seed, 1, "genkan-writer", "sts:TagSession"),
        found: (Failed, SPOKE_TITLE, "writer role genkan-writer", "cannot be assumed", &["sts:TagSession"]) },
    Planted { what: "trust without source identity", config: SAME,
        seed: |seed| distrust(seed, 0, "genkan-authoriser", "sts:SetSourceIdentity"),
        found: (Failed, HUB_TITLE, "authoriser role genkan-authoriser", "cannot be assumed", &["sts:SetSourceIdentity"]) },
    Planted { what: "another external id", config: SAME,
        seed: |seed| of_trust(seed, 1, "genkan-writer")[0]["Condition"]["StringEquals"]["sts:ExternalId"] = json!("another"),
        found: (Failed, SPOKE_TITLE, "writer role genkan-writer", "cannot be assumed", &["sts:ExternalId", "genkan-test"]) },
    Planted { what: "a role of another account", config: ("[accounts.shared]", "[accounts.shared]\nwriter = \"arn:aws:iam::111111111111:role/genkan-authoriser\""),
        seed: nothing,
        found: (Failed, SPOKE_TITLE, "writer role genkan-authoriser", "not in shared", &[]) },
    Planted { what: "another hub", config: ("hub = \"platform\"", "hub = \"shared\"\n[secret]\naccount = \"platform\""), seed: nothing,
        found: (Warning, "the tool itself", "sts:GetCallerIdentity", "user/genkan", &["name the right hub"]) },
    Planted { what: "a zone of another name", config: ("dev.internal", "staging.internal"), seed: nothing,
        found: (Failed, HUB_TITLE, "hosted zone Z0000000DEV", "its name is dev.internal, the config says staging.internal", &["`zone`"]) },
    Planted { what: "a zone that is not there", config: ("Z0000000DEV", "Z0000000GONE"), seed: nothing,
        found: (Failed, HUB_TITLE, "hosted zone Z0000000GONE", "no such hosted zone", &["list-hosted-zones-by-name"]) },
    Planted { what: "no source of the secret", config: SAME, seed: |seed| seed.accounts[0].secrets.clear(),
        found: (Failed, HUB_TITLE, "secretsmanager:DescribeSecret", "there is no secret", &["aws secretsmanager create-secret"]) },
    Planted { what: "no external id", config: ("id = \"222222222222\"\nexternal_id = \"genkan-test\"", "id = \"222222222222\""), seed: nothing,
        found: (Warning, SPOKE_TITLE, "external_id", "no external id", &["[accounts.shared]", "sts:ExternalId"]) },
    Planted { what: "tags that are not sent", config: ("[accounts.shared]", "[accounts.shared]\nsession_tags = false"), seed: nothing,
        found: (Warning, SPOKE_TITLE, "session_tags", "tags are not sent to shared: CloudTrail there does not show", &["sts:TagSession", "session_tags = true"]) },
    Planted { what: "a source identity that is not sent", config: ("[accounts.platform]", "[accounts.platform]\nsource_identity = false"), seed: nothing,
        found: (Warning, HUB_TITLE, "source_identity", "source identity is not sent to platform: CloudTrail there does not show who asked", &["sts:SetSourceIdentity"]) },
];

/// Whether that, and nothing else, is found.
async fn is_found(world: &World, what: &str, found: Found) -> String {
    let (health, place, subject, seen, mends) = found;
    let troubles = troubles(world).await;
    let [finding] = &troubles[..] else { panic!("{what}: {troubles:#?}") };
    assert_eq!((finding.health, finding.place.as_str()), (health, place), "{what}: {finding:#?}");
    assert!(finding.subject.contains(subject) && finding.seen.contains(seen), "{what}: {finding:#?}");
    let mend = finding.mend.clone().unwrap_or_default();
    assert!(mends.iter().all(|word| mend.contains(word)), "{what}: {mend}");
    mend
}

#[tokio::test]
async fn each_planted_fault_is_found_and_nothing_else() {
    for Planted { what, config, seed, found } in PLANTED {
        let world = World::with(&changed(config.0, config.1), seed).await;
        is_found(&world, what, found).await;
    }
}

#[tokio::test]
async fn a_trust_policy_that_is_printed_mends_the_role() {
    for Planted { what, config, seed, found } in
        PLANTED.into_iter().filter(|one| one.what.starts_with("trust") || one.what.contains("another ext"))
    {
        let world = World::with(&changed(config.0, config.1), seed).await;
        let trust = trust_policy_in(&is_found(&world, what, found).await);
        let account = if found.1 == HUB_TITLE { HUB } else { SPOKE };
        let role = found.2.rsplit(' ').next().expect("a role's name");
        let call = iam(&world, account).update_assume_role_policy().role_name(role);
        call.policy_document(trust.to_string()).send().await.expect("updated");
        assert_eq!(troubles(&world.restarted()).await, [], "{what}");
    }
}

fn vpc(id: &str) -> Vpc {
    Vpc::builder().vpc_id(id).vpc_region(VpcRegion::from(REGION)).build()
}

fn zones(world: &World, account: &str) -> aws_sdk_route53::Client {
    let sdk = world.admin(account).into_builder().region(aws_config::Region::new("us-east-1")).build();
    aws_sdk_route53::Client::new(&sdk)
}

/// How many VPCs a zone takes.
const MOST: usize = 300;

#[tokio::test]
async fn a_zone_that_fills_up_is_said_before_it_is_full() {
    let world = World::changed(|seed| {
        let vpc = |number: usize| SeedVpc {
            id: format!("vpc-{number:017x}"),
            cidr: "10.30.0.0/16".to_owned(),
            region: REGION.to_owned(),
            dns_support: true,
            dns_hostnames: true,
        };
        seed.accounts[0].vpcs.extend((1..MOST).map(vpc));
    })
    .await;
    let associate = |number: usize| {
        let (zones, id) = (zones(&world, HUB), format!("vpc-{number:017x}"));
        async move {
            let call = zones.associate_vpc_with_hosted_zone().hosted_zone_id(ZONE).vpc(vpc(&id));
            call.send().await.expect("associated");
        }
    };
    for number in 1..239 {
        associate(number).await;
    }
    assert_eq!(troubles(&world).await, [], "239 of 300");
    associate(239).await;
    is_found(
        &world,
        "240 of 300",
        (Warning, HUB_TITLE, "room in hosted zone", "nearly full: 240 of 300", &["service-quotas"]),
    )
    .await;
    for number in 240..MOST {
        associate(number).await;
    }
    is_found(
        &world,
        "300 of 300",
        (Failed, HUB_TITLE, "room in hosted zone", "it is full: 300 of 300", &["service-quotas"]),
    )
    .await;
}

#[tokio::test]
async fn a_public_zone_and_somebody_elses_are_not_taken_for_the_platforms() {
    let world = World::start().await;
    let call = zones(&world, HUB).create_hosted_zone().name("dev.internal").caller_reference("public");
    let made = call.send().await.expect("made").hosted_zone.expect("a zone");
    let id = made.id.trim_start_matches("/hostedzone/").to_owned();
    let world = reconfigured(world, ZONE, &id);
    // The roles may look at the zone that was configured before: what they lack is of no interest here.
    let all =
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}).to_string();
    for (account, role) in
        [(HUB, "genkan-reader"), (HUB, "genkan-authoriser"), (SPOKE, "genkan-reader"), (SPOKE, "genkan-writer")]
    {
        let call = iam(&world, account).put_role_policy().role_name(role).policy_name("all").policy_document(&all);
        call.send().await.expect("put");
    }
    is_found(
        &world,
        "public",
        (Failed, HUB_TITLE, "hosted zone", "it is public", &["`zone`", "public zone with the same name"]),
    )
    .await;

    let call = zones(&world, SPOKE).create_hosted_zone().name("dev.internal").caller_reference("foreign").vpc(vpc(VPC));
    let made = call.send().await.expect("made").hosted_zone.expect("a zone");
    let world = reconfigured(world, ZONE, made.id.trim_start_matches("/hostedzone/"));
    let found = troubles(&world).await;
    assert!(found.iter().all(|one| one.place == HUB_TITLE && one.health != Health::Ok), "{found:#?}");
    let zone = found.iter().find(|one| one.subject.starts_with("route53:GetHostedZone ")).expect("it is named");
    assert!(zone.mend.as_ref().is_some_and(|mend| mend.contains("is the zone another account's?")), "{zone:#?}");
}

#[tokio::test]
async fn an_authorisation_that_stays_open_is_named_with_the_command_that_withdraws_it() {
    let world = World::start().await;
    let zones = zones(&world, HUB);
    for number in 0..60 {
        let id = if number == 0 { VPC.to_owned() } else { format!("vpc-{number:017x}") };
        let call = zones.create_vpc_association_authorization().hosted_zone_id(ZONE).vpc(vpc(&id));
        call.send().await.expect("authorised");
    }
    let found = (
        Warning,
        HUB_TITLE,
        "ListVPCAssociationAuthorizations",
        "and 55 more",
        &["delete-vpc-association-authorization"][..],
    );
    let mend = is_found(&world, "60 open", found).await;
    let first = mend.lines().nth(1).expect("a command");
    let named = first.split("VPCId=").nth(1).expect("a VPC");
    for id in std::iter::once(named.to_owned())
        .chain((1..60).map(|number| format!("vpc-{number:017x}")).filter(|id| id != named))
        .chain([VPC.to_owned()])
    {
        let call = zones.delete_vpc_association_authorization().hosted_zone_id(ZONE).vpc(vpc(&id));
        call.send().await.expect("withdrawn");
    }
    assert_eq!(troubles(&world).await, []);
}

#[tokio::test]
async fn a_secret_that_is_to_be_deleted_is_brought_back_by_what_is_printed() {
    let world = World::start().await;
    world.secrets(HUB).delete_secret().secret_id(TOKEN).send().await.expect("scheduled");
    let found = (
        Failed,
        HUB_TITLE,
        "secretsmanager:DescribeSecret",
        "scheduled for deletion",
        &["aws secretsmanager restore-secret --region ap-northeast-1 --secret-id GITHUB_PERSONAL_ACCESS_TOKEN"][..],
    );
    is_found(&world, "scheduled", found).await;
    world.secrets(HUB).restore_secret().secret_id(TOKEN).send().await.expect("restored");
    assert_eq!(troubles(&world).await, []);
}

/// What is done to a key, what is found then, and what is done to mend it.
type OfKey = (
    &'static str,
    for<'a> fn(&'a aws_sdk_kms::Client, &'a str) -> BoxFuture<'a, ()>,
    &'static str,
    &'static [&'static str],
);

#[tokio::test]
async fn the_secrets_key_is_looked_at() {
    let world = World::start().await;
    let kms = aws_sdk_kms::Client::new(&world.admin(HUB));
    let made = kms.create_key().send().await.expect("made").key_metadata.expect("a key");
    let key = made.arn.expect("an ARN");
    let call = world.secrets(HUB).update_secret().secret_id(TOKEN).kms_key_id(&key);
    call.send().await.expect("under a key of the customer's");
    assert_eq!(troubles(&world).await, [], "a sound key");

    let states: [OfKey; 2] = [
        (
            "disabled",
            |kms, key| Box::pin(async move { drop(kms.disable_key().key_id(key).send().await.expect("disabled")) }),
            "it is disabled",
            &["aws kms enable-key"],
        ),
        (
            "pending deletion",
            |kms, key| {
                Box::pin(async move { drop(kms.schedule_key_deletion().key_id(key).send().await.expect("scheduled")) })
            },
            "every value under it is lost",
            &["aws kms cancel-key-deletion", "aws kms enable-key"],
        ),
    ];
    for (what, act, seen, mends) in states {
        act(&kms, &key).await;
        is_found(&world, what, (Failed, HUB_TITLE, "KMS key", seen, mends)).await;
        let unread = world.secrets(HUB).get_secret_value().secret_id(TOKEN).send().await;
        assert!(unread.is_err(), "{what}: nobody can read it");
        if what == "pending deletion" {
            kms.cancel_key_deletion().key_id(&key).send().await.expect("cancelled");
        }
        kms.enable_key().key_id(&key).send().await.expect("enabled");
        assert_eq!(troubles(&world).await, [], "{what} is mended");
    }

    // Who reads the secret may not decrypt any more.
    let documents = role_policies(&world.config, &format!("arn:aws:iam::{HUB}:user/genkan"));
    let reader = documents["platform"].iter().find(|role| role.name() == "genkan-secret-reader").expect("there");
    let mut policy = reader.policy.clone();
    policy["Statement"].as_array_mut().expect("a list").retain(|statement| statement["Sid"] != "SecretReadKey");
    let put = |name: &'static str, policy: String| {
        iam(&world, HUB)
            .put_role_policy()
            .role_name("genkan-secret-reader")
            .policy_name(name)
            .policy_document(policy)
            .send()
    };
    put("genkan", policy.to_string()).await.expect("put");
    let mend = is_found(
        &world,
        "no decryption",
        (Failed, HUB_TITLE, "kms:Decrypt as secret reader role", "not allowed", &["kms:ViaService"]),
    )
    .await;
    let statement: serde_json::Value = serde_json::from_str(&mend).expect("a statement");
    put("mend", json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()).await.expect("put");
    assert_eq!(troubles(&world).await, []);

    world.secrets(HUB).update_secret().secret_id(TOKEN).kms_key_id("gone").send().await.expect("updated");
    is_found(&world, "no key", (Failed, HUB_TITLE, "KMS key gone", "there is no such key", &["update-secret"])).await;
}

#[tokio::test]
async fn a_bucket_that_cannot_hold_the_audit_log_is_said() {
    let world = World::with(&audited(), |_| {}).await;
    let found = (Failed, HUB_TITLE, BUCKET, "there is no such bucket", &["--object-lock-enabled-for-bucket"][..]);
    is_found(&world, "no bucket", found).await;

    let s3 = world.s3(HUB);
    let here = CreateBucketConfiguration::builder().location_constraint(REGION.into()).build();
    let call = s3.create_bucket().bucket(BUCKET).create_bucket_configuration(here).send();
    call.await.expect("made");
    let found = troubles(&world).await;
    let subjects: Vec<&str> = found.iter().map(|one| one.subject.rsplit(' ').next().expect("a word")).collect();
    assert_eq!(subjects, ["Lock", "versioning"], "{found:#?}");
    assert!(found.iter().all(|one| one.health == Failed && one.mend == found[0].mend), "one command mends both");
    s3.delete_bucket().bucket(BUCKET).send().await.expect("removed");

    let here = CreateBucketConfiguration::builder().location_constraint(REGION.into()).build();
    let call = world.s3(SPOKE).create_bucket().bucket(BUCKET).create_bucket_configuration(here).send();
    call.await.expect("made in another account");
    let found = troubles(&world).await;
    assert!(!found.is_empty() && found.iter().all(|one| one.place == HUB_TITLE), "{found:#?}");
    assert!(
        found.iter().all(|one| one.mend.as_ref().is_some_and(|mend| mend.contains("another account's?"))),
        "{found:#?}"
    );
}

#[tokio::test]
async fn a_clock_that_is_off_is_said() {
    let world = World::start().await;
    world.aws.pass_time(Duration::from_secs(200));
    let world = world.restarted();
    is_found(&world, "200 s", (Warning, "the tool itself", "clock", "behind AWS's", &["NTP"])).await;
    world.aws.pass_time(Duration::from_secs(200));
    let found = world.restarted().cloud.examine().await;
    assert!(
        found.iter().any(|one| one.subject == "clock" && one.health == Failed && one.seen.contains("refused")),
        "{found:#?}"
    );
}

#[tokio::test]
async fn without_an_identity_that_is_all_that_is_said() {
    let world = World::with(CONFIG, |seed| {
        let user = seed.accounts[0].users.iter_mut().find(|user| user.name == "genkan").expect("seeded");
        "AKIAGENKAN0000000001".clone_into(&mut user.access_key);
    })
    .await;
    is_found(&world, "another key", (Failed, "the tool itself", "sts:GetCallerIdentity", "InvalidClientTokenId", &[]))
        .await;
}
