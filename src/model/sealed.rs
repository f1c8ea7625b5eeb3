//! A step as it was sealed: the very bytes that were hashed, and the step that is read from them, which is what people see.

use serde::Serialize;

use super::digest::{Digest, canonical};
use super::plan::Step;

/// A step, inputs filled in, with the bytes that its digest is of. What is shown of it is read from exactly these bytes: there is
/// nothing in them that is not in the step, and nothing in the step that is not in them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sealed {
    #[serde(skip)]
    text: String,
    digest: Digest,
    step: Step,
}

/// The bytes are not those of a step as this version of the program writes it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("what was to be approved cannot be read as it was hashed: {why}")]
pub struct Broken {
    /// What is wrong with them.
    pub why: String,
}

impl Sealed {
    /// Seals a step as it is now.
    ///
    /// # Errors
    /// [`Broken`]; never for a step that this program made.
    pub fn of(step: &Step) -> Result<Self, Broken> {
        Self::open(canonical(step))
    }

    /// Reads what was sealed; the digest is computed from these bytes.
    ///
    /// # Errors
    /// [`Broken`] where they are no step, or say more or other than the step that is read from them.
    pub fn open(text: String) -> Result<Self, Broken> {
        let step: Step = serde_json::from_str(&text).map_err(|error| Broken { why: error.to_string() })?;
        if canonical(&step) != text {
            return Err(Broken { why: "they say something that is not shown".to_owned() });
        }
        Ok(Self { digest: Digest::of_text(&text), text, step })
    }

    /// The bytes.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Their digest: what an approval is for.
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// What they say.
    pub const fn step(&self) -> &Step {
        &self.step
    }
}
