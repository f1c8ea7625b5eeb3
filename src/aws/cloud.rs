//! AWS as the engine sees it: one match from a spec to its kind.

use std::sync::Arc;

use async_trait::async_trait;
use aws_types::SdkConfig;

use super::checkpoints;
use super::ecr_repository::EcrRepository;
use super::examine::examine;
use super::hand::Hand;
use super::s3_bucket::S3Bucket;
use super::secret_copy::SecretCopy;
use super::session::Sessions;
use super::source_credential::SourceCredential;
use super::ssm_parameter::SsmParameter;
use super::zone_association::ZoneAssociation;
use crate::config::Config;
use crate::engine::limit::Gates;
use crate::engine::witness::Witness;
use crate::engine::{Ask, Cloud, CloudError, Resource};
use crate::model::RoleKind;
use crate::model::Spec;
use crate::model::audit::Checkpoint;
use crate::model::finding::Finding;

/// The AWS accounts of the config.
#[derive(Debug, Clone)]
pub struct Aws {
    sessions: Sessions,
}

impl Aws {
    /// `base` is what aws-config loaded, with the one HTTP client that all share; see [`Sessions::new`]. `witness`: who is
    /// told of every privileged call before it is made.
    pub fn new(config: Arc<Config>, base: SdkConfig, gates: Gates, witness: Arc<dyn Witness>) -> Self {
        Self { sessions: Sessions::new(config, base, gates, witness) }
    }

    /// The resource that `ask` means, and the sessions that a step of it will need.
    fn made(&self, ask: Ask) -> (Arc<dyn Resource>, Vec<Hand>) {
        let sessions = &self.sessions;
        macro_rules! kind {
            ($kind:ty, $spec:expr) => {{
                let it = <$kind>::new(sessions, ask, $spec);
                let hands = it.hands();
                (Arc::new(it), hands)
            }};
        }
        match ask.spec.clone() {
            Spec::EcrRepository(spec) => kind!(EcrRepository, spec),
            Spec::S3Bucket(spec) => kind!(S3Bucket, spec),
            Spec::SecretCopy(spec) => kind!(SecretCopy, spec),
            Spec::SourceCredential(spec) => kind!(SourceCredential, spec),
            Spec::SsmParameter(spec) => kind!(SsmParameter, spec),
            Spec::ZoneAssociation(spec) => kind!(ZoneAssociation, spec),
        }
    }
}

#[async_trait]
impl Cloud for Aws {
    fn resource(&self, ask: Ask) -> Arc<dyn Resource> {
        self.made(ask).0
    }

    /// Opens readers for whatever is asked, and the other roles only for a step that was planned.
    fn expect(&self, asks: &[Ask]) {
        for ask in asks {
            let is_step = ask.behalf.digest.is_some();
            let hands = self.made(ask.clone()).1;
            hands.iter().filter(|hand| is_step || hand.kind == RoleKind::Reader).for_each(Hand::warm);
        }
    }

    async fn caller(&self) -> Result<String, CloudError> {
        self.sessions.hub().caller().await
    }

    async fn lock_away(&self, checkpoint: &Checkpoint) -> Result<String, CloudError> {
        checkpoints::lock_away(&self.sessions, checkpoint).await
    }

    async fn examine(&self) -> Vec<Finding> {
        examine(&self.sessions).await
    }
}
