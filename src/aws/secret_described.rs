//! What Secrets Manager tells about a secret without its value: versions, tags, whether it is to be deleted.

use std::collections::HashMap;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::asked::Tags;
use super::hand::Hand;
use super::permission::{Reach, Statement};
use crate::engine::CloudError;

/// The stage of the version that is read when none is asked for.
const CURRENT: &str = "AWSCURRENT";

/// A secret as `DescribeSecret` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Its ARN, with the six characters that Secrets Manager adds.
    pub arn: String,
    /// The id of the version that is current; none if it holds no value yet.
    pub current: Option<String>,
    /// The ids of all versions that carry a stage.
    pub versions: Vec<String>,
    /// Its tags.
    pub tags: Tags,
    /// When it will be deleted, if it is scheduled for that.
    pub leaving: Option<Timestamp>,
}

/// Looks at the secret of that name; none if there is none.
///
/// # Errors
/// When the look failed.
pub async fn describe(hand: &Hand, name: &str, arn: &str) -> Result<Option<Described>, CloudError> {
    let call = hand.secrets().describe_secret().secret_id(name);
    let answer = match hand.call("secretsmanager:DescribeSecret", arn, call.send()).await {
        Ok(answer) => answer,
        Err(refused) if refused.is("ResourceNotFoundException") => return Ok(None),
        Err(refused) => return Err(refused.into()),
    };
    let stages = answer.version_ids_to_stages.unwrap_or_default();
    let tags = answer.tags.unwrap_or_default().into_iter();
    Ok(Some(Described {
        arn: answer.arn.unwrap_or_else(|| arn.to_owned()),
        current: current(&stages),
        versions: stages.into_keys().collect(),
        tags: tags.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())).collect(),
        leaving: answer.deleted_date.map(|date| Timestamp::from_second(date.secs()).unwrap_or_default()),
    }))
}

fn current(stages: &HashMap<String, Vec<String>>) -> Option<String> {
    let holds = |stages: &Vec<String>| stages.iter().any(|stage| stage == CURRENT);
    stages.iter().find(|(_, stages)| holds(stages)).map(|(version, _)| version.clone())
}

/// Whether a version with these stages is the current one.
pub fn is_current(stages: &[String]) -> bool {
    stages.iter().any(|stage| stage == CURRENT)
}

/// Makes that version the current one.
///
/// # Errors
/// When Secrets Manager refused.
pub async fn make_current(hand: &Hand, found: &Described, version: &str) -> Result<(), CloudError> {
    let call = hand
        .secrets()
        .update_secret_version_stage()
        .secret_id(&found.arn)
        .version_stage(CURRENT)
        .move_to_version_id(version)
        .set_remove_from_version_id(found.current.clone());
    hand.call("secretsmanager:UpdateSecretVersionStage", &found.arn, call.send()).await?;
    Ok(())
}

/// The version id of a copy of that version of the source: the same. A version id is 32 to 64 characters where it is
/// used as a client token; a source's that is not (it was given by something else than Secrets Manager) stands for the
/// UUID made of the first half of its SHA-256.
pub fn token(source_version: &str) -> String {
    if (32..=64).contains(&source_version.len()) {
        return source_version.to_owned();
    }
    let digest: [u8; 32] = Sha256::digest(source_version.as_bytes()).into();
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(half).to_string()
}

/// The ARNs that policies name a secret by: six characters follow the name, and a call that names a secret that is not
/// there is judged by the name alone.
pub fn arns(reach: &Reach<'_>, name: &str) -> [String; 2] {
    let arn = |name: String| reach.arn("secretsmanager", &format!("secret:{name}"));
    [arn(format!("{name}-??????")), arn(name.to_owned())]
}

/// The right to use the account's keys for its secrets, and for nothing else. A secret under the key `aws/secretsmanager`
/// needs none; one under a key of the customer's does.
pub fn keys(sid: &str, reach: &Reach<'_>, actions: &[&str], name: &str) -> Statement {
    let suffix = if reach.partition() == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    let service = format!("secretsmanager.{}.{suffix}", reach.place.region);
    Statement::new(sid, actions, &[&reach.arn("kms", "key/*")]).when(serde_json::json!({
        "StringEquals": {"kms:ViaService": service},
        "StringLike": {"kms:EncryptionContext:SecretARN": &arns(reach, name)[0]},
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copys_version_is_its_sources() {
        let uuid = "2e8a8f0e-3c5b-4d53-9c1e-6f0f8a4f2b11";
        assert_eq!(token(uuid), uuid);
        assert_eq!(token(&"v".repeat(64)), "v".repeat(64));
        for odd in ["v1", &"v".repeat(65)] {
            let made = token(odd);
            assert_eq!(made.len(), 36, "{made}");
            assert_eq!(made, token(odd), "the same again");
            assert_ne!(made, token("v2"));
        }
    }

    #[test]
    fn the_current_version_is_the_one_that_carries_the_stage() {
        let stages = |all: &[(&str, &[&str])]| -> HashMap<String, Vec<String>> {
            all.iter().map(|(id, stages)| ((*id).to_owned(), stages.iter().map(|&s| s.to_owned()).collect())).collect()
        };
        let both = stages(&[("old", &["AWSPREVIOUS"]), ("new", &["AWSPENDING", "AWSCURRENT"])]);
        assert_eq!(current(&both).as_deref(), Some("new"));
        assert_eq!(current(&stages(&[("old", &["AWSPREVIOUS"])])), None);
    }
}
