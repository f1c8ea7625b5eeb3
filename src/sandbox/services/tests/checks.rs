//! What IAM is asked for: real action names, ARNs and condition keys; and what comes of a narrow policy.

use aws_sdk_route53::types::{Vpc, VpcRegion};
use awsim_core::{ContextValue, RequestContext};
use serde_json::{Value, json};

use super::*;

/// `action resource` of every check of a call from the project's account.
fn asked(services: &Services, service: &str, operation: &str, input: Value) -> Vec<String> {
    let ctx = RequestContext::new_with_account(service, REGION, PROJECT);
    let handlers = services.handlers();
    let handler = handlers.iter().find(|handler| handler.service_name() == service).expect("a service");
    let checks = handler.iam_checks_with_context(operation, &input, &ctx);
    checks.iter().map(|check| format!("{} {}", check.action, check.resource)).collect()
}

#[tokio::test]
async fn actions_and_resources_are_those_of_aws() {
    let aws = local().await;
    let bucket = json!({ "Bucket": "b" });
    let vpc = json!({ "Id": "/hostedzone/Z1", "VPC": { "VPCId": PROJECT_VPC, "VPCRegion": REGION } });
    let cases: Vec<(&str, &str, Value, Vec<&str>)> = vec![
        ("s3", "PutBucketCors", bucket.clone(), vec!["s3:PutBucketCORS arn:aws:s3:::b"]),
        ("s3", "DeleteBucketCors", bucket.clone(), vec!["s3:PutBucketCORS arn:aws:s3:::b"]),
        ("s3", "GetBucketCors", bucket.clone(), vec!["s3:GetBucketCORS arn:aws:s3:::b"]),
        ("s3", "PutBucketEncryption", bucket.clone(), vec!["s3:PutEncryptionConfiguration arn:aws:s3:::b"]),
        ("s3", "GetBucketEncryption", bucket.clone(), vec!["s3:GetEncryptionConfiguration arn:aws:s3:::b"]),
        ("s3", "PutPublicAccessBlock", bucket.clone(), vec!["s3:PutBucketPublicAccessBlock arn:aws:s3:::b"]),
        ("s3", "HeadBucket", bucket.clone(), vec!["s3:ListBucket arn:aws:s3:::b"]),
        ("s3", "ListObjectVersions", bucket.clone(), vec!["s3:ListBucketVersions arn:aws:s3:::b"]),
        ("s3", "ListBuckets", json!({}), vec!["s3:ListAllMyBuckets *"]),
        ("s3", "CreateBucket", bucket.clone(), vec!["s3:CreateBucket arn:aws:s3:::b"]),
        (
            "s3",
            "CreateBucket",
            json!({ "Bucket": "b", "ObjectOwnership": "BucketOwnerEnforced",
                "CreateBucketConfiguration": { "Tags": { "Tag": { "Key": "k", "Value": "v" } } } }),
            vec![
                "s3:CreateBucket arn:aws:s3:::b",
                "s3:TagResource arn:aws:s3:::b",
                "s3:PutBucketOwnershipControls arn:aws:s3:::b",
            ],
        ),
        (
            "s3",
            "DeleteObjects",
            json!({ "Bucket": "b", "Delete": { "Object": [{ "Key": "x" }, { "Key": "y", "VersionId": "1" }] } }),
            vec!["s3:DeleteObject arn:aws:s3:::b/x", "s3:DeleteObjectVersion arn:aws:s3:::b/y"],
        ),
        (
            "ecr",
            "CreateRepository",
            json!({ "repositoryName": "a/b", "tags": [{ "Key": "k", "Value": "v" }] }),
            vec![
                "ecr:CreateRepository arn:aws:ecr:ap-northeast-1:222222222222:repository/a/b",
                "ecr:TagResource arn:aws:ecr:ap-northeast-1:222222222222:repository/a/b",
            ],
        ),
        ("ecr", "GetAuthorizationToken", json!({}), vec!["ecr:GetAuthorizationToken *"]),
        (
            "secretsmanager",
            "CreateSecret",
            json!({ "Name": "N" }),
            vec!["secretsmanager:CreateSecret arn:aws:secretsmanager:ap-northeast-1:222222222222:secret:N-??????"],
        ),
        (
            "ssm",
            "GetParameter",
            json!({ "Name": "/dev/p/vpc-id" }),
            vec!["ssm:GetParameter arn:aws:ssm:ap-northeast-1:222222222222:parameter/dev/p/vpc-id"],
        ),
        ("ssm", "DescribeParameters", json!({}), vec!["ssm:DescribeParameters *"]),
        ("codebuild", "ListSourceCredentials", json!({}), vec!["codebuild:ListSourceCredentials *"]),
        ("ec2", "DescribeVpcAttribute", json!({ "VpcId": PROJECT_VPC }), vec!["ec2:DescribeVpcAttribute *"]),
        (
            "ec2",
            "ModifyVpcAttribute",
            json!({ "VpcId": PROJECT_VPC }),
            vec!["ec2:ModifyVpcAttribute arn:aws:ec2:ap-northeast-1:222222222222:vpc/vpc-0project"],
        ),
        (
            "route53",
            "CreateVPCAssociationAuthorization",
            vpc.clone(),
            vec!["route53:CreateVPCAssociationAuthorization arn:aws:route53:::hostedzone/Z1"],
        ),
        (
            "route53",
            "AssociateVPCWithHostedZone",
            vpc,
            vec![
                "ec2:DescribeVpcs *",
                "route53:AssociateVPCWithHostedZone arn:aws:route53:::hostedzone/Z1",
                "route53:AssociateVPCWithHostedZone arn:aws:ec2:ap-northeast-1:222222222222:vpc/vpc-0project",
            ],
        ),
        ("route53", "GetChange", json!({ "Id": "C1" }), vec!["route53:GetChange arn:aws:route53:::change/C1"]),
        ("route53", "ListHostedZonesByVPC", json!({}), vec!["route53:ListHostedZonesByVPC *", "ec2:DescribeVpcs *"]),
    ];
    for (service, operation, input, expected) in cases {
        assert_eq!(asked(&aws.services, service, operation, input), expected, "{service} {operation}");
    }
}

#[tokio::test]
async fn condition_keys_are_those_of_aws() {
    let aws = local().await;
    let ctx = RequestContext::new_with_account("codebuild", REGION, PROJECT);
    let handlers = aws.services.handlers();
    let keys = |service: &str, operation: &str, input: Value| {
        let handler = handlers.iter().find(|handler| handler.service_name() == service).expect("a service");
        handler.iam_checks_with_context(operation, &input, &ctx).remove(0).context
    };
    let import = keys(
        "codebuild",
        "ImportSourceCredentials",
        json!({ "serverType": "GITHUB", "authType": "PERSONAL_ACCESS_TOKEN" }),
    );
    assert_eq!(import["codebuild:serverType"], ContextValue::String("GITHUB".into()));
    assert_eq!(import["codebuild:shouldOverwrite"], ContextValue::Bool(true), "AWS's default");
    let authorise = json!({ "Id": "Z1", "VPC": { "VPCId": "vpc-0ABC", "VPCRegion": REGION } });
    let authorise = keys("route53", "CreateVPCAssociationAuthorization", authorise);
    assert_eq!(authorise["route53:VPCs"], ContextValue::String(format!("VPCId=vpc-0abc,VPCRegion={REGION}")));
    let secret = keys("secretsmanager", "CreateSecret", json!({ "Name": "N", "Tags": [{ "Key": "k", "Value": "v" }] }));
    assert_eq!(secret["secretsmanager:Name"], ContextValue::String("N".into()));
    assert_eq!(secret["aws:RequestTag/k"], ContextValue::String("v".into()));
    let create = json!({ "Bucket": "b", "CreateBucketConfiguration": { "LocationConstraint": REGION } });
    assert_eq!(keys("s3", "CreateBucket", create)["s3:locationconstraint"], ContextValue::String(REGION.into()));
}

#[tokio::test]
async fn an_authoriser_may_do_that_and_nothing_else() {
    let statement = json!({ "Effect": "Allow", "Action": "route53:*VPCAssociationAuthorization",
        "Resource": format!("arn:aws:route53:::hostedzone/{ZONE}"),
        "Condition": { "StringLike": { "route53:VPCs": format!("VPCId={PROJECT_VPC},VPCRegion={REGION}") } } });
    let (_, user) = local_with_user(PLATFORM, json!([statement])).await;
    let client = aws_sdk_route53::Client::new(&user);
    let authorise = |vpc: &str| {
        let vpc = Vpc::builder().vpc_id(vpc).vpc_region(VpcRegion::from(REGION)).build();
        client.create_vpc_association_authorization().hosted_zone_id(ZONE).vpc(vpc).send()
    };
    authorise(PROJECT_VPC).await.expect("this VPC");
    assert_eq!(refused(authorise("vpc-0other").await), as_said(403, "AccessDenied"));
    assert_eq!(refused(client.get_hosted_zone().id(ZONE).send().await), as_said(403, "AccessDenied"));
    assert_eq!(refused(client.list_hosted_zones().send().await), as_said(403, "AccessDenied"));
}

#[tokio::test]
async fn a_secret_s_writer_is_held_to_one_name() {
    let statement = json!({ "Effect": "Allow", "Action": "secretsmanager:*",
        "Resource": format!("arn:aws:secretsmanager:{REGION}:{PROJECT}:secret:TOKEN-??????") });
    let (_, user) = local_with_user(PROJECT, json!([statement])).await;
    let client = aws_sdk_secretsmanager::Client::new(&user);
    client.create_secret().name("TOKEN").secret_string("x").send().await.expect("this name");
    client.get_secret_value().secret_id("TOKEN").send().await.expect("this name");
    let other = client.create_secret().name("TOKEN-other").secret_string("x").send().await;
    assert_eq!(refused(other), as_said(400, "AccessDeniedException"));
}

#[tokio::test]
async fn an_association_needs_the_right_on_the_vpc_too() {
    let on_the_zone = json!({ "Effect": "Allow", "Action": ["route53:*", "ec2:DescribeVpcs"],
        "Resource": [format!("arn:aws:route53:::hostedzone/{ZONE}"), "*"],
        "Condition": { "Null": { "route53:VPCs": "false" } } });
    let look = json!({ "Effect": "Allow", "Action": "ec2:DescribeVpcs", "Resource": "*" });
    let not_the_vpc = json!({ "Effect": "Deny", "Action": "route53:*", "Resource": "arn:aws:ec2:*:*:vpc/*" });
    let (aws, user) = local_with_user(PROJECT, json!([on_the_zone, look, not_the_vpc])).await;
    let vpc = Vpc::builder().vpc_id(PROJECT_VPC).vpc_region(VpcRegion::from(REGION)).build();
    let authorise = aws.route53(PLATFORM).create_vpc_association_authorization().hosted_zone_id(ZONE).vpc(vpc.clone());
    authorise.send().await.expect("authorised");
    let client = aws_sdk_route53::Client::new(&user);
    let join = client.associate_vpc_with_hosted_zone().hosted_zone_id(ZONE).vpc(vpc).send().await;
    assert_eq!(refused(join), as_said(401, "NotAuthorizedException"));
    let list = client.list_hosted_zones_by_vpc().vpc_id(PROJECT_VPC).vpc_region(VpcRegion::from(REGION)).send().await;
    assert!(list.expect("a list").hosted_zone_summaries().is_empty());
}
