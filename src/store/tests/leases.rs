//! Leases: one holder at a time, taken over after their time, and no wake-up lost.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::engine::{Journal as _, JournalError};
use crate::model::RequestState;
use crate::model::request::RequestMove;
use crate::store::{Changed, StoreError};

#[tokio::test]
async fn one_has_it_until_it_is_released_or_expires() {
    let shelf = Shelf::new().await;
    let store = &shelf.store;
    let id = shelf.submit(onboard("project-x", vec![])).await.id;
    let first = store.lease(&id, "one").await.unwrap().unwrap();
    assert_eq!(first.fence, 1);
    assert_eq!(store.lease(&id, "two").await, Ok(None));
    assert_eq!(store.lease(&id, "one").await, Ok(None), "nor by another task of the same process");

    store.release(&first).await.unwrap();
    let second = store.lease(&id, "two").await.unwrap().unwrap();
    assert_eq!(second.fence, 2);
    store.release(&first).await.expect("too late, and without effect");
    assert_eq!(store.lease(&id, "one").await, Ok(None));

    shelf.expire(&id).await;
    store.renew(&second).await.expect("nobody has taken over");
    assert_eq!(store.lease(&id, "one").await, Ok(None), "renewed in time");
    shelf.expire(&id).await;
    assert_eq!(store.lease(&id, "one").await.unwrap().unwrap().fence, 3);
    assert_eq!(store.renew(&second).await, Err(JournalError::LeaseLost(id)));

    let unknown = RequestId::from_random(1);
    assert_eq!(store.lease(&unknown, "one").await, Err(StoreError::NotFound(unknown)));
}

#[tokio::test]
async fn what_is_due_is_claimed_the_oldest_first() {
    let shelf = Shelf::new().await;
    let store = &shelf.store;
    let one = shelf.submit(onboard("project-x", vec![])).await;
    let two = shelf.submit(onboard("project-y", vec![])).await;
    let now = Timestamp::now();
    assert!(store.next_due().await.unwrap().unwrap() <= now, "at once");

    let first = store.claim_due(now, "w").await.unwrap().unwrap();
    assert_eq!(first.request, one.id);
    assert_eq!(store.claim_due(now, "w").await.unwrap().unwrap().request, two.id);
    assert_eq!(store.claim_due(now, "w").await, Ok(None), "all are in hand");
    store.advance(&two, RequestMove::Cancel, None, None).await.unwrap();

    let later = now + SignedDuration::from_secs(90);
    assert_eq!(store.set_wake(&first, Some(later)).await, Ok(true));
    store.release(&first).await.unwrap();
    assert_eq!(store.claim_due(now, "w").await, Ok(None), "not yet");
    assert_eq!(store.next_due().await.unwrap(), Some(super::super::rows::whole_micros(later)));
    assert_eq!(store.claim_due(later, "w").await.unwrap().unwrap().request, one.id, "its time has come");

    assert!(store.next_due().await.unwrap().unwrap() > now, "when the lease runs out");
    shelf.expire(&one.id).await;
    assert_eq!(store.claim_due(now, "w").await.unwrap().unwrap().request, one.id, "its holder has died");
    store.advance(&one, RequestMove::Cancel, None, None).await.unwrap();
    assert_eq!(store.next_due().await, Ok(None));
}

#[tokio::test]
async fn a_wake_up_between_the_look_and_the_wait_is_not_lost() {
    let shelf = Shelf::new().await;
    let store = &shelf.store;
    let step = gated(secret(Action::Create), 1);
    let request = shelf.submit(onboard("project-x", vec![step.clone()])).await;
    shelf.ask(&request.id, &step).await;
    let never = Some(Timestamp::MAX);
    let now = Timestamp::now();

    let lease = store.claim_due(now, "w").await.unwrap().unwrap();
    // The holder looks here, and finds no approval.
    store.approve(&request.id, &approval(&step, step.digest(), "lea")).await.unwrap();
    assert_eq!(store.set_wake(&lease, never).await, Ok(false), "look again");
    assert_eq!(store.set_wake(&lease, never).await, Ok(true), "nothing since");
    store.release(&lease).await.unwrap();
    assert_eq!(store.claim_due(now, "w").await, Ok(None));
    assert_eq!(store.next_due().await, Ok(never), "the end of time is read back");
    assert_eq!(store.is_due(&request.id, now).await, Ok(false));

    store.approve(&request.id, &approval(&step, step.digest(), "leo")).await.unwrap();
    let lease = store.claim_due(now, "w").await.unwrap().expect("due at once");
    assert_eq!(store.set_wake(&lease, never).await, Ok(true));
    store.release(&lease).await.unwrap();
    store.advance(&request, RequestMove::Retry, None, None).await.unwrap();
    assert!(store.claim_due(now, "w").await.unwrap().is_some());
}

#[tokio::test]
async fn a_request_is_concluded_by_its_holder_unless_something_changed() {
    let shelf = Shelf::new().await;
    let store = &shelf.store;
    let request = shelf.submit(onboard("project-x", vec![])).await;
    let old = shelf.lease(&request.id).await;
    shelf.expire(&request.id).await;
    let lease = shelf.lease(&request.id).await;
    let lost = Err(JournalError::LeaseLost(request.id.clone()));
    assert_eq!(store.conclude(&old, RequestMove::Fail, None).await, lost);

    // A person asks for another try while the holder is about to give up.
    let request = store.advance(&request, RequestMove::Retry, Some(&person("bob")), None).await.unwrap();
    assert_eq!(store.conclude(&lease, RequestMove::Fail, Some("no")).await, Ok(None));
    assert_eq!(store.request(&request.id).await.unwrap(), request);
    let failed = store.conclude(&lease, RequestMove::Fail, Some("no")).await.unwrap().unwrap();
    assert_eq!((failed.state, failed.reason.as_deref()), (RequestState::Failed, Some("no")));
    let refused = store.conclude(&lease, RequestMove::Finish, None).await;
    assert_eq!(refused, Err(JournalError::NotOpen(request.id)));
}

#[tokio::test]
async fn who_subscribed_is_told_of_every_write_and_another_process_is_seen_too() {
    let shelf = Shelf::new().await;
    let store = &shelf.store;
    let mut changes = store.subscribe();
    let request = shelf.submit(onboard("project-x", vec![])).await;
    let told = Some(Changed::Request(request.id.clone()));
    assert_eq!(changes.next().await, told);
    let request = store.advance(&request, RequestMove::Retry, None, None).await.unwrap();
    assert_eq!(changes.next().await, told);
    let (now, lease) = (Timestamp::now(), store.lease(&request.id, "w").await.unwrap().unwrap());
    assert_eq!(store.set_wake(&lease, Some(Timestamp::MAX)).await, Ok(true));
    store.release(&lease).await.unwrap();
    assert_eq!(store.is_due(&request.id, now).await, Ok(false), "nothing was written since");

    let other = Store::open(&url(&shelf.dir)).await.unwrap();
    other.advance(&request, RequestMove::Cancel, None, None).await.unwrap();
    assert_eq!(store.is_due(&request.id, now).await, Ok(true), "the file tells");
    let refused = store.advance(&request, RequestMove::Cancel, None, None).await;
    assert!(refused.is_err());
    let reopened = shelf.submit(onboard("project-x", vec![])).await;
    assert_eq!(changes.next().await, Some(Changed::Request(reopened.id.clone())), "what was refused is not told");

    let mut reopened = reopened;
    for _ in 0..300 {
        reopened = store.advance(&reopened, RequestMove::Retry, None, None).await.unwrap();
    }
    assert_eq!(changes.next().await, Some(Changed::Many), "too many to list is still told");
}
