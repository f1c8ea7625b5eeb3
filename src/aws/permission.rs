//! What may be done: IAM statements as values, from which session policies and the roles' policies are both made.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One statement of an IAM policy that allows something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// What it is for, letters and digits only: `ZoneAssociationAuthorise`.
    pub sid: String,
    /// The actions, by their IAM names (`s3:PutBucketCORS`, not the operation's name).
    pub actions: Vec<String>,
    /// The resources, ARNs or `*`.
    pub resources: Vec<String>,
    /// The condition block, or null.
    pub condition: Value,
}
