//! A whole house: the made-up platform, a store in a folder, and processes that come and go, each with sessions of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use aws_sdk_s3::config::{AsyncSleep, SharedAsyncSleep, Sleep};
use genkan::app::{LocalPlatform, wire};
use genkan::aws::cloud::Aws;
use genkan::config::{Config, Role};
use genkan::engine::FreshLooks;
use genkan::engine::limit::Gates;
use genkan::model::{AccountId, Direction, Person, Plan, ProjectName, RequestId, RequestState, StepState};
use genkan::policy::Policy;
use genkan::requests::carry_out::CarriedOut;
use genkan::requests::plan::Wish;
use genkan::requests::show::RequestView;
use genkan::requests::submit::Submitted;
use genkan::requests::{Desk, DeskError, DeskParts};
use genkan::sandbox::Inventory;
use genkan::store::Store;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::ledger::Ledger;
use crate::tap::{TappedAws, TappedJournal, TappedWitness, Trap};

/// How often a request is taken up before a test gives it up.
const ROUNDS: usize = 60;

/// The platform, and what outlives a process: AWS, the store's file, the time.
pub struct House {
    pub platform: LocalPlatform,
    pub store: Store,
    /// What the audit log was told, by whichever process.
    pub ledger: Ledger,
    ahead: Arc<AtomicI64>,
    _folder: TempDir,
}

/// One process: a desk with sessions of its own, and the taps on its ways out.
pub struct Process {
    pub desk: Desk,
    pub trap: Arc<Trap>,
    ahead: Arc<AtomicI64>,
}

/// The SDK's pauses between tries are skipped, its timeouts are kept.
#[derive(Debug)]
struct NoPauses;

impl AsyncSleep for NoPauses {
    fn sleep(&self, duration: Duration) -> Sleep {
        if duration < Duration::from_secs(3) {
            return Sleep::new(std::future::ready(()));
        }
        Sleep::new(tokio::time::sleep(duration))
    }
}

impl House {
    /// As the built-in config says, where no project's infrastructure is up yet.
    pub async fn new() -> Self {
        Self::with(&[], |_| {}).await
    }

    /// With the VPC ids of these projects in SSM already, and another config.
    pub async fn with(prepared: &[&str], change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let text = include_str!("../../config/sandbox.toml");
        let mut config = Config::parse(text, &folder.path().join("genkan.toml")).expect("a sound config").config;
        // A role of its own, so that AWS's log tells the reading of the secret from looks.
        config.secret.reader = Role("genkan-secret-reader".to_owned());
        change(&mut config);
        let platform = LocalPlatform::of(config, prepared).await.expect("a sound seed");
        let store = Store::open(&platform.config.store.url).await.expect("a store");
        Self { platform, store, ledger: Ledger::default(), ahead: Arc::default(), _folder: folder }
    }

    /// Starts a process over the same store and the same AWS. Its journal and its calls pass `trap`.
    pub async fn process(&self, trap: Arc<Trap>) -> Process {
        self.process_with(&self.platform.config, trap).await
    }

    /// The same, after the operator has changed the config.
    pub async fn process_with(&self, config: &Config, trap: Arc<Trap>) -> Process {
        self.process_under(config, wire::policy(config).expect("sound rules"), trap).await
    }

    /// The same, where nobody is believed who they say they are: as against AWS itself.
    pub async fn process_that_believes_nobody(&self) -> Process {
        let config = &self.platform.config;
        self.process_of(config, wire::policy(config).expect("sound rules"), Trap::armed(None), false).await
    }

    /// The same, under other rules.
    pub async fn process_under(&self, config: &Config, policy: Policy, trap: Arc<Trap>) -> Process {
        self.process_of(config, policy, trap, true).await
    }

    async fn process_of(&self, config: &Config, policy: Policy, trap: Arc<Trap>, names_are_trusted: bool) -> Process {
        let store = Store::open(&config.store.url).await.expect("the store");
        let config = Arc::new(config.clone());
        let client = TappedAws { client: self.platform.aws.http_client(), trap: Arc::clone(&trap) };
        let base = self.platform.tool().into_builder().http_client(client);
        let base = base.sleep_impl(SharedAsyncSleep::new(NoPauses)).build();
        let witness = Arc::new(TappedWitness::new(store.clone(), Arc::clone(&trap), self.ledger.clone()));
        let cloud = Arc::new(Aws::new(Arc::clone(&config), base, Gates::new(&config.limits), witness));
        let ahead = Arc::clone(&self.ahead);
        let desk = Desk::new(DeskParts {
            policy: Arc::new(policy),
            config,
            journal: Arc::new(TappedJournal { store: store.clone(), trap: Arc::clone(&trap) }),
            store,
            cloud,
            clock: Arc::new(move || Timestamp::now() + SignedDuration::from_micros(ahead.load(Ordering::SeqCst))),
            names_are_trusted,
            holder: "a test".to_owned(),
        });
        Process { desk, trap, ahead: Arc::clone(&self.ahead) }
    }

    /// A process that lives.
    pub async fn start(&self) -> Process {
        self.process(Trap::armed(None)).await
    }

    /// As after the minute in which nobody renewed the lease that a dead process held: it has run out.
    pub async fn lease_runs_out(&self, dead: &Process) {
        if let Some(lease) = dead.trap.lease() {
            self.store.release(&lease).await.expect("released");
        }
    }

    pub fn inventory(&self) -> Inventory {
        self.platform.aws.inventory()
    }

    /// The lines of an account's inventory that begin like this.
    pub fn lines(&self, account: &str, begin: &str) -> Vec<String> {
        let (id, inventory) = (self.account(account), self.inventory());
        let lines = inventory.0.get(id.as_str()).into_iter().flatten();
        lines.filter(|line| line.starts_with(begin)).cloned().collect()
    }

    /// Every open authorisation, in any account.
    pub fn authorisations(&self) -> Vec<String> {
        let inventory = self.inventory();
        inventory.0.values().flatten().filter(|line| line.starts_with("route53 open authorisation")).cloned().collect()
    }

    pub fn account(&self, name: &str) -> AccountId {
        self.platform.config.account(name).expect("known").id.clone()
    }

    /// The project's stack writes its VPC's id, unless it has done so already.
    pub async fn stack_is_up(&self, project: &str, environment: &str) {
        let parameter = format!("ssm parameter /{environment}/{project}/vpc-id ");
        if self.inventory().0.values().flatten().any(|line| line.starts_with(&parameter)) {
            return;
        }
        let (project, environment): (ProjectName, _) = (project.parse().unwrap(), environment.parse().unwrap());
        self.platform.write_vpc_id(&project, &environment).await.expect("written");
    }

    /// The project's stack is deleted, and its VPC's id with it.
    pub async fn stack_is_down(&self, project: &str, environment: &str) {
        let (project, environment): (ProjectName, _) = (project.parse().unwrap(), environment.parse().unwrap());
        self.platform.remove_vpc_id(&project, &environment).await.expect("removed");
    }

    /// How often an action was answered with success.
    pub fn succeeded(&self, action: &str) -> usize {
        let calls = self.platform.aws.log().calls();
        calls.iter().filter(|call| call.action() == action && call.status == Some(200)).count()
    }
}

/// The wish of somebody who types `onboard` or `teardown`.
pub fn wish(direction: Direction, project: &str, environment: &str) -> Wish {
    let (project, environment) = (project.to_owned(), environment.to_owned());
    Wish { direction, project, environment, adopt: vec![], repository: None, delete_data: false, at_once: true }
}

impl Process {
    pub async fn person(&self, name: &str) -> Person {
        self.desk.who(Some(name)).await.expect("known")
    }

    /// What somebody would see if they asked only for the plan.
    pub async fn plan(&self, name: &str, wish: &Wish) -> Plan {
        let person = self.person(name).await;
        self.desk.plan(&person, &Wish { at_once: false, ..wish.clone() }).await.expect("a plan").plan
    }

    /// Somebody asks; none = nothing is to be done.
    pub async fn ask(&self, name: &str, wish: &Wish) -> Result<Option<RequestId>, DeskError> {
        let person = self.person(name).await;
        let prepared = self.desk.plan(&person, wish).await?;
        Ok(match self.desk.submit(&person, &prepared, None).await? {
            Submitted::NothingToDo => None,
            Submitted::Request(request) => Some(request.id),
        })
    }

    /// Carries a request out as far as it goes now.
    pub async fn work(&self, id: &RequestId) -> Result<CarriedOut, DeskError> {
        self.desk.carry_out(id, FreshLooks::new(), watch::Sender::new(false).subscribe()).await
    }

    /// Approves whatever waits for it.
    pub async fn approve(&self, name: &str, id: &RequestId) -> Result<(), DeskError> {
        let person = self.person(name).await;
        for held in self.desk.approvable(&person, id, None).await? {
            self.desk.approve(&person, id, &held.step.desired.id, &held.digest).await?;
        }
        Ok(())
    }

    pub async fn show(&self, id: &RequestId) -> RequestView {
        self.desk.show(id).await.expect("known")
    }

    /// How a step stands.
    pub async fn step(&self, id: &RequestId, step: &str) -> StepState {
        let steps = self.show(id).await.steps;
        steps.into_iter().find(|view| view.step.desired.id.as_str() == step).expect("a step").state
    }

    /// Time passes until then.
    pub fn wait_until(&self, at: Timestamp) {
        let ahead = at.duration_since(self.desk.now());
        if ahead.is_positive() {
            self.ahead.fetch_add(i64::try_from(ahead.as_micros()).expect("soon") + 1000, Ordering::SeqCst);
        }
    }

    /// The clock of the machine is put forward, or back.
    pub fn clock_jumps(&self, by: SignedDuration) {
        self.ahead.fetch_add(i64::try_from(by.as_micros()).expect("not that far"), Ordering::SeqCst);
    }

    /// Carries a request out until it ends, while the others play their parts: the stack writes the VPC's id once it is
    /// waited for, the leads approve what needs it, and time passes.
    pub async fn see_through(&self, house: &House, id: &RequestId) -> RequestState {
        for _ in 0..ROUNDS {
            match self.work(id).await.expect("it goes on") {
                CarriedOut::Ended(state) => return state,
                CarriedOut::Held => {
                    for lead in ["ren", "mio"] {
                        self.approve(lead, id).await.expect("approved");
                    }
                }
                CarriedOut::Resting(at) => {
                    assert_eq!(house.authorisations(), [""; 0], "open while {id} rests");
                    let view = self.show(id).await;
                    let waits = |state: &StepState| matches!(state, StepState::Waiting { until: Some(_), .. });
                    if view.steps.iter().any(|step| waits(&step.state)) {
                        let plan = &view.request.plan;
                        house.stack_is_up(plan.project.as_str(), plan.environment.as_str()).await;
                    }
                    self.wait_until(at);
                }
                CarriedOut::Elsewhere => panic!("{id} is in other hands"),
            }
        }
        panic!("{id} did not end: {:#?}", self.show(id).await.steps)
    }
}
