//! One person's turn: what came in, who they are, and how they are answered.

use tokio::sync::watch;

use super::drawn::Drawn;
use super::handle::Acknowledgement;
use super::incoming::Incoming;
use super::rest::RestError;
use super::said::{Said, said};
use super::words::Scene;
use super::{Chat, refusal};
use crate::model::{Origin, Part, Person, RequestId, Snowflake};
use crate::requests::DeskError;

/// One interaction that is being answered.
pub(super) struct Turn<'c> {
    pub(super) chat: &'c Chat,
    pub(super) incoming: Incoming,
    /// Who asks; none where the config does not know them.
    pub(super) person: Option<Person>,
    /// Whether everybody can see the answer.
    is_public: bool,
}

/// What became of what was asked.
pub(super) enum Outcome {
    /// This is the answer.
    Say(Box<Drawn>),
    /// This is the answer, for who asked alone.
    Privately(Box<Drawn>),
    /// This is the answer, and then it is seen to that this request, which has just ended, leaves nothing open.
    SayAndClose(Box<Drawn>, RequestId),
    /// Everything was said.
    Silent,
}

impl Outcome {
    pub(super) fn say(drawn: Drawn) -> Self {
        Self::Say(Box::new(drawn))
    }
}

impl<'c> Turn<'c> {
    pub(super) fn new(chat: &'c Chat, incoming: Incoming, person: Option<Person>) -> Self {
        Self { chat, incoming, person, is_public: false }
    }

    /// For drawing in the language of the person.
    pub(super) fn scene(&self) -> Scene<'c> {
        self.chat.scene(self.incoming.language)
    }

    /// The person's name, for the log.
    pub(super) fn name(&self) -> &str {
        self.person.as_ref().map_or("?", |person| &person.name)
    }

    /// A short answer.
    pub(super) fn says(&self, what: Said<'_>) -> Outcome {
        Outcome::say(said(what, &self.scene()))
    }

    /// Only who asked is told this, and nothing is done.
    pub(super) fn only_says(&self, what: Said<'_>) -> Acknowledgement {
        Acknowledgement::Say(Box::new(said(what, &self.scene())))
    }

    /// Only who asked is told why nothing is done.
    pub(super) fn only_refuses(&self, error: &DeskError) -> Acknowledgement {
        let reference = self.incoming.reference();
        tracing::info!(interaction = reference, person = self.name(), %error, "refused");
        Acknowledgement::Say(Box::new(refusal::refusal(error, reference, &self.scene())))
    }

    /// The first answer.
    pub(super) async fn acknowledge(&mut self, acknowledgement: Acknowledgement) -> Result<(), RestError> {
        self.is_public = matches!(acknowledgement, Acknowledgement::Public);
        self.chat.rest.acknowledge(&self.incoming.reply, &acknowledgement.response()).await
    }

    /// The answer, where the acknowledgement stands.
    pub(super) async fn answer(&self, drawn: &Drawn) -> Result<Snowflake, RestError> {
        self.chat.rest.answer(&self.incoming.reply, drawn).await
    }

    /// The answer, for who asked alone: where everybody can see that one is to come, that is taken back.
    pub(super) async fn answer_privately(&self, drawn: &Drawn) -> Result<(), RestError> {
        if self.is_public {
            return self.chat.rest.answer_privately(&self.incoming.reply, drawn).await;
        }
        self.answer(drawn).await.map(drop)
    }

    /// Where a request comes from that this turn makes. `message`: the answer that becomes its card.
    pub(super) fn origin(&self, message: Option<Snowflake>) -> Origin {
        Origin {
            interaction: self.incoming.reply.interaction.clone(),
            channel: self.incoming.channel.clone(),
            message,
            language: self.incoming.language,
        }
    }

    /// The link to a request's card, to be filled into a text; none where it has no message.
    pub(super) async fn card_of(&self, id: &RequestId) -> Result<Option<String>, DeskError> {
        self.chat.link_to(id, |part| *part == Part::Card).await
    }

    /// Sees to it that an ended request leaves nothing open. Where it does, the person is told.
    pub(super) async fn see_closed(&self, id: &RequestId) {
        let (_never, stop) = watch::channel(false);
        let Err(error) = self.chat.desk.see_closed(id, stop).await else { return };
        let reference = self.incoming.reference();
        tracing::error!(interaction = reference, request = %id, %error, "something may still be open");
        let drawn = refusal::refusal(&error, reference, &self.scene());
        if let Err(error) = self.answer(&drawn).await {
            tracing::warn!(interaction = reference, %error, "it could not be said that something may still be open");
        }
    }
}

impl Chat {
    /// The link to the message that shows this part of a request, where there is one.
    pub(super) async fn link_to(
        &self,
        id: &RequestId,
        is_meant: impl Fn(&Part) -> bool,
    ) -> Result<Option<String>, DeskError> {
        let posted = self.desk.posted(id).await?.into_iter();
        let found =
            posted.filter(|posted| is_meant(&posted.part)).find_map(|posted| Some((posted.channel, posted.message?)));
        Ok(found.and_then(|(channel, message)| self.scene(crate::model::Language::English).link(&channel, &message)))
    }

    /// For drawing in that language.
    pub(super) fn scene(&self, language: crate::model::Language) -> Scene<'_> {
        Scene { language, config: self.desk.config() }
    }
}
