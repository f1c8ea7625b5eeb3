//! What was heard in chat: each interaction once, by which process, and whether its person has an answer.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::Store;
use super::alive::{Alive, is_alive};
use super::error::StoreError;
use super::rows::{checked, json, parsed, time};
use crate::model::{Heard, RequestId, Snowflake};

impl Store {
    /// Writes down that this process heard an interaction. False: it was heard before, here or in another process.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn hear(&self, heard: &Heard) -> Result<bool, StoreError> {
        let (heard, process) = (heard.clone(), self.process().await?);
        self.writer
            .write_one(move |conn| {
                Box::pin(async move {
                    let written = sqlx::query(
                        "insert into interactions (id, user_id, channel, language, words, at, process, answered)
                         values ($1, $2, $3, $4, $5, $6, $7, false) on conflict (id) do nothing",
                    )
                    .bind(heard.interaction.as_str())
                    .bind(heard.user.as_str())
                    .bind(heard.channel.as_str())
                    .bind(json(&heard.language)?)
                    .bind(heard.words.as_str())
                    .bind(heard.at.as_microsecond())
                    .bind(process)
                    .execute(conn)
                    .await?;
                    Ok::<_, StoreError>(written.rows_affected() == 1)
                })
            })
            .await
    }

    /// Writes down that its person has an answer.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn answered(&self, interaction: &Snowflake) -> Result<(), StoreError> {
        let interaction = interaction.clone();
        self.writer
            .write_one(move |conn| {
                Box::pin(async move {
                    sqlx::query("update interactions set answered = true where id = $1")
                        .bind(interaction.as_str())
                        .execute(conn)
                        .await?;
                    Ok::<_, StoreError>(())
                })
            })
            .await
    }

    /// The request that an interaction has made.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn made_by(&self, interaction: &Snowflake) -> Result<Option<RequestId>, StoreError> {
        let found: Option<Option<String>> = sqlx::query_scalar("select request from interactions where id = $1")
            .bind(interaction.as_str())
            .fetch_optional(&self.readers)
            .await?;
        found.flatten().as_deref().map(checked).transpose()
    }

    /// Takes over what dead processes heard from `since` on, did not answer and made no request of, the oldest first. What was
    /// heard before `answerable` counts as answered from now on, for its answer cannot be given any more: it is told once. Of
    /// several processes that ask at the same time, one gets each. What was heard before `since` and made no request is forgotten.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn take_unanswered(&self, since: Timestamp, answerable: Timestamp) -> Result<Vec<Heard>, StoreError> {
        let process = self.process().await?;
        self.forget(since).await?;
        let found = sqlx::query(
            "select * from interactions where answered = false and request is null and at >= $1 and process <> $2
             order by at, id",
        )
        .bind(since.as_microsecond())
        .bind(process.as_str())
        .fetch_all(&self.readers)
        .await?;
        let mut taken = Vec::new();
        for row in &found {
            let (heard, by): (Heard, String) = (interaction(row)?, row.try_get("process")?);
            if !self.lives(&by).await? && self.take(&heard, by, &process, heard.at < answerable).await? {
                taken.push(heard);
            }
        }
        Ok(taken)
    }

    /// Forgets what was heard before and made no request: nothing that old is delivered again and acted on.
    async fn forget(&self, before: Timestamp) -> Result<(), StoreError> {
        self.writer
            .write_one(move |conn| {
                Box::pin(async move {
                    sqlx::query("delete from interactions where at < $1 and request is null")
                        .bind(before.as_microsecond())
                        .execute(conn)
                        .await?;
                    Ok::<_, StoreError>(())
                })
            })
            .await
    }

    /// Takes one over, if `by` still has it.
    async fn take(&self, heard: &Heard, by: String, process: &str, too_late: bool) -> Result<bool, StoreError> {
        let (id, process) = (heard.interaction.clone(), process.to_owned());
        self.writer
            .write(None, move |conn| {
                Box::pin(async move {
                    let taken = sqlx::query(
                        "update interactions set process = $1, answered = $2
                         where id = $3 and process = $4 and answered = false and request is null",
                    )
                    .bind(process)
                    .bind(too_late)
                    .bind(id.as_str())
                    .bind(by)
                    .execute(conn)
                    .await?;
                    Ok::<_, StoreError>(taken.rows_affected() == 1)
                })
            })
            .await
    }

    /// By which name others find out whether this process is alive. From the first call on it counts as one that listens.
    async fn process(&self) -> Result<String, StoreError> {
        let path = self.path.clone();
        let make = || async { blocking(move || Alive::new(&path)).await };
        Ok(self.alive.get_or_try_init(make).await?.process.clone())
    }

    async fn lives(&self, process: &str) -> Result<bool, StoreError> {
        let (path, process) = (self.path.clone(), process.to_owned());
        blocking(move || is_alive(&path, &process)).await
    }
}

/// Does what blocks for a moment where it may.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, StoreError> {
    let failed = |error: &dyn std::fmt::Display| StoreError::Failed(format!("the file of a process: {error}"));
    tokio::task::spawn_blocking(work).await.map_err(|error| failed(&error))?.map_err(|error| failed(&error))
}

fn interaction(row: &SqliteRow) -> Result<Heard, StoreError> {
    Ok(Heard {
        interaction: checked(row.try_get("id")?)?,
        user: checked(row.try_get("user_id")?)?,
        channel: checked(row.try_get("channel")?)?,
        language: parsed(row.try_get("language")?)?,
        words: row.try_get("words")?,
        at: time(row.try_get("at")?)?,
    })
}

/// The request that a heard interaction has made, within a transaction.
pub(super) async fn made(
    conn: &mut SqliteConnection,
    interaction: &Snowflake,
) -> Result<Option<RequestId>, StoreError> {
    let found: Option<Option<String>> = sqlx::query_scalar("select request from interactions where id = $1")
        .bind(interaction.as_str())
        .fetch_optional(conn)
        .await?;
    match found {
        Some(request) => request.as_deref().map(checked).transpose(),
        None => Err(StoreError::Failed(format!("the interaction {interaction} was never heard"))),
    }
}

/// Writes down which request an interaction has made.
pub(super) async fn makes(
    conn: &mut SqliteConnection,
    interaction: &Snowflake,
    request: &RequestId,
) -> Result<(), StoreError> {
    sqlx::query("update interactions set request = $1 where id = $2")
        .bind(request.as_str())
        .bind(interaction.as_str())
        .execute(conn)
        .await?;
    Ok(())
}
