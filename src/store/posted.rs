//! Which messages show a request: where each is, and what it shows.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::error::StoreError;
use super::rows::{checked, count, json, parsed};
use super::{Store, audit};
use crate::model::audit::{Face, What};
use crate::model::chat::Asked;
use crate::model::{Digest, Part, Posted, RequestId, Snowflake};

/// The part's name in its column.
const CARD: &str = "card";
const APPROVAL: &str = "approval";
const REMINDER: &str = "reminder";

impl Store {
    /// The messages that show a request: its card, then its approvals.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn posted(&self, request: &RequestId) -> Result<Vec<Posted>, StoreError> {
        let found = sqlx::query(
            "select * from messages where request = $1 order by part = 'card' desc, question, part, step, digest",
        )
        .bind(request.as_str())
        .fetch_all(&self.readers)
        .await?;
        found.iter().map(posted).collect()
    }

    /// Writes down where and what a message shows, over what was known of it; where it is the message that asks for approvals,
    /// the audit log is told once that the step was shown there. Nobody else is told: nothing has changed that people do not
    /// see already.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn remember_posted(&self, posted: &Posted) -> Result<(), StoreError> {
        let posted = posted.clone();
        self.writer
            .write(None, move |conn| {
                Box::pin(async move {
                    if let Some(what) = newly_shown(conn, &posted).await? {
                        audit::append(conn, what).await?;
                    }
                    write(conn, &posted).await
                })
            })
            .await
    }

    /// The requests whose messages may have to be drawn: open, failed, or with a message that does not show its last yet. The
    /// oldest first.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn to_draw(&self) -> Result<Vec<RequestId>, StoreError> {
        let found: Vec<String> = sqlx::query_scalar(
            "select id from requests where state in ('open', 'failed')
               or id in (select request from messages where ended = false)
             order by asked_at, id",
        )
        .fetch_all(&self.readers)
        .await?;
        found.iter().map(|id| checked(id)).collect()
    }
}

/// That a step is shown for approval, if it is not known yet that this message shows it.
async fn newly_shown(conn: &mut SqliteConnection, posted: &Posted) -> Result<Option<What>, StoreError> {
    let (Part::Approval(Asked { step, digest, .. }), Some(message)) = (&posted.part, &posted.message) else {
        return Ok(None);
    };
    let known = sqlx::query(
        "select 1 from messages where request = $1 and part = $2 and step = $3 and digest = $4 and message = $5",
    )
    .bind(posted.request.as_str())
    .bind(APPROVAL)
    .bind(step.as_str())
    .bind(digest.as_str())
    .bind(message.as_str())
    .fetch_optional(conn)
    .await?;
    let face = Face::Discord { channel: posted.channel.clone(), id: message.clone() };
    let shown =
        || What::Shown { request: posted.request.clone(), step: step.clone(), digest: digest.clone(), to: None, face };
    Ok(known.is_none().then(shown))
}

/// Writes a message's row, over the one that is there.
pub(super) async fn write(conn: &mut SqliteConnection, posted: &Posted) -> Result<(), StoreError> {
    let (part, asked) = match &posted.part {
        Part::Card => (CARD, None),
        Part::Approval(asked) => (APPROVAL, Some(asked)),
        Part::Reminder(asked) => (REMINDER, Some(asked)),
    };
    let (step, digest) = asked.map_or(("", ""), |asked| (asked.step.as_str(), asked.digest.as_str()));
    let question = i64::try_from(asked.map_or(0, |asked| asked.question)).unwrap_or(i64::MAX);
    sqlx::query(
        "insert into messages (request, part, step, digest, question, channel, message, language, shown, ended)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict (request, part, step, digest, question) do update set channel = excluded.channel, message = excluded.message,
           language = excluded.language, shown = excluded.shown, ended = excluded.ended",
    )
    .bind(posted.request.as_str())
    .bind(part)
    .bind(step)
    .bind(digest)
    .bind(question)
    .bind(posted.channel.as_str())
    .bind(posted.message.as_ref().map(Snowflake::as_str))
    .bind(json(&posted.language)?)
    .bind(posted.shown.as_ref().map(Digest::as_str))
    .bind(posted.ended)
    .execute(conn)
    .await?;
    Ok(())
}

fn posted(row: &SqliteRow) -> Result<Posted, StoreError> {
    let part = match row.try_get("part")? {
        CARD => Part::Card,
        APPROVAL => Part::Approval(asked(row)?),
        REMINDER => Part::Reminder(asked(row)?),
        other => return Err(StoreError::Failed(format!("the store holds a message that shows `{other}`"))),
    };
    let message: Option<String> = row.try_get("message")?;
    Ok(Posted {
        request: checked(row.try_get("request")?)?,
        part,
        channel: checked(row.try_get("channel")?)?,
        message: message.as_deref().map(checked).transpose()?,
        language: parsed(row.try_get("language")?)?,
        shown: row.try_get::<Option<String>, _>("shown")?.map(Digest::from),
        ended: row.try_get("ended")?,
    })
}

fn asked(row: &SqliteRow) -> Result<Asked, StoreError> {
    Ok(Asked {
        step: checked(row.try_get("step")?)?,
        digest: Digest::from(row.try_get::<String, _>("digest")?),
        question: count(row.try_get("question")?)?,
    })
}
