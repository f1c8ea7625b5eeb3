//! Zones and their records.

use aws_sdk_route53::Client;
use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, HostedZoneLimitType, ResourceRecord, ResourceRecordSet, RrType, Tag,
    TagResourceType, Vpc, VpcRegion,
};

use super::*;

fn named(id: &str) -> Vpc {
    Vpc::builder().vpc_id(id).vpc_region(VpcRegion::from(REGION)).build()
}

async fn change(client: &Client, action: ChangeAction, name: &str, value: &str) -> Result<(), (u16, String)> {
    let record = ResourceRecord::builder().value(value).build().unwrap();
    let set =
        ResourceRecordSet::builder().name(name).r#type(RrType::A).ttl(60).resource_records(record).build().unwrap();
    let change = Change::builder().action(action).resource_record_set(set).build().unwrap();
    let batch = ChangeBatch::builder().changes(change).build().unwrap();
    let call = client.change_resource_record_sets().hosted_zone_id(ZONE).change_batch(batch).send().await;
    call.map(|_| ()).map_err(|refusal| refused::<(), _>(Err(refusal)))
}

#[tokio::test]
async fn a_zone_is_made_once_for_a_reference_and_a_name_once_for_a_vpc() {
    let aws = local().await;
    let client = aws.route53(PROJECT);
    let create = |reference: &str, name: &str, vpc: Option<&str>| {
        client.create_hosted_zone().caller_reference(reference).name(name).set_vpc(vpc.map(named)).send()
    };
    let made = create("one", "Svc.Example", Some(PROJECT_VPC)).await.expect("made");
    let zone = made.hosted_zone().expect("a zone");
    assert_eq!((zone.name(), zone.resource_record_set_count()), ("svc.example.", Some(2)));
    assert!(zone.config().is_some_and(|config| config.private_zone()));
    assert_eq!(refused(create("one", "x.example", Some(PROJECT_VPC)).await), as_said(409, "HostedZoneAlreadyExists"));
    assert_eq!(
        refused(create("two", "svc.example.", Some(PROJECT_VPC)).await),
        as_said(400, "ConflictingDomainExists")
    );
    assert_eq!(refused(create("three", "y.example", Some(PLATFORM_VPC)).await), as_said(400, "InvalidVPCId"));

    let public = create("four", "public.example", None).await.expect("made").hosted_zone.expect("a zone");
    let join = client.associate_vpc_with_hosted_zone().hosted_zone_id(public.id()).vpc(named(PROJECT_VPC)).send().await;
    assert_eq!(refused(join), as_said(400, "PublicZoneVPCAssociation"));
    let limit =
        client.get_hosted_zone_limit().hosted_zone_id(public.id()).r#type(HostedZoneLimitType::MaxVpcsAssociatedByZone);
    assert_eq!(refused(limit.send().await), as_said(400, "HostedZoneNotPrivate"));

    let names = client.list_hosted_zones_by_name().send().await.expect("a list");
    let names: Vec<&str> = names.hosted_zones().iter().map(|zone| zone.name()).collect();
    assert_eq!(names, ["public.example.", "svc.example."], "the platform's zone is not the caller's");
    let first = client.list_hosted_zones().max_items(1).send().await.expect("a page");
    assert!(first.is_truncated());
    let rest = client.list_hosted_zones().set_marker(first.next_marker.clone()).send().await.expect("a page");
    assert_eq!((first.hosted_zones().len(), rest.hosted_zones().len()), (1, 1));
    assert_ne!(first.hosted_zones()[0].id(), rest.hosted_zones()[0].id());

    client.delete_hosted_zone().id(zone.id()).send().await.expect("deleted");
    assert_eq!(refused(client.get_hosted_zone().id(zone.id()).send().await), as_said(404, "NoSuchHostedZone"));
}

#[tokio::test]
async fn two_zones_of_one_name_clash_on_one_vpc() {
    let aws = local().await;
    let (zone, vpc) = (aws.route53(PLATFORM), aws.route53(PROJECT));
    let own = vpc.create_hosted_zone().caller_reference("own").name("dev.internal").vpc(named(PROJECT_VPC)).send();
    own.await.expect("another account's zone of the same name");
    zone.create_vpc_association_authorization()
        .hosted_zone_id(ZONE)
        .vpc(named(PROJECT_VPC))
        .send()
        .await
        .expect("authorised");
    let join = vpc.associate_vpc_with_hosted_zone().hosted_zone_id(ZONE).vpc(named(PROJECT_VPC)).send().await;
    assert_eq!(refused(join), as_said(400, "ConflictingDomainExists"));
}

#[tokio::test]
async fn records_are_created_once_upserted_and_deleted_exactly() {
    let aws = local().await;
    let client = aws.route53(PLATFORM);
    assert_eq!(change(&client, ChangeAction::Create, "A.dev.internal", "10.0.0.1").await, Ok(()));
    let again = change(&client, ChangeAction::Create, "a.dev.internal.", "10.0.0.1").await;
    assert_eq!(again, Err(as_said(400, "InvalidChangeBatch")));
    assert_eq!(change(&client, ChangeAction::Upsert, "a.dev.internal", "10.0.0.2").await, Ok(()));
    let outside = change(&client, ChangeAction::Upsert, "a.dev.external", "10.0.0.2").await;
    assert_eq!(outside, Err(as_said(400, "InvalidChangeBatch")));

    let list = client.list_resource_record_sets().hosted_zone_id(ZONE).start_record_name("a.dev.internal").send().await;
    let list = list.expect("a list");
    let [set] = list.resource_record_sets() else { panic!("one record set from there on: {list:?}") };
    assert_eq!((set.name(), set.ttl(), set.resource_records()[0].value()), ("a.dev.internal.", Some(60), "10.0.0.2"));

    let full = client.delete_hosted_zone().id(ZONE).send().await;
    assert_eq!(refused(full), as_said(400, "HostedZoneNotEmpty"));
    let other_value = change(&client, ChangeAction::Delete, "a.dev.internal", "10.0.0.1").await;
    assert_eq!(other_value, Err(as_said(400, "InvalidChangeBatch")));
    assert_eq!(change(&client, ChangeAction::Delete, "a.dev.internal", "10.0.0.2").await, Ok(()));
    client.delete_hosted_zone().id(ZONE).send().await.expect("an empty zone goes");
    let stranger = change(&aws.route53(PROJECT), ChangeAction::Upsert, "a.dev.internal", "10.0.0.1").await;
    assert_eq!(stranger, Err(as_said(404, "NoSuchHostedZone")));
}

#[tokio::test]
async fn zones_have_tags() {
    let aws = local().await;
    let client = aws.route53(PLATFORM);
    let change = || client.change_tags_for_resource().resource_type(TagResourceType::Hostedzone).resource_id(ZONE);
    let tag = |key: &str| Tag::builder().key(key).value("v").build();
    change().add_tags(tag("one")).add_tags(tag("two")).send().await.expect("tagged");
    change().remove_tag_keys("one").send().await.expect("untagged");
    let list = client.list_tags_for_resource().resource_type(TagResourceType::Hostedzone).resource_id(ZONE).send();
    assert_eq!(list.await.expect("a list").resource_tag_set().expect("a set").tags(), [tag("two")]);
}
