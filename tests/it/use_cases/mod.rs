//! What people do with it, in their words: each test is a story on the made-up platform.

mod accounts;
mod approving;
mod asking;
mod brownfield;
mod chatting;
mod later;
mod naming;
mod rules;
mod still_theirs;
mod together;
mod trusting;

use genkan::config::Config;
use genkan::model::{Action, Direction, Plan, RequestId, RequestState, StepState};
use genkan::requests::plan::Wish;

use crate::house::{House, Process, wish};

/// A platform on which people work.
pub struct Story {
    pub house: House,
    pub desk: Process,
}

pub fn onboard(project: &str, environment: &str) -> Wish {
    wish(Direction::Onboard, project, environment)
}

pub fn teardown(project: &str, environment: &str) -> Wish {
    wish(Direction::Teardown, project, environment)
}

pub fn adopting(steps: &[&str], wish: Wish) -> Wish {
    Wish { adopt: steps.iter().map(ToString::to_string).collect(), ..wish }
}

pub fn with_its_data(wish: Wish) -> Wish {
    Wish { delete_data: true, ..wish }
}

/// What a plan says of a step.
pub fn planned<'p>(plan: &'p Plan, step: &str) -> &'p Action {
    let found = plan.steps.iter().find(|one| one.desired.id.as_str() == step);
    &found.unwrap_or_else(|| panic!("no {step} in\n{plan}")).action
}

/// Why a step is in the way of a plan, and what can be done.
pub fn blocked<'p>(plan: &'p Plan, step: &str) -> (&'p str, &'p str) {
    match planned(plan, step) {
        Action::Blocked { why, mend } => (why, mend),
        other => panic!("{step} is not blocked: {other:?}"),
    }
}

impl Story {
    /// The stacks of project-x and project-y are up everywhere.
    pub async fn begins() -> Self {
        Self::where_config(|_| {}).await
    }

    /// The same, where the operator decided otherwise.
    pub async fn where_config(change: impl FnOnce(&mut Config)) -> Self {
        Self::on(House::with(&["project-x", "project-y"], change).await).await
    }

    /// No stack is up yet.
    pub async fn before_the_stacks() -> Self {
        Self::on(House::new().await).await
    }

    async fn on(house: House) -> Self {
        let desk = house.start().await;
        Self { house, desk }
    }

    /// Somebody asks, and it is taken up as far as it goes.
    pub async fn asks(&self, who: &str, wish: Wish) -> RequestId {
        let id = self.desk.ask(who, &wish).await.expect("asked").expect("something to do");
        self.desk.work(&id).await.expect("taken up");
        id
    }

    /// Somebody asks and is told no: why.
    pub async fn asks_in_vain(&self, who: &str, wish: Wish) -> String {
        match self.desk.ask(who, &wish).await {
            Err(refused) => refused.to_string(),
            Ok(asked) => panic!("{who} got {asked:?}"),
        }
    }

    /// Somebody approves what waits for it, and it is taken up again.
    pub async fn approves(&self, who: &str, id: &RequestId) {
        self.desk.approve(who, id).await.expect("approved");
        self.desk.work(id).await.expect("taken up");
    }

    /// Somebody tries to approve and is told no: why.
    pub async fn approves_in_vain(&self, who: &str, id: &RequestId) -> String {
        self.desk.approve(who, id).await.expect_err("not approved").to_string()
    }

    /// Everybody plays their part until it ends well.
    pub async fn goes_well(&self, id: &RequestId) {
        assert_eq!(self.desk.see_through(&self.house, id).await, RequestState::Done);
    }

    /// The engineer asks, the leads approve, it is done.
    pub async fn is_done(&self, wish: Wish) {
        let id = self.asks("aiko", wish).await;
        self.goes_well(&id).await;
    }

    /// Nothing is left to do about it.
    pub async fn has_nothing_to_do(&self, wish: Wish) {
        assert_eq!(self.desk.ask("aiko", &wish).await.expect("asked"), None);
    }

    pub async fn state(&self, id: &RequestId) -> RequestState {
        self.desk.show(id).await.request.state
    }

    pub async fn waits_for_approval(&self, id: &RequestId, step: &str) -> bool {
        matches!(self.desk.step(id, step).await, StepState::Held { .. })
    }

    pub async fn step_is_done(&self, id: &RequestId, step: &str) -> bool {
        matches!(self.desk.step(id, step).await, StepState::Done { .. })
    }

    pub async fn plan(&self, wish: Wish) -> Plan {
        self.desk.plan("aiko", &wish).await
    }

    pub fn s3(&self, account: &str) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::new(&self.house.platform.administrator(&self.house.account(account)))
    }

    pub fn ssm(&self, account: &str) -> aws_sdk_ssm::Client {
        aws_sdk_ssm::Client::new(&self.house.platform.administrator(&self.house.account(account)))
    }

    pub fn route53(&self, account: &str) -> aws_sdk_route53::Client {
        aws_sdk_route53::Client::new(&self.house.platform.administrator(&self.house.account(account)))
    }

    pub fn secrets(&self, account: &str) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.house.platform.administrator(&self.house.account(account)))
    }

    /// Somebody makes a bucket by hand.
    pub async fn bucket_by_hand(&self, account: &str, name: &str) {
        use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
        let place = BucketLocationConstraint::from("ap-northeast-1");
        let place = CreateBucketConfiguration::builder().location_constraint(place).build();
        let made = self.s3(account).create_bucket().bucket(name).create_bucket_configuration(place).send();
        made.await.expect("made");
    }

    /// The id of a project's VPC, as its stack wrote it.
    pub async fn vpc_of(&self, project: &str) -> String {
        let name = format!("/dev/{project}/vpc-id");
        let found = self.ssm("project-dev").get_parameter().name(name).send().await.expect("there");
        found.parameter.and_then(|parameter| parameter.value).expect("a value")
    }

    /// Somebody writes another VPC's id.
    pub async fn vpc_becomes(&self, project: &str, vpc: &str) {
        let name = format!("/dev/{project}/vpc-id");
        let put = self.ssm("project-dev").put_parameter().name(name).value(vpc).overwrite(true);
        put.send().await.expect("written");
    }

    /// Somebody authorises a VPC by hand, and forgets about it.
    pub async fn authorised_by_hand(&self, vpc: &str) {
        let call = self.route53("platform-dev").create_vpc_association_authorization();
        call.hosted_zone_id("Z0DEV00000000000001").vpc(route53_vpc(vpc)).send().await.expect("authorised");
    }

    /// Somebody associates a VPC by hand.
    pub async fn associated_by_hand(&self, vpc: &str) {
        self.authorised_by_hand(vpc).await;
        let call = self.route53("project-dev").associate_vpc_with_hosted_zone();
        call.hosted_zone_id("Z0DEV00000000000001").vpc(route53_vpc(vpc)).send().await.expect("associated");
        let call = self.route53("platform-dev").delete_vpc_association_authorization();
        call.hosted_zone_id("Z0DEV00000000000001").vpc(route53_vpc(vpc)).send().await.expect("withdrawn");
    }

    /// Which VPCs the platform's zone of dev is associated with.
    pub fn zone_has(&self, vpc: &str) -> bool {
        self.house.lines("platform-dev", "route53 association").iter().any(|line| line.ends_with(vpc))
    }
}

fn route53_vpc(vpc: &str) -> aws_sdk_route53::types::Vpc {
    aws_sdk_route53::types::Vpc::builder().vpc_id(vpc).vpc_region("ap-northeast-1".into()).build()
}
