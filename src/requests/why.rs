//! Why something was not done: each reason with the values that it takes to say it, in whatever language and for whatever face.

use serde::Serialize;

use super::DeskError;
use crate::config::named::NameError;
use crate::config::problem::instead_of;
use crate::engine::JournalError;
use crate::model::ids::InvalidId;
use crate::model::question::Void;
pub use crate::model::verdict::Reason;
use crate::model::{
    Direction, EnvironmentName, Kind, Place, ProjectName, Repository, Request, RequestId, RequestState, Snowflake,
    StepId,
};
use crate::store::{AdvanceError, ApproveError, FindError, StoreError, SubmitError};

/// Why something was not done. Displayed it is English, for the terminal; other faces say it in their own words by its name
/// (`why`, in kebab-case) and its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "why", rename_all = "kebab-case", rename_all_fields = "snake_case")]
#[allow(missing_docs, reason = "a field is what its name says; the text above it says what it is for")]
pub enum Why {
    /// The config knows nobody with that Discord id.
    #[error("the config knows nobody with the Discord id {user}; add `discord = \"{user}\"` to somebody in [[people]]")]
    UnknownMember { user: Snowflake },
    /// The config knows nobody with that AWS principal. `local`: they may say who they are.
    #[error("the config knows nobody as {arn}; add it to `aws` of somebody in [[people]]{}",
        if *local { ", or say who you are with --as NAME" } else { "" })]
    UnknownCaller { arn: String, local: bool },
    /// The config knows nobody of that name.
    #[error("nobody is called `{name}`; the config knows {}", known.join(", "))]
    UnknownName { name: String, known: Vec<String> },
    /// Policy says no.
    #[error("{person} may not: {}", reasons.iter().map(|reason| reason.en.as_str()).collect::<Vec<_>>().join("; "))]
    Forbidden { person: String, reasons: Vec<Reason> },
    /// No project may be called that.
    #[error("`{text}` is not {}; for example `{example}`", ProjectName::EXPECTED)]
    BadProject { text: String, example: String },
    /// No project may be called that here.
    #[error("`{text}` is not a project name here: it begins with `{prefix}`, as in `{example}`")]
    BadPrefix { text: String, prefix: String, example: String },
    /// There is no such environment.
    #[error("there is no environment `{text}`; {}", instead_of(text, known.iter().map(String::as_str)))]
    UnknownEnvironment { text: String, known: Vec<String> },
    /// The project has no account there.
    #[error(
        "{environment} has no account for {project}: name one in [environments.{environment}.accounts], or a shared one as \
         its `account`"
    )]
    NoAccount { project: ProjectName, environment: EnvironmentName },
    /// What is to be taken over cannot be a step's name.
    #[error("--adopt: `{text}` is not {}", StepId::EXPECTED)]
    BadStep { text: String },
    /// What is to be taken over is not in the blueprint.
    #[error("--adopt: there is no `{id}`; there are {}", known.join(", "))]
    UnknownAdopt { id: StepId, known: Vec<String> },
    /// What is said to be the project's repository cannot be one.
    #[error("`{text}` is not {}", Repository::EXPECTED)]
    BadRepository { text: String },
    /// The environment's blueprint names the project's repository, and none is known.
    #[error("the blueprint of {environment} needs a repository: give one with --repository OWNER/NAME")]
    NeedsRepository { project: ProjectName, environment: EnvironmentName },
    /// The environment's blueprint is wrong; in the operator's words.
    #[error("{text}")]
    BadBlueprint { text: String },
    /// No request was named.
    #[error("which request? Its id, or `r-` and as many of its characters as only it has")]
    WhichRequest,
    /// There is no such request.
    #[error("there is no request {text}: `genkan requests` lists them")]
    NoSuchRequest { text: String },
    /// More than one request begins so.
    #[error("more than one request begins so: {}", ids.iter().map(RequestId::as_str).collect::<Vec<_>>().join(", "))]
    SeveralRequests { text: String, ids: Vec<RequestId> },
    /// The request has no such step.
    #[error("{request} has no step `{step}`; it has {}", known.join(", "))]
    NoSuchStep { request: RequestId, step: String, known: Vec<String> },
    /// The request has ended, so that it cannot be ended again.
    #[error("{request} is {state} already")]
    Ended { request: RequestId, state: RequestState },
    /// The request has ended, so that nothing of it can be approved.
    #[error("{request} is {state}: there is nothing to approve")]
    NothingToApprove { request: RequestId, state: RequestState },
    /// No step, or not that one, waits for an approval.
    #[error("{} for an approval now: `genkan show {request}` says how it stands", step.as_ref().map_or_else(
        || format!("no step of {request} waits"), |step| format!("{step} of {request} does not wait")))]
    NothingHeld { request: RequestId, step: Option<String> },
    /// The step is not any more what was shown.
    #[error("{step} of {request} has changed since it was shown: look at it again, and approve what it is now")]
    Changed { request: RequestId, step: StepId },
    /// The question's time has gone by, or nobody knows how old it is.
    #[error(
        "the question about {step} of {request} can be answered no more ({void}): `genkan retry {request}` asks anew"
    )]
    VoidQuestion { request: RequestId, step: StepId, void: Void },
    /// They have approved nothing that could be taken back.
    #[error(
        "there is no approval of yours in {request} that could be withdrawn: `genkan show {request}` says how it stands"
    )]
    NothingToWithdraw { request: RequestId },
    /// They have approved several steps.
    #[error("you have approved several steps of {request}: say which one")]
    WhichStep { request: RequestId },
    /// What was approved has begun.
    #[error("{step} of {request} has begun already: an approval can be withdrawn only before that")]
    HasBegun { request: RequestId, step: StepId },
    /// Somebody was faster.
    #[error("{request} has changed meanwhile: it is {state}")]
    ChangedMeanwhile { request: RequestId, state: RequestState },
    /// It has ended in a way that another try does not mend.
    #[error("{request} is {state}: ask again with `genkan {direction} {project} {environment}`")]
    AskAgain {
        request: RequestId,
        state: RequestState,
        direction: Direction,
        project: ProjectName,
        environment: EnvironmentName,
    },
    /// A later request may have undone what this one did.
    #[error(
        "{later} came after {request}, and may have undone what {request} did: ask again with \
         `genkan {direction} {project} {environment}`"
    )]
    Overtaken {
        request: RequestId,
        later: RequestId,
        direction: Direction,
        project: ProjectName,
        environment: EnvironmentName,
    },
    /// It has ended, and another process has still to close what it left open.
    #[error(
        "{request} has ended, but another process has it in hand, and something may still be open: `genkan cancel {request}` \
         in a minute closes it"
    )]
    StillOpen { request: RequestId },
    /// Another process carries it out.
    #[error("another process has taken over {request}")]
    InOtherHands { request: RequestId },
    /// Another request has the project and environment.
    #[error(
        "{project} {environment} is taken: {by} asked for {direction} ({request}). `genkan show {request}` says how it stands, \
         `genkan cancel {request}` ends it"
    )]
    Busy { request: RequestId, project: ProjectName, environment: EnvironmentName, by: String, direction: Direction },
    /// Another project's open request means the opposite for what both share.
    #[error("the {} {name} in {place} is shared, and {request}, which is still open, {}: try again when it has ended",
        kind.title(), if *removes { "removes it" } else { "relies on it" })]
    SharedInUse { request: RequestId, removes: bool, kind: Kind, name: String, place: Place },
    /// Nobody has asked for anything for that project.
    #[error("nobody has asked for anything for {project}")]
    NeverAskedFor { project: ProjectName },
    /// Anything that has no name of its own here.
    #[error("{text}")]
    Other { text: String },
}

impl From<String> for Why {
    fn from(text: String) -> Self {
        Self::Other { text }
    }
}

impl From<&str> for Why {
    fn from(text: &str) -> Self {
        Self::Other { text: text.to_owned() }
    }
}

impl From<NameError> for Why {
    fn from(error: NameError) -> Self {
        match error {
            NameError::Project { text, example } => Self::BadProject { text, example },
            NameError::Prefix { text, prefix, example } => Self::BadPrefix { text, prefix, example },
            NameError::Environment { text, known } => Self::UnknownEnvironment { text, known },
        }
    }
}

impl Why {
    /// Another try does not mend a request that stands so: it is to be asked for again.
    pub(super) fn ask_again(request: &Request) -> Self {
        let Request { id, state, plan, .. } = request;
        Self::AskAgain {
            request: id.clone(),
            state: *state,
            direction: plan.direction,
            project: plan.project.clone(),
            environment: plan.environment.clone(),
        }
    }

    /// `later` may have undone what `request` did.
    pub(super) fn overtaken(request: &Request, later: Request) -> Self {
        let Request { id, plan, .. } = request;
        Self::Overtaken {
            request: id.clone(),
            later: later.id,
            direction: plan.direction,
            project: plan.project.clone(),
            environment: plan.environment.clone(),
        }
    }
}

impl From<NameError> for DeskError {
    fn from(error: NameError) -> Self {
        Self::Invalid(error.into())
    }
}

impl From<InvalidId> for DeskError {
    fn from(error: InvalidId) -> Self {
        Self::Invalid(error.to_string().into())
    }
}

impl From<StoreError> for DeskError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(id) => Self::NotFound(Why::NoSuchRequest { text: id.to_string() }),
            failed => Self::Store(failed.to_string()),
        }
    }
}

impl From<FindError> for DeskError {
    fn from(error: FindError) -> Self {
        match error {
            FindError::Nothing(text) if matches!(text.as_str(), "" | "r-") => Self::Invalid(Why::WhichRequest),
            FindError::Nothing(text) => Self::NotFound(Why::NoSuchRequest { text }),
            FindError::Ambiguous { text, ids } => Self::NotFound(Why::SeveralRequests { text, ids }),
            FindError::Store(error) => error.into(),
        }
    }
}

impl From<SubmitError> for DeskError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Busy(other) => Self::Busy(Why::Busy {
                request: other.id,
                project: other.plan.project,
                environment: other.plan.environment,
                by: other.by.name,
                direction: other.plan.direction,
            }),
            SubmitError::SharedInUse { request, removes, resource } => Self::Busy(Why::SharedInUse {
                request,
                removes,
                kind: resource.kind,
                name: resource.name,
                place: resource.place,
            }),
            SubmitError::Store(error) => error.into(),
        }
    }
}

impl From<AdvanceError> for DeskError {
    fn from(error: AdvanceError) -> Self {
        match error {
            AdvanceError::Changed(now) => Self::NotNow(Why::ChangedMeanwhile { request: now.id, state: now.state }),
            AdvanceError::NotPossible { id, state } => Self::NotNow(Why::Ended { request: id, state }),
            AdvanceError::InTheWay(in_the_way) => in_the_way.into(),
            AdvanceError::Store(error) => error.into(),
        }
    }
}

impl From<ApproveError> for DeskError {
    fn from(error: ApproveError) -> Self {
        match error {
            ApproveError::NotOpen { id, state } => Self::NotNow(Why::NothingToApprove { request: id, state }),
            ApproveError::Changed => Self::NotNow("it has changed since it was shown: look at it again".into()),
            ApproveError::Void(void) => Self::NotNow(format!("the question can be answered no more: {void}").into()),
            ApproveError::Store(error) => error.into(),
        }
    }
}

impl From<JournalError> for DeskError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Storage(why) => Self::Store(why),
            JournalError::LeaseLost(request) => Self::NotNow(Why::InOtherHands { request }),
            other => Self::NotNow(other.to_string().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reason_is_its_name_and_its_values() {
        let id: RequestId = "r-7k2m9x4bqd".parse().unwrap();
        let wire = |why: Why| serde_json::to_value(why).unwrap();
        assert_eq!(wire(Why::WhichRequest), json!({"why": "which-request"}));
        assert_eq!(
            wire(Why::NothingHeld { request: id.clone(), step: None }),
            json!({"why": "nothing-held", "request": "r-7k2m9x4bqd", "step": null})
        );
        assert_eq!(
            wire(Why::Ended { request: id, state: RequestState::Done }),
            json!({"why": "ended", "request": "r-7k2m9x4bqd", "state": "done"})
        );
        let reason = Reason { rule: "read".to_owned(), en: "so".to_owned(), ja: "そう".to_owned() };
        assert_eq!(
            wire(Why::Forbidden { person: "guest".to_owned(), reasons: vec![reason] }),
            json!({"why": "forbidden", "person": "guest", "reasons": [{"rule": "read", "en": "so", "ja": "そう"}]})
        );
    }

    #[test]
    fn at_the_terminal_it_is_a_sentence_that_says_what_to_do() {
        let id: RequestId = "r-7k2m9x4bqd".parse().unwrap();
        for (why, said) in [
            (
                Why::NothingHeld { request: id.clone(), step: Some("bucket".to_owned()) },
                "bucket of r-7k2m9x4bqd does not wait for an approval now: `genkan show r-7k2m9x4bqd` says how it stands",
            ),
            (
                Why::NothingHeld { request: id, step: None },
                "no step of r-7k2m9x4bqd waits for an approval now: `genkan show r-7k2m9x4bqd` says how it stands",
            ),
            (
                Why::UnknownCaller { arn: "arn:aws:iam::1:user/x".to_owned(), local: true },
                "the config knows nobody as arn:aws:iam::1:user/x; add it to `aws` of somebody in [[people]], or say who you are \
                 with --as NAME",
            ),
            (Why::BadStep { text: "A B".to_owned() }, "--adopt: `A B` is not a step id (1 to 40 of a-z, 0-9 and -)"),
        ] {
            assert_eq!(why.to_string(), said);
        }
    }
}
