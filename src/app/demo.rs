//! `genkan demo`: the main job, played through on an embedded local AWS by the same desk and the same words as for real.

use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::watch;

use super::{AppError, LocalPlatform};
use crate::cli::args::{DemoArguments, Going, OnboardArguments, StatusArguments, Subject, TeardownArguments};
use crate::cli::commands::Terminal;
use crate::cli::{Exit, Printer, approving};
use crate::model::{EnvironmentName, ProjectName, RequestState, StepState};
use crate::requests::show::Which;
use crate::requests::{Desk, DeskError};

/// The engineer who asks.
const ENGINEER: &str = "aiko";
/// The infra leads who approve, as many as it takes.
const LEADS: [&str; 2] = ["ren", "mio"];

/// What the demo showed.
#[derive(Debug, Clone, Serialize)]
pub struct DemoReport {
    /// The project that was let in and shown out.
    pub project: ProjectName,
    /// The environment.
    pub environment: EnvironmentName,
    /// How the onboarding ended: `done`.
    pub onboarded: bool,
    /// How many calls that change something the second, same onboarding made: 0.
    pub changing_calls_of_second_onboarding: usize,
    /// Whether the status in between said that everything is as it should be.
    pub status_is_well: bool,
    /// How the teardown ended: `done`.
    pub torn_down: bool,
    /// What the local AWS holds afterwards that it did not hold before, or the other way round: nothing.
    pub inventory_differs: Vec<String>,
    /// How many calls were made in all, by action.
    pub calls: std::collections::BTreeMap<String, u64>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

impl DemoReport {
    /// Whether everything held that the demo is to show.
    pub const fn holds(&self) -> bool {
        self.onboarded
            && self.changing_calls_of_second_onboarding == 0
            && self.status_is_well
            && self.torn_down
            && self.inventory_differs.is_empty()
    }
}

pub(super) async fn demo(arguments: &DemoArguments, printer: &Printer) -> Result<Exit, AppError> {
    let folder = tempfile::tempdir().map_err(|error| AppError::Other(format!("no temporary folder: {error}")))?;
    let demo = Demo::start(folder.path(), &arguments.project, &arguments.env, arguments.latency, printer).await?;
    let report = demo.play().await?;
    printer.result(&report, || summary(&report));
    Ok(if report.holds() { Exit::Done } else { Exit::Failed })
}

/// A stage that is set.
pub struct Demo {
    platform: LocalPlatform,
    desk: Desk,
    printer: Printer,
    project: ProjectName,
    environment: EnvironmentName,
    begun: Instant,
    /// Never told to stop: a demo ends by itself.
    running: watch::Sender<bool>,
}

impl Demo {
    /// Starts a local AWS and opens a desk over it; the store goes into `folder`.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] for a project or an environment that cannot be; what else went wrong, in words.
    pub async fn start(
        folder: &std::path::Path,
        project: &str,
        environment: &str,
        latency: Duration,
        printer: &Printer,
    ) -> Result<Self, DeskError> {
        let begun = Instant::now();
        let platform = LocalPlatform::start(folder, &[]).await;
        let platform = platform.map_err(|error| DeskError::Store(format!("the local AWS did not start: {error}")))?;
        let project = platform.config.project(project)?;
        let (environment, _) = platform.config.environment_named(environment)?;
        platform.aws.faults().set_latency(latency);
        let desk = platform.desk().await?;
        Ok(Self {
            platform,
            desk,
            printer: printer.narrating(),
            project,
            environment,
            begun,
            running: watch::Sender::new(false),
        })
    }

    /// Plays it through.
    ///
    /// # Errors
    /// What a use case refused that should have gone well.
    pub async fn play(&self) -> Result<DemoReport, DeskError> {
        let Self { platform, project, environment, .. } = self;
        let before = platform.aws.inventory();
        self.say(&format!(
            "A local AWS runs in this process: {} accounts, IAM enforced, nothing leaves this machine.",
            platform.config.accounts.len()
        ));
        self.say(&format!("{ENGINEER} is an engineer; {} are infra leads.", LEADS.join(" and ")));

        self.heading(ENGINEER, &format!("onboard {project} {environment}"));
        let onboarded = self.with_the_others(self.onboard()).await? == Exit::Done;

        self.heading(ENGINEER, &format!("onboard {project} {environment}    # the very same again"));
        let mark = platform.aws.log().mark();
        self.onboard().await?;
        let changing = platform.aws.log().changing_calls_since(mark).len();
        let calls = platform.aws.log().calls_since(mark).len();
        self.say(&format!("{calls} calls looked, {changing} calls changed something."));

        self.heading(ENGINEER, &format!("status {project} {environment}"));
        let status = StatusArguments { project: Some(project.to_string()), environment: Some(environment.to_string()) };
        let status_is_well = self.terminal().status(&status).await? == Exit::Done;

        self.heading(ENGINEER, &format!("teardown {project} {environment}"));
        let torn_down = self.with_the_others(self.teardown()).await? == Exit::Done;
        platform.remove_vpc_id(project, environment).await.map_err(DeskError::Store)?;
        self.say("The project's infrastructure stack is deleted too (played by the demo).");

        let after = platform.aws.inventory();
        Ok(DemoReport {
            project: project.clone(),
            environment: environment.clone(),
            onboarded,
            changing_calls_of_second_onboarding: changing,
            status_is_well,
            torn_down,
            inventory_differs: before.diff(&after).to_string().lines().map(str::to_owned).collect(),
            calls: platform.aws.log().counts().by_action,
            seconds: self.begun.elapsed().as_secs_f64(),
        })
    }

    fn say(&self, line: &str) {
        self.printer.progress(line);
    }

    fn heading(&self, who: &str, command: &str) {
        self.say(&format!("\n{who}$ genkan {command}"));
    }

    fn terminal(&self) -> Terminal {
        let says = Some(ENGINEER.to_owned());
        Terminal { desk: self.desk.clone(), printer: self.printer.clone(), says, stop: self.running.subscribe() }
    }

    fn subject(&self) -> Subject {
        Subject { project: self.project.to_string(), environment: self.environment.to_string() }
    }

    async fn onboard(&self) -> Result<Exit, DeskError> {
        let going = Going { yes: true, wait: true };
        self.terminal()
            .onboard(&OnboardArguments { subject: self.subject(), going, adopt: vec![], repository: None })
            .await
    }

    async fn teardown(&self) -> Result<Exit, DeskError> {
        let going = Going { yes: true, wait: true };
        self.terminal().teardown(&TeardownArguments { subject: self.subject(), going, delete_data: false }).await
    }

    /// Does something while the others play their parts: the infrastructure stack, which writes the VPC's id once it is waited
    /// for, and the leads, who approve what needs it.
    async fn with_the_others(&self, doing: impl Future<Output = Result<Exit, DeskError>>) -> Result<Exit, DeskError> {
        tokio::select! {
            done = doing => done,
            broken = self.the_others() => match broken? {},
        }
    }

    async fn the_others(&self) -> Result<std::convert::Infallible, DeskError> {
        let mut changes = self.desk.changes();
        let mut stack_is_up = false;
        loop {
            let leads = LEADS.iter().map(|name| self.desk.who(Some(name)));
            let leads = futures::future::try_join_all(leads).await?;
            let open = Which { states: vec![RequestState::Open], limit: 10, ..Which::default() };
            for request in self.desk.list(&leads[0], &open).await? {
                let view = self.desk.show(&request.id).await?;
                let waits = |state: &StepState| matches!(state, StepState::Waiting { .. });
                if !stack_is_up && view.steps.iter().any(|step| waits(&step.state)) {
                    self.platform.write_vpc_id(&self.project, &self.environment).await.map_err(DeskError::Store)?;
                    self.say("  · the project's infrastructure stack is up and has written its VPC's id (played by the demo)");
                    stack_is_up = true;
                }
                for (step, digest) in view.held() {
                    let given = view.approvers(step, digest).count();
                    let needed = step.gate.as_ref().map_or(0, |gate| gate.approvals as usize);
                    let Some(lead) = leads.get(given).filter(|_| given < needed) else { continue };
                    let held = self.desk.approvable(lead, &request.id, Some(step.desired.id.as_str())).await?;
                    self.heading(&lead.name, &format!("approve {} {}", request.id, step.desired.id));
                    for held in &held {
                        self.say(approving::approvable(&request, held).trim_end());
                    }
                    self.desk.approve(lead, &request.id, &step.desired.id, digest).await?;
                    self.say(&format!("approved by {lead}"));
                }
            }
            changes.next().await;
        }
    }
}

fn summary(report: &DemoReport) -> String {
    let mark = |held: bool| if held { "ok  " } else { "FAIL" };
    let calls: u64 = report.calls.values().sum();
    let mut text = format!(
        "\n{} onboarded\n{} the second onboarding changed nothing ({} changing calls)\n{} the status is as it should be\n\
         {} torn down\n{} the local AWS holds what it held before\n",
        mark(report.onboarded),
        mark(report.changing_calls_of_second_onboarding == 0),
        report.changing_calls_of_second_onboarding,
        mark(report.status_is_well),
        mark(report.torn_down),
        mark(report.inventory_differs.is_empty()),
    );
    for line in &report.inventory_differs {
        text.push_str(&format!("     {line}\n"));
    }
    text.push_str(&format!("{calls} AWS calls, {:.1} s\n", report.seconds));
    text
}
