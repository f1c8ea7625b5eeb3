//! EC2's VPCs and CodeBuild's source credentials: what one account sees and does.

use aws_sdk_codebuild::types::{AuthType, ServerType};
use aws_sdk_ec2::types::{AttributeBooleanValue, Filter, ResourceType, Tag, TagSpecification, VpcAttributeName};

use super::*;

#[tokio::test]
async fn a_vpc_is_seen_by_its_owner_only() {
    let aws = local().await;
    let (mine, theirs) = (aws_sdk_ec2::Client::new(&aws.admin(PROJECT)), aws_sdk_ec2::Client::new(&aws.admin(OTHER)));
    let tag = Tag::builder().key("Name").value("x").build();
    let spec = TagSpecification::builder().resource_type(ResourceType::Vpc).tags(tag.clone()).build();
    let made = mine
        .create_vpc()
        .cidr_block("10.5.1.2/16")
        .tag_specifications(spec)
        .send()
        .await
        .expect("made")
        .vpc
        .expect("it");
    let id = made.vpc_id().expect("an id");
    assert_eq!((made.cidr_block(), made.owner_id()), (Some("10.5.0.0/16"), Some(PROJECT)));
    assert_eq!(refused(mine.create_vpc().cidr_block("10.0.0.0/8").send().await), as_said(400, "InvalidVpc.Range"));

    let by_tag = Filter::builder().name("tag:Name").values("x").build();
    let seen = mine.describe_vpcs().filters(by_tag).send().await.expect("a list");
    assert_eq!(seen.vpcs().iter().filter_map(|vpc| vpc.vpc_id()).collect::<Vec<_>>(), [id]);
    assert_eq!(seen.vpcs()[0].tags(), [tag]);
    assert_eq!(mine.describe_vpcs().send().await.expect("a list").vpcs().len(), 2);
    let not_there = as_said(400, "InvalidVpcID.NotFound");
    assert_eq!(refused(theirs.describe_vpcs().vpc_ids(id).send().await), not_there);
    assert_eq!(refused(theirs.delete_vpc().vpc_id(id).send().await), not_there);
    let elsewhere = aws_sdk_ec2::Client::new(&aws.admin_in(PROJECT, "eu-west-1"));
    assert_eq!(refused(elsewhere.describe_vpcs().vpc_ids(id).send().await), not_there);
    let tagged = mine.create_tags().resources(id).tags(Tag::builder().key("more").value("y").build());
    tagged.send().await.expect("tagged");
    let by_id = Filter::builder().name("resource-id").values(id).build();
    assert_eq!(mine.describe_tags().filters(by_id).send().await.expect("a list").tags().len(), 2);
    mine.delete_vpc().vpc_id(id).send().await.expect("deleted");
    assert_eq!(refused(mine.delete_vpc().vpc_id(id).send().await), not_there);
}

#[tokio::test]
async fn dns_attributes_are_changed_one_at_a_time() {
    let aws = local().await;
    let (mine, theirs) = (aws_sdk_ec2::Client::new(&aws.admin(PROJECT)), aws_sdk_ec2::Client::new(&aws.admin(OTHER)));
    let on = |on: bool| AttributeBooleanValue::builder().value(on).build();
    let look = |name: VpcAttributeName| mine.describe_vpc_attribute().vpc_id(PROJECT_VPC).attribute(name).send();
    let hostnames = look(VpcAttributeName::EnableDnsHostnames).await.expect("a look");
    assert_eq!(hostnames.enable_dns_hostnames().and_then(|value| value.value()), Some(false));
    let both =
        mine.modify_vpc_attribute().vpc_id(PROJECT_VPC).enable_dns_hostnames(on(true)).enable_dns_support(on(true));
    assert_eq!(refused(both.send().await), as_said(400, "InvalidParameterCombination"));
    mine.modify_vpc_attribute().vpc_id(PROJECT_VPC).enable_dns_hostnames(on(true)).send().await.expect("set");
    let hostnames = look(VpcAttributeName::EnableDnsHostnames).await.expect("a look");
    assert_eq!(hostnames.enable_dns_hostnames().and_then(|value| value.value()), Some(true));
    let support = look(VpcAttributeName::EnableDnsSupport).await.expect("a look");
    assert_eq!(support.enable_dns_support().and_then(|value| value.value()), Some(true));
    let foreign = theirs.modify_vpc_attribute().vpc_id(PROJECT_VPC).enable_dns_support(on(false)).send().await;
    assert_eq!(refused(foreign), as_said(400, "InvalidVpcID.NotFound"));
    let dry = mine.delete_vpc().vpc_id(PROJECT_VPC).dry_run(true).send().await;
    assert_eq!(refused(dry), as_said(412, "DryRunOperation"));
}

#[tokio::test]
async fn one_source_credential_for_each_server_type_account_and_region() {
    let aws = local().await;
    let client = |account: &str, region: &str| aws_sdk_codebuild::Client::new(&aws.admin_in(account, region));
    let mine = client(PROJECT, REGION);
    let import = |auth: AuthType, token: &str| {
        mine.import_source_credentials().server_type(ServerType::Github).auth_type(auth).token(token)
    };
    let first =
        import(AuthType::PersonalAccessToken, "made-up").should_overwrite(false).send().await.expect("imported");
    let arn = "arn:aws:codebuild:ap-northeast-1:222222222222:token/github";
    assert_eq!(first.arn(), Some(arn));
    let second = import(AuthType::PersonalAccessToken, "other").should_overwrite(false).send().await;
    assert_eq!(refused(second), as_said(400, "ResourceAlreadyExistsException"));
    assert_eq!(
        aws.lines(PROJECT, "codebuild"),
        [format!("codebuild source credential {arn} PERSONAL_ACCESS_TOKEN import 1")]
    );
    import(AuthType::PersonalAccessToken, "other").send().await.expect("it overwrites unless told not to");
    let seen = mine.list_source_credentials().send().await.expect("a list");
    assert!(!format!("{seen:?}").contains("other"));

    assert_eq!(
        refused(import(AuthType::SecretsManager, "made-up").send().await),
        as_said(400, "InvalidInputException")
    );
    let secret = "arn:aws:secretsmanager:ap-northeast-1:222222222222:secret:TOKEN-abcdef";
    import(AuthType::SecretsManager, secret).send().await.expect("imported");
    let seen = mine.list_source_credentials().send().await.expect("a list");
    let [info] = seen.source_credentials_infos() else { panic!("one: {seen:?}") };
    assert_eq!((info.auth_type(), info.resource()), (Some(&AuthType::SecretsManager), Some(secret)));

    for other in [client(OTHER, REGION), client(PROJECT, "eu-west-1")] {
        assert!(other.list_source_credentials().send().await.expect("a list").source_credentials_infos().is_empty());
        let foreign = other.delete_source_credentials().arn(arn).send().await;
        assert_eq!(refused(foreign), as_said(400, "ResourceNotFoundException"));
    }
    mine.delete_source_credentials().arn(arn).send().await.expect("deleted");
    assert_eq!(
        refused(mine.delete_source_credentials().arn(arn).send().await),
        as_said(400, "ResourceNotFoundException")
    );
}
