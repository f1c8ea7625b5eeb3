//! The local AWS as one value: started from a seed, called by SDK clients or over a port, looked into, saved.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use awsim_core::ServiceHandler;

use super::Inventory;
use super::caller::Callers;
use super::connector::InProcess;
use super::faults::Faults;
use super::gateway::Gateway;
use super::iam::{Iam, IamHandler, admin_credentials};
use super::log::Log;
use super::seed::Seed;
use super::server::{Served, serve};
use super::services::Services;
use super::state::Saved;
use super::sts::Sts;

/// Why the local AWS could not be started, saved or served.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The seed asks for something that AWS would refuse.
    #[error("the seed of account {account}: {why}")]
    Seed {
        /// The account's id.
        account: String,
        /// AWS's words.
        why: String,
    },
    /// The state could not be written or read.
    #[error("the local AWS's state: {0}")]
    State(String),
    /// A file or a port.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Many AWS accounts in one process. Cheap to clone; clones are the same local AWS, and two started ones share nothing.
#[derive(Clone)]
pub struct LocalAws {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    region: String,
    pub(super) gateway: Arc<Gateway>,
    pub(super) callers: Arc<Callers>,
    services: Services,
}

impl fmt::Debug for LocalAws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalAws").field("region", &self.inner.region).finish_non_exhaustive()
    }
}

impl LocalAws {
    /// The file that [`LocalAws::save`] writes into its directory.
    pub const STATE_FILE: &str = super::state::FILE;

    /// Starts with what the seed says, and an administrator in every account.
    ///
    /// # Errors
    /// [`SandboxError::Seed`] where the seed holds something that AWS would refuse.
    pub async fn start(seed: Seed) -> Result<Self, SandboxError> {
        let aws = Self::empty(seed.region, seed.accounts.iter().map(|account| account.id.clone()).collect());
        for account in &seed.accounts {
            let refused = |why: String| SandboxError::Seed { account: account.id.clone(), why };
            if account.id.len() != 12 || !account.id.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(refused("an account's id has twelve digits".to_owned()));
            }
            aws.inner.callers.iam.seed(account).await.map_err(|error| refused(error.message))?;
            aws.inner.services.seed(account).await.map_err(refused)?;
        }
        Ok(aws)
    }

    fn empty(region: String, accounts: Vec<String>) -> Self {
        let services = Services::new(&accounts, &region);
        let callers = Arc::new(Callers::new(Arc::new(Iam::new(accounts))));
        let own: [Arc<dyn ServiceHandler>; 2] =
            [Arc::new(IamHandler(Arc::clone(&callers.iam))), Arc::new(Sts(Arc::clone(&callers)))];
        let gateway = Arc::new(Gateway::new(Arc::clone(&callers), own.into_iter().chain(services.handlers())));
        Self { inner: Arc::new(Inner { region, gateway, callers, services }) }
    }

    /// An HTTP client for `aws_config` and the SDK's clients: their requests end here, whatever their endpoint says.
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(InProcess(Arc::clone(&self.inner.gateway)))
    }

    /// Serves the same local AWS on a loopback port; 0 = any free one.
    ///
    /// # Errors
    /// The port cannot be had.
    pub async fn serve(&self, port: u16) -> Result<Served, SandboxError> {
        Ok(serve(Arc::clone(&self.inner.gateway), port).await?)
    }

    /// The region that the seed names.
    pub fn region(&self) -> &str {
        &self.inner.region
    }

    /// Every call so far.
    pub fn log(&self) -> &Log {
        &self.inner.gateway.log
    }

    /// What goes wrong on purpose.
    pub fn faults(&self) -> &Faults {
        &self.inner.gateway.faults
    }

    /// Lets time pass for sessions: those whose end lies within it are expired afterwards.
    pub fn pass_time(&self, by: Duration) {
        self.inner.callers.clock.advance(by);
    }

    /// Access key and secret key of an account's administrator: `AKIAADMIN` and the account's id, and a fixed secret.
    pub fn admin_credentials(account: &str) -> (String, String) {
        admin_credentials(account)
    }

    /// What is really there in every account.
    pub fn inventory(&self) -> Inventory {
        let mut inventory = self.inner.services.inventory();
        self.inner.callers.iam.add_to(&mut inventory);
        inventory
    }

    /// Writes the whole state into a directory, replacing an older one in one step. Sessions, faults and the log are not kept.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub async fn save(&self, dir: &Path) -> Result<(), SandboxError> {
        let iam = self.inner.callers.iam.snapshot().map_err(SandboxError::State)?;
        let saved = Saved::new(self.inner.region.clone(), iam, self.inner.services.snapshot());
        let dir = dir.to_owned();
        Ok(tokio::task::spawn_blocking(move || saved.write(&dir)).await.map_err(io::Error::other)??)
    }

    /// Starts with what [`LocalAws::save`] wrote; `None` where nothing was saved there.
    ///
    /// # Errors
    /// The state is there and cannot be read.
    pub async fn restore(dir: &Path) -> Result<Option<Self>, SandboxError> {
        let dir = dir.to_owned();
        let saved = tokio::task::spawn_blocking(move || Saved::read(&dir)).await.map_err(io::Error::other)??;
        let Some(saved) = saved else { return Ok(None) };
        let aws = Self::empty(saved.region, saved.iam.keys().cloned().collect());
        aws.inner.callers.iam.restore(&saved.iam).map_err(SandboxError::State)?;
        aws.inner.services.restore(&saved.services).map_err(SandboxError::State)?;
        Ok(Some(aws))
    }
}
