//! Every service through its own SDK client: allowed where a policy says so, refused in the service's own words where none does.

use aws_sdk_codebuild::types::{AuthType, ServerType};
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};

use super::*;

/// The spoke with a role that may do nothing, and one that may use what is called `mine`.
async fn with_roles() -> LocalAws {
    let mut seed = seed();
    let trust = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": "*" } } });
    let statements = json!([
        { "Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::mine-bucket", "arn:aws:s3:::mine-bucket/*"] },
        { "Effect": "Allow", "Action": "ecr:*", "Resource": "arn:aws:ecr:*:*:repository/mine-*" },
        { "Effect": "Allow", "Action": "secretsmanager:*", "Resource": "arn:aws:secretsmanager:*:*:secret:MINE*" },
        { "Effect": "Allow", "Action": ["codebuild:ListSourceCredentials", "codebuild:ImportSourceCredentials", "ec2:DescribeVpcs"], "Resource": "*" },
    ]);
    let role = |name: &str, policies| SeedRole {
        name: name.into(),
        trust: trust.clone(),
        policies,
        max_session_seconds: 3600,
    };
    let policy = ("p".to_owned(), json!({ "Version": "2012-10-17", "Statement": statements }));
    seed.accounts[1].roles.extend([role("open", vec![policy]), role("shut", Vec::new())]);
    let may = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*" } });
    seed.accounts[0].users[0].policies.push(("more".into(), may));
    LocalAws::start(seed).await.expect("the seed is sound")
}

async fn role(aws: &LocalAws, name: &str) -> SdkConfig {
    let arn = format!("arn:aws:iam::{SPOKE}:role/{name}");
    let given = sts_of(aws, keys(BOT)).assume_role().role_arn(arn).role_session_name("run-1").send().await;
    config(aws, session(&given.expect("assumed")))
}

#[tokio::test]
async fn s3_with_a_bucket_in_the_host_or_in_the_path() {
    let aws = with_roles().await;
    let open = role(&aws, "open").await;
    let path_style = aws_sdk_s3::config::Builder::from(&open).force_path_style(true).build();
    let host_style = aws_sdk_s3::Client::new(&open);
    let tokyo =
        CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::ApNortheast1).build();
    let made = host_style.create_bucket().bucket("mine-bucket").create_bucket_configuration(tokyo).send().await;
    made.expect("made");
    host_style.head_bucket().bucket("mine-bucket").send().await.expect("there");
    let put = host_style.put_object().bucket("mine-bucket").key("a/b.txt").body(b"hello".to_vec().into());
    put.send().await.expect("a body with a trailing checksum");
    let got = aws_sdk_s3::Client::from_conf(path_style).get_object().bucket("mine-bucket").key("a/b.txt").send().await;
    let body = got.expect("got").body.collect().await.expect("a body").into_bytes();
    assert_eq!(&body[..], b"hello");
    let missing = host_style.get_object().bucket("mine-bucket").key("none").send().await;
    assert_eq!(refusal(missing).0, "NoSuchKey");
    assert_eq!(refusal(host_style.delete_bucket().bucket("other-bucket").send().await).0, "AccessDenied");
    let shut = aws_sdk_s3::Client::new(&role(&aws, "shut").await);
    let denied = shut.head_bucket().bucket("mine-bucket").send().await.expect_err("denied");
    assert_eq!(denied.raw_response().map(|raw| raw.status().as_u16()), Some(403));
}

#[tokio::test]
async fn ecr_secrets_codebuild_and_ec2_under_iam() {
    let aws = with_roles().await;
    let (open, shut) = (role(&aws, "open").await, role(&aws, "shut").await);

    let ecr = aws_sdk_ecr::Client::new(&open);
    ecr.create_repository().repository_name("mine-dev-algorithm").send().await.expect("made");
    let found = ecr.describe_repositories().repository_names("mine-dev-algorithm").send().await.expect("there");
    assert_eq!(found.repositories()[0].registry_id(), Some(SPOKE));
    assert_eq!(refusal(ecr.create_repository().repository_name("other").send().await).0, "AccessDeniedException");

    let secrets = aws_sdk_secretsmanager::Client::new(&open);
    secrets.create_secret().name("MINE_TOKEN").secret_string("made-up").send().await.expect("made");
    let value = secrets.get_secret_value().secret_id("MINE_TOKEN").send().await.expect("there");
    assert_eq!(value.secret_string(), Some("made-up"));
    assert_eq!(refusal(secrets.get_secret_value().secret_id("OTHER").send().await).0, "AccessDeniedException");
    let denied = aws_sdk_secretsmanager::Client::new(&shut).get_secret_value().secret_id("MINE_TOKEN").send().await;
    assert_eq!(refusal(denied).0, "AccessDeniedException");

    let codebuild = aws_sdk_codebuild::Client::new(&open);
    let import = codebuild.import_source_credentials().token("made-up").server_type(ServerType::Github);
    import.auth_type(AuthType::PersonalAccessToken).send().await.expect("imported");
    let listed = codebuild.list_source_credentials().send().await.expect("listed");
    let arn = listed.source_credentials_infos()[0].arn().expect("an ARN").to_owned();
    assert_eq!(refusal(codebuild.delete_source_credentials().arn(arn).send().await).0, "AccessDeniedException");

    aws_sdk_ec2::Client::new(&open).describe_vpcs().send().await.expect("allowed");
    let (code, message) = refusal(aws_sdk_ec2::Client::new(&shut).describe_vpcs().send().await);
    assert_eq!(code, "UnauthorizedOperation");
    assert!(message.contains("is not authorized to perform: ec2:DescribeVpcs"), "{message}");
    assert!(!serde_json::to_string(&aws.log().calls()).unwrap().contains("made-up"));
}

#[tokio::test]
async fn unknown_keys_are_refused_by_each_in_its_own_words() {
    let aws = with_roles().await;
    let nobody = config(&aws, keys(("AKIANOBODY0000000000", "x")));
    assert_eq!(refusal(aws_sdk_s3::Client::new(&nobody).list_buckets().send().await).0, "InvalidAccessKeyId");
    assert_eq!(refusal(aws_sdk_ec2::Client::new(&nobody).describe_vpcs().send().await).0, "AuthFailure");
    assert_eq!(
        refusal(aws_sdk_route53::Client::new(&nobody).list_hosted_zones().send().await).0,
        "InvalidClientTokenId"
    );
    let secret = aws_sdk_secretsmanager::Client::new(&nobody).get_secret_value().secret_id("MINE_TOKEN").send().await;
    assert_eq!(refusal(secret).0, "UnrecognizedClientException");
    let listed = aws_sdk_codebuild::Client::new(&nobody).list_source_credentials().send().await;
    assert_eq!(refusal(listed).0, "UnrecognizedClientException");
    assert_eq!(
        refusal(aws_sdk_ecr::Client::new(&nobody).describe_repositories().send().await).0,
        "UnrecognizedClientException"
    );
    assert_eq!(
        refusal(sts_of(&aws, keys(("AKIANOBODY0000000000", "x"))).get_caller_identity().send().await).0,
        "InvalidClientTokenId"
    );
}

#[tokio::test]
async fn all_of_it_comes_back_after_a_restart() {
    let aws = with_roles().await;
    let open = role(&aws, "open").await;
    let tokyo =
        CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::ApNortheast1).build();
    let bucket =
        aws_sdk_s3::Client::new(&open).create_bucket().bucket("mine-bucket").create_bucket_configuration(tokyo);
    bucket.send().await.expect("made");
    aws_sdk_ecr::Client::new(&open).create_repository().repository_name("mine-dev").send().await.expect("made");
    aws_sdk_secretsmanager::Client::new(&open)
        .create_secret()
        .name("MINE")
        .secret_string("v")
        .send()
        .await
        .expect("made");
    let dir = tempfile::tempdir().expect("a directory");
    aws.save(dir.path()).await.expect("saved");
    aws.save(dir.path()).await.expect("saved again in its place");
    let again = LocalAws::restore(dir.path()).await.expect("readable").expect("saved");
    assert_eq!(again.inventory(), aws.inventory());
    let secrets = aws_sdk_secretsmanager::Client::new(&role(&again, "open").await);
    let value = secrets.get_secret_value().secret_id("MINE").send().await.expect("there");
    assert_eq!(value.secret_string(), Some("v"));
}
