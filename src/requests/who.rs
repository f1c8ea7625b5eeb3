//! Who is asking: an AWS caller that the config knows, or, against a local AWS, whom somebody says they are.

use super::{Desk, DeskError};
use crate::model::{Person, Snowflake};

impl Desk {
    /// The person who asks in Discord, with the roles that Discord says they have now.
    ///
    /// # Errors
    /// [`DeskError::Refused`] where the config does not know them.
    pub fn member(&self, user: &Snowflake, roles: &[Snowflake]) -> Result<Person, DeskError> {
        self.config.person_by_discord(user, roles).ok_or_else(|| {
            DeskError::Refused(format!(
                "the config knows nobody with the Discord id {user}; add `discord = \"{user}\"` to somebody in [[people]]"
            ))
        })
    }

    /// The person who asks at the terminal. `says` is what they said with `--as`, which counts only against a local AWS.
    ///
    /// # Errors
    /// [`DeskError::Refused`] where the config does not know them; [`DeskError::Cloud`] without valid credentials.
    pub async fn who(&self, says: Option<&str>) -> Result<Person, DeskError> {
        if let Some(name) = says {
            if !self.names_are_trusted {
                return Err(DeskError::Refused(
                    "`--as` is for the sandbox: against AWS you are who sts:GetCallerIdentity says".to_owned(),
                ));
            }
            return self.config.person_by_name(name).ok_or_else(|| {
                let known: Vec<&str> = self.config.people.iter().map(|person| person.name.as_str()).collect();
                DeskError::Refused(format!("nobody is called `{name}`; the config knows {}", known.join(", ")))
            });
        }
        let arn = self.cloud.caller().await?;
        self.config.person_by_arn(&arn).ok_or_else(|| {
            DeskError::Refused(format!(
                "the config knows nobody as {arn}; add it to `aws` of somebody in [[people]]{}",
                if self.names_are_trusted { ", or say who you are with --as NAME" } else { "" }
            ))
        })
    }
}
