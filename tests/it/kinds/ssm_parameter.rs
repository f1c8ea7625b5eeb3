//! The parameter that is waited for: seen, awaited, never written.

use genkan::engine::cloud::Work;
use genkan::engine::{Ask, CloudError, Progress};
use genkan::model::plan::Scope;
use genkan::model::resource::SsmParameter;
use genkan::model::{Observed, Owner, Spec};
use genkan::sandbox::faults::{Effect, Rule};

use crate::world::{PARAMETER, VPC, World, ask};

/// The parameter of that name, awaited.
pub fn parameter(name: &str) -> Ask {
    ask(Spec::SsmParameter(SsmParameter { name: name.to_owned(), wait_minutes: 1 }), Scope::Project)
}

#[tokio::test]
async fn one_that_is_there_tells_its_value() {
    let world = World::start().await;
    let ask = parameter(PARAMETER);
    let Ok(Observed::Foreign { owner: Owner::Unmarked, outputs, .. }) = world.look(&ask).await else { panic!("there") };
    assert_eq!(outputs["value"], VPC);
    let done = world.resource(&ask).apply(&Work::Create).await;
    assert!(matches!(done, Ok(Progress::Done(outputs)) if outputs["value"] == VPC));
}

#[tokio::test]
async fn one_that_is_not_there_is_waited_for_and_never_written() {
    let world = World::start().await;
    let ask = parameter("/dev/project-y/vpc-id");
    assert_eq!(world.look(&ask).await, Ok(Observed::Absent));
    let resource = world.resource(&ask);
    let waiting = resource.apply(&Work::Create).await;
    assert!(
        matches!(&waiting, Ok(Progress::Waiting { on, .. }) if on.contains("/dev/project-y/vpc-id")),
        "{waiting:?}"
    );
    assert!(matches!(resource.remove(true).await, Ok(Progress::Done(_))));
    assert_eq!(world.aws.log().counts().changing, 0);
}

#[tokio::test]
async fn a_look_that_failed_is_an_error() {
    let world = World::start().await;
    let denied = Effect::Error { status: 400, code: "AccessDeniedException".to_owned(), message: "no".to_owned() };
    world.aws.faults().add(Rule::on("ssm", "GetParameter", denied));
    let seen = world.look(&parameter(PARAMETER)).await;
    assert!(
        matches!(&seen, Err(CloudError::Forbidden { why, .. }) if why.contains("parameter/dev/project-x/vpc-id")),
        "{seen:?}"
    );
}
