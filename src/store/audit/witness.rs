//! The store as the witness of what is done with power: a call is on disk before it is made.

use async_trait::async_trait;

use super::super::Store;
use crate::engine::witness::{Intent, Outcome, Told, Unwitnessed, Witness};
use crate::model::audit::What;

#[async_trait]
impl Witness for Store {
    async fn before(&self, intent: &Intent) -> Result<Told, Unwitnessed> {
        let call = self.tell(What::Call(intent.clone())).await;
        call.map(Told).map_err(|error| Unwitnessed(error.to_string()))
    }

    async fn after(&self, told: Told, outcome: &Outcome) -> Result<(), Unwitnessed> {
        let answer = self.tell(What::Answer { call: told.0, outcome: outcome.clone() }).await;
        answer.map(drop).map_err(|error| Unwitnessed(error.to_string()))
    }
}
