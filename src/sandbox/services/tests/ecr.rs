//! ECR: repositories with AWS's URIs, tags, settings and images.

use aws_sdk_ecr::Client;
use aws_sdk_ecr::types::{ImageIdentifier, ImageScanningConfiguration, ImageTagMutability, Tag};

use super::*;

const MANIFEST: &str = r#"{"schemaVersion":2,"config":{"digest":"sha256:1"},"layers":[]}"#;

#[tokio::test]
async fn a_repository_from_its_making_to_its_end() {
    let aws = local().await;
    let mine = Client::new(&aws.admin(PROJECT));
    let name = "team/project-x-dev-algorithm";
    let tag = |key: &str| Tag::builder().key(key).value("v").build().unwrap();
    let create = || {
        mine.create_repository()
            .repository_name(name)
            .tags(tag("one"))
            .image_tag_mutability(ImageTagMutability::Immutable)
    };
    let made = create().send().await.expect("made").repository.expect("a repository");
    assert_eq!(
        made.repository_uri(),
        Some("222222222222.dkr.ecr.ap-northeast-1.amazonaws.com/team/project-x-dev-algorithm")
    );
    let arn = made.repository_arn().expect("an ARN");
    assert_eq!(arn, "arn:aws:ecr:ap-northeast-1:222222222222:repository/team/project-x-dev-algorithm");
    assert_eq!(refused(create().send().await), as_said(400, "RepositoryAlreadyExistsException"));

    mine.tag_resource().resource_arn(arn).tags(tag("two")).send().await.expect("tagged");
    mine.untag_resource().resource_arn(arn).tag_keys("one").send().await.expect("untagged");
    assert_eq!(mine.list_tags_for_resource().resource_arn(arn).send().await.expect("a list").tags(), [tag("two")]);

    let mutable =
        mine.put_image_tag_mutability().repository_name(name).image_tag_mutability(ImageTagMutability::Mutable);
    mutable.send().await.expect("set");
    let scan = ImageScanningConfiguration::builder().scan_on_push(true).build();
    mine.put_image_scanning_configuration()
        .repository_name(name)
        .image_scanning_configuration(scan)
        .send()
        .await
        .expect("set");
    let no_policy = mine.get_lifecycle_policy().repository_name(name).send().await;
    assert_eq!(refused(no_policy), as_said(400, "LifecyclePolicyNotFoundException"));
    let policy = r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"imageCountMoreThan","countNumber":5},"action":{"type":"expire"}}]}"#;
    mine.put_lifecycle_policy().repository_name(name).lifecycle_policy_text(policy).send().await.expect("set");
    let held = mine.get_lifecycle_policy().repository_name(name).send().await.expect("set");
    assert_eq!(held.lifecycle_policy_text(), Some(policy));

    let seen = mine.describe_repositories().registry_id(PROJECT).repository_names(name).send().await.expect("there");
    let [seen] = seen.repositories() else { panic!("one repository") };
    assert_eq!(seen.image_tag_mutability(), Some(&ImageTagMutability::Mutable));
    assert!(seen.image_scanning_configuration().is_some_and(|scan| scan.scan_on_push()));
    assert_eq!(seen.repository_uri(), made.repository_uri());

    mine.put_image().repository_name(name).image_manifest(MANIFEST).image_tag("v1").send().await.expect("pushed");
    let images = mine.list_images().repository_name(name).send().await.expect("a list");
    assert_eq!(images.image_ids().len(), 1);
    assert_eq!(aws.lines(PROJECT, "ecr"), [format!("ecr repository {name} in {REGION} holding 1 images")]);
    let full = mine.delete_repository().repository_name(name).send().await;
    assert_eq!(refused(full), as_said(400, "RepositoryNotEmptyException"));
    let image = ImageIdentifier::builder().image_tag("v1").build();
    mine.batch_delete_image().repository_name(name).image_ids(image).send().await.expect("deleted");
    mine.delete_repository().repository_name(name).send().await.expect("it is empty");
    let gone = mine.delete_repository().repository_name(name).send().await;
    assert_eq!(refused(gone), as_said(400, "RepositoryNotFoundException"));
}

#[tokio::test]
async fn a_registry_is_one_account_s() {
    let aws = local().await;
    let (mine, theirs) = (Client::new(&aws.admin(PROJECT)), Client::new(&aws.admin(OTHER)));
    mine.create_repository().repository_name("mine").send().await.expect("made");
    mine.put_image().repository_name("mine").image_manifest(MANIFEST).image_tag("v1").send().await.expect("pushed");
    let look = theirs.describe_repositories().repository_names("mine");
    assert_eq!(refused(look.clone().send().await), as_said(400, "RepositoryNotFoundException"));
    assert_eq!(refused(look.registry_id(PROJECT).send().await), as_said(400, "RepositoryNotFoundException"));
    let wrong = mine.delete_repository().repository_name("mine").registry_id(OTHER).force(true).send().await;
    assert_eq!(refused(wrong), as_said(400, "RepositoryNotFoundException"), "a wrong registry id deletes nothing");
    mine.delete_repository().repository_name("mine").registry_id(PROJECT).force(true).send().await.expect("by force");
}
