//! The source of the secret: that it is there, that its key can be used, and that its reader may decrypt with it. The
//! value is never read.
//!
//! Facts: Secrets Manager User Guide, Secret encryption and decryption (a secret without a key of its own has
//! `aws/secretsmanager`, which everybody in the account may use through Secrets Manager); KMS Developer Guide, Key
//! states.

use aws_sdk_kms::types::{KeyManagerType, KeyMetadata, KeyState};

use super::account::{Examined, subject};
use super::simulate::{Asked, Told};
use super::{DOCTOR, broken, ok, warning};
use crate::aws::hand::Hand;
use crate::aws::secret_described::keys;
use crate::aws::session::role_of;
use crate::model::RoleKind;
use crate::model::finding::Finding;

/// The key that AWS keeps in every account for secrets.
const OF_AWS: &str = "alias/aws/secretsmanager";

impl Examined<'_> {
    /// The secret, and where it has a key of the customer's, the key.
    pub(super) async fn source_secret(&self, hand: &Hand) -> Finding {
        let (action, name) = ("secretsmanager:DescribeSecret", self.config.secret.name.as_str());
        let call = hand.secrets().describe_secret().secret_id(name);
        let secret = match self.look(hand, action, name, &["ResourceNotFoundException"], call.send()).await {
            Ok(Some(secret)) => secret,
            Ok(None) => {
                let seen = format!("there is no secret {name} in {}", self.place.region);
                let mend = format!(
                    "aws secretsmanager create-secret --region {} --name {name} --secret-string file://FILE; or correct \
                     `account` and `name` in [secret]",
                    self.place.region
                );
                return broken(&self.title, &subject(action, name), seen, mend);
            }
            Err(finding) => return *finding,
        };
        if secret.deleted_date.is_some() {
            let mend = format!("aws secretsmanager restore-secret --region {} --secret-id {name}", self.place.region);
            return broken(
                &self.title,
                &subject(action, name),
                format!("the secret {name} is scheduled for deletion"),
                mend,
            );
        }
        match secret.kms_key_id.filter(|key| key != OF_AWS && !key.ends_with(OF_AWS)) {
            None => {
                ok(&self.title, &subject(action, name), "the source of the secret is there, under the key of AWS's own")
            }
            Some(key) => self.key(hand, &key).await,
        }
    }

    /// The state of the secret's key, and that the secret's reader may decrypt with it.
    async fn key(&self, hand: &Hand, key: &str) -> Finding {
        let (action, subject) = ("kms:DescribeKey", format!("KMS key {key} of the secret"));
        let call = hand.kms().describe_key().key_id(key);
        let metadata = match self.look(hand, action, key, &["NotFoundException"], call.send()).await {
            Ok(answer) => answer.and_then(|answer| answer.key_metadata),
            Err(finding) => return *finding,
        };
        let Some(metadata) = metadata else {
            let mend = format!(
                "the value is lost with its key: write it anew under a key that is there: aws secretsmanager update-secret \
                 --secret-id {} --kms-key-id KEY --secret-string file://FILE",
                self.config.secret.name
            );
            return broken(&self.title, &subject, "there is no such key", mend);
        };
        if let Some((seen, mend)) = unusable(&metadata) {
            return broken(&self.title, &subject, seen, mend);
        }
        if metadata.key_manager == Some(KeyManagerType::Aws) {
            return ok(&self.title, &subject, "it is one of AWS's own, and enabled");
        }
        self.decrypts(hand, metadata.arn().unwrap_or(key), &subject).await
    }

    async fn decrypts(&self, hand: &Hand, key: &str, subject: &str) -> Finding {
        let Some((_, account)) = self.config.secret_account() else { return ok(&self.title, subject, "it is enabled") };
        let role = role_of(self.config, account, RoleKind::SecretReader).arn(&self.place.account, &self.place.region);
        let mut statement =
            keys("SecretReadKey", &self.sessions.reach(&self.place), &["kms:Decrypt"], &self.config.secret.name);
        statement.resources = vec![key.to_owned()];
        let title = format!("secret reader role {}", role.rsplit('/').next().unwrap_or(&role));
        let asked = Asked { place: &self.title, hand, role: &role, title: &title };
        match asked.may(&[statement]).await {
            Told::Known(denied, _) => match denied.into_iter().next() {
                Some((_, finding)) => finding,
                None => ok(&self.title, subject, "it is enabled, and the secret's reader may decrypt with it"),
            },
            // That the role is not there, or nothing may be simulated, is said of the role.
            Told::NoRole => ok(&self.title, subject, "it is enabled"),
            Told::Unknown(_) => warning(
                &self.title,
                subject,
                "it is enabled; whether the secret's reader may decrypt with it is not known",
                self.statement(hand, "iam:SimulatePrincipalPolicy").unwrap_or_default(),
            ),
        }
    }

    /// Asks for a version that no secret has: whether the value may be read is told without reading it.
    pub(super) async fn secret_value(&self, hand: &Hand) -> Finding {
        let (action, name) = ("secretsmanager:GetSecretValue", self.config.secret.name.as_str());
        let call = hand.secrets().get_secret_value().secret_id(name).version_stage(DOCTOR);
        // A secret that is scheduled for deletion is said of the secret.
        let absent = ["ResourceNotFoundException", "InvalidRequestException"];
        self.permitted(action, name, self.look(hand, action, name, &absent, call.send()).await)
    }
}

/// Why nothing can be decrypted with a key now, and what to do.
fn unusable(key: &KeyMetadata) -> Option<(String, String)> {
    let id = key.arn().unwrap_or(&key.key_id);
    match key.key_state.as_ref()? {
        KeyState::Enabled => None,
        KeyState::Disabled => {
            Some(("it is disabled: the secret cannot be read".to_owned(), format!("aws kms enable-key --key-id {id}")))
        }
        KeyState::PendingDeletion | KeyState::PendingReplicaDeletion => {
            let when = key.deletion_date.and_then(|at| jiff::Timestamp::from_second(at.secs()).ok());
            let when = when.map_or_else(String::new, |at| format!(" on {}", at.strftime("%Y-%m-%d")));
            let mend = format!("aws kms cancel-key-deletion --key-id {id} && aws kms enable-key --key-id {id}");
            Some((format!("it is deleted{when}, and every value under it is lost then"), mend))
        }
        other => Some((
            format!("its state is {other}: the secret cannot be read"),
            format!("aws kms describe-key --key-id {id}"),
        )),
    }
}
