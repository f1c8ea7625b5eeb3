//! The handshake between two accounts: every order of its calls, and every refusal.

use aws_sdk_route53::Client;
use aws_sdk_route53::types::{Vpc, VpcRegion};

use super::super::common::lock;
use super::super::route53::state::{VpcName, Zone};
use super::*;

fn named(id: &str) -> Vpc {
    Vpc::builder().vpc_id(id).vpc_region(VpcRegion::from(REGION)).build()
}

async fn authorise(client: &Client, vpc: &str) -> Result<(), (u16, String)> {
    let call = client.create_vpc_association_authorization().hosted_zone_id(ZONE).vpc(named(vpc)).send().await;
    call.map(|_| ()).map_err(|refusal| refused::<(), _>(Err(refusal)))
}

async fn withdraw(client: &Client, vpc: &str) -> Result<(), (u16, String)> {
    let call = client.delete_vpc_association_authorization().hosted_zone_id(ZONE).vpc(named(vpc)).send().await;
    call.map(|_| ()).map_err(|refusal| refused::<(), _>(Err(refusal)))
}

async fn associate(client: &Client, vpc: &str) -> Result<(), (u16, String)> {
    let call = client.associate_vpc_with_hosted_zone().hosted_zone_id(ZONE).vpc(named(vpc)).send().await;
    call.map(|_| ()).map_err(|refusal| refused::<(), _>(Err(refusal)))
}

async fn part(client: &Client, vpc: &str) -> Result<(), (u16, String)> {
    let call = client.disassociate_vpc_from_hosted_zone().hosted_zone_id(ZONE).vpc(named(vpc)).send().await;
    call.map(|_| ()).map_err(|refusal| refused::<(), _>(Err(refusal)))
}

#[tokio::test]
async fn authorise_associate_withdraw_and_part() {
    let aws = local().await;
    let (zone, vpc) = (aws.route53(PLATFORM), aws.route53(PROJECT));

    assert_eq!(associate(&vpc, PROJECT_VPC).await, Err(as_said(401, "NotAuthorizedException")), "nobody let it in");
    assert_eq!(authorise(&zone, PROJECT_VPC).await, Ok(()));
    assert_eq!(authorise(&zone, PROJECT_VPC).await, Ok(()), "said twice is the same");
    let open = zone.list_vpc_association_authorizations().hosted_zone_id(ZONE).send().await.expect("a list");
    assert_eq!(open.vpcs(), [named(PROJECT_VPC)]);
    assert_eq!(aws.lines(PLATFORM, "route53 open"), [format!("route53 open authorisation {ZONE} {PROJECT_VPC}")]);

    assert_eq!(associate(&vpc, PROJECT_VPC).await, Ok(()));
    assert_eq!(associate(&vpc, PROJECT_VPC).await, Err(as_said(400, "ConflictingDomainExists")), "the same zone again");
    let seen =
        vpc.list_hosted_zones_by_vpc().vpc_id(PROJECT_VPC).vpc_region(VpcRegion::from(REGION)).send().await.unwrap();
    let seen = &seen.hosted_zone_summaries()[0];
    assert_eq!((seen.hosted_zone_id(), seen.name()), (ZONE, "dev.internal."), "the id is bare here");
    assert_eq!(seen.owner().and_then(|owner| owner.owning_account()), Some(PLATFORM));

    assert_eq!(withdraw(&zone, PROJECT_VPC).await, Ok(()));
    assert_eq!(withdraw(&zone, PROJECT_VPC).await, Err(as_said(404, "VPCAssociationAuthorizationNotFound")));
    assert_eq!(
        associate(&vpc, PROJECT_VPC).await,
        Err(as_said(401, "NotAuthorizedException")),
        "the right is looked at first"
    );
    let held = zone.get_hosted_zone().id(ZONE).send().await.expect("the owner's look");
    assert_eq!(held.vpcs(), [named(PLATFORM_VPC), named(PROJECT_VPC)], "withdrawing leaves the association");
    assert_eq!(held.hosted_zone().map(|zone| zone.id()), Some("/hostedzone/Z0PLATFORM"));

    assert_eq!(part(&vpc, PROJECT_VPC).await, Ok(()));
    assert_eq!(part(&vpc, PROJECT_VPC).await, Err(as_said(404, "VPCAssociationNotFound")));
    assert!(aws.lines(PLATFORM, "route53 open").is_empty());
}

#[tokio::test]
async fn each_call_is_one_account_s_to_make() {
    let aws = local().await;
    let (zone, vpc, other) = (aws.route53(PLATFORM), aws.route53(PROJECT), aws.route53(OTHER));

    for stranger in [&vpc, &other] {
        assert_eq!(authorise(stranger, PROJECT_VPC).await, Err(as_said(403, "AccessDenied")));
        assert_eq!(withdraw(stranger, PROJECT_VPC).await, Err(as_said(403, "AccessDenied")));
        let list = stranger.list_vpc_association_authorizations().hosted_zone_id(ZONE).send().await;
        assert_eq!(refused(list), as_said(403, "AccessDenied"));
        assert_eq!(refused(stranger.get_hosted_zone().id(ZONE).send().await), as_said(403, "AccessDenied"));
    }
    authorise(&zone, PROJECT_VPC).await.expect("the owner may");
    assert_eq!(
        associate(&zone, PROJECT_VPC).await,
        Err(as_said(401, "NotAuthorizedException")),
        "the zone's owner for a foreign VPC"
    );
    assert_eq!(associate(&other, PROJECT_VPC).await, Err(as_said(400, "InvalidVPCId")), "an account that sees neither");
    associate(&vpc, PROJECT_VPC).await.expect("the VPC's owner may");
    assert_eq!(part(&other, PROJECT_VPC).await, Err(as_said(401, "NotAuthorizedException")));
    part(&zone, PROJECT_VPC).await.expect("the zone's owner may part it too");
    for stranger in [&zone, &other] {
        let list =
            stranger.list_hosted_zones_by_vpc().vpc_id(PROJECT_VPC).vpc_region(VpcRegion::from(REGION)).send().await;
        assert_eq!(refused(list), as_said(403, "AccessDenied"));
    }
}

#[tokio::test]
async fn a_change_is_told_to_the_zone_s_owner_only() {
    let aws = local().await;
    let (zone, vpc) = (aws.route53(PLATFORM), aws.route53(PROJECT));
    authorise(&zone, PROJECT_VPC).await.expect("authorised");
    let call = vpc.associate_vpc_with_hosted_zone().hosted_zone_id(ZONE).vpc(named(PROJECT_VPC)).comment("why").send();
    let change = call.await.expect("associated").change_info.expect("a change");
    assert_eq!((change.status().as_str(), change.comment()), ("PENDING", Some("why")));
    assert_eq!(refused(vpc.get_change().id(change.id()).send().await), as_said(403, "AccessDenied"));
    let seen = zone.get_change().id(change.id()).send().await.expect("the owner's look").change_info.expect("a change");
    assert_eq!(seen.status().as_str(), "INSYNC");
    assert_eq!(refused(zone.get_change().id("C0").send().await), as_said(404, "NoSuchChange"));
}

#[tokio::test]
async fn a_vpc_must_be_there_in_that_region_and_well_named() {
    let aws = local().await;
    let (zone, vpc) = (aws.route53(PLATFORM), aws.route53(PROJECT));
    for id in ["subnet-0123", "vpc-", "vpc-UPPER", "vpc-0nowhere"] {
        assert_eq!(associate(&vpc, id).await, Err(as_said(400, "InvalidVPCId")), "{id}");
    }
    assert_eq!(associate(&zone, "vpc-0nowhere").await, Err(as_said(400, "InvalidVPCId")));
    assert_eq!(authorise(&zone, "vpc-0nowhere").await, Ok(()), "an authorisation does not look");
    assert_eq!(authorise(&zone, "nonsense").await, Err(as_said(400, "InvalidVPCId")));

    let elsewhere = Vpc::builder().vpc_id(PROJECT_VPC).vpc_region(VpcRegion::EuWest1).build();
    let call = vpc.associate_vpc_with_hosted_zone().hosted_zone_id(ZONE).vpc(elsewhere).send().await;
    assert_eq!(refused(call), as_said(400, "InvalidVPCId"));
    let list = vpc.list_hosted_zones_by_vpc().vpc_id(PROJECT_VPC).vpc_region(VpcRegion::EuWest1).send().await;
    assert_eq!(refused(list), as_said(400, "InvalidVPCId"));
    let gone = vpc.associate_vpc_with_hosted_zone().hosted_zone_id("Z0NOWHERE").vpc(named(PROJECT_VPC)).send().await;
    assert_eq!(refused(gone), as_said(404, "NoSuchHostedZone"));
}

#[tokio::test]
async fn the_last_vpc_stays_and_a_vpc_that_is_gone_can_be_parted() {
    let aws = local().await;
    let (zone, vpc) = (aws.route53(PLATFORM), aws.route53(PROJECT));
    assert_eq!(part(&zone, PLATFORM_VPC).await, Err(as_said(400, "LastVPCAssociation")));
    authorise(&zone, PROJECT_VPC).await.expect("authorised");
    associate(&vpc, PROJECT_VPC).await.expect("associated");
    aws_sdk_ec2::Client::new(&aws.admin(PROJECT)).delete_vpc().vpc_id(PROJECT_VPC).send().await.expect("deleted");
    assert_eq!(part(&vpc, PROJECT_VPC).await, Err(as_said(400, "InvalidVPCId")));
    assert_eq!(part(&zone, PROJECT_VPC).await, Ok(()));
}

#[tokio::test]
async fn limits_and_pages() {
    let aws = local().await;
    let zone = aws.route53(PLATFORM);
    let made_up = |number: usize| VpcName { id: format!("vpc-{number:06}"), region: REGION.to_owned() };
    let fill = |change: &dyn Fn(&mut Zone)| change(lock(&aws.services.route53.state).zones.get_mut(ZONE).expect("it"));
    fill(&|zone| zone.authorisations.extend((0..999).map(made_up)));
    assert_eq!(authorise(&zone, "vpc-000999").await, Ok(()), "the thousandth");
    assert_eq!(authorise(&zone, PROJECT_VPC).await, Err(as_said(400, "TooManyVPCAssociationAuthorizations")));
    assert_eq!(authorise(&zone, "vpc-000000").await, Ok(()), "one that is open needs no room");

    let (mut seen, mut token) = (Vec::new(), None);
    loop {
        let call = zone.list_vpc_association_authorizations().hosted_zone_id(ZONE).set_next_token(token);
        let page = call.send().await.expect("a page");
        assert!(page.vpcs().len() <= 50);
        seen.extend(page.vpcs().iter().filter_map(|vpc| vpc.vpc_id().map(str::to_owned)));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    seen.dedup();
    assert_eq!(seen.len(), 1000);
    let stale = zone.list_vpc_association_authorizations().hosted_zone_id(ZONE).next_token("zz").send().await;
    assert_eq!(refused(stale), as_said(400, "InvalidPaginationToken"));

    fill(&|zone| zone.associations.extend((1..299).map(made_up)));
    let own = aws_sdk_ec2::Client::new(&aws.admin(PLATFORM));
    for expected in [Ok(()), Err(as_said(400, "LimitsExceeded"))] {
        let made = own.create_vpc().cidr_block("10.1.0.0/16").send().await.expect("made").vpc.expect("a VPC");
        assert_eq!(associate(&zone, made.vpc_id().expect("an id")).await, expected);
    }
    let limit = zone.get_hosted_zone_limit().hosted_zone_id(ZONE).r#type("MAX_VPCS_ASSOCIATED_BY_ZONE".into()).send();
    let limit = limit.await.expect("a limit");
    assert_eq!((limit.limit().map(|limit| limit.value()), limit.count()), (Some(300), 300));
}
