//! Every action that a role needs, taken away one at a time: doctor names the role and the action, and the statement
//! that it prints, put back, mends it.

use std::collections::BTreeSet;

use genkan::aws::roles::role_policies;
use genkan::model::finding::{Finding, Health};
use genkan::sandbox::faults::{Effect, Rule, When};
use serde_json::{Value, json};

use super::{iam, troubles, with_audit_bucket};
use crate::world::{CONFIG, HUB, SPOKE, World};

/// What nobody but doctor needs: without it an onboarding goes well.
const OF_DOCTOR_ALONE: [&str; 3] = ["iam:SimulatePrincipalPolicy", "kms:DescribeKey", "route53:GetHostedZoneLimit"];

/// The inline policy that holds a role's statements, and the one that a mend is put into.
const OWN: &str = "genkan";
const MEND: &str = "mend";

#[tokio::test]
async fn a_reader_that_may_not_simulate_one_role_is_warned_of_once() {
    let world = World::start().await;
    let documents = role_policies(&world.config, &format!("arn:aws:iam::{HUB}:user/genkan"));
    let reader = documents["shared"].iter().find(|role| role.name() == "genkan-reader").expect("there");
    let mut policy = reader.policy.clone();
    for statement in policy["Statement"].as_array_mut().expect("a list") {
        if statement["Action"] == "iam:SimulatePrincipalPolicy" {
            statement["Resource"] = json!(format!("arn:aws:iam::{SPOKE}:role/genkan-reader"));
        }
    }
    put(&world, SPOKE, "genkan-reader", OWN, &policy).await;
    let [finding] = &troubles(&world).await[..] else { panic!("one") };
    assert_eq!(
        (finding.health, finding.subject.as_str()),
        (Health::Warning, "permissions of writer role genkan-writer")
    );
    assert!(mend_of(std::slice::from_ref(finding)).to_string().contains("role/genkan-writer"), "{finding:?}");
}

async fn put(world: &World, account: &str, role: &str, name: &str, document: &Value) {
    let call = iam(world, account).put_role_policy().role_name(role).policy_name(name);
    call.policy_document(document.to_string()).send().await.expect("put");
}

fn actions(statement: &Value) -> Vec<String> {
    let texts = |value: &Value| value.as_str().map(str::to_owned);
    match &statement["Action"] {
        Value::Array(actions) => actions.iter().filter_map(texts).collect(),
        one => texts(one).into_iter().collect(),
    }
}

/// The document without that action; statements that are left without any are gone.
fn without(document: &Value, action: &str) -> Value {
    let mut document = document.clone();
    let statements = document["Statement"].as_array_mut().expect("a list");
    for statement in statements.iter_mut() {
        statement["Action"] = json!(actions(statement).into_iter().filter(|one| one != action).collect::<Vec<_>>());
    }
    statements.retain(|statement| statement["Action"] != json!([]));
    document
}

/// The statements that the findings print, as a policy.
fn mend_of(found: &[Finding]) -> Value {
    let statement = |finding: &Finding| {
        let mend = finding.mend.as_deref().unwrap_or_else(|| panic!("a mend: {finding:?}"));
        let mut statement: Value = serde_json::from_str(mend).unwrap_or_else(|error| panic!("{error}: {mend}"));
        // Several findings can name the same statement.
        statement.as_object_mut().expect("an object").remove("Sid");
        statement
    };
    json!({"Version": "2012-10-17", "Statement": found.iter().map(statement).collect::<Vec<_>>()})
}

#[tokio::test]
async fn each_action_that_is_missing_is_named_and_its_statement_mends_it() {
    let mut world = with_audit_bucket().await;
    let documents = role_policies(&world.config, &format!("arn:aws:iam::{HUB}:user/genkan"));
    let (mut tried, mut roles, mut mended) = (0, BTreeSet::new(), BTreeSet::new());
    for (account, id, title) in
        [("platform", HUB, "platform (111111111111)"), ("shared", SPOKE, "shared (222222222222)")]
    {
        for role in &documents[account] {
            let all: BTreeSet<String> =
                role.policy["Statement"].as_array().expect("a list").iter().flat_map(actions).collect();
            // What a key of the customer's needs is looked at where the secret has one: see `faults`.
            for action in all.iter().filter(|action| !matches!(action.as_str(), "kms:Decrypt" | "kms:GenerateDataKey"))
            {
                put(&world, id, role.name(), OWN, &without(&role.policy, action)).await;
                world = world.restarted();
                let found = troubles(&world).await;
                assert!(!found.is_empty(), "{account} {} without {action}", role.name());
                for finding in &found {
                    assert_eq!(finding.place, title, "{action}: {finding:?}");
                    let named = format!("{} {}", finding.subject, finding.seen);
                    assert!(named.contains(action.as_str()), "{action}: {finding:?}");
                    let is_doctors = OF_DOCTOR_ALONE.contains(&action.as_str());
                    assert_eq!(finding.health == Health::Warning, is_doctors, "{action}: {finding:?}");
                }
                (tried, _) = (tried + 1, roles.insert(role.name().to_owned()));
                let mend = mend_of(&found);
                // Each statement is put back once: its other actions print the same.
                if !mended.insert(mend.to_string()) {
                    continue;
                }
                put(&world, id, role.name(), MEND, &mend).await;
                world = world.restarted();
                assert_eq!(troubles(&world).await, [], "{account} {}: {action} is mended", role.name());
                let clean = iam(&world, id).delete_role_policy().role_name(role.name()).policy_name(MEND);
                clean.send().await.expect("taken away");
            }
            put(&world, id, role.name(), OWN, &role.policy).await;
        }
    }
    assert!(tried > 60 && mended.len() > 12, "{tried} {}", mended.len());
    let all = ["genkan-auditor", "genkan-authoriser", "genkan-reader", "genkan-secret-reader", "genkan-writer"];
    assert_eq!(Vec::from_iter(roles), all, "each kind of role is a role of its own");
}

#[tokio::test]
async fn one_role_for_two_things_needs_what_both_need() {
    let world = World::with(&format!("{CONFIG}\n[secret]\nreader = \"genkan-reader\"\n"), |_| {}).await;
    assert_eq!(troubles(&world).await, []);
    let documents = role_policies(&world.config, &format!("arn:aws:iam::{HUB}:user/genkan"));
    let both = documents["platform"].iter().find(|role| role.name() == "genkan-reader").expect("there");
    put(&world, HUB, both.name(), OWN, &without(&both.policy, "secretsmanager:GetSecretValue")).await;
    let found = troubles(&world.restarted()).await;
    let [finding] = &found[..] else { panic!("one: {found:#?}") };
    assert!(finding.subject.starts_with("secretsmanager:GetSecretValue on "), "{finding:?}");
}

#[tokio::test]
async fn a_permission_for_something_else_is_none() {
    let world = World::start().await;
    let narrow = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": [
        "arn:aws:s3:::*", "arn:aws:secretsmanager:*:*:*", "arn:aws:ec2:*:*:*", "arn:aws:route53:::*", "arn:aws:ecr:ap-northeast-1:222222222222:repository/other-*",
    ]}, {"Effect": "Allow", "Action": ["codebuild:*", "ec2:Describe*"], "Resource": "*"}]});
    put(&world, SPOKE, "genkan-writer", OWN, &narrow).await;
    let found = troubles(&world).await;
    assert!(found.len() > 3, "{found:#?}");
    for finding in &found {
        assert!(
            finding.subject.starts_with("ecr:") && finding.seen.contains("repository/project-genkan-doctor"),
            "{finding:?}"
        );
    }
}

#[tokio::test]
async fn what_is_denied_is_not_mended_by_allowing_it() {
    let world = World::start().await;
    let deny =
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}});
    put(&world, SPOKE, "genkan-writer", MEND, &deny).await;
    let [finding] = &troubles(&world).await[..] else { panic!("one") };
    assert_eq!(finding.subject, "s3:DeleteBucket as writer role genkan-writer");
    assert!(finding.mend.as_ref().is_some_and(|mend| mend.contains("remove the Deny")), "{finding:?}");

    // What a look shows, too.
    let world = World::start().await;
    let deny = json!({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "ssm:GetParameter", "Resource": "*"}});
    put(&world, SPOKE, "genkan-reader", MEND, &deny).await;
    let found = troubles(&world).await;
    let [finding] = &found[..] else { panic!("one: {found:#?}") };
    assert!(finding.subject.starts_with("ssm:GetParameter on "), "{finding:?}");
    assert!(finding.mend.as_ref().is_some_and(|mend| mend.contains("remove the Deny")), "{finding:?}");
}

#[tokio::test]
async fn actions_that_the_simulator_does_not_take_together_are_asked_for_one_by_one() {
    let world = World::start().await;
    assert_eq!(troubles(&world).await, []);
    let together = simulated(&world);
    let effect = Effect::Error {
        status: 400,
        code: "InvalidInput".to_owned(),
        message: "Actions require different authorization information.".to_owned(),
    };
    // In that account the authoriser is asked for first, with two actions.
    world.aws.faults().add(Rule::on("iam", "SimulatePrincipalPolicy", effect).in_account(HUB).when(When::First(1)));
    let world = world.restarted();
    assert_eq!(troubles(&world).await, []);
    assert_eq!(simulated(&world) - together, together + 2, "each of the two alone");
}

fn simulated(world: &World) -> usize {
    world.aws.log().calls().iter().filter(|call| call.operation == "SimulatePrincipalPolicy").count()
}
