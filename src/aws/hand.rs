//! A hand: a session in one account under one role, through which every call of a kind goes.

use std::future::Future;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::error::Refused;
use crate::model::{AccountId, Region};

/// Which of an account's roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoleKind {
    /// Looks.
    Reader,
    /// Makes, changes, removes, in the project's account.
    Writer,
    /// Authorises and withdraws, in the zone's account.
    Authoriser,
    /// Reads the secret's value in the account that holds its source.
    SecretReader,
}

/// A session in one account under one role. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Hand {
    /// The account.
    pub account: AccountId,
    /// The region that calls go to.
    pub region: Region,
    /// The role's ARN, for messages.
    pub role: String,
    sdk: aws_types::SdkConfig,
}

impl Hand {
    /// Makes one call: waits for its tokens, bounds its time, and sorts what AWS answers.
    /// `action` is the IAM action (`route53:AssociateVPCWithHostedZone`), `resource` an ARN or a name, for messages.
    ///
    /// # Errors
    /// [`Refused`], with AWS's code where it answered.
    pub async fn call<T, E>(
        &self,
        action: &'static str,
        resource: &str,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, Refused>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let _ = (action, resource, call);
        todo!("aws/hand")
    }

    /// The SDK's settings of this session, for making a service's client.
    pub fn sdk(&self) -> &aws_types::SdkConfig {
        &self.sdk
    }
}
