//! Which messages show a request: remembered over each other, found again, told to nobody.

use super::*;
use crate::model::chat::Asked;
use crate::model::request::RequestMove;
use crate::model::{Language, Part, Posted, RequestState};

fn card(request: &Request) -> Posted {
    Posted {
        request: request.id.clone(),
        part: Part::Card,
        channel: "118000000000000201".parse().unwrap(),
        message: None,
        language: Language::English,
        shown: None,
        ended: false,
    }
}

#[tokio::test]
async fn a_message_is_remembered_over_what_was_known_of_it() {
    let shelf = Shelf::new().await;
    let store = &shelf.store;
    let step = gated(secret(Action::Create), 1);
    let request = shelf.submit(onboard("project-x", vec![step.clone()])).await;
    assert_eq!(store.posted(&request.id).await.unwrap(), [], "it was not asked for in chat");

    let before = card(&request);
    let asked = |digest: Digest, question: u64| Asked { step: step.desired.id.clone(), digest, question };
    let part = Part::Approval(asked(step.digest(), 3));
    let question = Posted { part, language: Language::Japanese, ..before.clone() };
    let other = Part::Approval(asked(Digest::of(&"another VPC"), 3));
    let changed = Posted { part: other, ended: true, ..question.clone() };
    let anew = Posted { part: Part::Approval(asked(step.digest(), 7)), ..question.clone() };
    let reminder = Posted { part: Part::Reminder(asked(step.digest(), 3)), ..question.clone() };
    let mut changes = store.subscribe();
    for one in [&question, &before, &changed, &anew, &reminder] {
        store.remember_posted(one).await.unwrap();
    }
    let after = Posted {
        message: Some("118000000000000900".parse().unwrap()),
        shown: Some(Digest::of(&"a card")),
        channel: "118000000000000202".parse().unwrap(),
        ..before
    };
    store.remember_posted(&after).await.unwrap();
    let found = store.posted(&request.id).await.unwrap();
    assert_eq!(found.len(), 5);
    assert_eq!(found[0], after, "the card comes first");
    assert!([question, changed, anew, reminder].iter().all(|one| found.contains(one)), "{found:?}");
    assert!(futures::poll!(std::pin::pin!(changes.next())).is_pending(), "nobody is told of it");
}

#[tokio::test]
async fn what_may_have_to_be_drawn_is_open_or_failed_or_does_not_show_its_last() {
    let shelf = Shelf::new().await;
    let store = &shelf.store;
    let mut requests = Vec::new();
    for (number, moved) in
        [None, Some(RequestMove::Fail), Some(RequestMove::Finish), Some(RequestMove::Cancel)].into_iter().enumerate()
    {
        let request = shelf.submit(onboard(&format!("project-{number}"), vec![])).await;
        requests.push(match moved {
            Some(moved) => store.advance(&request, moved, None, None).await.unwrap(),
            None => request,
        });
    }
    let [open, failed, done, cancelled] = requests.as_slice() else { panic!("four") };
    assert_eq!(store.to_draw().await.unwrap(), [open.id.clone(), failed.id.clone()]);
    for request in [done, cancelled, open] {
        store.remember_posted(&card(request)).await.unwrap();
    }
    let ids = |requests: &[&Request]| requests.iter().map(|request| request.id.clone()).collect::<Vec<_>>();
    assert_eq!(store.to_draw().await.unwrap(), ids(&[open, failed, done, cancelled]), "the oldest first");
    store.remember_posted(&Posted { ended: true, ..card(done) }).await.unwrap();
    assert_eq!(store.to_draw().await.unwrap(), ids(&[open, failed, cancelled]));
    assert_eq!(cancelled.state, RequestState::Cancelled);
}
