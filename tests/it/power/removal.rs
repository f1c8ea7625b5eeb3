//! No permission is too many: with each action and each condition's value taken away, one at a time, something breaks.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use futures::StreamExt;
use futures::stream;
use genkan::sandbox::seed::Seed;
use serde_json::{Value, json};

use super::chapters::{CHAPTERS, Chapter};
use crate::world::{CONFIG, World};

/// Something that is taken from a role: in words, from which role of which account, which action is concerned, and how.
struct Removal {
    words: String,
    used: Vec<(String, String)>,
    seed: fn(&mut Seed, &Place),
    place: Place,
}

/// Where in the seed: account, role, statement, and what of it.
#[derive(Clone)]
struct Place {
    account: usize,
    role: usize,
    statement: usize,
    what: What,
}

#[derive(Clone)]
enum What {
    Action(String),
    Condition(String, String),
}

fn statement<'a>(seed: &'a mut Seed, at: &Place) -> &'a mut Value {
    &mut seed.accounts[at.account].roles[at.role].policies[0].1["Statement"][at.statement]
}

fn take_away(seed: &mut Seed, at: &Place) {
    match &at.what {
        What::Action(action) => {
            let left: Vec<String> =
                texts(&statement(seed, at)["Action"]).into_iter().filter(|one| one != action).collect();
            if left.is_empty() {
                let policy = &mut seed.accounts[at.account].roles[at.role].policies[0].1;
                policy["Statement"].as_array_mut().expect("statements").remove(at.statement);
            } else {
                statement(seed, at)["Action"] = json!(left);
            }
        }
        What::Condition(operator, key) => {
            statement(seed, at)["Condition"][operator][key] = json!("something-else");
        }
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        one => one.as_str().map(str::to_owned).into_iter().collect(),
    }
}

/// The permissions that a chapter takes: (role's name in its account, action).
async fn used(chapter: &Chapter) -> BTreeSet<(String, String)> {
    let world = World::start().await;
    if let Err((step, why)) = chapter.1(&world).await {
        panic!("{}: {step}: a permission is missing, or something else: {why}", chapter.0);
    }
    let calls = world.aws.log().calls();
    let role = |arn: &str| {
        let (account, rest) = arn.split_once(":assumed-role/")?;
        Some(format!("{} {}", account.rsplit(':').next()?, rest.split('/').next()?))
    };
    let of_roles = calls.iter().filter_map(|call| Some((role(call.caller.as_deref()?)?, &call.permissions)));
    of_roles.flat_map(|(role, actions)| actions.iter().map(move |action| (role.clone(), action.clone()))).collect()
}

/// Every single thing that can be taken away.
fn removals(seed: &Seed) -> Vec<Removal> {
    let mut all = Vec::new();
    for (account, seeded) in seed.accounts.iter().enumerate() {
        for (role, document) in seeded.roles.iter().enumerate() {
            let statements = document.policies[0].1["Statement"].as_array().expect("statements");
            for (number, statement) in statements.iter().enumerate() {
                let actions = texts(&statement["Action"]);
                let at = |what| Place { account, role, statement: number, what };
                let who = format!("{} {}", seeded.id, document.name);
                let words =
                    |what: &str| format!("{} {}: {what}", document.name, statement["Sid"].as_str().unwrap_or("?"));
                for action in &actions {
                    all.push(Removal {
                        words: words(action),
                        used: vec![(who.clone(), action.clone())],
                        seed: take_away,
                        place: at(What::Action(action.clone())),
                    });
                }
                for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
                    for key in keys.as_object().into_iter().flatten().map(|(key, _)| key) {
                        all.push(Removal {
                            words: words(&format!("{key} is another")),
                            used: actions.iter().map(|action| (who.clone(), action.clone())).collect(),
                            seed: take_away,
                            place: at(What::Condition(operator.clone(), key.clone())),
                        });
                    }
                }
            }
        }
    }
    all
}

/// Which step breaks; none if nothing does.
async fn broken(removal: &Removal, chapters: &[(&Chapter, BTreeSet<(String, String)>)]) -> Option<&'static str> {
    for (chapter, used) in chapters {
        if removal.used.iter().any(|one| used.contains(one)) {
            let world = World::with(CONFIG, |seed| (removal.seed)(seed, &removal.place)).await;
            if let Err((step, _)) = chapter.1(&world).await {
                return Some(step);
            }
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_taken_from_a_role_breaks_a_step() {
    let mut chapters = Vec::new();
    for chapter in &CHAPTERS {
        chapters.push((chapter, used(chapter).await));
    }
    let mut seed = None;
    World::with(CONFIG, |made| seed = Some(made.clone())).await;
    let removals = removals(&seed.expect("a seed"));
    assert!(removals.len() > 60, "the permissions are found: {}", removals.len());
    let chapters = &chapters;
    let tried = removals.iter().map(|removal| async move { (removal.words.clone(), broken(removal, chapters).await) });
    let tried: Vec<(String, Option<&str>)> = stream::iter(tried).buffered(6).collect().await;
    let superfluous: Vec<&str> =
        tried.iter().filter(|(_, step)| step.is_none()).map(|(words, _)| words.as_str()).collect();
    assert_eq!(superfluous, [""; 0], "nothing breaks without them");
    let shown = tried.iter().fold(String::new(), |mut text, (words, step)| {
        let _ = writeln!(text, "{words} -> {}", step.unwrap_or_default());
        text
    });
    insta::assert_snapshot!("what_breaks_without", shown);
}
