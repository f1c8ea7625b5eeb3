//! Asks the desk for what was typed, and writes what came of it.

use serde::Serialize;
use tokio::sync::watch;

use super::args::{
    ApproveArguments, CancelArguments, DoctorArguments, Going, OnboardArguments, PlanArguments, ReasonArguments,
    RequestsArguments, RetryArguments, StatusArguments, TeardownArguments, WithdrawArguments,
};
use super::follow::{self, Shown};
use super::{Exit, Printer, approving, ask, draw, findings};
use crate::model::audit::Face;
use crate::model::finding::{Finding, Health};
use crate::model::plan::Direction;
use crate::model::{Person, RequestId, RequestState};
use crate::requests::approve::Given;
use crate::requests::carry_out::CarriedOut;
use crate::requests::plan::{Prepared, Wish};
use crate::requests::see_through::{Stay, stopped};
use crate::requests::show::Which;
use crate::requests::submit::Submitted;
use crate::requests::{Desk, DeskError};
use crate::telemetry::redact;

/// One person at one terminal.
pub struct Terminal {
    /// The desk.
    pub desk: Desk,
    /// Where output goes.
    pub printer: Printer,
    /// What they said with `--as`.
    pub says: Option<String>,
    /// Turns true when they press Ctrl-C: calls under way are finished, nothing new begins.
    pub stop: watch::Receiver<bool>,
}

/// How a command ended, or why not.
type Ended = Result<Exit, DeskError>;

impl Terminal {
    async fn who(&self) -> Result<Person, DeskError> {
        self.desk.who(self.says.as_deref()).await
    }

    /// `genkan plan`
    ///
    /// # Errors
    /// As [`Desk::plan`].
    pub async fn plan(&self, arguments: &PlanArguments) -> Ended {
        let person = self.who().await?;
        let wish = Wish {
            direction: if arguments.teardown { Direction::Teardown } else { Direction::Onboard },
            project: arguments.subject.project.clone(),
            environment: arguments.subject.environment.clone(),
            adopt: arguments.adopt.clone(),
            repository: arguments.repository.clone(),
            delete_data: arguments.delete_data,
            at_once: false,
        };
        let plan = self.desk.plan(&person, &wish).await?.plan;
        self.printer.result(&plan, || plan.to_string());
        Ok(if plan.blocked().next().is_some() { Exit::Refused } else { Exit::Done })
    }

    /// `genkan onboard`
    ///
    /// # Errors
    /// As [`Desk::plan`], [`Desk::submit`] and [`Desk::see_through`].
    pub async fn onboard(&self, arguments: &OnboardArguments) -> Ended {
        let wish = Wish {
            direction: Direction::Onboard,
            project: arguments.subject.project.clone(),
            environment: arguments.subject.environment.clone(),
            adopt: arguments.adopt.clone(),
            repository: arguments.repository.clone(),
            delete_data: false,
            at_once: arguments.going.yes,
        };
        self.ask_and_do(&wish, &arguments.going, "Let it in? [y/N]", ask::is_yes).await
    }

    /// `genkan teardown`
    ///
    /// # Errors
    /// As [`Desk::plan`], [`Desk::submit`] and [`Desk::see_through`].
    pub async fn teardown(&self, arguments: &TeardownArguments) -> Ended {
        let wish = Wish {
            direction: Direction::Teardown,
            project: arguments.subject.project.clone(),
            environment: arguments.subject.environment.clone(),
            adopt: vec![],
            repository: None,
            delete_data: arguments.delete_data,
            at_once: arguments.going.yes,
        };
        let name = arguments.subject.project.clone();
        let question = "Type the project's name to show it out:";
        self.ask_and_do(&wish, &arguments.going, question, move |answer| answer == name).await
    }

    async fn ask_and_do(
        &self,
        wish: &Wish,
        going: &Going,
        question: &str,
        is_yes: impl Fn(&str) -> bool + Send,
    ) -> Ended {
        let person = self.who().await?;
        let prepared = self.desk.plan(&person, wish).await?;
        self.printer.progress(&prepared.plan.to_string());
        if *self.stop.borrow() {
            return Err(DeskError::NotNow("stopped: nothing was done".into()));
        }
        if prepared.plan.blocked().next().is_none() && !going.yes && !prepared.plan.is_done() {
            self.confirm(question, is_yes).await?;
        }
        match self.desk.submit(&person, &prepared, None).await? {
            Submitted::NothingToDo => {
                let what = Nothing { nothing_to_do: true, plan: &prepared.plan };
                self.printer.result(&what, || "nothing to do: everything is as it should be\n".to_owned());
                Ok(Exit::Done)
            }
            Submitted::Request(request) => {
                self.printer.progress(&format!("{} (Ctrl-C finishes the calls under way and stops)", request.id));
                self.see_through(&request.id, Some(prepared), going.wait).await
            }
        }
    }

    async fn confirm(&self, question: &str, is_yes: impl Fn(&str) -> bool + Send) -> Result<(), DeskError> {
        if !self.printer.is_interactive() {
            return Err(DeskError::Invalid("nobody is at the terminal who could be asked: say --yes".into()));
        }
        let asked = question.to_owned();
        // A thread of its own: the process can end while it still waits for a line that never comes.
        let (reply, answer) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || reply.send(ask::line(&asked)));
        let mut stop = self.stop.clone();
        let answer = tokio::select! {
            answer = answer => answer.ok().and_then(Result::ok),
            () = stopped(&mut stop) => None,
        };
        match answer {
            Some(answer) if is_yes(&answer) => Ok(()),
            _ => Err(DeskError::NotNow("nothing was done".into())),
        }
    }

    /// Carries a request out from here, live, and says how it stands in the end.
    async fn see_through(&self, id: &RequestId, prepared: Option<Prepared>, wait: bool) -> Ended {
        let stay = if wait { Stay::UntilItEnds } else { Stay::UntilItWaits };
        let mut shown = Shown::so_far(&self.desk, id).await?;
        let stands = tokio::select! {
            stands = self.desk.see_through(id, prepared, stay, self.stop.clone()) => stands?,
            broken = follow::follow(&self.desk, id, &mut shown, &self.printer) => match broken? {},
        };
        shown.update(&self.desk, id, &self.printer).await?;
        let view = self.desk.show(id).await?;
        self.printer.result(&view, || draw::outcome(&view));
        Ok(match stands {
            CarriedOut::Ended(RequestState::Done) => Exit::Done,
            CarriedOut::Ended(RequestState::Failed) => Exit::Failed,
            CarriedOut::Ended(_) => Exit::Refused,
            _ if *self.stop.borrow() => {
                self.printer.progress(&format!("stopped; `genkan retry {id}` goes on"));
                Exit::Waiting
            }
            CarriedOut::Elsewhere => {
                self.printer.progress(&format!(
                    "another process has it in hand; if that one has died, `genkan retry {id} --wait` goes on within a minute"
                ));
                Exit::Waiting
            }
            _ if view.has_failed_steps() => Exit::Failed,
            CarriedOut::Held => Exit::Waiting,
            CarriedOut::Resting(_) => {
                self.printer.progress(&format!(
                    "it waits: `genkan retry {id} --wait` stays with it, `genkan serve` goes on with all"
                ));
                Exit::Waiting
            }
        })
    }

    /// `genkan approve`
    ///
    /// # Errors
    /// As [`Desk::approvable`], [`Desk::approve`] and [`Desk::see_through`].
    pub async fn approve(&self, arguments: &ApproveArguments) -> Ended {
        let person = self.who().await?;
        let id = self.desk.find(&arguments.request).await?;
        let held = self.desk.approvable(&person, &id, arguments.step.as_deref()).await?;
        let [held] = held.as_slice() else {
            let steps: Vec<&str> = held.iter().map(|held| held.step.desired.id.as_str()).collect();
            return Err(DeskError::Invalid(
                format!("several steps of {id} wait: name one of {}", steps.join(", ")).into(),
            ));
        };
        let request = self.desk.show_to(&person, &id).await?.request;
        self.desk.was_shown(&person, &id, Some(&held.step.desired.id), &Face::Terminal).await?;
        self.printer.progress(&approving::approvable(&request, held));
        if let Some(shown) = &arguments.digest
            && shown.len() < 8
        {
            return Err(DeskError::Invalid("--digest: at least its first 8 characters".into()));
        }
        if let Some(shown) = &arguments.digest
            && !held.digest.as_str().starts_with(shown.as_str())
        {
            return Err(DeskError::NotNow(
                format!(
                    "{} is {} now, not {shown}: look at what is shown above, and approve that if it is well",
                    held.step.desired.id,
                    held.digest.short()
                )
                .into(),
            ));
        }
        if !arguments.going.yes {
            self.confirm("Approve exactly this? [y/N]", ask::is_yes).await?;
        }
        let given = self.desk.approve(&person, &id, &held.step.desired.id, &held.digest).await?;
        self.printer.progress(&match given {
            Given::Recorded => format!("approved by {person}"),
            Given::AlreadyThere => format!("{person} has approved this already: it counts once"),
        });
        self.see_through(&id, None, arguments.going.wait).await
    }

    /// `genkan withdraw`
    ///
    /// # Errors
    /// As [`Desk::withdraw`].
    pub async fn withdraw(&self, arguments: &WithdrawArguments) -> Ended {
        let person = self.who().await?;
        let id = self.desk.find(&arguments.request).await?;
        let step = arguments.step.as_deref().map(str::parse).transpose()?;
        let step = self.desk.withdraw(&person, &id, step.as_ref()).await?;
        let view = self.desk.show(&id).await?;
        self.printer.result(&view, || format!("{person} does not approve {step} of {id} any more\n"));
        Ok(Exit::Done)
    }

    /// `genkan reject`
    ///
    /// # Errors
    /// As [`Desk::reject`].
    pub async fn reject(&self, arguments: &ReasonArguments) -> Ended {
        let person = self.who().await?;
        let id = self.desk.find(&arguments.request).await?;
        let request = self.desk.reject(&person, &id, &redact(&arguments.reason)).await?;
        self.desk.see_closed(&id, self.stop.clone()).await?;
        self.printer.result(&request, || format!("{id} is rejected; what was done so far stays\n"));
        Ok(Exit::Done)
    }

    /// `genkan cancel`
    ///
    /// # Errors
    /// As [`Desk::cancel`].
    pub async fn cancel(&self, arguments: &CancelArguments) -> Ended {
        let person = self.who().await?;
        let id = self.desk.find(&arguments.request).await?;
        let reason = arguments.reason.as_deref().filter(|reason| !reason.trim().is_empty()).map(redact);
        let request = self.desk.cancel(&person, &id, reason.as_deref()).await?;
        self.desk.see_closed(&id, self.stop.clone()).await?;
        self.printer.result(&request, || format!("{id} is cancelled; what was done so far stays\n"));
        Ok(Exit::Done)
    }

    /// `genkan retry`
    ///
    /// # Errors
    /// As [`Desk::retry`] and [`Desk::see_through`].
    pub async fn retry(&self, arguments: &RetryArguments) -> Ended {
        let person = self.who().await?;
        let id = self.desk.find(&arguments.request).await?;
        self.desk.retry(&person, &id).await?;
        self.see_through(&id, None, arguments.wait).await
    }

    /// `genkan status`
    ///
    /// # Errors
    /// As [`Desk::status`].
    pub async fn status(&self, arguments: &StatusArguments) -> Ended {
        let person = self.who().await?;
        let (project, environment) = (arguments.project.as_deref(), arguments.environment.as_deref());
        let statuses = self.desk.status(&person, project, environment).await?;
        self.printer.result(&statuses, || draw::statuses(&statuses));
        let steps = || statuses.iter().filter_map(|status| status.plan.as_ref()).flat_map(|plan| &plan.steps);
        if statuses.iter().any(|status| status.error.is_some()) || steps().any(|step| step.action.is_not_seen()) {
            return Ok(Exit::Failed);
        }
        let well = statuses.iter().all(|status| status.plan.as_ref().is_some_and(crate::model::Plan::is_done));
        Ok(if well { Exit::Done } else { Exit::Differs })
    }

    /// `genkan requests`
    ///
    /// # Errors
    /// As [`Desk::list`].
    pub async fn requests(&self, arguments: &RequestsArguments) -> Ended {
        let person = self.who().await?;
        let which = Which {
            project: arguments.project.as_deref().map(str::parse).transpose()?,
            environment: arguments.environment.as_deref().map(str::parse).transpose()?,
            states: RequestState::ALL
                .into_iter()
                .filter(|state| arguments.state.iter().any(|named| named == state.word()))
                .collect(),
            by: arguments.mine.then(|| person.name.clone()),
            limit: arguments.limit,
        };
        let requests = self.desk.list(&person, &which).await?;
        let mut listed = Vec::with_capacity(requests.len());
        for request in requests {
            let waits_for = self.desk.waits_for(&request).await?;
            listed.push(Listed { request, waits_for });
        }
        self.printer.result(&listed, || draw::requests(&listed));
        Ok(Exit::Done)
    }

    /// `genkan approvals`
    ///
    /// # Errors
    /// As [`Desk::awaiting`].
    pub async fn approvals(&self) -> Ended {
        let person = self.who().await?;
        let awaiting = self.desk.awaiting(&person).await?;
        self.printer.result(&awaiting, || approving::awaiting(&awaiting));
        Ok(Exit::Done)
    }

    /// `genkan show`
    ///
    /// # Errors
    /// As [`Desk::show_to`].
    pub async fn show(&self, request: &str) -> Ended {
        let person = self.who().await?;
        let id = self.desk.find(request).await?;
        let view = self.desk.show_to(&person, &id).await?;
        self.printer.result(&view, || draw::request(&view) + draw::history(&view).as_str());
        Ok(Exit::Done)
    }

    /// `genkan doctor`. `more`: what is found elsewhere, in the meantime.
    pub async fn doctor(&self, arguments: &DoctorArguments, more: impl Future<Output = Vec<Finding>> + Send) -> Exit {
        let accounts = self.desk.config().accounts.len();
        let accounts = if accounts == 1 { "1 account".to_owned() } else { format!("{accounts} accounts") };
        self.printer.progress(&format!("looking at {accounts}; nothing is changed"));
        let ours = async {
            let findings = self.desk.doctor().await;
            self.printer.progress(&format!("{accounts} looked at"));
            findings
        };
        let more = async {
            let more = more.await;
            if !more.is_empty() {
                self.printer.progress("Discord looked at");
            }
            more
        };
        let (mut findings, more) = futures::future::join(ours, more).await;
        findings.extend(more);
        self.printer.result(&findings, || findings::draw(&findings, arguments.all));
        if findings.iter().any(|finding| finding.health == Health::Failed) { Exit::Differs } else { Exit::Done }
    }
}

/// A request in a list.
#[derive(Serialize)]
pub struct Listed {
    /// The request.
    #[serde(flatten)]
    pub request: crate::model::Request,
    /// What it waits for, a part a step.
    pub waits_for: Vec<String>,
}

/// The answer where nothing was left to do.
#[derive(Serialize)]
struct Nothing<'a> {
    nothing_to_do: bool,
    plan: &'a crate::model::Plan,
}
