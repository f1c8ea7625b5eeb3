//! KMS as far as secrets need it: keys of the customer's with their states, and the key that AWS keeps for secrets.
//!
//! Shapes and codes: KMS API Reference, DescribeKey, KeyMetadata, ScheduleKeyDeletion; the states' effects: KMS
//! Developer Guide, Key states of AWS KMS keys. Nothing is encrypted here: a secret's key only decides whether its
//! value is given.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use awsim_core::{AwsError, IamCheck, Protocol, RequestContext, ServiceHandler};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::common::{Check, arn, error, lock, text};

/// The key that AWS keeps in every account for its secrets.
pub(super) const OF_AWS: &str = "alias/aws/secretsmanager";

/// That key's id: made up, the same in every account.
const ID_OF_AWS: &str = "00000000-0000-4000-8000-00000000a110";

/// A key of the customer's.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Key {
    arn: String,
    description: String,
    /// `Enabled`, `Disabled`, `PendingDeletion`.
    state: String,
    /// Seconds since 1970.
    made: i64,
    /// When it is deleted, where that is scheduled.
    leaving: Option<i64>,
}

/// The keys of all accounts, by ARN. Cheap to clone; the clones are one.
#[derive(Clone, Default)]
pub(super) struct Keys(Arc<Mutex<BTreeMap<String, Key>>>);

impl Keys {
    /// The ARN of the key that an id or an ARN names in the caller's account and region.
    pub(super) fn arn(ctx: &RequestContext, id: &str) -> String {
        if id.starts_with("arn:") { id.to_owned() } else { arn(ctx, "kms", &format!("key/{id}")) }
    }

    /// What is said of a key that cannot be used now; none for one that can.
    pub(super) fn trouble(&self, arn: &str) -> Option<String> {
        match lock(&self.0).get(arn) {
            Some(key) if key.state == "Enabled" => None,
            Some(key) => Some(format!("{arn} is {}", key.state)),
            None => Some(format!("{arn} is not there")),
        }
    }
}

/// The KMS service.
pub(super) struct Kms {
    pub(super) keys: Keys,
}

impl Kms {
    fn create(&self, input: &Value, ctx: &RequestContext) -> Value {
        let id = uuid::Uuid::new_v4().to_string();
        let key = Key {
            arn: Keys::arn(ctx, &id),
            description: text(input, "Description").unwrap_or_default().to_owned(),
            state: "Enabled".to_owned(),
            made: jiff::Timestamp::now().as_second(),
            leaving: None,
        };
        let answer = json!({ "KeyMetadata": metadata(&key, "CUSTOMER") });
        lock(&self.keys.0).insert(key.arn.clone(), key);
        answer
    }

    /// Does something to a key of the caller's account.
    fn with(
        &self,
        input: &Value,
        ctx: &RequestContext,
        act: impl FnOnce(&mut Key) -> Result<Value, AwsError>,
    ) -> Result<Value, AwsError> {
        let arn = Keys::arn(ctx, text(input, "KeyId").unwrap_or_default());
        let mut keys = lock(&self.keys.0);
        let key = keys.get_mut(&arn).filter(|key| key.arn.split(':').nth(4) == Some(ctx.account_id.as_str()));
        let missing = || error(400, "NotFoundException", format!("Key '{arn}' does not exist"));
        key.ok_or_else(missing).and_then(act)
    }
}

fn metadata(key: &Key, manager: &str) -> Value {
    let mut told = json!({
        "AWSAccountId": key.arn.split(':').nth(4), "KeyId": key.arn.rsplit('/').next(), "Arn": key.arn,
        "CreationDate": key.made, "Enabled": key.state == "Enabled", "Description": key.description,
        "KeyUsage": "ENCRYPT_DECRYPT", "KeyState": key.state, "Origin": "AWS_KMS", "KeyManager": manager,
        "KeySpec": "SYMMETRIC_DEFAULT", "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"], "MultiRegion": false,
    });
    if let Some(leaving) = key.leaving {
        told["DeletionDate"] = json!(leaving);
    }
    told
}

#[async_trait]
impl ServiceHandler for Kms {
    fn service_name(&self) -> &'static str {
        "kms"
    }

    fn protocol(&self) -> Protocol {
        Protocol::AwsJson1_1
    }

    async fn handle(&self, operation: &str, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        match operation {
            "CreateKey" => Ok(self.create(&input, ctx)),
            "DescribeKey" if text(&input, "KeyId") == Some(OF_AWS) => {
                let key = Key {
                    arn: Keys::arn(ctx, ID_OF_AWS),
                    description: "Default key that protects my Secrets Manager data when no other key is defined".to_owned(),
                    state: "Enabled".to_owned(),
                    made: 0,
                    leaving: None,
                };
                Ok(json!({ "KeyMetadata": metadata(&key, "AWS") }))
            }
            "DescribeKey" => self.with(&input, ctx, |key| Ok(json!({ "KeyMetadata": metadata(key, "CUSTOMER") }))),
            "EnableKey" | "DisableKey" => self.with(&input, ctx, |key| {
                if key.state == "PendingDeletion" {
                    return Err(error(400, "KMSInvalidStateException", format!("{} is pending deletion.", key.arn)));
                }
                if operation == "EnableKey" { "Enabled" } else { "Disabled" }.clone_into(&mut key.state);
                Ok(json!({}))
            }),
            "ScheduleKeyDeletion" => self.with(&input, ctx, |key| {
                let days = input["PendingWindowInDays"].as_i64().unwrap_or(30).clamp(7, 30);
                let leaving = jiff::Timestamp::now().as_second() + days * 86_400;
                (key.state, key.leaving) = ("PendingDeletion".to_owned(), Some(leaving));
                Ok(json!({ "KeyId": key.arn, "DeletionDate": leaving, "KeyState": key.state, "PendingWindowInDays": days }))
            }),
            // A key whose deletion is cancelled stays disabled until somebody enables it.
            "CancelKeyDeletion" => self.with(&input, ctx, |key| {
                (key.state, key.leaving) = ("Disabled".to_owned(), None);
                Ok(json!({ "KeyId": key.arn }))
            }),
            _ => Err(AwsError::unknown_operation(operation)),
        }
    }

    fn iam_checks_with_context(&self, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<IamCheck> {
        let key = match text(input, "KeyId") {
            Some(OF_AWS) => Keys::arn(ctx, ID_OF_AWS),
            Some(id) => Keys::arn(ctx, id),
            None => "*".to_owned(),
        };
        vec![Check::new(format!("kms:{operation}"), key).done()]
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(&*lock(&self.keys.0)).ok()
    }

    fn restore(&self, data: &[u8]) -> Result<(), String> {
        *lock(&self.keys.0) = serde_json::from_slice(data).map_err(|error| error.to_string())?;
        Ok(())
    }
}
