//! Short answers that only the person who acted sees: what became of a press, a modal, a command.

use minijinja::{Value, context};

use super::drawn::Drawn;
use super::text::{self, code};
use super::words::Scene;
use crate::model::{Request, StepId};

/// What a short answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said<'s> {
    /// The approval was the last one needed: the step goes on.
    Approved(&'s StepId),
    /// The approval counts, and so many more are needed.
    ApprovedMoreNeeded(&'s StepId, u32),
    /// This person had approved it before.
    ApprovedAlready(&'s StepId),
    /// This person's approval was taken back.
    Withdrawn(&'s StepId),
    /// The request was rejected.
    Rejected(&'s Request),
    /// The request was cancelled.
    Cancelled(&'s Request),
    /// The request was taken up again.
    TakenUpAgain(&'s Request),
    /// The request was made; the link leads to its card, where it is known.
    Asked(&'s Request, Option<&'s str>),
    /// The process was restarted before it could do this: the words that were asked.
    Interrupted(&'s str),
    /// The button belongs to something that has ended, or that this version does not know.
    OldButton,
    /// The name that was typed is not the project's.
    OtherName {
        /// What was typed.
        typed: &'s str,
        /// The project.
        project: &'s str,
    },
    /// The plan is another than the one that was shown: the new one is shown below.
    PlanChanged,
    /// It is being worked on: more follows here.
    Working,
    /// It is something that this program cannot do here: a command, a place that it does not know.
    Unknown,
    /// It was said elsewhere than on the server that the config names.
    NotHere,
    /// A fault of this program; under which reference the log tells more.
    Broken(&'s str),
    /// This person asks too much at a time.
    NotSoFast,
    /// A reason is needed.
    NoReason,
    /// The step is not what was shown any more: it was not rejected.
    NotRejected(&'s StepId),
}

/// The answer, in the reader's language.
pub fn said(said: Said<'_>, scene: &Scene<'_>) -> Drawn {
    Drawn::text(match said {
        Said::Approved(step) => scene.say("said.approved", context! { step => step_of(step) }),
        Said::ApprovedMoreNeeded(step, n) => scene.say("said.approved-more", context! { step => step_of(step), n }),
        Said::ApprovedAlready(step) => scene.say("said.approved-already", context! { step => step_of(step) }),
        Said::Withdrawn(step) => scene.say("said.withdrawn", context! { step => step_of(step) }),
        Said::Rejected(request) => scene.say("said.rejected", about(request)),
        Said::Cancelled(request) => scene.say("said.cancelled", about(request)),
        Said::TakenUpAgain(request) => scene.say("said.retried", about(request)),
        Said::Asked(request, card) => {
            let (id, card) = (code(request.id.as_str(), 12), card.map(|link| Value::from_safe_string(link.to_owned())));
            scene.say("said.asked", context! { id, card })
        }
        Said::Interrupted(words) => {
            let words = Value::from_safe_string(text::escape(words, 400));
            scene.say("said.interrupted", context! { words })
        }
        Said::OldButton => scene.word("said.old-button"),
        Said::OtherName { typed, project } => {
            scene.say("said.other-name", context! { typed => code(typed, 60), project => code(project, 40) })
        }
        Said::PlanChanged => scene.word("said.plan-changed"),
        Said::Working => scene.word("said.working"),
        Said::Unknown => scene.word("said.unknown"),
        Said::NotHere => scene.word("said.not-here"),
        Said::Broken(reference) => scene.say("said.broken", context! { reference => code(reference, 40) }),
        Said::NotSoFast => scene.word("said.not-so-fast"),
        Said::NoReason => scene.word("said.no-reason"),
        Said::NotRejected(step) => scene.say("said.not-rejected", context! { step => step_of(step) }),
    })
}

fn step_of(step: &StepId) -> Value {
    code(step.as_str(), 40)
}

fn about(request: &Request) -> Value {
    context! { id => code(request.id.as_str(), 12) }
}
