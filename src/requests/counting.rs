//! Whose approvals count now: given for what is asked, in time, not taken back, by people who may approve at this very moment.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use super::{Desk, DeskError};
use crate::config::{BY_DISCORD, BY_NAME};
use crate::model::question::{Counted, May, Void, answers, counted};
use crate::model::{Approval, Digest, Person, Question, Request, Snowflake, Step};
use crate::policy::{Approving, Deed};

/// Where it can be asked which roles somebody has in chat now.
#[async_trait]
pub trait Roll: Send + Sync {
    /// The roles that this user has now: none for who is no member any more.
    ///
    /// # Errors
    /// Why it could not be asked, in words that people see. Then nobody counts by such a role.
    async fn roles(&self, user: &Snowflake) -> Result<Vec<Snowflake>, String>;
}

/// The approvals of a step, as they are to be counted.
pub(super) enum Count {
    /// It was not asked for, or it was asked for something else since.
    NotAsked,
    /// It was asked, and can be answered no more.
    Void(Void),
    /// These count, those do not.
    Of(Counted),
}

impl Desk {
    /// Counts the approvals of a step that has this digest now.
    pub(super) async fn count(&self, request: &Request, step: &Step, digest: &Digest) -> Result<Count, DeskError> {
        // The time is written down before it is looked at what there is: what has expired once stays so.
        let now = self.store.moment().await?.now;
        let asked = self.store.questions(&request.id).await?;
        let latest = asked.into_iter().rev().find(|asked| asked.sealed.step().desired.id == step.desired.id);
        let Some(question) = latest.filter(|asked| asked.sealed.digest() == digest) else { return Ok(Count::NotAsked) };
        if let Err(void) = question.stands(now) {
            return Ok(Count::Void(void));
        }
        let approvals = self.store.approvals(&request.id).await?;
        let may = self.who_may(request, &question, &approvals).await;
        let may = |person: &Person| may.get(&person.name).copied().unwrap_or(May::Unknown);
        Ok(match counted(&question, &approvals, now, &request.by.name, may) {
            Ok(counted) => Count::Of(counted),
            Err(void) => Count::Void(void),
        })
    }

    /// Of each who answered: whether they may approve this now.
    async fn who_may(&self, request: &Request, question: &Question, approvals: &[Approval]) -> BTreeMap<String, May> {
        let given: Vec<&Person> = approvals
            .iter()
            .filter(|approval| answers(approval, question, &request.by.name))
            .map(|approval| &approval.by)
            .collect();
        let number = u32::try_from(given.len()).unwrap_or(u32::MAX);
        let digest = question.sealed.digest();
        let mut may = BTreeMap::new();
        for by in given {
            let so = match self.as_they_are_now(by).await {
                Ok(Some(person)) => {
                    let (step, plan) = (question.sealed.step(), &request.plan);
                    let deed = Deed::Approve(Approving::step(&request.by, step, digest, digest, number));
                    let verdict = self.verdict(&person, deed, &plan.environment, Some(&plan.project));
                    if verdict.allowed { May::Yes } else { May::No }
                }
                Ok(None) => May::No,
                Err(why) => {
                    tracing::warn!(request = %request.id, person = by.name, why, "an approval does not count yet");
                    May::Unknown
                }
            };
            may.insert(by.name.clone(), so);
        }
        may
    }

    /// A person with the groups that they have at this moment: those of the config, and, where they were recognised in chat, those
    /// that their roles there give them. None: nobody knows them any more, or they are not known by what they said it with: another
    /// account or principal is theirs now, or it was `--as`, and this is no local AWS.
    async fn as_they_are_now(&self, person: &Person) -> Result<Option<Person>, String> {
        let known = self.config.people.iter().find(|known| known.name == person.name);
        let Some(known) = known else { return Ok(None) };
        let Some(account) = person.via.strip_prefix(BY_DISCORD) else {
            let is_theirs = match person.via.as_str() {
                BY_NAME => self.names_are_trusted,
                arn => self.config.person_by_arn(arn).is_some_and(|now| now.name == known.name),
            };
            let (name, groups, via) = (known.name.clone(), known.groups.clone(), person.via.clone());
            return Ok(is_theirs.then_some(Person { name, groups, via }));
        };
        // Who has another account since has not said it with that one.
        let Some(user) = known.discord.as_ref().filter(|user| user.as_str() == account) else { return Ok(None) };
        let roll = self.roll.as_ref().ok_or("this process has no connection to Discord")?;
        Ok(self.config.person_by_discord(user, &roll.roles(user).await?))
    }

    /// The same desk, which asks there which roles people have now.
    #[must_use]
    pub fn with_roll(mut self, roll: std::sync::Arc<dyn Roll>) -> Self {
        self.roll = Some(roll);
        self
    }
}

/// Names, for a text.
pub(super) fn named(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
