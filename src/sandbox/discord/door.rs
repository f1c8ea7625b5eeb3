//! The bot's HTTP door, seen from Discord: its address, tried before it is taken; interactions posted to it, signed.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::core::Core;
use super::seed::Id;

/// The bot's Interactions Endpoint URL, and the key that signs what is posted to it.
pub(crate) struct Door {
    url: Mutex<Option<String>>,
}

impl Default for Door {
    fn default() -> Self {
        Self { url: Mutex::new(None) }
    }
}

impl Door {
    pub(crate) fn url(&self) -> Option<String> {
        self.url.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn public_key(&self) -> String {
        String::new()
    }

    pub(crate) async fn deliver(&self, _core: &Core, _id: Id, _payload: &Value) {}
}
