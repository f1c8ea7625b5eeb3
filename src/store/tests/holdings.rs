//! Holdings: what is ours and for whom, what was begun, and which projects are in.

use super::*;
use crate::engine::Journal as _;
use crate::model::request::RequestMove;

/// Hands a plan in, finishes its one step, and the request.
async fn carry_out(shelf: &Shelf, plan: Plan, did: Did, ours: bool) -> Request {
    let step = plan.steps[0].clone();
    let request = shelf.submit(plan).await;
    let lease = shelf.lease(&request.id).await;
    shelf.store.append(&lease, &started(&step)).await.unwrap();
    shelf.store.append(&lease, &finished(&step, did, ours)).await.unwrap();
    shelf.store.conclude(&lease, RequestMove::Finish, None).await.unwrap().unwrap()
}

async fn others(shelf: &Shelf, project: &str) -> Vec<String> {
    let (project, environment) = (project.parse().unwrap(), "dev".parse().unwrap());
    let found = shelf.store.others(&key(&secret(keep())), &project, &environment).await.unwrap();
    found.iter().map(|(project, environment)| format!("{project} {environment}")).collect()
}

#[tokio::test]
async fn a_resource_is_held_from_an_onboarding_to_the_teardown() {
    let shelf = Shelf::new().await;
    let store = &shelf.store;
    let resource = key(&secret(keep()));
    assert_eq!(store.remembered(&resource, None).await.unwrap(), None);

    carry_out(&shelf, onboard("project-x", vec![secret(Action::Create)]), Did::Created, true).await;
    assert_eq!(store.remembered(&resource, None).await.unwrap(), Some(outputs("token")));
    assert_eq!(others(&shelf, "project-x").await, Vec::<String>::new());
    assert_eq!(others(&shelf, "project-y").await, ["project-x dev"]);

    let staging = plan(Direction::Onboard, "project-x", "staging", vec![secret(keep())]);
    carry_out(&shelf, staging, Did::Kept, true).await;
    assert_eq!(others(&shelf, "project-x").await, ["project-x staging"], "another environment is another holder");

    // Still needed: the teardown lets it be, and the project does not hold it any more.
    carry_out(&shelf, teardown("project-x", vec![secret(keep())]), Did::Kept, true).await;
    assert_eq!(others(&shelf, "project-y").await, ["project-x staging"]);
    assert!(store.remembered(&resource, None).await.unwrap().is_some());

    let staging = plan(Direction::Teardown, "project-x", "staging", vec![secret(remove())]);
    carry_out(&shelf, staging, Did::Removed, true).await;
    assert_eq!(others(&shelf, "project-y").await, Vec::<String>::new());
    assert_eq!(store.remembered(&resource, None).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_not_ours_is_not_held() {
    let shelf = Shelf::new().await;
    carry_out(&shelf, onboard("project-x", vec![secret(keep())]), Did::Kept, false).await;
    assert_eq!(others(&shelf, "project-y").await, Vec::<String>::new());
    assert_eq!(shelf.store.remembered(&key(&secret(keep())), None).await.unwrap(), None);
}

#[tokio::test]
async fn an_onboarding_under_way_needs_what_it_relies_on() {
    let shelf = Shelf::new().await;
    let request = shelf.submit(onboard("project-x", vec![secret(Action::Create)])).await;
    assert_eq!(others(&shelf, "project-y").await, ["project-x dev"]);
    assert_eq!(others(&shelf, "project-x").await, Vec::<String>::new());
    shelf.store.advance(&request, RequestMove::Cancel, None, None).await.unwrap();
    assert_eq!(others(&shelf, "project-y").await, Vec::<String>::new());
}

#[tokio::test]
async fn what_was_begun_is_known_until_its_end_is() {
    let shelf = Shelf::new().await;
    let store = &shelf.store;
    let (new, there) =
        (repository("new", "new", Action::Create), repository("there", "there", Action::Adopt { changes: vec![] }));
    let request = shelf.submit(onboard("project-x", vec![new.clone(), there.clone()])).await;
    let lease = shelf.lease(&request.id).await;
    assert!(!store.begun(&key(&new), None).await.unwrap());
    store.append(&lease, &started(&new)).await.unwrap();
    store.append(&lease, &started(&new)).await.expect("a second try");
    store.append(&lease, &started(&there)).await.unwrap();
    assert!(store.begun(&key(&new), None).await.unwrap());
    assert!(!store.begun(&key(&there), None).await.unwrap(), "only what is created");

    // The request is given up; another one finds what it left.
    store.advance(&request, RequestMove::Cancel, None, None).await.unwrap();
    assert!(store.begun(&key(&new), None).await.unwrap());
    carry_out(&shelf, onboard("project-x", vec![new.clone()]), Did::Created, true).await;
    assert!(!store.begun(&key(&new), None).await.unwrap());
}

#[tokio::test]
async fn a_project_is_known_from_a_done_onboarding_to_a_done_teardown() {
    let shelf = Shelf::new().await;
    let store = &shelf.store;
    let finish = async |plan: Plan| {
        let request = shelf.submit(plan).await;
        store.advance(&request, RequestMove::Finish, None, None).await.unwrap()
    };
    let known = async || {
        let found = store.projects().await.unwrap();
        found.into_iter().map(|known| (known.project.to_string(), known.request)).collect::<Vec<_>>()
    };
    let y = finish(onboard("project-y", vec![])).await;
    let x = finish(onboard("project-x", vec![])).await;
    assert_eq!(store.projects().await.unwrap()[0].at, x.changed_at);
    let both = [("project-x".to_owned(), x.id.clone()), ("project-y".to_owned(), y.id.clone())];
    assert_eq!(known().await, both);

    let open = shelf.submit(teardown("project-x", vec![])).await;
    assert_eq!(known().await, both, "not before it is done");
    store.advance(&open, RequestMove::Cancel, None, None).await.unwrap();
    assert_eq!(known().await, both);
    let again = finish(onboard("project-y", vec![])).await;
    finish(teardown("project-x", vec![])).await;
    assert_eq!(known().await, [("project-y".to_owned(), again.id)]);
}
