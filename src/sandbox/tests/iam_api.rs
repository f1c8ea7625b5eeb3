//! Roles can be broken and mended through the IAM API, and what was saved comes back.

use std::sync::Arc;

use awsim_core::{AwsError, RequestContext, ServiceHandler};

use super::super::iam::IamHandler;
use super::*;

async fn iam(aws: &LocalAws, operation: &str, input: Value) -> Result<Value, AwsError> {
    let mut context = RequestContext::new("iam", "us-east-1");
    context.account_id = SPOKE.to_owned();
    IamHandler(Arc::clone(&aws.inner.callers.iam)).handle(operation, input, &context).await
}

#[tokio::test]
async fn a_broken_trust_policy_refuses_and_a_mended_one_lets_in() {
    let aws = local().await;
    let role = iam(&aws, "GetRole", json!({ "RoleName": "writer" })).await.expect("there");
    let encoded = role["Role"]["AssumeRolePolicyDocument"].as_str().expect("a document").to_owned();
    assert!(encoded.starts_with("%7B"), "URL-encoded, as IAM does: {encoded}");
    let trust = |who: &str| {
        let trust = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": who } } });
        json!({ "RoleName": "writer", "PolicyDocument": trust.to_string() })
    };
    let open = session(&assume(&aws).send().await.expect("assumed"));
    iam(&aws, "UpdateAssumeRolePolicy", trust("arn:aws:iam::333333333333:root")).await.expect("updated");
    assert_eq!(refusal(assume(&aws).send().await).0, "AccessDenied");
    iam(&aws, "UpdateAssumeRolePolicy", trust(&format!("arn:aws:iam::{HUB}:user/bot"))).await.expect("updated");
    assume(&aws).send().await.expect("mended");

    let everything = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "*" } }).to_string();
    let input = json!({ "RoleName": "writer", "PolicyName": "p", "PolicyDocument": everything });
    let refused = iam(&aws, "PutRolePolicy", input).await.expect_err("a statement without a resource");
    assert_eq!(refused.code, "MalformedPolicyDocument");

    iam(&aws, "DeleteRolePolicy", json!({ "RoleName": "writer", "PolicyName": "p" })).await.expect("deleted");
    let put = put(&ssm_of(&aws, open), "/mine").await;
    assert_eq!(refusal(put).0, "AccessDeniedException", "an open session loses what its role loses");
}

#[tokio::test]
async fn the_inventory_names_roles_and_users() {
    let aws = local().await;
    let before = aws.inventory();
    assert!(before.to_string().contains("222222222222\n  iam role genkan/writer\n"), "{before}");
    iam(&aws, "DeleteRolePolicy", json!({ "RoleName": "writer", "PolicyName": "p" })).await.expect("deleted");
    let diff = before.diff(&aws.inventory());
    assert_eq!(diff.to_string(), "- 222222222222 iam role-policy genkan/writer p\n");
}

#[tokio::test]
async fn what_was_saved_comes_back_after_a_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    assert!(LocalAws::restore(dir.path()).await.expect("readable").is_none(), "nothing was saved yet");
    let aws = local().await;
    let given = session(&assume(&aws).send().await.expect("assumed"));
    aws.save(dir.path()).await.expect("saved");
    let again = LocalAws::restore(dir.path()).await.expect("readable").expect("saved");
    assert_eq!(again.inventory(), aws.inventory());
    assert_eq!(again.region(), "ap-northeast-1");
    assume(&again).send().await.expect("roles and users are there");
    assert_eq!(
        refusal(sts_of(&again, given).get_caller_identity().send().await).0,
        "InvalidClientTokenId",
        "sessions are not kept"
    );
}
