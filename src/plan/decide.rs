//! What is done to one resource, from what is wanted of it and what a look found. Asked twice: when the plan is made, and
//! again before the step starts, with a look of that moment.

use std::collections::BTreeMap;

use crate::model::plan::{Action, Change, Desired, Direction, Gate, GateReason, OnExisting, Step, Terms};
use crate::model::resource::amount;
use crate::model::{AccountId, Contents, Digest, EnvironmentName, Observed, Owner, ProjectName, RoleKind, Spec};

use super::diff::changes;

/// Others that rely on a resource of the account's scope.
pub type Others = [(ProjectName, EnvironmentName)];

/// How many approvals a gate asks for, and of whom: the environment's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateRules {
    /// For a step that changes another account.
    pub approvals: u32,
    /// For a step that destroys data.
    pub approvals_to_destroy: u32,
    /// The groups whose members may approve.
    pub approvers: Vec<String>,
    /// The rules, by their digest.
    pub policy: Digest,
    /// Every account's name, and the ARNs of its writer and its authoriser.
    pub accounts: BTreeMap<AccountId, AccountTerms>,
}

/// What an approval says of an account that a step touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountTerms {
    /// What people call it.
    pub name: String,
    /// The role that changes a project's resources there, by ARN.
    pub writer: String,
    /// The role that authorises VPCs for its zones, by ARN.
    pub authoriser: String,
}

/// The program that shows plans and carries them out: an approval that was given to another version is void.
pub const ENGINE: &str = concat!("genkan ", env!("CARGO_PKG_VERSION"));

/// What people asked for besides the direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Consent {
    /// Take it over if it is there and not ours.
    pub adopt: bool,
    /// Destroy what it holds with it.
    pub delete_data: bool,
}

/// The step that follows from what was seen: action and gate.
pub fn step(
    direction: Direction,
    desired: Desired,
    observed: &Observed,
    others: &Others,
    consent: Consent,
    rules: &GateRules,
) -> Step {
    let action = match direction {
        Direction::Onboard => onboarding(&desired, observed, consent),
        Direction::Teardown => removal(&desired, observed, others, consent),
    };
    with_action(desired, action, consent, rules)
}

/// A step whose action is known already: its gate follows from it.
pub fn with_action(desired: Desired, action: Action, consent: Consent, rules: &GateRules) -> Step {
    let gate = gate(&desired, &action, rules);
    Step { desired, adopt: consent.adopt, delete_data: consent.delete_data, action, gate }
}

/// The step as it was decided now, with a gate that asks for no fewer approvals than the plan showed: a config that was changed
/// in between opens nothing that people were told is closed.
#[must_use]
pub fn no_less_guarded(mut now: Step, planned: &Step) -> Step {
    if let (Some(gate), Some(shown)) = (&mut now.gate, &planned.gate) {
        gate.approvals = gate.approvals.max(shown.approvals);
    }
    now
}

fn gate(desired: &Desired, action: &Action, rules: &GateRules) -> Option<Gate> {
    if !action.changes_something() {
        return None;
    }
    let own = &desired.place.account;
    let (reason, approvals) = match (action, desired.spec.other_account(own)) {
        (Action::Remove { contents }, _) if !contents.is_empty() => {
            (GateReason::DestroysData, rules.approvals_to_destroy)
        }
        (_, Some(account)) => (GateReason::OtherAccount { account: account.clone() }, rules.approvals),
        (_, None) => return None,
    };
    let terms = terms(own, desired.spec.other_account(own), rules);
    Some(Gate { reason, approvals, approvers: rules.approvers.clone(), terms })
}

/// Which roles in which accounts, under which rules, by which program.
fn terms(own: &AccountId, other: Option<&AccountId>, rules: &GateRules) -> Terms {
    let (mut roles, mut accounts) = (BTreeMap::new(), BTreeMap::new());
    let touched = [(Some(own), RoleKind::Writer), (other, RoleKind::Authoriser)];
    for (account, role) in touched.into_iter().filter_map(|(account, role)| Some((account?, role))) {
        let Some(known) = rules.accounts.get(account) else { continue };
        let arn = if role == RoleKind::Writer { &known.writer } else { &known.authoriser };
        roles.insert(arn.clone(), role);
        accounts.insert(account.clone(), known.name.clone());
    }
    Terms { roles, accounts, policy: rules.policy.clone(), engine: ENGINE.to_owned() }
}

fn onboarding(desired: &Desired, observed: &Observed, consent: Consent) -> Action {
    let name = desired.spec.name();
    match observed {
        Observed::Absent if desired.spec.is_awaited() => Action::Await,
        Observed::Absent => Action::Create,
        _ if desired.spec.is_awaited() => kept("it is there"),
        Observed::Ours { spec, .. } => match changes(&desired.spec, spec) {
            changes if changes.is_empty() => kept("it is as it should be"),
            changes => Action::Update { changes },
        },
        Observed::Leaving { .. } if consent.adopt => Action::Adopt { changes: vec![] },
        Observed::Leaving { until, .. } => Action::Blocked {
            why: match until {
                Some(until) => format!("{name} is scheduled for deletion ({until}) and holds its name until then"),
                None => format!("{name} is scheduled for deletion and holds its name until then"),
            },
            mend: format!("`--adopt {}` restores it and takes it over", desired.id),
        },
        Observed::Foreign { owner, spec, .. } => foreign(desired, owner, spec.as_ref(), consent),
    }
}

/// What becomes of something that is there and not ours. Nothing is taken over silently.
fn foreign(desired: &Desired, owner: &Owner, spec: Option<&Spec>, consent: Consent) -> Action {
    let name = desired.spec.name();
    match owner {
        Owner::Platform => kept("it is the platform's own"),
        Owner::AnotherAccount => Action::Blocked {
            why: format!("the name {name} is held by another AWS account"),
            mend: "choose another name in the blueprint, or ask its owner to give it up".to_owned(),
        },
        Owner::InTheWay { what } => Action::Blocked {
            why: what.clone(),
            mend: "see which is right, and correct or remove what is not".to_owned(),
        },
        Owner::Project { project, environment } => Action::Blocked {
            why: format!("{name} belongs to {project} {environment}"),
            mend: format!("choose another name, or tear {project} {environment} down first"),
        },
        Owner::Unmarked => {
            let differs = spec.map(|spec| changes(&desired.spec, spec)).unwrap_or_default();
            if consent.adopt {
                return Action::Adopt { changes: differs };
            }
            // An authorisation that somebody left open lets that account attach the VPC again: it never stays.
            let left_open: Vec<Change> =
                differs.iter().filter(|change| change.field == "authorisation_open").cloned().collect();
            match desired.on_existing {
                OnExisting::Keep if !left_open.is_empty() => Action::Update { changes: left_open },
                OnExisting::Keep => kept(&keep_note(&differs)),
                OnExisting::Block => Action::Blocked {
                    why: format!("{name} is there already and was not made by genkan"),
                    mend: format!(
                        "`--adopt {0}` takes it over; or say `on_existing = \"keep\"` for {0} in the blueprint",
                        desired.id
                    ),
                },
            }
        }
    }
}

fn keep_note(differs: &[Change]) -> String {
    let mut note = "it was made by hand and is used as it is".to_owned();
    if !differs.is_empty() {
        let fields: Vec<&str> = differs.iter().map(|change| change.field.as_str()).collect();
        note.push_str(&format!(" (differs in {})", fields.join(", ")));
    }
    note
}

fn removal(desired: &Desired, observed: &Observed, others: &Others, consent: Consent) -> Action {
    match observed {
        _ if desired.spec.is_awaited() => kept("whoever wrote it removes it"),
        Observed::Absent => kept("it is gone already"),
        Observed::Leaving { .. } => kept("it is scheduled for deletion already"),
        Observed::Foreign { owner, .. } => kept(&format!("it is not genkan's ({owner})")),
        Observed::Ours { .. } if !others.is_empty() => kept(&format!("{} still needs it", names(others))),
        Observed::Ours { contents, .. } if !contents.is_empty() && !consent.delete_data => Action::Blocked {
            why: format!("it holds {}", amounts(contents)),
            mend: "empty it, or ask with `--delete-data`, which others have to approve".to_owned(),
        },
        Observed::Ours { contents, .. } => Action::Remove { contents: contents.clone() },
    }
}

fn kept(why: &str) -> Action {
    Action::Keep { why: why.to_owned() }
}

fn names(others: &Others) -> String {
    let names: Vec<String> = others.iter().map(|(project, environment)| format!("{project} {environment}")).collect();
    names.join(", ")
}

fn amounts(contents: &Contents) -> String {
    let amounts: Vec<String> = contents.iter().map(|(what, count)| amount(what, *count)).collect();
    amounts.join(" and ")
}

/// Whether a step may be done as it was decided now, given how it was shown in the plan. Finding less to do than was
/// planned is always well; finding something to do where nothing was planned is not: that was not shown to anybody.
pub fn permits(planned: &Action, now: &Action) -> bool {
    match (planned, now) {
        (_, Action::Keep { .. } | Action::Await) => true,
        (_, Action::Blocked { .. } | Action::Decide) => false,
        (Action::Decide, _) => true,
        // What was to be destroyed may be gone already, by a try that died half-way or by somebody's hand.
        (Action::Remove { contents: shown }, Action::Remove { contents }) => contents.is_empty() || !shown.is_empty(),
        // A create that died half-way is found again as something of ours that differs.
        (Action::Create, Action::Create | Action::Update { .. }) => true,
        (Action::Update { changes: shown }, Action::Update { changes }) => {
            changes.iter().all(|change| shown.iter().any(|seen| seen.field == change.field && seen.to == change.to))
        }
        // What was to be changed or taken over is gone meanwhile, or was taken over by a try that died half-way.
        (Action::Adopt { .. }, Action::Adopt { .. } | Action::Update { .. }) => true,
        _ => false,
    }
}
