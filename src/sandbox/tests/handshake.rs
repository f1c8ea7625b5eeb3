//! The whole VPC association across two accounts, through assumed roles, with only the permissions it needs.

use aws_sdk_route53::types::{Vpc, VpcRegion};

use super::super::faults::{Effect, Rule, When};
use super::super::seed::{SeedVpc, SeedZone};
use super::*;

const ZONE: &str = "Z0123456789PLATFORM";
const VPC_ID: &str = "vpc-0aaaaaaaaaaaaaaaa";

/// The hub owns a private zone and has an authoriser role for one VPC; the spoke owns that VPC and has a writer role.
async fn two_accounts() -> LocalAws {
    let mut seed = seed();
    let policy = |statements: Value| ("p".to_owned(), json!({ "Version": "2012-10-17", "Statement": statements }));
    let trust = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": { "AWS": format!("arn:aws:iam::{HUB}:user/bot") } } });
    let role = |name: &str, statements| SeedRole {
        name: name.into(),
        trust: trust.clone(),
        policies: vec![policy(statements)],
        max_session_seconds: 3600,
    };
    let zone_arn = format!("arn:aws:route53:::hostedzone/{ZONE}");
    let authoriser = role(
        "authoriser",
        json!([
            { "Effect": "Allow", "Action": ["route53:CreateVPCAssociationAuthorization", "route53:DeleteVPCAssociationAuthorization"],
              "Resource": zone_arn, "Condition": { "ForAllValues:StringEquals": { "route53:VPCs": format!("VPCId={VPC_ID},VPCRegion=ap-northeast-1") },
                                                   "Null": { "route53:VPCs": "false" } } },
            { "Effect": "Allow", "Action": ["route53:ListVPCAssociationAuthorizations", "route53:GetHostedZone"], "Resource": zone_arn },
        ]),
    );
    let writer = role(
        "vpc-writer",
        json!([
            { "Effect": "Allow", "Action": ["route53:AssociateVPCWithHostedZone", "route53:DisassociateVPCFromHostedZone"],
              "Resource": ["arn:aws:route53:::hostedzone/*", format!("arn:aws:ec2:*:{SPOKE}:vpc/*")] },
            { "Effect": "Allow", "Action": ["route53:ListHostedZonesByVPC", "ec2:DescribeVpcs"], "Resource": "*" },
        ]),
    );
    let blind = role(
        "no-vpc-writer",
        json!([
            { "Effect": "Allow", "Action": "route53:AssociateVPCWithHostedZone", "Resource": "arn:aws:route53:::hostedzone/*" },
            { "Effect": "Allow", "Action": "ec2:DescribeVpcs", "Resource": "*" },
        ]),
    );
    let vpc = |id: &str, cidr: &str| SeedVpc {
        id: id.into(),
        cidr: cidr.into(),
        region: "ap-northeast-1".into(),
        dns_support: true,
        dns_hostnames: true,
    };
    let [hub, spoke] = &mut seed.accounts[..] else { unreachable!("two accounts") };
    let may = json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*" });
    hub.users[0].policies.push(("more".into(), json!({ "Version": "2012-10-17", "Statement": may })));
    hub.roles.push(authoriser);
    hub.vpcs.push(vpc("vpc-0bbbbbbbbbbbbbbbb", "10.0.0.0/16"));
    hub.zones.push(SeedZone {
        id: ZONE.into(),
        name: "dev.example.internal".into(),
        vpc_id: "vpc-0bbbbbbbbbbbbbbbb".into(),
        vpc_region: "ap-northeast-1".into(),
    });
    spoke.roles.extend([writer, blind]);
    spoke.vpcs.push(vpc(VPC_ID, "10.1.0.0/16"));
    LocalAws::start(seed).await.expect("the seed is sound")
}

async fn as_role(aws: &LocalAws, account: &str, role: &str) -> aws_sdk_route53::Client {
    let role = format!("arn:aws:iam::{account}:role/{role}");
    let given = sts_of(aws, keys(BOT)).assume_role().role_arn(role).role_session_name("run-1").send().await;
    aws_sdk_route53::Client::new(&config(aws, session(&given.expect("assumed"))))
}

fn vpc() -> Vpc {
    Vpc::builder().vpc_id(VPC_ID).vpc_region(VpcRegion::ApNortheast1).build()
}

#[tokio::test]
async fn authorise_associate_withdraw_and_back() {
    let aws = two_accounts().await;
    let before = aws.inventory();
    let zone_side = as_role(&aws, HUB, "authoriser").await;
    let vpc_side = as_role(&aws, SPOKE, "vpc-writer").await;
    let associate = || vpc_side.associate_vpc_with_hosted_zone().hosted_zone_id(ZONE).vpc(vpc());
    let listed = || vpc_side.list_hosted_zones_by_vpc().vpc_id(VPC_ID).vpc_region(VpcRegion::ApNortheast1);

    let early = associate().send().await.expect_err("not authorised yet");
    assert_eq!(early.raw_response().map(|raw| raw.status().as_u16()), Some(401));
    assert!(early.as_service_error().is_some_and(|error| error.is_not_authorized_exception()), "{early:?}");

    zone_side.create_vpc_association_authorization().hosted_zone_id(ZONE).vpc(vpc()).send().await.expect("authorised");
    associate().send().await.expect("associated");
    let zones = listed().send().await.expect("listed");
    let ids: Vec<_> = zones.hosted_zone_summaries().iter().map(|zone| zone.hosted_zone_id()).collect();
    assert_eq!(ids, [ZONE]);
    zone_side.delete_vpc_association_authorization().hosted_zone_id(ZONE).vpc(vpc()).send().await.expect("withdrawn");
    let open = zone_side.list_vpc_association_authorizations().hosted_zone_id(ZONE).send().await.expect("listed");
    assert!(open.vpcs().is_empty());

    let diff = before.diff(&aws.inventory());
    assert_eq!(diff.to_string(), format!("+ {HUB} route53 association {ZONE} {VPC_ID}\n"));
    vpc_side.disassociate_vpc_from_hosted_zone().hosted_zone_id(ZONE).vpc(vpc()).send().await.expect("undone");
    assert_eq!(before.diff(&aws.inventory()).to_string(), "");
}

#[tokio::test]
async fn each_role_does_its_own_part_only() {
    let aws = two_accounts().await;
    let zone_side = as_role(&aws, HUB, "authoriser").await;
    let vpc_side = as_role(&aws, SPOKE, "vpc-writer").await;
    let other = Vpc::builder().vpc_id("vpc-0cccccccccccccccc").vpc_region(VpcRegion::ApNortheast1).build();
    let for_another = zone_side.create_vpc_association_authorization().hosted_zone_id(ZONE).vpc(other).send().await;
    assert_eq!(refusal(for_another).0, "AccessDenied");
    let by_the_spoke = vpc_side.create_vpc_association_authorization().hosted_zone_id(ZONE).vpc(vpc()).send().await;
    let (code, message) = refusal(by_the_spoke);
    assert_eq!(code, "AccessDenied");
    assert!(
        message.contains(
            "assumed-role/vpc-writer/run-1 is not authorized to perform: route53:CreateVPCAssociationAuthorization"
        ),
        "{message}"
    );

    zone_side.create_vpc_association_authorization().hosted_zone_id(ZONE).vpc(vpc()).send().await.expect("authorised");
    let blind = as_role(&aws, SPOKE, "no-vpc-writer").await;
    let denied =
        blind.associate_vpc_with_hosted_zone().hosted_zone_id(ZONE).vpc(vpc()).send().await.expect_err("denied");
    assert_eq!(denied.raw_response().map(|raw| raw.status().as_u16()), Some(401));
    let (code, message) = refusal::<()>(Err(denied));
    assert_eq!(code, "NotAuthorizedException");
    assert!(message.contains(&format!("on resource: arn:aws:ec2:ap-northeast-1:{SPOKE}:vpc/{VPC_ID}")), "{message}");
}

#[tokio::test]
async fn a_session_policy_generated_for_the_step_is_held() {
    let aws = two_accounts().await;
    let policy = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "route53:GetHostedZone", "Resource": "*" } });
    let role = format!("arn:aws:iam::{HUB}:role/authoriser");
    let given =
        sts_of(&aws, keys(BOT)).assume_role().role_arn(role).role_session_name("run-1").policy(policy.to_string());
    let narrow = aws_sdk_route53::Client::new(&config(&aws, session(&given.send().await.expect("assumed"))));
    narrow.get_hosted_zone().id(ZONE).send().await.expect("allowed by both");
    let denied = narrow.create_vpc_association_authorization().hosted_zone_id(ZONE).vpc(vpc()).send().await;
    let (code, message) = refusal(denied);
    assert_eq!(code, "AccessDenied");
    assert!(
        message.ends_with("because no session policy allows the route53:CreateVPCAssociationAuthorization action"),
        "{message}"
    );
}

#[tokio::test]
async fn a_lost_answer_leaves_the_association_and_limits_throttle() {
    let aws = two_accounts().await;
    let zone_side = as_role(&aws, HUB, "authoriser").await;
    let vpc_side = as_role(&aws, SPOKE, "vpc-writer").await;
    zone_side.create_vpc_association_authorization().hosted_zone_id(ZONE).vpc(vpc()).send().await.expect("authorised");
    aws.faults().add(Rule::on("route53", "AssociateVPCWithHostedZone", Effect::LoseResponse).when(When::First(1)));
    vpc_side.associate_vpc_with_hosted_zone().hosted_zone_id(ZONE).vpc(vpc()).send().await.expect_err("no answer");
    assert!(aws.inventory().to_string().contains(&format!("route53 association {ZONE} {VPC_ID}")));

    aws.faults().set_throttling(true);
    let mut refused = 0;
    for _ in 0..60 {
        if let Err(error) = zone_side.get_hosted_zone().id(ZONE).send().await {
            assert_eq!(error.raw_response().map(|raw| raw.status().as_u16()), Some(400));
            assert_eq!(refusal::<()>(Err(error)), ("Throttling".into(), "Rate exceeded".into()));
            refused += 1;
        }
    }
    assert!(refused > 0, "the burst is 50");
    let listed = vpc_side.list_hosted_zones_by_vpc().vpc_id(VPC_ID).vpc_region(VpcRegion::ApNortheast1).send().await;
    listed.expect("the other account has its own bucket");
    aws.faults().set_throttling(false);
    zone_side.get_hosted_zone().id(ZONE).send().await.expect("limits are off");
}

#[tokio::test]
async fn ten_at_once_in_one_process_do_not_meet() {
    let one = |number: usize| async move {
        let aws = two_accounts().await;
        let zone_side = as_role(&aws, HUB, "authoriser").await;
        let vpc_side = as_role(&aws, SPOKE, "vpc-writer").await;
        zone_side
            .create_vpc_association_authorization()
            .hosted_zone_id(ZONE)
            .vpc(vpc())
            .send()
            .await
            .expect("authorised");
        // Every second one stops here: its authorisation stays open, and nobody else's does.
        if number.is_multiple_of(2) {
            vpc_side.associate_vpc_with_hosted_zone().hosted_zone_id(ZONE).vpc(vpc()).send().await.expect("associated");
        }
        (
            number,
            aws.inventory().to_string().contains(&format!("route53 association {ZONE} {VPC_ID}")),
            aws.log().counts().total,
        )
    };
    for (number, associated, calls) in futures::future::join_all((0..10).map(one)).await {
        let expected = if number.is_multiple_of(2) { (true, 4) } else { (false, 3) };
        assert_eq!((associated, calls), expected, "number {number}");
    }
}
