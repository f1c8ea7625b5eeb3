//! A config for this room's unit tests.

use crate::config::Config;

/// A hub with its zone and the secret, and one account that projects share.
pub(super) fn config() -> Config {
    let text = r#"
        [platform]
        region = "ap-northeast-1"
        hub = "platform"

        [accounts.platform]
        id = "111111111111"

        [accounts.dev]
        id = "222222222222"
        external_id = "genkan-test"

        [environments.dev]
        platform_account = "platform"
        zone = { id = "Z0DEV", name = "dev.example.internal" }
        account = "dev"

        [names]
        project_prefix = "project-"
    "#;
    toml::from_str(text).expect("the config is sound")
}
