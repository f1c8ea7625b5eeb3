//! CodeBuild's source credential: one slot per provider for the whole account, which an import overwrites unless told not to.

use async_trait::async_trait;
use aws_sdk_codebuild::config::Builder as ConfigBuilder;
use aws_sdk_codebuild::types::{AuthType as Auth, ServerType as Server, SourceCredentialsInfo};
use aws_smithy_types::retry::RetryConfig;
use futures::try_join;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::asked::{Asked, blocked, gone};
use super::error::Refused;
use super::hand::Hand;
use super::permission::{Reach, Statement};
use super::secret_described::{Described, arns, describe, keys};
use super::session::Sessions;
use crate::engine::cloud::Work;
use crate::engine::{Ask, CloudError, Progress, Resource};
use crate::model::resource::{AuthType, ServerType, SourceCredential as CredentialSpec};
use crate::model::{Observed, Outputs, Owner, RoleKind, Spec};

/// See [`CredentialSpec`].
pub struct SourceCredential {
    asked: Asked,
    spec: CredentialSpec,
}

/// What a look found.
struct Found {
    /// What is in the slot.
    slot: Option<SourceCredentialsInfo>,
    /// The secret in the same account, from which it is to be imported.
    secret: Option<Described>,
}

/// What each role needs (Service Authorization Reference, AWS CodeBuild: the three calls have no resource). The token
/// itself is imported from the account's own secret, which the writer reads.
pub(super) fn permissions(role: RoleKind, reach: &Reach<'_>, spec: Option<&CredentialSpec>) -> Vec<Statement> {
    let named_secret = spec.map_or(&reach.config.secret.name, |spec| &spec.secret);
    let [secret, named] = arns(reach, named_secret);
    let secret = |sid, action| Statement::new(sid, &[action], &[secret.as_str(), named.as_str()]);
    // One without a spec may be of either sort, as the blueprint says.
    let servers = spec.map_or_else(|| vec![Server::Github, Server::GithubEnterprise], |spec| vec![server(spec)]);
    let sorts = spec.map_or_else(|| vec![Auth::PersonalAccessToken, Auth::SecretsManager], |spec| vec![sort(spec)]);
    let only = json!({"StringEquals": {
        "codebuild:serverType": servers.iter().map(Server::as_str).collect::<Vec<_>>(),
        "codebuild:authType": sorts.iter().map(Auth::as_str).collect::<Vec<_>>(),
    }});
    match role {
        RoleKind::Reader => vec![
            Statement::new("SourceCredentialRead", &["codebuild:ListSourceCredentials"], &["*"]),
            secret("SourceCredentialLook", "secretsmanager:DescribeSecret"),
        ],
        RoleKind::Writer => vec![
            Statement::new("SourceCredentialImport", &["codebuild:ImportSourceCredentials"], &["*"]).when(only),
            Statement::new("SourceCredentialDelete", &["codebuild:DeleteSourceCredentials"], &["*"]),
            secret("SourceCredentialToken", "secretsmanager:GetSecretValue"),
            keys("SourceCredentialKey", reach, &["kms:Decrypt"], named_secret),
        ],
        RoleKind::Authoriser | RoleKind::SecretReader | RoleKind::Auditor => Vec::new(),
    }
}

fn server(spec: &CredentialSpec) -> Server {
    match spec.server_type {
        ServerType::Github => Server::Github,
        ServerType::GithubEnterprise => Server::GithubEnterprise,
    }
}

fn sort(spec: &CredentialSpec) -> Auth {
    match spec.auth_type {
        AuthType::PersonalAccessToken => Auth::PersonalAccessToken,
        AuthType::SecretsManager => Auth::SecretsManager,
    }
}

impl SourceCredential {
    /// The slot that `ask` means; `spec` is the ask's. Makes no call.
    pub fn new(sessions: &Sessions, ask: Ask, spec: CredentialSpec) -> Self {
        Self { asked: Asked::new(sessions.clone(), ask), spec }
    }

    /// What a step of it needs, so that sessions can be opened ahead.
    pub fn hands(&self) -> Vec<Hand> {
        vec![self.asked.reader(), self.writer(self.asked.ask.remembered.is_some() || self.asked.ask.begun)]
    }

    /// The writer; only where what is there is ours, or a person asked to take it over, may it overwrite.
    fn writer(&self, overwrite: bool) -> Hand {
        let mut statements = permissions(RoleKind::Writer, &self.asked.reach(), Some(&self.spec));
        if !overwrite {
            let imports =
                statements.iter_mut().filter(|statement| statement.actions == ["codebuild:ImportSourceCredentials"]);
            imports.for_each(|import| import.condition["Bool"] = json!({"codebuild:shouldOverwrite": "false"}));
        }
        self.asked.sessions.writer(&self.asked.ask, &statements)
    }

    async fn found(&self) -> Result<Found, CloudError> {
        let hand = self.asked.reader();
        let secret_arn = self.secret_arn();
        let slots = async {
            let list = hand.codebuild().list_source_credentials().send();
            let answer = hand.call("codebuild:ListSourceCredentials", "*", list).await?;
            Ok(answer.source_credentials_infos.unwrap_or_default())
        };
        let (slots, secret) = try_join!(slots, describe(&hand, &self.spec.secret, &secret_arn))?;
        // Whether credentials of several sorts can stand beside each other is not documented: what is ours goes first.
        let server = server(&self.spec);
        let mut slots: Vec<_> = slots.into_iter().filter(|slot| slot.server_type() == Some(&server)).collect();
        slots.sort_by_key(|slot| !self.is_ours(slot));
        Ok(Found { slot: slots.into_iter().next(), secret })
    }

    /// A credential carries no mark, and its ARN is the slot's, whoever imported it: it is ours if it was remembered, or
    /// if the journal says that we began to import it. One of a sort that we neither imported nor are about to import
    /// has taken the place of ours.
    fn is_ours(&self, slot: &SourceCredentialsInfo) -> bool {
        let remembered = self.remembered("arn").is_some_and(|arn| slot.arn() == Some(arn));
        let sort = slot.auth_type().map(Auth::as_str);
        let of_our_sort = auth_type(slot) == Some(self.spec.auth_type) || sort == self.remembered("auth_type");
        (remembered || self.asked.ask.begun) && of_our_sort
    }

    fn remembered(&self, name: &str) -> Option<&str> {
        self.asked.ask.remembered.as_ref()?.get(name).map(String::as_str)
    }

    fn judged(&self, found: &Found) -> Observed {
        let Some(slot) = &found.slot else {
            return Observed::Absent;
        };
        let outputs = |version| self.outputs(slot.arn(), slot.auth_type().map(Auth::as_str), version);
        let is_ours = self.is_ours(slot);
        // One of a sort that this tool does not import (OAuth, a connection …) has no place in the spec's words.
        let Some(auth_type) = auth_type(slot) else {
            return Observed::Foreign { owner: Owner::Unmarked, spec: None, outputs: outputs(None) };
        };
        let secret = found.secret.as_ref();
        let version = self.remembered("version").filter(|_| is_ours);
        let current = match auth_type {
            AuthType::PersonalAccessToken => {
                version.is_some() && version == secret.and_then(|secret| secret.current.as_deref())
            }
            AuthType::SecretsManager => {
                slot.resource().is_some() && slot.resource() == secret.map(|secret| &*secret.arn)
            }
        };
        let spec = Spec::SourceCredential(CredentialSpec { auth_type, current, ..self.spec.clone() });
        if is_ours {
            Observed::Ours { spec, outputs: outputs(version), contents: [].into() }
        } else {
            Observed::Foreign { owner: Owner::Unmarked, spec: Some(spec), outputs: outputs(None) }
        }
    }

    fn outputs(&self, arn: Option<&str>, auth_type: Option<&str>, version: Option<&str>) -> Outputs {
        let all = [
            ("arn", arn),
            ("server_type", Some(server(&self.spec).as_str())),
            ("auth_type", auth_type),
            ("version", version),
            ("secret", Some(self.spec.secret.as_str())),
        ]
        .map(|(name, value)| value.map(|value| (name.to_owned(), value.to_owned())));
        all.into_iter().flatten().collect()
    }

    /// Imports the credential. The token is here and nowhere else, in a type that cannot be printed and is wiped; what
    /// the SDK builds of it for the wire it does not wipe, and does not print. What is remembered afterwards says from
    /// which version it came, since CodeBuild never shows it again.
    ///
    /// The SDK does not repeat it: a credential carries no mark, so that if an answer was lost and the call repeated,
    /// "exists already" could mean our own. Sent once, it means somebody else's.
    async fn import(&self, overwrite: bool) -> Result<Outputs, NotImported> {
        let hand = self.writer(overwrite);
        let (token, auth, version) = match self.spec.auth_type {
            AuthType::SecretsManager => {
                let reader = self.asked.reader();
                let secret =
                    describe(&reader, &self.spec.secret, &self.secret_arn()).await.map_err(NotImported::Before)?;
                let secret = secret.filter(|secret| secret.leaving.is_none());
                let secret = secret.ok_or_else(|| NotImported::Before(self.no_secret()))?;
                (SecretString::from(secret.arn), Auth::SecretsManager, secret.current)
            }
            AuthType::PersonalAccessToken => {
                let call = hand.secrets().get_secret_value().secret_id(&self.spec.secret);
                let answer = hand.call("secretsmanager:GetSecretValue", &self.secret_arn(), call.send()).await;
                let mut answer = answer.map_err(|refused| NotImported::Before(self.unread(refused)))?;
                let token = answer.secret_string.take().map(SecretString::from);
                let token = token.filter(|token| !token.expose_secret().is_empty());
                let token = token.ok_or_else(|| NotImported::Before(self.no_secret()))?;
                (token, Auth::PersonalAccessToken, answer.version_id.take())
            }
        };
        let call = hand
            .codebuild()
            .import_source_credentials()
            .server_type(server(&self.spec))
            .auth_type(auth.clone())
            .should_overwrite(overwrite)
            .token(token.expose_secret())
            .customize()
            .config_override(ConfigBuilder::new().retry_config(RetryConfig::disabled()));
        let answer =
            hand.call("codebuild:ImportSourceCredentials", "*", call.send()).await.map_err(NotImported::Import)?;
        Ok(self.outputs(answer.arn(), Some(auth.as_str()), version.as_deref()))
    }

    fn secret_arn(&self) -> String {
        arns(&self.asked.reach(), &self.spec.secret)[1].clone()
    }

    /// What it means that the secret could not be read. Scheduled for deletion is an invalid request.
    fn unread(&self, refused: Refused) -> CloudError {
        if refused.is_any(&["ResourceNotFoundException", "InvalidRequestException"]) {
            self.no_secret()
        } else {
            refused.into()
        }
    }

    fn no_secret(&self) -> CloudError {
        blocked(
            format!("the secret {} is not there, or holds no text, in {}", self.spec.secret, self.asked.ask.place),
            "the step that copies it there comes first: see whether the blueprint has one, then retry",
        )
    }

    async fn create(&self) -> Result<Progress, CloudError> {
        match self.import(false).await {
            Ok(outputs) => Ok(Progress::Done(outputs)),
            // Somebody has the slot; the look says whether that is an earlier try of ours, which the journal knows of.
            Err(NotImported::Import(refused)) if refused.is("ResourceAlreadyExistsException") => {
                let found = self.found().await?;
                if found.slot.is_none() { Err(refused.into()) } else { self.converge(&found, false).await }
            }
            Err(failed) => Err(failed.into()),
        }
    }

    /// Imports again over what is ours, or what a person asked to take over.
    async fn converge(&self, found: &Found, adopt: bool) -> Result<Progress, CloudError> {
        self.asked.may_change(self.judged(found), adopt)?;
        Ok(Progress::Done(self.import(true).await?))
    }
}

/// Where an import ended.
enum NotImported {
    /// Nothing was sent to CodeBuild.
    Before(CloudError),
    /// CodeBuild refused, or its answer was lost.
    Import(Refused),
}

impl From<NotImported> for CloudError {
    fn from(failed: NotImported) -> Self {
        match failed {
            NotImported::Before(error) => error,
            NotImported::Import(refused) => refused.into(),
        }
    }
}

#[async_trait]
impl Resource for SourceCredential {
    async fn observe(&self) -> Result<Observed, CloudError> {
        Ok(self.asked.saw(self.judged(&self.found().await?)))
    }

    async fn apply(&self, work: &Work) -> Result<Progress, CloudError> {
        match work {
            Work::Create => self.create().await,
            Work::Converge { adopt, .. } => self.converge(&self.found().await?, *adopt).await,
        }
    }

    /// A credential holds no data besides the token, which the secret holds as well.
    async fn remove(&self, _delete_data: bool) -> Result<Progress, CloudError> {
        let found = self.asked.seen_or(async { Ok(self.judged(&self.found().await?)) }).await?;
        let Some((outputs, _)) = self.asked.may_remove(found)? else {
            return Ok(gone());
        };
        let hand = self.writer(true);
        let call = hand.codebuild().delete_source_credentials().set_arn(outputs.get("arn").cloned());
        match hand.call("codebuild:DeleteSourceCredentials", "*", call.send()).await {
            Ok(_) => Ok(gone()),
            Err(refused) if refused.is("ResourceNotFoundException") => Ok(gone()),
            Err(refused) => Err(refused.into()),
        }
    }
}

/// How the credential was given, where it is a way that this tool knows.
fn auth_type(slot: &SourceCredentialsInfo) -> Option<AuthType> {
    match slot.auth_type() {
        Some(Auth::PersonalAccessToken) => Some(AuthType::PersonalAccessToken),
        Some(Auth::SecretsManager) => Some(AuthType::SecretsManager),
        _ => None,
    }
}
