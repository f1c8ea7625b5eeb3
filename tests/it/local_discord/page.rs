//! The page's interface: what a person sees, what happens, what they do; and that no other web page can drive it.

use std::sync::{Arc, Mutex};

use genkan::sandbox::discord::faults::{Effect, Rule};
use reqwest::Response;
use serde_json::{Value, json};

use super::bot::Bot;
use super::*;

/// The events of one person.
struct Stream {
    response: Response,
    text: String,
}

impl Stream {
    async fn open(served: &ServedDiscord, person: Id) -> Self {
        let address = format!("{}/page/events?as={person}", served.endpoint());
        Self { response: reqwest::get(address).await.expect("a stream"), text: String::new() }
    }

    /// The next event of a name; others are passed over.
    async fn next(&mut self, name: &str) -> Value {
        let look = async {
            loop {
                while let Some(end) = self.text.find("\n\n") {
                    let event: String = self.text.drain(..end + 2).collect();
                    if let Some(data) = event.strip_prefix(&format!("event: {name}\ndata: ")) {
                        return serde_json::from_str(data).expect("JSON");
                    }
                }
                let more = self.response.chunk().await.expect("readable").expect("the stream goes on");
                self.text.push_str(std::str::from_utf8(&more).expect("text"));
            }
        };
        tokio::time::timeout(PATIENCE, look).await.unwrap_or_else(|_| panic!("no event {name}"))
    }
}

async fn post(served: &ServedDiscord, path: &str, body: Value) -> (u16, Value) {
    let sent = reqwest::Client::new().post(format!("{}/page/{path}", served.endpoint())).json(&body).send();
    let response = sent.await.expect("an answer");
    (response.status().as_u16(), response.json().await.expect("JSON"))
}

async fn state(served: &ServedDiscord, person: Id) -> Value {
    let address = format!("{}/page/state?as={person}", served.endpoint());
    reqwest::get(address).await.expect("an answer").json().await.expect("JSON")
}

#[tokio::test]
async fn a_person_plays_the_whole_of_it_through_the_page() {
    let (discord, served) = local().await;
    let _bot = Bot::start(&discord, &served).await;
    let mut events = Stream::open(&served, REN).await;
    let seen = state(&served, AIKO).await;
    assert_eq!(seen["me"]["name"], "aiko");
    assert_eq!(seen["people"].as_array().map(Vec::len), Some(2));
    assert_eq!(seen["bot"]["online"], true);
    assert_eq!(seen["commands"][0]["description_localizations"]["ja"], "サービスを配備する");
    assert_eq!(seen["messages"][PLATFORM.to_string()], json!([]));

    let aiko = |more: Value| {
        let mut body = json!({ "as": AIKO.to_string(), "locale": "en-US", "channel_id": PLATFORM.to_string() });
        for (field, value) in more.as_object().expect("fields") {
            body[field] = value.clone();
        }
        body
    };
    let typed = json!([{ "name": "service", "value": "my", "focused": true }]);
    let (status, offered) = post(&served, "autocomplete", aiko(json!({ "name": "deploy", "options": typed }))).await;
    assert_eq!((status, offered), (200, json!({ "choices": [{ "name": "my-api", "value": "api" }] })));
    let (status, refused) = post(&served, "command", aiko(json!({ "name": "deploy" }))).await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("service: this option is required")));
    let filled = json!([{ "name": "service", "value": "api" }]);
    let (status, sent) = post(&served, "command", aiko(json!({ "name": "deploy", "options": filled }))).await;
    assert_eq!(status, 202);
    assert!(sent["interaction_id"].is_string());
    let deferred = events.next("message").await;
    assert_eq!((&deferred["channel_id"], &deferred["message"]["flags"]), (&json!(PLATFORM.to_string()), &json!(128)));
    let card = events.next("message").await["message"].clone();
    assert_eq!(card["id"], deferred["message"]["id"], "the same message, changed");

    let press = |custom_id: &str| json!({ "as": REN.to_string(), "locale": "ja", "channel_id": PLATFORM.to_string(), "message_id": card["id"], "custom_id": custom_id });
    assert_eq!(post(&served, "press", press("old")).await.0, 400);
    assert_eq!(post(&served, "press", press("reject")).await.0, 202);
    let modal = events.next("modal").await;
    assert_eq!((&modal["title"], &modal["components"][0]["type"]), (&json!("Reject"), &json!(1)));
    let fields = json!([{ "custom_id": "reason", "value": "not today" }]);
    let form = json!({ "as": REN.to_string(), "locale": "ja", "id": modal["id"], "fields": fields });
    assert_eq!(post(&served, "modal", form.clone()).await.0, 202);
    assert_eq!(events.next("message").await["message"]["content"], "thank you");
    assert_eq!(post(&served, "modal", form).await.0, 400, "sent already");

    discord.faults().add(Rule::next("INTERACTION_CREATE", Effect::Malformed));
    let mut hers = Stream::open(&served, AIKO).await;
    let filled = json!([{ "name": "service", "value": "lost" }]);
    post(&served, "command", aiko(json!({ "name": "deploy", "options": filled }))).await;
    discord.pass_time(Duration::from_secs(4));
    let failed = hers.next("failed").await;
    assert_eq!((&failed["name"], &failed["channel_id"]), (&json!("/deploy"), &json!(PLATFORM.to_string())));
    served.stop().await.expect("streams end with the server");
}

#[tokio::test]
async fn the_drawer_shows_aws_whenever_it_changed() {
    let discord = LocalDiscord::start(seed()).expect("a seed as it should be");
    let shown = Arc::new(Mutex::new(json!({ "accounts": [] })));
    let source = Arc::clone(&shown);
    let aws = move || source.lock().expect("no panic").clone();
    let served = discord.serve(0, Some(Arc::new(aws))).await.expect("a free port");
    let mut events = Stream::open(&served, AIKO).await;
    assert_eq!(events.next("aws").await, json!({ "accounts": [] }));
    *shown.lock().expect("no panic") = json!({ "accounts": [{ "id": "1" }] });
    assert_eq!(events.next("aws").await["accounts"][0]["id"], "1");
    let now: Value =
        reqwest::get(format!("{}/page/aws", served.endpoint())).await.expect("an answer").json().await.expect("JSON");
    assert_eq!(now["accounts"][0]["id"], "1");
}

#[tokio::test]
async fn another_web_page_cannot_drive_it() {
    let (discord, served) = local().await;
    assert!(served.address.ip().is_loopback());
    let client = reqwest::Client::new();
    let get = async |path: &str, host: &str| {
        let sent = client.get(format!("{}{path}", served.endpoint())).header("host", host).send();
        sent.await.expect("an answer").status().as_u16()
    };
    let own = served.address.to_string();
    assert_eq!(get("/", &own).await, 200);
    assert_eq!(get("/", "localhost").await, 200);
    for host in ["example.org", "127.0.0.1.example.org", "localhost.example.org:80", ""] {
        assert_eq!(get("/page/state?as=118000000000000401", host).await, 403, "{host}");
        assert_eq!(get("/", host).await, 403, "{host}");
    }
    let body = json!({ "as": AIKO.to_string(), "channel_id": PLATFORM.to_string(), "name": "deploy" }).to_string();
    let send = async |kind: &str, origin: Option<&str>| {
        let mut request = client.post(format!("{}/page/command", served.endpoint())).body(body.clone());
        request = request.header("content-type", kind);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(send("application/json", Some(&served.endpoint())).await, 400, "heard: there is no such command");
    assert_eq!(send("text/plain", None).await, 415);
    assert_eq!(send("application/json", Some("http://example.org")).await, 403);
    assert_eq!(send("application/json", Some("null")).await, 403);
    assert!(discord.log().calls().is_empty());
}
