//! CodeBuild's source credential.

use aws_sdk_codebuild::types::{AuthType as Auth, ServerType as Server};
use genkan::engine::CloudError;
use genkan::engine::cloud::Work;
use genkan::model::resource::{AuthType, SourceCredential};
use genkan::model::{Observed, Owner};

use super::{copy, credential, secret, slot};
use crate::world::{HUB, SPOKE, TOKEN, VERSION, World};

async fn with_secret() -> World {
    let world = World::start().await;
    world.settle(&secret(copy())).await.expect("the secret is copied");
    world
}

fn client(world: &World) -> aws_sdk_codebuild::Client {
    aws_sdk_codebuild::Client::new(&world.admin(SPOKE))
}

#[tokio::test]
async fn it_is_imported_and_imported_again_when_the_secret_has_a_new_version() {
    let world = with_secret().await;
    let mut ask = slot(credential());
    let outputs = world.settle(&ask).await.expect("imported").expect("something was done");
    assert_eq!((outputs["version"].as_str(), outputs["secret"].as_str()), (VERSION, TOKEN));
    assert_eq!((outputs["server_type"].as_str(), outputs["auth_type"].as_str()), ("GITHUB", "PERSONAL_ACCESS_TOKEN"));
    ask.remembered = Some(outputs);
    assert_eq!(world.settle(&ask).await, Ok(None));

    let put = world.secrets(HUB).put_secret_value().secret_id(TOKEN).secret_string("another");
    let version = put.send().await.expect("rotated").version_id.expect("a version");
    world.settle(&secret(copy())).await.expect("followed");
    let outputs = world.settle(&ask).await.expect("imported again").expect("something was done");
    assert_eq!(outputs["version"], version);
    ask.remembered = Some(outputs);
    assert_eq!(world.settle(&ask).await, Ok(None));
}

#[tokio::test]
async fn by_the_secrets_arn_a_rotation_needs_nothing() {
    let world = with_secret().await;
    let mut ask = slot(SourceCredential { auth_type: AuthType::SecretsManager, ..credential() });
    let outputs = world.settle(&ask).await.expect("imported").expect("something was done");
    assert_eq!(outputs["auth_type"], "SECRETS_MANAGER");
    ask.remembered = Some(outputs);
    world.secrets(SPOKE).put_secret_value().secret_id(TOKEN).secret_string("another").send().await.expect("rotated");
    assert_eq!(world.settle(&ask).await, Ok(None));
    let calls = world.aws.log().calls();
    let read = calls.iter().filter(|call| call.operation == "GetSecretValue" && call.account == SPOKE);
    assert_eq!(read.count(), 0, "the token itself was not read for it");

    let mut pat = slot(credential());
    pat.remembered = ask.remembered.clone();
    world.settle(&pat).await.expect("changed").expect("the other way of authentication");
    assert!(matches!(world.look(&pat).await, Ok(Observed::Ours { .. })));
}

#[tokio::test]
async fn somebody_elses_is_never_overwritten_and_never_removed() {
    let world = with_secret().await;
    let import = client(&world).import_source_credentials().token("by hand").server_type(Server::Github);
    import.auth_type(Auth::PersonalAccessToken).send().await.expect("imported by hand");
    let ask = slot(credential());
    let seen = world.look(&ask).await;
    assert!(matches!(seen, Ok(Observed::Foreign { owner: Owner::Unmarked, spec: Some(_), .. })), "{seen:?}");
    let mark = world.aws.log().mark();
    let created = world.resource(&ask).apply(&Work::Create).await;
    assert!(matches!(created, Err(CloudError::Blocked { .. })), "{created:?}");
    let converged = world.resource(&ask).apply(&Work::Converge { changes: vec![], adopt: false }).await;
    assert!(matches!(converged, Err(CloudError::Blocked { .. })), "{converged:?}");
    let removed = world.resource(&ask).remove(true).await;
    assert!(matches!(removed, Err(CloudError::Blocked { .. })), "{removed:?}");
    let accepted = world.aws.log().changing_calls_since(mark).into_iter().filter(|call| call.status == Some(200));
    assert_eq!(accepted.count(), 0, "nothing was changed");

    let mut taken = ask.clone();
    taken.remembered = Some(world.adopt(&ask).await.expect("taken over"));
    assert_eq!(world.settle(&taken).await, Ok(None));
    world.remove(&taken, false).await.expect("removed");
    assert_eq!(world.look(&taken).await, Ok(Observed::Absent));
}

#[tokio::test]
async fn without_the_secret_nothing_is_imported() {
    let world = World::start().await;
    for auth_type in [AuthType::PersonalAccessToken, AuthType::SecretsManager] {
        let made = world.settle(&slot(SourceCredential { auth_type, ..credential() })).await;
        let Err(CloudError::Blocked { why, .. }) = made else { panic!("{made:?}") };
        assert!(why.contains(TOKEN) && why.contains(SPOKE), "{why}");
    }
    assert!(world.lines("codebuild").is_empty());
}

#[tokio::test]
async fn one_of_another_sort_is_foreign_also_where_ours_was_before() {
    let world = with_secret().await;
    let mut ask = slot(credential());
    ask.remembered = world.settle(&ask).await.expect("imported");
    let connection = "arn:aws:codeconnections:ap-northeast-1:222222222222:connection/made-up";
    let import = client(&world).import_source_credentials().token(connection).server_type(Server::Github);
    import.auth_type(Auth::Codeconnections).send().await.expect("imported by hand over ours");
    for begun in [false, true] {
        ask.begun = begun;
        let seen = world.look(&ask).await;
        assert!(matches!(seen, Ok(Observed::Foreign { owner: Owner::Unmarked, spec: None, .. })), "{seen:?}");
        let removed = world.remove(&ask, true).await;
        assert!(matches!(removed, Err(CloudError::Blocked { .. })), "{removed:?}");
    }
}
