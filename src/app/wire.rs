//! Puts a desk together: the config, AWS as the environment says, the store.

use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use jiff::Timestamp;

use crate::aws::cloud::Aws;
use crate::config::Config;
use crate::engine::limit::Gates;
use crate::requests::{Desk, DeskError, DeskParts};
use crate::store::Store;

/// A desk over this config and the standard AWS settings (`AWS_PROFILE`, `AWS_ENDPOINT_URL`, SSO, instance role …).
///
/// # Errors
/// When the store cannot be opened.
pub async fn desk(config: Config) -> Result<Desk, DeskError> {
    let region = Region::new(config.platform.region.to_string());
    // One HTTP client for all: with one each, every role would keep connections of its own.
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(aws_smithy_http_client::tls::Provider::Rustls(
            aws_smithy_http_client::tls::rustls_provider::CryptoMode::AwsLc,
        ))
        .build_https();
    let base = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http);
    let base = match std::env::var_os("AWS_REGION").or_else(|| std::env::var_os("AWS_DEFAULT_REGION")) {
        Some(_) => base,
        None => base.region(region),
    };
    desk_over(config, base.load().await).await
}

/// A desk over this config and this AWS.
///
/// # Errors
/// When the store cannot be opened.
pub async fn desk_over(config: Config, base: SdkConfig) -> Result<Desk, DeskError> {
    let store = Store::open(&config.store.url).await?;
    let names_are_trusted = is_local(&base);
    let config = Arc::new(config);
    let gates = Gates::new(&config.limits);
    let cloud = Arc::new(Aws::new(Arc::clone(&config), base, gates));
    let holder = format!("process {}", std::process::id());
    let (journal, clock) = (Arc::new(store.clone()), Arc::new(Timestamp::now));
    Ok(Desk::new(DeskParts { config, store, journal, cloud, clock, names_are_trusted, holder }))
}

/// Whether that AWS is one on this machine: there, and only there, `--as` may say who is asking.
fn is_local(base: &SdkConfig) -> bool {
    let Some(url) = base.endpoint_url().and_then(|url| url::Url::parse(url).ok()) else { return false };
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
