//! THE USE CASES: what people can ask of Genkan, one file each. Every face calls these, and policy is asked inside them.
//!
//! [`Desk`] is the one way in. [`plan`] makes a plan, [`submit`] turns it into a request, [`carry_out`] does it; [`approve`],
//! [`reject`], [`withdraw`](mod@withdraw), [`cancel`] and [`retry`] are what people do about a request; [`show`] and [`status`] are
//! what they see; [`audit`] is what an outsider holds it against, and [`story`] what it tells.

pub mod approve;
pub mod audit;
pub mod cancel;
pub mod carry_out;
pub mod counting;
pub mod explain;
mod grounds;
pub mod heard;
pub mod judge;
pub mod look;
pub mod outside;
pub mod plan;
pub mod posted;
pub mod reject;
pub mod retry;
pub mod see_through;
pub mod show;
pub mod status;
pub mod story;
pub mod submit;
pub mod waiting;
pub mod who;
pub mod why;
pub mod withdraw;
pub mod work;

use std::sync::Arc;

use tokio::sync::OnceCell;

use crate::config::Config;
use crate::engine::{Clock, Cloud, CloudError, Engine, Journal};
use crate::model::Plan;
use crate::model::finding::Finding;
use crate::policy::Policy;
use crate::store::Store;
use crate::store::audit::Key;
pub use crate::store::{Changed, Changes};
pub use why::Why;

/// The one way in: everything that the use cases need.
#[derive(Clone)]
pub struct Desk {
    config: Arc<Config>,
    policy: Arc<Policy>,
    store: Store,
    journal: Arc<dyn Journal>,
    cloud: Arc<dyn Cloud>,
    engine: Arc<Engine>,
    clock: Clock,
    names_are_trusted: bool,
    holder: String,
    audit_key: Arc<OnceCell<Arc<Key>>>,
    roll: Option<Arc<dyn counting::Roll>>,
}

/// What a desk is made of.
pub struct DeskParts {
    /// What the operator decided.
    pub config: Arc<Config>,
    /// Who may do what.
    pub policy: Arc<Policy>,
    /// The memory.
    pub store: Store,
    /// Where runs are written: the memory's own journal, or one that passes everything on to it.
    pub journal: Arc<dyn Journal>,
    /// The outside world.
    pub cloud: Arc<dyn Cloud>,
    /// The wall clock.
    pub clock: Clock,
    /// Whether somebody may say who they are without proof (`--as`): only against a local AWS.
    pub names_are_trusted: bool,
    /// Who holds this process's leases, for messages: host and process.
    pub holder: String,
}

/// Why a use case did not do what was asked: of what sort it is, and the [`Why`] that says what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The words of the question are off: an unknown environment, a name against the rule …
    #[error("{0}")]
    Invalid(Why),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(Why),
    /// This person may not do that.
    #[error("{0}")]
    Refused(Why),
    /// The plan has steps that stand in its way; nothing was begun.
    #[error("the plan is blocked at {}", blocked_steps(.0))]
    Blocked(Box<Plan>),
    /// Another request has this project and environment, or what is shared with it: which, and what to do.
    #[error("{0}")]
    Busy(Why),
    /// It is not possible as the request stands.
    #[error("{0}")]
    NotNow(Why),
    /// AWS refused.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(String),
}

fn blocked_steps(plan: &Plan) -> String {
    plan.blocked().map(|step| step.desired.id.to_string()).collect::<Vec<_>>().join(", ")
}

impl DeskError {
    /// The typed reason, where there is one.
    pub const fn why(&self) -> Option<&Why> {
        match self {
            Self::Invalid(why) | Self::NotFound(why) | Self::Refused(why) | Self::Busy(why) | Self::NotNow(why) => {
                Some(why)
            }
            Self::Blocked(_) | Self::Cloud(_) | Self::Store(_) => None,
        }
    }
}

impl Desk {
    /// A desk over these parts.
    pub fn new(parts: DeskParts) -> Self {
        let DeskParts { config, policy, store, journal, cloud, clock, names_are_trusted, holder } = parts;
        store.keep_time_by(Arc::clone(&clock));
        let engine = Arc::new(Engine { cloud: Arc::clone(&cloud), clock: Arc::clone(&clock) });
        Self {
            config,
            policy,
            store,
            journal,
            cloud,
            engine,
            clock,
            names_are_trusted,
            holder,
            audit_key: Arc::default(),
            roll: None,
        }
    }

    /// What the operator decided.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Ticks with each request that something was written about in this process. Subscribe, then look, then wait.
    pub fn changes(&self) -> Changes {
        self.store.subscribe()
    }

    /// Looks at everything that the tool needs: the store's file, identities, roles, zones, the secret; and at the audit log.
    pub async fn doctor(&self) -> Vec<Finding> {
        let (cloud, log, outside) =
            futures::future::join3(self.cloud.examine(), self.examine_log(), self.examine_outside()).await;
        self.store.examine().into_iter().chain(cloud).chain(log).chain(outside).collect()
    }
}
