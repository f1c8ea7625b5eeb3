//! What chat needs of the desk: who asks there, one request for each time that somebody asked, and what waits for whom.

use std::time::Duration;

use genkan::model::{Heard, Language, Origin, Part, RequestState, Snowflake};
use genkan::requests::submit::Submitted;
use genkan::store::Changed;

use super::{Story, onboard};
use crate::house::Process;

fn snowflake(number: u64) -> Snowflake {
    format!("118000000000{number:06}").parse().expect("a snowflake")
}

fn says(desk: &Process, interaction: u64, words: &str) -> Heard {
    Heard {
        interaction: snowflake(interaction),
        user: snowflake(401),
        channel: snowflake(201),
        language: Language::Japanese,
        words: words.to_owned(),
        at: desk.desk.now(),
    }
}

fn origin(heard: &Heard) -> Origin {
    Origin {
        interaction: heard.interaction.clone(),
        channel: heard.channel.clone(),
        message: None,
        language: heard.language,
    }
}

#[tokio::test]
async fn who_asks_in_discord_is_who_the_config_says_with_the_roles_of_now() {
    let (aiko, lead) = (snowflake(401), snowflake(302));
    let story = Story::where_config(|config| {
        let discord =
            serde_json::json!({"guild": snowflake(100), "channel": snowflake(201), "roles": {"infra-leads": lead}});
        config.discord = Some(serde_json::from_value(discord).expect("settings"));
        let known = config.people.iter_mut().find(|person| person.name == "aiko").expect("known");
        known.discord = Some(aiko.clone());
    })
    .await;
    let person = story.desk.desk.member(&aiko, &[]).expect("known");
    assert_eq!((person.name.as_str(), person.groups.contains(&"infra-leads".to_owned())), ("aiko", false));
    let promoted = story.desk.desk.member(&aiko, std::slice::from_ref(&lead)).expect("known");
    assert!(promoted.groups.contains(&"infra-leads".to_owned()), "{promoted:?}");
    let refused = story.desk.desk.member(&snowflake(999), &[lead]).expect_err("a role alone is nobody").to_string();
    assert!(refused.contains(snowflake(999).as_str()) && refused.contains("[[people]]"), "{refused}");
}

#[tokio::test]
async fn asked_once_in_chat_it_is_one_request_however_often_it_is_delivered() {
    let story = Story::begins().await;
    let aiko = story.desk.person("aiko").await;
    let heard = says(&story.desk, 1, "/onboard project-x dev");
    assert!(story.desk.desk.hear(&heard).await.expect("written"));
    let prepared = story.desk.desk.plan(&aiko, &onboard("project-x", "dev")).await.expect("a plan");
    let mut made = Vec::new();
    for desk in [&story.desk, &story.house.start().await] {
        match desk.desk.submit(&aiko, &prepared, Some(&origin(&heard))).await.expect("submitted") {
            Submitted::Request(request) => made.push(request.id),
            Submitted::NothingToDo => panic!("there is something to do"),
        }
    }
    assert_eq!(made[0], made[1]);
    let card = story.desk.desk.posted(&made[0]).await.expect("read");
    assert!(matches!(card.as_slice(), [card] if card.part == Part::Card && card.channel == snowflake(201)), "{card:?}");
    assert_eq!(story.desk.desk.to_draw().await.expect("read"), [made[0].clone()]);

    // When it is done, and delivered once more, it is still that one, not "nothing to do".
    story.goes_well(&made[0]).await;
    let again = story.desk.desk.submit(&aiko, &prepared, Some(&origin(&heard))).await.expect("submitted");
    assert!(matches!(again, Submitted::Request(request) if request.state == RequestState::Done));
    assert_eq!(story.desk.desk.to_draw().await.expect("read"), [made[0].clone()], "its card does not show that yet");
    let shown = genkan::model::Posted { ended: true, ..card[0].clone() };
    story.desk.desk.remember_posted(&shown).await.expect("written");
    assert_eq!(story.desk.desk.to_draw().await.expect("read"), []);
}

#[tokio::test]
async fn who_was_not_answered_when_a_process_died_is_told_by_the_next() {
    let story = Story::begins().await;
    let dies = story.house.start().await;
    let early = says(&dies, 1, "/status");
    dies.desk.hear(&early).await.expect("written");
    dies.wait_until(dies.desk.now() + Duration::from_mins(20));
    let (late, answered) = (says(&dies, 2, "/onboard project-x dev"), says(&dies, 3, "/help"));
    for heard in [&late, &answered] {
        dies.desk.hear(heard).await.expect("written");
    }
    dies.desk.answered(&answered.interaction).await.expect("written");
    drop(dies);

    let next = story.house.start().await;
    let told = next.desk.unanswered().await.expect("read");
    assert_eq!(
        told.iter().map(|heard| heard.words.as_str()).collect::<Vec<_>>(),
        ["/status", "/onboard project-x dev"]
    );
    drop(next);
    let told = story.house.start().await.desk.unanswered().await.expect("read");
    assert_eq!(told.len(), 1, "what cannot be answered any more is told once: {told:?}");
}

#[tokio::test]
async fn what_waits_for_a_lead_is_what_others_asked_for_and_the_lead_has_not_approved() {
    let story = Story::begins().await;
    let (ren, mio, guest) =
        (story.desk.person("ren").await, story.desk.person("mio").await, story.desk.person("guest").await);
    let first = story.asks("aiko", onboard("project-x", "production")).await;
    let own = story.asks("ren", onboard("project-y", "dev")).await;
    let awaiting = async |person| {
        let awaited = story.desk.desk.awaiting(person).await.expect("read");
        awaited.into_iter().map(|awaited| (awaited.request.id, awaited.held.len())).collect::<Vec<_>>()
    };
    assert_eq!(awaiting(&ren).await, [(first.clone(), 1)]);
    assert_eq!(awaiting(&mio).await, [(first.clone(), 1), (own.clone(), 1)], "the oldest first");
    assert_eq!(awaiting(&guest).await, []);
    story.desk.approve("ren", &first).await.expect("approved");
    assert_eq!(awaiting(&ren).await, [], "it takes another one's approval");
    story.desk.approve("mio", &first).await.expect("approved");
    assert_eq!(awaiting(&mio).await, [(own, 1)], "it has all that it needs, though nobody has taken it up yet");
}

#[tokio::test]
async fn what_can_be_chosen_from() {
    let story = Story::begins().await;
    let guest = story.desk.person("guest").await;
    assert_eq!(story.desk.desk.known_projects(&guest).await.expect("read"), []);
    for (project, environment) in [("project-y", "dev"), ("project-x", "dev"), ("project-x", "staging")] {
        story.asks("aiko", onboard(project, environment)).await;
    }
    let known = story.desk.desk.known_projects(&guest).await.expect("read");
    assert_eq!(known.iter().map(|project| project.as_str()).collect::<Vec<_>>(), ["project-x", "project-y"]);
    let environments: Vec<&str> = story.desk.desk.environments().map(|name| name.as_str()).collect();
    assert_eq!(environments, ["dev", "production", "staging"]);
    let adoptable = story.desk.desk.adoptable("dev");
    assert!(adoptable.iter().any(|id| id.as_str() == "bucket") && adoptable.len() == 7, "{adoptable:?}");
    assert_eq!(story.desk.desk.adoptable("nowhere"), []);
}

#[tokio::test]
async fn a_bot_hears_of_what_is_approved_at_a_terminal() {
    let story = Story::begins().await;
    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    let bot = story.house.start().await;
    let mut changes = bot.desk.changes_everywhere().await.expect("listens");
    story.desk.approve("ren", &id).await.expect("approved");
    let told = tokio::time::timeout(Duration::from_secs(20), changes.next()).await.expect("soon");
    assert_eq!(told, Some(Changed::Many));
}
