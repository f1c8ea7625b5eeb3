//! The gateway's door: a connection that serenity opens and keeps, watched over so that it never spends Discord's budget.
//!
//! serenity resumes and identifies again by itself, every 5 to 8 seconds if need be, and never gives up. Discord lets a bot identify
//! 1,000 times a day and then resets its token. So its client runs in a runtime of its own that can be ended as a whole, its READYs
//! are counted, and what is not connected for long begins again from here, slower each time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serenity::client::{Client, ClientBuilder, Context, RawEventHandler};
use serenity::gateway::{ConnectionStage, GatewayError, ShardManager};
use serenity::model::event::Event;
use serenity::model::gateway::GatewayIntents;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot, watch};

use super::Heard;
use crate::chat::ChatError;
use crate::chat::rest::{GatewayBot, Rest, RestError};
use crate::requests::see_through::stopped;

/// When the connection is given up.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How often a session may begin within an hour: a bot on a good connection identifies once in days, since it resumes; 20 an hour
    /// leave half of Discord's 1,000 a day.
    pub sessions_an_hour: usize,
    /// After how long without a connection serenity is ended and begun again: it needs 5 to 8 s to identify again.
    pub unconnected: Duration,
    /// How often in a row that may be, while Discord's REST API answers.
    pub fruitless: u32,
    /// The pause before the second attempt; it doubles up to a minute.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { sessions_an_hour: 20, unconnected: Duration::from_secs(30), fruitless: 5, pause: Duration::from_secs(1) }
    }
}

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// How many identifies are left to whoever mends what is wrong: below that nothing is begun any more.
const RESERVE: u32 = 50;

/// How often it is looked whether there is a connection.
const LOOK: Duration = Duration::from_millis(500);

/// Listens until `stop` turns true.
///
/// # Errors
/// When Discord refuses the bot for good, or the connection is lost again and again. While Discord cannot be reached at all it
/// goes on trying.
pub async fn listen(
    rest: &Rest,
    heard: &Heard,
    patience: Patience,
    mut stop: watch::Receiver<bool>,
) -> Result<(), ChatError> {
    let mut sessions = Sessions { begun: VecDeque::new(), most: patience.sessions_an_hour };
    let (mut fruitless, mut pause) = (0, patience.pause);
    while !*stop.borrow() {
        match rest.gateway().await {
            Ok(gateway) => {
                let url = usable(gateway, rest.is_local())?;
                let ready_before = sessions.begun.len();
                if session(rest, &url, heard, patience, &mut sessions, &mut stop).await? == Ended::Stopped {
                    return Ok(());
                }
                if sessions.begun.len() > ready_before {
                    (fruitless, pause) = (0, patience.pause);
                }
                fruitless += 1;
                tracing::warn!(fruitless, "the gateway is not connected; it is begun again");
                if fruitless > patience.fruitless {
                    return Err(ChatError::Lost { times: fruitless });
                }
            }
            Err(RestError::Unauthorised) => return Err(ChatError::Token),
            Err(error @ RestError::Passing { .. }) => tracing::warn!(%error, "the gateway cannot be asked for"),
            Err(error) => return Err(ChatError::Refused { what: error.to_string() }),
        }
        tokio::select! {
            () = stopped(&mut stop) => {}
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    Ok(())
}

/// The gateway's address, if a session may be begun there.
fn usable(gateway: GatewayBot, local: bool) -> Result<String, ChatError> {
    if let Some(limit) = gateway.session_start_limit
        && limit.remaining < RESERVE.min(limit.total / 2)
    {
        let minutes = limit.reset_after.div_ceil(60_000);
        return Err(ChatError::BudgetSpent { remaining: limit.remaining, minutes });
    }
    if gateway.shards > 1 {
        return Err(ChatError::Shards { wanted: gateway.shards });
    }
    if local && !is_loopback(&gateway.url) {
        let what = "the local Discord names a gateway that is not on this machine".to_owned();
        return Err(ChatError::Refused { what });
    }
    Ok(gateway.url)
}

fn is_loopback(url: &str) -> bool {
    match url::Url::parse(url).ok().as_ref().and_then(url::Url::host) {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    }
}

/// When sessions began, within the last hour.
struct Sessions {
    begun: VecDeque<Instant>,
    most: usize,
}

impl Sessions {
    /// One more. An error when those were too many.
    fn begin(&mut self, now: Instant) -> Result<(), ChatError> {
        const HOUR: Duration = Duration::from_hours(1);
        self.begun.push_back(now);
        while self.begun.front().is_some_and(|begun| now.duration_since(*begun) >= HOUR) {
            self.begun.pop_front();
        }
        if self.begun.len() > self.most {
            return Err(ChatError::IdentifyStorm { sessions: self.begun.len() });
        }
        Ok(())
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Ended {
    Stopped,
    Unconnected,
}

/// One of serenity's clients, from its start until it is stopped or not connected for too long.
async fn session(
    rest: &Rest,
    url: &str,
    heard: &Heard,
    patience: Patience,
    sessions: &mut Sessions,
    stop: &mut watch::Receiver<bool>,
) -> Result<Ended, ChatError> {
    let (began, mut begins) = mpsc::unbounded_channel();
    let ear = Ear { heard: heard.clone(), began };
    let http = rest.for_gateway().map_err(|error| ChatError::Refused { what: error.to_string() })?;
    let own = Own::new()?;
    let client = ClientBuilder::new_with_http(http, GatewayIntents::empty()).raw_event_handler(ear);
    let address = url.to_owned();
    let (started, starts) = oneshot::channel();
    let (end, mut ends) = oneshot::channel();
    own.spawn(async move {
        let Ok(mut client): Result<Client, _> = client.await else { return };
        // Where serenity cannot ask for the address it takes Discord's own, also when it was to talk to a local one.
        *client.ws_url.lock().await = address;
        let _ = started.send(client.shard_manager.clone());
        let ended = client.start().await;
        let _ = end.send(ended.err().map(refused));
    });
    let Ok(manager) = starts.await else { return Ok(Ended::Unconnected) };
    let mut connected = Instant::now();
    loop {
        tokio::select! {
            () = stopped(stop) => {
                // Says goodbye, so that Discord shows the bot as gone at once; whatever is left dies with the runtime.
                let _ = tokio::time::timeout(Duration::from_secs(2), manager.shutdown_all()).await;
                return Ok(Ended::Stopped);
            }
            Some(()) = begins.recv() => {
                connected = Instant::now();
                tracing::info!("the gateway is connected");
                sessions.begin(connected)?;
            }
            ended = &mut ends => match ended {
                Ok(Some(refusal)) => return Err(refusal),
                Ok(None) | Err(_) => return Ok(Ended::Unconnected),
            },
            () = tokio::time::sleep(LOOK) => {
                if is_connected(&manager).await {
                    connected = Instant::now();
                } else if connected.elapsed() >= patience.unconnected {
                    return Ok(Ended::Unconnected);
                }
            }
        }
    }
}

async fn is_connected(manager: &ShardManager) -> bool {
    manager.runners.lock().await.values().any(|runner| runner.stage == ConnectionStage::Connected)
}

/// What serenity ends for: close codes 4004, 4013 and 4014.
fn refused(error: serenity::Error) -> ChatError {
    match error {
        serenity::Error::Gateway(GatewayError::InvalidAuthentication) => ChatError::Token,
        serenity::Error::Gateway(GatewayError::InvalidGatewayIntents | GatewayError::DisallowedGatewayIntents) => {
            ChatError::Refused { what: "the gateway refused the intents of this version (4013, 4014)".to_owned() }
        }
        _ => ChatError::Refused { what: "the gateway ended the connection for good".to_owned() },
    }
}

/// Hears what comes in.
struct Ear {
    heard: Heard,
    began: mpsc::UnboundedSender<()>,
}

#[serenity::async_trait]
impl RawEventHandler for Ear {
    async fn raw_event(&self, _: Context, event: Event) {
        match event {
            Event::InteractionCreate(event) => drop(self.heard.hand_on(event.interaction)),
            Event::Ready(_) => drop(self.began.send(())),
            Event::Resumed(_) => tracing::info!("the gateway is connected again, and what was missed comes now"),
            // serenity drops what it cannot parse without a word (discord-facts: an interaction among it).
            Event::Unknown(event) => self.heard.unreadable(&event.kind),
            _ => {}
        }
    }
}

/// A runtime of its own: what serenity spawned ends with it, at once and for certain.
struct Own(Option<Runtime>);

impl Own {
    fn new() -> Result<Self, ChatError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("gateway")
            .enable_all()
            .build()
            .map_err(|error| ChatError::Refused { what: format!("no thread for the gateway: {error}") })?;
        Ok(Self(Some(runtime)))
    }

    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.0 {
            runtime.spawn(future);
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::rest::SessionStartLimit;

    fn gateway(url: &str, shards: u32, remaining: u32) -> GatewayBot {
        let limit = SessionStartLimit { total: 1000, remaining, reset_after: 90_000 };
        GatewayBot { url: url.to_owned(), shards, session_start_limit: Some(limit) }
    }

    #[test]
    fn sessions_are_counted_by_the_hour() {
        let mut sessions = Sessions { begun: VecDeque::new(), most: 3 };
        let start = Instant::now();
        let at = |minutes| start + Duration::from_mins(minutes);
        for minute in [0, 10, 20, 60, 70, 80] {
            assert!(sessions.begin(at(minute)).is_ok(), "{minute}");
        }
        let storm = sessions.begin(at(81)).unwrap_err();
        assert!(matches!(storm, ChatError::IdentifyStorm { sessions: 4 }), "{storm}");
    }

    #[test]
    fn a_session_is_begun_only_where_it_may_be() {
        let url = "wss://gateway.discord.gg";
        assert_eq!(usable(gateway(url, 1, 1000), false).unwrap(), url);
        assert_eq!(usable(gateway(url, 1, RESERVE), false).unwrap(), url);
        let spent = usable(gateway(url, 1, RESERVE - 1), false).unwrap_err();
        assert!(matches!(spent, ChatError::BudgetSpent { remaining: 49, minutes: 2 }), "{spent}");
        assert!(matches!(usable(gateway(url, 2, 1000), false), Err(ChatError::Shards { wanted: 2 })));
        assert!(
            matches!(usable(gateway(url, 1, 1000), true), Err(ChatError::Refused { .. })),
            "it would leave the machine"
        );
        assert!(usable(gateway("ws://127.0.0.1:4600/gw", 1, 1000), true).is_ok());
        let small = SessionStartLimit { total: 10, remaining: 9, reset_after: 0 };
        let small = GatewayBot { session_start_limit: Some(small), ..gateway(url, 0, 0) };
        assert!(usable(small, false).is_ok(), "half of what is little is enough");
    }
}
