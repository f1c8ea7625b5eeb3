//! Carries a plan out: takes up what is ready, all at once, until only waiting is left. Killed at any instruction and called
//! again, it goes on from the journal and from what is really there.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use jiff::Timestamp;
use tokio::sync::watch;

use super::act::TakenUp;
use super::judge::{Judge, Judgement};
use super::ready::{Standing, States, ready, stale_sources, standing};
use super::retry;
use super::{Cloud, CloudError, FreshLooks, Journal, JournalError, Lease};
use crate::model::run::{self, Did, ResourceKey, replay};
use crate::model::{Action, Direction, Event, Observed, Outputs, Plan, Recorded, Spec, Step, StepId, StepState};

/// What time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What carries plans out.
pub struct Engine {
    /// The outside world.
    pub cloud: Arc<dyn Cloud>,
    /// What time it is; a wall clock, since journals outlive processes.
    pub clock: Clock,
}

/// One plan being carried out under one lease.
pub(super) struct Run<'r> {
    pub(super) engine: &'r Engine,
    pub(super) plan: &'r Plan,
    pub(super) lease: &'r Lease,
    pub(super) journal: &'r dyn Journal,
    pub(super) judge: &'r dyn Judge,
    pub(super) stop: watch::Receiver<bool>,
}

/// What taking up one step came to: its events, in order.
type Taken = (StepId, Result<Vec<Recorded>, JournalError>);

impl Engine {
    /// Carries `plan` out as far as it goes now. Returns how it stands; the caller comes back when it is due again or
    /// when somebody has approved. `fresh` are looks made moments ago. When `stop` turns true, calls that are under way
    /// are finished and written, and nothing new begins.
    ///
    /// # Errors
    /// [`JournalError`]: the lease went to somebody else, the request was closed, or the store failed. What was under
    /// way has been dropped (lease lost) or finished and written (closed).
    pub async fn carry_out(
        &self,
        plan: &Plan,
        lease: &Lease,
        journal: &dyn Journal,
        judge: &dyn Judge,
        fresh: FreshLooks,
        stop: watch::Receiver<bool>,
    ) -> Result<Standing, JournalError> {
        let run = Run { engine: self, plan, lease, journal, judge, stop };
        // The renewal has its own place in the select: it never waits behind the work.
        tokio::select! {
            standing = run.until_nothing_is_ready(fresh) => standing,
            lost = run.keep_lease() => Err(lost),
        }
    }
}

impl Run<'_> {
    /// Renews the lease until that fails for good.
    async fn keep_lease(&self) -> JournalError {
        loop {
            tokio::time::sleep(Lease::LENGTH / 3).await;
            match self.journal.renew(self.lease).await {
                Ok(()) => {}
                // The next renewal may still come in time; if not, every write is refused anyhow.
                Err(JournalError::Storage(why)) => {
                    tracing::warn!(request = %self.lease.request, why, "lease not renewed");
                }
                Err(lost) => return lost,
            }
        }
    }

    async fn until_nothing_is_ready(&self, mut fresh: FreshLooks) -> Result<Standing, JournalError> {
        let journal = self.journal.replay(self.lease).await?;
        let (mut states, mut begun) = (replay(self.plan, &journal), run::begun(&journal));
        let mut under_way: FuturesUnordered<BoxFuture<'_, Taken>> = FuturesUnordered::new();
        let mut busy: BTreeSet<StepId> = BTreeSet::new();
        // Held steps that were taken up in this call and are still not approved: not asked again until the next call.
        let mut held: BTreeSet<StepId> = BTreeSet::new();
        let mut closed: Option<JournalError> = None;
        loop {
            if closed.is_none() && !self.stopping() {
                let now = (self.engine.clock)();
                for step in ready(self.plan, &states, now) {
                    let id = &step.desired.id;
                    if !held.contains(id) && busy.insert(id.clone()) {
                        under_way.push(Box::pin(self.take_up(step, &states, &begun, fresh.take(id, now))));
                    }
                }
            }
            let Some((id, taken)) = under_way.next().await else { break };
            busy.remove(&id);
            match taken {
                Ok(events) => {
                    let only_its_own = events.iter().all(|recorded| recorded.event.step() == Some(&id));
                    for Recorded { at, event, .. } in events {
                        run::note_begun(&mut begun, &event);
                        let state = states.entry(event.step().unwrap_or(&id).clone()).or_default();
                        *state = std::mem::take(state).after(at, &event);
                    }
                    if only_its_own && matches!(states.get(&id), Some(StepState::Held { .. })) {
                        held.insert(id);
                    }
                }
                // Closed or broken: let what is under way end and be written, begin nothing new.
                Err(error @ JournalError::LeaseLost(_)) => return Err(error),
                Err(error) => closed = Some(error),
            }
        }
        match closed {
            Some(error) => Err(error),
            None => Ok(standing(&states)),
        }
    }

    pub(super) fn stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Takes one step up: looks, asks what is to be done, and does it.
    fn take_up(
        &self,
        step: &Step,
        states: &States,
        begun: &BTreeSet<StepId>,
        fresh: Option<(Spec, Observed)>,
    ) -> impl Future<Output = Taken> + Send + use<'_> {
        let outputs_of = |id: &StepId| states.get(id).and_then(StepState::outputs);
        let filled = step.desired.filled(outputs_of);
        let sources = stale_sources(self.plan, step, states, begun, (self.engine.clock)());
        let begun = begun.contains(&step.desired.id);
        let (id, state, mut step) = (step.desired.id.clone(), states[&step.desired.id].clone(), step.clone());
        async move {
            let taken = match filled {
                Ok(Some(desired)) => {
                    step.desired = desired;
                    self.perform(&step, &state, begun, &sources, fresh).await
                }
                Ok(None) => {
                    let why = "the steps that it gets its inputs from did not tell them".to_owned();
                    self.fail(&step, &CloudError::Wrong { why }, &state).await.map(|event| vec![event])
                }
                Err(unfit) => {
                    let mend = format!("correct what {} gives, then `genkan retry`", unfit.step);
                    let error = CloudError::Blocked { why: unfit.to_string(), mend };
                    self.fail(&step, &error, &state).await.map(|event| vec![event])
                }
            };
            (id, taken)
        }
    }

    async fn perform(
        &self,
        step: &Step,
        state: &StepState,
        begun: bool,
        sources: &[(Step, Outputs)],
        fresh: Option<(Spec, Observed)>,
    ) -> Result<Vec<Recorded>, JournalError> {
        if let Some(told) = self.is_not_answered(step, TakenUp { state, begun }).await? {
            return Ok(told);
        }
        for (source, told) in sources {
            match self.tells_else(source, told).await? {
                Ok(None) => {}
                Ok(Some(observed)) => return Ok(vec![self.nothing_to_do(source, observed).await?]),
                Err(error) => return Ok(vec![self.fail(step, &error, state).await?]),
            }
        }
        let ask = self.judge.ask(step).await?;
        if step.action.changes_something() && !needs_approval(step) {
            self.engine.cloud.expect(std::slice::from_ref(&ask));
        }
        let resource = self.engine.cloud.resource(ask);
        let look = match fresh {
            // What is left open until other steps are done is looked at after them.
            Some((spec, observed)) if spec == step.desired.spec && step.action != Action::Decide => Ok(observed),
            _ => in_time(resource.observe()).await,
        };
        let observed = match look {
            Ok(observed) => observed,
            Err(error) => return Ok(vec![self.fail_after_look(step, &error, state, begun, &*resource).await?]),
        };
        match self.judge.judge(step, &observed).await? {
            Judgement::Nothing => Ok(vec![self.nothing_to_do(step, observed).await?]),
            Judgement::Wait { within } => Ok(vec![self.wait(step, state, within).await?]),
            Judgement::Refuse { why, mend } => {
                let refused = self.passing_if_contested(step, CloudError::Blocked { why, mend }).await?;
                Ok(vec![self.fail_after_look(step, &refused, state, begun, &*resource).await?])
            }
            Judgement::Do(decided) => {
                let was_ours = matches!(observed, Observed::Ours { .. });
                // Its sessions tell the digest of what is done, where that is not what was looked for.
                let resource = if decided.digest() == step.digest() {
                    resource
                } else {
                    self.engine.cloud.resource(self.judge.ask(&decided).await?)
                };
                self.act(decided, was_ours, TakenUp { state, begun }, resource).await
            }
        }
    }

    /// What is in the way of a step may be what another request has made a moment ago for both: then it passes.
    pub(super) async fn passing_if_contested(
        &self,
        step: &Step,
        error: CloudError,
    ) -> Result<CloudError, JournalError> {
        Ok(match error {
            CloudError::Blocked { why, .. } if self.judge.contested(step).await? => {
                CloudError::Passing { why: format!("{why}; another request may just be making it"), after: None }
            }
            other => other,
        })
    }

    /// What an awaited step would tell now, if that is not what it told.
    async fn tells_else(
        &self,
        source: &Step,
        told: &Outputs,
    ) -> Result<Result<Option<Observed>, CloudError>, JournalError> {
        let ask = self.judge.ask(source).await?;
        Ok(match in_time(self.engine.cloud.resource(ask).observe()).await {
            Ok(Observed::Ours { outputs, .. } | Observed::Foreign { outputs, .. }) if outputs == *told => Ok(None),
            Ok(observed @ (Observed::Ours { .. } | Observed::Foreign { .. })) => Ok(Some(observed)),
            Ok(Observed::Absent | Observed::Leaving { .. }) => Err(CloudError::Blocked {
                why: format!("{} is not there any more", source.desired.spec.name()),
                mend: "see why it was removed; when it is there again, `genkan retry`".to_owned(),
            }),
            Err(error) => Err(error),
        })
    }

    async fn nothing_to_do(&self, step: &Step, observed: Observed) -> Result<Recorded, JournalError> {
        let (ours, outputs) = match observed {
            Observed::Ours { outputs, .. } => (true, outputs),
            Observed::Foreign { outputs, .. } => (false, outputs),
            Observed::Absent | Observed::Leaving { .. } => (false, Outputs::new()),
        };
        let did = if step.desired.spec.is_awaited() { Did::Seen } else { Did::Kept };
        self.finish(step, did, outputs, ours).await
    }

    async fn wait(&self, step: &Step, state: &StepState, within: Duration) -> Result<Recorded, JournalError> {
        let now = (self.engine.clock)();
        let (since, until) = match state {
            StepState::Waiting { since, until: Some(until), .. } => (*since, *until),
            _ => (now, now + within),
        };
        let name = step.desired.spec.name();
        if now >= until {
            let why = format!("{name} did not appear within {} minutes", within.as_secs() / 60);
            let mend = "see why it was not made, then `genkan retry`".to_owned();
            return self.fail(step, &CloudError::Blocked { why, mend }, state).await;
        }
        let waited = Duration::try_from(now.duration_since(since)).unwrap_or_default();
        let again_at = (now + retry::look_again_in(waited)).min(until);
        let on = format!("{} {name}", step.kind().title());
        let event = Event::Waiting { step: step.desired.id.clone(), on, again_at, until: Some(until) };
        self.journal.append(self.lease, &event).await
    }

    pub(super) async fn finish(
        &self,
        step: &Step,
        did: Did,
        outputs: Outputs,
        ours: bool,
    ) -> Result<Recorded, JournalError> {
        let resource =
            ResourceKey { place: step.desired.place.clone(), kind: step.kind(), name: step.desired.spec.name() };
        let event = Event::Finished {
            step: step.desired.id.clone(),
            did,
            outputs,
            resource,
            scope: step.desired.scope,
            ours: ours && (self.plan.direction == Direction::Teardown || !step.desired.spec.is_awaited()),
        };
        self.journal.append(self.lease, &event).await
    }

    pub(super) async fn fail(
        &self,
        step: &Step,
        error: &CloudError,
        state: &StepState,
    ) -> Result<Recorded, JournalError> {
        self.journal.append(self.lease, &self.failure(step, error, state)).await
    }

    pub(super) fn failure(&self, step: &Step, error: &CloudError, state: &StepState) -> Event {
        let failures = match state {
            StepState::Running { failures, .. } | StepState::Retrying { failures, .. } => *failures,
            _ => 0,
        };
        retry::failed(step.desired.id.clone(), error, failures, (self.engine.clock)(), rand::random())
    }
}

/// A call that takes longer than a lease could cover is dropped: it may still have had its effect, which the next look finds.
pub(super) async fn in_time<T>(call: impl Future<Output = Result<T, CloudError>>) -> Result<T, CloudError> {
    match tokio::time::timeout(Lease::CALL_TIMEOUT, call).await {
        Ok(answer) => answer,
        Err(_) => Err(CloudError::Passing {
            why: format!("no answer within {} seconds", Lease::CALL_TIMEOUT.as_secs()),
            after: None,
        }),
    }
}

pub(super) fn needs_approval(step: &Step) -> bool {
    step.gate.as_ref().is_some_and(|gate| gate.approvals > 0)
}
