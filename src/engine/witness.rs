//! The witness of what is done with power: every privileged call is told to it before it is made, and what came of it afterwards.

use async_trait::async_trait;

pub use crate::model::audit::{Intent, Outcome};

/// An outcome's code where no answer came, or none was waited for: whether the call was carried out is not known.
pub const NO_ANSWER: &str = "no answer";

/// An intent that was written down: what came of it is written beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told(pub u64);

/// The witness could not write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the audit log cannot be written: {0}")]
pub struct Unwitnessed(pub String);

/// Who writes down what is done with power.
///
/// A contract: [`Witness::before`] returns after the intent is on disk, and a call is made only after that; where it fails, the call
/// is not made. [`Witness::after`] is told once for each intent, unless the process dies in between: an intent without an outcome
/// is one of which nobody knows whether it was carried out. Both may be called from many tasks at once.
#[async_trait]
pub trait Witness: Send + Sync + std::fmt::Debug {
    /// A call is about to be made.
    ///
    /// # Errors
    /// [`Unwitnessed`]: then it must not be made.
    async fn before(&self, intent: &Intent) -> Result<Told, Unwitnessed>;

    /// What came of it.
    ///
    /// # Errors
    /// [`Unwitnessed`]: the call was made, and the log says only that it was to be.
    async fn after(&self, told: Told, outcome: &Outcome) -> Result<(), Unwitnessed>;
}

/// Where nothing is to be done with power: it writes nothing down, so no such call is made.
#[derive(Debug, Clone, Copy)]
pub struct NoPower;

#[async_trait]
impl Witness for NoPower {
    async fn before(&self, _: &Intent) -> Result<Told, Unwitnessed> {
        Err(Unwitnessed("nothing is to be done with power here".to_owned()))
    }

    async fn after(&self, _: Told, _: &Outcome) -> Result<(), Unwitnessed> {
        Ok(())
    }
}
