//! AWS as the engine sees it: one match from a spec to its kind.

use std::sync::Arc;

use async_trait::async_trait;
use aws_types::SdkConfig;

use super::ecr_repository::EcrRepository;
use super::examine::examine;
use super::hand::{Hand, RoleKind};
use super::s3_bucket::S3Bucket;
use super::secret_copy::SecretCopy;
use super::session::Sessions;
use super::source_credential::SourceCredential;
use super::ssm_parameter::SsmParameter;
use super::zone_association::ZoneAssociation;
use crate::config::Config;
use crate::engine::limit::Gates;
use crate::engine::{Ask, Cloud, CloudError, Resource};
use crate::model::Spec;
use crate::model::finding::Finding;

/// The AWS accounts of the config.
#[derive(Debug, Clone)]
pub struct Aws {
    sessions: Sessions,
}

impl Aws {
    /// `base` is what aws-config loaded, with the one HTTP client that all share; see [`Sessions::new`].
    pub fn new(config: Arc<Config>, base: SdkConfig, gates: Gates) -> Self {
        Self { sessions: Sessions::new(config, base, gates) }
    }

    /// The resource that `ask` means, and the sessions that a step of it will need.
    fn made(&self, ask: Ask) -> (Arc<dyn Resource>, Vec<Hand>) {
        /// A kind behind the trait, and the hands that it names.
        macro_rules! known {
            ($kind:expr) => {{
                let it = $kind;
                let hands = it.hands();
                (Arc::new(it), hands)
            }};
        }
        let sessions = &self.sessions;
        match ask.spec.clone() {
            Spec::EcrRepository(spec) => known!(EcrRepository::new(sessions, ask, spec)),
            Spec::S3Bucket(spec) => known!(S3Bucket::new(sessions, ask, spec)),
            Spec::SecretCopy(spec) => known!(SecretCopy::new(sessions, ask, spec)),
            Spec::SourceCredential(spec) => known!(SourceCredential::new(sessions, ask, spec)),
            Spec::SsmParameter(spec) => known!(SsmParameter::new(sessions, ask, spec)),
            Spec::ZoneAssociation(spec) => known!(ZoneAssociation::new(sessions, ask, spec)),
        }
    }
}

#[async_trait]
impl Cloud for Aws {
    fn resource(&self, ask: Ask) -> Arc<dyn Resource> {
        self.made(ask).0
    }

    /// Opens readers for whatever is asked, and the other roles only for a step that is being carried out.
    fn expect(&self, asks: &[Ask]) {
        for ask in asks {
            let is_step = ask.behalf.step.is_some();
            let hands = self.made(ask.clone()).1;
            hands.iter().filter(|hand| is_step || hand.kind == RoleKind::Reader).for_each(Hand::warm);
        }
    }

    async fn caller(&self) -> Result<String, CloudError> {
        self.sessions.hub().caller().await
    }

    async fn examine(&self) -> Vec<Finding> {
        examine(&self.sessions).await
    }
}
