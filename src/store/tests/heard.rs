//! What was heard in chat: once each, whoever hears it; taken up by the next process where one died over it.

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;

use super::*;
use crate::model::request::RequestMove;
use crate::model::{Heard, Language, Origin, Part, Snowflake};
use crate::store::{StoreError, SubmitError};

fn snowflake(number: u64) -> Snowflake {
    (118_000_000_000_000_000 + number).to_string().parse().unwrap()
}

fn heard(number: u64) -> Heard {
    heard_ago(number, SignedDuration::ZERO)
}

fn heard_ago(number: u64, ago: SignedDuration) -> Heard {
    Heard {
        interaction: snowflake(number),
        user: snowflake(401),
        channel: snowflake(201),
        language: Language::Japanese,
        words: "/onboard project-x dev".to_owned(),
        at: crate::store::rows::whole_micros(Timestamp::now() - ago),
    }
}

fn origin(of: &Heard) -> Origin {
    Origin {
        interaction: of.interaction.clone(),
        channel: of.channel.clone(),
        message: Some(snowflake(900)),
        language: of.language,
    }
}

async fn submit(store: &Store, project: &str, origin: &Origin) -> Result<Request, SubmitError> {
    let new = NewRequest {
        id: RequestId::from_random(rand::random()),
        plan: onboard(project, vec![]),
        by: person("ann"),
        asked_at: Timestamp::now(),
        origin: Some(origin.clone()),
    };
    store.submit(new).await
}

async fn unanswered(store: &Store) -> Vec<Heard> {
    let now = Timestamp::now();
    store.take_unanswered(now - SignedDuration::from_hours(24), now - SignedDuration::from_mins(15)).await.unwrap()
}

#[tokio::test]
async fn what_is_more_than_a_day_old_and_made_no_request_is_forgotten() {
    let shelf = Shelf::new().await;
    let (old, of_a_request, fresh) =
        (heard_ago(1, SignedDuration::from_hours(25)), heard_ago(2, SignedDuration::from_hours(25)), heard(3));
    for heard in [&old, &of_a_request, &fresh] {
        shelf.store.hear(heard).await.unwrap();
    }
    let request = submit(&shelf.store, "project-x", &origin(&of_a_request)).await.unwrap();
    unanswered(&shelf.store).await;
    assert_eq!(shelf.store.hear(&old).await, Ok(true), "nothing is known of it any more");
    assert_eq!(shelf.store.hear(&fresh).await, Ok(false));
    assert_eq!(shelf.store.made_by(&of_a_request.interaction).await, Ok(Some(request.id)));
}

#[tokio::test]
async fn what_is_heard_twice_counts_once() {
    let shelf = Shelf::new().await;
    assert_eq!(shelf.store.hear(&heard(1)).await, Ok(true));
    assert_eq!(shelf.store.hear(&heard(1)).await, Ok(false), "delivered again");
    assert_eq!(shelf.another().await.hear(&heard(1)).await, Ok(false), "to another process");
    assert_eq!(shelf.store.hear(&heard(2)).await, Ok(true));
    let mut raw = shelf.raw().await;
    let (user, words): (String, String) =
        sqlx::query_as("select user_id, words from interactions where id = $1 and answered = false")
            .bind(snowflake(1).as_str())
            .fetch_one(&mut raw)
            .await
            .expect("on disk when it returned");
    assert_eq!((user.as_str(), words.as_str()), (snowflake(401).as_str(), "/onboard project-x dev"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_hears_it_and_one_request_comes_of_it() {
    let shelf = Shelf::new().await;
    let stores = [shelf.store.clone(), shelf.another().await];
    let mut tasks = JoinSet::new();
    for number in 0..12 {
        let store = stores[number % 2].clone();
        tasks.spawn(async move {
            let heard = heard(1);
            (store.hear(&heard).await.unwrap(), submit(&store, "project-x", &origin(&heard)).await.unwrap())
        });
    }
    let all = tasks.join_all().await;
    assert_eq!(all.iter().filter(|(first, _)| *first).count(), 1, "{all:?}");
    assert!(all.iter().all(|(_, request)| *request == all[0].1), "each is told of the one request: {all:?}");
    assert_eq!(shelf.store.list(&Default::default()).await.unwrap().len(), 1);
    assert_eq!(shelf.store.posted(&all[0].1.id).await.unwrap().len(), 1, "one card");
}

#[tokio::test]
async fn a_request_its_interaction_and_its_card_are_written_together_or_not_at_all() {
    let shelf = Shelf::new().await;
    let store = &shelf.store;
    let (first, second) = (heard(1), heard(2));
    store.hear(&first).await.unwrap();
    store.hear(&second).await.unwrap();

    let request = submit(store, "project-x", &origin(&first)).await.unwrap();
    assert_eq!(store.made_by(&first.interaction).await, Ok(Some(request.id.clone())));
    let card = store.posted(&request.id).await.unwrap();
    assert_eq!(card.len(), 1);
    assert_eq!((&card[0].part, &card[0].message), (&Part::Card, &Some(snowflake(900))));
    assert_eq!((&card[0].shown, card[0].ended, card[0].language), (&None, false, Language::Japanese));

    let refused = submit(store, "project-x", &origin(&second)).await.unwrap_err();
    assert_eq!(refused, SubmitError::Busy(Box::new(request.clone())));
    assert_eq!(store.made_by(&second.interaction).await, Ok(None), "what was refused left nothing");

    // Also after it has ended: the same interaction never makes another one, and nobody is told of one.
    let ended = store.advance(&request, RequestMove::Cancel, None, None).await.unwrap();
    let mut changes = store.subscribe();
    assert_eq!(submit(store, "project-x", &origin(&first)).await.unwrap(), ended);
    assert!(futures::poll!(std::pin::pin!(changes.next())).is_pending());

    let never = submit(store, "project-x", &origin(&heard(3))).await.unwrap_err();
    assert!(matches!(&never, SubmitError::Store(StoreError::Failed(why)) if why.contains("never heard")), "{never}");
    assert_eq!(store.list(&Default::default()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_a_dead_process_heard_is_taken_up_once_by_the_next() {
    let shelf = Shelf::new().await;
    let dead = shelf.another().await;
    let minutes = SignedDuration::from_mins;
    let [late, old, fresh, answered, made] =
        [heard_ago(1, minutes(24 * 60 + 1)), heard_ago(2, minutes(16)), heard_ago(3, minutes(1)), heard(4), heard(5)];
    for one in [&fresh, &old, &late, &answered, &made] {
        dead.hear(one).await.unwrap();
    }
    dead.answered(&answered.interaction).await.unwrap();
    submit(&dead, "project-x", &origin(&made)).await.unwrap();

    assert_eq!(unanswered(&shelf.store).await, [], "it is not dead yet");
    assert_eq!(unanswered(&dead).await, [], "its own are under way");
    drop(dead);
    shelf.store.hear(&heard(6)).await.unwrap();
    let (one, other) = (shelf.store.clone(), shelf.another().await);
    let (by_one, by_other) = tokio::join!(unanswered(&one), unanswered(&other));
    let mut taken = [by_one, by_other].concat();
    taken.sort_by_key(|heard| heard.at);
    assert_eq!(taken, [old.clone(), fresh.clone()], "each by one of the two, and none that is somebody's");
    drop((one, other));

    // Who took them over dies too, before anybody was answered.
    let Shelf { dir, store } = shelf;
    drop(store);
    let shelf = Shelf { store: Store::open(&url(&dir)).await.unwrap(), dir };
    let taken = unanswered(&shelf.store).await;
    assert_eq!(taken.iter().map(|heard| &heard.interaction).collect::<Vec<_>>(), [&snowflake(3), &snowflake(6)]);
    for heard in &taken {
        shelf.store.answered(&heard.interaction).await.unwrap();
    }
    assert_eq!(unanswered(&shelf.another().await).await, []);
}

#[tokio::test]
async fn what_a_killed_process_left_beside_the_store_is_removed() {
    let shelf = Shelf::new().await;
    shelf.store.hear(&heard(1)).await.unwrap();
    let left = shelf.dir.path().join("genkan.db-listens-0123456789abcdef0123456789abcdef");
    std::fs::write(&left, "").unwrap();
    let mut raw = shelf.raw().await;
    sqlx::query("update interactions set process = '0123456789abcdef0123456789abcdef'")
        .execute(&mut raw)
        .await
        .unwrap();
    assert_eq!(unanswered(&shelf.store).await.len(), 1, "its lock went with it");
    assert!(!left.exists());

    // Also where it had answered everybody: the next one that listens removes it, and not the file of one that lives.
    std::fs::write(&left, "").unwrap();
    let files = || {
        std::fs::read_dir(shelf.dir.path())
            .unwrap()
            .filter(|file| file.as_ref().unwrap().file_name().to_str().is_some_and(|name| name.contains("-listens-")))
    };
    assert_eq!(files().count(), 2);
    let next = shelf.another().await;
    next.hear(&heard(2)).await.unwrap();
    assert!(!left.exists());
    assert_eq!(files().count(), 2, "two live");
    assert_eq!(unanswered(&shelf.store).await, [], "what the other one heard is that one's");
    drop(next);
    assert_eq!(files().count(), 1, "who ends takes it along");
}
