//! How long doctor takes: as many round trips as follow one another, whatever the number of accounts. Counted, not
//! timed: all calls that are under way are answered together, once nothing more can be sent without an answer.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_s3::config::{AsyncSleep, SharedAsyncSleep, Sleep};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use genkan::app::LocalPlatform;
use genkan::aws::cloud::Aws;
use genkan::engine::Cloud;
use genkan::engine::limit::Gates;
use genkan::model::finding::{Finding, Health};
use tokio::sync::oneshot;

use crate::ledger::Ledger;

/// How often the others are let go on before nothing is taken to come any more: on one thread, each goes on until it
/// waits.
const PATIENCE: usize = 2000;

/// Calls that are held until they are let go together.
#[derive(Clone)]
struct Held {
    real: SharedHttpClient,
    waiting: Arc<Mutex<Vec<oneshot::Sender<()>>>>,
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Held")
    }
}

impl HttpClient for Held {
    fn http_connector(&self, settings: &HttpConnectorSettings, parts: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(HeldConnector {
            real: self.real.http_connector(settings, parts),
            waiting: Arc::clone(&self.waiting),
        })
    }
}

#[derive(Debug)]
struct HeldConnector {
    real: SharedHttpConnector,
    waiting: Arc<Mutex<Vec<oneshot::Sender<()>>>>,
}

impl HttpConnector for HeldConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (real, (go, may_go)) = (self.real.clone(), oneshot::channel());
        self.waiting.lock().expect("whole").push(go);
        HttpConnectorFuture::new(async move {
            let _ = may_go.await;
            real.call(request).await
        })
    }
}

impl Held {
    /// Lets calls go, all that wait at once, until dropped. `trips` has one entry for each time.
    async fn lets_go(&self, trips: &Mutex<Vec<usize>>) -> ! {
        loop {
            let mut quiet = 0;
            let mut seen = 0;
            while quiet < PATIENCE {
                tokio::task::yield_now().await;
                let now = self.waiting.lock().expect("whole").len();
                quiet = if now == seen { quiet + 1 } else { 0 };
                seen = now;
            }
            let waiting = std::mem::take(&mut *self.waiting.lock().expect("whole"));
            if !waiting.is_empty() {
                trips.lock().expect("whole").push(waiting.len());
            }
            for call in waiting {
                let _ = call.send(());
            }
        }
    }
}

/// The SDK's timeouts never come: a busy machine is not a slow AWS.
#[derive(Debug)]
struct Never;

impl AsyncSleep for Never {
    fn sleep(&self, _: Duration) -> Sleep {
        Sleep::new(std::future::pending())
    }
}

/// What doctor finds, and how many calls were under way together, trip by trip.
async fn examined(platform: &LocalPlatform) -> Vec<usize> {
    let held = Held { real: platform.aws.http_client(), waiting: Arc::default() };
    let base =
        platform.tool().into_builder().http_client(held.clone()).sleep_impl(SharedAsyncSleep::new(Never)).build();
    let (config, gates) = (Arc::new(platform.config.clone()), Gates::new(&platform.config.limits));
    let cloud = Aws::new(config, base, gates, Arc::new(Ledger::default()));
    let trips = Mutex::default();
    let findings = tokio::select! {
        findings = cloud.examine() => findings,
        never = held.lets_go(&trips) => never,
    };
    let troubles: Vec<&Finding> = findings.iter().filter(|finding| finding.health != Health::Ok).collect();
    assert!(troubles.is_empty(), "{troubles:#?}");
    trips.into_inner().expect("whole")
}

#[tokio::test]
async fn six_accounts_take_two_round_trips() {
    let folder = tempfile::tempdir().expect("a folder");
    let platform = LocalPlatform::start(folder.path(), &["project-x"]).await.expect("a sound seed");
    let accounts: BTreeSet<_> = platform.config.accounts.values().map(|account| account.id.clone()).collect();
    assert_eq!(accounts.len(), 6);
    let trips = examined(&platform).await;
    // The sessions and the identity; then everything that is looked at with them.
    assert_eq!(trips.len(), 2, "{trips:?}");
}

#[tokio::test]
async fn a_key_of_the_customers_takes_two_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let platform = LocalPlatform::start(folder.path(), &["project-x"]).await.expect("a sound seed");
    let hub = platform.config.account(&platform.config.platform.hub).expect("known").id.clone();
    let admin = platform.administrator(&hub);
    let key = aws_sdk_kms::Client::new(&admin).create_key().send().await.expect("made").key_metadata.expect("a key");
    let secrets = aws_sdk_secretsmanager::Client::new(&admin);
    let call = secrets.update_secret().secret_id(&platform.config.secret.name).kms_key_id(key.arn.expect("an ARN"));
    call.send().await.expect("updated");
    let trips = examined(&platform).await;
    assert_eq!(trips.len(), 4, "{trips:?}");
}
