//! A real panic, with a backtrace, in the middle of a step that holds the token: what it says holds no secret.

use std::fmt;
use std::path::PathBuf;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use genkan::app::LocalPlatform;
use genkan::engine::FreshLooks;
use genkan::model::Direction;
use genkan::requests::submit::Submitted;
use tokio::process::Command;
use tokio::sync::watch;

use super::search::{Canary, Searcher, Surface, none};
use crate::house::wish;

/// The folder in which the process that panics works.
const FOLDER: &str = "GENKAN_TEST_FOLDER";

/// The made-up platform's token.
const GITHUB: &str = "made-up-github-token-of-the-sandbox";

/// An HTTP client that writes down what a call holds, and then fails in the worst way.
#[derive(Clone)]
struct Worst {
    client: SharedHttpClient,
    folder: PathBuf,
}

#[derive(Clone)]
struct WorstConnector(SharedHttpConnector, PathBuf);

impl fmt::Debug for Worst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Worst")
    }
}

impl fmt::Debug for WorstConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorstConnector")
    }
}

impl HttpClient for Worst {
    fn http_connector(&self, settings: &HttpConnectorSettings, parts: &RuntimeComponents) -> SharedHttpConnector {
        let connector = self.client.http_connector(settings, parts);
        SharedHttpConnector::new(WorstConnector(connector, self.folder.clone()))
    }
}

impl HttpConnector for WorstConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let header = |name| request.headers().get(name).unwrap_or_default().to_owned();
        if header("x-amz-target").ends_with(".CreateSecret") {
            let (signed, token) = (header("authorization"), header("x-amz-security-token"));
            let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
            assert!(body.contains(GITHUB), "the call holds the token");
            let signature = signed.rsplit('=').next().unwrap_or_default();
            std::fs::write(self.1.join("secrets"), format!("{token}\n{signature}")).expect("written");
            panic!("cannot send {body} or {body:?} or {:?} by {signed} and {token}", body.as_bytes());
        }
        self.0.call(request)
    }
}

/// The process of the test below.
#[tokio::test]
#[ignore = "is run by the test below, as a process of its own"]
async fn panics_with_the_token_in_its_hands() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).expect("run by the test below"));
    let unguarded = genkan::telemetry::guard();
    genkan::telemetry::start(2, &unguarded);
    let platform = LocalPlatform::start(&folder, &["project-x"]).await.expect("a platform");
    let worst = Worst { client: platform.aws.http_client(), folder };
    let base = platform.tool().into_builder().http_client(worst).build();
    let desk = genkan::app::wire::desk_over(platform.config.clone(), base).await.expect("a desk");
    let aiko = desk.who(Some("aiko")).await.expect("known");
    let prepared = desk.plan(&aiko, &wish(Direction::Onboard, "project-x", "dev")).await.expect("a plan");
    let Submitted::Request(request) = desk.submit(&aiko, &prepared, None).await.expect("asked") else {
        panic!("nothing")
    };
    let stop = watch::Sender::new(false);
    let _ = desk.carry_out(&request.id, FreshLooks::new(), stop.subscribe()).await;
}

#[tokio::test]
async fn a_panic_with_the_token_in_its_hands_says_no_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let name = "canaries::panics::panics_with_the_token_in_its_hands";
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", name, "--ignored", "--nocapture"])
        .env(FOLDER, folder.path())
        .env("RUST_BACKTRACE", "full")
        .env("GENKAN_LOG", "trace")
        .output()
        .await
        .expect("it runs");
    let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(told.contains("genkan panicked at") && told.contains("panics.rs"), "{told}");
    assert!(told.contains("cannot send") && told.contains("[redacted]"), "the words stay: {told}");
    assert!(told.contains("secret_copy.rs"), "with the frames: {told}");
    let secrets = std::fs::read_to_string(folder.path().join("secrets")).expect("it was in the middle of it");
    let (token, signature) = secrets.split_once('\n').expect("two");
    let canaries = [("GitHub token", GITHUB), ("session token", token), ("authorization", signature)];
    let canaries = canaries.map(|(kind, value)| Canary { kind, value: value.to_owned() });
    none(&Searcher::new(&canaries), &[Surface::new("panic", told)]);
}
