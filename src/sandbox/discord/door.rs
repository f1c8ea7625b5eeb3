//! The bot's HTTP door, seen from Discord: its address, tried before it is taken; interactions posted to it, signed with Ed25519.
//!
//! Source: Discord's interactions overview, "Preparing for Interactions" and "Setting Up an Endpoint": a PING first, bad
//! signatures on purpose, at the start and now and then, and the address is taken away where one is accepted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};

use super::core::{Core, Event};
use super::post::{Address, Answer, post};
use super::rest;
use super::seed::Id;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// After this many deliveries a bad signature is sent again.
const NOW_AND_THEN: u64 = 20;

/// The bot's Interactions Endpoint URL, and the key that signs what is posted to it.
pub(crate) struct Door {
    url: Mutex<Option<String>>,
    key: SigningKey,
    deliveries: AtomicU64,
}

impl Default for Door {
    fn default() -> Self {
        let key = SigningKey::from_bytes(&rand::random());
        Self { url: Mutex::new(None), key, deliveries: AtomicU64::new(0) }
    }
}

impl Door {
    pub(crate) fn url(&self) -> Option<String> {
        self.url.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The application's public key, 64 hex digits.
    pub(crate) fn public_key(&self) -> String {
        hex::encode(self.key.verifying_key().as_bytes())
    }

    /// Takes an address, where what listens there answers a PING and refuses bad signatures; `None` takes it away.
    pub(crate) async fn set(&self, core: &Core, url: Option<&str>) -> Result<(), String> {
        if let Some(url) = url {
            let address = Address::of(url)?;
            let ping = ping(core).to_string();
            let answer = self.signed(core, &address, ping.as_bytes()).await?;
            let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            if answer.status != 200 || body["type"] != 1 {
                return Err(format!("a PING was answered with {} instead of 200 and {{\"type\":1}}", answer.status));
            }
            self.try_bad_signatures(core, &address).await?;
        }
        self.put(core, url);
        Ok(())
    }

    fn put(&self, core: &Core, url: Option<&str>) {
        let was_online = core.online();
        *self.url.lock().unwrap_or_else(PoisonError::into_inner) = url.map(str::to_owned);
        let online = core.online();
        if was_online != online {
            core.tell(Event::Bot { online });
        }
    }

    /// Sends bad signatures: of another key, of another body, of another time, none at all. Each must be answered with 401.
    pub(crate) async fn try_bad_signatures(&self, core: &Core, address: &Address) -> Result<(), String> {
        let body = ping(core).to_string();
        let (signature, time) = self.signature(core, body.as_bytes());
        let other = SigningKey::from_bytes(&rand::random());
        let others = hex::encode(other.sign(format!("{time}{body}").as_bytes()).to_bytes());
        let (other_body, _) = self.signature(core, b"{}");
        let later = (time.parse::<i64>().unwrap_or_default() + 1).to_string();
        let bad = [
            ("of another key", others.as_str(), time.as_str()),
            ("of another body", other_body.as_str(), time.as_str()),
            ("of another time", signature.as_str(), later.as_str()),
            ("that is none", "00", time.as_str()),
            ("that is missing", "", time.as_str()),
        ];
        for (what, signature, time) in bad {
            let answer = send(address, signature, time, body.as_bytes()).await?;
            if answer.status != 401 {
                return Err(format!("a signature {what} was answered with {} instead of 401", answer.status));
            }
        }
        Ok(())
    }

    /// Posts an interaction, and takes an answer that comes with the response.
    pub(crate) async fn deliver(&self, core: &Core, id: Id, payload: &Value) {
        let Some(url) = self.url() else { return };
        let Ok(address) = Address::of(&url) else { return };
        if self.deliveries.fetch_add(1, Ordering::Relaxed) % NOW_AND_THEN == NOW_AND_THEN - 1
            && self.try_bad_signatures(core, &address).await.is_err()
        {
            self.put(core, None);
            core.fail(
                id,
                "The application did not respond: its address was taken away, since it accepts bad signatures",
            );
            return;
        }
        match self.signed(core, &address, payload.to_string().as_bytes()).await {
            Err(_) => core.fail(id, "The application did not respond"),
            Ok(answer) if !(200..300).contains(&answer.status) => core.fail(id, "The application did not respond"),
            // 202 without a body: the answer comes through the callback (documented as an alternative).
            Ok(answer) if answer.body.is_empty() => {}
            Ok(answer) => {
                let token = payload["token"].as_str().unwrap_or_default();
                if rest::inline(core, id, token, &answer.body).is_err() {
                    core.fail(id, "The application did not respond: its answer is not a valid one");
                }
            }
        }
    }

    async fn signed(&self, core: &Core, address: &Address, body: &[u8]) -> Result<Answer, String> {
        let (signature, time) = self.signature(core, body);
        send(address, &signature, &time, body).await
    }

    /// Signature and time of a body. The time is the real one, however far the clock was put forward.
    fn signature(&self, core: &Core, body: &[u8]) -> (String, String) {
        let time = core.clock.unmoved().as_second().to_string();
        let signature = self.key.sign(&[time.as_bytes(), body].concat());
        (hex::encode(signature.to_bytes()), time)
    }
}

async fn send(address: &Address, signature: &str, time: &str, body: &[u8]) -> Result<Answer, String> {
    let mut headers = vec![("x-signature-timestamp", time)];
    if !signature.is_empty() {
        headers.push(("x-signature-ed25519", signature));
    }
    match tokio::time::timeout(PATIENCE, post(address, &headers, body)).await {
        Ok(answer) => answer.map_err(|error| format!("the address cannot be reached: {error}")),
        Err(_) => Err("the address did not answer within 3 s".to_owned()),
    }
}

fn ping(core: &Core) -> Value {
    let application = core.world().seed.application.to_string();
    json!({
        "id": core.clock.id().to_string(), "application_id": application, "type": 1, "token": "ping", "version": 1,
        "entitlements": [], "authorizing_integration_owners": {},
    })
}
