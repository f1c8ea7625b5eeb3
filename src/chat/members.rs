//! Which roles people have on the server now: asked right before a step begins that they approved.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;

use super::ChatError;
use super::rest::{Rest, RestError};
use crate::config::Discord;
use crate::model::Snowflake;
use crate::requests::counting::Roll;

/// How long an answer is waited for: longer, and it is asked again later.
const PATIENCE: Duration = Duration::from_secs(10);

// Discord's reference, JSON error codes.
const UNKNOWN_MEMBER: isize = 10_007;
const UNKNOWN_USER: isize = 10_013;

struct Members {
    rest: Rest,
    guild: Snowflake,
}

/// The server's members, as Discord knows them at the moment of asking.
///
/// # Errors
/// [`ChatError::Refused`] on a system without TLS.
pub fn roll(settings: &Discord, token: &SecretString) -> Result<Arc<dyn Roll>, ChatError> {
    let rest = Rest::new(settings, token).map_err(|error| ChatError::Refused { what: error.to_string() })?;
    Ok(Arc::new(Members { rest, guild: settings.guild.clone() }))
}

#[async_trait]
impl Roll for Members {
    async fn roles(&self, user: &Snowflake) -> Result<Vec<Snowflake>, String> {
        match tokio::time::timeout(PATIENCE, self.rest.roles_of(&self.guild, user)).await {
            Ok(Ok(roles)) => Ok(roles),
            // Who has left the server has no role there.
            Ok(Err(RestError::Gone(UNKNOWN_MEMBER | UNKNOWN_USER))) => Ok(vec![]),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("Discord did not answer in time".to_owned()),
        }
    }
}
