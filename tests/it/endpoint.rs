//! The same over a port, as with `AWS_ENDPOINT_URL`: one endpoint for all services, buckets in the path.

use std::sync::Arc;

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use genkan::aws::cloud::Aws;
use genkan::engine::Cloud;
use genkan::engine::cloud::Work;
use genkan::engine::limit::Gates;
use genkan::model::plan::Scope;
use genkan::model::{Observed, Spec};

use crate::kinds::bucket;
use crate::kinds::zone_association::association;
use crate::world::{KEYS, REGION, SPOKE, VPC, World, ask};

#[tokio::test]
async fn a_single_endpoint_serves_every_service() {
    let world = World::start().await;
    let served = world.aws.serve(0).await.expect("a free port");
    let base = SdkConfig::builder()
        .region(Region::new(REGION))
        .endpoint_url(served.endpoint())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(KEYS.0, KEYS.1, None, None, "test")))
        .build();
    let cloud =
        Aws::new(Arc::clone(&world.config), base, Gates::new(&world.config.limits), Arc::new(world.ledger.clone()));
    assert_eq!(cloud.caller().await.as_deref(), Ok("arn:aws:iam::111111111111:user/genkan"));

    let bucket = ask(Spec::S3Bucket(bucket()), Scope::Project);
    let association = association(SPOKE, VPC);
    for ask in [bucket, association] {
        assert_eq!(cloud.resource(ask.clone()).observe().await, Ok(Observed::Absent));
        cloud.resource(ask.clone()).apply(&Work::Create).await.expect("it is permitted");
        let seen = cloud.resource(ask).observe().await;
        assert!(!matches!(seen, Ok(Observed::Absent) | Err(_)), "{seen:?}");
    }
    let regions = |call: &genkan::sandbox::log::Call| (call.service == "route53").then(|| call.region.clone());
    let signed: Vec<String> = world.aws.log().calls().iter().filter_map(regions).collect();
    assert!(!signed.is_empty() && signed.iter().all(|region| region == "us-east-1"), "Route 53 is global: {signed:?}");
}
