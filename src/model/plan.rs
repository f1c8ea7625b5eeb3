//! A plan: a value that says what is to be done, prints itself, and leaves the engine no choice.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::digest::Digest;
use super::ids::{AccountId, EnvironmentName, Place, ProjectName, Repository, StepId};
use super::resource::{Contents, Kind, Outputs, Spec};

pub use super::gate::{Gate, GateReason, Terms};

/// Which way a project goes through the entrance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// It is let in.
    Onboard,
    /// It is shown out.
    Teardown,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Onboard => "onboard",
            Self::Teardown => "teardown",
        })
    }
}

/// To whom a resource belongs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// To one project in one environment: it goes with it.
    #[default]
    Project,
    /// To the account: it stays while another project in that account needs it.
    Account,
}

/// What becomes of a resource that is there already and not ours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnExisting {
    /// Stop and let a person decide.
    #[default]
    Block,
    /// Use it as it is, and never change or remove it.
    Keep,
}

/// Where a step's field gets its value from when the plan cannot know it yet: an output of an earlier step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The earlier step.
    pub step: StepId,
    /// The name of its output.
    pub output: String,
}

/// What a blueprint asks for, for one project in one environment: names filled in, nothing looked at yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desired {
    /// The step's name.
    pub id: StepId,
    /// Where it is to be.
    pub place: Place,
    /// To whom it belongs.
    pub scope: Scope,
    /// What becomes of it if it is there already and not ours.
    pub on_existing: OnExisting,
    /// Steps that have to be done before, besides those that `inputs` name.
    pub after: Vec<StepId>,
    /// Fields of `spec` that are filled in from earlier steps' outputs.
    pub inputs: BTreeMap<String, Input>,
    /// What it is to be.
    pub spec: Spec,
}

/// What an earlier step told does not fit the field that it is for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} cannot be `{value}`, which {step} gave: {why}")]
pub struct UnfitInput {
    /// The field.
    pub field: String,
    /// The value that does not fit.
    pub value: String,
    /// The step that it came from.
    pub step: StepId,
    /// Why it does not fit.
    pub why: String,
}

impl Desired {
    /// Whether others may rely on it: it belongs to the account, or it is the association of a VPC that other projects may
    /// live in too. It stays while one of them needs it.
    pub const fn is_shared(&self) -> bool {
        matches!(self.scope, Scope::Account) || matches!(self.spec, Spec::ZoneAssociation(_))
    }

    /// The same with its inputs filled in, or `None` while one of them is not known. `outputs_of` gives the outputs of
    /// a step that is done. Filled-in inputs stay named in `inputs`: they say where the value came from.
    ///
    /// # Errors
    /// [`UnfitInput`] where a value cannot be what the field is to hold.
    pub fn filled<'a>(&self, outputs_of: impl Fn(&StepId) -> Option<&'a Outputs>) -> Result<Option<Self>, UnfitInput> {
        let mut filled = self.clone();
        for (field, input) in &self.inputs {
            let Some(value) = outputs_of(&input.step).and_then(|outputs| outputs.get(&input.output)) else {
                return Ok(None);
            };
            let mut json = serde_json::to_value(&filled.spec).expect("a spec can be written as JSON");
            json[field] = Value::from(value.as_str());
            filled.spec = serde_json::from_value(json).map_err(|error| UnfitInput {
                field: field.clone(),
                value: value.clone(),
                step: input.step.clone(),
                why: error.to_string(),
            })?;
        }
        Ok(Some(filled))
    }
}

/// One field that differs: what it is, and what it will be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The field's name.
    pub field: String,
    /// Its value now.
    pub from: Value,
    /// Its value afterwards.
    pub to: Value,
}

/// What is done to one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub enum Action {
    /// Nothing: it is as it should be, or not ours to change, for this reason.
    Keep {
        /// Why nothing is done.
        why: String,
    },
    /// It is made.
    Create,
    /// It is there and not ours, a person asked to take it over, and these fields change.
    Adopt {
        /// What changes.
        changes: Vec<Change>,
    },
    /// It is ours, and these fields change.
    Update {
        /// What changes.
        changes: Vec<Change>,
    },
    /// It is removed.
    Remove {
        /// What is lost with it.
        contents: Contents,
    },
    /// It is waited for.
    Await,
    /// What is done is decided when the steps that its inputs come from, or that it depends on, are done.
    Decide,
    /// It stands in the way of the whole plan, for this reason.
    Blocked {
        /// Why.
        why: String,
        /// What a person can do about it.
        mend: String,
    },
}

/// How the reason of a step begins that is blocked because the look at it failed.
pub const NOT_SEEN: &str = "it could not be looked at";

impl Action {
    /// Whether it is blocked because the look at it failed: nothing is known of it.
    pub fn is_not_seen(&self) -> bool {
        matches!(self, Self::Blocked { why, .. } if why.starts_with(NOT_SEEN))
    }

    /// Whether carrying it out changes anything in AWS. A step that is decided later may.
    pub const fn changes_something(&self) -> bool {
        !matches!(self, Self::Keep { .. } | Self::Await | Self::Blocked { .. })
    }

    /// One word for tables.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Keep { .. } => "keep",
            Self::Create => "create",
            Self::Adopt { .. } => "adopt",
            Self::Update { .. } => "update",
            Self::Remove { .. } => "remove",
            Self::Await => "wait",
            Self::Decide => "decide",
            Self::Blocked { .. } => "blocked",
        }
    }
}

/// One resource's part in a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What the blueprint asks for, inputs filled in as far as they are known.
    #[serde(flatten)]
    pub desired: Desired,
    /// A person asked that it be taken over if it is there and not ours.
    #[serde(default)]
    pub adopt: bool,
    /// A person asked that data in it be destroyed with it.
    #[serde(default)]
    pub delete_data: bool,
    /// What is done.
    pub action: Action,
    /// What it takes to start it; none for a step that stays within the project's account and destroys nothing.
    pub gate: Option<Gate>,
}

impl Step {
    /// What an approval of this step is for: everything that is shown of it, inputs filled in.
    pub fn digest(&self) -> Digest {
        Digest::of(self)
    }

    /// Whether it may not begin without a gate: it changes another account than the project's, or destroys data.
    pub fn needs_gate(&self) -> bool {
        let destroys = matches!(&self.action, Action::Remove { contents } if !contents.is_empty());
        let reaches = self.desired.spec.other_account(&self.desired.place.account).is_some();
        self.action.changes_something() && (destroys || reaches)
    }

    /// The steps that have to be done before this one.
    pub fn needs(&self) -> impl Iterator<Item = &StepId> {
        self.desired.after.iter().chain(self.desired.inputs.values().map(|input| &input.step))
    }

    /// Its kind.
    pub const fn kind(&self) -> Kind {
        self.desired.spec.kind()
    }
}

/// What is to be done for one project in one environment, in an order in which it can be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Let in or shown out.
    pub direction: Direction,
    /// Which project.
    pub project: ProjectName,
    /// Which environment.
    pub environment: EnvironmentName,
    /// The project's place.
    pub place: Place,
    /// The project's GitHub repository, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<Repository>,
    /// The names of all accounts that the plan touches.
    pub accounts: BTreeMap<AccountId, String>,
    /// The steps, none before one that it needs.
    pub steps: Vec<Step>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
}

/// How many steps of each sort a plan has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Nothing is done.
    pub keep: usize,
    /// Made.
    pub create: usize,
    /// Changed or taken over.
    pub update: usize,
    /// Removed.
    pub remove: usize,
    /// Waited for.
    pub wait: usize,
    /// Decided on the way.
    pub decide: usize,
    /// In the way.
    pub blocked: usize,
}

impl Plan {
    /// What the plan is, for comparison: two plans with one digest do the same.
    pub fn digest(&self) -> Digest {
        Digest::of(self)
    }

    /// The step of that name.
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps.iter().find(|step| step.desired.id == *id)
    }

    /// Whether carrying it out would change nothing and wait for nothing.
    pub fn is_done(&self) -> bool {
        self.steps.iter().all(|step| matches!(step.action, Action::Keep { .. }))
    }

    /// The steps that stand in the way.
    pub fn blocked(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| matches!(step.action, Action::Blocked { .. }))
    }

    /// What people call an account: `name (id)`.
    pub fn account(&self, id: &AccountId) -> String {
        self.accounts.get(id).map_or_else(|| id.to_string(), |name| format!("{name} ({id})"))
    }

    /// How many steps of each sort there are.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for step in &self.steps {
            let count = match step.action {
                Action::Keep { .. } => &mut tally.keep,
                Action::Create => &mut tally.create,
                Action::Adopt { .. } | Action::Update { .. } => &mut tally.update,
                Action::Remove { .. } => &mut tally.remove,
                Action::Await => &mut tally.wait,
                Action::Decide => &mut tally.decide,
                Action::Blocked { .. } => &mut tally.blocked,
            };
            *count += 1;
        }
        tally
    }
}
