//! A headless Chromium, driven by a chromedriver of its own on a free port; both are gone when the test is over.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Once;

use serde_json::json;
use tempfile::TempDir;
use thirtyfour::{ChromeCapabilities, ChromiumLikeCapabilities, LoggingPrefsLogLevel, WebDriver};

/// How the browser is to be found: by these names on the PATH.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// What the browser is told: no window, no sandbox of its own (tests run as root in containers), nothing to do with the network.
const FLAGS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--lang=en-US",
];

/// Where the browser and its driver are.
pub(super) struct Found {
    browser: PathBuf,
    driver: PathBuf,
}

/// Looks for both. None = these tests cannot run here, which was said; where they are required, that is a failure.
pub(super) fn look() -> Option<Found> {
    let found = BROWSERS.iter().find_map(|name| on_path(name)).zip(on_path("chromedriver"));
    if let Some((browser, driver)) = found {
        return Some(Found { browser, driver });
    }
    let what = "NOT RUN: no browser here: the tests of the page need Chromium and its chromedriver on the PATH\n  \
                apt-get install chromium chromium-driver\n";
    let required = std::env::var("GENKAN_BROWSER_TESTS").is_ok_and(|value| value == "required");
    assert!(!required, "{what}");
    // Not eprint!, which the test harness keeps to itself while tests pass.
    static SAID: Once = Once::new();
    SAID.call_once(|| drop(std::io::stderr().write_all(what.as_bytes())));
    None
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// A running chromedriver. Dropped, it is killed, and every browser that it started with it.
pub(super) struct Driver {
    process: Child,
    address: String,
    profile: TempDir,
    browser: PathBuf,
}

impl Driver {
    /// Starts one on a free port, and comes back when it says which.
    pub(super) fn start(found: &Found) -> Self {
        let mut process = Command::new(&found.driver)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let output = BufReader::new(process.stdout.take().expect("piped"));
        let port = output.lines().map_while(Result::ok).find_map(|line| {
            let port = line.rsplit_once("started successfully on port ")?.1;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let address = format!("http://127.0.0.1:{}", port.expect("chromedriver says its port"));
        let profile = tempfile::tempdir().expect("a folder");
        Self { process, address, profile, browser: found.browser.clone() }
    }

    /// Opens a browser with a new profile, as large as a desktop's window or a phone.
    pub(super) async fn open(&self, width: u32, height: u32) -> WebDriver {
        let mut capabilities = ChromeCapabilities::new();
        capabilities.set_binary(&self.browser.display().to_string()).expect("a path");
        for flag in FLAGS {
            capabilities.add_arg(flag).expect("a flag");
        }
        let profile = format!("--user-data-dir={}", self.profile.path().display());
        capabilities.add_arg(&profile).expect("a flag");
        capabilities.set_browser_log_level(LoggingPrefsLogLevel::All).expect("a level");
        let browser = WebDriver::new(&self.address, capabilities).await.expect("a browser");
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        browser.cdp().send_raw("Emulation.setDeviceMetricsOverride", size).await.expect("a size");
        browser
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // An error means that it is gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
