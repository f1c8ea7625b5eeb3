//! The feed of all processes: told of what others write, and of nothing that was told already.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::*;
use crate::model::request::RequestMove;
use crate::store::Changed;

/// Far longer than it may take.
const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn what_another_process_writes_is_told_and_what_this_one_writes_is_told_once() {
    let shelf = Shelf::new().await;
    let other = shelf.another().await;
    let request = shelf.submit(onboard("project-x", vec![])).await;
    let mut changes = shelf.store.subscribe_everywhere().await.unwrap();

    // Nothing but this process's own write is told: the next thing after it is what the other one writes.
    let seen = shelf.store.advance(&request, RequestMove::Retry, None, None).await.unwrap();
    assert_eq!(timeout(LONG, changes.next()).await, Ok(Some(Changed::Request(request.id.clone()))));
    let mut raw = shelf.raw().await;
    let begun = Instant::now();
    let mut waiting = std::pin::pin!(timeout(LONG, changes.next()));
    while begun.elapsed() < Duration::from_millis(1100) {
        // Own writes of which nobody is told do not count as another's: the look that follows each of them finds nothing.
        shelf.store.lease(&request.id, "test").await.unwrap();
        assert!(futures::poll!(&mut waiting).is_pending());
        let _: i64 = sqlx::query_scalar("select count(*) from requests").fetch_one(&mut raw).await.unwrap();
        tokio::task::yield_now().await;
    }
    other.advance(&seen, RequestMove::Cancel, None, None).await.unwrap();
    assert_eq!(waiting.await, Ok(Some(Changed::Many)));
}

#[tokio::test]
async fn every_write_of_another_process_after_the_subscription_is_told() {
    let shelf = Shelf::new().await;
    let other = shelf.another().await;
    let mut seen = shelf.submit(onboard("project-x", vec![])).await;
    for _ in 0..3 {
        // Each subscribes, so that the write comes between the subscription and the first look.
        let mut changes = shelf.store.subscribe_everywhere().await.unwrap();
        seen = other.advance(&seen, RequestMove::Retry, None, None).await.unwrap();
        assert_eq!(timeout(LONG, changes.next()).await, Ok(Some(Changed::Many)));
    }
}

#[tokio::test]
async fn the_feed_ends_with_the_store_and_the_looks_with_the_listeners() {
    let shelf = Shelf::new().await;
    let changes = shelf.store.subscribe_everywhere().await.unwrap();
    assert_eq!(shelf.store.feed.listeners(), 1);
    drop(changes);
    assert_eq!(shelf.store.feed.listeners(), 0, "nobody looks any more");
    let mut changes = shelf.store.subscribe_everywhere().await.unwrap();
    let Shelf { dir: _dir, store } = shelf;
    drop(store);
    assert_eq!(timeout(LONG, changes.next()).await, Ok(None));
}
