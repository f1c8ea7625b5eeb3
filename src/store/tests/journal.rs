//! The journal: only under a lease, without a gap, and no start without what the gate asks for.

use super::*;
use crate::engine::{Journal as _, JournalError};
use crate::model::request::RequestMove;
use crate::store::ApproveError;

fn waiting(step: &Step) -> Event {
    let again_at = super::super::rows::now();
    Event::Waiting { step: step.desired.id.clone(), on: "the VPC".to_owned(), again_at, until: None }
}

fn failed(step: &Step) -> Event {
    let why = "throttled".to_owned();
    Event::Failed { step: step.desired.id.clone(), why, mend: None, retry_at: None }
}

#[tokio::test]
async fn events_are_numbered_without_a_gap_and_read_back_as_they_were() {
    let shelf = Shelf::new().await;
    let step = repository("images", "project-x-dev", Action::Create);
    let held = asks(&step);
    let events = [held, waiting(&step), started(&step), failed(&step), finished(&step, Did::Created, true)];
    let request = shelf.submit(onboard("project-x", vec![step])).await;
    let other = shelf.submit(onboard("project-y", vec![])).await;
    let lease = shelf.lease(&request.id).await;
    let mut written = Vec::new();
    for event in &events {
        written.push(shelf.store.append(&lease, event).await.unwrap());
    }
    assert_eq!(shelf.store.replay(&lease).await.unwrap(), written);
    assert!(written.iter().map(|recorded| recorded.seq).eq(1..=5), "{written:?}");
    assert!(written.iter().map(|recorded| &recorded.event).eq(&events));
    assert_eq!(shelf.store.journal(&other.id).await.unwrap(), [], "each request has a journal of its own");
}

#[tokio::test]
async fn nothing_is_written_without_the_last_lease() {
    let shelf = Shelf::new().await;
    let store = &shelf.store;
    let step = secret(Action::Create);
    let request = shelf.submit(onboard("project-x", vec![step.clone()])).await;
    let lost = Err(JournalError::LeaseLost(request.id.clone()));

    let old = shelf.lease(&request.id).await;
    shelf.expire(&request.id).await;
    assert_eq!(store.append(&old, &waiting(&step)).await, lost, "its time has gone by");
    let new = shelf.lease(&request.id).await;
    assert_eq!(new.fence, old.fence + 1);
    for event in [started(&step), finished(&step, Did::Created, true), waiting(&step)] {
        assert_eq!(store.append(&old, &event).await, lost, "another has taken over");
    }
    assert_eq!(store.renew(&old).await, Err(JournalError::LeaseLost(request.id.clone())));
    store.append(&new, &started(&step)).await.unwrap();

    store.release(&new).await.unwrap();
    assert_eq!(store.append(&new, &finished(&step, Did::Created, true)).await, lost, "given out of hand");
    let invented = Lease { fence: 99, ..new };
    assert_eq!(store.append(&invented, &waiting(&step)).await, lost);
    assert_eq!(store.journal(&request.id).await.unwrap().len(), 1);
    assert_eq!(store.remembered(&key(&step), None).await.unwrap(), None, "a refused event leaves no trace");
}

#[tokio::test]
async fn a_step_with_a_gate_starts_only_when_enough_others_approved_exactly_this() {
    let shelf = Shelf::new().await;
    let store = &shelf.store;
    let step = gated(repository("images", "project-x-dev", Action::Create), 2);
    let request = shelf.submit(onboard("project-x", vec![step.clone()])).await;
    let lease = shelf.lease(&request.id).await;
    let refused = Err(JournalError::NotApproved(request.id.clone()));
    let start = started_with(&step, &["lea", "leo"]);
    assert_eq!(store.append(&lease, &start).await, refused, "nobody said anything");

    let other_digest = Digest::of(&"another VPC");
    let unasked = approval(&step, step.digest(), "lea");
    assert_eq!(store.approve(&request.id, &unasked).await, Err(ApproveError::Changed), "nobody was asked");
    let asked = store.append(&lease, &asks(&step)).await.unwrap().seq;
    let mut other_step = step.clone();
    other_step.desired.id = "other".parse().unwrap();
    for wrong in [
        approval(&step, other_digest.clone(), "lea"),
        approval(&other_step, step.digest(), "lea"),
        Approval { question: asked + 1, ..approval(&step, step.digest(), "lea") },
    ] {
        assert_eq!(store.approve(&request.id, &wrong).await, Err(ApproveError::Changed), "{wrong:?}");
    }
    let pretended = Event::Started { step: Box::new(step.clone()), digest: other_digest, approvers: [].into() };
    assert_eq!(store.append(&lease, &pretended).await, refused, "the digest is not the step's");

    for name in ["ann", "lea", "lea"] {
        store.approve(&request.id, &approval(&step, step.digest(), name)).await.unwrap();
    }
    assert_eq!(store.append(&lease, &start).await, refused, "who asked does not count, and nobody counts twice");
    assert_eq!(store.journal(&request.id).await.unwrap().len(), 1, "only the question");
    assert!(!store.begun(&key(&step), None).await.unwrap());

    store.approve(&request.id, &approval(&step, step.digest(), "leo")).await.unwrap();
    let alone = started_with(&step, &["lea"]);
    assert_eq!(store.append(&lease, &alone).await, refused, "one who is counted on is not two");
    let with_who_asked = started_with(&step, &["lea", "ann"]);
    assert_eq!(store.append(&lease, &with_who_asked).await, refused, "who asked does not count");
    store.append(&lease, &start).await.expect("two others approved exactly this");
    assert!(store.begun(&key(&step), None).await.unwrap());
}

#[tokio::test]
async fn an_approval_of_another_request_does_not_count() {
    let shelf = Shelf::new().await;
    let step = gated(secret(Action::Create), 1);
    let one = shelf.submit(onboard("project-x", vec![step.clone()])).await;
    let two = shelf.submit(onboard("project-y", vec![step.clone()])).await;
    for request in [&one, &two] {
        shelf.ask(&request.id, &step).await;
    }
    shelf.store.approve(&one.id, &approval(&step, step.digest(), "lea")).await.unwrap();
    let lease = shelf.lease(&two.id).await;
    assert_eq!(
        shelf.store.append(&lease, &started_with(&step, &["lea"])).await,
        Err(JournalError::NotApproved(two.id))
    );
}

#[tokio::test]
async fn an_approval_that_somebody_put_into_the_store_opens_nothing() {
    let shelf = Shelf::new().await;
    let step = gated(secret(Action::Create), 1);
    let request = shelf.submit(onboard("project-x", vec![step.clone()])).await;
    let mut raw = shelf.raw().await;
    let mut number = shelf.ask(&request.id, &step).await;
    let yes = |question, name| Approval { question, ..approval(&step, step.digest(), name) };
    let forge = "insert into approvals
        select request, seq + 1, step, digest, $1, 'lea', replace(person, 'leo', 'lea'), at from approvals order by seq desc limit 1";
    let withdraw = "drop trigger withdrawals_no_delete; delete from withdrawals";
    for (name, by_hand) in [("leo", forge), ("leo", withdraw)] {
        shelf.store.approve(&request.id, &yes(number, name)).await.unwrap();
        shelf.store.withdraw(&request.id, &step.desired.id, &person(name)).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(by_hand.replace("$1", &number.to_string())))
            .execute(&mut raw)
            .await
            .expect("put there");
        let lease = shelf.lease(&request.id).await;
        let who = if by_hand == forge { "lea" } else { "leo" };
        let refused = shelf.store.append(&lease, &started_with(&step, &[who])).await.expect_err("nobody said that");
        assert!(refused.to_string().contains("tells nothing of the approval"), "{who}: {refused}");
        shelf.store.release(&lease).await.unwrap();
        // Asked anew: what is found of the last question is no answer either.
        number = shelf.ask(&request.id, &step).await;
    }
    shelf.store.approve(&request.id, &yes(number, "leo")).await.unwrap();
    let lease = shelf.lease(&request.id).await;
    shelf.store.append(&lease, &started_with(&step, &["leo"])).await.expect("said, and told");
}

#[tokio::test]
async fn a_gate_that_asks_for_nobody_is_open() {
    let shelf = Shelf::new().await;
    let step = gated(secret(Action::Create), 0);
    let request = shelf.submit(onboard("project-x", vec![step.clone()])).await;
    let lease = shelf.lease(&request.id).await;
    shelf.store.append(&lease, &started(&step)).await.expect("unattended, as the operator wrote");
}

#[tokio::test]
async fn nothing_begins_after_the_end_but_what_was_begun_is_written_down() {
    let shelf = Shelf::new().await;
    let store = &shelf.store;
    let (begun, not_begun) = (secret(Action::Create), repository("images", "project-x-dev", Action::Create));
    let request = shelf.submit(onboard("project-x", vec![begun.clone(), not_begun.clone()])).await;
    let lease = shelf.lease(&request.id).await;
    store.append(&lease, &started(&begun)).await.unwrap();
    store.advance(&request, RequestMove::Cancel, Some(&person("ann")), None).await.unwrap();

    let refused = store.append(&lease, &started(&not_begun)).await;
    assert_eq!(refused, Err(JournalError::NotOpen(request.id.clone())));
    store.append(&lease, &finished(&begun, Did::Created, true)).await.expect("it was done, so it is known");
    assert_eq!(store.remembered(&key(&begun), None).await.unwrap(), Some(outputs("token")));
}

#[tokio::test]
async fn an_event_and_what_is_remembered_are_written_together_or_not_at_all() {
    let shelf = Shelf::new().await;
    let store = &shelf.store;
    let step = secret(Action::Create);
    let request = shelf.submit(onboard("project-x", vec![step.clone()])).await;
    let lease = shelf.lease(&request.id).await;
    store.append(&lease, &started(&step)).await.unwrap();

    // The second half of the write fails, as it would on a failing disk.
    let mut raw = shelf.raw().await;
    sqlx::query("alter table holdings rename to elsewhere").execute(&mut raw).await.unwrap();
    let failed = store.append(&lease, &finished(&step, Did::Created, true)).await;
    assert!(matches!(failed, Err(JournalError::Storage(_))), "{failed:?}");
    assert_eq!(store.journal(&request.id).await.unwrap().len(), 1);
    assert!(store.begun(&key(&step), None).await.unwrap(), "what the write had done before it failed is undone");

    sqlx::query("alter table elsewhere rename to holdings").execute(&mut raw).await.unwrap();
    let written = store.append(&lease, &finished(&step, Did::Created, true)).await.expect("it works again by itself");
    assert_eq!(written.seq, 2, "no gap");
}
