//! Looks at everything that the tool will need, changing nothing: the identity, each account's roles, the zones, the
//! secret, and with the reader what each kind looks at. All accounts at once.

use std::collections::BTreeSet;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use futures::future::{BoxFuture, join_all};

use super::hand::Hand;
use super::permission::Statement;
use super::roles::{all_statements, roles_in_use};
use super::session::Sessions;
use crate::config::{Account, Config, Environment};
use crate::engine::CloudError;
use crate::engine::cloud::Behalf;
use crate::model::finding::{Finding, Health};
use crate::model::{EnvironmentName, Place, RoleKind};

/// On whose behalf: its name, identity and tags are those that a step's sessions carry, so that trust is tried as it will be used.
const DOCTOR: &str = "genkan-doctor";

/// One finding for every role, zone, secret and permission; never fails.
pub(super) async fn examine(sessions: &Sessions) -> Vec<Finding> {
    let identity = match sessions.hub().caller().await {
        Ok(arn) => identity(sessions.config(), &arn),
        Err(error) => return vec![failed("the tool's identity", "sts:GetCallerIdentity", &error, None)],
    };
    let config = sessions.config();
    let accounts = config.accounts.iter().map(|(name, account)| Examined::new(sessions, config, name, account));
    let accounts: Vec<Examined<'_>> = accounts.collect();
    let found = join_all(accounts.iter().map(Examined::everything)).await;
    std::iter::once(identity).chain(found.into_iter().flatten()).collect()
}

/// Who runs this, and whether they are of the account that the config calls the hub.
fn identity(config: &Config, arn: &str) -> Finding {
    let mut found = ok("the tool's identity", "sts:GetCallerIdentity", format!("it is {arn}"));
    let hub = &config.platform.hub;
    if let Some(account) = config.account(hub)
        && arn.split(':').nth(4) != Some(account.id.as_str())
    {
        found.health = Health::Warning;
        found.mend = Some(format!("the config's hub is {hub} ({}): run it there, or name the right hub", account.id));
    }
    found
}

fn ok(place: &str, subject: &str, seen: String) -> Finding {
    Finding { place: place.to_owned(), subject: subject.to_owned(), health: Health::Ok, seen, mend: None }
}

fn failed(place: &str, subject: &str, error: &CloudError, better_mend: Option<String>) -> Finding {
    let mend = match error {
        CloudError::Forbidden { mend, .. } => better_mend.or_else(|| mend.clone()),
        CloudError::Blocked { mend, .. } => Some(mend.clone()),
        CloudError::Passing { .. } => Some("try again in a while".to_owned()),
        CloudError::Wrong { .. } => None,
    };
    let (place, subject) = (place.to_owned(), subject.to_owned());
    Finding { place, subject, health: Health::Failed, seen: error.to_string(), mend }
}

/// One account while it is being looked at.
struct Examined<'a> {
    sessions: &'a Sessions,
    config: &'a Config,
    name: &'a str,
    title: String,
    place: Place,
}

impl<'a> Examined<'a> {
    fn new(sessions: &'a Sessions, config: &'a Config, name: &'a str, account: &'a Account) -> Self {
        let place = Place { account: account.id.clone(), region: config.region_of(account).clone() };
        Self { sessions, config, name, title: format!("{name} ({})", account.id), place }
    }

    async fn everything(&self) -> Vec<Finding> {
        let kinds = roles_in_use(self.config, self.name);
        join_all(kinds.into_iter().map(|kind| self.role(kind))).await.into_iter().flatten().collect()
    }

    /// Whether the role can be assumed, and then what is looked at with it.
    async fn role(&self, kind: RoleKind) -> Vec<Finding> {
        let behalf =
            Behalf { person: DOCTOR.to_owned(), approvers: BTreeSet::from([DOCTOR.to_owned()]), ..Behalf::default() };
        let Place { account, region } = &self.place;
        // A role that can change something is only tried: its session may do nothing.
        let nothing = [Statement::new("Nothing", &["sts:GetCallerIdentity"], &["*"])];
        let statements = match kind {
            RoleKind::Writer | RoleKind::Authoriser | RoleKind::Auditor => &nothing[..],
            RoleKind::Reader | RoleKind::SecretReader => &[],
        };
        let hand = self.sessions.hand(account, region, kind, &behalf, statements);
        let subject = format!("{} role {}", kind.word(), hand.role);
        if let Err(error) = hand.open().await {
            return vec![failed(&self.title, &subject, &error, None)];
        }
        let mut findings = vec![ok(&self.title, &subject, "it can be assumed, and is in this account".to_owned())];
        let looks: Vec<BoxFuture<'_, Finding>> = match kind {
            RoleKind::Reader => self.readers_looks(&hand),
            RoleKind::SecretReader => vec![Box::pin(self.secret_value(&hand))],
            RoleKind::Writer | RoleKind::Authoriser | RoleKind::Auditor => vec![],
        };
        findings.extend(join_all(looks).await);
        findings
    }

    fn readers_looks<'b>(&'b self, hand: &'b Hand) -> Vec<BoxFuture<'b, Finding>> {
        let mut looks: Vec<BoxFuture<'b, Finding>> = Vec::new();
        let in_use = roles_in_use(self.config, self.name);
        if in_use.contains(&RoleKind::SecretReader) {
            looks.push(Box::pin(self.source_secret(hand)));
        }
        for (name, environment) in &self.config.environments {
            if environment.platform_account == self.name {
                looks.push(Box::pin(self.zone(hand, environment)));
                looks.push(Box::pin(self.authorisations(hand, environment)));
            }
            if environment.account.iter().chain(environment.accounts.values()).any(|account| account == self.name) {
                looks.push(Box::pin(self.parameter(hand, name)));
            }
        }
        if in_use.contains(&RoleKind::Writer) {
            looks.push(Box::pin(self.credentials(hand)));
            looks.push(Box::pin(self.repository(hand)));
            looks.push(Box::pin(self.buckets(hand)));
        }
        looks
    }

    /// Makes a call that changes nothing. An answer is well, and so is one of the codes in `absent`: whoever is told
    /// that something is not there was allowed to ask.
    async fn look<T, E>(
        &self,
        hand: &Hand,
        action: &'static str,
        resource: &str,
        absent: &[&str],
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
    ) -> Result<Option<T>, Box<Finding>>
    where
        T: RequestId + Send,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        match hand.call(action, resource, call).await {
            Ok(answer) => Ok(Some(answer)),
            Err(refused) if refused.is_any(absent) => Ok(None),
            Err(refused) => Err(Box::new(failed(
                &self.title,
                &subject(action, resource),
                &refused.error,
                self.statement(hand, action),
            ))),
        }
    }

    /// The statement of the role's own policy that allows this action.
    fn statement(&self, hand: &Hand, action: &str) -> Option<String> {
        let statements = all_statements(&BTreeSet::from([hand.kind]), &self.sessions.reach(&self.place));
        let fitting = statements.into_iter().find(|statement| statement.actions.iter().any(|each| each == action))?;
        Some(fitting.to_json().to_string())
    }

    fn permitted<T>(&self, action: &str, resource: &str, answer: Result<Option<T>, Box<Finding>>) -> Finding {
        match answer {
            Ok(_) => ok(&self.title, &subject(action, resource), "it is permitted".to_owned()),
            Err(finding) => *finding,
        }
    }

    /// What a project's name could be, for asking after things that are not there.
    fn nobody(&self) -> String {
        format!("{}{DOCTOR}", self.config.names.project_prefix)
    }

    async fn zone(&self, hand: &Hand, environment: &Environment) -> Finding {
        let zone = &environment.zone;
        let id = zone.id.as_str();
        let call = hand.route53().get_hosted_zone().id(id);
        let answer = match self.look(hand, "route53:GetHostedZone", id, &["NoSuchHostedZone"], call.send()).await {
            Ok(answer) => answer,
            Err(finding) => return *finding,
        };
        let plain = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
        let found = answer.as_ref().and_then(|answer| answer.hosted_zone.as_ref());
        let is_private = found.and_then(|zone| zone.config.as_ref()).is_some_and(|config| config.private_zone);
        let vpcs = answer.as_ref().map_or(0, |answer| answer.vpcs().len());
        let wrong = match found {
            None => Some("there is no such hosted zone in this account".to_owned()),
            Some(found) if plain(&found.name) != plain(&zone.name) => {
                Some(format!("its name is {}, the config says {}", plain(&found.name), plain(&zone.name)))
            }
            Some(_) if !is_private => {
                Some("it is public: only a private hosted zone can be associated with VPCs".to_owned())
            }
            Some(_) if vpcs == 0 => Some("it has no VPC of its own, and takes no association without one".to_owned()),
            Some(_) => None,
        };
        let subject = format!("hosted zone {id}");
        match wrong {
            None => ok(&self.title, &subject, format!("{} is private and has {vpcs} VPCs", plain(&zone.name))),
            Some(why) => {
                let mut finding = failed(&self.title, &subject, &CloudError::Wrong { why }, None);
                finding.mend = Some("correct `zone` of the environment in the config, or the zone itself".to_owned());
                finding
            }
        }
    }

    async fn authorisations(&self, hand: &Hand, environment: &Environment) -> Finding {
        let (action, id) = ("route53:ListVPCAssociationAuthorizations", environment.zone.id.as_str());
        let call = hand.route53().list_vpc_association_authorizations().hosted_zone_id(id);
        match self.look(hand, action, id, &["NoSuchHostedZone"], call.send()).await {
            Ok(Some(answer)) if !answer.vpcs().is_empty() => {
                let open: Vec<&str> = answer.vpcs().iter().filter_map(|vpc| vpc.vpc_id()).collect();
                Finding {
                    place: self.title.clone(),
                    subject: subject(action, id),
                    health: Health::Warning,
                    seen: format!("open authorisations: {}", open.join(", ")),
                    mend: Some("a run under way has them for seconds; one that stays is to be withdrawn".to_owned()),
                }
            }
            answer => self.permitted(action, id, answer),
        }
    }

    async fn source_secret(&self, hand: &Hand) -> Finding {
        let (action, name) = ("secretsmanager:DescribeSecret", self.config.secret.name.as_str());
        let call = hand.secrets().describe_secret().secret_id(name);
        match self.look(hand, action, name, &[], call.send()).await {
            Ok(Some(secret)) if secret.deleted_date.is_some() => {
                let why = format!("the secret {name} is scheduled for deletion");
                let mut finding = failed(&self.title, &subject(action, name), &CloudError::Wrong { why }, None);
                finding.mend = Some(format!("aws secretsmanager restore-secret --secret-id {name}"));
                finding
            }
            Ok(_) => ok(&self.title, &subject(action, name), "the source of the secret is there".to_owned()),
            Err(finding) => *finding,
        }
    }

    /// Asks for a version that no secret has: whether the value may be read is told without reading it.
    async fn secret_value(&self, hand: &Hand) -> Finding {
        let (action, name) = ("secretsmanager:GetSecretValue", self.config.secret.name.as_str());
        let call = hand.secrets().get_secret_value().secret_id(name).version_stage(DOCTOR);
        let absent = ["ResourceNotFoundException"];
        self.permitted(action, name, self.look(hand, action, name, &absent, call.send()).await)
    }

    async fn parameter(&self, hand: &Hand, environment: &EnvironmentName) -> Finding {
        let (action, name) = ("ssm:GetParameter", format!("/{environment}/{}/vpc-id", self.nobody()));
        let call = hand.ssm().get_parameter().name(&name);
        self.permitted(action, &name, self.look(hand, action, &name, &["ParameterNotFound"], call.send()).await)
    }

    async fn credentials(&self, hand: &Hand) -> Finding {
        let action = "codebuild:ListSourceCredentials";
        let call = hand.codebuild().list_source_credentials();
        self.permitted(action, "*", self.look(hand, action, "*", &[], call.send()).await)
    }

    async fn repository(&self, hand: &Hand) -> Finding {
        let (action, name) = ("ecr:DescribeRepositories", self.nobody());
        let call = hand.ecr().describe_repositories().repository_names(&name);
        let absent = ["RepositoryNotFoundException"];
        self.permitted(action, &name, self.look(hand, action, &name, &absent, call.send()).await)
    }

    async fn buckets(&self, hand: &Hand) -> Finding {
        let action = "s3:ListAllMyBuckets";
        let call = hand.s3().list_buckets().max_buckets(1);
        self.permitted(action, "*", self.look(hand, action, "*", &[], call.send()).await)
    }
}

fn subject(action: &str, resource: &str) -> String {
    if resource == "*" { action.to_owned() } else { format!("{action} on {resource}") }
}
