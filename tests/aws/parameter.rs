//! The parameter that is waited for: seen, awaited, never written.

use genkan::engine::cloud::Work;
use genkan::engine::{Cloud, CloudError, Progress};
use genkan::model::{Observed, Owner};
use genkan::sandbox::faults::{Effect, Rule};

use super::support::{VPC, World, parameter};

#[tokio::test]
async fn one_that_is_there_tells_its_value() {
    let world = World::new().await;
    let ask = parameter("/dev/project-x/vpc-id");
    let Ok(Observed::Foreign { owner: Owner::Unmarked, outputs, .. }) = world.observe(&ask).await else {
        panic!("there")
    };
    assert_eq!(outputs["value"], VPC);
    let done = world.aws.resource(ask).apply(&Work::Create).await;
    assert!(matches!(done, Ok(Progress::Done(outputs)) if outputs["value"] == VPC));
}

#[tokio::test]
async fn one_that_is_not_there_is_waited_for_and_never_written() {
    let world = World::new().await;
    let ask = parameter("/dev/project-y/vpc-id");
    assert_eq!(world.observe(&ask).await, Ok(Observed::Absent));
    let resource = world.aws.resource(ask);
    let waiting = resource.apply(&Work::Create).await;
    assert!(
        matches!(&waiting, Ok(Progress::Waiting { on, .. }) if on.contains("/dev/project-y/vpc-id")),
        "{waiting:?}"
    );
    assert!(matches!(resource.remove(true).await, Ok(Progress::Done(_))));
    assert_eq!(world.local.log().counts().changing, 0);
}

#[tokio::test]
async fn a_look_that_failed_is_an_error() {
    let world = World::new().await;
    let denied = Effect::Error { status: 400, code: "AccessDeniedException".to_owned(), message: "no".to_owned() };
    world.local.faults().add(Rule::on("ssm", "GetParameter", denied));
    let seen = world.observe(&parameter("/dev/project-x/vpc-id")).await;
    assert!(
        matches!(&seen, Err(CloudError::Forbidden { why, .. }) if why.contains("parameter/dev/project-x/vpc-id")),
        "{seen:?}"
    );
}
