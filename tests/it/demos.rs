//! Ten whole demos at once in one process: each with its own local AWS, store and people, and none notices the others.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use genkan::app::{Demo, DemoReport};
use genkan::cli::Printer;

/// Words that a demo does not say by itself.
const PROJECTS: [&str; 10] =
    ["alder", "birch", "cedar", "damson", "elder", "fir-tree", "gorse", "hazel", "ilex", "juniper"];

const ENVIRONMENTS: [&str; 3] = ["dev", "staging", "production"];

/// Plays a demo; what it told, and its report.
async fn play(project: &str, environment: &str) -> (String, DemoReport) {
    let told: Arc<Mutex<Vec<u8>>> = Arc::default();
    let printer = Printer::to(false, Arc::clone(&told) as _, Arc::clone(&told) as _);
    let folder = tempfile::tempdir().expect("a folder");
    let demo = Demo::start(folder.path(), project, environment, Duration::ZERO, &printer).await.expect("a stage");
    let report = demo.play().await.expect("played");
    let told = told.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (String::from_utf8(told).expect("text"), report)
}

/// What it did to AWS. How often it looked depends on how long it waited for the others.
fn changing(report: &DemoReport) -> BTreeMap<&str, u64> {
    let looks = ["Get", "List", "Describe", "Head", "BatchGet", "AssumeRole"];
    let changes = |action: &str| {
        let operation = action.split_once(':').map_or("", |(_, operation)| operation);
        !looks.iter().any(|look| operation.starts_with(look))
    };
    report.calls.iter().filter(|(action, _)| changes(action)).map(|(action, count)| (action.as_str(), *count)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_demos_at_once_do_not_notice_each_other() {
    let mut lone = BTreeMap::new();
    for environment in ENVIRONMENTS {
        let (_, report) = play("walnut", environment).await;
        assert!(report.holds(), "{report:?}");
        lone.insert(environment, report);
    }
    let played = PROJECTS.into_iter().enumerate().map(|(number, project)| {
        let (project, environment) = (project.to_owned(), ENVIRONMENTS[number % ENVIRONMENTS.len()]);
        tokio::spawn(async move {
            let (told, report) = play(&project, environment).await;
            (project, environment, told, report)
        })
    });
    let played: Vec<_> =
        futures::future::join_all(played).await.into_iter().map(|ended| ended.expect("it held")).collect();
    assert_eq!(played.len(), 10);
    for (project, environment, told, report) in &played {
        assert!(report.holds(), "{project} {environment}: {report:?}\n{told}");
        assert_eq!((report.project.as_str(), report.environment.as_str()), (project.as_str(), *environment));
        assert_eq!(changing(report), changing(&lone[environment]), "{project} {environment}");
        let actions = |report: &DemoReport| report.calls.keys().cloned().collect::<Vec<_>>();
        assert_eq!(actions(report), actions(&lone[environment]), "{project} {environment}: it looks at the same");
        for (other, ..) in played.iter().filter(|(other, ..)| other != project) {
            assert!(!told.contains(other), "{project} {environment} hears of {other}:\n{told}");
        }
    }
}
