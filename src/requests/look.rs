//! Looks at every resource of a blueprint, all at once, each as soon as its inputs are known.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use jiff::Timestamp;

use super::{Desk, DeskError};
use crate::engine::cloud::{Ask, Behalf};
use crate::engine::{CloudError, FreshLooks};
use crate::model::plan::{Desired, Direction, UnfitInput};
use crate::model::run::ResourceKey;
use crate::model::{EnvironmentName, Observed, Outputs, Plan, ProjectName, StepId};
use crate::plan::build::{Look, Subject};

/// How long after its end another request may explain what is found: longer than any look lasts.
const A_MOMENT: Duration = Duration::from_mins(1);

/// What a round of looks found.
pub(super) struct Looks {
    /// By step.
    pub by_step: BTreeMap<StepId, Look>,
}

impl Looks {
    /// The looks that succeeded, for the engine, which need not repeat them within seconds.
    pub fn fresh(&self, made_at: Timestamp) -> FreshLooks {
        let seen = self.by_step.iter().filter_map(|(id, look)| match look {
            Look::Seen { desired, observed, .. } => Some((id.clone(), (desired.spec.clone(), observed.clone()))),
            Look::TooEarly | Look::Failed { .. } => None,
        });
        FreshLooks::made_at(made_at, seen.collect())
    }
}

impl Desk {
    /// Looks at all of `blueprint` for `subject`. Only readers are assumed for it.
    pub(super) async fn look(
        &self,
        subject: &Subject,
        blueprint: &[Desired],
        behalf: &Behalf,
    ) -> Result<Looks, DeskError> {
        // Asked once and beforehand: while looks are under way nothing else is awaited. They would not be driven meanwhile,
        // and could hold every connection to the store that is then waited for.
        let held = match subject.direction {
            Direction::Teardown => self.store.holdings(&subject.project, &subject.environment).await?,
            Direction::Onboard => vec![],
        };
        let sights = blueprint.iter().map(|desired| (desired.place.clone(), desired.spec.clone())).collect();
        let behalf = &Behalf { sights, ..behalf.clone() };
        let mut by_step = BTreeMap::new();
        let mut outputs: BTreeMap<StepId, Outputs> = BTreeMap::new();
        // What another one waits for is asked first: it is on the longest way.
        let awaited: BTreeSet<&StepId> =
            blueprint.iter().flat_map(|desired| desired.inputs.values().map(|input| &input.step)).collect();
        let mut left: Vec<&Desired> = blueprint.iter().collect();
        left.sort_by_key(|desired| !awaited.contains(&desired.id));
        let mut under_way = FuturesUnordered::new();
        // What has to wait for another look finds its readers' sessions open: nothing else is opened, since no step is known yet.
        for desired in blueprint.iter().filter(|desired| !desired.inputs.is_empty()) {
            let ask =
                self.ask(subject.direction, desired, &subject.project, &subject.environment, behalf.clone()).await?;
            self.cloud.expect(&[ask]);
        }
        loop {
            let mut too_early = Vec::new();
            for desired in left {
                match with_inputs(desired, &held, &outputs) {
                    Ok(Some(filled)) => under_way.push(self.look_at(subject, filled, behalf)),
                    Ok(None) => too_early.push(desired),
                    Err(unfit) => {
                        let mend = format!("correct what {} gives", unfit.step);
                        by_step.insert(desired.id.clone(), Look::Failed { why: unfit.to_string(), mend });
                    }
                }
            }
            left = too_early;
            let Some((id, look)) = under_way.next().await else { break };
            if let Look::Seen {
                observed: Observed::Ours { outputs: told, .. } | Observed::Foreign { outputs: told, .. },
                ..
            } = &look
            {
                outputs.insert(id.clone(), told.clone());
            }
            by_step.insert(id, look);
        }
        by_step.extend(left.into_iter().map(|desired| (desired.id.clone(), Look::TooEarly)));
        Ok(Looks { by_step })
    }

    async fn look_at(&self, subject: &Subject, desired: Desired, behalf: &Behalf) -> (StepId, Look) {
        let look = self.try_look(subject, &desired, behalf.clone()).await;
        (desired.id.clone(), look.unwrap_or_else(|error| failed(&error)))
    }

    async fn try_look(&self, subject: &Subject, desired: &Desired, behalf: Behalf) -> Result<Look, CloudError> {
        let stored = |error: DeskError| CloudError::Wrong { why: error.to_string() };
        let ask = self.ask(subject.direction, desired, &subject.project, &subject.environment, behalf);
        let ask = ask.await.map_err(stored)?;
        let others = match (subject.direction, desired.is_shared()) {
            (Direction::Teardown, true) => {
                let others = self.store.others(&key(desired), &subject.project, &subject.environment).await;
                others.map_err(|error| stored(error.into()))?
            }
            _ => vec![],
        };
        let known = (ask.begun, ask.remembered.clone());
        let mut observed = self.cloud.resource(ask.clone()).observe().await?;
        if desired.is_shared() && matches!(observed, Observed::Foreign { .. }) {
            // Another request may have made it between the memory's answer and the look: then the memory knows by now.
            let again = self.ask(subject.direction, desired, &subject.project, &subject.environment, ask.behalf);
            let again = again.await.map_err(stored)?;
            if (again.begun, again.remembered.clone()) != known {
                observed = self.cloud.resource(again).observe().await?;
            }
        }
        Ok(Look::Seen { desired: desired.clone(), observed, others })
    }

    /// Everything that a resource needs to know to be asked.
    pub(super) async fn ask(
        &self,
        direction: Direction,
        desired: &Desired,
        project: &ProjectName,
        environment: &EnvironmentName,
        behalf: Behalf,
    ) -> Result<Ask, DeskError> {
        let key = key(desired);
        let owner = (!desired.is_shared()).then_some((project, environment));
        Ok(Ask {
            place: desired.place.clone(),
            spec: desired.spec.clone(),
            scope: desired.scope,
            project: project.clone(),
            environment: environment.clone(),
            remembered: self.store.remembered(&key, owner).await?,
            begun: self.has_begun(desired, project, environment).await?,
            removing: direction == Direction::Teardown,
            behalf,
        })
    }

    /// Whether another onboarding makes the same shared thing, or did a moment ago.
    pub(super) async fn is_contested(&self, desired: &Desired, plan: &Plan) -> Result<bool, DeskError> {
        if plan.direction != Direction::Onboard || !desired.is_shared() {
            return Ok(false);
        }
        let since = (self.clock)() - A_MOMENT;
        Ok(self.store.is_contested(&key(desired), &plan.project, &plan.environment, since).await?)
    }

    /// Whether the journal says that a creation of it was begun, for this project (or for the account), and not ended.
    pub(super) async fn has_begun(
        &self,
        desired: &Desired,
        project: &ProjectName,
        environment: &EnvironmentName,
    ) -> Result<bool, DeskError> {
        let owner = (!desired.is_shared()).then_some((project, environment));
        Ok(self.store.begun(&key(desired), owner).await?)
    }
}

/// What a project has, and what each thing told about itself.
type Held = [(ResourceKey, Outputs)];

/// The resource with its inputs filled in: from what is remembered of it (what was associated then is to be removed now), if
/// anything is in `held`, otherwise from what was seen.
fn with_inputs(
    desired: &Desired,
    held: &Held,
    outputs: &BTreeMap<StepId, Outputs>,
) -> Result<Option<Desired>, UnfitInput> {
    if !desired.inputs.is_empty()
        && let Some(remembered) = memory_of(desired, held)
    {
        return Ok(Some(remembered));
    }
    desired.filled(|id| outputs.get(id))
}

/// What is held of the same kind in the same place, with the inputs that it was made with.
fn memory_of(desired: &Desired, held: &Held) -> Option<Desired> {
    let alike = held.iter().filter(|(key, _)| key.kind == desired.spec.kind() && key.place == desired.place);
    alike.into_iter().find_map(|(key, outputs)| {
        let told = |field: &String| outputs.get(field).map(|value| (field.clone(), value.clone()));
        let inputs: Outputs = desired.inputs.keys().map(told).collect::<Option<_>>()?;
        // An input's value is what the resource itself told under the field's name.
        let mut own = desired.clone();
        for (field, input) in &mut own.inputs {
            input.output.clone_from(field);
        }
        let filled = own.filled(|_| Some(&inputs)).ok().flatten()?;
        (filled.spec.name() == key.name).then(|| Desired { inputs: desired.inputs.clone(), ..filled })
    })
}

/// Which resource is meant.
pub(super) fn key(desired: &Desired) -> ResourceKey {
    ResourceKey { place: desired.place.clone(), kind: desired.spec.kind(), name: desired.spec.name() }
}

fn failed(error: &CloudError) -> Look {
    let mend = match error {
        CloudError::Passing { .. } => "make the plan again in a moment".to_owned(),
        CloudError::Forbidden { mend: Some(mend), .. } => mend.clone(),
        CloudError::Forbidden { mend: None, .. } | CloudError::Wrong { .. } => {
            "`genkan doctor` says which role or permission is missing".to_owned()
        }
        CloudError::Blocked { mend, .. } => mend.clone(),
    };
    Look::Failed { why: error.to_string(), mend }
}
