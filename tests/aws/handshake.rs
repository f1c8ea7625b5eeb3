//! The handshake between two accounts: whatever goes wrong, the VPC ends up associated once and no authorisation stays open.

use std::time::Duration;

use futures::future::join_all;
use genkan::engine::cloud::Work;
use genkan::engine::{Cloud, CloudError, Progress};
use genkan::model::{Observed, Owner, Spec};
use genkan::plan::diff::changes;
use genkan::sandbox::faults::{Effect, Rule, When};

use super::support::{PLAIN_VPC, PLATFORM, PROJECTS, VPC, World, association, config, counted, seed};

const AUTHORISE: &str = "CreateVPCAssociationAuthorization";
const ASSOCIATE: &str = "AssociateVPCWithHostedZone";
const WITHDRAW: &str = "DeleteVPCAssociationAuthorization";
const DISASSOCIATE: &str = "DisassociateVPCFromHostedZone";

fn denied() -> Effect {
    Effect::Error { status: 403, code: "AccessDenied".to_owned(), message: "no".to_owned() }
}

fn broken() -> Effect {
    Effect::Error { status: 500, code: "InternalFailure".to_owned(), message: "trouble".to_owned() }
}

#[tokio::test]
async fn a_vpc_is_let_in_once_and_shown_out_again() {
    let world = World::new().await;
    let mut ask = association(PROJECTS, VPC);
    assert_eq!(world.observe(&ask).await, Ok(Observed::Absent));

    let mark = world.local.log().mark();
    world.converge(&mut ask).await.expect("it is permitted");
    assert!(world.has(VPC).await);
    assert_eq!(world.open_authorisations().await, [""; 0]);
    let changing: Vec<String> =
        world.local.log().changing_calls_since(mark).iter().map(|call| call.operation.clone()).collect();
    assert_eq!(changing, [AUTHORISE, ASSOCIATE, WITHDRAW], "three calls, in this order");

    let Ok(Observed::Ours { spec, outputs, .. }) = world.observe(&ask).await else { panic!("ours") };
    assert_eq!(changes(&ask.spec, &spec), []);
    assert_eq!(outputs["vpc_id"], VPC);

    let mark = world.local.log().mark();
    world.converge(&mut ask).await.expect("nothing is left to do");
    assert_eq!(world.local.log().changing_calls_since(mark), []);

    for _ in 0..2 {
        let gone = world.aws.resource(ask.clone()).remove(false).await;
        assert!(matches!(gone, Ok(Progress::Done(_))), "{gone:?}");
    }
    assert!(!world.has(VPC).await);
    assert_eq!(world.observe(&ask).await, Ok(Observed::Absent));
}

#[tokio::test]
async fn applied_twice_it_is_done_once() {
    let world = World::new().await;
    let ask = association(PROJECTS, VPC);
    for _ in 0..2 {
        let done = world.aws.resource(ask.clone()).apply(&Work::Create).await;
        assert!(matches!(done, Ok(Progress::Done(_))), "{done:?}");
    }
    assert!(world.has(VPC).await);
    assert_eq!(world.open_authorisations().await, [""; 0]);
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
                let world = World::new().await;
                world.local.faults().add(Rule::on("route53", operation, effect.clone()).when(when));
                let done = world.converge(&mut association(PROJECTS, VPC)).await;
                assert_eq!(done, Ok(()), "{operation}: {effect:?} {when:?}");
                assert!(world.has(VPC).await, "{operation}: {effect:?} {when:?}");
                assert_eq!(world.open_authorisations().await, [""; 0], "{operation}: {effect:?} {when:?}");
            });
        }
    }
    join_all(cases).await;
}

#[tokio::test]
async fn an_authorisation_that_is_not_seen_yet_is_waited_for() {
    let world = World::new().await;
    let unseen =
        Effect::Error { status: 401, code: "NotAuthorizedException".to_owned(), message: "not yet".to_owned() };
    world.local.faults().add(Rule::on("route53", ASSOCIATE, unseen).when(When::First(2)));
    world.converge(&mut association(PROJECTS, VPC)).await.expect("the third try is let in");
    assert!(world.has(VPC).await);
    assert_eq!(world.open_authorisations().await, [""; 0]);
}

#[tokio::test]
async fn an_association_that_is_refused_leaves_no_authorisation_open() {
    let world = World::new().await;
    world.local.faults().add(Rule::on("route53", ASSOCIATE, denied()));
    let refused = world.converge(&mut association(PROJECTS, VPC)).await;
    let Err(CloudError::Forbidden { why, mend: Some(mend) }) = refused else { panic!("{refused:?}") };
    assert!(why.contains("route53:AssociateVPCWithHostedZone") && why.contains("genkan-writer"), "{why}");
    assert!(mend.contains("route53:AssociateVPCWithHostedZone"), "{mend}");
    assert_eq!(world.open_authorisations().await, [""; 0]);
    assert!(!world.has(VPC).await);
}

#[tokio::test]
async fn a_withdrawal_that_is_refused_is_told_and_made_up_for_later() {
    let world = World::new().await;
    world.local.faults().add(Rule::on("route53", WITHDRAW, denied()));
    let mut ask = association(PROJECTS, VPC);
    let refused = world.aws.resource(ask.clone()).apply(&Work::Create).await;
    let Err(error @ CloudError::Forbidden { .. }) = refused else { panic!("{refused:?}") };
    assert!(error.to_string().contains("the authorisation is still open"), "{error}");
    assert!(world.has(VPC).await);

    world.local.faults().clear();
    ask.begun = true;
    let Ok(Observed::Ours { spec: Spec::ZoneAssociation(seen), .. }) = world.observe(&ask).await else {
        panic!("ours")
    };
    assert!(seen.associated && seen.authorisation_open);
    let mark = world.local.log().mark();
    world.converge(&mut ask).await.expect("it is withdrawn now");
    assert_eq!(counted(&world.local.log().changing_calls_since(mark)), [(format!("route53:{WITHDRAW}"), 1)].into());
    assert_eq!(world.open_authorisations().await, [""; 0]);
}

#[tokio::test]
async fn a_process_that_died_with_the_authorisation_open_is_made_up_for() {
    // The effect is there, the answer is not: the process is killed in between.
    for (operation, associated) in [(AUTHORISE, false), (ASSOCIATE, true)] {
        let world = World::new().await;
        let late = Effect::Latency(Duration::from_secs(3600));
        world.local.faults().add(Rule::on("route53", operation, late));
        let mut ask = association(PROJECTS, VPC);
        {
            let resource = world.aws.resource(ask.clone());
            let mut apply = std::pin::pin!(resource.apply(&Work::Create));
            while world.open_authorisations().await.is_empty() || world.has(VPC).await != associated {
                assert!(futures::poll!(apply.as_mut()).is_pending());
                tokio::task::yield_now().await;
            }
        }
        world.local.faults().clear();
        let world = world.restarted();
        ask.begun = true;
        let Ok(Observed::Ours { spec: Spec::ZoneAssociation(seen), .. }) = world.observe(&ask).await else {
            panic!("ours")
        };
        assert!(seen.associated == associated && seen.authorisation_open, "{operation}: {seen:?}");
        world.converge(&mut ask).await.expect("it goes on");
        assert!(world.has(VPC).await);
        assert_eq!(world.open_authorisations().await, [""; 0]);
    }
}

#[tokio::test]
async fn given_up_it_leaves_nothing_open() {
    let world = World::new().await;
    world.local.faults().add(Rule::on("route53", WITHDRAW, denied()).when(When::First(1)));
    world.local.faults().add(Rule::on("route53", ASSOCIATE, denied()));
    let ask = association(PROJECTS, VPC);
    let failed = world.aws.resource(ask.clone()).apply(&Work::Create).await;
    assert!(matches!(failed, Err(CloudError::Passing { .. })), "it comes back to withdraw: {failed:?}");
    assert_eq!(world.open_authorisations().await.len(), 1);
    world.aws.resource(ask).abandon().await.expect("it can be withdrawn now");
    assert_eq!(world.open_authorisations().await, [""; 0]);
}

#[tokio::test]
async fn dns_is_turned_on_where_it_is_off() {
    let world = World::new().await;
    let mark = world.local.log().mark();
    world.converge(&mut association(PROJECTS, PLAIN_VPC)).await.expect("it is permitted");
    let changing = counted(&world.local.log().changing_calls_since(mark));
    assert_eq!(changing["ec2:ModifyVpcAttribute"], 1, "only host names were off");
    assert!(
        world.local.inventory().await.0[PROJECTS]
            .iter()
            .any(|line| line.contains(PLAIN_VPC) && line.ends_with("hostnames true"))
    );
}

#[tokio::test]
async fn within_one_account_nothing_is_authorised() {
    let world = World::new().await;
    let home = "vpc-0bbbbbbbbbbbbbbbb";
    let ask = association(PLATFORM, home);
    let mark = world.local.log().mark();
    let Ok(Observed::Foreign { owner: Owner::Unmarked, spec: Some(spec), .. }) = world.observe(&ask).await else {
        panic!("the zone's own VPC was associated by hand")
    };
    assert_eq!(changes(&ask.spec, &spec), []);
    assert!(!counted(&world.local.log().calls_since(mark)).contains_key("route53:ListVPCAssociationAuthorizations"));
}

#[tokio::test]
async fn another_zone_of_the_same_name_is_in_the_way() {
    let config = config();
    let mut seed = seed(&config);
    let mut other = seed.accounts[0].zones[0].clone();
    (other.id, other.vpc_id) = ("Z0OTHER".to_owned(), VPC.to_owned());
    seed.accounts[1].zones.push(other);
    let world = World::of(config, seed).await;
    let ask = association(PROJECTS, VPC);
    let Ok(Observed::Foreign { owner: Owner::InTheWay { what }, .. }) = world.observe(&ask).await else {
        panic!("in the way")
    };
    assert!(what.contains("Z0OTHER") && what.contains(PROJECTS), "{what}");
    let blocked = world.aws.resource(ask).apply(&Work::Create).await;
    assert!(matches!(&blocked, Err(CloudError::Blocked { why, .. }) if why.contains("Z0OTHER")), "{blocked:?}");
    assert_eq!(world.open_authorisations().await, [""; 0]);
}

#[tokio::test]
async fn a_vpc_that_is_not_there_is_no_absent_association() {
    let world = World::new().await;
    let mut ask = association(PROJECTS, "vpc-0dddddddddddddddd");
    let Ok(Observed::Foreign { owner: Owner::InTheWay { what }, .. }) = world.observe(&ask).await else {
        panic!("in the way")
    };
    assert!(what.contains("vpc-0dddddddddddddddd"), "{what}");
    ask.begun = true;
    assert_eq!(world.observe(&ask).await, Ok(Observed::Absent), "ours went with its VPC");
}

#[tokio::test]
async fn a_look_that_is_refused_is_not_absent() {
    for (service, operation) in [
        ("route53", "ListHostedZonesByVPC"),
        ("route53", "ListVPCAssociationAuthorizations"),
        ("ec2", "DescribeVpcAttribute"),
    ] {
        let world = World::new().await;
        world.local.faults().add(Rule::on(service, operation, denied()));
        let mut ask = association(PROJECTS, VPC);
        ask.begun = true;
        let seen = world.observe(&ask).await;
        assert!(matches!(seen, Err(CloudError::Forbidden { .. })), "{operation}: {seen:?}");
    }
}

#[tokio::test]
async fn removing_may_fail_in_passing_and_is_done_when_it_is_done() {
    for effect in [Effect::LoseResponse, Effect::LoseRequest, Effect::Throttle, broken()] {
        let world = World::new().await;
        let mut ask = association(PROJECTS, VPC);
        world.converge(&mut ask).await.expect("it is permitted");
        world.local.faults().add(Rule::on("route53", DISASSOCIATE, effect.clone()).when(When::First(3)));
        let mut tries = 0;
        while let Err(error) = world.aws.resource(ask.clone()).remove(false).await {
            assert!(matches!(error, CloudError::Passing { .. }), "{effect:?}: {error:?}");
            tries += 1;
            assert!(tries < 5, "{effect:?}");
        }
        assert!(!world.has(VPC).await, "{effect:?}");
    }
}
