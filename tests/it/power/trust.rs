//! Who may assume a role, and how: every action and every condition of a trust policy keeps somebody out.

use aws_sdk_sts::types::Tag;
use genkan::sandbox::seed::{Seed, SeedUser};
use serde_json::{Value, json};

use super::chapters::CHAPTERS;
use crate::world::{CONFIG, SPOKE, World};

/// What is asked of STS: as the tool asks, but for one thing.
#[derive(Clone)]
struct Wish {
    user: &'static str,
    name: &'static str,
    external_id: Option<&'static str>,
    source_identity: Option<&'static str>,
    tags: Vec<&'static str>,
}

fn right() -> Wish {
    Wish {
        user: "genkan",
        name: "genkan-r-7k2m9x4bqd-a-step",
        external_id: Some("genkan-test"),
        source_identity: Some("aiko"),
        tags: vec!["request", "step", "approvers", "digest"],
    }
}

/// Two users who may ask for whatever they like.
fn anybody(seed: &mut Seed) {
    let all = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]});
    seed.accounts[0].users[0].policies = vec![("all".to_owned(), all)];
    let other = SeedUser {
        name: "other".to_owned(),
        access_key: "AKIAOTHER00000000000".to_owned(),
        ..seed.accounts[0].users[0].clone()
    };
    seed.accounts[0].users.push(other);
}

async fn is_let_in(wish: &Wish, change: impl FnOnce(&mut Seed)) -> bool {
    let world = World::with(CONFIG, |seed| {
        anybody(seed);
        change(seed);
    })
    .await;
    let sts = aws_sdk_sts::Client::new(&world.user(wish.user));
    let tags =
        wish.tags.iter().map(|tag| Tag::builder().key(format!("genkan:{tag}")).value("-").build().expect("a tag"));
    let tags: Vec<Tag> = tags.collect();
    let asked = sts
        .assume_role()
        .role_arn(format!("arn:aws:iam::{SPOKE}:role/genkan-writer"))
        .role_session_name(wish.name)
        .set_external_id(wish.external_id.map(str::to_owned))
        .set_source_identity(wish.source_identity.map(str::to_owned))
        .set_tags(Some(tags).filter(|tags| !tags.is_empty()));
    asked.send().await.is_ok()
}

/// Takes a condition's key from the writer's trust policy.
fn without(operator: &'static str, key: &str) -> impl FnOnce(&mut Seed) {
    let key = key.to_owned();
    move |seed: &mut Seed| {
        let writer = seed.accounts[1].roles.iter_mut().find(|role| role.name == "genkan-writer").expect("a writer");
        for statement in writer.trust["Statement"].as_array_mut().expect("statements") {
            let Some(conditions) = statement.get_mut("Condition").and_then(Value::as_object_mut) else { continue };
            let Some(keys) = conditions.get_mut(operator).and_then(Value::as_object_mut) else { continue };
            keys.remove(&key);
            if keys.is_empty() {
                conditions.remove(operator);
            }
            if conditions.is_empty() {
                statement.as_object_mut().expect("a statement").remove("Condition");
            }
        }
    }
}

#[tokio::test]
async fn each_condition_of_a_trust_policy_keeps_somebody_out() {
    assert!(is_let_in(&right(), |_| {}).await, "the tool is let in");
    let tag = |left: &'static str| {
        let tags = right().tags.into_iter().filter(|tag| *tag != left).collect();
        (Wish { tags, ..right() }, "Null", format!("aws:RequestTag/genkan:{left}"))
    };
    let cases = [
        (Wish { user: "other", ..right() }, "ArnLike", "aws:PrincipalArn".to_owned()),
        (Wish { name: "console", ..right() }, "StringLike", "sts:RoleSessionName".to_owned()),
        (Wish { external_id: Some("another"), ..right() }, "StringEquals", "sts:ExternalId".to_owned()),
        (Wish { external_id: None, ..right() }, "StringEquals", "sts:ExternalId".to_owned()),
        (Wish { source_identity: None, ..right() }, "Null", "sts:SourceIdentity".to_owned()),
        tag("request"),
        tag("step"),
        tag("approvers"),
        tag("digest"),
    ];
    for (wish, operator, key) in cases {
        assert!(!is_let_in(&wish, |_| {}).await, "{key} keeps out");
        assert!(is_let_in(&wish, without(operator, &key)).await, "nothing else than {key} does");
    }
}

#[tokio::test]
async fn each_action_of_a_trust_policy_and_of_the_tools_own_is_needed() {
    let (_, doctor) = CHAPTERS[CHAPTERS.len() - 1];
    let mut tried = 0;
    // Without the first, nobody may assume it: IAM does not take that as a trust policy.
    for number in 1..3 {
        for role in 0..5 {
            let world = World::with(CONFIG, |seed| {
                let mut roles = seed.accounts.iter_mut().flat_map(|account| &mut account.roles);
                roles.nth(role).expect("five roles").trust["Statement"]
                    .as_array_mut()
                    .expect("statements")
                    .remove(number);
            })
            .await;
            assert!(doctor(&world).await.is_err(), "statement {number} of the trust policy of role {role}");
            tried += 1;
        }
    }
    let mut own = 0;
    World::with(CONFIG, |seed| own = seed.accounts[0].users[0].policies.len()).await;
    for number in 0..own {
        for action in ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"] {
            let world = World::with(CONFIG, |seed| {
                let policy = &mut seed.accounts[0].users[0].policies[number].1;
                let text = policy.to_string().replace(action, "sts:GetCallerIdentity");
                *policy = serde_json::from_str(&text).expect("JSON");
            })
            .await;
            assert!(doctor(&world).await.is_err(), "{action} of the tool's own policy");
            tried += 1;
        }
    }
    assert!(tried >= 13, "{tried}");
}
