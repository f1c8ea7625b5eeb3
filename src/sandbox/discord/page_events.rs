//! The page's stream of server-sent events: what happens from now on, as far as one person sees it.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event as Sent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde_json::{Value, json};
use tokio::sync::{broadcast, watch};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::core::{Core, Event};
use super::people::is_offered;
use super::seed::Id;
use super::serve::{Aws, Served};

/// How often the drawer's document is looked at while somebody listens.
const AWS: Duration = Duration::from_millis(500);

/// One listener.
struct Listener {
    core: std::sync::Arc<Core>,
    person: Id,
    events: broadcast::Receiver<Event>,
    stop: watch::Receiver<bool>,
    aws: Option<Aws>,
    shown: Option<Value>,
    tick: Interval,
}

/// The events for one person. It ends when the server stops, or when the listener is too far behind: a browser then connects
/// again, and the page asks for the state anew.
pub(super) fn stream(served: &Served, person: Id) -> Response {
    let mut tick = interval(AWS);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let listener = Listener {
        core: std::sync::Arc::clone(&served.core),
        person,
        events: served.core.events(),
        stop: served.stop.clone(),
        aws: served.aws.clone(),
        shown: None,
        tick,
    };
    let events = stream::unfold(listener, |mut listener| async move {
        let (name, data) = listener.next().await?;
        Some((Ok::<_, Infallible>(Sent::default().event(name).data(data.to_string())), listener))
    });
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}

impl Listener {
    /// The next event for this person; `None` ends the stream.
    async fn next(&mut self) -> Option<(&'static str, Value)> {
        if *self.stop.borrow() {
            return None;
        }
        loop {
            tokio::select! {
                biased;
                _ = self.stop.changed() => return None,
                event = self.events.recv() => {
                    if let Some(seen) = self.seen(event.ok()?) {
                        return Some(seen);
                    }
                }
                _ = self.tick.tick(), if self.aws.is_some() => {
                    let now = self.aws.as_ref().map(|aws| aws());
                    if now != self.shown {
                        self.shown.clone_from(&now);
                        return now.map(|now| ("aws", now));
                    }
                }
            }
        }
    }

    /// The event as this person sees it; `None` = not at all.
    fn seen(&self, event: Event) -> Option<(&'static str, Value)> {
        let mine = |only: Option<Id>| only.is_none_or(|only| only == self.person);
        match event {
            Event::Message { channel, message, only } if mine(only) => {
                Some(("message", json!({ "channel_id": channel.to_string(), "message": message })))
            }
            Event::Deleted { channel, id, only } if mine(only) => {
                Some(("deleted", json!({ "channel_id": channel.to_string(), "id": id.to_string() })))
            }
            Event::Modal { person, id, mut modal } if person == self.person => {
                modal["id"] = json!(id.to_string());
                Some(("modal", modal))
            }
            Event::Failed { person, channel, interaction, name, why } if person == self.person => Some((
                "failed",
                json!({
                    "channel_id": channel.to_string(), "interaction_id": interaction.to_string(), "name": name, "why": why,
                }),
            )),
            Event::Commands => {
                let world = self.core.world();
                let permissions = world.member(self.person).map_or(0, |member| member.permissions);
                let commands: Vec<&Value> =
                    world.commands.iter().filter(|command| is_offered(command, permissions)).collect();
                Some(("commands", json!(commands)))
            }
            Event::Bot { online } => Some(("bot", json!({ "online": online }))),
            _ => None,
        }
    }
}
