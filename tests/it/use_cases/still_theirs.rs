//! Who said yes is asked once more when a step begins: whether what they said it with is still theirs, and is believed there.

use std::sync::Arc;

use genkan::model::{EnvironmentName, RequestState, Snowflake, StepState};
use genkan::requests::carry_out::CarriedOut;
use genkan::requests::counting::Roll;

use super::{Story, onboard};
use crate::tap::{Point, Side, Trap};

const ZONE: &str = "zone-association";
const AUTHORISE: &str = "route53:CreateVPCAssociationAuthorization";

#[tokio::test]
async fn what_was_said_with_an_account_that_is_no_longer_theirs_does_not_count() {
    let arn = "arn:aws:iam::111111111101:user/genkan";
    let (before, now): (Snowflake, Snowflake) =
        ("100000000000000901".parse().unwrap(), "100000000000000902".parse().unwrap());
    for in_discord in [false, true] {
        let story = Story::where_config(|config| {
            let ren = config.people.iter_mut().find(|person| person.name == "ren").expect("known");
            (ren.aws, ren.discord) = (vec![arn.to_owned()], Some(before.clone()));
        })
        .await;
        let id = story.asks("aiko", onboard("project-x", "dev")).await;
        let desk = &story.desk.desk;
        let ren = if in_discord { desk.member(&before, &[]) } else { desk.who(None).await }.expect("it is ren");
        let held = &desk.approvable(&ren, &id, None).await.expect("it waits")[0];
        desk.approve(&ren, &id, &held.step.desired.id, &held.digest).await.expect("approved");
        // Somebody had their account, so ren has got another.
        let mut config = story.house.platform.config.clone();
        let known = config.people.iter_mut().find(|person| person.name == "ren").expect("known");
        (known.aws, known.discord) = (vec![format!("{arn}-of-ren")], Some(now.clone()));
        let mut later = story.house.process_with(&config, Trap::armed(None)).await;
        later.desk = later.desk.with_roll(Arc::new(Roles));
        assert_eq!(later.work(&id).await.expect("taken up"), CarriedOut::Held, "in Discord: {in_discord}");
        assert_eq!(story.house.succeeded(AUTHORISE), 0, "nothing was done");
        let StepState::Held { note: Some(note), .. } = later.step(&id, ZONE).await else { panic!("held") };
        assert!(note.on.contains("ren may not approve this any more"), "{}", note.on);
        let mut same = story.house.start().await;
        same.desk = same.desk.with_roll(Arc::new(Roles));
        assert_eq!(same.work(&id).await.expect("taken up"), CarriedOut::Ended(RequestState::Done), "still theirs");
    }
}

/// Nobody has a role: groups are the config's.
struct Roles;

#[async_trait::async_trait]
impl Roll for Roles {
    async fn roles(&self, _: &Snowflake) -> Result<Vec<Snowflake>, String> {
        Ok(vec![])
    }
}

#[tokio::test]
async fn what_somebody_only_said_to_be_counts_nowhere_but_on_this_machine() {
    let story = Story::begins().await;
    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    story.desk.approve("ren", &id).await.expect("approved");
    let elsewhere = story.house.process_that_believes_nobody().await;
    assert_eq!(elsewhere.work(&id).await.expect("taken up"), CarriedOut::Held);
    assert_eq!(story.house.succeeded(AUTHORISE), 0, "nothing was done");
    assert_eq!(story.desk.work(&id).await.expect("taken up"), CarriedOut::Ended(RequestState::Done));

    let made = story.house.succeeded("s3:CreateBucket");
    let id = story.desk.ask("aiko", &onboard("project-y", "dev")).await.expect("asked").expect("a request");
    assert_eq!(elsewhere.work(&id).await.expect("taken up"), CarriedOut::Ended(RequestState::Failed));
    let StepState::Failed { why, .. } = elsewhere.step(&id, "bucket").await else { panic!("failed") };
    assert!(why.contains("somebody said that aiko asks for it"), "{why}");
    assert_eq!(story.house.succeeded("s3:CreateBucket"), made);
}

#[tokio::test]
async fn what_was_planned_by_another_config_is_not_done_by_this_one() {
    let story = Story::begins().await;
    let mut own = story.house.platform.config.clone();
    let production = own.environments.iter().find(|(name, _)| name.as_str() == "production").expect("known").1.clone();
    let dev = own.environments.get_mut(&"dev".parse::<EnvironmentName>().expect("a name")).expect("known");
    dev.account = production.account;
    let theirs = story.house.process_with(&own, Trap::armed(None)).await;
    let id = theirs.ask("aiko", &onboard("project-x", "dev")).await.expect("asked").expect("a request");
    story.desk.work(&id).await.expect("taken up");
    let StepState::Failed { why, .. } = story.desk.step(&id, "bucket").await else { panic!("failed") };
    assert!(why.contains("planned for another account or zone than the config has for project-x dev"), "{why}");
    assert_eq!(story.house.succeeded("s3:CreateBucket"), 0);
}

#[tokio::test]
async fn what_was_begun_goes_on_only_when_as_many_have_approved_as_have_to_by_now() {
    let story = Story::begins().await;
    let id = story.asks("aiko", onboard("project-x", "dev")).await;
    story.desk.approve("ren", &id).await.expect("approved");
    let associate = "call route53 POST /2013-04-01/hostedzone/Z0DEV00000000000001/associatevpc".to_owned();
    let doomed = story.house.process(Trap::armed(Some(Point { what: associate, nth: 1, side: Side::Before }))).await;
    assert!(doomed.trap.survive(doomed.work(&id)).await.is_none(), "it dies half-way");
    story.house.lease_runs_out(&doomed).await;

    let mut config = story.house.platform.config.clone();
    config.environments.get_mut(&"dev".parse::<EnvironmentName>().expect("a name")).expect("known").approvals = 2;
    let later = story.house.process_with(&config, Trap::armed(None)).await;
    assert_eq!(later.work(&id).await.expect("taken up"), CarriedOut::Held);
    assert_eq!(story.house.authorisations(), [""; 0], "nothing is open meanwhile");
    // They were asked while something was open; that it is closed is another question.
    let mut stands = CarriedOut::Held;
    for _ in 0..2 {
        if stands == CarriedOut::Held {
            later.approve("ren", &id).await.expect("approved");
            assert_eq!(later.work(&id).await.expect("taken up"), CarriedOut::Held, "one of two");
            later.approve("mio", &id).await.expect("approved");
            stands = later.work(&id).await.expect("taken up");
        }
    }
    assert_eq!(stands, CarriedOut::Ended(RequestState::Done));
}
