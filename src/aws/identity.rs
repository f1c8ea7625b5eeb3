//! The process's own identity, whose keys are cut out of every text as soon as they are known.

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_types::SdkConfig;

use crate::telemetry::{Lasts, hold};

/// The same settings; whatever credentials they come to, at first or later, are held.
pub(super) fn held(base: SdkConfig) -> SdkConfig {
    let Some(own) = base.credentials_provider() else { return base };
    base.into_builder().credentials_provider(SharedCredentialsProvider::new(Own(own))).build()
}

#[derive(Debug)]
struct Own(SharedCredentialsProvider);

impl ProvideCredentials for Own {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let credentials = self.0.provide_credentials().await?;
            hold(credentials.access_key_id(), Lasts::Passing);
            hold(credentials.secret_access_key(), Lasts::Passing);
            credentials.session_token().into_iter().for_each(|token| hold(token, Lasts::Passing));
            Ok(credentials)
        })
    }

    fn fallback_on_interrupt(&self) -> Option<aws_credential_types::Credentials> {
        self.0.fallback_on_interrupt()
    }
}
