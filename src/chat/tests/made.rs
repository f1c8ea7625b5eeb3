//! Requests made by hand: the built-in blueprint's steps, in whatever state a test wants them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::model::chat::Asked;
use crate::model::plan::Terms;
use crate::model::plan::{Change, Desired, Direction, GateReason, Input, OnExisting, Scope};
use crate::model::resource::{
    AuthType, BucketEncryption, EcrRepository, ObjectOwnership, S3Bucket, SecretCopy, ServerType, SourceCredential,
    SsmParameter, TagMutability, ZoneAssociation,
};
use crate::model::run::Did;
use crate::model::{
    Action, Approval, Contents, Digest, Event, Gate, Outputs, Person, Place, Plan, Recorded, Request, RequestState,
    Spec, Step, StepId, StepState,
};
use crate::model::{Question, RoleKind, Sealed};
use crate::requests::show::{RequestView, StateChange, StepView};

pub fn at(minutes: i64) -> Timestamp {
    let begin: Timestamp = "2026-11-20T09:00:00Z".parse().expect("a time");
    begin + SignedDuration::from_mins(minutes)
}

pub fn person(name: &str) -> Person {
    Person { name: name.to_owned(), groups: vec![], via: "a test".to_owned() }
}

pub fn id(text: &str) -> StepId {
    text.parse().expect("a step's id")
}

fn place(environment: &str) -> Place {
    let account = if environment == "dev" { "222222222201" } else { "222222222203" };
    Place { account: account.parse().expect("an id"), region: "ap-northeast-1".parse().expect("a region") }
}

pub fn bucket(name: &str) -> Spec {
    Spec::S3Bucket(S3Bucket {
        name: name.to_owned(),
        object_ownership: ObjectOwnership::default(),
        block_public_access: true,
        encryption: BucketEncryption::default(),
        versioning: None,
        cors: vec![],
    })
}

pub fn repository(name: &str) -> Spec {
    Spec::EcrRepository(EcrRepository {
        name: name.to_owned(),
        tag_mutability: TagMutability::Immutable,
        scan_on_push: true,
        lifecycle_policy: None,
    })
}

pub fn parameter(name: &str) -> Spec {
    Spec::SsmParameter(SsmParameter { name: name.to_owned(), wait_minutes: 120 })
}

pub fn zone(environment: &str, vpc: Option<&str>) -> Spec {
    let (zone_id, zone_account) = match environment {
        "dev" => ("Z0DEV00000000000001", "111111111101"),
        _ => ("Z0PRODUCTION0000001", "111111111103"),
    };
    Spec::ZoneAssociation(ZoneAssociation {
        zone_id: zone_id.parse().expect("an id"),
        zone_name: format!("{environment}.platform.internal"),
        zone_account: zone_account.parse().expect("an id"),
        vpc_id: vpc.map(|vpc| vpc.parse().expect("an id")),
        vpc_region: "ap-northeast-1".parse().expect("a region"),
        associated: true,
        vpc_dns: true,
        authorisation_open: false,
    })
}

pub fn step(name: &str, environment: &str, spec: Spec, action: Action) -> Step {
    let place = place(environment);
    let approvals = if environment == "dev" { 1 } else { 2 };
    let approvers = vec!["infra-leads".to_owned()];
    let destroys = matches!(&action, Action::Remove { contents } if !contents.is_empty());
    let (own, platform) = match environment {
        "dev" => (("222222222201", "project-dev"), ("111111111101", "platform-dev")),
        _ => (("222222222203", "project-production"), ("111111111103", "platform-production")),
    };
    let touched = if spec.other_account(&place.account).is_some() { vec![platform, own] } else { vec![own] };
    let role = |(id, _): &(&str, &str)| match *id == platform.0 {
        true => (format!("arn:aws:iam::{id}:role/genkan-authoriser"), RoleKind::Authoriser),
        false => (format!("arn:aws:iam::{id}:role/genkan-writer"), RoleKind::Writer),
    };
    let terms = Terms {
        roles: touched.iter().map(role).collect(),
        accounts: touched.iter().map(|(id, name)| (id.parse().expect("an id"), (*name).to_owned())).collect(),
        policy: Digest::of(&"rules"),
        engine: "genkan 0.1.0".to_owned(),
    };
    let gate = match spec.other_account(&place.account) {
        _ if destroys => Some(Gate { reason: GateReason::DestroysData, approvals, approvers, terms }),
        Some(account) if action.changes_something() => {
            Some(Gate { reason: GateReason::OtherAccount { account: account.clone() }, approvals, approvers, terms })
        }
        _ => None,
    };
    let inputs = match &spec {
        Spec::ZoneAssociation(_) => {
            BTreeMap::from([("vpc_id".to_owned(), Input { step: id("vpc-id"), output: "value".to_owned() })])
        }
        _ => BTreeMap::new(),
    };
    let desired = Desired {
        id: id(name),
        place,
        scope: Scope::Project,
        on_existing: OnExisting::Block,
        after: vec![],
        inputs,
        spec,
    };
    Step { desired, adopt: false, delete_data: destroys, action, gate }
}

pub fn keep(why: &str) -> Action {
    Action::Keep { why: why.to_owned() }
}

pub fn remove(contents: &[(&str, u64)]) -> Action {
    Action::Remove { contents: contents.iter().map(|(what, n)| ((*what).to_owned(), *n)).collect::<Contents>() }
}

pub fn changed(fields: &[(&str, serde_json::Value, serde_json::Value)]) -> Vec<Change> {
    let change = |(field, from, to): &(&str, _, _)| Change {
        field: (*field).to_owned(),
        from: Clone::clone(from),
        to: Clone::clone(to),
    };
    fields.iter().map(change).collect()
}

pub const VPC: &str = "vpc-0a1b2c3d4e5f60718";

/// The plan of the built-in blueprint for project-x.
pub fn plan(direction: Direction, environment: &str) -> Plan {
    let name = |rest: &str| format!("project-x-{environment}{rest}");
    let secret = "GITHUB_PERSONAL_ACCESS_TOKEN".to_owned();
    let copy = Spec::SecretCopy(SecretCopy { name: secret.clone(), source: None, current: true });
    let credential = Spec::SourceCredential(SourceCredential {
        server_type: ServerType::Github,
        auth_type: AuthType::PersonalAccessToken,
        secret,
        current: true,
    });
    let vpc = parameter(&format!("/{environment}/project-x/vpc-id"));
    let step = |id, spec, action| step(id, environment, spec, action);
    let steps = match direction {
        Direction::Onboard => vec![
            step("github-token", copy, Action::Create),
            step("source-credential", credential, keep("it was made by hand and is used as it is")),
            step("repository", repository(&name("-algorithm")), Action::Create),
            step("bucket", bucket(&name("")), Action::Create),
            step("batch-trigger-bucket", bucket(&name("-batch-trigger")), Action::Create),
            step("vpc-id", vpc, Action::Await),
            step("zone-association", zone(environment, None), Action::Create),
        ],
        Direction::Teardown => vec![
            step("zone-association", zone(environment, Some(VPC)), remove(&[])),
            step("vpc-id", vpc, keep("whoever wrote it removes it")),
            step("batch-trigger-bucket", bucket(&name("-batch-trigger")), remove(&[])),
            step("bucket", bucket(&name("")), remove(&[("objects", 12)])),
            step("repository", repository(&name("-algorithm")), remove(&[("images", 1)])),
            step("source-credential", credential, keep("project-y dev still needs it")),
            step("github-token", copy, keep("project-y dev still needs it")),
        ],
    };
    let accounts = match environment {
        "dev" => [("111111111101", "platform-dev"), ("222222222201", "project-dev")],
        _ => [("111111111103", "platform-production"), ("222222222203", "project-production")],
    };
    let notes = match direction {
        Direction::Onboard => vec![],
        Direction::Teardown => vec!["Data is destroyed with what holds it: it cannot be brought back.".to_owned()],
    };
    Plan {
        direction,
        project: "project-x".parse().expect("a name"),
        environment: environment.parse().expect("a name"),
        repository: None,
        place: place(environment),
        accounts: accounts.into_iter().map(|(id, name)| (id.parse().expect("an id"), name.to_owned())).collect(),
        steps,
        notes,
    }
}

/// A request of aiko's, nothing of it begun.
pub fn request(plan: Plan) -> RequestView {
    let steps = plan.steps.iter().map(|step| StepView { step: step.clone(), state: StepState::Pending }).collect();
    let (by, asked_at) = (person("aiko"), at(0));
    let asked = StateChange { at: asked_at, to: RequestState::Open, by: Some(by.clone()), reason: None };
    let id = "r-7k2m9x4bqd".parse().expect("an id");
    let request = Request { id, by, asked_at, plan, state: RequestState::Open, reason: None, changed_at: asked_at };
    let (approvals, questions, stand_ins, history) = (vec![], vec![], vec![], vec![]);
    RequestView { request, steps, approvals, questions, stand_ins, history, changes: vec![asked] }
}

/// A request made by hand, changed step by step.
pub trait Made {
    fn is(&mut self, step: &str, state: StepState) -> &mut Self;
    fn done(&mut self, step: &str) -> &mut Self;
    fn done_up_to(&mut self, step: &str) -> &mut Self;
    fn is_held(&mut self, step: &str) -> Asked;
    fn asked(&mut self, minutes: i64, step: Step) -> Asked;
    fn question_of(&self, step: &str) -> Asked;
    fn begun(&mut self, step: &str) -> &mut Self;
    fn approved(&mut self, step: &str, by: &str) -> &mut Self;
    fn wrote(&mut self, minutes: i64, event: Event) -> &mut Self;
    fn ended(&mut self, state: RequestState, by: Option<&str>, reason: Option<&str>) -> &mut Self;
}

fn find<'v>(view: &'v mut RequestView, step: &str) -> &'v mut StepView {
    view.steps.iter_mut().find(|view| view.step.desired.id.as_str() == step).expect("a step of the plan")
}

impl Made for RequestView {
    fn is(&mut self, step: &str, state: StepState) -> &mut Self {
        find(self, step).state = state;
        self
    }

    fn done(&mut self, step: &str) -> &mut Self {
        let view = find(self, step);
        let spec = &view.step.desired.spec;
        let did = if spec.is_awaited() { Did::Seen } else { Did::by(&view.step.action) };
        let outputs = outputs(spec);
        view.state = StepState::Done { did, outputs, at: at(3) };
        self
    }

    fn done_up_to(&mut self, step: &str) -> &mut Self {
        let ids: Vec<String> = self.steps.iter().map(|step| step.step.desired.id.to_string()).collect();
        for id in ids.iter().take_while(|id| *id != step) {
            self.done(id);
        }
        self
    }

    fn is_held(&mut self, step: &str) -> Asked {
        let environment = self.request.plan.environment.to_string();
        let view = find(self, step);
        if matches!(view.step.desired.spec, Spec::ZoneAssociation(_)) {
            view.step.desired.spec = zone(&environment, Some(VPC));
        }
        let (held, digest) = (Box::new(view.step.clone()), view.step.digest());
        let until = at(4 + 24 * 60);
        view.state = StepState::Held { step: held.clone(), digest: digest.clone(), since: at(4), until, note: None };
        self.asked(4, *held)
    }

    fn asked(&mut self, minutes: i64, step: Step) -> Asked {
        let (digest, until) = (step.digest(), at(minutes + 24 * 60));
        self.wrote(minutes, Event::Held { step: Box::new(step.clone()), digest: digest.clone(), until });
        let number = self.history.len() as u64;
        let sealed = Sealed::of(&step).expect("a step of ours");
        self.questions.push(Question { number, sealed, asked_at: at(minutes), until, set_back: false });
        Asked { step: step.desired.id, digest, question: number }
    }

    fn question_of(&self, step: &str) -> Asked {
        let is_this = |asked: &&Question| asked.sealed.step().desired.id.as_str() == step;
        let asked = self.questions.iter().rev().find(is_this).expect("it was asked");
        Asked { step: id(step), digest: asked.sealed.digest().clone(), question: asked.number }
    }

    fn begun(&mut self, step: &str) -> &mut Self {
        let view = find(self, step);
        view.state = StepState::Running { since: at(9), failures: 0 };
        let (step, digest) = (Box::new(view.step.clone()), view.step.digest());
        self.wrote(9, Event::Started { step, digest, approvers: [].into() })
    }

    fn approved(&mut self, step: &str, by: &str) -> &mut Self {
        let Asked { step, digest, question } = self.question_of(step);
        self.approvals.push(Approval { step, digest, question, by: person(by), at: at(8), withdrawn: None });
        self
    }

    fn wrote(&mut self, minutes: i64, event: Event) -> &mut Self {
        let seq = self.history.len() as u64 + 1;
        self.history.push(Recorded { seq, at: at(minutes), event });
        self
    }

    fn ended(&mut self, state: RequestState, by: Option<&str>, reason: Option<&str>) -> &mut Self {
        self.request.state = state;
        self.request.changed_at = at(12);
        self.request.reason = reason.map(str::to_owned);
        let (by, reason) = (by.map(person), reason.map(str::to_owned));
        self.changes.push(StateChange { at: at(12), to: state, by, reason });
        self
    }
}

fn outputs(spec: &Spec) -> Outputs {
    let name = spec.name();
    let told: Vec<(&str, String)> = match spec {
        Spec::EcrRepository(_) => {
            vec![("uri", format!("222222222201.dkr.ecr.ap-northeast-1.amazonaws.com/{name}"))]
        }
        Spec::S3Bucket(_) => vec![("arn", format!("arn:aws:s3:::{name}")), ("name", name)],
        Spec::SsmParameter(_) => vec![("value", VPC.to_owned())],
        Spec::ZoneAssociation(zone) => vec![("zone_id", zone.zone_id.to_string()), ("vpc_id", VPC.to_owned())],
        _ => vec![("arn", format!("arn:aws:secretsmanager:ap-northeast-1:222222222201:secret:{name}"))],
    };
    told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
