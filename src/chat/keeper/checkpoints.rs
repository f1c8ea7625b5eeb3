//! Posts checkpoints of the audit log to the channel that `[audit]` names, as they become due: what stands there, the bot can
//! delete, but nobody who has read it forgets it.

use tokio::sync::watch;

use super::Pace;
use crate::chat::Chat;
use crate::chat::drawn::Drawn;
use crate::chat::rest::RestError;
use crate::model::audit::{Checkpoint, Outside};
use crate::model::{Digest, Snowflake};
use crate::requests::DeskError;
use crate::requests::see_through::stopped;

/// Why a checkpoint is not in its channel.
#[derive(Debug, thiserror::Error)]
enum NotPosted {
    #[error(transparent)]
    Desk(#[from] DeskError),
    #[error(transparent)]
    Discord(#[from] RestError),
}

/// Does so until `stop` turns true; nothing where the config names no channel. What fails is said and tried again.
pub(super) async fn post(chat: Chat, pace: Pace, mut stop: watch::Receiver<bool>) {
    let Some(channel) = chat.desk.config().audit.channel.clone() else { return };
    let (mut failed, mut may_be_there) = (0_u32, true);
    while !*stop.borrow() {
        match post_one(&chat, &channel, may_be_there).await {
            Ok(posted) => {
                may_be_there &= !posted;
                failed = 0;
            }
            Err(error) => {
                (failed, may_be_there) = (failed + 1, true);
                tracing::warn!(%error, failed, %channel, "a checkpoint of the audit log could not be posted; it is tried again");
            }
        }
        let pause = if failed == 0 { pace.look } else { pace.before_try(failed) };
        tokio::select! {
            () = stopped(&mut stop) => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Posts the one that is due, if one is. `may_be_there`: an earlier try, or an earlier process, may have posted it without
/// having written that down. Within a few minutes Discord knows the nonce again; later the channel is looked at.
async fn post_one(chat: &Chat, channel: &Snowflake, may_be_there: bool) -> Result<bool, NotPosted> {
    let Some(checkpoint) = chat.desk.due_for(Outside::Discord).await? else { return Ok(false) };
    let drawn = drawn(&checkpoint);
    let there = if may_be_there { chat.rest.said(channel, &drawn.content).await } else { None };
    let message = match there {
        Some(message) => message,
        None => chat.rest.post(channel, &drawn, &[], &nonce(&checkpoint, channel)).await?,
    };
    let link = link(chat, channel, &message);
    chat.desk.checkpoint_is_at(&checkpoint, Outside::Discord, &link).await?;
    Ok(true)
}

/// The note as a block of code, as `genkan audit verify --checkpoint` takes it. In English whatever the reader speaks: it is for
/// programs.
fn drawn(checkpoint: &Checkpoint) -> Drawn {
    let Checkpoint { size, note, .. } = checkpoint;
    Drawn::text(format!("Checkpoint of the audit log: {size} entries\n```\n{note}```"))
}

/// The same for one checkpoint in one channel, in at most 25 characters.
fn nonce(checkpoint: &Checkpoint, channel: &Snowflake) -> String {
    Digest::of(&("checkpoint", checkpoint.note.as_str(), channel.as_str())).as_str()[..25].to_owned()
}

fn link(chat: &Chat, channel: &Snowflake, message: &Snowflake) -> String {
    let guild = chat.desk.config().discord.as_ref().map_or("@me", |discord| discord.guild.as_str());
    format!("https://discord.com/channels/{guild}/{channel}/{message}")
}
