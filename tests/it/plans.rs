//! Plans as data: each file of `tests/plans` says what was wanted and what was seen; the plan that follows is its snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use genkan::config::{Blueprint, Config};
use genkan::model::plan::Desired;
use genkan::model::{Contents, Direction, EnvironmentName, Observed, Outputs, Owner, Plan, ProjectName, Spec, StepId};
use genkan::plan::build::{Look, Subject, plan};
use genkan::plan::{blueprint, order};
use genkan::policy::Policy;
use serde::Deserialize;
use serde_json::Value;

/// One file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What it shows.
    says: String,
    direction: Direction,
    #[serde(default = "dev")]
    environment: String,
    /// What the operator decided otherwise.
    approvals: Option<u32>,
    approvals_to_destroy: Option<u32>,
    account: Option<String>,
    /// A blueprint's text; none = the built-in one.
    blueprint: Option<String>,
    #[serde(default)]
    adopt: BTreeSet<StepId>,
    #[serde(default)]
    delete_data: bool,
    /// By step; what is not named could not be looked at yet.
    seen: BTreeMap<StepId, Seen>,
}

/// What a look found: a word, or a word with more to it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Seen {
    Word(String),
    More {
        /// `ours`, `absent`, `foreign`, `platform`, `another account`, `project-y dev`, `in the way: …`, `leaving`, `failed: …`.
        is: String,
        /// Fields in which it is not as it should be.
        #[serde(default)]
        but: BTreeMap<String, Value>,
        #[serde(default)]
        holds: Contents,
        #[serde(default)]
        tells: Outputs,
        /// Who else needs it: `project-y dev`.
        #[serde(default)]
        others: Vec<String>,
    },
}

fn dev() -> String {
    "dev".to_owned()
}

fn named(text: &str) -> (ProjectName, EnvironmentName) {
    let (project, environment) = text.split_once(' ').expect("a project and an environment");
    (project.parse().expect("a project"), environment.parse().expect("an environment"))
}

fn seen(desired: &Desired, seen: &Seen) -> (Look, Outputs) {
    let none = (BTreeMap::new(), Contents::new(), Outputs::new(), vec![]);
    let (is, (but, holds, outputs, others)) = match seen {
        Seen::Word(is) => (is.as_str(), none),
        Seen::More { is, but, holds, tells, others } => {
            let others = others.iter().map(|other| named(other)).collect();
            (is.as_str(), (but.clone(), holds.clone(), tells.clone(), others))
        }
    };
    let mut spec = serde_json::to_value(&desired.spec).expect("JSON");
    spec.as_object_mut().expect("an object").extend(but);
    let spec: Spec = serde_json::from_value(spec).expect("a spec that differs only there");
    let foreign = |owner: Owner, spec: Option<Spec>| Observed::Foreign { owner, spec, outputs: outputs.clone() };
    let observed = match is {
        "absent" => Observed::Absent,
        "ours" => Observed::Ours { spec, outputs: outputs.clone(), contents: holds },
        "foreign" => foreign(Owner::Unmarked, Some(spec)),
        "platform" => foreign(Owner::Platform, None),
        "another account" => foreign(Owner::AnotherAccount, None),
        "leaving" => Observed::Leaving { until: "2026-12-01T00:00:00Z".parse().ok(), ours: true },
        other => match other.split_once(": ") {
            Some(("failed", why)) => {
                let mend = "`genkan doctor` says which role or permission is missing".to_owned();
                return (Look::Failed { why: why.to_owned(), mend }, Outputs::new());
            }
            Some(("in the way", what)) => foreign(Owner::InTheWay { what: what.to_owned() }, None),
            _ => {
                let (project, environment) = named(other);
                foreign(Owner::Project { project, environment }, Some(spec))
            }
        },
    };
    (Look::Seen { desired: desired.clone(), observed, others }, outputs)
}

fn planned(case: &Case) -> Plan {
    let mut config = Config::parse(include_str!("../../config/sandbox.toml"), Path::new("config/sandbox.toml"))
        .unwrap_or_else(|errors| panic!("{errors}"))
        .config;
    let (project, environment) = named(&format!("project-x {}", case.environment));
    let settings = config.environments.get_mut(&environment).expect("an environment");
    settings.approvals = case.approvals.unwrap_or(settings.approvals);
    settings.approvals_to_destroy = case.approvals_to_destroy.unwrap_or(settings.approvals_to_destroy);
    settings.account = case.account.clone().or(settings.account.take());
    let asked = match &case.blueprint {
        Some(text) => Blueprint::parse("own", "own.toml", text),
        None => config.blueprint("algorithm-server"),
    };
    let asked = asked.unwrap_or_else(|errors| panic!("{errors}"));
    let wanted =
        blueprint::desired(&config, &asked, &project, &environment, None).unwrap_or_else(|error| panic!("{error}"));
    for id in case.seen.keys().chain(&case.adopt) {
        assert!(wanted.iter().any(|desired| desired.id == *id), "there is no step {id}");
    }
    let (mut looks, mut told) = (BTreeMap::new(), BTreeMap::new());
    for desired in &wanted {
        let filled = desired.filled(|id| told.get(id)).expect("inputs that fit");
        let look = match (case.seen.get(&desired.id), filled) {
            (Some(found), Some(filled)) => {
                let (look, outputs) = seen(&filled, found);
                told.insert(desired.id.clone(), outputs);
                look
            }
            (None, _) => Look::TooEarly,
            (Some(_), None) => panic!("{}: what its inputs come from tells nothing", desired.id),
        };
        looks.insert(desired.id.clone(), look);
    }
    let place = config.place_of(&project, &environment).expect("a place");
    let (adopt, delete_data) = (case.adopt.clone(), case.delete_data);
    let subject =
        Subject { direction: case.direction, project, environment, place, repository: None, adopt, delete_data };
    let plan = plan(&config, &subject, order::ordered(case.direction, wanted), &looks, Policy::built_in().digest());
    let again = serde_json::to_string(&plan).expect("JSON");
    let again: Plan = serde_json::from_str(&again).expect("a plan");
    assert_eq!((again.digest(), &again), (plan.digest(), &plan), "a plan is the same after it was stored");
    plan
}

/// Every case by its name, with the plan that follows.
fn cases() -> Vec<(String, Case)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans");
    let files = std::fs::read_dir(&folder).expect("the cases").map(|file| file.expect("a file").path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    files.sort();
    let read = |path: &std::path::PathBuf| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).expect("a file");
        let case: Case = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, case)
    };
    files.iter().map(read).collect()
}

/// Every plan that is kept here, by its case's name.
pub fn kept() -> Vec<(String, Plan)> {
    cases().into_iter().map(|(name, case)| (name, planned(&case))).collect()
}

#[test]
fn every_case_is_planned_as_its_snapshot_shows() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans");
    let cases = cases();
    assert!(cases.len() > 20, "{} cases", cases.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder.join("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let mut said = BTreeSet::new();
    for (name, case) in &cases {
        assert!(said.insert(case.says.clone()), "{name} says what another case says");
        settings.set_description(&case.says);
        settings.bind(|| insta::assert_snapshot!(&**name, planned(case).to_string()));
    }
    let snapshots = std::fs::read_dir(folder.join("snapshots")).expect("the snapshots").count();
    assert_eq!(snapshots, cases.len(), "every snapshot belongs to a case");
}
