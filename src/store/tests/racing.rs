//! Many at once: of those who want what only one can have, one gets it; nobody's write is lost.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::*;
use crate::engine::Journal as _;
use crate::model::RequestState;
use crate::model::request::RequestMove;
use crate::store::{AdvanceError, SubmitError};

/// Two stores on one file, as two processes have them.
async fn two_processes(shelf: &Shelf) -> [Store; 2] {
    [shelf.store.clone(), Store::open(&url(&shelf.dir)).await.unwrap()]
}

/// Runs `task` twelve times at once, in turn on each store.
async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    stores: &[Store],
    task: impl Fn(usize, Store) -> F,
) -> Vec<T> {
    let barrier = Arc::new(Barrier::new(12));
    let mut tasks = JoinSet::new();
    for number in 0..12 {
        let (barrier, task) = (Arc::clone(&barrier), task(number, stores[number % stores.len()].clone()));
        tasks.spawn(async move {
            barrier.wait().await;
            task.await
        });
    }
    tasks.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_submits_gets_the_place() {
    let shelf = Shelf::new().await;
    let stores = two_processes(&shelf).await;
    let results = at_once(&stores, |_, store| async move {
        let plan = onboard("project-x", vec![]);
        store
            .submit(NewRequest {
                id: RequestId::from_random(rand::random()),
                plan,
                by: person("ann"),
                asked_at: Timestamp::now(),
                origin: None,
            })
            .await
    })
    .await;
    let won: Vec<_> = results.iter().filter_map(|result| result.as_ref().ok()).collect();
    assert_eq!(won.len(), 1, "{results:?}");
    for lost in results.iter().filter_map(|result| result.as_ref().err()) {
        assert_eq!(*lost, SubmitError::Busy(Box::new(won[0].clone())));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_those_who_saw_the_same_state_one_changes_it() {
    let shelf = Shelf::new().await;
    let stores = two_processes(&shelf).await;
    for _ in 0..4 {
        let seen = shelf.submit(onboard("project-x", vec![])).await;
        let seen_by_all = seen.clone();
        let results = at_once(&stores, move |number, store| {
            let seen = seen_by_all.clone();
            async move {
                let moves = [RequestMove::Retry, RequestMove::Cancel, RequestMove::Reject, RequestMove::Finish];
                store.advance(&seen, moves[number % 4], Some(&person("ann")), None).await
            }
        })
        .await;
        let won: Vec<_> = results.iter().filter_map(|result| result.as_ref().ok()).collect();
        assert_eq!(won.len(), 1, "{results:?}");
        for lost in results.iter().filter_map(|result| result.as_ref().err()) {
            assert_eq!(*lost, AdvanceError::Changed(Box::new(won[0].clone())));
        }
        let now = shelf.store.request(&seen.id).await.unwrap();
        assert_eq!(now, *won[0]);
        assert_eq!(shelf.store.history(&seen.id).await.unwrap().len(), 2);
        if now.state == RequestState::Open {
            shelf.store.advance(&now, RequestMove::Cancel, None, None).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_workers_gets_the_lease() {
    let shelf = Shelf::new().await;
    let stores = two_processes(&shelf).await;
    shelf.submit(onboard("project-x", vec![])).await;
    let leases = at_once(&stores, |number, store| async move {
        store.claim_due(Timestamp::now(), &format!("worker {number}")).await.unwrap()
    })
    .await;
    assert_eq!(leases.iter().flatten().count(), 1, "{leases:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn events_written_at_once_are_all_there_and_have_no_gap() {
    let shelf = Shelf::new().await;
    let stores = two_processes(&shelf).await;
    let request = shelf.submit(onboard("project-x", vec![])).await;
    let lease = shelf.lease(&request.id).await;
    let writing = lease.clone();
    let results = at_once(&stores, move |number, store| {
        let lease = writing.clone();
        async move {
            let step = repository(&format!("step-{number}"), "name", Action::Create);
            let mut written = Vec::new();
            for event in [started(&step), finished(&step, Did::Created, true)] {
                written.push(store.append(&lease, &event).await.unwrap());
                store.renew(&lease).await.unwrap();
            }
            written
        }
    })
    .await;
    let mut written: Vec<_> = results.into_iter().flatten().collect();
    written.sort_by_key(|recorded| recorded.seq);
    assert_eq!(shelf.store.journal(&request.id).await.unwrap(), written);
    assert!(written.iter().map(|recorded| recorded.seq).eq(1..=24));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_write_whose_caller_goes_away_is_whole_and_is_told() {
    let shelf = Shelf::new().await;
    let request = shelf.submit(onboard("project-x", vec![])).await;
    let mut changes = shelf.store.subscribe();
    let mut seen = request;
    for _ in 0..20 {
        // Polled once, so that the write is handed in, and dropped before its answer.
        let mut writing = Box::pin(shelf.store.advance(&seen, RequestMove::Retry, None, None));
        assert!(futures::poll!(&mut writing).is_pending());
        drop(writing);
        changes.next().await.expect("the change is told although nobody waits for its answer");
        let now = shelf.store.request(&seen.id).await.unwrap();
        assert_ne!(now.changed_at, seen.changed_at);
        seen = now;
    }
    assert_eq!(shelf.store.journal(&seen.id).await.unwrap().len(), 20);
    assert_eq!(shelf.store.history(&seen.id).await.unwrap().len(), 21);
}
