//! Several people ask at the same moment, for projects that share an account and what belongs to it.

use std::time::Duration;

use genkan::model::{RequestState, StepState};
use genkan::sandbox::faults::{Effect, Rule};

use super::{Story, onboard};

#[tokio::test(flavor = "multi_thread")]
async fn two_projects_that_share_an_account_are_let_in_at_the_same_moment() {
    // The time that an import takes lies wholly before, across, or wholly after what the other request does.
    for import in [0, 3, 10, 40, 120] {
        let story = Story::where_config(|config| {
            for environment in config.environments.values_mut() {
                environment.approvals = 0;
            }
        })
        .await;
        let faults = story.house.platform.aws.faults();
        faults.set_latency(Duration::from_millis(4));
        let late = Effect::Latency(Duration::from_millis(import));
        faults.add(Rule::on("codebuild", "ImportSourceCredentials", late));
        let one = async {
            let id = story.asks("aiko", onboard("project-x", "dev")).await;
            story.desk.see_through(&story.house, &id).await;
            id
        };
        let other = async {
            let id = story.asks("ren", onboard("project-y", "dev")).await;
            story.desk.see_through(&story.house, &id).await;
            id
        };
        let (one, other) = tokio::join!(one, other);
        for id in [one, other] {
            let view = story.desk.show(&id).await;
            let why = view.steps.iter().filter_map(|step| match &step.state {
                StepState::Failed { why, .. } => Some(why.clone()),
                _ => None,
            });
            let why: Vec<String> = why.collect();
            assert_eq!(view.request.state, RequestState::Done, "an import of {import} ms: {why:?}");
        }
        story.has_nothing_to_do(onboard("project-x", "dev")).await;
        story.has_nothing_to_do(onboard("project-y", "dev")).await;
    }
}
