//! The one way out to Discord's REST API: sets `allowed_mentions` on every body, honours 429 and 5xx, and tells errors without
//! tokens or addresses.

mod error;
mod send;

use std::fmt;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use serenity::builder::{CreateCommand, CreateInteractionResponse};
use serenity::http::{Http, LightMethod, Route};
use serenity::model::channel::MessageFlags;
use serenity::model::id::ApplicationId;
use tokio::sync::watch;

pub use error::RestError;

use self::send::{Call, Wire};
use super::drawn::Drawn;
use super::register;
use crate::config::Discord;
use crate::model::Snowflake;

/// An interaction has to be acknowledged within 3 s (Discord's documentation, Receiving and Responding): what is left of them
/// when it was heard and written down.
const ACKNOWLEDGE: Duration = Duration::from_millis(2500);

/// How many messages are posted and edited a second, below Discord's 50 calls of a bot (its documentation, Rate Limits, Global Rate
/// Limit), so that many requests at once run into no 429. Answers to interactions do not count among those.
const MESSAGES_A_SECOND: NonZeroU32 = NonZeroU32::new(40).expect("it is not 0");

/// How many of them at once.
const MESSAGES_AT_ONCE: NonZeroU32 = NonZeroU32::new(5).expect("it is not 0");

/// The one way out.
pub struct Rest {
    wire: Wire,
    messages: DefaultDirectRateLimiter,
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rest").field("local", &self.wire.is_local()).finish_non_exhaustive()
    }
}

/// How an interaction is answered: its id and the token that is good for 15 minutes. Never printed.
#[derive(Clone)]
pub struct Reply {
    /// The interaction.
    pub interaction: Snowflake,
    /// Good for 15 minutes after the interaction was made.
    pub token: SecretString,
}

/// The bot's application, as Discord knows it.
#[derive(Debug, Clone, Deserialize)]
pub struct Application {
    /// Its id.
    pub id: Snowflake,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// The public key with which Discord signs what it posts: 64 hex digits.
    #[serde(default)]
    pub verify_key: String,
}

/// Where the gateway is, and how often it may still be identified with (Gateway, Get Gateway Bot).
#[derive(Debug, Clone, Deserialize)]
pub struct GatewayBot {
    /// `wss://…`
    pub url: String,
    /// How many shards Discord wants.
    #[serde(default)]
    pub shards: u32,
    /// How often a session may still be started.
    #[serde(default)]
    pub session_start_limit: Option<SessionStartLimit>,
}

/// How often a session may still be started: beyond it Discord resets the bot's token.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct SessionStartLimit {
    /// How often in all.
    pub total: u32,
    /// How often still.
    pub remaining: u32,
    /// After how many milliseconds it is `total` again.
    pub reset_after: u64,
}

/// What came of registering the commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registered {
    /// They were these already.
    Same,
    /// They are these now.
    Changed,
}

impl Rest {
    /// Connects to Discord, or to the local one that the settings name. Sends nothing yet.
    ///
    /// # Errors
    /// [`RestError::Wrong`] on a system without TLS.
    pub fn new(settings: &Discord, token: &SecretString) -> Result<Self, RestError> {
        let api = settings.api.as_deref();
        Ok(Self::over(Wire::client(api.is_some())?, api, token))
    }

    /// The same over connections of the caller's: for a system with certificates of its own.
    pub fn over(client: reqwest::Client, api: Option<&str>, token: &SecretString) -> Self {
        let pace = Quota::per_second(MESSAGES_A_SECOND).allow_burst(MESSAGES_AT_ONCE);
        Self { wire: Wire::new(client, api, token), messages: RateLimiter::direct(pace) }
    }

    /// Turns true when Discord does not accept the token; then nothing is sent any more.
    pub fn unauthorised(&self) -> watch::Receiver<bool> {
        self.wire.unauthorised()
    }

    /// Asks whose token it is. To be called first: the application's id is part of where answers go.
    ///
    /// # Errors
    /// [`RestError::Unauthorised`] where the token is not valid.
    pub async fn application(&self) -> Result<Application, RestError> {
        let application: Application = self.read(Route::Oauth2ApplicationCurrent).await?;
        self.wire.http().set_application_id(ApplicationId::new(application.id.number()));
        Ok(application)
    }

    /// Acknowledges an interaction: the first answer, within 3 s. Tried again only where it is certain that nothing was done: no
    /// connection, or 429. Where the answer was lost it is asked for what became of it.
    ///
    /// # Errors
    /// [`RestError::TooLate`]: then nothing may be done about the interaction.
    pub async fn acknowledge(&self, reply: &Reply, response: &CreateInteractionResponse) -> Result<(), RestError> {
        let mut body = plain(response)?;
        // A new message, one to come, an edit of the one that was pressed.
        let is_message = matches!(body["type"].as_u64(), Some(4 | 5 | 7));
        match body.get_mut("data") {
            Some(Value::Null) => drop(body.as_object_mut().and_then(|body| body.remove("data"))),
            Some(data) if is_message => silence(data, &[]),
            _ => {}
        }
        let route = Route::InteractionResponse {
            interaction_id: reply.interaction.number().into(),
            token: reply.token.expose_secret(),
        };
        let begun = Instant::now();
        loop {
            let call = Call::with(LightMethod::Post, route, &body);
            let sent = self.wire.at_once(call, ACKNOWLEDGE.saturating_sub(begun.elapsed())).await;
            let Err(error) = sent else { return Ok(()) };
            let RestError::Passing { after, .. } = &error else { return Err(error) };
            let pause = after.unwrap_or(Duration::from_millis(100));
            if !error.did_nothing() {
                let is_there = is_message && self.has_answer(reply).await;
                return if is_there { Ok(()) } else { Err(error) };
            }
            if begun.elapsed() + pause >= ACKNOWLEDGE {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Whether an acknowledgement has arrived of which that was never said: otherwise its person would read "thinking…" for
    /// 15 minutes.
    async fn has_answer(&self, reply: &Reply) -> bool {
        let Ok(application_id) = self.application_id() else { return false };
        let token = reply.token.expose_secret();
        let original = Route::WebhookOriginalInteractionResponse { application_id, token };
        self.wire.again(Call::get(original)).await.is_ok()
    }

    /// Puts the real answer where the acknowledgement stands, and returns that message's id.
    ///
    /// # Errors
    /// [`RestError::TooLate`] after 15 minutes.
    pub async fn answer(&self, reply: &Reply, drawn: &Drawn) -> Result<Snowflake, RestError> {
        let body = message(drawn, &[])?;
        let route = Route::WebhookOriginalInteractionResponse {
            application_id: self.application_id()?,
            token: reply.token.expose_secret(),
        };
        id_of(&self.wire.again(Call::with(LightMethod::Patch, route, &body)).await?)
    }

    /// Takes back an answer that everybody sees, and gives this one to who asked alone.
    ///
    /// # Errors
    /// [`RestError::TooLate`] after 15 minutes. What failed half-way leaves no answer.
    pub async fn answer_privately(&self, reply: &Reply, drawn: &Drawn) -> Result<(), RestError> {
        let (application_id, token) = (self.application_id()?, reply.token.expose_secret());
        // In this order: a follow-up while the answer is still to come would become that answer, and everybody would see it.
        let original = Route::WebhookOriginalInteractionResponse { application_id, token };
        match self.wire.again(Call::delete(original)).await {
            Ok(_) | Err(RestError::Gone(_)) => {}
            Err(error) => return Err(error),
        }
        let mut body = message(drawn, &[])?;
        body["flags"] = MessageFlags::EPHEMERAL.bits().into();
        let follow_up = Route::WebhookFollowupMessages { application_id, token };
        self.wire.again(Call::with(LightMethod::Post, follow_up, &body)).await.map(drop)
    }

    /// Posts a message, and returns its id. `ping`: the roles that are told, where its text mentions them. `nonce` (at most 25
    /// characters): the same one within a few minutes gives the message that is there instead of a second one.
    ///
    /// # Errors
    /// What Discord refused.
    pub async fn post(
        &self,
        channel: &Snowflake,
        drawn: &Drawn,
        ping: &[Snowflake],
        nonce: &str,
    ) -> Result<Snowflake, RestError> {
        let mut body = message(drawn, ping)?;
        body["nonce"] = nonce.into();
        body["enforce_nonce"] = true.into();
        self.messages.until_ready().await;
        let route = Route::ChannelMessages { channel_id: channel.number().into() };
        id_of(&self.wire.again(Call::with(LightMethod::Post, route, &body)).await?)
    }

    /// The message of the bot's own that says exactly this, among the newest hundred of a channel; none also where the bot may not
    /// read what was said there.
    pub async fn said(&self, channel: &Snowflake, content: &str) -> Option<Snowflake> {
        let route = Route::ChannelMessages { channel_id: channel.number().into() };
        let newest = Call { parameter: Some(("limit", "100")), ..Call::get(route) };
        let (newest, own) = (self.wire.again(newest).await.ok()?, self.application_id().ok()?.to_string());
        // A bot's user has its application's id.
        let is_it = |message: &&Value| message["author"]["id"] == own.as_str() && message["content"] == content;
        id_of(newest.as_array()?.iter().find(is_it)?).ok()
    }

    /// Edits a message of the bot's own. Pings nobody.
    ///
    /// # Errors
    /// [`RestError::Gone`] where somebody deleted it.
    pub async fn edit(&self, channel: &Snowflake, id: &Snowflake, drawn: &Drawn) -> Result<(), RestError> {
        let body = message(drawn, &[])?;
        let route = Route::ChannelMessage { channel_id: channel.number().into(), message_id: id.number().into() };
        self.messages.until_ready().await;
        self.wire.again(Call::with(LightMethod::Patch, route, &body)).await.map(drop)
    }

    /// The roles that a user has on a server now (Discord's reference, Guild, Get Guild Member).
    ///
    /// # Errors
    /// [`RestError::Gone`] for who is no member.
    pub(super) async fn roles_of(&self, guild: &Snowflake, user: &Snowflake) -> Result<Vec<Snowflake>, RestError> {
        #[derive(Deserialize)]
        struct Member {
            roles: Vec<Snowflake>,
        }
        let route = Route::GuildMember { guild_id: guild.number().into(), user_id: user.number().into() };
        self.read::<Member>(route).await.map(|member| member.roles)
    }

    /// Makes these the server's commands, where they are not already. Needs [`Rest::application`] before.
    ///
    /// # Errors
    /// What Discord refused.
    pub async fn register(&self, guild: &Snowflake, commands: &[CreateCommand]) -> Result<Registered, RestError> {
        let route = Route::GuildCommands { application_id: self.application_id()?, guild_id: guild.number().into() };
        // Without the parameter Discord leaves the localisations out.
        let there = Call { parameter: Some(("with_localizations", "true")), ..Call::get(route) };
        let (there, wanted) = (self.wire.again(there).await?, register::body(&plain(commands)?));
        if register::same(&there, &wanted) {
            return Ok(Registered::Same);
        }
        self.wire.again(Call::with(LightMethod::Put, route, &wanted)).await?;
        Ok(Registered::Changed)
    }

    /// Where the gateway is.
    pub(super) async fn gateway(&self) -> Result<GatewayBot, RestError> {
        self.read(Route::GatewayBot).await
    }

    /// serenity's client for the gateway.
    pub(super) fn for_gateway(&self) -> Result<Http, RestError> {
        self.wire.another()
    }

    /// Whether it is a local Discord.
    pub(super) const fn is_local(&self) -> bool {
        self.wire.is_local()
    }

    /// The name of a server or a channel, where the bot can see it.
    pub(super) async fn name_of(&self, route: Route<'_>) -> Result<String, RestError> {
        #[derive(Deserialize)]
        struct Named {
            #[serde(default)]
            name: String,
        }
        self.read::<Named>(route).await.map(|named| named.name)
    }

    async fn read<T: for<'d> Deserialize<'d>>(&self, route: Route<'_>) -> Result<T, RestError> {
        let answer = self.wire.again(Call::get(route)).await?;
        serde_json::from_value(answer).map_err(|_| RestError::Wrong("its answer lacks what was asked for".to_owned()))
    }

    fn application_id(&self) -> Result<ApplicationId, RestError> {
        let known = self.wire.http().application_id();
        known.ok_or_else(|| RestError::Wrong("the application is not known yet".to_owned()))
    }
}

/// A message's body. Only these roles are told of it, whatever its text says.
fn message(drawn: &Drawn, ping: &[Snowflake]) -> Result<Value, RestError> {
    let mut body = plain(drawn)?;
    silence(&mut body, ping);
    Ok(body)
}

/// Nobody is told of it but these roles: what stands in a text may come from anybody.
fn silence(body: &mut Value, ping: &[Snowflake]) {
    body["allowed_mentions"] = if ping.is_empty() { json!({"parse": []}) } else { json!({"parse": [], "roles": ping}) };
}

fn plain<T: serde::Serialize + ?Sized>(value: &T) -> Result<Value, RestError> {
    serde_json::to_value(value).map_err(|_| RestError::Wrong("it cannot be written as JSON".to_owned()))
}

fn id_of(message: &Value) -> Result<Snowflake, RestError> {
    let id = message["id"].as_str().and_then(|id| id.parse().ok());
    id.ok_or_else(|| RestError::Wrong("its answer has no message's id".to_owned()))
}
