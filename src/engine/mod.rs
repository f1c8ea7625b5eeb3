//! DOING: carries a plan out, level by level, and can be killed at any instruction. Knows no AWS and no SQL.
//!
//! [`cloud`] and [`journal`] are the two traits that the outside world implements; [`judge`] is how the
//! thinking above is asked; [`ready`] says what can be done now; [`run`] does it; [`limit`] keeps within the
//! quotas; [`retry`] says when a failed call is tried again; [`witness`] is told of every privileged call before it is made.

mod act;
pub mod cloud;
mod fresh;
pub mod journal;
pub mod judge;
pub mod limit;
pub mod ready;
pub mod retry;
pub mod run;
pub mod witness;

pub use cloud::{Ask, Cloud, CloudError, Progress, Resource};
pub use fresh::FreshLooks;
pub use journal::{Journal, JournalError, Lease};
pub use judge::{Judge, Judgement, Leave};
pub use ready::Standing;
pub use run::{Clock, Engine};
pub use witness::{Intent, Outcome, Told, Unwitnessed, Witness};
