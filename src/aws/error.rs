//! What AWS refused, and what to do next: sorts SDK errors into the engine's [`CloudError`].

use crate::engine::CloudError;

/// A call that AWS refused, or that did not reach it.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The code on the wire, `NoSuchBucket` …; none for a failure without an answer.
    pub code: Option<String>,
    /// AWS's own words.
    pub message: String,
    /// The HTTP status; none for a failure without an answer.
    pub status: Option<u16>,
    /// The IAM action that was called, `s3:CreateBucket`.
    pub action: &'static str,
    /// The resource's ARN or name.
    pub resource: String,
    /// The role's ARN.
    pub role: String,
    /// What to do next.
    pub error: CloudError,
}

impl Refused {
    /// Whether AWS answered with this code.
    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }
}

impl From<Refused> for CloudError {
    fn from(refused: Refused) -> Self {
        refused.error
    }
}
