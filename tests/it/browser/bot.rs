//! A small bot on the real serenity client that does to the page what a test asks for: answers late, never, or with a form.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use serenity::all::*;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::scene::{APPLICATION, GUILD, TOKEN};

/// A running bot; it goes when it is dropped.
pub(super) struct Bot {
    http: Arc<Http>,
    heard: Arc<Mutex<Vec<Value>>>,
    /// All that it runs, so that it can be killed at once.
    runtime: Option<Runtime>,
}

impl Drop for Bot {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

struct Handler(Arc<Mutex<Vec<Value>>>);

impl Bot {
    /// Begins to connect, and registers its commands.
    pub(super) async fn start(endpoint: &str) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let http = HttpBuilder::new(TOKEN)
            .proxy(endpoint)
            .ratelimiter_disabled(true)
            .application_id(ApplicationId::new(APPLICATION))
            .build();
        let runtime = Runtime::new().expect("a runtime");
        let (tell, told) = oneshot::channel();
        let handler = Handler(Arc::clone(&heard));
        // Made in there too: serenity begins its tasks where the client is made.
        runtime.spawn(async move {
            let builder = ClientBuilder::new_with_http(http, GatewayIntents::empty());
            let mut client = builder.event_handler(handler).await.expect("a client");
            let _ = tell.send(Arc::clone(&client.http));
            client.start().await
        });
        let http = told.await.expect("a client");
        http.create_guild_commands(GuildId::new(GUILD), &commands()).await.expect("registered");
        Self { http, heard, runtime: Some(runtime) }
    }

    /// The data of every interaction that it got, in order.
    pub(super) fn heard(&self) -> Vec<Value> {
        self.heard.lock().expect("no panic").clone()
    }

    /// Posts a message.
    pub(super) async fn posts(&self, channel: u64, message: &Value) -> Message {
        self.http.send_message(ChannelId::new(channel), vec![], message).await.expect("posted")
    }

    /// Changes a message of its own.
    pub(super) async fn edits(&self, message: &Message, change: &Value) {
        self.http.edit_message(message.channel_id, message.id, change, vec![]).await.expect("edited");
    }
}

fn commands() -> Value {
    let option = |name: &str, required: bool| {
        json!({ "type": 3, "name": name, "description": format!("The {name}"), "required": required, "autocomplete": true,
                "description_localizations": { "ja": format!("{name} を選ぶ") } })
    };
    json!([
        { "type": 1, "name": "onboard", "description": "Let a project in", "description_localizations": { "ja": "受け入れる" },
          "options": [option("project", true), option("environment", true), option("adopt", false)] },
        { "type": 1, "name": "requests", "description": "List requests", "options": [
            { "type": 3, "name": "which", "description": "Which", "choices": [
                { "name": "mine", "value": "mine", "name_localizations": { "ja": "自分の" } }, { "name": "all", "value": "all" } ] } ] },
        { "type": 1, "name": "silent", "description": "Is never answered" },
        { "type": 1, "name": "form", "description": "Offers a form" },
    ])
}

#[async_trait]
impl EventHandler for Handler {
    async fn interaction_create(&self, context: Context, interaction: Interaction) {
        let mut told = serde_json::to_value(&interaction).expect("JSON");
        told["type"] = json!(u8::from(interaction.kind()));
        self.0.lock().expect("no panic").push(told.clone());
        let (id, token) = (interaction.id(), interaction.token());
        let answer = match &interaction {
            Interaction::Autocomplete(typed) => suggestions(typed),
            Interaction::Command(command) => match command.data.name.as_str() {
                "silent" => return,
                "form" => offer(),
                _ => json!({ "type": 5, "data": {} }),
            },
            Interaction::Component(pressed) if pressed.data.custom_id == "form" => form(),
            Interaction::Component(pressed) if pressed.data.custom_id == "silent" => return,
            Interaction::Modal(_) => {
                json!({ "type": 4, "data": { "content": "thank you", "flags": 64, "allowed_mentions": { "parse": [] } } })
            }
            _ => json!({ "type": 6 }),
        };
        context.http.create_interaction_response(id, token, &answer, vec![]).await.expect("acknowledged");
    }
}

fn suggestions(typed: &CommandInteraction) -> Value {
    let focused = typed.data.autocomplete().expect("something is typed");
    let all: &[&str] = match focused.name {
        "project" => &["project-x", "project-y", "other"],
        "environment" => &["dev", "staging", "production"],
        _ => &["bucket", "two words"],
    };
    let like = all.iter().filter(|name| name.contains(focused.value));
    json!({ "type": 8, "data": { "choices": like.map(|name| json!({ "name": name, "value": name })).collect::<Vec<_>>() } })
}

fn offer() -> Value {
    let button = |id: &str, label: &str| json!({ "type": 2, "style": 1, "custom_id": id, "label": label });
    let row = json!({ "type": 1, "components": [button("form", "Open the form"), button("silent", "Press me")] });
    json!({ "type": 4, "data": { "content": "only for you", "flags": 64, "components": [row], "allowed_mentions": { "parse": [] } } })
}

fn form() -> Value {
    let input = |id: &str, style: u8, label: &str| {
        json!({ "type": 1, "components": [{ "type": 4, "custom_id": id, "style": style, "label": label, "min_length": 3, "max_length": 20,
                "placeholder": "for instance: because", "required": id == "reason" }] })
    };
    let inputs = [input("reason", 2, "The reason"), input("more", 1, "More")];
    json!({ "type": 9, "data": { "custom_id": "sent", "title": "Why?", "components": inputs } })
}
