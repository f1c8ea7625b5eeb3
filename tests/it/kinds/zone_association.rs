//! The handshake between two accounts: whatever goes wrong, the VPC ends up associated once and no authorisation stays open.

use std::time::Duration;

use futures::future::join_all;
use genkan::engine::cloud::Work;
use genkan::engine::{Ask, CloudError, Progress};
use genkan::model::plan::Scope;
use genkan::model::resource::ZoneAssociation;
use genkan::model::{Observed, Owner, Spec};
use genkan::plan::diff::changes;
use genkan::sandbox::faults::{Effect, Rule, When};

use crate::world::{CONFIG, HUB, PLAIN_VPC, REGION, SPOKE, VPC, World, ZONE, ZONE_VPC, ask_at, counted};

const AUTHORISE: &str = "CreateVPCAssociationAuthorization";
const ASSOCIATE: &str = "AssociateVPCWithHostedZone";
const WITHDRAW: &str = "DeleteVPCAssociationAuthorization";
const DISASSOCIATE: &str = "DisassociateVPCFromHostedZone";

/// The association of that VPC of that account.
pub fn association(account: &str, vpc: &str) -> Ask {
    let spec = ZoneAssociation {
        zone_id: ZONE.parse().expect("an id"),
        zone_name: "dev.internal".to_owned(),
        zone_account: HUB.parse().expect("an account"),
        vpc_id: Some(vpc.parse().expect("an id")),
        vpc_region: REGION.parse().expect("a region"),
        associated: true,
        vpc_dns: true,
        authorisation_open: false,
    };
    ask_at(Spec::ZoneAssociation(spec), Scope::Project, account, REGION)
}

/// The authorisations that are open in the zone's account.
fn open(world: &World) -> Vec<String> {
    world.lines_of(HUB, "route53 open authorisation")
}

/// Whether the zone has that VPC.
fn has(world: &World, vpc: &str) -> bool {
    !world.lines_of(HUB, &format!("route53 association {ZONE} {vpc}")).is_empty()
}

fn denied() -> Effect {
    Effect::Error { status: 403, code: "AccessDenied".to_owned(), message: "no".to_owned() }
}

fn broken() -> Effect {
    Effect::Error { status: 500, code: "InternalFailure".to_owned(), message: "trouble".to_owned() }
}

#[tokio::test]
async fn a_vpc_is_let_in_once_and_shown_out_again() {
    let world = World::start().await;
    let mut ask = association(SPOKE, VPC);
    assert_eq!(world.look(&ask).await, Ok(Observed::Absent));

    let mark = world.aws.log().mark();
    world.converge(&mut ask).await.expect("it is permitted");
    assert!(has(&world, VPC));
    assert_eq!(open(&world), [""; 0]);
    let changing: Vec<String> =
        world.aws.log().changing_calls_since(mark).iter().map(|call| call.operation.clone()).collect();
    assert_eq!(changing, [AUTHORISE, ASSOCIATE, WITHDRAW], "three calls, in this order");

    let Ok(Observed::Ours { spec, outputs, .. }) = world.look(&ask).await else { panic!("ours") };
    assert_eq!(changes(&ask.spec, &spec), []);
    assert_eq!(outputs["vpc_id"], VPC);

    let mark = world.aws.log().mark();
    world.converge(&mut ask).await.expect("nothing is left to do");
    assert_eq!(world.aws.log().changing_calls_since(mark), []);

    for _ in 0..2 {
        let gone = world.resource(&ask).remove(false).await;
        assert!(matches!(gone, Ok(Progress::Done(_))), "{gone:?}");
    }
    assert!(!has(&world, VPC));
    assert_eq!(world.look(&ask).await, Ok(Observed::Absent));
}

#[tokio::test]
async fn after_its_look_it_asks_nothing_again() {
    let world = World::start().await;
    let ask = association(SPOKE, VPC);
    world.look(&ask).await.expect("it is permitted");
    let mark = world.aws.log().mark();
    world.resource(&ask).apply(&Work::Create).await.expect("it is permitted");
    let calls = counted(&world.aws.log().calls_since(mark));
    let expected = [(AUTHORISE, 1), (ASSOCIATE, 1), (WITHDRAW, 1), ("ListHostedZonesByVPC", 1)];
    let opened = [("sts:AssumeRole".to_owned(), 2)];
    let expected = expected.map(|(operation, count)| (format!("route53:{operation}"), count)).into_iter().chain(opened);
    assert_eq!(calls, expected.collect());
}

#[tokio::test]
async fn applied_twice_it_is_done_once() {
    let world = World::start().await;
    let ask = association(SPOKE, VPC);
    for _ in 0..2 {
        let done = world.resource(&ask).apply(&Work::Create).await;
        assert!(matches!(done, Ok(Progress::Done(_))), "{done:?}");
    }
    assert!(has(&world, VPC));
    assert_eq!(open(&world), [""; 0]);
}

#[tokio::test]
async fn every_call_may_fail_in_passing() {
    let mut cases = Vec::new();
    for operation in [AUTHORISE, ASSOCIATE, WITHDRAW, "ListHostedZonesByVPC", "ListVPCAssociationAuthorizations"] {
        for (effect, when) in [
            (Effect::LoseResponse, When::First(1)),
            (Effect::LoseResponse, When::First(3)),
            (Effect::LoseRequest, When::First(3)),
            (Effect::Throttle, When::First(1)),
            (broken(), When::First(3)),
        ] {
            cases.push(async move {
                let world = World::start().await;
                world.aws.faults().add(Rule::on("route53", operation, effect.clone()).when(when));
                let done = world.converge(&mut association(SPOKE, VPC)).await;
                assert_eq!(done, Ok(()), "{operation}: {effect:?} {when:?}");
                assert!(has(&world, VPC), "{operation}: {effect:?} {when:?}");
                assert_eq!(open(&world), [""; 0], "{operation}: {effect:?} {when:?}");
            });
        }
    }
    join_all(cases).await;
}

#[tokio::test]
async fn an_authorisation_that_is_not_seen_yet_is_waited_for() {
    let world = World::start().await;
    let unseen =
        Effect::Error { status: 401, code: "NotAuthorizedException".to_owned(), message: "not yet".to_owned() };
    world.aws.faults().add(Rule::on("route53", ASSOCIATE, unseen).when(When::First(2)));
    world.converge(&mut association(SPOKE, VPC)).await.expect("the third try is let in");
    assert!(has(&world, VPC));
    assert_eq!(open(&world), [""; 0]);
}

#[tokio::test]
async fn what_a_dropped_call_left_open_is_closed_although_a_look_before_it_saw_nothing_open() {
    let world = World::start().await;
    let ask = association(SPOKE, VPC);
    assert_eq!(world.look(&ask).await, Ok(Observed::Absent));
    let never = Effect::Latency(Duration::from_hours(1));
    world.aws.faults().add(Rule::on("route53", ASSOCIATE, never));
    let resource = world.resource(&ask);
    tokio::select! {
        done = resource.apply(&Work::Create) => panic!("it was answered: {done:?}"),
        () = async { while !has(&world, VPC) { tokio::task::yield_now().await } } => {}
    }
    assert_eq!(open(&world).len(), 1);
    world.resource(&ask).abandon().await.expect("it is permitted");
    assert_eq!(open(&world), [""; 0]);
}

#[tokio::test]
async fn an_association_that_is_refused_leaves_no_authorisation_open() {
    let world = World::start().await;
    world.aws.faults().add(Rule::on("route53", ASSOCIATE, denied()));
    let refused = world.converge(&mut association(SPOKE, VPC)).await;
    let Err(CloudError::Forbidden { why, mend: Some(mend) }) = refused else { panic!("{refused:?}") };
    assert!(why.contains("route53:AssociateVPCWithHostedZone") && why.contains("genkan-writer"), "{why}");
    assert!(mend.contains("route53:AssociateVPCWithHostedZone"), "{mend}");
    assert_eq!(open(&world), [""; 0]);
    assert!(!has(&world, VPC));
}

#[tokio::test]
async fn a_withdrawal_that_is_refused_is_told_and_made_up_for_later() {
    let world = World::start().await;
    world.aws.faults().add(Rule::on("route53", WITHDRAW, denied()));
    let mut ask = association(SPOKE, VPC);
    let refused = world.resource(&ask).apply(&Work::Create).await;
    let Err(error @ CloudError::Forbidden { .. }) = refused else { panic!("{refused:?}") };
    assert!(error.to_string().contains("the authorisation is still open"), "{error}");
    assert!(has(&world, VPC));

    world.aws.faults().clear();
    ask.begun = true;
    let Ok(Observed::Ours { spec: Spec::ZoneAssociation(seen), .. }) = world.look(&ask).await else { panic!("ours") };
    assert!(seen.associated && seen.authorisation_open);
    let mark = world.aws.log().mark();
    world.converge(&mut ask).await.expect("it is withdrawn now");
    assert_eq!(counted(&world.aws.log().changing_calls_since(mark)), [(format!("route53:{WITHDRAW}"), 1)].into());
    assert_eq!(open(&world), [""; 0]);
}

#[tokio::test]
async fn a_process_that_died_with_the_authorisation_open_is_made_up_for() {
    // The effect is there, the answer is not: the process is killed in between.
    for (operation, associated) in [(AUTHORISE, false), (ASSOCIATE, true)] {
        let world = World::start().await;
        let late = Effect::Latency(Duration::from_hours(1));
        world.aws.faults().add(Rule::on("route53", operation, late));
        let mut ask = association(SPOKE, VPC);
        {
            let resource = world.resource(&ask);
            let mut apply = std::pin::pin!(resource.apply(&Work::Create));
            while open(&world).is_empty() || has(&world, VPC) != associated {
                assert!(futures::poll!(apply.as_mut()).is_pending());
                tokio::task::yield_now().await;
            }
        }
        world.aws.faults().clear();
        let world = world.restarted();
        ask.begun = true;
        let Ok(Observed::Ours { spec: Spec::ZoneAssociation(seen), .. }) = world.look(&ask).await else {
            panic!("ours")
        };
        assert!(seen.associated == associated && seen.authorisation_open, "{operation}: {seen:?}");
        world.converge(&mut ask).await.expect("it goes on");
        assert!(has(&world, VPC));
        assert_eq!(open(&world), [""; 0]);
    }
}

#[tokio::test]
async fn given_up_it_leaves_nothing_open() {
    let world = World::start().await;
    world.aws.faults().add(Rule::on("route53", WITHDRAW, denied()).when(When::First(1)));
    world.aws.faults().add(Rule::on("route53", ASSOCIATE, denied()));
    let ask = association(SPOKE, VPC);
    let failed = world.resource(&ask).apply(&Work::Create).await;
    assert!(matches!(failed, Err(CloudError::Passing { .. })), "it comes back to withdraw: {failed:?}");
    assert_eq!(open(&world).len(), 1);
    world.resource(&ask).abandon().await.expect("it can be withdrawn now");
    assert_eq!(open(&world), [""; 0]);
}

#[tokio::test]
async fn dns_is_turned_on_where_it_is_off() {
    let world = World::start().await;
    let mark = world.aws.log().mark();
    world.converge(&mut association(SPOKE, PLAIN_VPC)).await.expect("it is permitted");
    let changing = counted(&world.aws.log().changing_calls_since(mark));
    assert_eq!(changing["ec2:ModifyVpcAttribute"], 1, "only host names were off");
    let vpc = world.lines(&format!("ec2 vpc {PLAIN_VPC}"));
    assert!(vpc[0].ends_with("dns support true hostnames true"), "{vpc:?}");
}

#[tokio::test]
async fn within_one_account_nothing_is_authorised() {
    let one = CONFIG.replace("account = \"shared\"", "account = \"platform\"");
    let world = World::with(&one, |_| {}).await;
    let ask = association(HUB, ZONE_VPC);
    let mark = world.aws.log().mark();
    let Ok(Observed::Foreign { owner: Owner::Unmarked, spec: Some(spec), .. }) = world.look(&ask).await else {
        panic!("the zone's own VPC was associated by hand")
    };
    assert_eq!(changes(&ask.spec, &spec), []);
    assert!(!counted(&world.aws.log().calls_since(mark)).contains_key("route53:ListVPCAssociationAuthorizations"));
}

#[tokio::test]
async fn another_zone_of_the_same_name_is_in_the_way() {
    let world = World::changed(|seed| {
        let mut other = seed.accounts[0].zones[0].clone();
        (other.id, other.vpc_id) = ("Z0OTHER".to_owned(), VPC.to_owned());
        seed.accounts[1].zones.push(other);
    })
    .await;
    let ask = association(SPOKE, VPC);
    let Ok(Observed::Foreign { owner: Owner::InTheWay { what }, .. }) = world.look(&ask).await else {
        panic!("in the way")
    };
    assert!(what.contains("Z0OTHER") && what.contains(SPOKE), "{what}");
    let blocked = world.resource(&ask).apply(&Work::Create).await;
    assert!(matches!(&blocked, Err(CloudError::Blocked { why, .. }) if why.contains("Z0OTHER")), "{blocked:?}");
    assert_eq!(open(&world), [""; 0]);
}

#[tokio::test]
async fn a_vpc_that_is_not_there_is_no_absent_association() {
    let world = World::start().await;
    let mut ask = association(SPOKE, "vpc-0dddddddddddddddd");
    let Ok(Observed::Foreign { owner: Owner::InTheWay { what }, .. }) = world.look(&ask).await else {
        panic!("in the way")
    };
    assert!(what.contains("vpc-0dddddddddddddddd"), "{what}");
    ask.begun = true;
    assert_eq!(world.look(&ask).await, Ok(Observed::Absent), "ours went with its VPC");
}

#[tokio::test]
async fn a_look_that_is_refused_is_not_absent() {
    for (service, operation) in [
        ("route53", "ListHostedZonesByVPC"),
        ("route53", "ListVPCAssociationAuthorizations"),
        ("ec2", "DescribeVpcAttribute"),
    ] {
        let world = World::start().await;
        world.aws.faults().add(Rule::on(service, operation, denied()));
        let mut ask = association(SPOKE, VPC);
        ask.begun = true;
        let seen = world.look(&ask).await;
        assert!(matches!(seen, Err(CloudError::Forbidden { .. })), "{operation}: {seen:?}");
    }
}

#[tokio::test]
async fn removing_may_fail_in_passing_and_is_done_when_it_is_done() {
    for effect in [Effect::LoseResponse, Effect::LoseRequest, Effect::Throttle, broken()] {
        let world = World::start().await;
        let mut ask = association(SPOKE, VPC);
        world.converge(&mut ask).await.expect("it is permitted");
        world.aws.faults().add(Rule::on("route53", DISASSOCIATE, effect.clone()).when(When::First(3)));
        let mut tries = 0;
        while let Err(error) = world.resource(&ask).remove(false).await {
            assert!(matches!(error, CloudError::Passing { .. }), "{effect:?}: {error:?}");
            tries += 1;
            assert!(tries < 5, "{effect:?}");
        }
        assert!(!has(&world, VPC), "{effect:?}");
    }
}
