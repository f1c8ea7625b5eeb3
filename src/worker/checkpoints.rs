//! Puts checkpoints of the audit log where nobody can remove them, as they become due. Nothing waits for that.

use std::time::Duration;

use tokio::sync::watch;

use crate::requests::Desk;
use crate::requests::see_through::stopped;

/// How often it is looked whether one is due.
const LOOK: Duration = Duration::from_secs(10);

/// How long is waited at most after tries that failed.
const AT_MOST: Duration = Duration::from_mins(10);

/// Does so until `stop` turns true. What fails is said and tried again.
pub(super) async fn put(desk: Desk, mut stop: watch::Receiver<bool>) {
    let mut failed = 0_u32;
    while !*stop.borrow() {
        match desk.lock_away_checkpoint().await {
            Ok(put) => {
                if let Some(link) = put {
                    tracing::info!(link, "a checkpoint of the audit log is locked away");
                }
                failed = 0;
            }
            Err(error) => {
                failed += 1;
                tracing::warn!(%error, failed, "a checkpoint of the audit log could not be put into its bucket; it is tried again");
            }
        }
        let pause = LOOK.saturating_mul(2_u32.saturating_pow(failed.min(16))).min(AT_MOST);
        tokio::select! {
            () = stopped(&mut stop) => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}
