//! What doctor finds: all well on a sound platform, and exactly what is broken on a broken one.

mod faults;
mod permissions;
mod speed;

use std::sync::Arc;

use genkan::config::Config;
use genkan::engine::Cloud;
use genkan::model::finding::{Finding, Health};

use crate::world::{CONFIG, World};

/// What is not well.
async fn troubles(world: &World) -> Vec<Finding> {
    let mut findings = world.cloud.examine().await;
    findings.retain(|finding| finding.health != Health::Ok);
    findings
}

/// The same after the operator has changed the config, in another process.
fn reconfigured(world: World, from: &str, to: &str) -> World {
    let config: Arc<Config> = Arc::new(toml::from_str(&changed(from, to)).expect("a sound config"));
    World { config, ..world }.restarted()
}

fn changed(from: &str, to: &str) -> String {
    assert!(CONFIG.contains(from), "{from}");
    CONFIG.replace(from, to)
}

fn iam(world: &World, account: &str) -> aws_sdk_iam::Client {
    aws_sdk_iam::Client::new(&world.admin(account))
}

/// The bucket for checkpoints of the audit log, in the platform's account.
const BUCKET: &str = "project-checkpoints";

/// A sound platform that puts such checkpoints into a bucket.
async fn with_audit_bucket() -> World {
    World::with(&audited(), |seed| seed.accounts[0].locked_buckets.push(BUCKET.to_owned())).await
}

/// The config of it.
fn audited() -> String {
    format!("{CONFIG}\n[audit]\nbucket = {{ account = \"platform\", name = \"{BUCKET}\", days = 30 }}\n")
}

#[tokio::test]
async fn a_sound_platform_has_nothing_to_mend() {
    let world = with_audit_bucket().await;
    let findings = world.cloud.examine().await;
    let troubles: Vec<&Finding> = findings.iter().filter(|finding| finding.health != Health::Ok).collect();
    assert_eq!(troubles, [&findings[0]; 0]);
    let mut seen: Vec<String> =
        findings.iter().map(|finding| format!("{}: {}: {}", finding.place, finding.subject, finding.seen)).collect();
    seen.sort();
    insta::assert_snapshot!(seen.join("\n"));
    assert_eq!(world.aws.log().counts().changing, 0, "it changes nothing");
}
