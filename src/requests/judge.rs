//! How the engine's questions are answered: by the plan's rules, the approvals and the memory, as they are now.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::counting::{Count, named};
use super::look::key;
use super::{Desk, DeskError};
use crate::config::BY_NAME;
use crate::engine::cloud::{Ask, Behalf};
use crate::engine::{JournalError, Judge, Judgement, Leave};
use crate::model::plan::Direction;
use crate::model::question::{Counted, Void};
use crate::model::resource::ZoneAssociation;
use crate::model::{Action, Digest, Event, Note, Observed, Request, Spec, Step};
use crate::plan::build::rules;
use crate::plan::decide::{self, Consent};
use crate::policy::{Concerned, Deed, Starting};

/// When Discord is asked again for somebody's roles, where it did not answer.
const ASKED_AGAIN: Duration = Duration::from_secs(30);

/// The judge of one request.
pub(super) struct DeskJudge<'d> {
    /// Where the memory and the rules are.
    pub desk: &'d Desk,
    /// The request.
    pub request: &'d Request,
}

impl DeskJudge<'_> {
    /// Who approved this very step, and counts now: they are named in its sessions.
    async fn approvers(&self, step: &Step, digest: &Digest) -> Result<BTreeSet<String>, DeskError> {
        if !is_asked_for(step) {
            return Ok(BTreeSet::new());
        }
        Ok(match self.desk.count(self.request, step, digest).await? {
            Count::Of(counted) => counted.names,
            Count::NotAsked | Count::Void(_) => BTreeSet::new(),
        })
    }

    /// Whether a step that these people approved may begin, as policy sees it.
    fn leave(&self, step: &Step, digest: &Digest, counted: Counted, now: Timestamp) -> Leave {
        let plan = &self.request.plan;
        let settings = self.desk.config.environments.get(&plan.environment);
        if let Some(freeze) = settings.and_then(|settings| settings.frozen_at(now)) {
            let on = format!("the freeze of {} ends ({})", plan.environment, freeze.why);
            return Leave::Later { on, again_at: freeze.until };
        }
        let starting = Starting {
            concerned: Concerned::of(step),
            gated: step.gate.is_some(),
            approvers: &counted.names,
            needed: step.gate.as_ref().map_or(0, |gate| gate.approvals),
            shown: digest.as_str(),
            digest: digest.as_str(),
        };
        let deed = Deed::Start(starting);
        let verdict = self.desk.verdict(&self.request.by, deed, &plan.environment, Some(&plan.project));
        if verdict.allowed {
            Leave::Granted { approvers: counted.names }
        } else {
            Leave::Lacking { note: note(&counted, now) }
        }
    }

    /// A question that can be answered no more.
    fn void(&self, void: Void) -> Leave {
        let hours = self.desk.config.approvals.valid_hours;
        let why = match void {
            Void::Expired => format!("it was not approved within {hours} hours"),
            Void::SetBack => {
                "the clock was set back while it waited for approvals: nobody knows how old they are".to_owned()
            }
        };
        Leave::Void { why, mend: "`genkan retry` asks the approvers anew".to_owned() }
    }

    /// Whether the journal says that its creation was begun and not ended.
    async fn is_unfinished(&self, step: &Step, observed: &Observed) -> Result<bool, DeskError> {
        let plan = &self.request.plan;
        let ours = matches!(observed, Observed::Ours { .. }) && plan.direction == Direction::Onboard;
        Ok(ours && self.desk.has_begun(&step.desired, &plan.project, &plan.environment).await?)
    }

    /// Where a step is planned that the config does not have there (any more): who made the plan may have read another one.
    fn is_misplaced(&self, step: &Step) -> bool {
        let (plan, config) = (&self.request.plan, &self.desk.config);
        let place = config.place_of(&plan.project, &plan.environment);
        let is_zone = |zone: &ZoneAssociation| {
            let account = config.zone_account(&plan.environment).map(|(_, account)| &account.id);
            let settings = config.environments.get(&plan.environment);
            account == Some(&zone.zone_account) && settings.is_some_and(|settings| settings.zone.id == zone.zone_id)
        };
        let elsewhere = matches!(&step.desired.spec, Spec::ZoneAssociation(zone) if !is_zone(zone));
        elsewhere || place.as_ref() != Some(&step.desired.place)
    }

    async fn decide(&self, step: &Step, observed: &Observed) -> Result<Step, DeskError> {
        let plan = &self.request.plan;
        let others = match (plan.direction, step.desired.is_shared()) {
            (Direction::Teardown, true) => {
                self.desk.store.others(&key(&step.desired), &plan.project, &plan.environment).await?
            }
            _ => vec![],
        };
        let consent = Consent { adopt: step.adopt, delete_data: step.delete_data };
        let rules = rules(&self.desk.config, &plan.environment, self.desk.policy.digest());
        let now = decide::step(plan.direction, step.desired.clone(), observed, &others, consent, &rules);
        Ok(decide::no_less_guarded(now, step))
    }

    /// The step that was approved and begun, if `now` is the rest of it: a try that died half-way is found as something that
    /// differs, and going on with what was approved, for these very inputs, needs no other approval.
    async fn begun(&self, now: &Step) -> Result<Option<Step>, DeskError> {
        let destroys = |action: &Action| matches!(action, Action::Remove { contents } if !contents.is_empty());
        let builds = |action: &Action| matches!(action, Action::Create | Action::Adopt { .. } | Action::Update { .. });
        let is_gated = now.gate.as_ref().is_some_and(|gate| gate.approvals > 0);
        if !is_gated || !(destroys(&now.action) || builds(&now.action)) {
            return Ok(None);
        }
        let journal = self.desk.store.journal(&self.request.id).await?;
        let mut begun = None;
        for recorded in journal {
            match recorded.event {
                Event::Started { step, .. } if step.desired == now.desired => begun = Some(*step),
                // Who knows what has been put there to be destroyed since.
                Event::Retried if destroys(&now.action) => begun = None,
                _ => {}
            }
        }
        // Under other rules, by another version of the program, or where more have to approve by now, it is approved anew.
        let terms = |step: &Step| step.gate.as_ref().map(|gate| gate.terms.clone());
        let needs = |step: &Step| step.gate.as_ref().map(|gate| gate.approvals);
        let begun = begun.filter(|begun| terms(begun) == terms(now) && needs(begun) >= needs(now));
        Ok(begun.filter(|begun| {
            destroys(&now.action) && destroys(&begun.action) || builds(&now.action) && builds(&begun.action)
        }))
    }
}

#[async_trait]
impl Judge for DeskJudge<'_> {
    async fn ask(&self, step: &Step) -> Result<Ask, JournalError> {
        let digest = step.digest();
        let approvers = self.approvers(step, &digest).await.map_err(storage)?;
        let plan = &self.request.plan;
        let behalf = Behalf {
            person: self.request.by.name.clone(),
            request: Some(self.request.id.clone()),
            step: Some(step.desired.id.clone()),
            approvers,
            digest: Some(digest),
            sights: plan.steps.iter().map(|step| (step.desired.place.clone(), step.desired.spec.clone())).collect(),
        };
        self.desk.ask(plan.direction, &step.desired, &plan.project, &plan.environment, behalf).await.map_err(storage)
    }

    async fn may_start(&self, step: &Step, digest: &Digest) -> Result<Leave, JournalError> {
        let now = (self.desk.clock)();
        let counted = if is_asked_for(step) {
            self.desk.count(self.request, step, digest).await.map_err(storage)?
        } else {
            Count::Of(Counted::default())
        };
        Ok(match counted {
            Count::Of(counted) => self.leave(step, digest, counted, now),
            Count::Void(void) => self.void(void),
            // Nobody is asked in a freeze for what they could not approve.
            Count::NotAsked => match self.leave(step, digest, Counted::default(), now) {
                later @ Leave::Later { .. } => later,
                _ => Leave::Lacking { note: None },
            },
        })
    }

    fn answered_until(&self) -> Timestamp {
        (self.desk.clock)() + Duration::from_hours(self.desk.config.approvals.valid_hours.into())
    }

    async fn contested(&self, step: &Step) -> Result<bool, JournalError> {
        self.desk.is_contested(&step.desired, &self.request.plan).await.map_err(storage)
    }

    async fn judge(&self, step: &Step, observed: &Observed) -> Result<Judgement, JournalError> {
        let now = self.decide(step, observed).await.map_err(storage)?;
        let id = &step.desired.id;
        if now.action.changes_something() && self.request.by.via == BY_NAME && !self.desk.names_are_trusted {
            return Ok(Judgement::Refuse {
                why: format!(
                    "somebody said that {} asks for it, at a local AWS: here nobody knows that",
                    self.request.by
                ),
                mend: "cancel this request and ask again, without `--as`".to_owned(),
            });
        }
        if now.action.changes_something() && self.is_misplaced(step) {
            let plan = &self.request.plan;
            return Ok(Judgement::Refuse {
                why: format!(
                    "{id} was planned for another account or zone than the config has for {} {}",
                    plan.project, plan.environment
                ),
                mend: "cancel this request and ask again".to_owned(),
            });
        }
        Ok(match &now.action {
            // A try that died before it could leave its mark: as it should be but for that.
            Action::Keep { .. } if self.is_unfinished(step, observed).await.map_err(storage)? => {
                Judgement::Do(Box::new(Step { action: Action::Update { changes: vec![] }, ..now }))
            }
            Action::Keep { .. } => Judgement::Nothing,
            Action::Await => Judgement::Wait { within: patience(&now.desired.spec) },
            Action::Blocked { why, mend } => Judgement::Refuse { why: why.clone(), mend: mend.clone() },
            action if !decide::permits(&step.action, action) => Judgement::Refuse {
                why: format!(
                    "{id} has changed since the plan was made: planned was {}, now it would be {}",
                    step.action.word(),
                    action.word()
                ),
                mend: "cancel this request and ask again, so that the plan shows what is there now".to_owned(),
            },
            _ => Judgement::Do(Box::new(self.begun(&now).await.map_err(storage)?.unwrap_or(now))),
        })
    }
}

/// Whether approvers are asked about it.
fn is_asked_for(step: &Step) -> bool {
    step.gate.as_ref().is_some_and(|gate| gate.approvals > 0)
}

/// Why approvals that were given do not count.
fn note(counted: &Counted, now: Timestamp) -> Option<Note> {
    if !counted.unknown.is_empty() {
        let on = format!("Discord can be asked whether {} may still approve", named(&counted.unknown));
        return Some(Note { lost: counted.lost.clone(), ..Note::until(on, now + ASKED_AGAIN) });
    }
    let on = format!("other approvers, since {} may not approve this any more", named(&counted.lost));
    (!counted.lost.is_empty()).then(|| Note { on, again_at: None, lost: counted.lost.clone() })
}

const fn patience(spec: &Spec) -> Duration {
    match spec {
        Spec::SsmParameter(parameter) => Duration::from_secs(parameter.wait_minutes as u64 * 60),
        _ => Duration::ZERO,
    }
}

fn storage(error: DeskError) -> JournalError {
    JournalError::Storage(error.to_string())
}
