//! Puts a desk together: the config, AWS as the environment says, the store.

use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use jiff::Timestamp;

use super::AppError;
use crate::aws::cloud::Aws;
use crate::aws::hand::{SERVICES, endpoint_of};
use crate::config::{Config, ConfigErrors, Problem};
use crate::engine::limit::Gates;
use crate::policy::{BrokenRule, Policy};
use crate::requests::{Desk, DeskError, DeskParts};
use crate::store::Store;

/// A desk over this config and AWS as the environment says.
///
/// # Errors
/// Where a rule of the operator's is wrong; when the store cannot be opened.
pub async fn desk(config: Config) -> Result<Desk, AppError> {
    let policy = policy(&config)?;
    let base = environment(&config).await;
    Ok(desk_of(config, policy, base).await?)
}

/// The built-in rules and those of the folder that the config names.
///
/// # Errors
/// Every problem of the operator's rules, with file and line.
pub fn policy(config: &Config) -> Result<Policy, ConfigErrors> {
    let unreadable = |error: std::io::Error| ConfigErrors::Unreadable {
        file: config.policy.rules.clone().unwrap_or_default().into(),
        why: error.to_string(),
    };
    Policy::with(&config.policy.files().map_err(unreadable)?).map_err(as_config_errors)
}

/// What is wrong with rules, as what is wrong with any other file of the operator's.
pub fn as_config_errors(broken: Vec<BrokenRule>) -> ConfigErrors {
    let problems = broken.into_iter().map(|BrokenRule { file, line, column, what, mend, shown, width }| Problem {
        file,
        line,
        column,
        setting: String::new(),
        what,
        allowed: mend,
        shown,
        width,
    });
    ConfigErrors::Wrong(problems.collect())
}

/// AWS as the standard settings say (`AWS_PROFILE`, `AWS_ENDPOINT_URL`, SSO, instance role …), in the platform's region where
/// they name none.
pub async fn environment(config: &Config) -> SdkConfig {
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
    base.load().await
}

/// A desk over this config and this AWS.
///
/// # Errors
/// Where a rule of the operator's is wrong; when the store cannot be opened.
pub async fn desk_over(config: Config, base: SdkConfig) -> Result<Desk, DeskError> {
    let policy = policy(&config).map_err(|errors| DeskError::Invalid(errors.to_string().into()))?;
    desk_of(config, policy, base).await
}

async fn desk_of(config: Config, policy: Policy, base: SdkConfig) -> Result<Desk, DeskError> {
    let store = Store::open(&config.store.url).await?;
    let names_are_trusted = is_local(&base);
    let config = Arc::new(config);
    let gates = Gates::new(&config.limits);
    let cloud = Arc::new(Aws::new(Arc::clone(&config), base, gates, Arc::new(store.clone())));
    let holder = format!("process {}", std::process::id());
    let (journal, clock) = (Arc::new(store.clone()), Arc::new(Timestamp::now));
    let policy = Arc::new(policy);
    Ok(Desk::new(DeskParts { config, policy, store, journal, cloud, clock, names_are_trusted, holder }))
}

/// Whether that AWS is one on this machine, for every service: there, and only there, `--as` may say who is asking.
fn is_local(base: &SdkConfig) -> bool {
    let mut of_services = SERVICES.iter().filter_map(|service| endpoint_of(base, service));
    base.endpoint_url().is_some_and(is_loopback) && of_services.all(|url| is_loopback(&url))
}

fn is_loopback(url: &str) -> bool {
    match url::Url::parse(url).ok().as_ref().and_then(url::Url::host) {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Set(&'static str, &'static str);

    impl aws_types::service_config::LoadServiceConfig for Set {
        fn load_config(&self, key: aws_types::service_config::ServiceConfigKey<'_>) -> Option<String> {
            (key.service_id() == self.0 && key.env() == "AWS_ENDPOINT_URL").then(|| self.1.to_owned())
        }
    }

    #[test]
    fn only_an_aws_on_this_machine_believes_who_somebody_says_they_are() {
        for (url, local) in [
            ("http://127.0.0.1:4566", true),
            ("http://localhost:4566/", true),
            ("http://[::1]:4566", true),
            ("https://sts.amazonaws.com", false),
            ("http://127.0.0.1.example.com", false),
            ("http://127.0.0.1:80@example.com", false),
            ("http://localhost.example.com", false),
            ("127.0.0.1:4566", false),
            ("", false),
        ] {
            assert_eq!(is_local(&SdkConfig::builder().endpoint_url(url).build()), local, "{url}");
        }
        assert!(!is_local(&SdkConfig::builder().build()), "AWS itself");
    }

    #[test]
    fn one_service_that_is_elsewhere_is_enough_not_to_be_local() {
        let with = |service, url| {
            let base = SdkConfig::builder().endpoint_url("http://127.0.0.1:4566");
            is_local(&base.service_config(Set(service, url)).build())
        };
        for service in SERVICES {
            assert!(!with(service, "https://example.com"), "{service}");
            assert!(with(service, "http://127.0.0.1:4567"), "{service}");
        }
    }
}
