//! What the tool does with its permissions, in chapters: each kind made, changed, taken over and removed; and the doctor.

use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, ObjectOwnership as Ownership, OwnershipControls,
    OwnershipControlsRule,
};
use futures::future::BoxFuture;
use genkan::engine::cloud::Work;
use genkan::engine::{Ask, Cloud, CloudError, Progress};
use genkan::model::finding::Health;
use genkan::model::resource::{AuthType, BucketEncryption};
use genkan::model::{Observed, Owner, Spec};
use genkan::plan::diff::changes;

use crate::kinds::ssm_parameter::parameter;
use crate::kinds::zone_association::association;
use crate::kinds::{bucket, copy, credential, ecr, repository, s3, secret, slot};
use crate::world::{HUB, PARAMETER, PLAIN_VPC, REGION, SPOKE, TOKEN, World};

/// The name of a step or a check, and what came of it instead.
pub type Broken = (&'static str, String);

/// A story that is told to its end, or breaks.
pub type Chapter = (&'static str, for<'a> fn(&'a World) -> BoxFuture<'a, Result<(), Broken>>);

pub const CHAPTERS: [Chapter; 9] = [
    ("repository", |world| Box::pin(a_repository(world))),
    ("bucket", |world| Box::pin(a_bucket(world))),
    ("bucket by hand", |world| Box::pin(a_bucket_by_hand(world))),
    ("bucket of another", |world| Box::pin(a_bucket_of_another(world))),
    ("secret", |world| Box::pin(a_secret(world))),
    ("secret under a key", |world| Box::pin(a_secret_under_a_key(world))),
    ("credential", |world| Box::pin(a_credential(world))),
    ("association", |world| Box::pin(an_association(world))),
    ("doctor", |world| Box::pin(the_doctor(world))),
];

/// A lifecycle policy.
const RULES: &str = r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"imageCountMoreThan","countNumber":10},"action":{"type":"expire"}}]}"#;

type Told = Result<(), Broken>;

/// Looks, does what differs, and looks whether it is as it should be.
async fn bring(world: &World, name: &'static str, ask: &mut Ask, adopt: bool) -> Told {
    let at = |error: CloudError| (name, error.to_string());
    ask.removing = false;
    let resource = world.resource(ask);
    let work = match resource.observe().await.map_err(at)? {
        Observed::Absent => Work::Create,
        Observed::Ours { spec, .. } => Work::Converge { changes: changes(&ask.spec, &spec), adopt: false },
        Observed::Foreign { spec: Some(spec), owner: Owner::Unmarked, .. } if adopt => {
            Work::Converge { changes: changes(&ask.spec, &spec), adopt: true }
        }
        Observed::Leaving { .. } if adopt => Work::Converge { changes: vec![], adopt: true },
        other => return Err((name, format!("found {other:?}"))),
    };
    match resource.apply(&work).await.map_err(at)? {
        Progress::Done(outputs) => ask.remembered = Some(outputs),
        Progress::Waiting { on, .. } => return Err((name, format!("waits for {on}"))),
    }
    match world.look(ask).await.map_err(at)? {
        Observed::Ours { spec, .. } if changes(&ask.spec, &spec).is_empty() => Ok(()),
        other => Err((name, format!("became {other:?}"))),
    }
}

/// Removes it and looks whether it is gone.
async fn remove(world: &World, name: &'static str, ask: &mut Ask) -> Told {
    let at = |error: CloudError| (name, error.to_string());
    ask.removing = true;
    let resource = world.resource(ask);
    resource.observe().await.map_err(at)?;
    resource.remove(true).await.map_err(at)?;
    match world.look(ask).await.map_err(at)? {
        Observed::Absent | Observed::Leaving { .. } => Ok(()),
        other => Err((name, format!("is still there: {other:?}"))),
    }
}

async fn a_repository(world: &World) -> Told {
    let mut spec = repository();
    spec.lifecycle_policy = Some(RULES.to_owned());
    let mut ask = ecr(spec.clone());
    bring(world, "a repository is made", &mut ask, false).await?;
    let ecr = aws_sdk_ecr::Client::new(&world.admin(SPOKE));
    let mutable = aws_sdk_ecr::types::ImageTagMutability::Mutable;
    let put = ecr.put_image_tag_mutability().repository_name(&spec.name).image_tag_mutability(mutable);
    put.send().await.expect("changed by hand");
    let scanning = aws_sdk_ecr::types::ImageScanningConfiguration::builder().scan_on_push(false).build();
    let put = ecr.put_image_scanning_configuration().repository_name(&spec.name);
    put.image_scanning_configuration(scanning).send().await.expect("changed by hand");
    bring(world, "a repository is brought back", &mut ask, false).await?;
    spec.lifecycle_policy = Some(String::new());
    ask.spec = Spec::EcrRepository(spec);
    bring(world, "a lifecycle policy is taken away", &mut ask, false).await?;
    remove(world, "a repository is removed", &mut ask).await
}

async fn a_bucket(world: &World) -> Told {
    let mut spec = bucket();
    spec.versioning = Some(true);
    let mut ask = s3(spec.clone());
    bring(world, "a bucket is made", &mut ask, false).await?;
    let admin = world.s3(SPOKE);
    let name = spec.name.clone();
    admin.put_object().bucket(&name).key("a").body(b"data".to_vec().into()).send().await.expect("written");
    admin.create_multipart_upload().bucket(&name).key("b").send().await.expect("begun");
    remove(world, "a bucket is emptied and removed", &mut ask).await
}

async fn a_bucket_by_hand(world: &World) -> Told {
    let mut spec = bucket();
    spec.encryption = BucketEncryption::Kms;
    by_hand(world, SPOKE, &spec.name).await;
    let admin = world.s3(SPOKE);
    admin.delete_public_access_block().bucket(&spec.name).send().await.expect("changed by hand");
    let rule = OwnershipControlsRule::builder().object_ownership(Ownership::ObjectWriter).build().expect("a rule");
    let controls = OwnershipControls::builder().rules(rule).build().expect("rules");
    let put = admin.put_bucket_ownership_controls().bucket(&spec.name).ownership_controls(controls);
    put.send().await.expect("changed by hand");
    bring(world, "a bucket is taken over", &mut s3(spec), true).await
}

async fn by_hand(world: &World, account: &str, name: &str) {
    let region = BucketLocationConstraint::from(REGION);
    let configuration = CreateBucketConfiguration::builder().location_constraint(region).build();
    let create = world.s3(account).create_bucket().bucket(name).create_bucket_configuration(configuration);
    create.send().await.expect("made by hand");
}

async fn a_bucket_of_another(world: &World) -> Told {
    by_hand(world, HUB, &bucket().name).await;
    match world.look(&s3(bucket())).await {
        Ok(Observed::Foreign { owner: Owner::AnotherAccount, .. }) => Ok(()),
        other => Err(("a name that another account has is seen", format!("{other:?}"))),
    }
}

async fn a_secret(world: &World) -> Told {
    let mut ask = secret(copy());
    bring(world, "a secret is copied", &mut ask, false).await?;
    let source = world.secrets(HUB);
    let first = source.describe_secret().secret_id(TOKEN).send().await.expect("there").version_ids_to_stages;
    let first = first.unwrap_or_default().into_keys().next().expect("a version");
    let put = source.put_secret_value().secret_id(TOKEN).secret_string("another").send().await.expect("written");
    bring(world, "a new version is copied", &mut ask, false).await?;
    let back = source.update_secret_version_stage().secret_id(TOKEN).version_stage("AWSCURRENT");
    let back = back.move_to_version_id(first).set_remove_from_version_id(put.version_id);
    back.send().await.expect("taken back by hand");
    bring(world, "an earlier version is made current again", &mut ask, false).await?;
    let admin = world.secrets(SPOKE);
    admin.put_secret_value().secret_id(TOKEN).secret_string("by hand").send().await.expect("written by hand");
    remove(world, "a copy is scheduled for deletion", &mut ask).await?;
    bring(world, "a copy is restored", &mut ask, true).await
}

async fn a_secret_under_a_key(world: &World) -> Told {
    let (hub, spoke) = (a_key(world, HUB).await, a_key(world, SPOKE).await);
    world.secrets(HUB).update_secret().secret_id(TOKEN).kms_key_id(hub).send().await.expect("under a key");
    let create = world.secrets(SPOKE).create_secret().name(TOKEN).secret_string("by hand").kms_key_id(spoke);
    create.send().await.expect("made by hand");
    bring(world, "a secret under a key is copied to one under a key", &mut secret(copy()), true).await?;
    bring(world, "a credential is imported from a secret under a key", &mut slot(credential()), false).await
}

/// A key of the customer's, by ARN.
async fn a_key(world: &World, account: &str) -> String {
    let made = aws_sdk_kms::Client::new(&world.admin(account)).create_key().send().await.expect("made");
    made.key_metadata.and_then(|key| key.arn).expect("an ARN")
}

async fn a_credential(world: &World) -> Told {
    bring(world, "a secret is copied", &mut secret(copy()), false).await?;
    let mut ask = slot(credential());
    bring(world, "a credential is imported", &mut ask, false).await?;
    remove(world, "a credential is removed", &mut ask).await?;
    let mut spec = credential();
    spec.auth_type = AuthType::SecretsManager;
    let mut ask = slot(spec);
    ask.remembered = None;
    bring(world, "a credential that names the secret is imported", &mut ask, false).await
}

async fn an_association(world: &World) -> Told {
    match world.look(&parameter(PARAMETER)).await {
        Ok(Observed::Foreign { .. }) => {}
        other => return Err(("a VPC's id is read", format!("{other:?}"))),
    }
    let mut ask = association(SPOKE, PLAIN_VPC);
    bring(world, "a VPC is associated", &mut ask, false).await?;
    let open = world.lines_of(HUB, "route53 open authorisation");
    if !open.is_empty() {
        return Err(("the authorisation is withdrawn", open.join(", ")));
    }
    remove(world, "a VPC is shown out", &mut ask).await
}

async fn the_doctor(world: &World) -> Told {
    let key = a_key(world, HUB).await;
    world.secrets(HUB).update_secret().secret_id(TOKEN).kms_key_id(key).send().await.expect("under a key");
    // What it cannot find out it warns of.
    let ill = world.cloud.examine().await.into_iter().find(|finding| finding.health != Health::Ok);
    ill.map_or(Ok(()), |finding| Err(("genkan doctor", format!("{}: {}", finding.subject, finding.seen))))
}
