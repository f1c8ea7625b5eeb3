//! The config as operators write it, and what is wrong with it, in the words that are shown.

use std::path::Path;

mod audit;
mod discord;
mod example;
mod trust;

use super::*;
use crate::model::Region;

const EXAMPLE: &str = include_str!("../../config/example.toml");

/// A config with nothing in it that could be left out without a warning.
const SMALL: &str = r#"
[platform]
region = "ap-northeast-1"
hub = "platform"

[accounts.platform]
id = "111111111111"
external_id = "genkan-1"
[accounts.projects]
id = "444444444444"
external_id = "genkan-4"
[environments.dev]
platform_account = "platform"
zone = { id = "Z1DEV", name = "dev.platform.internal." }
account = "projects"
approvers = ["leads"]

[[people]]
name = "aiko"
groups = ["engineers"]
aws = ["arn:aws:sts::111111111111:assumed-role/Engineer_*/aiko@example.com"]

[[people]]
name = "ren"
groups = ["leads"]

[[people]]
name = "mio"
groups = ["leads"]

[[people]]
name = "sora"
groups = ["leads"]
"#;

fn parse(text: &str) -> Result<Loaded, ConfigErrors> {
    Config::parse(text, Path::new("genkan.toml"))
}

/// SMALL with each left text replaced by the right one; every replacement must hit.
fn small(edits: &[(&str, &str)]) -> String {
    edits.iter().fold(SMALL.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "`{from}` is in the config that is edited");
        text.replacen(from, to, 1)
    })
}

fn errors(edits: &[(&str, &str)]) -> String {
    match parse(&small(edits)) {
        Err(errors) => errors.to_string(),
        Ok(loaded) => panic!("{edits:?} was let in: {:?}", loaded.warnings),
    }
}

fn warnings(edits: &[(&str, &str)]) -> String {
    let loaded = parse(&small(edits)).unwrap_or_else(|errors| panic!("{errors}"));
    loaded.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")
}

fn config(edits: &[(&str, &str)]) -> Config {
    parse(&small(edits)).unwrap_or_else(|errors| panic!("{errors}")).config
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    insta::assert_snapshot!(
        "shape",
        errors(&[
            ("hub = ", "hubb = "),
            ("region = \"ap-northeast-1\"", "region = \"Tokyo\""),
            ("id = \"111111111111\"", "id = 111111111111"),
            ("platform_account = ", "platform_acount = "),
            ("zone = { id = \"Z1DEV\", name = \"dev.platform.internal.\" }", "zone = { id = \"/hostedzone/Z1\" }"),
            ("approvers = ", "aprovals = 1\napprovals = \"one\"\napprovers = "),
            ("name = \"ren\"", "nmae = \"ren\""),
        ])
    );
    insta::assert_snapshot!("empty", parse("").unwrap_err().to_string());
    insta::assert_snapshot!(
        "syntax",
        parse("[platform\nregion = ap-northeast-1\nhub = \"a\"\nhub = \"b\"\n").unwrap_err().to_string()
    );
}

#[test]
fn what_the_shape_cannot_say() {
    let cases: &[(&str, &[(&str, &str)])] = &[
        (
            "unknown_field_and_meaning",
            &[("approvers = ", "aprovals = 1\napprovers = "), ("hub = \"platform\"", "hub = \"plattform\"")],
        ),
        (
            "accounts_that_do_not_exist",
            &[
                ("hub = \"platform\"", "hub = \"plattform\""),
                ("platform_account = \"platform\"", "platform_account = \"nobody\""),
                ("account = \"projects\"", "account = \"project\"\naccounts = { project-x = \"x\" }"),
                ("[[people]]", "[secret]\naccount = \"vault\"\n\n[[people]]"),
            ],
        ),
        ("same_id_twice", &[("444444444444", "111111111111")]),
        (
            "roles",
            &[
                (
                    "id = \"111111111111\"",
                    "id = \"111111111111\"\nreader = \"arn:aws:iam::444444444444:role/genkan\"\n\
                     writer = \"two words\"\nauthoriser = \"arn:aws-cn:iam::111111111111:role/genkan\"",
                ),
                (
                    "id = \"444444444444\"\nexternal_id = \"genkan-4\"",
                    "id = \"444444444444\"\nexternal_id = \"a b\"\nwriter = \"team/genkan-writer\"",
                ),
            ],
        ),
        ("no_account_for_projects", &[("account = \"projects\"\n", "")]),
        ("zone", &[("dev.platform.internal.", "Dev platform")]),
        (
            "one_zone_two_names",
            &[(
                "[[people]]",
                "[environments.staging]\nplatform_account = \"platform\"\naccount = \"projects\"\napprovers = [\"leads\"]\n\
                 zone = { id = \"Z1DEV\", name = \"staging.platform.internal\" }\n\n[[people]]",
            )],
        ),
        ("blueprint", &[("approvers = ", "blueprint = \"algoritm-server\"\napprovers = ")]),
        ("blueprint_outside", &[("approvers = ", "blueprint = \"../../etc/passwd\"\napprovers = ")]),
        ("blueprints_folder", &[("hub = ", "blueprints = \"nowhere\"\nhub = ")]),
        ("nobody_may_approve", &[("approvers = [\"leads\"]", "")]),
        ("too_few_may_approve", &[("approvers = [\"leads\"]", "approvers = [\"leads\"]\napprovals = 4")]),
        (
            "trust",
            &[
                (
                    "approvers = [\"leads\"]",
                    "approvers = [\"leads\"]\nproduction = true\napprovals_to_destroy = 1\n\
                     freezes = [{ from = \"2026-12-28T18:00:00+09:00\", until = \"2026-12-28T09:00:00Z\", why = \" \" }]\n\
                     stand_ins = [{ group = \"leeds\", from = \"2026-12-02T00:00:00Z\", until = \"2026-12-01T00:00:00Z\" }]",
                ),
                ("[[people]]", "[policy]\nrules = \"nowhere\"\n\n[[people]]"),
            ],
        ),
        (
            "production_by_name",
            &[(
                "[[people]]",
                "[environments.production]\nplatform_account = \"platform\"\naccount = \"projects\"\napprovers = [\"leads\"]\n\
                 zone = { id = \"Z1P\", name = \"p.platform.internal\" }\napprovals = 0\napprovals_to_destroy = 0\n\n[[people]]",
            )],
        ),
        (
            "groups_of_nobody",
            &[("approvers = [\"leads\"]", "approvers = [\"lead\"]\nrequesters = [\"engineers\", \"robots\"]")],
        ),
        ("people", &[("name = \"aiko\"", "name = \"aws:aiko\""), ("name = \"mio\"", "name = \"ren\"")]),
        (
            "arns",
            &[
                ("name = \"ren\"", "name = \"ren\"\naws = [\"arn:aws:iam::111111111111:role/Lead\", \"ren\"]"),
                (
                    "name = \"mio\"",
                    "name = \"mio\"\naws = [\"arn:aws:sts::*:assumed-role/Lead/mio\", \
                     \"arn:aws:sts::111111111111:assumed-role/Engineer_*/*\"]",
                ),
            ],
        ),
        (
            "settings",
            &[(
                "[[people]]",
                "[sessions]\nminutes = 90\n[store]\nurl = \"postgres://db\"\n[names]\nproject_prefix = \"Project_\"\n\
                 [secret]\nname = \"arn:aws:secretsmanager:x\"\nreader = \"arn:aws:iam::444444444444:role/r\"\n\n[[people]]",
            )],
        ),
        (
            "stand_ins",
            &[
                (
                    "approvers = [\"leads\"]",
                    "approvers = [\"leads\"]\nstand_ins = [{ group = \"nobody\", from = \"2026-12-14T00:00:00Z\", until = \"2026-12-14T00:00:00Z\" }]",
                ),
                ("[[people]]", "[approvals]\nvalid_hours = 0\n\n[[people]]"),
            ],
        ),
        (
            "project_prefix",
            &[
                ("account = \"projects\"", "accounts = { team-a = \"projects\" }"),
                ("[[people]]", "[names]\nproject_prefix = \"project-\"\n\n[[people]]"),
            ],
        ),
        (
            "limits",
            &[(
                "[[people]]",
                "[limits.rout53]\n[limits.ssm]\naccount = { burst = 0, per_second = 1 }\n\
                 actions = { GetParameter = { burst = 1, per_second = 0 } }\n\n[[people]]",
            )],
        ),
    ];
    for (name, edits) in cases {
        insta::assert_snapshot!(*name, errors(edits));
    }
}

#[test]
fn what_works_and_should_be_known() {
    assert_eq!(warnings(&[]), "");
    insta::assert_snapshot!("unattended", warnings(&[("approvers = [\"leads\"]", "approvals = 0")]));
    let one_lead = ("name = \"mio\"\ngroups = [\"leads\"]", "name = \"mio\"");
    insta::assert_snapshot!("own_requests", warnings(&[one_lead]));
    insta::assert_snapshot!(
        "reminders_and_stand_ins",
        warnings(&[
            (
                "approvers = [\"leads\"]",
                "approvers = [\"leads\"]\nstand_ins = [{ group = \"leads\", from = \"2026-12-14T00:00:00+09:00\", until = \"2026-12-19T00:00:00+09:00\" }]"
            ),
            ("[[people]]", "[approvals]\nvalid_hours = 4\n\n[[people]]"),
        ])
    );
    let engineers = ("approvers = [\"leads\"]", "approvers = [\"leads\"]\nrequesters = [\"engineers\"]");
    assert_eq!(warnings(&[one_lead, engineers]), "", "ren approves and does not ask");
    let said = warnings(&[("external_id = \"genkan-4\"", "")]);
    assert!(said.starts_with("genkan.toml:10:6: accounts.projects.id: ") && said.contains("an external id"), "{said}");
    insta::assert_snapshot!("anybody_with_the_role", warnings(&[("/aiko@example.com", "/*")]));
}

#[test]
fn people_are_known_by_name_or_by_the_whole_arn() {
    let config = config(&[(
        "name = \"mio\"",
        "name = \"mio\"\naws = [\"arn:aws:iam::111111111111:user/m*\", \"arn:aws:iam::111111111111:user/.io\"]",
    )]);
    let by_arn = |arn: &str| config.person_by_arn(arn).map(|person| person.name);
    let aiko = "arn:aws:sts::111111111111:assumed-role/Engineer_0a1b/aiko@example.com";
    assert_eq!(by_arn(aiko).as_deref(), Some("aiko"));
    assert_eq!(config.person_by_arn(aiko).unwrap().via, aiko);
    assert_eq!(config.person_by_arn(aiko).unwrap().groups, ["engineers"]);
    assert_eq!(by_arn("arn:aws:iam::111111111111:user/mio").as_deref(), Some("mio"));
    for stranger in [
        "",
        "arn:aws:sts::111111111111:assumed-role/Engineer_0a1b/aiko@example.com.evil",
        "x arn:aws:sts::111111111111:assumed-role/Engineer_0a1b/aiko@example.com",
        "arn:aws:sts::222222222222:assumed-role/Engineer_0a1b/aiko@example.com",
        "arn:aws:sts::111111111111:assumed-role/Engineer_0a1b/aiko@exampleXcom",
        "arn:aws:iam::111111111111:user/xio",
    ] {
        assert_eq!(by_arn(stranger), None, "{stranger}");
    }
    assert_eq!(config.person_by_name("ren").unwrap().via, "--as");
    assert_eq!(config.person_by_name("Ren"), None);
}

#[test]
fn who_could_be_two_people_is_nobody() {
    let mut config = config(&[]);
    config.people[1].aws = vec!["arn:aws:sts::111111111111:assumed-role/*/aiko@example.com".to_owned()];
    assert_eq!(config.person_by_arn("arn:aws:sts::111111111111:assumed-role/Engineer_0/aiko@example.com"), None);
    assert_eq!(
        config.person_by_arn("arn:aws:sts::111111111111:assumed-role/Other/aiko@example.com").unwrap().name,
        "ren"
    );
}

#[test]
fn what_is_left_out_of_limits_keeps_its_default() {
    let limits = config(&[(
        "[[people]]",
        "[limits.\"*\"]\naccount = { burst = 7, per_second = 7 }\n[limits.s3.actions]\n\
         PutObject = { burst = 1, per_second = 1 }\n[limits.route53.actions]\n\
         CreateHostedZone = { burst = 1, per_second = 1 }\n\n[[people]]",
    )])
    .limits;
    let bucket = |burst, per_second| Some(Bucket { burst, per_second });
    assert_eq!(limits.of("route53", "CreateHostedZone"), (bucket(50, 10), bucket(1, 1)));
    assert_eq!(limits.of("route53", "AssociateVPCWithHostedZone"), (bucket(50, 10), bucket(20, 5)));
    assert_eq!(limits.of("s3", "PutObject"), (bucket(7, 7), bucket(1, 1)), "s3 takes the `*` that was written");
    assert_eq!(limits.of("ssm", "GetParameter"), (bucket(40, 40), None));
    assert_eq!(limits.of("sts", "AssumeRole"), (bucket(7, 7), None));
}

#[test]
fn names_that_people_type() {
    let open = config(&[]);
    let strict = config(&[("[[people]]", "[names]\nproject_prefix = \"project-\"\n\n[[people]]")]);
    assert_eq!(open.project("team-a").unwrap().as_str(), "team-a");
    assert_eq!(strict.project("project-x").unwrap().as_str(), "project-x");
    assert_eq!(
        strict.project("team-a").unwrap_err().to_string(),
        "`team-a` is not a project name here: it begins with `project-`, as in `project-x`"
    );
    assert_eq!(
        strict.project("Project-X").unwrap_err().to_string(),
        "`Project-X` is not a project name (3 to 32 of a-z, 0-9 and -, beginning with a letter, ending with a letter or \
         digit, no --); for example `project-x`"
    );
    assert!(strict.project("project-").is_err());
    assert_eq!(open.environment_named("dev").unwrap().0.as_str(), "dev");
    assert_eq!(
        open.environment_named("dve").unwrap_err().to_string(),
        "there is no environment `dve`; did you mean `dev`? expected `dev`"
    );
}

#[test]
fn a_sample_project_has_an_account() {
    let example = parse(EXAMPLE).unwrap().config;
    for (name, environment) in &example.environments {
        assert!(example.account_of(&example.sample_project_of(environment), name).is_some(), "{name}");
    }
    let named = config(&[("account = \"projects\"", "accounts = { team-a = \"projects\" }")]);
    assert_eq!(named.sample_project_of(&named.environments[&"dev".parse().unwrap()]).as_str(), "team-a");
}

#[test]
fn blueprints_of_the_folder_come_before_the_built_in_ones() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&[("hub = ", &format!("blueprints = {:?}\nhub = ", folder.path().display().to_string()))]);
    assert_eq!(config.blueprint("algorithm-server").unwrap().source, "built in");
    assert_eq!(config.blueprint_names(), ["algorithm-server"]);

    let file = folder.path().join("algorithm-server.toml");
    std::fs::write(&file, "description = \"mine\"\nresource = []\n").unwrap();
    std::fs::write(folder.path().join("web.toml"), "description = \"a web server\"\nresource = []\n").unwrap();
    let mine = config.blueprint("algorithm-server").unwrap();
    assert_eq!((mine.description.as_str(), mine.source.as_str()), ("mine", file.to_str().unwrap()));
    assert_eq!(config.blueprint_names(), ["algorithm-server", "web"]);
    let outside = config.blueprint("../algorithm-server").unwrap_err();
    assert!(matches!(outside, ConfigErrors::NoBlueprint { .. }), "{outside}");
}

#[test]
fn what_is_wrong_in_a_blueprints_file_is_said_with_its_line() {
    let text = r#"
description = "a broken one"
resources = []

[[resource]]
id = "A bucket"
kind = "s3-bucket"
on_existing = "overwrite"

[[resource]]
kind = "s3-bucket"
inputs = { name = { step = "bucket" } }
"#;
    insta::assert_snapshot!("blueprint_file", Blueprint::parse("broken", "broken.toml", text).unwrap_err().to_string());

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("broken.toml"), text).unwrap();
    let used = format!("blueprints = {:?}\nhub = ", folder.path().display().to_string());
    let shown = errors(&[("hub = ", &used), ("approvers = ", "blueprint = \"broken\"\napprovers = ")]);
    assert!(shown.contains("broken.toml:6:6: ") && shown.contains("broken.toml:10:1: "), "{shown}");
}

#[test]
fn an_account_may_have_its_own_region() {
    let config = config(&[("id = \"444444444444\"", "id = \"444444444444\"\nregion = \"eu-west-1\"")]);
    let region = |name: &str| config.region_of(&config.accounts[name]).as_str().to_owned();
    assert_eq!((region("projects"), region("platform")), ("eu-west-1".to_owned(), "ap-northeast-1".to_owned()));
    assert_eq!(config.platform.region, "ap-northeast-1".parse::<Region>().unwrap());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    /// However a file is broken, it is either let in or refused with a place for each problem, within the file.
    #[test]
    fn a_broken_file_is_refused_with_a_place(from in 0usize..600, cut in 0usize..40, put in "[\\[\\]{}=\"'.#a-zé\\n\\r\t,0-9]{0,6}") {
        let mut chars: Vec<char> = SMALL.chars().collect();
        let from = from.min(chars.len());
        let to = (from + cut).min(chars.len());
        chars.splice(from..to, put.chars());
        let text: String = chars.into_iter().collect();
        if let Err(errors) = parse(&text) {
            proptest::prop_assert!(!errors.problems().is_empty());
            for problem in errors.problems() {
                proptest::prop_assert!(problem.line <= text.matches('\n').count() + 1 && !problem.what.is_empty(), "{}", problem);
            }
        }
    }
}
