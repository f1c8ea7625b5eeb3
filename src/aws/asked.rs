//! What every kind holds: what it was asked, the sessions it works through, and what its last look found.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rand::RngExt as _;
use tokio::time::{Instant, sleep};

use super::error::Refused;
use super::hand::Hand;
use super::permission::Reach;
use super::session::Sessions;
use super::tags::{self, Belongs};
use crate::engine::{Ask, CloudError, Progress};
use crate::model::resource::amount;
use crate::model::{Contents, Observed, Outputs, Owner};

/// How old a look may be for a removal to act on it. The engine looks right before it acts; what is older is looked at again.
const FRESH: Duration = Duration::from_secs(10);

/// How long AWS is asked again for what passes by itself: a bucket's name that is being let go, one just made that is not seen yet.
const PATIENCE: Duration = Duration::from_secs(30);

/// The tags of a resource, as (key, value).
pub type Tags = Vec<(String, String)>;

/// What a kind was asked, and through which sessions.
pub struct Asked {
    /// The ask.
    pub ask: Ask,
    /// The sessions.
    pub sessions: Sessions,
    seen: Mutex<Option<(Instant, Observed)>>,
}

impl Asked {
    /// For this ask, through these sessions. Makes no call.
    pub fn new(sessions: Sessions, ask: Ask) -> Self {
        Self { ask, sessions, seen: Mutex::new(None) }
    }

    /// The reader of the ask's account. Its session is opened by its first call.
    pub fn reader(&self) -> Hand {
        self.sessions.reader(&self.ask)
    }

    /// How far permissions in the ask's place reach.
    pub fn reach(&self) -> Reach<'_> {
        self.sessions.reach(&self.ask.place)
    }

    /// The ARN of something in the ask's account and region.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        self.reach().arn(service, resource)
    }

    /// Whose something with these tags is; none if it is ours. For what is made and marked by one call: without a mark it
    /// was made by somebody else, also if we began to make it.
    pub fn stranger(&self, tags: &[(String, String)]) -> Option<Owner> {
        match tags::owner(tags.iter().map(|(key, value)| (key, value)), &self.ask) {
            Belongs::Mine => None,
            Belongs::NotMine(owner) => Some(owner),
        }
    }

    /// The same for what can be made and not be marked yet: then it is ours if the journal says that we began to make it.
    pub fn stranger_unless_begun(&self, tags: &[(String, String)]) -> Option<Owner> {
        self.stranger(tags).filter(|owner| !(self.ask.begun && *owner == Owner::Unmarked))
    }

    /// What it is called in messages: `S3 bucket project-x-dev`.
    pub fn title(&self) -> String {
        format!("{} {}", self.ask.spec.kind().title(), self.ask.spec.name())
    }

    /// Whether it may be changed as it was found, and what it told about itself then. Something that is not ours may
    /// be changed only by taking it over.
    ///
    /// # Errors
    /// Blocked if not; passing if it has gone, so that it is looked at again.
    pub fn may_change(&self, found: Observed, adopt: bool) -> Result<Outputs, CloudError> {
        match found {
            Observed::Ours { outputs, .. } => Ok(outputs),
            Observed::Foreign { outputs, owner: Owner::Unmarked | Owner::Project { .. }, .. } if adopt => Ok(outputs),
            Observed::Foreign { owner, .. } => Err(self.not_ours(&owner)),
            Observed::Absent | Observed::Leaving { .. } => {
                Err(CloudError::Passing { why: format!("{} has gone meanwhile", self.title()), after: None })
            }
        }
    }

    /// Whether it may be removed as it was found, and what it holds; none if it is gone already.
    ///
    /// # Errors
    /// Blocked if it is not ours.
    pub fn may_remove(&self, found: Observed) -> Result<Option<(Outputs, Contents)>, CloudError> {
        match found {
            Observed::Absent | Observed::Leaving { .. } => Ok(None),
            Observed::Ours { outputs, contents, .. } => Ok(Some((outputs, contents))),
            Observed::Foreign { owner, .. } => Err(self.not_ours(&owner)),
        }
    }

    /// It is somebody else's.
    pub fn not_ours(&self, owner: &Owner) -> CloudError {
        blocked(
            format!("{} is {owner}", self.title()),
            "it is left as it is; plan again to see what can be done (--adopt takes over what was made by hand)",
        )
    }

    /// It holds data that nobody asked to destroy.
    pub fn holds_data(&self, contents: &Contents) -> CloudError {
        let counts: Vec<String> = contents.iter().map(|(what, count)| amount(what, *count)).collect();
        let counts = if counts.is_empty() { "data".to_owned() } else { counts.join(", ") };
        blocked(
            format!("{} holds {counts}", self.title()),
            "empty it, or ask for the teardown with --delete-data, which destroys what it holds",
        )
    }

    /// Keeps what a look found, for a removal that follows at once.
    pub fn saw(&self, found: Observed) -> Observed {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), found.clone()));
        found
    }

    /// What the last look found, if that was a few seconds ago; else what `look` finds now. It is used up: a second
    /// removal looks for itself.
    ///
    /// # Errors
    /// When the look failed.
    pub async fn seen_or(
        &self,
        look: impl Future<Output = Result<Observed, CloudError>>,
    ) -> Result<Observed, CloudError> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        match seen {
            Some((at, found)) if at.elapsed() < FRESH => Ok(found),
            _ => look.await,
        }
    }
}

/// Whether a call that makes something may have made it although it failed: AWS said that it is there already,
/// or the answer was lost, or the service failed in the middle. Only a look can tell.
pub fn may_be_there(refused: &Refused, exists: &str) -> bool {
    refused.is(exists) || matches!(refused.error, CloudError::Passing { .. })
}

/// Gone, or gone already.
pub fn gone() -> Progress {
    Progress::Done(Outputs::new())
}

/// What this tool does not do by itself.
pub fn blocked(why: impl Into<String>, mend: impl Into<String>) -> CloudError {
    CloudError::Blocked { why: why.into(), mend: mend.into() }
}

/// What will fail again the same way.
pub fn wrong(why: impl Into<String>) -> CloudError {
    CloudError::Wrong { why: why.into() }
}

/// Makes a call again while AWS answers with one of `codes`, for at most half a minute, with growing pauses.
///
/// # Errors
/// The last refusal.
pub async fn patiently<T, F>(codes: &[&str], mut call: impl FnMut() -> F) -> Result<T, Refused>
where
    F: Future<Output = Result<T, Refused>>,
{
    let started = Instant::now();
    let mut pause = Duration::from_millis(100);
    loop {
        match call().await {
            Err(refused) if refused.is_any(codes) && started.elapsed() + pause < PATIENCE => {
                let jitter: f64 = rand::rng().random_range(0.5..1.0);
                sleep(pause.mul_f64(jitter)).await;
                pause = (pause * 2).min(Duration::from_secs(5));
            }
            answer => return answer,
        }
    }
}
