//! An approval means one thing: of each plan that is kept in `tests/plans`, each gated step is approved, and then each leaf of it is
//! made another, one at a time. The real store starts none of them; and what was approved it starts.

use std::collections::BTreeSet;

use genkan::engine::{Journal, JournalError, Lease};
use genkan::model::digest::canonical;
use genkan::model::{Approval, Digest, Event, Person, Plan, RequestId, Sealed, Step};
use genkan::store::{NewRequest, Store};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::plans;

fn person(name: &str) -> Person {
    Person { name: name.to_owned(), groups: vec!["infra-leads".to_owned()], via: "--as".to_owned() }
}

fn leads() -> BTreeSet<String> {
    ["ren", "mio"].map(str::to_owned).into()
}

/// The ways to every leaf: text, numbers, yes and no, nothing, and what is empty.
fn leaves(value: &Value, way: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (field, value) in fields {
                leaves(value, &format!("{way}/{}", field.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (at, value) in items.iter().enumerate() {
                leaves(value, &format!("{way}/{at}"), found);
            }
        }
        _ => found.push(way.to_owned()),
    }
}

/// What a leaf can be made besides what it is: something of the same sort where there is one, so that as much as possible still
/// reads as a step.
fn others(leaf: &Value) -> Vec<Value> {
    match leaf {
        Value::String(text) => {
            let digit = |c: char| if c == '9' { '1' } else { char::from(c as u8 + 1) };
            let mut last = text.clone();
            let turned = last.pop().map(|c| {
                if c.is_ascii_digit() {
                    digit(c)
                } else if c == 'x' {
                    'y'
                } else {
                    'x'
                }
            });
            last.extend(turned);
            [format!("{text}x"), last, String::new()]
                .into_iter()
                .filter(|other| other != text)
                .map(Value::String)
                .collect()
        }
        Value::Number(number) => {
            let number = number.as_u64().expect("whole");
            vec![(number + 1).into(), number.saturating_sub(1).into(), 0.into()]
                .into_iter()
                .filter(|other: &Value| other.as_u64() != Some(number))
                .collect()
        }
        Value::Bool(is) => vec![Value::Bool(!is)],
        Value::Null => vec![Value::from("x"), Value::from(1), Value::Bool(true)],
        Value::Array(_) => vec![serde_json::json!(["x"])],
        Value::Object(_) => vec![serde_json::json!({"x": "y"}), serde_json::json!({"x": 1})],
    }
}

/// Every step that one leaf more or less makes another, with what was changed.
fn changed(step: &Step) -> Vec<(String, Value)> {
    let whole = serde_json::to_value(step).expect("JSON");
    let mut ways = Vec::new();
    leaves(&whole, "", &mut ways);
    let mut changed = Vec::new();
    for way in &ways {
        for other in others(whole.pointer(way).expect("a leaf")) {
            let mut step = whole.clone();
            changed.push((format!("{way} = {other}"), {
                *step.pointer_mut(way).expect("a leaf") = other;
                step
            }));
        }
    }
    // A whole part left out, and lists in another order.
    for (field, _) in whole.as_object().expect("fields") {
        let mut step = whole.clone();
        step[field] = Value::Null;
        changed.push((format!("{field} is gone"), step));
    }
    for list in ["/after", "/gate/approvers"] {
        let mut step = whole.clone();
        if let Some(Value::Array(items)) = step.pointer_mut(list) {
            items.reverse();
            changed.push((format!("{list} in another order"), step));
        }
    }
    changed.retain(|(_, step)| *step != whole);
    changed
}

/// The name under which a role is written in a plan is a key, not a leaf: another account's role, and another account.
fn with_other_keys(step: &Step) -> Vec<(String, Step)> {
    let mut other = step.clone();
    let terms = &mut other.gate.as_mut().expect("a gate").terms;
    terms.roles = terms.roles.iter().map(|(arn, role)| (format!("{arn}-2"), *role)).collect();
    let mut elsewhere = step.clone();
    let terms = &mut elsewhere.gate.as_mut().expect("a gate").terms;
    let account = || "999999999999".parse().expect("an id");
    terms.accounts = terms.accounts.values().map(|name| (account(), name.clone())).collect();
    let mut inputs = step.clone();
    inputs.desired.inputs =
        inputs.desired.inputs.into_iter().map(|(name, input)| (format!("{name}-2"), input)).collect();
    let all = [("roles", other), ("accounts", elsewhere), ("inputs", inputs)];
    all.into_iter().filter(|(_, other)| other != step).map(|(what, step)| (what.to_owned(), step)).collect()
}

struct Desk {
    store: Store,
    request: RequestId,
    lease: Lease,
    _folder: tempfile::TempDir,
}

impl Desk {
    async fn with(plan: Plan) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("genkan.db").display());
        let store = Store::open(&url).await.expect("a store");
        let id = RequestId::from_random(rand::random());
        let new = NewRequest { id, plan, by: person("aiko"), asked_at: Timestamp::now(), origin: None };
        let request = store.submit(new).await.expect("submitted").id;
        let lease = store.lease(&request, "a test").await.expect("a store").expect("free");
        Self { store, request, lease, _folder: folder }
    }

    async fn is_asked_and_approved(&self, step: &Step) {
        let until = Timestamp::now() + SignedDuration::from_hours(24);
        let held = Event::Held { step: Box::new(step.clone()), digest: step.digest(), until };
        let question = self.store.append(&self.lease, &held).await.expect("asked").seq;
        for name in leads() {
            let (step, digest, by) = (step.desired.id.clone(), step.digest(), person(&name));
            let approval = Approval { step, digest, question, by, at: Timestamp::now(), withdrawn: None };
            self.store.approve(&self.request, &approval).await.expect("approved");
        }
    }

    async fn starts(&self, step: &Step, digest: Digest) -> Result<(), JournalError> {
        let started = Event::Started { step: Box::new(step.clone()), digest, approvers: leads() };
        self.store.append(&self.lease, &started).await.map(drop)
    }
}

#[tokio::test]
async fn no_leaf_of_what_was_approved_can_be_another() {
    let (mut plans, mut steps, mut tried, mut unreadable) = (0, 0, 0, 0);
    for (name, plan) in plans::kept() {
        // As the engine has it: with the VPC that a stack has told by then.
        let gated: Vec<Step> = plan.steps.iter().filter(|step| needs_somebody(step)).cloned().collect();
        if gated.is_empty() {
            continue;
        }
        let desk = Desk::with(plan).await;
        plans += 1;
        for step in gated {
            steps += 1;
            desk.is_asked_and_approved(&step).await;
            let refused = Err(JournalError::NotApproved(desk.request.clone()));
            let mut mutants = with_other_keys(&step);
            for (what, changed) in changed(&step) {
                let text = canonical(&changed);
                // What is hashed is what is read: it is another digest, or it is no step at all.
                match (Sealed::open(text.clone()), serde_json::from_value::<Step>(changed)) {
                    (Ok(sealed), Ok(read)) => {
                        assert_eq!(sealed.step(), &read, "{name}: {what}");
                        mutants.push((what, read));
                    }
                    (Err(_), _) => unreadable += 1,
                    (Ok(_), Err(error)) => panic!("{name}: {what}: {error}"),
                }
                assert_ne!(Digest::of_text(&text), step.digest(), "{name}");
            }
            for (what, mutant) in mutants {
                tried += 1;
                let own = mutant.digest();
                assert_ne!(own, step.digest(), "{name}: {what}");
                assert_eq!(desk.starts(&mutant, own).await, refused, "{name}: {}: {what}", step.desired.id);
                assert_eq!(
                    desk.starts(&mutant, step.digest()).await,
                    refused,
                    "{name}: {what}, under what was approved"
                );
            }
            desk.starts(&step, step.digest())
                .await
                .unwrap_or_else(|error| panic!("{name}: what was approved: {error}"));
        }
    }
    assert!(plans >= 12 && steps >= 20, "{plans} plans, {steps} gated steps");
    assert!(tried > 1000, "{tried} tried, {unreadable} were no step");
}

fn needs_somebody(step: &Step) -> bool {
    step.action.changes_something() && step.gate.as_ref().is_some_and(|gate| gate.approvals > 0)
}
