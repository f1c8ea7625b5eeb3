//! A hand: a session in one account under one role, through which every call of a kind goes.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::SdkConfig;
use aws_types::request_id::RequestId;
use aws_types::service_config::ServiceConfigKey;
use futures::future::BoxFuture;

use super::error::{Called, Refused};
use super::session::Session;
use super::watched::{Watch, watched};
use crate::config::accounts::partition;
use crate::engine::CloudError;
use crate::engine::limit::Gates;
use crate::model::{AccountId, Region, RoleKind};

/// A session in one account under one role. Cheap to clone.
#[derive(Clone)]
pub struct Hand {
    /// The account.
    pub account: AccountId,
    /// The region that calls go to.
    pub region: Region,
    /// The role's ARN, for messages.
    pub role: String,
    /// Which role it is.
    pub kind: RoleKind,
    sdk: SdkConfig,
    session: Arc<Session>,
    watch: Option<Watch>,
    gates: Gates,
    clients: Arc<Clients>,
}

/// The services' clients of a hand, each made when it is first needed.
#[derive(Default)]
struct Clients {
    ssm: OnceLock<aws_sdk_ssm::Client>,
    ecr: OnceLock<aws_sdk_ecr::Client>,
    s3: OnceLock<aws_sdk_s3::Client>,
    secrets: OnceLock<aws_sdk_secretsmanager::Client>,
    codebuild: OnceLock<aws_sdk_codebuild::Client>,
    ec2: OnceLock<aws_sdk_ec2::Client>,
    route53: OnceLock<aws_sdk_route53::Client>,
    sts: OnceLock<aws_sdk_sts::Client>,
    iam: OnceLock<aws_sdk_iam::Client>,
    kms: OnceLock<aws_sdk_kms::Client>,
}

impl fmt::Debug for Hand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hand({} in {})", self.role, self.region)
    }
}

impl Hand {
    /// A hand of that session; `sdk` has the session as its credentials provider.
    pub(super) fn new(
        account: AccountId,
        region: Region,
        role: (RoleKind, String),
        sdk: SdkConfig,
        session: Arc<Session>,
        gates: Gates,
    ) -> Self {
        let (kind, role) = role;
        Self { account, region, role, kind, sdk, session, watch: None, gates, clients: Arc::default() }
    }

    /// The same, with its calls watched like this.
    pub(super) fn watched(&self, watch: Option<Watch>) -> Self {
        Self { watch, ..self.clone() }
    }

    /// Makes one call: opens the session if need be, waits for its tokens, has it witnessed where the role can do more than look
    /// (`watched`), and sorts what AWS answers.
    /// `action` is the IAM action (`route53:AssociateVPCWithHostedZone`), `resource` an ARN or a name, for messages.
    /// The call is on the heap: the SDK's futures are large, and a look joins many of them.
    ///
    /// # Errors
    /// [`Refused`], with AWS's code where it answered.
    pub fn call<'a, T, E>(
        &'a self,
        action: &'static str,
        resource: &'a str,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, Refused>>
    where
        T: RequestId + Send,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        Box::pin(async move {
            let called = Called { action, resource, role: &self.role };
            self.session.credentials().await.map_err(|error| Refused::without_session(called, error))?;
            let (service, operation) = action.split_once(':').unwrap_or(("", action));
            self.gates.pass(&self.account, service, operation).await;
            let begun = Instant::now();
            let answer = watched(self.watch.as_ref(), called, call).await;
            if answer.as_ref().is_err_and(Refused::is_expired) {
                self.session.forget().await;
            }
            tracing::debug!(
                account = %self.account,
                action,
                code = answer.as_ref().err().map(|refused| refused.code.as_deref().unwrap_or("no answer")),
                milliseconds = begun.elapsed().as_millis(),
                "called AWS"
            );
            answer
        })
    }

    /// Opens the session now, so that the first call need not wait for it.
    ///
    /// # Errors
    /// When the role cannot be assumed, or is not in the account that the config says.
    pub async fn open(&self) -> Result<(), CloudError> {
        self.session.credentials().await.map(drop)
    }

    /// Opens the session in the background; a failure shows at the first call. The hand is held meanwhile: one that nobody
    /// holds and that is not open yet would be forgotten, and the session opened a second time.
    pub fn warm(&self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let hand = self.clone();
        runtime.spawn(async move {
            if let Err(error) = hand.open().await {
                tracing::debug!(%error, "a session could not be opened ahead");
            }
        });
    }

    /// Whether somebody holds a clone of this hand, or its session can still be used.
    pub(super) fn is_in_use(&self) -> bool {
        Arc::strong_count(&self.clients) > 1 || self.session.is_fresh()
    }

    /// The SDK's settings of this session, for making a service's client.
    pub fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    /// The client for Systems Manager.
    pub fn ssm(&self) -> &aws_sdk_ssm::Client {
        self.clients.ssm.get_or_init(|| aws_sdk_ssm::Client::new(&self.sdk))
    }

    /// The client for ECR.
    pub fn ecr(&self) -> &aws_sdk_ecr::Client {
        self.clients.ecr.get_or_init(|| aws_sdk_ecr::Client::new(&self.sdk))
    }

    /// The client for S3: in path style where the operator set an endpoint, since only AWS's own resolves `BUCKET.HOST`.
    pub fn s3(&self) -> &aws_sdk_s3::Client {
        self.clients.s3.get_or_init(|| {
            let config =
                aws_sdk_s3::config::Builder::from(&self.sdk).force_path_style(has_own_endpoint(&self.sdk, "S3"));
            aws_sdk_s3::Client::from_conf(config.build())
        })
    }

    /// The client for Secrets Manager.
    pub fn secrets(&self) -> &aws_sdk_secretsmanager::Client {
        self.clients.secrets.get_or_init(|| aws_sdk_secretsmanager::Client::new(&self.sdk))
    }

    /// The client for CodeBuild.
    pub fn codebuild(&self) -> &aws_sdk_codebuild::Client {
        self.clients.codebuild.get_or_init(|| aws_sdk_codebuild::Client::new(&self.sdk))
    }

    /// The client for EC2.
    pub fn ec2(&self) -> &aws_sdk_ec2::Client {
        self.clients.ec2.get_or_init(|| aws_sdk_ec2::Client::new(&self.sdk))
    }

    /// The client for Route 53, a global service: it signs for its partition's one region also where the operator set
    /// an endpoint, as the SDK does by itself only for AWS's own.
    pub fn route53(&self) -> &aws_sdk_route53::Client {
        self.clients.route53.get_or_init(|| {
            let region = aws_types::region::Region::new(route53_region(&self.region));
            aws_sdk_route53::Client::from_conf(aws_sdk_route53::config::Builder::from(&self.sdk).region(region).build())
        })
    }

    /// The client for STS.
    pub fn sts(&self) -> &aws_sdk_sts::Client {
        self.clients.sts.get_or_init(|| aws_sdk_sts::Client::new(&self.sdk))
    }

    /// The client for IAM.
    pub fn iam(&self) -> &aws_sdk_iam::Client {
        self.clients.iam.get_or_init(|| aws_sdk_iam::Client::new(&self.sdk))
    }

    /// The client for KMS.
    pub fn kms(&self) -> &aws_sdk_kms::Client {
        self.clients.kms.get_or_init(|| aws_sdk_kms::Client::new(&self.sdk))
    }
}

/// The region that Route 53 is signed for (AWS General Reference, Route 53 endpoints).
fn route53_region(region: &Region) -> &'static str {
    match partition(region) {
        "aws-cn" => "cn-northwest-1",
        "aws-us-gov" => "us-gov-west-1",
        "aws-eusc" => "eusc-de-east-1",
        _ => "us-east-1",
    }
}

/// Every service that is called, by the id that settings name it by.
pub const SERVICES: [&str; 10] =
    ["STS", "SSM", "ECR", "S3", "Secrets Manager", "CodeBuild", "EC2", "Route 53", "IAM", "KMS"];

/// The endpoint that the operator set for this one service (`AWS_ENDPOINT_URL_S3`, or in the profile); it goes before the
/// one for all.
pub fn endpoint_of(sdk: &SdkConfig, service: &str) -> Option<String> {
    let key = ServiceConfigKey::builder().service_id(service).env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
    sdk.service_config()?.load_config(key.ok()?)
}

fn has_own_endpoint(sdk: &SdkConfig, service: &str) -> bool {
    sdk.endpoint_url().is_some() || endpoint_of(sdk, service).is_some()
}
