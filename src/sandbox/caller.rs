//! Who is calling: long-lived keys and assumed sessions of every account, resolved to a principal with its policies.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use awsim_core::ResolvedPrincipal;
use awsim_iam_policy::PolicyDocument;
use rand::RngExt;

use super::iam::Iam;

/// The local AWS's clock: the machine's, moved forward by what a test or a demo let pass.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    ahead_millis: AtomicU64,
}

impl Clock {
    pub(crate) fn now(&self) -> SystemTime {
        SystemTime::now() + Duration::from_millis(self.ahead_millis.load(Ordering::Relaxed))
    }

    pub(crate) fn advance(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.ahead_millis.fetch_add(millis, Ordering::Relaxed);
    }
}

/// What one AssumeRole gave. The secret parts are not shown: the type has no Debug form.
pub(crate) struct Session {
    pub access_key: String,
    pub secret_key: String,
    pub token: String,
    pub role_arn: String,
    /// The role's unique id and the session's name, `AROA…:name`.
    pub user_id: String,
    /// `arn:aws:sts::ACCOUNT:assumed-role/ROLE/NAME`, without the role's path.
    pub arn: String,
    pub account: String,
    pub name: String,
    pub tags: BTreeMap<String, String>,
    pub transitive: BTreeSet<String>,
    pub source_identity: Option<String>,
    /// The session policies as one document; `None` = the role's whole permissions.
    pub policy: Option<PolicyDocument>,
    pub expires: SystemTime,
}

/// A known caller, with what it may do.
pub(crate) struct Caller {
    pub account: String,
    /// As CloudTrail would write it: the user's ARN or the session's.
    pub arn: String,
    /// `aws:userid`.
    pub user_id: String,
    /// The user, or the role behind the session, as it is now.
    pub principal: ResolvedPrincipal,
    /// Absent for a user's own key.
    pub session: Option<Arc<Session>>,
    /// What signs this caller's requests.
    pub secret_key: String,
}

impl Caller {
    /// The source identity that was set when the session (or one before it) began.
    pub(crate) fn source_identity(&self) -> Option<&str> {
        self.session.as_ref()?.source_identity.as_deref()
    }

    /// The principal's tags; a session's tag hides the role's of the same key.
    pub(crate) fn tags(&self) -> BTreeMap<&str, &str> {
        let own = self.principal.tags.iter().map(|(k, v)| (k.as_str(), v.as_str()));
        let of_session = self.session.iter().flat_map(|s| s.tags.iter().map(|(k, v)| (k.as_str(), v.as_str())));
        own.chain(of_session).collect()
    }
}

/// Why a key is not a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotKnown {
    /// No such key, an inactive one, or a session's key without its token.
    Key,
    /// The session has ended.
    Expired,
}

/// All principals of all accounts.
pub(crate) struct Callers {
    pub iam: Arc<Iam>,
    pub clock: Clock,
    sessions: Mutex<HashMap<String, Arc<Session>>>,
}

impl Callers {
    pub(crate) fn new(iam: Arc<Iam>) -> Self {
        Self { iam, clock: Clock::default(), sessions: Mutex::default() }
    }

    /// Resolves an access key and the session token that came with it.
    pub(crate) fn resolve(&self, access_key: &str, token: Option<&str>) -> Result<Caller, NotKnown> {
        match self.session(access_key) {
            Some(session) if Some(session.token.as_str()) != token => Err(NotKnown::Key),
            Some(session) if session.expires <= self.clock.now() => Err(NotKnown::Expired),
            Some(session) => Ok(self.of_session(session)),
            None if token.is_some() => Err(NotKnown::Key),
            None => self.iam.user_with_key(access_key).ok_or(NotKnown::Key),
        }
    }

    /// The caller of a request that [`Callers::resolve`] has let in.
    pub(crate) fn known(&self, access_key: &str) -> Result<Caller, NotKnown> {
        let token = self.session(access_key).map(|session| session.token.clone());
        self.resolve(access_key, token.as_deref())
    }

    /// Keeps a new session, and forgets those that ended more than a day ago (until then they are answered as expired).
    pub(crate) fn keep(&self, session: Session) {
        let long_ago = self.clock.now() - Duration::from_hours(24);
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, known| known.expires > long_ago);
        sessions.insert(session.access_key.clone(), Arc::new(session));
    }

    fn session(&self, access_key: &str) -> Option<Arc<Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).get(access_key).cloned()
    }

    /// A session whose role is gone is still a caller, with no permissions.
    fn of_session(&self, session: Arc<Session>) -> Caller {
        let mut principal = self.iam.principal(&session.role_arn).unwrap_or_else(|| ResolvedPrincipal {
            arn: session.role_arn.clone(),
            account: session.account.clone(),
            identity_policies: Vec::new(),
            permissions_boundary: None,
            is_root: false,
            tags: HashMap::new(),
            session_policy: None,
        });
        principal.session_policy.clone_from(&session.policy);
        Caller {
            account: session.account.clone(),
            arn: session.arn.clone(),
            user_id: session.user_id.clone(),
            principal,
            secret_key: session.secret_key.clone(),
            session: Some(session),
        }
    }
}

/// A made-up credential part: a prefix and letters of AWS's alphabet for ids.
pub(crate) fn random_id(prefix: &str, length: usize) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut rng = rand::rng();
    let letters = (0..length).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())]));
    prefix.chars().chain(letters).collect()
}
