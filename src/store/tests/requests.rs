//! Requests: one at a time, found again, their states, and what two of them may not do to a shared resource.

use jiff::Timestamp;

use super::*;
use crate::model::RequestState;
use crate::model::request::RequestMove;
use crate::store::{AdvanceError, ApproveError, FindError, Given, RequestFilter, StoreError, SubmitError};

async fn try_submit(shelf: &Shelf, plan: Plan) -> Result<Request, SubmitError> {
    shelf
        .store
        .submit(NewRequest {
            id: RequestId::from_random(rand::random()),
            plan,
            by: person("bob"),
            asked_at: Timestamp::now(),
            origin: None,
        })
        .await
}

#[tokio::test]
async fn a_second_request_is_told_who_has_the_place() {
    let shelf = Shelf::new().await;
    let first = shelf.submit(onboard("project-x", vec![])).await;
    let refused = try_submit(&shelf, teardown("project-x", vec![])).await.unwrap_err();
    assert_eq!(refused, SubmitError::Busy(Box::new(first.clone())));
    assert_eq!(refused.to_string(), format!("onboard of project-x dev is under way: {}, asked for by ann", first.id));
    try_submit(&shelf, onboard("project-y", vec![])).await.expect("another project");
    try_submit(&shelf, plan(Direction::Onboard, "project-x", "staging", vec![])).await.expect("another environment");

    shelf.store.advance(&first, RequestMove::Cancel, None, None).await.unwrap();
    try_submit(&shelf, teardown("project-x", vec![])).await.expect("the place is free again");
}

#[tokio::test]
async fn a_request_is_found_by_the_beginning_of_its_id() {
    let shelf = Shelf::new().await;
    let mut made = Vec::new();
    for number in 0..40 {
        made.push(shelf.submit(onboard(&format!("project-{number}"), vec![])).await);
    }
    let wanted = &made[7];
    for prefix in [wanted.id.as_str(), &wanted.id.as_str()[2..], &wanted.id.as_str()[..11]] {
        assert_eq!(shelf.store.find(prefix).await.as_ref(), Ok(wanted), "{prefix}");
    }
    // 40 ids, 28 first characters: at least one is that of two.
    let first = |request: &Request| request.id.as_str()[..3].to_owned();
    let shared = made.iter().map(first).find(|start| made.iter().filter(|one| first(one) == *start).count() > 1);
    assert!(matches!(shelf.store.find(&shared.unwrap()).await, Err(FindError::Ambiguous { ids, .. }) if ids.len() > 1));
    for nothing in ["", "r-", "%", "r-%", "r-__________", "r-aaaaaaaaaa", "R-", "' or 1=1"] {
        assert_eq!(shelf.store.find(nothing).await, Err(FindError::Nothing(nothing.to_owned())));
    }
    let unknown = RequestId::from_random(1);
    assert_eq!(shelf.store.request(&unknown).await, Err(StoreError::NotFound(unknown)));
}

#[tokio::test]
async fn a_list_begins_with_the_newest_and_shows_what_is_asked_for() {
    let shelf = Shelf::new().await;
    let first = shelf.submit(onboard("project-x", vec![])).await;
    let other = shelf.submit(onboard("project-y", vec![])).await;
    let first = shelf.store.advance(&first, RequestMove::Cancel, Some(&person("ann")), Some("a typo")).await.unwrap();
    let again = shelf.submit(onboard("project-x", vec![])).await;

    let all = shelf.store.list(&RequestFilter::default()).await.unwrap();
    assert_eq!(all, [again.clone(), other.clone(), first.clone()]);
    assert_eq!(shelf.store.list(&open()).await.unwrap(), [again.clone(), other]);
    let filter = RequestFilter { project: Some("project-x".parse().unwrap()), ..RequestFilter::default() };
    assert_eq!(shelf.store.list(&filter).await.unwrap(), [again.clone(), first.clone()]);
    assert_eq!(shelf.store.list(&RequestFilter { limit: Some(1), ..filter.clone() }).await.unwrap(), [again]);
    let states = vec![RequestState::Cancelled, RequestState::Done];
    assert_eq!(shelf.store.list(&RequestFilter { states, ..filter }).await.unwrap(), [first]);
    let filter = RequestFilter { environment: Some("staging".parse().unwrap()), ..RequestFilter::default() };
    assert_eq!(shelf.store.list(&filter).await.unwrap(), []);
}

#[tokio::test]
async fn every_change_of_state_is_written_down() {
    let shelf = Shelf::new().await;
    let store = &shelf.store;
    let open = shelf.submit(onboard("project-x", vec![])).await;
    let failed = store.advance(&open, RequestMove::Fail, None, Some("no permission")).await.unwrap();
    assert_eq!(failed.state, RequestState::Failed);
    let retried = store.advance(&failed, RequestMove::Retry, Some(&person("bob")), None).await.unwrap();
    assert_eq!((retried.state, &retried.reason), (RequestState::Open, &None));
    assert_eq!(store.request(&open.id).await.unwrap(), retried);

    let journal = store.journal(&open.id).await.unwrap();
    assert!(matches!(journal.as_slice(), [only] if only.event == Event::Retried && only.seq == 1), "{journal:?}");

    let history = store.history(&open.id).await.unwrap();
    let told: Vec<_> = history
        .iter()
        .map(|change| (change.from, change.to, change.by.as_ref().map(|by| by.name.as_str()), change.reason.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            (None, RequestState::Open, Some("ann"), None),
            (Some(RequestState::Open), RequestState::Failed, None, Some("no permission")),
            (Some(RequestState::Failed), RequestState::Open, Some("bob"), None),
        ]
    );
    assert!(history.is_sorted_by(|one, next| one.at < next.at), "each later than the one before");
}

#[tokio::test]
async fn a_change_is_refused_where_it_leads_nowhere_or_another_was_faster() {
    let shelf = Shelf::new().await;
    let store = &shelf.store;
    let open = shelf.submit(onboard("project-x", vec![])).await;
    let done = store.advance(&open, RequestMove::Finish, None, None).await.unwrap();
    let refused = store.advance(&open, RequestMove::Cancel, None, None).await;
    assert_eq!(refused, Err(AdvanceError::Changed(Box::new(done.clone()))), "seen open, done meanwhile");
    let refused = store.advance(&done, RequestMove::Cancel, None, None).await;
    assert_eq!(refused, Err(AdvanceError::NotPossible { id: done.id.clone(), state: RequestState::Done }));
    assert_eq!(store.history(&open.id).await.unwrap().len(), 2, "what was refused was not written");
}

#[tokio::test]
async fn a_failed_request_is_not_opened_again_while_its_place_is_taken() {
    let shelf = Shelf::new().await;
    let store = &shelf.store;
    let first = shelf.submit(onboard("project-x", vec![secret(Action::Create)])).await;
    let first = store.advance(&first, RequestMove::Fail, None, None).await.unwrap();
    let second = shelf.submit(onboard("project-x", vec![])).await;
    let refused = store.advance(&first, RequestMove::Retry, None, None).await;
    assert_eq!(refused, Err(AdvanceError::InTheWay(SubmitError::Busy(Box::new(second.clone())))));
    store.advance(&second, RequestMove::Cancel, None, None).await.unwrap();

    let other = shelf.submit(teardown("project-y", vec![secret(remove())])).await;
    let refused = store.advance(&first, RequestMove::Retry, None, None).await;
    let resource = key(&secret(keep()));
    let shared = SubmitError::SharedInUse { request: other.id.clone(), removes: true, resource };
    assert_eq!(refused, Err(AdvanceError::InTheWay(shared)));
    store.advance(&other, RequestMove::Cancel, None, None).await.unwrap();
    store.advance(&first, RequestMove::Retry, None, None).await.expect("nothing is in the way");
    assert_eq!(store.journal(&first.id).await.unwrap().len(), 1, "one try that was allowed");
}

#[tokio::test]
async fn a_shared_resource_is_not_removed_under_an_onboarding_nor_relied_on_under_a_teardown() {
    let shelf = Shelf::new().await;
    let store = &shelf.store;
    let resource = key(&secret(keep()));

    let letting_in = shelf.submit(onboard("project-x", vec![secret(keep())])).await;
    let refused = try_submit(&shelf, teardown("project-y", vec![secret(remove())])).await.unwrap_err();
    let expected =
        SubmitError::SharedInUse { request: letting_in.id.clone(), removes: false, resource: resource.clone() };
    assert_eq!(refused, expected);
    assert_eq!(
        refused.to_string(),
        format!("the secret TOKEN in {} is shared, and {}, which is still open, relies on it", place(), letting_in.id)
    );
    let keeping = try_submit(&shelf, teardown("project-y", vec![secret(keep())])).await.expect("it lets it be");
    try_submit(&shelf, onboard("project-z", vec![secret(Action::Create)])).await.expect("both rely on it");
    store.advance(&keeping, RequestMove::Cancel, None, None).await.unwrap();
    for open in store.list(&open()).await.unwrap() {
        store.advance(&open, RequestMove::Finish, None, None).await.unwrap();
    }

    let showing_out = shelf.submit(teardown("project-y", vec![secret(remove())])).await;
    let refused = try_submit(&shelf, onboard("project-w", vec![secret(Action::Create)])).await.unwrap_err();
    assert_eq!(refused, SubmitError::SharedInUse { request: showing_out.id, removes: true, resource });
    let mut elsewhere = secret(Action::Create);
    elsewhere.desired.place.account = "333333333333".parse().unwrap();
    try_submit(&shelf, onboard("project-w", vec![elsewhere])).await.expect("another account's secret");
    let own = repository("images", "TOKEN", Action::Create);
    try_submit(&shelf, onboard("project-v", vec![own])).await.expect("another kind");
}

#[tokio::test]
async fn an_approval_counts_once_and_only_while_the_request_is_open() {
    let shelf = Shelf::new().await;
    let store = &shelf.store;
    let step = gated(secret(Action::Create), 1);
    let request = shelf.submit(onboard("project-x", vec![step.clone()])).await;
    shelf.ask(&request.id, &step).await;
    let yes = approval(&step, step.digest(), "lea");
    assert_eq!(store.approve(&request.id, &yes).await, Ok(Given::Recorded));
    let later = Approval { by: Person { via: "Discord".to_owned(), ..person("lea") }, ..yes.clone() };
    assert_eq!(store.approve(&request.id, &later).await, Ok(Given::AlreadyThere));
    let given = store.approvals(&request.id).await.unwrap();
    assert_eq!(given.iter().map(|given| &given.by).collect::<Vec<_>>(), [&yes.by]);

    store.advance(&request, RequestMove::Reject, Some(&person("leo")), None).await.unwrap();
    let refused = store.approve(&request.id, &approval(&step, step.digest(), "mia")).await;
    assert_eq!(refused, Err(ApproveError::NotOpen { id: request.id.clone(), state: RequestState::Rejected }));
    assert_eq!(store.approvals(&request.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_written_down_cannot_be_changed_or_deleted() {
    let shelf = Shelf::new().await;
    let step = gated(secret(Action::Create), 1);
    let request = shelf.submit(onboard("project-x", vec![step.clone()])).await;
    shelf.ask(&request.id, &step).await;
    shelf.store.approve(&request.id, &approval(&step, step.digest(), "lea")).await.unwrap();
    shelf.store.withdraw(&request.id, &step.desired.id, &person("lea")).await.unwrap();
    shelf.store.advance(&request, RequestMove::Retry, None, None).await.unwrap();
    let mut raw = shelf.raw().await;
    for statement in [
        "update journal set event = '{}'",
        "delete from journal",
        "update approvals set name = 'mia'",
        "delete from approvals",
        "update questions set until = 9999999999999999",
        "delete from questions",
        "update withdrawals set at = 0",
        "delete from withdrawals",
        "delete from clock",
        "update request_events set person = null",
        "delete from request_events",
        "update requests set plan = '{}'",
        "update requests set person = '{}'",
        "delete from requests",
    ] {
        assert!(sqlx::query(statement).execute(&mut raw).await.is_err(), "{statement}");
    }
    for (table, rows) in [
        ("select count(*) from journal", 2),
        ("select count(*) from approvals", 1),
        ("select count(*) from withdrawals", 1),
    ] {
        assert_eq!(sqlx::query_scalar::<_, i64>(table).fetch_one(&mut raw).await.unwrap(), rows, "{table}");
    }
}

fn open() -> RequestFilter {
    RequestFilter { states: vec![RequestState::Open], ..RequestFilter::default() }
}
