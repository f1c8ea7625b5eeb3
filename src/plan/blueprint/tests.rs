//! What blueprints become, and what is said of those that cannot be filled in.

use std::path::Path;

use super::*;
use crate::model::Kind;
use crate::model::plan::{OnExisting, Scope};
use crate::model::resource::{AuthType, ObjectOwnership, ServerType, TagMutability};

fn config() -> Config {
    let text = include_str!("../../../config/example.toml");
    Config::parse(text, Path::new("config/example.toml")).unwrap_or_else(|errors| panic!("{errors}")).config
}

fn fill(blueprint: &Blueprint, project: &str, environment: &str) -> Result<Vec<Desired>, BlueprintError> {
    desired(&config(), blueprint, &project.parse().unwrap(), &environment.parse().unwrap(), None)
}

fn built_in() -> Blueprint {
    config().blueprint("algorithm-server").unwrap()
}

/// What is said of a blueprint with these resources.
fn said(resources: &str) -> String {
    let text = format!("description = \"a test\"\n{resources}");
    let blueprint = Blueprint::parse("test", "test.toml", &text).unwrap_or_else(|errors| panic!("{errors}"));
    match fill(&blueprint, "project-x", "dev") {
        Ok(all) => panic!("it was filled in: {all:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_built_in_blueprint_gives_the_runbooks_names() {
    let all = fill(&built_in(), "project-x", "dev").unwrap_or_else(|error| panic!("{error}"));
    let names: Vec<(&str, Kind, String)> =
        all.iter().map(|desired| (desired.id.as_str(), desired.spec.kind(), desired.spec.name())).collect();
    assert_eq!(
        names,
        [
            ("github-token", Kind::SecretCopy, "GITHUB_PERSONAL_ACCESS_TOKEN".to_owned()),
            ("source-credential", Kind::SourceCredential, "GITHUB".to_owned()),
            ("repository", Kind::EcrRepository, "project-x-dev-algorithm".to_owned()),
            ("bucket", Kind::S3Bucket, "project-x-dev".to_owned()),
            ("batch-trigger-bucket", Kind::S3Bucket, "project-x-dev-batch-trigger".to_owned()),
            ("vpc-id", Kind::SsmParameter, "/dev/project-x/vpc-id".to_owned()),
            ("zone-association", Kind::ZoneAssociation, "dev.platform.internal (Z0EXAMPLEDEV)".to_owned()),
        ]
    );
    for desired in &all {
        let (account, keep) = match desired.id.as_str() {
            "github-token" | "source-credential" => (Scope::Account, OnExisting::Keep),
            "zone-association" => (Scope::Project, OnExisting::Keep),
            _ => (Scope::Project, OnExisting::Block),
        };
        assert_eq!((desired.scope, desired.on_existing), (account, keep), "{}", desired.id);
        assert_eq!(desired.place.to_string(), "444444444444/ap-northeast-1");
    }
}

#[test]
fn the_built_in_blueprint_gives_what_the_runbook_asks_for() {
    for desired in fill(&built_in(), "project-x", "dev").unwrap() {
        match &desired.spec {
            Spec::SecretCopy(secret) => assert_eq!((&secret.source, secret.current), (&None, true)),
            Spec::SourceCredential(credential) => {
                assert_eq!(credential.secret, "GITHUB_PERSONAL_ACCESS_TOKEN");
                assert_eq!(credential.server_type, ServerType::Github);
                assert_eq!(credential.auth_type, AuthType::PersonalAccessToken);
                assert_eq!(desired.after, ["github-token".parse().unwrap()]);
            }
            Spec::EcrRepository(repository) => {
                assert_eq!((repository.tag_mutability, repository.scan_on_push), (TagMutability::Immutable, true));
            }
            Spec::S3Bucket(bucket) => {
                assert_eq!(bucket.object_ownership, ObjectOwnership::BucketOwnerEnforced);
                assert!(bucket.block_public_access);
                let [rule] = bucket.cors.as_slice() else { panic!("one rule: {:?}", bucket.cors) };
                assert_eq!(
                    (rule.allowed_headers.as_slice(), rule.allowed_origins.as_slice()),
                    (&["*".to_owned()][..], &["*".to_owned()][..])
                );
                assert_eq!(rule.allowed_methods, ["GET", "PUT"]);
                assert_eq!((rule.max_age_seconds, rule.expose_headers.len()), (Some(3000), 0));
            }
            Spec::SsmParameter(parameter) => assert_eq!(parameter.wait_minutes, 120),
            Spec::ZoneAssociation(zone) => {
                assert_eq!(zone.zone_account.as_str(), "111111111111");
                assert_eq!(zone.vpc_region.as_str(), "ap-northeast-1");
                assert_eq!((&zone.vpc_id, zone.associated, zone.authorisation_open), (&None, true, false));
                let input = &desired.inputs["vpc_id"];
                assert_eq!((input.step.as_str(), input.output.as_str()), ("vpc-id", "value"));
            }
        }
    }
}

#[test]
fn every_environment_of_the_example_can_be_filled_in() {
    let config = config();
    for (name, environment) in &config.environments {
        let project = config.sample_project_of(environment);
        let all = desired(&config, &built_in(), &project, name, None).unwrap_or_else(|error| panic!("{error}"));
        let zone = all.iter().find_map(|desired| match &desired.spec {
            Spec::ZoneAssociation(zone) => Some(zone.zone_id.clone()),
            _ => None,
        });
        assert_eq!(zone.as_ref(), Some(&environment.zone.id));
    }
}

#[test]
fn the_longest_names_are_still_names() {
    let mut config = config();
    let long: EnvironmentName = "e".repeat(16).parse().unwrap();
    let dev = config.environments[&"dev".parse().unwrap()].clone();
    config.environments.insert(long.clone(), dev);
    let project = format!("project-{}", "x".repeat(24)).parse().unwrap();
    desired(&config, &built_in(), &project, &long, None).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn a_project_without_an_account_is_told_where_to_name_one() {
    let said = |environment| fill(&built_in(), "project-y", environment).unwrap_err().to_string();
    insta::assert_snapshot!(said("production"), @"project-y has no account in production: name one under [environments.production], as `account` for all projects or in `accounts` for this one");
    insta::assert_snapshot!(said("prod"), @"there is no environment `prod`; expected one of `dev`, `production`, `staging`");
}

#[test]
fn all_variables_are_there() {
    let text = r#"
description = "a test"
[[resource]]
id = "all"
kind = "ssm-parameter"
name = "/{{ project }}/{{ env }}/{{ region }}/{{ account }}/{{ account_name }}/{{ zone_id }}/{{ zone_name }}/{{ zone_account }}/{{ secret_name }}/{{ project | upper }}"
"#;
    let blueprint = Blueprint::parse("test", "test.toml", text).unwrap();
    assert_eq!(
        fill(&blueprint, "project-x", "dev").unwrap()[0].spec.name(),
        "/project-x/dev/ap-northeast-1/444444444444/projects-dev/Z0EXAMPLEDEV/dev.platform.internal/111111111111/\
         GITHUB_PERSONAL_ACCESS_TOKEN/PROJECT-X"
    );
}

#[test]
fn a_dot_at_the_end_of_a_zones_name_is_left_out() {
    let mut config = config();
    let dev: EnvironmentName = "dev".parse().unwrap();
    config.environments.get_mut(&dev).unwrap().zone.name.push('.');
    let all = desired(&config, &built_in(), &"project-x".parse().unwrap(), &dev, None).unwrap();
    assert_eq!(all[6].spec.name(), "dev.platform.internal (Z0EXAMPLEDEV)");
}

#[test]
fn templates_that_cannot_be_filled_in() {
    insta::assert_snapshot!(
        "templates",
        said(
            r#"
[[resource]]
id = "bucket"
kind = "s3-bucket"
name = "{{ projct }}-{{ env }}"
cors = [{ allowed_methods = ["GET"], allowed_origins = ["*", "{{ origin }}"] }]

[[resource]]
id = "repository"
kind = "ecr-repository"
name = "{{ project }-x"

[[resource]]
id = "parameter"
kind = "ssm-parameter"
name = "/{{ project.name }}/{{ project | shout }}"
"#
        )
    );
}

#[test]
fn the_projects_repository_is_filled_in_where_it_is_known_and_asked_for_where_not() {
    let text = r#"
description = "a test"
[[resource]]
id = "bucket"
kind = "s3-bucket"
name = "{{ project }}-{{ env }}"
cors = [{ allowed_methods = ["GET"], allowed_origins = ['https://{{ repository | replace("/", ".") }}.example.com'] }]
"#;
    let blueprint = Blueprint::parse("own", "own.toml", text).unwrap_or_else(|errors| panic!("{errors}"));
    let (project, dev) = ("project-x".parse().unwrap(), "dev".parse().unwrap());
    let repository: Repository = "acme/algorithm".parse().unwrap();
    let all = desired(&config(), &blueprint, &project, &dev, Some(&repository)).unwrap();
    let Spec::S3Bucket(bucket) = &all[0].spec else { panic!("a bucket") };
    assert_eq!(bucket.cors[0].allowed_origins, ["https://acme.algorithm.example.com"]);

    let error = fill(&blueprint, "project-x", "dev").unwrap_err();
    assert_eq!(error, BlueprintError::NeedsRepository { blueprint: "own".to_owned() });
    assert!(error.to_string().contains("needs a repository: give one with --repository"), "{error}");
    fill(&built_in(), "project-x", "dev").expect("one that does not name it does not need it");
}

#[test]
fn fields_that_a_kind_does_not_have() {
    insta::assert_snapshot!(
        "fields",
        said(
            r#"
[[resource]]
id = "no-kind"
name = "a"

[[resource]]
id = "strange-kind"
kind = "s3-buckt"
name = "a"

[[resource]]
id = "bucket"
kind = "s3-bucket"
nme = "{{ project }}"
encryption = "AES512"
versioning = "on"

[[resource]]
id = "parameter"
kind = "ssm-parameter"
name = "/a"
wait_minutes = "2h"
inputs = { name = { step = "zone", output = "value" }, wait = { step = "zone", output = "value" }, wait_minutes = { step = "zone", output = "value" } }

[[resource]]
id = "zone"
kind = "zone-association"
zone_id = "{{ zone_name }}"
zone_name = "{{ zone_name }}."
zone_account = "{{ zone_account }}"
vpc_region = "{{ region }}"
inputs = { zone_name = { step = "bucket", output = "value" } }

[[resource]]
id = "unnamed"
kind = "ssm-parameter"
inputs = { name = { step = "zone", output = "value" } }
"#
        )
    );
}

#[test]
fn names_that_aws_would_refuse() {
    let buckets = ["a", "Project-X", "a.b.c", "-abc", "xn--abc", "amzn-s3-demo-a", "abc--ol-s3", "abc-s3alias"];
    let repositories = ["a", "Abc", "a--b", "a/", "a b"];
    let parameters = ["vpc-id", "/aws/vpc-id", "/a//b", "/a/", "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16"];
    let mut text = String::new();
    for (kind, names) in
        [("s3-bucket", &buckets[..]), ("ecr-repository", &repositories), ("ssm-parameter", &parameters)]
    {
        for (at, name) in names.iter().enumerate() {
            text += &format!("[[resource]]\nid = \"{kind}-{at}\"\nkind = \"{kind}\"\nname = \"{name}\"\n");
        }
    }
    text += &format!("[[resource]]\nid = \"long\"\nkind = \"s3-bucket\"\nname = \"{}\"\n", "a".repeat(64));
    insta::assert_snapshot!("names", said(&text));
}

#[test]
fn values_that_aws_would_refuse() {
    insta::assert_snapshot!(
        "values",
        said(
            r#"
[[resource]]
id = "bucket"
kind = "s3-bucket"
name = "abc"
cors = [
  { allowed_methods = ["PATCH"], allowed_origins = [] },
  { allowed_methods = [], allowed_origins = ["https://*.*.example"], max_age_seconds = -1 },
]

[[resource]]
id = "repository"
kind = "ecr-repository"
name = "abc"
lifecycle_policy = "{ rules: [] }"

[[resource]]
id = "parameter"
kind = "ssm-parameter"
name = "/a"
wait_minutes = 0

[[resource]]
id = "secret"
kind = "secret-copy"
name = "two words"

[[resource]]
id = "zone"
kind = "zone-association"
zone_id = "{{ zone_id }}"
zone_name = "{{ zone_name }}."
zone_account = "{{ zone_account }}"
vpc_region = "{{ region }}"
"#
        )
    );
}

#[test]
fn resources_that_do_not_fit_together() {
    let parameter = |id: &str, name: &str, rest: &str| {
        format!("[[resource]]\nid = \"{id}\"\nkind = \"ssm-parameter\"\nname = \"/{name}\"\n{rest}\n")
    };
    insta::assert_snapshot!(
        "together",
        said(
            &[
                parameter("a", "a", "after = [\"c\"]"),
                parameter("b", "b", "after = [\"a\"]"),
                parameter("c", "c", "after = [\"b\", \"nobody\"]"),
                parameter("d", "d", "after = [\"d\"]"),
                parameter("a", "e", ""),
                parameter("f", "{{ env }}", ""),
                parameter("g", "dev", ""),
            ]
            .concat()
        )
    );
}

#[test]
fn what_is_to_be_filled_in_is_told_by_what_it_is_taken_from() {
    let with = |rest: &str| {
        format!(
            "[[resource]]\nid = \"vpc-id\"\nkind = \"ssm-parameter\"\nname = \"/dev/x/vpc-id\"\n\
             [[resource]]\nid = \"zone\"\nkind = \"zone-association\"\nzone_id = \"{{{{ zone_id }}}}\"\n\
             zone_name = \"{{{{ zone_name }}}}\"\nzone_account = \"{{{{ zone_account }}}}\"\n\
             vpc_region = \"{{{{ region }}}}\"\n{rest}"
        )
    };
    let wrong = said(&with("inputs = { vpc_id = { step = \"vpc-id\", output = \"val\" } }"));
    assert!(wrong.contains("does not tell `val`") && wrong.contains("value, version"), "{wrong}");
    let none = said(&with(""));
    assert!(none.contains("no VPC"), "{none}");
}
