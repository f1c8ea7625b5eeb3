//! The copy of the platform's secret in the project's account. The value passes through one function, and equality is seen by version ids.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_secretsmanager::types::Tag;
use aws_smithy_types::Blob;
use futures::try_join;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde_json::json;

use super::asked::{Asked, blocked, gone, may_be_there, wrong};
use super::error::Refused;
use super::hand::Hand;
use super::permission::{Reach, Statement, gets_marked, is_marked};
use super::secret_described::{Described, arns, describe, is_current, keys, make_current, token};
use super::session::Sessions;
use super::tags;
use crate::engine::cloud::Work;
use crate::engine::{Ask, CloudError, Progress, Resource};
use crate::model::resource::SecretCopy as CopySpec;
use crate::model::{Observed, Outputs, Owner, Place, RoleKind, Spec};

/// How many days a deleted copy can be restored: the fewest that Secrets Manager allows.
const RECOVERY_DAYS: i64 = 7;

/// The tag of a secret that was there before and was taken over: what it held is not ours to destroy.
const ADOPTED: &str = "genkan:adopted";

const CREATE: &str = "secretsmanager:CreateSecret";
const PUT: &str = "secretsmanager:PutSecretValue";

/// See [`CopySpec`].
pub struct SecretCopy {
    asked: Asked,
    spec: CopySpec,
}

/// Where the source is.
struct Source {
    place: Place,
    name: String,
}

/// Both secrets as they were found.
struct Both {
    source: Option<Described>,
    copy: Option<Described>,
}

/// What a write left behind. No value is in it.
struct Written {
    arn: String,
    version: String,
    source_version: String,
    current: bool,
}

/// How the value is written.
#[derive(Clone, Copy)]
enum Writing {
    NewSecret,
    NewVersion,
}

/// What each role needs (Service Authorization Reference, AWS Secrets Manager and AWS KMS). A reader looks at copies and,
/// in the platform's account, at the source; its value is for the secret reader alone.
pub(super) fn permissions(role: RoleKind, reach: &Reach<'_>, spec: Option<&CopySpec>) -> Vec<Statement> {
    let source = spec.and_then(|spec| spec.source.as_deref()).unwrap_or(&reach.config.secret.name);
    let copy = spec.map_or(source, |spec| &spec.name);
    let of = |names: &[&str]| -> Vec<String> { names.iter().flat_map(|name| arns(reach, name)).collect() };
    let allow = |sid: &str, actions: &[&str], arns: Vec<String>| {
        let arns: Vec<&str> = arns.iter().map(String::as_str).collect();
        Statement::new(sid, actions, &arns)
    };
    let mut made = gets_marked();
    made["StringEquals"]["secretsmanager:Name"] = json!(copy);
    match role {
        RoleKind::Reader => {
            let names: BTreeSet<&str> = [(reach.is_home(), copy), (reach.has_secret(), source)]
                .into_iter()
                .filter_map(|(is_here, name)| is_here.then_some(name))
                .collect();
            if names.is_empty() { vec![] } else { vec![look(reach, &names)] }
        }
        RoleKind::Writer => vec![
            allow("SecretCopyMake", &["secretsmanager:CreateSecret"], of(&[copy])).when(made),
            allow("SecretCopyMark", &["secretsmanager:TagResource"], of(&[copy])).when(gets_marked()),
            // What is restored may be without a mark: it gets one then.
            allow("SecretCopyRestore", &["secretsmanager:RestoreSecret"], of(&[copy])),
            allow(
                "SecretCopyWrite",
                &[
                    "secretsmanager:PutSecretValue",
                    "secretsmanager:UpdateSecretVersionStage",
                    "secretsmanager:DeleteSecret",
                ],
                of(&[copy]),
            )
            .when(is_marked()),
            keys("SecretCopyKey", reach, &["kms:GenerateDataKey", "kms:Decrypt"], copy),
        ],
        RoleKind::SecretReader => vec![
            allow("SecretRead", &["secretsmanager:GetSecretValue"], of(&[source])),
            keys("SecretReadKey", reach, &["kms:Decrypt"], source),
        ],
        RoleKind::Authoriser | RoleKind::Auditor => Vec::new(),
    }
}

/// What it takes in that account to look at a copy that is there (`is_home`), or at its source, or both.
pub(super) fn looks(reach: &Reach<'_>, spec: &CopySpec, is_home: bool) -> Vec<Statement> {
    let source = spec.source.as_ref().unwrap_or(&reach.config.secret.name);
    let names = [(is_home, &spec.name), (reach.has_secret(), source)];
    let names: BTreeSet<&str> =
        names.into_iter().filter(|(is_here, _)| *is_here).map(|(_, name)| name.as_str()).collect();
    if names.is_empty() { vec![] } else { vec![look(reach, &names)] }
}

fn look(reach: &Reach<'_>, names: &BTreeSet<&str>) -> Statement {
    let arns: Vec<String> = names.iter().flat_map(|name| arns(reach, name)).collect();
    Statement::new(
        "SecretLook",
        &["secretsmanager:DescribeSecret"],
        &arns.iter().map(String::as_str).collect::<Vec<_>>(),
    )
}

impl SecretCopy {
    /// The copy that `ask` means; `spec` is the ask's. Makes no call.
    pub fn new(sessions: &Sessions, ask: Ask, spec: CopySpec) -> Self {
        Self { asked: Asked::new(sessions.clone(), ask), spec }
    }

    /// What a step of it needs, so that sessions can be opened ahead.
    pub fn hands(&self) -> Vec<Hand> {
        let mut hands = vec![self.asked.reader(), self.writer()];
        if let Ok(source) = self.source() {
            hands.extend([
                self.source_hand(&source, RoleKind::Reader),
                self.source_hand(&source, RoleKind::SecretReader),
            ]);
        }
        hands
    }

    fn writer(&self) -> Hand {
        let statements = permissions(RoleKind::Writer, &self.asked.reach(), Some(&self.spec));
        self.asked.sessions.writer(&self.asked.ask, &statements)
    }

    fn source_hand(&self, source: &Source, role: RoleKind) -> Hand {
        if role == RoleKind::Reader {
            return self.asked.sessions.reader_at(&source.place, &self.asked.ask);
        }
        let statements = permissions(role, &self.asked.sessions.reach(&source.place), Some(&self.spec));
        let Place { account, region } = &source.place;
        self.asked.sessions.hand(account, region, role, &self.asked.ask.behalf, &statements)
    }

    fn source(&self) -> Result<Source, CloudError> {
        let place = self.asked.sessions.secret_place();
        let place = place.ok_or_else(|| wrong("the config names no account that holds the source of the secret"))?;
        let name = self.spec.source.clone().unwrap_or_else(|| self.asked.sessions.config().secret.name.clone());
        Ok(Source { place, name })
    }

    /// In the platform's own account the source is its own copy.
    fn is_source(&self, source: &Source) -> bool {
        source.place == self.asked.ask.place && source.name == self.spec.name
    }

    fn arn(&self) -> String {
        arns(&self.asked.reach(), &self.spec.name)[1].clone()
    }

    async fn look(&self) -> Result<Observed, CloudError> {
        let source = self.source()?;
        if self.is_source(&source) {
            return Ok(Observed::Foreign { owner: Owner::Platform, spec: None, outputs: Outputs::new() });
        }
        Ok(self.judged(&self.both(&source).await?))
    }

    async fn both(&self, source: &Source) -> Result<Both, CloudError> {
        let (looker, reader) = (self.source_hand(source, RoleKind::Reader), self.asked.reader());
        let (source_arn, arn) = (source.arn(&self.asked.sessions), self.arn());
        let (source, copy) =
            try_join!(describe(&looker, &source.name, &source_arn), describe(&reader, &self.spec.name, &arn))?;
        Ok(Both { source, copy })
    }

    fn judged(&self, both: &Both) -> Observed {
        let Some(copy) = &both.copy else {
            return Observed::Absent;
        };
        let stranger = self.asked.stranger(&copy.tags);
        if copy.leaving.is_some() {
            return Observed::Leaving { until: copy.leaving, ours: stranger.is_none() };
        }
        let wanted = both.source_version();
        let current = wanted.is_some() && wanted.map(token) == copy.current;
        let spec = Spec::SecretCopy(CopySpec { current, ..self.spec.clone() });
        let mut outputs = self.outputs(&copy.arn, copy.current.as_deref(), wanted);
        if copy.tags.iter().any(|(key, _)| key == ADOPTED) {
            outputs.insert("adopted".to_owned(), "yes".to_owned());
        }
        match stranger {
            Some(owner) => Observed::Foreign { owner, spec: Some(spec), outputs },
            None => Observed::Ours { spec, outputs, contents: [].into() },
        }
    }

    fn outputs(&self, arn: &str, version: Option<&str>, source_version: Option<&str>) -> Outputs {
        let all = [
            ("arn", Some(arn)),
            ("name", Some(self.spec.name.as_str())),
            ("version", version),
            ("source_version", source_version),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect()
    }

    fn told(&self, written: &Written) -> Progress {
        Progress::Done(self.outputs(&written.arn, Some(&written.version), Some(&written.source_version)))
    }

    async fn create(&self) -> Result<Progress, CloudError> {
        let source = self.source()?;
        if self.is_source(&source) {
            return Err(self.asked.not_ours(&Owner::Platform));
        }
        match self.write(&source, Writing::NewSecret).await {
            Ok(written) => Ok(self.told(&written)),
            Err(refused) if refused.action == CREATE && is_taken(&refused) => {
                let both = self.both(&source).await?;
                match self.judged(&both) {
                    // What was deleted by force holds its name for a while after it is gone.
                    Observed::Absent if refused.is("InvalidRequestException") && refused.message.contains("delet") => {
                        let why = format!("the name of {} is not free yet after a deletion", self.asked.title());
                        Err(CloudError::Passing { why, after: None })
                    }
                    Observed::Absent => Err(refused.into()),
                    Observed::Leaving { .. } => Err(blocked(
                        format!("{} is scheduled for deletion and holds its name until then", self.asked.title()),
                        "plan again; --adopt restores it",
                    )),
                    _ => self.converge(&source, both, false).await,
                }
            }
            Err(refused) => Err(self.explained(refused, &source)),
        }
    }

    /// Brings what is there to hold the source's current version. What is scheduled for deletion is restored first.
    async fn converge(&self, source: &Source, both: Both, adopt: bool) -> Result<Progress, CloudError> {
        let found = self.judged(&both);
        let leaving = matches!(found, Observed::Leaving { .. });
        if !(leaving && adopt) {
            self.asked.may_change(found, adopt)?;
        }
        let version = both.source_version().map(str::to_owned);
        let Some(copy) = both.copy else {
            return Err(wrong(format!("{} is not there", self.asked.title())));
        };
        let hand = self.writer();
        if leaving {
            let call = hand.secrets().restore_secret().secret_id(&copy.arn);
            hand.call("secretsmanager:RestoreSecret", &copy.arn, call.send()).await?;
        }
        if adopt {
            let adopted = Tag::builder().key(ADOPTED).value("yes").build();
            let tags = self.marks().into_iter().chain([adopted]).collect();
            let call = hand.secrets().tag_resource().secret_id(&copy.arn).set_tags(Some(tags));
            hand.call("secretsmanager:TagResource", &copy.arn, call.send()).await?;
        }
        let version = version.ok_or_else(|| source.missing())?;
        let wanted = token(&version);
        if copy.versions.contains(&wanted) {
            if copy.current.as_ref() != Some(&wanted) {
                make_current(&hand, &copy, &wanted).await?;
            }
            return Ok(Progress::Done(self.outputs(&copy.arn, Some(&wanted), Some(&version))));
        }
        let written =
            self.write(source, Writing::NewVersion).await.map_err(|refused| self.explained(refused, source))?;
        if !written.current {
            // The version was there without a stage: writing the same value again leaves the stages as they are.
            make_current(&hand, &copy, &written.version).await?;
        }
        Ok(self.told(&written))
    }

    /// Reads the source's current value and writes it to the copy, under the source's version as the client token: the
    /// same write again is ignored. The value is here and nowhere else, in types that cannot be printed and are wiped;
    /// what the SDK builds of it for the wire it does not wipe, and does not print.
    async fn write(&self, source: &Source, writing: Writing) -> Result<Written, Refused> {
        let (reader, writer) = (self.source_hand(source, RoleKind::SecretReader), self.writer());
        let source_arn = source.arn(&self.asked.sessions);
        let call = reader.secrets().get_secret_value().secret_id(&source.name);
        let mut answer = reader.call("secretsmanager:GetSecretValue", &source_arn, call.send()).await?;
        let text = answer.secret_string.take().map(SecretString::from);
        let bytes = answer.secret_binary.take().map(|blob| SecretSlice::from(blob.into_inner()));
        let source_version = answer.version_id.take().unwrap_or_default();
        let token = token(&source_version);
        let text = text.as_ref().map(|text| text.expose_secret().to_owned());
        let bytes = bytes.as_ref().map(|bytes| Blob::new(bytes.expose_secret()));
        let arn = self.arn();
        let secrets = writer.secrets();
        let (arn, version, current) = match writing {
            Writing::NewSecret => {
                let call = secrets
                    .create_secret()
                    .name(&self.spec.name)
                    .description("A copy, kept by genkan: it is written again when its source changes")
                    .client_request_token(&token)
                    .set_tags(Some(self.marks()))
                    .set_secret_string(text)
                    .set_secret_binary(bytes);
                let made = writer.call(CREATE, &arn, call.send()).await?;
                (made.arn, made.version_id, true)
            }
            Writing::NewVersion => {
                let call = secrets
                    .put_secret_value()
                    .secret_id(&self.spec.name)
                    .client_request_token(&token)
                    .set_secret_string(text)
                    .set_secret_binary(bytes);
                let put = writer.call(PUT, &arn, call.send()).await?;
                (put.arn, put.version_id, is_current(&put.version_stages.unwrap_or_default()))
            }
        };
        Ok(Written { arn: arn.unwrap_or_default(), version: version.unwrap_or(token), source_version, current })
    }

    /// What a refused write means for people.
    fn explained(&self, refused: Refused, source: &Source) -> CloudError {
        match refused.action {
            "secretsmanager:GetSecretValue" if refused.is("ResourceNotFoundException") => source.missing(),
            PUT if refused.is("ResourceExistsException") => blocked(
                format!("{} holds another value under the version of its source", self.asked.title()),
                "somebody wrote that version by hand: give the source a new version, then retry",
            ),
            _ => refused.into(),
        }
    }

    fn marks(&self) -> Vec<Tag> {
        let marks = tags::marks(&self.asked.ask).into_iter();
        marks.map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
    }
}

impl Both {
    fn source_version(&self) -> Option<&str> {
        self.source.as_ref().filter(|source| source.leaving.is_none())?.current.as_deref()
    }
}

impl Source {
    fn arn(&self, sessions: &Sessions) -> String {
        arns(&sessions.reach(&self.place), &self.name)[1].clone()
    }

    fn missing(&self) -> CloudError {
        blocked(
            format!("the secret {} that is to be copied is not there, or holds no value, in {}", self.name, self.place),
            "make it there, or name another in the config's [secret]",
        )
    }
}

/// Whether a creation failed because something has the name, or may have made it although it failed.
fn is_taken(refused: &Refused) -> bool {
    may_be_there(refused, "ResourceExistsException") || refused.is("InvalidRequestException")
}

#[async_trait]
impl Resource for SecretCopy {
    async fn observe(&self) -> Result<Observed, CloudError> {
        Ok(self.asked.saw(self.look().await?))
    }

    async fn apply(&self, work: &Work) -> Result<Progress, CloudError> {
        match work {
            Work::Create => self.create().await,
            Work::Converge { adopt, .. } => {
                let source = self.source()?;
                if self.is_source(&source) {
                    return Err(self.asked.not_ours(&Owner::Platform));
                }
                let both = self.both(&source).await?;
                self.converge(&source, both, *adopt).await
            }
        }
    }

    /// A copy of the source's current version goes at once: its value is in the platform's account, so nothing is lost, and
    /// the name is free for the next onboarding. One that holds something else, or that somebody else made (its older versions
    /// are theirs), stays restorable for seven days. So nothing is ever destroyed, and `delete_data` makes no difference.
    async fn remove(&self, _delete_data: bool) -> Result<Progress, CloudError> {
        let Some((outputs, _)) = self.asked.may_remove(self.asked.seen_or(self.look()).await?)? else {
            return Ok(gone());
        };
        let (hand, arn) = (self.writer(), outputs.get("arn").cloned().unwrap_or_else(|| self.arn()));
        let version = outputs.get("version");
        let is_only_a_copy =
            version.is_some() && version == outputs.get("source_version") && !outputs.contains_key("adopted");
        let call = hand.secrets().delete_secret().secret_id(&arn);
        let call = if is_only_a_copy {
            call.force_delete_without_recovery(true)
        } else {
            call.recovery_window_in_days(RECOVERY_DAYS)
        };
        match hand.call("secretsmanager:DeleteSecret", &arn, call.send()).await {
            Ok(_) => Ok(gone()),
            Err(refused) if refused.is("ResourceNotFoundException") => Ok(gone()),
            Err(refused) if refused.is("InvalidRequestException") => match self.look().await? {
                Observed::Absent | Observed::Leaving { .. } => Ok(gone()),
                _ => Err(refused.into()),
            },
            Err(refused) => Err(refused.into()),
        }
    }
}
