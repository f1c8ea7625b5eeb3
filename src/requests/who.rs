//! Who is asking: an AWS caller that the config knows, or, against a local AWS, whom somebody says they are.

use super::{Desk, DeskError, Why};
use crate::model::{Person, Snowflake};

impl Desk {
    /// The person who asks in Discord, with the roles that Discord says they have now.
    ///
    /// # Errors
    /// [`DeskError::Refused`] where the config does not know them.
    pub fn member(&self, user: &Snowflake, roles: &[Snowflake]) -> Result<Person, DeskError> {
        self.config
            .person_by_discord(user, roles)
            .ok_or_else(|| DeskError::Refused(Why::UnknownMember { user: user.clone() }))
    }

    /// The person who asks at the terminal. `says` is what they said with `--as`, which counts only against a local AWS.
    ///
    /// # Errors
    /// [`DeskError::Refused`] where the config does not know them; [`DeskError::Cloud`] without valid credentials.
    pub async fn who(&self, says: Option<&str>) -> Result<Person, DeskError> {
        if let Some(name) = says {
            if !self.names_are_trusted {
                return Err(DeskError::Refused(
                    "`--as` is for the sandbox: against AWS you are who sts:GetCallerIdentity says".into(),
                ));
            }
            return self.config.person_by_name(name).ok_or_else(|| {
                let known = self.config.people.iter().map(|person| person.name.clone()).collect();
                DeskError::Refused(Why::UnknownName { name: name.to_owned(), known })
            });
        }
        let arn = self.cloud.caller().await?;
        let known = self.config.person_by_arn(&arn);
        known.ok_or(DeskError::Refused(Why::UnknownCaller { arn, local: self.names_are_trusted }))
    }
}
