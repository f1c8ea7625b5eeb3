//! Carries out what is asked and approved, until it is stopped; after a restart it takes up what was left.

mod checkpoints;

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::requests::carry_out::CarriedOut;
use crate::requests::see_through::stopped;
use crate::requests::{Desk, DeskError};

/// How many requests are carried out at once.
const AT_ONCE: usize = 16;

/// How often the wall clock is looked at while something will be due, since it can be put forward; and how soon the store is
/// asked again after it failed.
const POLL: Duration = Duration::from_secs(1);

/// How often what ended early is looked at for what it left open: after a process has died, nobody else will.
const SWEEP: Duration = Duration::from_mins(1);

/// Works until `stop` turns true, then finishes the calls that are under way and returns. Tells a line for each request that it
/// carried out as far as it goes.
///
/// # Errors
/// When the store fails at the start; later failures are logged and tried again.
pub async fn work(
    desk: &Desk,
    mut stop: watch::Receiver<bool>,
    tell: Arc<dyn Fn(&str) + Send + Sync>,
) -> Result<(), DeskError> {
    desk.sweep().await?;
    let mut swept = Instant::now();
    // Subscribed before the look, so that no change between look and wait is lost; other processes write too.
    let mut changes = desk.changes_everywhere().await?;
    let mut under_way = JoinSet::new();
    let mut aside = JoinSet::new();
    if desk.config().audit.bucket.is_some() {
        aside.spawn(checkpoints::put(desk.clone(), stop.clone()));
    }
    let ended = Arc::new(Notify::new());
    let signing = tokio::spawn(sign(desk.clone(), stop.clone(), Arc::clone(&ended), Arc::clone(&tell)));
    while !*stop.borrow() {
        if swept.elapsed() >= SWEEP {
            swept = Instant::now();
            if let Err(error) = desk.sweep().await {
                tracing::error!(%error, "the store was not asked what was left open");
            }
        }
        while under_way.len() < AT_ONCE {
            match desk.claim().await {
                Ok(Some(claimed)) => {
                    let (desk, stop, tell) = (desk.clone(), stop.clone(), Arc::clone(&tell));
                    let ended = Arc::clone(&ended);
                    under_way.spawn(async move {
                        let id = claimed.request().clone();
                        let stands = desk.carry_out_claimed(claimed, stop).await;
                        if matches!(stands, Ok(CarriedOut::Ended(_))) {
                            ended.notify_one();
                        }
                        match stands {
                            // That it only waits for a while is not news.
                            Ok(CarriedOut::Resting(_) | CarriedOut::Elsewhere) => {}
                            Ok(stands) => tell(&format!("{id}: {stands}")),
                            Err(error) => tracing::error!(request = %id, %error, "it could not be carried out"),
                        }
                    });
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::error!(%error, "the store was not asked what is due");
                    break;
                }
            }
        }
        let due = next_due(desk).await;
        tokio::select! {
            () = stopped(&mut stop) => {}
            _ = changes.next() => {}
            Some(_) = under_way.join_next() => {}
            () = until(desk, due) => {}
            () = tokio::time::sleep(SWEEP.saturating_sub(swept.elapsed())) => {}
        }
    }
    while under_way.join_next().await.is_some() {}
    while aside.join_next().await.is_some() {}
    let _ = signing.await;
    Ok(())
}

/// Signs what the audit log has grown by: now, after each request that has ended, and every so many minutes, until `stop` turns
/// true. That it cannot is told each time: somebody has to look.
async fn sign(desk: Desk, mut stop: watch::Receiver<bool>, ended: Arc<Notify>, tell: Arc<dyn Fn(&str) + Send + Sync>) {
    let every = Duration::from_mins(desk.config().audit.every_minutes.into());
    while !*stop.borrow() {
        if let Err(error) = desk.checkpoint().await {
            tracing::error!(%error, "the audit log was not signed");
            tell(&format!("THE AUDIT LOG WAS NOT SIGNED: {error}"));
        }
        tokio::select! {
            () = stopped(&mut stop) => {}
            () = ended.notified() => {}
            () = tokio::time::sleep(every) => {}
        }
    }
}

/// When something is due next, as it stands; none: only when something changes.
async fn next_due(desk: &Desk) -> Option<Timestamp> {
    desk.next_due().await.unwrap_or_else(|_| Some(desk.now() + POLL))
}

/// Returns when that time has come by the desk's clock. The store is not asked meanwhile: what changes in it is told.
async fn until(desk: &Desk, due: Option<Timestamp>) {
    let Some(due) = due else { return std::future::pending().await };
    loop {
        // It may be due already, and there be no room for it: then it is not asked for without a pause.
        let left = Duration::try_from(due.duration_since(desk.now())).unwrap_or_default();
        tokio::time::sleep(left.clamp(Duration::from_millis(10), POLL)).await;
        if due <= desk.now() {
            return;
        }
    }
}
