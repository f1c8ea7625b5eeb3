//! Puts a plan together: every resource of the blueprint, in order, with what was seen of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Account, Config};
use crate::model::plan::{Desired, Direction, NOT_SEEN, Plan, Step};
use crate::model::{AccountId, Action, Digest, EnvironmentName, Observed, Place, ProjectName, Repository, StepId};

use super::decide::{AccountTerms, Consent, GateRules, Others, step, with_action};

/// What is known of one resource when the plan is made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "nearly all are the large one, and there are a dozen of them")]
pub enum Look {
    /// It was looked at.
    Seen {
        /// What it is to be, inputs filled in.
        desired: Desired,
        /// What was found.
        observed: Observed,
        /// Others that rely on it, where it belongs to the account.
        others: Vec<(ProjectName, EnvironmentName)>,
    },
    /// It cannot be looked at until the steps that its inputs come from are done.
    TooEarly,
    /// The look failed. It is never taken for "absent".
    Failed {
        /// What went wrong.
        why: String,
        /// What mends it.
        mend: String,
    },
}

/// What a plan is made for.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Let in or shown out.
    pub direction: Direction,
    /// Which project.
    pub project: ProjectName,
    /// Which environment.
    pub environment: EnvironmentName,
    /// The project's place.
    pub place: Place,
    /// The project's GitHub repository, where one is known.
    pub repository: Option<Repository>,
    /// Resources to take over if they are there and not ours.
    pub adopt: BTreeSet<StepId>,
    /// Destroy what is held, with what holds it.
    pub delete_data: bool,
}

/// The plan. `ordered` are the blueprint's resources in an order in which they can be done (see [`super::order`]), each
/// with its look in `looks`; one without a look is taken for one that could not be looked at.
/// `policy`: the digest of the rules that decide who may approve.
pub fn plan(
    config: &Config,
    subject: &Subject,
    ordered: Vec<Desired>,
    looks: &BTreeMap<StepId, Look>,
    policy: &Digest,
) -> Plan {
    let rules = rules(config, &subject.environment, policy);
    let mut steps: Vec<Step> = ordered
        .into_iter()
        .map(|desired| {
            let consent = Consent { adopt: subject.adopt.contains(&desired.id), delete_data: subject.delete_data };
            planned(subject.direction, desired, looks, consent, &rules)
        })
        .collect();
    leave_open_what_depends(subject.direction, &mut steps, looks, &rules);
    let notes = notes(config, subject, &steps, &rules);
    Plan {
        direction: subject.direction,
        project: subject.project.clone(),
        environment: subject.environment.clone(),
        place: subject.place.clone(),
        repository: subject.repository.clone(),
        accounts: accounts(config, &subject.place, &steps),
        steps,
        notes,
    }
}

/// What is ours and as it should be may not be so any more when what it depends on has changed (a credential that was
/// imported from a secret): what is done about it is decided then.
fn leave_open_what_depends(
    direction: Direction,
    steps: &mut [Step],
    looks: &BTreeMap<StepId, Look>,
    rules: &GateRules,
) {
    if direction != Direction::Onboard {
        return;
    }
    for at in 0..steps.len() {
        let (before, rest) = steps.split_at_mut(at);
        let step = &mut rest[0];
        let changes = |id: &StepId| before.iter().any(|one| one.desired.id == *id && one.action.changes_something());
        let is_ours = matches!(looks.get(&step.desired.id), Some(Look::Seen { observed: Observed::Ours { .. }, .. }));
        if is_ours && matches!(step.action, Action::Keep { .. }) && step.needs().any(changes) {
            let consent = Consent { adopt: step.adopt, delete_data: step.delete_data };
            *step = with_action(step.desired.clone(), Action::Decide, consent, rules);
        }
    }
}

/// Who approves how often in an environment. One that the config does not know asks for what nobody can give.
pub fn rules(config: &Config, environment: &EnvironmentName, policy: &Digest) -> GateRules {
    let settings = config.environments.get(environment);
    let (approvals, approvals_to_destroy) =
        settings.map_or((u32::MAX, u32::MAX), |settings| (settings.approvals, settings.approvals_to_destroy));
    let terms = |(name, account): (&String, &Account)| {
        let region = config.region_of(account);
        let (writer, authoriser) =
            (account.writer.arn(&account.id, region), account.authoriser.arn(&account.id, region));
        (account.id.clone(), AccountTerms { name: name.clone(), writer, authoriser })
    };
    GateRules {
        approvals,
        approvals_to_destroy,
        approvers: settings.map(|settings| settings.approvers.clone()).unwrap_or_default(),
        policy: policy.clone(),
        accounts: config.accounts.iter().map(terms).collect(),
    }
}

fn planned(
    direction: Direction,
    desired: Desired,
    looks: &BTreeMap<StepId, Look>,
    consent: Consent,
    rules: &GateRules,
) -> Step {
    let action = match (looks.get(&desired.id), direction) {
        (Some(Look::Seen { desired: filled, observed, others }), _) => {
            let filled = Desired { after: desired.after, inputs: desired.inputs, ..filled.clone() };
            let others: &Others = others;
            return step(direction, filled, observed, others, consent, rules);
        }
        (Some(Look::TooEarly), Direction::Onboard) => Action::Decide,
        (Some(Look::TooEarly), Direction::Teardown) => Action::Keep {
            why: "nothing is known of it: what it depends on is not there, and genkan has no memory of having made it"
                .to_owned(),
        },
        (Some(Look::Failed { why, mend }), _) => {
            Action::Blocked { why: format!("{NOT_SEEN}: {why}"), mend: mend.clone() }
        }
        (None, _) => Action::Blocked { why: "it was not looked at".to_owned(), mend: "make the plan again".to_owned() },
    };
    with_action(desired, action, consent, rules)
}

fn accounts(config: &Config, place: &Place, steps: &[Step]) -> BTreeMap<AccountId, String> {
    let named = |id: &AccountId| {
        let name = config.account_by_id(id).map_or("not in the config", |(name, _)| name);
        (id.clone(), name.to_owned())
    };
    let others = steps.iter().filter_map(|step| step.desired.spec.other_account(&step.desired.place.account));
    std::iter::once(&place.account).chain(others).map(named).collect()
}

fn notes(config: &Config, subject: &Subject, steps: &[Step], rules: &GateRules) -> Vec<String> {
    let mut notes = Vec::new();
    let gated = steps.iter().filter_map(|step| step.gate.as_ref());
    if gated.clone().any(|gate| gate.approvals == 0) && (rules.approvals == 0 || rules.approvals_to_destroy == 0) {
        notes.push(format!(
            "UNATTENDED: {} asks for no approval, so that other accounts are changed without anybody looking.",
            subject.environment
        ));
    }
    if subject.direction == Direction::Onboard
        && config.zone_account(&subject.environment).is_some_and(|(_, account)| account.id == subject.place.account)
    {
        notes.push("The project's account is the platform's account: nothing crosses accounts.".to_owned());
    }
    if subject.delete_data {
        notes.push("Data is destroyed with what holds it: it cannot be brought back.".to_owned());
    }
    notes
}
