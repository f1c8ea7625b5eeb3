//! AssumeRole across accounts: whom the role trusts, under which conditions, for how long and with what.

use aws_sdk_sts::types::Tag;

use super::*;

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().expect("a tag")
}

fn denied(action: &str, role: &str) -> (String, String) {
    let message =
        format!("User: arn:aws:iam::{HUB}:user/bot is not authorized to perform: {action} on resource: {role}");
    ("AccessDenied".to_owned(), message)
}

#[tokio::test]
async fn a_trusted_caller_with_the_external_id_gets_a_session() {
    let aws = local().await;
    let given = assume(&aws).source_identity("alice").tags(tag("request", "r1")).send().await.expect("assumed");
    assert_eq!(
        given.assumed_role_user().map(|user| user.arn()),
        Some("arn:aws:sts::222222222222:assumed-role/writer/run-1")
    );
    assert_eq!(given.source_identity(), Some("alice"));
    sts_of(&aws, session(&given)).get_caller_identity().send().await.expect("needs no permission");
    let calls = aws.log().calls();
    let last = calls.last().expect("logged");
    assert_eq!((last.account.as_str(), last.source_identity.as_deref()), (SPOKE, Some("alice")));
    assert_eq!((last.session_name.as_deref(), last.session_tags["request"].as_str()), (Some("run-1"), "r1"));
}

#[tokio::test]
async fn a_wrong_or_absent_external_id_a_missing_role_and_a_stranger_are_refused_in_the_same_words() {
    let aws = local().await;
    let writer = writer();
    assert_eq!(refusal(assume(&aws).external_id("other").send().await), denied("sts:AssumeRole", &writer));
    assert_eq!(refusal(assume(&aws).set_external_id(None).send().await), denied("sts:AssumeRole", &writer));
    let missing = format!("arn:aws:iam::{SPOKE}:role/genkan/missing");
    assert_eq!(refusal(assume(&aws).role_arn(&missing).send().await), denied("sts:AssumeRole", &missing));
    let not_its_own = format!("arn:aws:iam::{SPOKE}:role/other");
    assert_eq!(refusal(assume(&aws).role_arn(&not_its_own).send().await), denied("sts:AssumeRole", &not_its_own));
    let stranger =
        sts_of(&aws, admin(HUB)).assume_role().role_arn(&writer).role_session_name("run-1").external_id("xid");
    assert_eq!(refusal(stranger.send().await).0, "AccessDenied", "the trust policy names the bot only");
}

#[tokio::test]
async fn constraints_are_held_before_anybody_is_asked() {
    let aws = local().await;
    let code = |result| refusal(result).0;
    assert_eq!(code(assume(&aws).duration_seconds(899).send().await), "ValidationError");
    assert_eq!(code(assume(&aws).duration_seconds(43201).send().await), "ValidationError");
    assert_eq!(code(assume(&aws).role_session_name("a:b").send().await), "ValidationError");
    assert_eq!(code(assume(&aws).role_session_name("a").send().await), "ValidationError");
    assert_eq!(code(assume(&aws).source_identity("aws:x").send().await), "ValidationError");
    assert_eq!(code(assume(&aws).policy("x".repeat(2049)).send().await), "ValidationError");
    assert_eq!(code(assume(&aws).policy("{}").send().await), "MalformedPolicyDocument");
    assert_eq!(code(assume(&aws).role_arn("arn:aws:iam::1:role/too-short-account").send().await), "ValidationError");
    assert_eq!(code(assume(&aws).tags(tag("a", "1")).tags(tag("A", "2")).send().await), "InvalidParameterValue");
    assert_eq!(code(assume(&aws).transitive_tag_keys("a").send().await), "InvalidParameterValue");
}

#[tokio::test]
async fn a_session_is_at_most_as_long_as_its_role_says() {
    let aws = local().await;
    assume(&aws).duration_seconds(7200).send().await.expect("the role's own maximum");
    let (code, message) = refusal(assume(&aws).duration_seconds(7201).send().await);
    assert_eq!(code, "ValidationError");
    assert_eq!(message, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
}

#[tokio::test]
async fn a_session_policy_narrows_and_a_session_tag_widens_what_names_it() {
    let aws = local().await;
    let narrow = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*" } });
    let given = assume(&aws).policy(narrow.to_string()).tags(tag("request", "r-7")).send().await.expect("assumed");
    let ssm = ssm_of(&aws, session(&given));
    let (code, message) = refusal(put(&ssm, "/mine").await);
    assert_eq!(code, "AccessDeniedException");
    assert!(message.ends_with("because no session policy allows the ssm:PutParameter action"), "{message}");
    assert_eq!(refusal(ssm.get_parameter().name("/r-7").send().await).0, "ParameterNotFound", "allowed by the tag");
    assert_eq!(refusal(ssm.get_parameter().name("/r-8").send().await).0, "AccessDeniedException");
}

#[tokio::test]
async fn tags_and_source_identity_need_the_trust_policys_word() {
    let mut seed = seed();
    let role = &mut seed.accounts[1].roles[0];
    role.trust["Statement"][0]["Action"] = json!("sts:AssumeRole");
    let aws = LocalAws::start(seed).await.expect("the seed is sound");
    assume(&aws).send().await.expect("plain");
    assert_eq!(refusal(assume(&aws).source_identity("alice").send().await), denied("sts:SetSourceIdentity", &writer()));
    assert_eq!(refusal(assume(&aws).tags(tag("a", "1")).send().await), denied("sts:TagSession", &writer()));
}

#[tokio::test]
async fn request_tags_and_session_names_can_be_conditions() {
    let mut seed = seed();
    seed.accounts[1].roles[0].trust["Statement"][0]["Condition"] = json!({
        "StringEquals": { "aws:RequestTag/request": "r1" },
        "StringLike": { "sts:RoleSessionName": "run-*", "sts:SourceIdentity": "*@example.com" },
        "ForAllValues:StringEquals": { "aws:TagKeys": ["request", "step"] },
    });
    let aws = LocalAws::start(seed).await.expect("the seed is sound");
    let right = || assume(&aws).source_identity("a@example.com").tags(tag("request", "r1"));
    right().send().await.expect("as the conditions ask");
    for wrong in [
        right().role_session_name("other"),
        right().source_identity("a@example.org"),
        right().set_tags(Some(vec![tag("request", "r2")])),
        right().tags(tag("more", "x")),
    ] {
        assert_eq!(refusal(wrong.send().await).0, "AccessDenied");
    }
}

/// The writer may go on to a second role of the spoke.
async fn with_a_chain() -> LocalAws {
    let mut seed = seed();
    let all = json!(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]);
    let roles = &mut seed.accounts[1].roles;
    let trust = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": all, "Principal": { "AWS": writer() } } });
    let next = SeedRole { name: "next".into(), trust, max_session_seconds: 43200, ..roles[0].clone() };
    let may = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": all, "Resource": "*" } });
    roles[0].policies.push(("chain".into(), may));
    roles.push(next);
    LocalAws::start(seed).await.expect("the seed is sound")
}

#[tokio::test]
async fn a_chained_session_is_an_hour_at_most_and_keeps_source_identity_and_transitive_tags() {
    let aws = with_a_chain().await;
    let first = assume(&aws).source_identity("alice").tags(tag("request", "r1")).tags(tag("own", "x"));
    let first = session(&first.transitive_tag_keys("request").send().await.expect("assumed"));
    let next = || {
        let role = format!("arn:aws:iam::{SPOKE}:role/next");
        sts_of(&aws, first.clone()).assume_role().role_arn(role).role_session_name("run-2")
    };
    let (code, message) = refusal(next().duration_seconds(3601).send().await);
    assert_eq!(code, "ValidationError");
    assert_eq!(
        message,
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
    );
    assert_eq!(refusal(next().source_identity("bob").send().await).0, "AccessDenied");
    assert_eq!(refusal(next().tags(tag("Request", "r2")).send().await).0, "InvalidParameterValue");

    let second = session(&next().send().await.expect("chained"));
    sts_of(&aws, second).get_caller_identity().send().await.expect("known");
    let call = aws.log().calls().pop().expect("logged");
    assert_eq!(call.source_identity.as_deref(), Some("alice"));
    assert_eq!(call.session_tags.into_iter().collect::<Vec<_>>(), [("request".to_owned(), "r1".to_owned())]);
}

#[tokio::test]
async fn a_trust_policy_names_callers_in_several_ways() {
    let bot = format!("arn:aws:iam::{HUB}:user/bot");
    let root = format!("arn:aws:iam::{HUB}:root");
    for (principal, trusted) in [
        (json!("*"), true),
        (json!({ "AWS": "*" }), true),
        (json!({ "AWS": HUB }), true),
        (json!({ "AWS": root }), true),
        (json!({ "AWS": [format!("arn:aws:iam::{SPOKE}:root"), bot], "Service": "ec2.amazonaws.com" }), true),
        (json!({ "AWS": SPOKE }), false),
        (json!({ "AWS": format!("arn:aws:iam::{HUB}:user/*") }), false),
        (json!({ "Service": "codebuild.amazonaws.com" }), false),
    ] {
        let mut seed = seed();
        seed.accounts[1].roles[0].trust["Statement"] =
            json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal });
        let aws = LocalAws::start(seed).await.expect("the seed is sound");
        assert_eq!(assume(&aws).send().await.is_ok(), trusted, "{principal}");
    }
}
