//! THE WORDS: what the whole house talks about. Pure: no clock, no I/O, no async.
//!
//! Reading order: [`ids`] names things, [`person`] says who, [`resource`] says what a resource is and what a
//! look at it found, [`plan`] says what is to be done, [`request`] says who wants it and how it stands,
//! [`question`] is what an approval answers, about a step that is [`sealed`],
//! [`run`] is the journal of carrying it out, [`verdict`] is a decision with its reasons, [`finding`] is
//! what a check found wrong and how to mend it, [`lookalike`] says which names can be taken for each other, [`chat`] is what is
//! known of chat.

pub mod audit;
pub mod chat;
pub mod digest;
pub mod finding;
mod gate;
pub mod ids;
pub mod lookalike;
pub mod person;
pub mod plan;
mod plan_text;
pub mod question;
pub mod request;
pub mod resource;
pub mod role;
pub mod run;
pub mod sealed;
pub mod verdict;

pub use chat::{Heard, Language, Origin, Part, Posted};
pub use digest::Digest;
pub use ids::{
    AccountId, EnvironmentName, HostedZoneId, Place, ProjectName, Region, Repository, RequestId, Snowflake, StepId,
    VpcId,
};
pub use person::Person;
pub use plan::{Action, Direction, Gate, Plan, Step};
pub use question::Question;
pub use request::{Approval, Request, RequestState};
pub use resource::{Contents, Kind, Observed, Outputs, Owner, Spec};
pub use role::RoleKind;
pub use run::{Event, Note, Recorded, StepState};
pub use sealed::Sealed;
