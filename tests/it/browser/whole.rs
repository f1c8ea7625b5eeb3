//! The whole sandbox, as `genkan sandbox` starts it, in a runtime of its own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use genkan::app::{Stage, StageOptions};
use genkan::cli::Printer;
use genkan::model::Language;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Everything together; it ends when it is dropped.
pub(super) struct Whole {
    /// Where the page is, without a slash at the end.
    pub endpoint: String,
    /// What runs.
    pub stage: Stage,
    /// All that the bot runs, so that nothing outlives the test.
    runtime: Option<Runtime>,
    _folder: TempDir,
}

impl Drop for Whole {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Whole {
    /// On ports that are free, with nothing kept, in English.
    pub(super) async fn start() -> Self {
        Self::speaking(Language::English).await
    }

    /// The same, in which channels are spoken to in this language.
    pub(super) async fn speaking(language: Language) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let runtime = Runtime::new().expect("a runtime");
        let path = folder.path().to_owned();
        let started = runtime.spawn(async move {
            let options = StageOptions { aws_port: 0, page_port: 0, latency: Duration::ZERO, language };
            let nowhere = || Arc::new(Mutex::new(std::io::sink()));
            Stage::start(&path, &options, &Printer::to(false, nowhere(), nowhere())).await
        });
        let stage = started.await.expect("no panic").unwrap_or_else(|error| panic!("{error}"));
        let endpoint = stage.page().trim_end_matches('/').to_owned();
        Self { endpoint, stage, runtime: Some(runtime), _folder: folder }
    }
}
