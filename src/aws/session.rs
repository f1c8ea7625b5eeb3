//! Sessions: which role is assumed for what, under which name, limits and tags; each opened once and kept while it is valid.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use tokio::time::Instant;

use super::assume::Assume;
use super::error::NoSession;
use super::hand::Hand;
use super::hub::Hub;
use super::identity;
use super::looks::looks_at;
use super::permission::{Reach, Statement, for_direction};
use super::watched::Watch;
use super::zone_calls::Looked;
use crate::config::{Account, Config, Role};
use crate::engine::cloud::Behalf;
use crate::engine::limit::Gates;
use crate::engine::witness::Witness;
use crate::engine::{Ask, CloudError};
use crate::model::resource::ZoneAssociation;
use crate::model::{AccountId, HostedZoneId, Place, Region, RoleKind, VpcId};

/// How long a connection may take to be made: the SDK's own figure.
const CONNECT: Duration = Duration::from_millis(3100);
/// How long one attempt of a call may take.
const ATTEMPT: Duration = Duration::from_secs(10);
/// How long a call with its repeats may take: less than `Lease::CALL_TIMEOUT`.
const CALL: Duration = Duration::from_secs(30);
/// How often a call is tried in all, by the SDK's standard mode; nothing in this room repeats it on top.
const ATTEMPTS: u32 = 3;
/// The most that is waited before the second attempt; twice that before the third.
const BACKOFF: Duration = Duration::from_millis(200);
/// How long before it expires a session is not used any more: longer than a call with its repeats.
const MARGIN: Duration = Duration::from_mins(1);

/// All sessions of the process. Cheap to clone: clones share their sessions.
#[derive(Clone)]
pub struct Sessions {
    inner: Arc<Inner>,
}

struct Inner {
    config: Arc<Config>,
    base: SdkConfig,
    gates: Gates,
    witness: Arc<dyn Witness>,
    hub: Arc<Hub>,
    hands: Mutex<HashMap<(RoleKind, Assume, Region), Hand>>,
    turns: Mutex<HashMap<HostedZoneId, Arc<tokio::sync::Mutex<()>>>>,
    looks: Mutex<HashMap<(HostedZoneId, Option<VpcId>), LastLook>>,
}

/// What was last seen of an association.
type LastLook = Arc<Mutex<Option<Looked>>>;

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}

impl Sessions {
    /// No sessions yet. `base` is what aws-config loaded: the process's own identity, endpoints, and the one HTTP
    /// client that all share. Its retries and timeouts are replaced by this tool's. `witness` is told of every privileged call.
    pub fn new(config: Arc<Config>, base: SdkConfig, gates: Gates, witness: Arc<dyn Witness>) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(CALL)
            .build();
        let region = base.region().cloned().unwrap_or_else(|| sdk_region(&config.platform.region));
        let base = identity::held(base)
            .into_builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(BACKOFF))
            .timeout_config(timeouts)
            .region(region)
            .build();
        let hub = Arc::new(Hub::new(&config, &base, gates.clone()));
        Self {
            inner: Arc::new(Inner {
                config,
                base,
                gates,
                witness,
                hub,
                hands: Mutex::default(),
                turns: Mutex::default(),
                looks: Mutex::default(),
            }),
        }
    }

    /// What the operator configured.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// The process's own identity.
    pub(super) fn hub(&self) -> &Hub {
        &self.inner.hub
    }

    /// The reader of the asked resource's account.
    pub fn reader(&self, ask: &Ask) -> Hand {
        self.reader_at(&ask.place, ask)
    }

    /// The reader of that account, allowed what is looked at there on the ask's behalf, and no more.
    pub fn reader_at(&self, place: &Place, ask: &Ask) -> Hand {
        let statements = looks_at(&self.reach(place), ask);
        self.hand(&place.account, &place.region, RoleKind::Reader, &ask.behalf, &statements)
    }

    /// The writer of the asked resource's account, for this step, allowed these statements and no more.
    pub fn writer(&self, ask: &Ask, statements: &[Statement]) -> Hand {
        self.doer(&ask.place, RoleKind::Writer, ask, statements)
    }

    /// A role of that account that changes something, for this step: of these statements what it takes.
    pub fn doer(&self, place: &Place, role: RoleKind, ask: &Ask, statements: &[Statement]) -> Hand {
        let statements = for_direction(statements, ask.removing);
        self.hand(&place.account, &place.region, role, &ask.behalf, &statements)
    }

    /// Where the secret's source is: the account that the config names, in its region.
    pub fn secret_place(&self) -> Option<Place> {
        let (_, account) = self.config().secret_account()?;
        Some(Place { account: account.id.clone(), region: self.config().region_of(account).clone() })
    }

    /// Whoever holds it may change that zone's authorisations; the process's others wait.
    pub(super) fn turn_of(&self, zone: &HostedZoneId) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.inner.turns.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(zone.clone()).or_default())
    }

    /// What the process last saw of that association, if it looked.
    pub(super) fn looked_at(&self, spec: &ZoneAssociation) -> LastLook {
        let mut looks = self.inner.looks.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(looks.entry((spec.zone_id.clone(), spec.vpc_id.clone())).or_default())
    }

    /// How far permissions in that place reach.
    pub fn reach<'a>(&'a self, place: &'a Place) -> Reach<'a> {
        Reach { place, config: self.config() }
    }

    /// A session in that account and region under that role, not opened yet: the first call opens it. The same one is
    /// handed out while account, role, behalf and statements are the same. `statements` become the session policy. Of a
    /// reader without any it is all that readers are for; of another role without any, or on nobody's step, next to nothing.
    pub fn hand(
        &self,
        account: &AccountId,
        region: &Region,
        role: RoleKind,
        behalf: &Behalf,
        statements: &[Statement],
    ) -> Hand {
        let configured = self.config().account_by_id(account);
        let assume = Assume::new(self.config(), account, configured, region, role, behalf, statements);
        // The session is shared; what is written of each call is who it is made for now.
        let watch = Watch::over(&self.inner.witness, behalf, account, role, &assume.role);
        let mut hands = self.inner.hands.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (role, assume, region.clone());
        if let Some(hand) = hands.get(&key) {
            return hand.watched(watch);
        }
        hands.retain(|_, hand| hand.is_in_use());
        let session = Arc::new(Session::new(key.1.clone(), Arc::clone(&self.inner.hub), watch.clone()));
        let sdk = self
            .inner
            .base
            .to_builder()
            .region(sdk_region(region))
            .credentials_provider(SharedCredentialsProvider::new(Provider(Arc::clone(&session))))
            // The session is the cache; the SDK's own holds 64 identities and then drops any of them.
            .identity_cache(IdentityCache::no_cache())
            .build();
        let gates = self.inner.gates.clone();
        let hand = Hand::new(account.clone(), region.clone(), (role, key.1.role.clone()), sdk, session, gates);
        hands.insert(key, hand.clone());
        hand.watched(watch)
    }
}

/// The role of that kind in an account.
pub(super) fn role_of<'a>(config: &'a Config, account: &'a Account, kind: RoleKind) -> &'a Role {
    match kind {
        RoleKind::Reader => &account.reader,
        RoleKind::Writer => &account.writer,
        RoleKind::Authoriser => &account.authoriser,
        RoleKind::SecretReader => &config.secret.reader,
        RoleKind::Auditor => config.audit.bucket.as_ref().map_or(&account.reader, |bucket| &bucket.role),
    }
}

fn sdk_region(region: &Region) -> aws_types::region::Region {
    aws_types::region::Region::new(region.as_str().to_owned())
}

/// One session: opened by whoever needs it first while the others wait, opened again shortly before it expires.
pub(super) struct Session {
    assume: Assume,
    hub: Arc<Hub>,
    watch: Option<Watch>,
    state: tokio::sync::Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    failed: Option<(Instant, CloudError)>,
}

struct Held {
    credentials: Credentials,
    good_until: Instant,
}

impl Session {
    fn new(assume: Assume, hub: Arc<Hub>, watch: Option<Watch>) -> Self {
        Self { assume, hub, watch, state: tokio::sync::Mutex::default() }
    }

    /// Credentials that last for at least one more call.
    pub(super) async fn credentials(&self) -> Result<Credentials, CloudError> {
        let asked = Instant::now();
        let mut state = self.state.lock().await;
        if let Some(held) = state.held.as_ref().filter(|held| Instant::now() < held.good_until) {
            return Ok(held.credentials.clone());
        }
        // Whoever waited for a try that failed meanwhile gets that answer; whoever comes later tries again.
        if let Some((_, error)) = state.failed.as_ref().filter(|(at, _)| asked < *at) {
            return Err(error.clone());
        }
        let begun = Instant::now();
        match self.hub.assume(&self.assume, self.watch.as_ref()).await {
            Ok(credentials) => {
                let good_until = begun + self.assume.lasts.saturating_sub(MARGIN);
                *state = State { held: Some(Held { credentials: credentials.clone(), good_until }), failed: None };
                Ok(credentials)
            }
            Err(error) => {
                *state = State { held: None, failed: Some((Instant::now(), error.clone())) };
                Err(error)
            }
        }
    }

    /// Drops the credentials: AWS said that they have expired.
    pub(super) async fn forget(&self) {
        self.state.lock().await.held = None;
    }

    /// Whether it is open, or being opened.
    pub(super) fn is_fresh(&self) -> bool {
        self.state
            .try_lock()
            .map_or(true, |state| state.held.as_ref().is_some_and(|held| Instant::now() < held.good_until))
    }
}

/// A session as the SDK asks for credentials.
struct Provider(Arc<Session>);

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Provider({})", self.0.assume.role)
    }
}

impl ProvideCredentials for Provider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.0.credentials().await.map_err(|error| CredentialsError::provider_error(NoSession(error)))
        })
    }
}
