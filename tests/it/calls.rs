//! How many calls an onboarding makes: each is named here, none is made twice, and the second one changes nothing.

use std::collections::BTreeMap;

use genkan::app::LocalPlatform;
use genkan::model::RequestState;
use genkan::model::plan::Direction;
use genkan::requests::Desk;
use genkan::requests::carry_out::CarriedOut;
use genkan::requests::plan::Wish;
use genkan::requests::see_through::Stay;
use genkan::requests::submit::Submitted;
use genkan::sandbox::log::Call;
use tokio::sync::watch;

use crate::world::counted;

/// A platform whose staging environment runs unattended and has its zone in an account of its own.
async fn unattended(folder: &std::path::Path) -> LocalPlatform {
    let mut platform = LocalPlatform::start(folder, &["project-x", "project-y"]).await.expect("a sound seed");
    let staging = "staging".parse().expect("a name");
    platform.config.environments.get_mut(&staging).expect("it has staging").approvals = 0;
    platform
}

/// Onboards into staging. Returns what was called, and whether there was anything to do.
async fn onboard(platform: &LocalPlatform, desk: &Desk, project: &str) -> (Vec<Call>, bool) {
    let mark = platform.aws.log().mark();
    let person = desk.who(Some("aiko")).await.expect("she is known");
    let wish = Wish {
        direction: Direction::Onboard,
        project: project.to_owned(),
        environment: "staging".to_owned(),
        adopt: vec![],
        repository: None,
        delete_data: false,
        at_once: true,
    };
    let prepared = desk.plan(&person, &wish).await.expect("a plan");
    let submitted = desk.submit(&person, &prepared, None).await.expect("nothing is in the way");
    let Submitted::Request(request) = submitted else { return (platform.aws.log().calls_since(mark), false) };
    let (_running, stop) = watch::channel(false);
    let stands =
        desk.see_through(&request.id, Some(prepared), Stay::UntilItWaits, stop).await.expect("it is carried out");
    assert_eq!(stands, CarriedOut::Ended(RequestState::Done));
    (platform.aws.log().calls_since(mark), true)
}

fn table(lines: &str) -> BTreeMap<String, usize> {
    let line = |line: &str| {
        let (action, count) = line.trim().rsplit_once(' ')?;
        Some((action.to_owned(), count.parse().expect("a count")))
    };
    lines.lines().filter_map(line).collect()
}

/// See docs/performance.md, which says of each what it is for.
const FIRST_OF_ITS_ACCOUNT: &str = "
    sts:AssumeRole 11
    secretsmanager:DescribeSecret 3
    secretsmanager:GetSecretValue 2
    secretsmanager:CreateSecret 1
    codebuild:ListSourceCredentials 1
    codebuild:ImportSourceCredentials 1
    ecr:DescribeRepositories 1
    ecr:CreateRepository 1
    s3:HeadBucket 2
    s3:CreateBucket 2
    s3:GetBucketTagging 2
    s3:GetBucketOwnershipControls 2
    s3:GetPublicAccessBlock 2
    s3:PutBucketCors 2
    ssm:GetParameter 1
    route53:ListHostedZonesByVPC 2
    route53:ListVPCAssociationAuthorizations 1
    ec2:DescribeVpcAttribute 2
    route53:CreateVPCAssociationAuthorization 1
    route53:AssociateVPCWithHostedZone 1
    route53:DeleteVPCAssociationAuthorization 1
";

#[tokio::test]
async fn an_onboarding_makes_these_calls_and_no_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let platform = unattended(folder.path()).await;
    let desk = platform.desk().await.expect("a desk");
    let (calls, did) = onboard(&platform, &desk, "project-x").await;
    assert!(did);
    assert_eq!(counted(&calls), table(FIRST_OF_ITS_ACCOUNT));
    assert_eq!(calls.iter().filter(|call| call.changing).count(), 10);
}

#[tokio::test]
async fn the_next_project_finds_what_is_the_accounts_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let platform = unattended(folder.path()).await;
    let desk = platform.desk().await.expect("a desk");
    onboard(&platform, &desk, "project-x").await;
    let (calls, _) = onboard(&platform, &desk, "project-y").await;
    let counts = counted(&calls);
    // Three readers for the request; repository, two buckets, and the association under two roles: each for its own step only.
    assert_eq!(counts["sts:AssumeRole"], 8);
    for action in ["secretsmanager:GetSecretValue", "secretsmanager:CreateSecret", "codebuild:ImportSourceCredentials"]
    {
        assert_eq!(counts.get(action), None, "{action}");
    }
    assert_eq!(calls.iter().filter(|call| call.changing).count(), 8);
}

#[tokio::test]
async fn the_very_same_again_changes_nothing_and_opens_no_session_that_could() {
    let folder = tempfile::tempdir().expect("a folder");
    let platform = unattended(folder.path()).await;
    let desk = platform.desk().await.expect("a desk");
    onboard(&platform, &desk, "project-x").await;
    let (calls, did) = onboard(&platform, &desk, "project-x").await;
    assert!(!did);
    assert_eq!(calls.iter().filter(|call| call.changing).count(), 0, "{calls:#?}");

    let another = platform.desk().await.expect("another process's desk");
    let (calls, did) = onboard(&platform, &another, "project-x").await;
    assert!(!did);
    assert_eq!(calls.iter().filter(|call| call.changing).count(), 0, "{calls:#?}");
    let opened: Vec<&Call> = calls.iter().filter(|call| call.operation == "AssumeRole").collect();
    let readers = opened.iter().filter(|call| call.resources.iter().any(|role| role.ends_with("-reader"))).count();
    // The project's account, the zone's and the secret's.
    assert_eq!((opened.len(), readers), (3, 3), "{opened:#?}");
}
