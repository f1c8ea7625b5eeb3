//! Tests of the store, each on a file of its own. Here: what they share.

mod elsewhere;
mod heard;
mod holdings;
mod journal;
mod leases;
mod opening;
mod posted;
mod racing;
mod requests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection};
use tempfile::TempDir;

use super::{NewRequest, Store};
use crate::engine::Lease;
use crate::model::plan::{Desired, GateReason, OnExisting, Scope, Terms};
use crate::model::resource::{EcrRepository, SecretCopy, TagMutability};
use crate::model::run::{Did, ResourceKey};
use crate::model::{
    Action, Approval, Digest, Direction, Event, Gate, Outputs, Person, Place, Plan, Request, RequestId, Spec, Step,
};

/// A store on a file that goes when the test ends.
struct Shelf {
    dir: TempDir,
    store: Store,
}

impl Shelf {
    async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let store = Store::open(&url(&dir)).await.expect("a new store");
        Self { dir, store }
    }

    fn path(&self) -> PathBuf {
        file(&self.dir)
    }

    /// A connection past the store, as an operator with a shell has one.
    async fn raw(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(self.path()).connect().await.expect("the file opens")
    }

    async fn submit(&self, plan: Plan) -> Request {
        let asked_at = jiff::Timestamp::now();
        self.store
            .submit(NewRequest {
                id: RequestId::from_random(rand::random()),
                plan,
                by: person("ann"),
                asked_at,
                origin: None,
            })
            .await
            .expect("a free place")
    }

    /// Another process on the same file.
    async fn another(&self) -> Store {
        Store::open(&url(&self.dir)).await.expect("the store opens")
    }

    async fn lease(&self, id: &RequestId) -> Lease {
        self.store.lease(id, "test").await.expect("a store").expect("a free request")
    }

    /// Asks approvers about a step; an approval answers that question.
    async fn ask(&self, id: &RequestId, step: &Step) -> u64 {
        let lease = self.lease(id).await;
        let asked = crate::engine::Journal::append(&self.store, &lease, &asks(step)).await.expect("asked").seq;
        self.store.release(&lease).await.expect("released");
        asked
    }

    /// As if the lease's time had gone by.
    async fn expire(&self, id: &RequestId) {
        let mut raw = self.raw().await;
        sqlx::query("update leases set expires_at = 1 where request = $1")
            .bind(id.as_str())
            .execute(&mut raw)
            .await
            .expect("a lease");
    }
}

fn file(dir: &TempDir) -> PathBuf {
    dir.path().join("genkan.db")
}

fn url(dir: &TempDir) -> String {
    format!("sqlite:{}", file(dir).display())
}

fn person(name: &str) -> Person {
    Person { name: name.to_owned(), groups: vec!["infra-leads".to_owned()], via: "--as".to_owned() }
}

fn place() -> Place {
    Place { account: "222222222222".parse().unwrap(), region: "ap-northeast-1".parse().unwrap() }
}

/// A step for a repository of the project's own.
fn repository(id: &str, name: &str, action: Action) -> Step {
    let spec = Spec::EcrRepository(EcrRepository {
        name: name.to_owned(),
        tag_mutability: TagMutability::Immutable,
        scan_on_push: true,
        lifecycle_policy: None,
    });
    step(id, Scope::Project, spec, action)
}

/// A step for the secret that all projects of the account share.
fn secret(action: Action) -> Step {
    let spec = Spec::SecretCopy(SecretCopy { name: "TOKEN".to_owned(), source: None, current: true });
    step("token", Scope::Account, spec, action)
}

fn step(id: &str, scope: Scope, spec: Spec, action: Action) -> Step {
    let desired = Desired {
        id: id.parse().unwrap(),
        place: place(),
        scope,
        on_existing: OnExisting::Block,
        after: vec![],
        inputs: BTreeMap::new(),
        spec,
    };
    Step { desired, adopt: false, delete_data: false, action, gate: None }
}

fn gated(mut step: Step, approvals: u32) -> Step {
    let reason = GateReason::OtherAccount { account: "111111111111".parse().unwrap() };
    let terms = Terms {
        roles: BTreeMap::new(),
        accounts: BTreeMap::new(),
        policy: Digest::of(&"rules"),
        engine: "genkan".to_owned(),
    };
    step.gate = Some(Gate { reason, approvals, approvers: vec!["infra-leads".to_owned()], terms });
    step
}

fn remove() -> Action {
    Action::Remove { contents: BTreeMap::new() }
}

fn keep() -> Action {
    Action::Keep { why: "as it should be".to_owned() }
}

fn plan(direction: Direction, project: &str, environment: &str, steps: Vec<Step>) -> Plan {
    Plan {
        direction,
        project: project.parse().unwrap(),
        environment: environment.parse().unwrap(),
        place: place(),
        accounts: BTreeMap::from([(place().account, "dev".to_owned())]),
        steps,
        repository: None,
        notes: vec![],
    }
}

fn onboard(project: &str, steps: Vec<Step>) -> Plan {
    plan(Direction::Onboard, project, "dev", steps)
}

fn teardown(project: &str, steps: Vec<Step>) -> Plan {
    plan(Direction::Teardown, project, "dev", steps)
}

fn key(step: &Step) -> ResourceKey {
    super::rows::key_of(step)
}

fn started(step: &Step) -> Event {
    started_with(step, &[])
}

fn started_with(step: &Step, approvers: &[&str]) -> Event {
    let approvers = approvers.iter().map(|&name| name.to_owned()).collect();
    Event::Started { step: Box::new(step.clone()), digest: step.digest(), approvers }
}

fn asks(step: &Step) -> Event {
    let until = super::rows::now() + jiff::SignedDuration::from_hours(24);
    Event::Held { step: Box::new(step.clone()), digest: step.digest(), until }
}

fn finished(step: &Step, did: Did, ours: bool) -> Event {
    Event::Finished {
        step: step.desired.id.clone(),
        did,
        outputs: outputs(step.desired.id.as_str()),
        resource: key(step),
        scope: step.desired.scope,
        ours,
    }
}

fn outputs(text: &str) -> Outputs {
    BTreeMap::from([("arn".to_owned(), format!("arn:aws:test:::{text}"))])
}

fn approval(step: &Step, digest: Digest, name: &str) -> Approval {
    let at = super::rows::now();
    Approval { step: step.desired.id.clone(), digest, question: 1, by: person(name), at, withdrawn: None }
}
