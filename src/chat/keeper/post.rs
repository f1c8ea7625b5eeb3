//! Posts a message and edits it, and knows what to do about what Discord refuses.

use std::sync::PoisonError;

use super::tend::{Step, Tended};
use super::{Shared, wanted};
use crate::chat::rest::RestError;
use crate::model::{Part, Posted, RequestId, Snowflake};
use crate::requests::DeskError;

impl Shared {
    /// Posts it: first it is written down that it will be, so that after a restart it is the same message.
    pub(super) async fn post(&self, tended: &Tended, instead_of: Option<&Snowflake>) -> Result<Step, DeskError> {
        let Tended { row, view, drawn, last } = tended;
        self.remember(row).await?;
        let ping = wanted::pinged(view, &row.part, &self.chat.scene(row.language));
        let nonce = wanted::nonce(row, instead_of);
        match self.chat.rest.post(&row.channel, drawn, &ping, &nonce).await {
            Ok(message) => {
                let shown = Some(drawn.digest());
                self.remember(&Posted { message: Some(message), shown, ended: *last, ..row.clone() }).await?;
                Ok(Step::Posted)
            }
            Err(RestError::Gone(_)) if self.default_channel().is_some_and(|default| *default != row.channel) => {
                self.tell(
                    &row.channel,
                    "there is no such channel (any more); what belongs there goes to [discord] channel",
                );
                let channel = self.default_channel().cloned().unwrap_or_else(|| row.channel.clone());
                self.remember(&Posted { channel, ..row.clone() }).await?;
                Ok(Step::Again(None))
            }
            Err(error) => Ok(self.refused(&row.request, &row.channel, error)),
        }
    }

    /// Edits it; where somebody has deleted it, a card is posted anew, once.
    pub(super) async fn edit(&self, tended: &Tended, message: &Snowflake) -> Result<Step, DeskError> {
        let Tended { row, drawn, last, .. } = tended;
        match self.edited(row, message, drawn).await {
            Ok(()) => {
                self.remember(&Posted { shown: Some(drawn.digest()), ended: *last, ..row.clone() }).await?;
                Ok(Step::Edited)
            }
            Err(RestError::Gone(_)) if row.part == Part::Card && self.is_first_time(&row.request) => {
                let row = Posted { message: None, shown: None, ..row.clone() };
                let (view, drawn) = (tended.view.clone(), drawn.clone());
                self.post(&Tended { row, view, drawn, last: *last }, Some(message)).await
            }
            Err(RestError::Gone(_)) => {
                tracing::info!(request = %row.request, "somebody has deleted a message; it is left at that");
                self.remember(&Posted { ended: true, ..row.clone() }).await?;
                Ok(Step::Settled)
            }
            Err(error) => Ok(self.refused(&row.request, &row.channel, error)),
        }
    }

    /// Edits it as a message of the bot's own, or, where the bot may not see the channel, as the answer that it is.
    async fn edited(
        &self,
        row: &Posted,
        message: &Snowflake,
        drawn: &super::super::drawn::Drawn,
    ) -> Result<(), RestError> {
        let Err(error) = self.chat.rest.edit(&row.channel, message, drawn).await else { return Ok(()) };
        let answer = self.chat.tokens.of(message, self.chat.desk.now());
        match (&error, answer) {
            (RestError::Forbidden(_), Some(answer)) => {
                self.chat.rest.answer(&answer, drawn).await.map(drop).map_err(|_| error)
            }
            _ => Err(error),
        }
    }

    /// What is done about a refusal.
    fn refused(&self, request: &RequestId, channel: &Snowflake, error: RestError) -> Step {
        match error {
            RestError::Passing { why, after } => {
                tracing::warn!(%request, %channel, why, "a message could not be sent; it is tried again");
                Step::Again(after)
            }
            RestError::Forbidden(why) => {
                self.tell(channel, &format!("{why}: give the bot View Channel, Send Messages and Embed Links there"));
                Step::Later
            }
            RestError::Gone(_) => {
                self.tell(
                    channel,
                    "there is no such channel (any more): correct [discord] channel, or approvals_channel",
                );
                Step::Later
            }
            // Chat ends, and says so.
            RestError::Unauthorised => Step::Later,
            error @ (RestError::Wrong(_) | RestError::TooLate(_)) => {
                tracing::error!(%request, %channel, %error, "a message was not sent as it should be; this is a fault of genkan");
                Step::Again(Some(self.pace.at_most))
            }
        }
    }

    /// Says once of a channel what is wrong with it.
    fn tell(&self, channel: &Snowflake, what: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.insert(channel.clone()) {
            tracing::error!(%channel, "messages cannot be shown in a channel: {what}");
        }
    }

    fn is_first_time(&self, request: &RequestId) -> bool {
        self.anew.lock().unwrap_or_else(PoisonError::into_inner).insert(request.clone())
    }

    fn default_channel(&self) -> Option<&Snowflake> {
        self.chat.desk.config().discord.as_ref().map(|discord| &discord.channel)
    }
}
