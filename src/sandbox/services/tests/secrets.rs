//! Secrets Manager and SSM: tokens that are version ids, scheduled deletion, SecureStrings.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::types::Tag;
use aws_sdk_ssm::types::ParameterType;

use super::*;

fn token(letter: &str) -> String {
    letter.repeat(32)
}

#[tokio::test]
async fn the_token_is_the_version_id_and_a_repeat_is_the_same() {
    let aws = local().await;
    let mine = Client::new(&aws.admin(PROJECT));
    let create = |value: &str, token: String| {
        let tag = Tag::builder().key("k").value("v").build();
        mine.create_secret().name("TOKEN").secret_string(value).client_request_token(token).tags(tag).send()
    };
    let made = create("one", token("a")).await.expect("made");
    assert_eq!(made.version_id(), Some(token("a").as_str()));
    assert_eq!(create("one", token("a")).await.expect("the same again").arn(), made.arn());
    assert_eq!(refused(create("two", token("a")).await), as_said(400, "ResourceExistsException"));
    assert_eq!(refused(create("one", token("b")).await), as_said(400, "ResourceExistsException"));

    let put = |value: &str, token: String| {
        mine.put_secret_value().secret_id("TOKEN").secret_string(value).client_request_token(token).send()
    };
    put("two", token("b")).await.expect("a new version");
    put("two", token("b")).await.expect("the same again");
    assert_eq!(refused(put("three", token("b")).await), as_said(400, "ResourceExistsException"));
    put("three", token("c")).await.expect("a third version");
    let seen = mine.describe_secret().secret_id("TOKEN").send().await.expect("there");
    let stages = seen.version_ids_to_stages().expect("versions");
    assert_eq!(stages.get(&token("c")), Some(&vec!["AWSCURRENT".to_owned()]));
    assert_eq!(stages.get(&token("b")), Some(&vec!["AWSPREVIOUS".to_owned()]));
    assert_eq!(stages.len(), 2, "a version without a stage is not shown");
    assert_eq!(seen.tags()[0].key(), Some("k"));

    let update = |value: &str, token: String| {
        mine.update_secret().secret_id("TOKEN").secret_string(value).client_request_token(token).send()
    };
    assert_eq!(
        refused(update("three", token("c")).await),
        as_said(400, "ResourceExistsException"),
        "even the same value"
    );
    assert_eq!(update("four", token("d")).await.expect("a fourth").version_id(), Some(token("d").as_str()));
    let value = mine.get_secret_value().secret_id(made.arn().expect("an ARN")).send().await.expect("the value");
    assert_eq!((value.secret_string(), value.version_id()), (Some("four"), Some(token("d").as_str())));
    let foreign = Client::new(&aws.admin(OTHER)).get_secret_value().secret_id(made.arn().expect("an ARN")).send().await;
    assert_eq!(refused(foreign), as_said(400, "AccessDeniedException"));
    let stage = mine.get_secret_value().secret_id("TOKEN").version_stage("NONE").send().await;
    assert_eq!(refused(stage), as_said(400, "ResourceNotFoundException"));
    assert_eq!(aws.lines(PROJECT, "secret"), [format!("secret TOKEN in {REGION} version {}", token("d"))]);
}

#[tokio::test]
async fn a_scheduled_secret_holds_its_name() {
    let aws = local().await;
    let mine = Client::new(&aws.admin(PROJECT));
    let create = || mine.create_secret().name("TOKEN").secret_string("one").client_request_token(token("a")).send();
    create().await.expect("made");
    mine.restore_secret().secret_id("TOKEN").send().await.expect("a live one stays as it is");
    mine.delete_secret().secret_id("TOKEN").recovery_window_in_days(7).send().await.expect("scheduled");
    assert!(aws.lines(PROJECT, "secret")[0].ends_with("scheduled for deletion"));
    assert_eq!(refused(create().await), as_said(400, "InvalidRequestException"), "even with the same token and value");
    assert_eq!(
        refused(mine.get_secret_value().secret_id("TOKEN").send().await),
        as_said(400, "InvalidRequestException")
    );
    let put = mine.put_secret_value().secret_id("TOKEN").secret_string("x").send().await;
    assert_eq!(refused(put), as_said(400, "InvalidRequestException"));
    let again = mine.delete_secret().secret_id("TOKEN").send().await;
    assert_eq!(refused(again), as_said(400, "InvalidRequestException"));
    let seen = mine.describe_secret().secret_id("TOKEN").send().await.expect("still there");
    assert!(seen.deleted_date().is_some());
    mine.restore_secret().secret_id("TOKEN").send().await.expect("restored");
    assert!(mine.describe_secret().secret_id("TOKEN").send().await.expect("there").deleted_date().is_none());

    mine.delete_secret().secret_id("TOKEN").send().await.expect("scheduled");
    let force = || mine.delete_secret().secret_id("TOKEN").force_delete_without_recovery(true);
    assert_eq!(refused(force().recovery_window_in_days(7).send().await), as_said(400, "InvalidParameterException"));
    force().send().await.expect("gone at once");
    force().send().await.expect("a forced deletion never misses");
    assert_eq!(
        refused(mine.describe_secret().secret_id("TOKEN").send().await),
        as_said(400, "ResourceNotFoundException")
    );
    create().await.expect("the name is free");
}

#[tokio::test]
async fn parameters() {
    let aws = local().await;
    let (mine, theirs) = (aws_sdk_ssm::Client::new(&aws.admin(PROJECT)), aws_sdk_ssm::Client::new(&aws.admin(OTHER)));
    let get = |client: &aws_sdk_ssm::Client, name: &str| client.get_parameter().name(name).send();
    let seeded = get(&mine, "/dev/project-x/vpc-id").await.expect("seeded").parameter.expect("a parameter");
    assert_eq!(seeded.value(), Some(PROJECT_VPC));
    let arn = seeded.arn().expect("an ARN");
    assert_eq!(arn, "arn:aws:ssm:ap-northeast-1:222222222222:parameter/dev/project-x/vpc-id");
    assert_eq!(get(&mine, arn).await.expect("by its ARN").parameter.expect("it").value(), Some(PROJECT_VPC));
    assert_eq!(refused(get(&theirs, "/dev/project-x/vpc-id").await), as_said(400, "ParameterNotFound"));

    let put = || mine.put_parameter().name("/s").value("clear");
    assert_eq!(refused(put().send().await), as_said(400, "ValidationException"), "a new one needs a type");
    put().r#type(ParameterType::SecureString).send().await.expect("put");
    assert_eq!(refused(put().r#type(ParameterType::SecureString).send().await), as_said(400, "ParameterAlreadyExists"));
    let sealed = get(&mine, "/s").await.expect("there").parameter.expect("it").value.expect("a value");
    assert!(!sealed.contains("clear"));
    let open = mine.get_parameter().name("/s").with_decryption(true).send().await.expect("there");
    assert_eq!(open.parameter().and_then(|it| it.value()), Some("clear"));
    let many = mine.get_parameters().names("/s").names("/none").send().await.expect("an answer");
    assert_eq!(
        (many.parameters()[0].value(), many.invalid_parameters()),
        (Some(sealed.as_str()), &["/none".to_owned()][..])
    );
    let path = mine.get_parameters_by_path().path("/").recursive(true).send().await.expect("an answer");
    assert!(path.parameters().iter().all(|it| it.value() != Some("clear")));
    let history = mine.get_parameter_history().name("/s").send().await.expect("an answer");
    assert!(history.parameters().iter().all(|it| it.value() != Some("clear")));

    mine.delete_parameter().name("/s").send().await.expect("deleted");
    assert_eq!(refused(mine.delete_parameter().name("/s").send().await), as_said(400, "ParameterNotFound"));
}
