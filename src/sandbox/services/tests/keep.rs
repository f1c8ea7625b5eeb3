//! What a restart keeps, and what two local AWS's in one process do not share.

use aws_sdk_route53::types::{Vpc, VpcRegion};

use super::*;

#[tokio::test]
async fn a_restart_keeps_everything() {
    let aws = local().await;
    let project = aws.admin(PROJECT);
    let s3 = aws_sdk_s3::config::Builder::from(&aws.admin_in(PROJECT, "us-east-1")).force_path_style(true).build();
    let s3 = aws_sdk_s3::Client::from_conf(s3);
    s3.create_bucket().bucket("kept").send().await.expect("a bucket");
    s3.put_object().bucket("kept").key("k").body(b"bytes".to_vec().into()).send().await.expect("an object");
    aws_sdk_ecr::Client::new(&project).create_repository().repository_name("repo").send().await.expect("a repository");
    let secrets = aws_sdk_secretsmanager::Client::new(&project);
    secrets.create_secret().name("S").secret_string("x").send().await.expect("a secret");
    secrets.delete_secret().secret_id("S").send().await.expect("scheduled");
    let import = aws_sdk_codebuild::Client::new(&project).import_source_credentials().token("t");
    import.server_type("GITHUB".into()).auth_type("PERSONAL_ACCESS_TOKEN".into()).send().await.expect("imported");
    let vpc = Vpc::builder().vpc_id(PROJECT_VPC).vpc_region(VpcRegion::from(REGION)).build();
    let zone = aws.route53(PLATFORM);
    zone.create_vpc_association_authorization().hosted_zone_id(ZONE).vpc(vpc).send().await.expect("authorised");

    let saved = aws.services.snapshot();
    let later = empty().await;
    later.services.restore(&saved).expect("it can be read");
    let (before, after) = (aws.services.inventory(), later.services.inventory());
    assert_eq!(before.to_string(), after.to_string());
    for line in [
        "s3 bucket kept holding 1 object versions",
        "ecr repository repo in",
        "secret S in",
        "codebuild source",
        "ssm parameter",
        "ec2 vpc",
        "route53 association",
    ] {
        assert!(after.to_string().contains(line), "{line} in {after}");
    }
    let s3 = aws_sdk_s3::config::Builder::from(&later.admin_in(PROJECT, "us-east-1")).force_path_style(true).build();
    let object =
        aws_sdk_s3::Client::from_conf(s3).get_object().bucket("kept").key("k").send().await.expect("the object");
    assert_eq!(object.body.collect().await.expect("bytes").to_vec(), b"bytes");
    let open = later.route53(PLATFORM).list_vpc_association_authorizations().hosted_zone_id(ZONE).send().await;
    assert_eq!(open.expect("a list").vpcs().len(), 1);
    assert!(empty().await.services.restore(&serde_json::json!({})).is_err());
}

#[tokio::test]
async fn two_in_one_process_share_nothing() {
    let (one, two) = (local().await, local().await);
    let before = two.services.inventory();
    aws_sdk_ec2::Client::new(&one.admin(PROJECT)).delete_vpc().vpc_id(PROJECT_VPC).send().await.expect("deleted");
    assert!(one.lines(PROJECT, "ec2").is_empty());
    assert!(before.diff(&two.services.inventory()).is_empty());
}

#[tokio::test]
async fn a_seed_that_aws_would_refuse_is_refused() {
    let aws = local().await;
    let again = aws.services.seed(&SeedAccount { vpcs: vec![vpc(PROJECT_VPC)], ..account(OTHER) }).await;
    assert_eq!(again, Err(format!("{PROJECT_VPC} is there already")));
    let zone = SeedZone { id: "Z9".into(), name: "x".into(), vpc_id: PROJECT_VPC.into(), vpc_region: REGION.into() };
    assert!(aws.services.seed(&SeedAccount { zones: vec![zone], ..account(OTHER) }).await.is_err(), "a foreign VPC");
    assert!(aws.services.seed(&account("999999999999")).await.is_err());
}
