//! What must hold however people, processes and AWS come in between: nothing stays open, nothing that is not ours is taken over
//! or removed, and nothing is destroyed that nobody approved.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_codebuild::types::{AuthType, ServerType};
use aws_sdk_route53::types::{Vpc, VpcRegion};
use aws_sdk_s3::config::SharedAsyncSleep;
use aws_sdk_s3::primitives::ByteStream;
use genkan::app::LocalPlatform;
use genkan::aws::cloud::Aws;
use genkan::config::Config;
use genkan::engine::FreshLooks;
use genkan::engine::limit::Gates;
use genkan::model::{AccountId, Direction, Person, RequestId, RequestState, StepState};
use genkan::policy::Policy;
use genkan::requests::carry_out::CarriedOut;
use genkan::requests::plan::Wish;
use genkan::requests::submit::Submitted;
use genkan::requests::{Desk, DeskError, DeskParts};
use genkan::sandbox::faults::{Effect, Rule, When};
use genkan::store::Store;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::world::NoPauses;

const ASSOCIATE: &str = "AssociateVPCWithHostedZone";
const WITHDRAW: &str = "DeleteVPCAssociationAuthorization";
const ZONE: &str = "Z0DEV00000000000001";

/// The sandbox's platform and a process over it, whose clock can be put forward.
pub struct Stage {
    pub platform: LocalPlatform,
    store: Store,
    pub desk: Desk,
    ahead: Arc<AtomicI64>,
    _folder: tempfile::TempDir,
}

impl Stage {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let platform = LocalPlatform::start(folder.path(), &["project-x", "project-y"]).await.expect("a sound seed");
        let store = Store::open(&platform.config.store.url).await.expect("a store");
        let ahead = Arc::default();
        let desk = desk(&platform, platform.config.clone(), &store, &ahead);
        Self { platform, store, desk, ahead, _folder: folder }
    }

    /// Another process, with what the operator has made of the config meanwhile.
    fn process(&self, change: impl FnOnce(&mut Config)) -> Desk {
        let mut config = self.platform.config.clone();
        change(&mut config);
        desk(&self.platform, config, &self.store, &self.ahead)
    }

    fn id_of(&self, account: &str) -> AccountId {
        self.platform.config.account(account).expect("known").id.clone()
    }

    fn administrator(&self, account: &str) -> SdkConfig {
        self.platform.administrator(&self.id_of(account))
    }

    /// The lines of all inventories that hold this.
    pub fn lines(&self, part: &str) -> Vec<String> {
        let inventory = self.platform.aws.inventory();
        inventory.0.values().flatten().filter(|line| line.contains(part)).cloned().collect()
    }

    fn fault(&self, service: &str, operation: &str, effect: Effect, when: When) {
        self.platform.aws.faults().add(Rule::on(service, operation, effect).when(when));
    }

    async fn ask(&self, direction: Direction, project: &str, delete_data: bool) -> RequestId {
        let (project, environment) = (project.to_owned(), "dev".to_owned());
        let wish =
            Wish { direction, project, environment, adopt: vec![], repository: None, delete_data, at_once: true };
        let aiko = person(&self.desk, "aiko").await;
        let prepared = self.desk.plan(&aiko, &wish).await.expect("a plan");
        match self.desk.submit(&aiko, &prepared, None).await.expect("nothing is in the way") {
            Submitted::Request(request) => request.id,
            Submitted::NothingToDo => panic!("something is to be done"),
        }
    }

    /// Carries it out while time passes, until a person has to do something.
    pub async fn work(&self, id: &RequestId) -> CarriedOut {
        loop {
            match work_once(&self.desk, id).await {
                CarriedOut::Resting(at) => self.wait_until(at),
                other => return other,
            }
        }
    }

    fn wait_until(&self, at: Timestamp) {
        let ahead = i64::try_from(at.duration_since(self.desk.now()).as_micros()).expect("soon");
        self.ahead.fetch_add(ahead.max(0) + 1000, Ordering::SeqCst);
    }

    async fn approve(&self, id: &RequestId) {
        for lead in ["ren", "mio"] {
            let lead = person(&self.desk, lead).await;
            let waits = self.desk.approvable(&lead, id, None).await.expect("something waits");
            for held in waits.iter().filter(|held| held.lacks() > 0) {
                self.desk.approve(&lead, id, &held.step.desired.id, &held.digest).await.expect("may");
            }
        }
    }

    /// From asking to the end, with all approvals.
    async fn done(&self, direction: Direction, project: &str, delete_data: bool) -> RequestId {
        let id = self.ask(direction, project, delete_data).await;
        loop {
            match self.work(&id).await {
                CarriedOut::Held => self.approve(&id).await,
                ended => {
                    assert_eq!(ended, CarriedOut::Ended(RequestState::Done), "{:#?}", self.states(&id).await);
                    return id;
                }
            }
        }
    }

    async fn state(&self, id: &RequestId, step: &str) -> StepState {
        let mut states = self.states(id).await;
        states.retain(|(name, _)| name == step);
        states.pop().expect("a step").1
    }

    async fn states(&self, id: &RequestId) -> Vec<(String, StepState)> {
        let steps = self.desk.show(id).await.expect("known").steps;
        steps.into_iter().map(|view| (view.step.desired.id.to_string(), view.state)).collect()
    }
}

pub async fn person(desk: &Desk, name: &str) -> Person {
    desk.who(Some(name)).await.expect("known")
}

async fn work_once(desk: &Desk, id: &RequestId) -> CarriedOut {
    desk.carry_out(id, FreshLooks::new(), watch::Sender::new(false).subscribe()).await.expect("it goes on")
}

fn desk(platform: &LocalPlatform, config: Config, store: &Store, ahead: &Arc<AtomicI64>) -> Desk {
    let keys = ("AKIAGENKANSANDBOX001", "genkan-sandbox-secret-key-made-up-0001");
    let base = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("ap-northeast-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(keys.0, keys.1, None, None, "test")))
        .http_client(platform.aws.http_client())
        .endpoint_url("http://127.0.0.1")
        .sleep_impl(SharedAsyncSleep::new(NoPauses))
        .build();
    let (config, ahead) = (Arc::new(config), Arc::clone(ahead));
    Desk::new(DeskParts {
        cloud: Arc::new(Aws::new(Arc::clone(&config), base, Gates::new(&config.limits), Arc::new(store.clone()))),
        config,
        policy: Arc::new(Policy::built_in()),
        store: store.clone(),
        journal: Arc::new(store.clone()),
        clock: Arc::new(move || Timestamp::now() + SignedDuration::from_micros(ahead.load(Ordering::SeqCst))),
        names_are_trusted: true,
        holder: "a test".to_owned(),
    })
}

fn denied() -> Effect {
    Effect::Error { status: 403, code: "AccessDenied".to_owned(), message: "no".to_owned() }
}

fn broken() -> Effect {
    Effect::Error { status: 500, code: "InternalFailure".to_owned(), message: "trouble".to_owned() }
}

pub const OPEN: &str = "route53 open authorisation";

/// An onboarding whose association has failed in passing and left its authorisation open.
pub async fn left_open(stage: &Stage) -> RequestId {
    let id = stage.ask(Direction::Onboard, "project-x", false).await;
    assert_eq!(stage.work(&id).await, CarriedOut::Held);
    stage.approve(&id).await;
    stage.fault("route53", ASSOCIATE, broken(), When::Always);
    stage.fault("route53", WITHDRAW, denied(), When::Always);
    let stands = work_once(&stage.desk, &id).await;
    assert!(matches!(stands, CarriedOut::Resting(_)), "{stands:?}");
    assert_eq!(stage.lines(OPEN).len(), 1);
    id
}

#[tokio::test]
async fn a_step_that_can_no_longer_be_looked_at_leaves_no_authorisation_open() {
    let stage = Stage::new().await;
    let id = left_open(&stage).await;
    stage.platform.aws.faults().clear();
    stage.fault("route53", "ListHostedZonesByVPC", denied(), When::Always);
    assert_eq!(stage.work(&id).await, CarriedOut::Ended(RequestState::Failed));
    assert_eq!(stage.lines(OPEN), [""; 0]);
}

#[tokio::test]
async fn a_request_that_is_cancelled_between_two_tries_leaves_no_authorisation_open() {
    let stage = Stage::new().await;
    let id = left_open(&stage).await;
    stage.platform.aws.faults().clear();
    let aiko = person(&stage.desk, "aiko").await;
    stage.desk.cancel(&aiko, &id, None).await.expect("may");
    assert_eq!(stage.lines(OPEN), [""; 0]);
}

#[tokio::test]
async fn asking_for_another_try_does_not_forget_what_may_be_open() {
    let stage = Stage::new().await;
    let id = left_open(&stage).await;
    stage.platform.aws.faults().clear();
    let aiko = person(&stage.desk, "aiko").await;
    stage.desk.retry(&aiko, &id).await.expect("may");
    stage.desk.cancel(&aiko, &id, None).await.expect("may");
    assert_eq!(stage.lines(OPEN), [""; 0]);
}

#[tokio::test]
async fn cancelling_again_closes_what_could_not_be_closed_before() {
    let stage = Stage::new().await;
    let id = left_open(&stage).await;
    let aiko = person(&stage.desk, "aiko").await;
    let not_closed = stage.desk.cancel(&aiko, &id, None).await;
    assert!(matches!(not_closed, Err(DeskError::Cloud(_))), "{not_closed:?}");
    stage.platform.aws.faults().clear();
    stage.desk.cancel(&aiko, &id, None).await.expect("closed now");
    assert_eq!(stage.lines(OPEN), [""; 0]);
    let ended = stage.desk.cancel(&aiko, &id, None).await;
    assert!(matches!(ended, Err(DeskError::NotNow(_))), "nothing is left to close: {ended:?}");
}

#[tokio::test]
async fn cancelled_while_another_process_has_it_the_other_one_closes_it() {
    let stage = Stage::new().await;
    let id = left_open(&stage).await;
    stage.platform.aws.faults().clear();
    // The other process is about to let go of it when somebody cancels.
    let lease = stage.store.lease(&id, "another process").await.expect("stored").expect("free");
    let aiko = person(&stage.desk, "aiko").await;
    stage.desk.cancel(&aiko, &id, None).await.expect("may");
    assert_eq!(stage.lines(OPEN).len(), 1, "it is in other hands");
    stage.store.release(&lease).await.expect("stored");
    stage.fault("route53", ASSOCIATE, broken(), When::Always);
    assert_eq!(work_once(&stage.desk, &id).await, CarriedOut::Ended(RequestState::Cancelled));
    assert_eq!(stage.lines(OPEN), [""; 0]);
}

#[tokio::test]
async fn cancelled_while_a_process_that_has_died_still_has_it_it_is_closed_when_the_lease_runs_out() {
    let stage = Stage::new().await;
    let id = left_open(&stage).await;
    stage.platform.aws.faults().clear();
    let lease = stage.store.lease(&id, "a process that has died").await.expect("stored").expect("free");
    let aiko = person(&stage.desk, "aiko").await;
    stage.desk.cancel(&aiko, &id, None).await.expect("may");
    let running = watch::Sender::new(false);
    let runs_out = async { stage.store.release(&lease).await.expect("stored") };
    let (closed, ()) = tokio::join!(stage.desk.see_closed(&id, running.subscribe()), runs_out);
    closed.expect("closed");
    assert_eq!(stage.lines(OPEN), [""; 0]);
}

#[tokio::test]
async fn a_credential_that_somebody_else_imports_after_ours_was_refused_is_theirs() {
    let stage = Stage::new().await;
    stage.fault("codebuild", "ImportSourceCredentials", denied(), When::Always);
    let id = stage.ask(Direction::Onboard, "project-x", false).await;
    assert_eq!(stage.work(&id).await, CarriedOut::Ended(RequestState::Failed));
    stage.platform.aws.faults().clear();

    let by_hand = aws_sdk_codebuild::Client::new(&stage.administrator("project-dev"));
    let import = by_hand.import_source_credentials().server_type(ServerType::Github);
    import.auth_type(AuthType::PersonalAccessToken).token("theirs").send().await.expect("may");
    let mark = stage.platform.aws.log().mark();
    let aiko = person(&stage.desk, "aiko").await;
    stage.desk.retry(&aiko, &id).await.expect("may");
    assert_eq!(stage.work(&id).await, CarriedOut::Held);
    let imported = stage.platform.aws.log().changing_calls_since(mark);
    assert!(imported.iter().all(|call| call.service != "codebuild"), "it was overwritten: {imported:?}");
    stage.approve(&id).await;
    assert_eq!(stage.work(&id).await, CarriedOut::Ended(RequestState::Done));

    stage.done(Direction::Teardown, "project-x", false).await;
    let left = by_hand.list_source_credentials().send().await.expect("may");
    assert_eq!(left.source_credentials_infos().len(), 1, "it is not ours to remove");
}

#[tokio::test]
async fn an_association_made_by_hand_stays_when_its_open_authorisation_was_withdrawn() {
    let stage = Stage::new().await;
    let (platform, project) = (stage.administrator("platform-dev"), stage.administrator("project-dev"));
    let (zones, vpcs) = (aws_sdk_route53::Client::new(&platform), aws_sdk_route53::Client::new(&project));
    let parameter = aws_sdk_ssm::Client::new(&project).get_parameter().name("/dev/project-x/vpc-id").send().await;
    let id = parameter.expect("there").parameter.and_then(|parameter| parameter.value).expect("a value");
    let vpc = Vpc::builder().vpc_id(&id).vpc_region(VpcRegion::ApNortheast1).build();
    let authorise = zones.create_vpc_association_authorization().hosted_zone_id(ZONE).vpc(vpc.clone());
    authorise.send().await.expect("may");
    vpcs.associate_vpc_with_hosted_zone().hosted_zone_id(ZONE).vpc(vpc).send().await.expect("may");

    stage.done(Direction::Onboard, "project-x", false).await;
    assert_eq!(stage.lines(OPEN), [""; 0], "what was left open is closed");
    stage.done(Direction::Teardown, "project-x", false).await;
    assert_eq!(stage.lines(&format!("route53 association {ZONE} {id}")).len(), 1, "it was not made by genkan");
}

async fn put(stage: &Stage, key: &str) {
    let s3 = aws_sdk_s3::Client::new(&stage.administrator("project-dev"));
    let body = ByteStream::from_static(b"data");
    s3.put_object().bucket("project-x-dev").key(key).body(body).send().await.expect("may");
}

#[tokio::test]
async fn data_that_came_after_the_last_look_is_not_destroyed() {
    let stage = Stage::new().await;
    stage.done(Direction::Onboard, "project-x", false).await;
    let aiko = person(&stage.desk, "aiko").await;
    let wish = Wish { delete_data: true, ..crate::house::wish(Direction::Teardown, "project-x", "dev") };
    let prepared = stage.desk.plan(&aiko, &wish).await.expect("a plan");
    let Ok(Submitted::Request(request)) = stage.desk.submit(&aiko, &prepared, None).await else { panic!("to be done") };
    // The looks are seconds old, so that they are not repeated; meanwhile something is written.
    put(&stage, "late").await;
    let stop = watch::Sender::new(false).subscribe();
    let stay = genkan::requests::see_through::Stay::UntilItWaits;
    stage.desk.see_through(&request.id, Some(prepared), stay, stop).await.expect("it goes on");
    assert_eq!(stage.lines("s3 bucket project-x-dev ").len(), 1, "{:#?}", stage.lines("s3"));
}

#[tokio::test]
async fn a_removal_that_died_after_emptying_goes_on_under_its_approval() {
    let stage = Stage::new().await;
    stage.done(Direction::Onboard, "project-x", false).await;
    put(&stage, "one").await;
    put(&stage, "two").await;
    let id = stage.ask(Direction::Teardown, "project-x", true).await;
    assert_eq!(stage.work(&id).await, CarriedOut::Held);
    stage.approve(&id).await;
    // The first time everything is destroyed, and the bucket stays; then somebody writes once more.
    stage.fault("s3", "DeleteBucket", broken(), When::First(3));
    let stands = work_once(&stage.desk, &id).await;
    assert!(matches!(stands, CarriedOut::Resting(_)), "{stands:?} {:#?}", stage.states(&id).await);
    put(&stage, "three").await;
    assert_eq!(stage.work(&id).await, CarriedOut::Ended(RequestState::Done), "{:#?}", stage.states(&id).await);
}

#[tokio::test]
async fn a_removal_that_died_after_emptying_finds_less_to_do() {
    let stage = Stage::new().await;
    stage.done(Direction::Onboard, "project-x", false).await;
    put(&stage, "one").await;
    let id = stage.ask(Direction::Teardown, "project-x", true).await;
    assert_eq!(stage.work(&id).await, CarriedOut::Held);
    stage.approve(&id).await;
    stage.fault("s3", "DeleteBucket", broken(), When::First(3));
    assert_eq!(stage.work(&id).await, CarriedOut::Ended(RequestState::Done), "{:#?}", stage.states(&id).await);
}

#[tokio::test]
async fn a_config_that_asks_for_less_opens_no_gate_that_was_shown_closed() {
    let stage = Stage::new().await;
    let id = stage.ask(Direction::Onboard, "project-x", false).await;
    let lax = stage.process(|config| {
        config.environments.values_mut().for_each(|environment| environment.approvals = 0);
    });
    assert_eq!(work_once(&lax, &id).await, CarriedOut::Held);
    let held = stage.state(&id, "zone-association").await;
    assert!(
        matches!(&held, StepState::Held { step, .. } if step.gate.as_ref().is_some_and(|gate| gate.approvals == 1))
    );
}

#[tokio::test]
async fn a_failed_request_is_not_taken_up_again_after_a_later_one() {
    let stage = Stage::new().await;
    stage.fault("codebuild", "ImportSourceCredentials", denied(), When::Always);
    let id = stage.ask(Direction::Onboard, "project-x", false).await;
    assert_eq!(stage.work(&id).await, CarriedOut::Ended(RequestState::Failed));
    stage.platform.aws.faults().clear();
    stage.done(Direction::Teardown, "project-x", false).await;
    let aiko = person(&stage.desk, "aiko").await;
    // What it had done is gone again, and it would not look.
    let refused = stage.desk.retry(&aiko, &id).await;
    assert!(
        matches!(&refused, Err(DeskError::NotNow(why)) if why.to_string().contains("genkan onboard project-x dev")),
        "{refused:?}"
    );
}
