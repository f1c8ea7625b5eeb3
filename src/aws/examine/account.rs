//! One account while it is being looked at: its roles, what its reader finds, and what the others may do.

use std::collections::{BTreeMap, BTreeSet};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use futures::future::{join, join_all};

use super::simulate::{Asked, Told};
use super::{DOCTOR, broken, failed, ok, warning};
use crate::aws::hand::Hand;
use crate::aws::permission::Statement;
use crate::aws::roles::{all_statements, roles_in_use};
use crate::aws::session::{Sessions, role_of};
use crate::aws::trust::{Carried, trust_policy};
use crate::config::{Account, Config};
use crate::engine::CloudError;
use crate::engine::cloud::Behalf;
use crate::model::finding::{Finding, Health};
use crate::model::{Place, RoleKind};

/// What the reader's session is for: a role may be allowed more, this session is not.
const LOOKS: [&str; 13] = [
    "codebuild:ListSourceCredentials",
    "ecr:DescribeRepositories",
    "iam:SimulatePrincipalPolicy",
    "kms:DescribeKey",
    "route53:GetHostedZone",
    "route53:GetHostedZoneLimit",
    "route53:ListVPCAssociationAuthorizations",
    "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketVersioning",
    "s3:ListAllMyBuckets",
    "secretsmanager:DescribeSecret",
    "ssm:GetParameter",
    "sts:GetCallerIdentity",
];

/// In AWS's words where a Deny is why.
const DENY: &str = "with an explicit deny ";

const SIMULATE: &str = "iam:SimulatePrincipalPolicy";

/// What `doctor_permissions` asks for.
const OF_DOCTOR_ALONE: [&str; 3] = [SIMULATE, "kms:DescribeKey", "route53:GetHostedZoneLimit"];

/// One account while it is being looked at.
pub(super) struct Examined<'a> {
    pub(super) sessions: &'a Sessions,
    pub(super) config: &'a Config,
    /// The account's name in the config.
    pub(super) name: &'a str,
    /// The account's name and id.
    pub(super) title: String,
    pub(super) place: Place,
    account: &'a Account,
}

/// One role: what for, more than one where the config names one role for several.
struct OfRole {
    arn: String,
    kinds: BTreeSet<RoleKind>,
    title: String,
}

impl<'a> Examined<'a> {
    pub(super) fn new(sessions: &'a Sessions, name: &'a str, account: &'a Account) -> Self {
        let config = sessions.config();
        let place = Place { account: account.id.clone(), region: config.region_of(account).clone() };
        Self { sessions, config, name, title: format!("{name} ({})", account.id), place, account }
    }

    /// The roles, then what they see and may do, then what the config leaves out of the sessions.
    pub(super) async fn everything(&self) -> Vec<Finding> {
        let roles = self.roles();
        let kinds = roles_in_use(self.config, self.name);
        let reader = self.hand(RoleKind::Reader);
        let opened = join_all(kinds.iter().map(|kind| self.opened(*kind)));
        let seen = async {
            // Without the reader nothing can be looked at; that it cannot be assumed is said of the role.
            if reader.open().await.is_err() {
                return (Vec::new(), Vec::new());
            }
            join(join_all(self.looks(&reader)), join_all(roles.iter().map(|role| self.simulated(&reader, role)))).await
        };
        let (mut opened, (looked, simulated)) = join(opened, seen).await;
        let unseen = simulated.iter().any(|told| matches!(told, Told::Unknown(refused) if refused.is_forbidden()));
        let mut may = Vec::new();
        for (role, told) in roles.iter().zip(simulated) {
            if matches!(told, Told::NoRole) {
                self.is_missing(role, &mut opened);
                continue;
            }
            let of_reader = looked.iter().filter(|_| role.kinds.contains(&RoleKind::Reader));
            let of_others = opened.iter().filter(|(kind, _)| role.kinds.contains(kind)).flat_map(|(_, found)| found);
            let shown: Vec<&Finding> = of_reader.chain(of_others).filter(|one| one.health != Health::Ok).collect();
            // What a call has shown already is not said twice.
            let said = |action: &str, finding: &Finding| {
                unseen && action == SIMULATE || shown.iter().any(|look| is_said(look, action, finding))
            };
            may.extend(self.told(&reader, role, told, said));
        }
        let opened = opened.into_iter().flat_map(|(_, found)| found);
        opened.chain(looked).chain(may).chain(self.trust()).collect()
    }

    fn roles(&self) -> Vec<OfRole> {
        let mut roles: BTreeMap<String, BTreeSet<RoleKind>> = BTreeMap::new();
        for kind in roles_in_use(self.config, self.name) {
            let role = role_of(self.config, self.account, kind).arn(&self.place.account, &self.place.region);
            roles.entry(role).or_default().insert(kind);
        }
        let role = |(arn, kinds): (String, BTreeSet<RoleKind>)| {
            let words: Vec<&str> = kinds.iter().map(|kind| kind.word()).collect();
            OfRole { title: format!("{} role {}", words.join(" and "), name_of(&arn)), arn, kinds }
        };
        roles.into_iter().map(role).collect()
    }

    /// A session under that role, tried as a step would have it. One that could change something may do nothing, and the
    /// secret's reader no more than `session_policy` leaves to whoever is no step.
    pub(super) fn hand(&self, kind: RoleKind) -> Hand {
        let behalf =
            Behalf { person: DOCTOR.to_owned(), approvers: BTreeSet::from([DOCTOR.to_owned()]), ..Behalf::default() };
        let actions = match kind {
            RoleKind::Reader => &LOOKS[..],
            RoleKind::Writer | RoleKind::Authoriser | RoleKind::SecretReader | RoleKind::Auditor => {
                &["sts:GetCallerIdentity"]
            }
        };
        let Place { account, region } = &self.place;
        self.sessions.hand(account, region, kind, &behalf, &[Statement::new("Doctor", actions, &["*"])])
    }

    /// Whether the role can be assumed; the secret reader is asked for the secret at once.
    async fn opened(&self, kind: RoleKind) -> (RoleKind, Vec<Finding>) {
        let hand = self.hand(kind);
        let subject = format!("{} role {}", kind.word(), name_of(&hand.role));
        if let Err(error) = hand.open().await {
            return (kind, vec![failed(&self.title, &subject, &error, None)]);
        }
        let mut findings = vec![ok(&self.title, &subject, "it can be assumed, and is in this account")];
        if kind == RoleKind::SecretReader {
            findings.push(self.secret_value(&hand).await);
        }
        (kind, findings)
    }

    async fn simulated(&self, reader: &Hand, role: &OfRole) -> Told {
        let reach = self.sessions.reach(&self.place);
        // A key of AWS's own needs no permission, and what a key of the customer's needs is looked at with the secret.
        let is_key = |statement: &Statement| {
            statement.actions.iter().all(|action| action.starts_with("kms:Gen") || action == "kms:Decrypt")
        };
        let mut statements = all_statements(&role.kinds, &reach);
        statements.retain(|statement| !is_key(statement));
        Asked { place: &self.title, hand: reader, role: &role.arn, title: &role.title }.may(&statements).await
    }

    fn told(&self, reader: &Hand, role: &OfRole, told: Told, said: impl Fn(&str, &Finding) -> bool) -> Vec<Finding> {
        let asked = Asked { place: &self.title, hand: reader, role: &role.arn, title: &role.title };
        match told {
            Told::Known(denied, count) if denied.is_empty() => vec![asked.permitted(count)],
            Told::Known(denied, _) => {
                let unsaid = denied.into_iter().filter(|(action, finding)| !said(action, finding));
                unsaid.map(|(action, finding)| softened(&action, finding)).collect()
            }
            Told::Unknown(refused) => {
                let statement = self.statement(reader, SIMULATE).unwrap_or_default();
                vec![asked.unknown(&refused, statement)]
            }
            Told::NoRole => vec![],
        }
    }

    /// Says of a role that cannot be assumed that it is not there at all.
    fn is_missing(&self, role: &OfRole, opened: &mut [(RoleKind, Vec<Finding>)]) {
        // Of another account's role the simulator knows nothing.
        if role.arn.split(':').nth(4) != Some(self.place.account.as_str()) {
            return;
        }
        let caller = self.sessions.hub().known_caller().unwrap_or("arn:aws:iam::ACCOUNT:role/THE-TOOLS-OWN");
        let trust = trust_policy(caller, &Carried::from(self.account));
        let mend =
            format!("create it with this trust policy and what `genkan policies render` prints for it:\n{trust:#}");
        for (_, findings) in opened.iter_mut().filter(|(kind, _)| role.kinds.contains(kind)) {
            if let [finding, ..] = findings.as_mut_slice() {
                *finding =
                    broken(&self.title, &finding.subject, format!("there is no role {}", role.arn), mend.clone());
            }
        }
    }

    /// What the config leaves out of the account's sessions.
    fn trust(&self) -> Vec<Finding> {
        let Account { external_id, session_tags, source_identity, .. } = self.account;
        let name = self.name;
        let mut found = Vec::new();
        if external_id.is_none() {
            let mend = format!(
                "set `external_id` in [accounts.{name}], and let the roles' trust policies ask for it as sts:ExternalId \
                 (`genkan policies render` prints them)"
            );
            let seen = format!(
                "no external id: whoever may use the tool's identity for something else could be led to {name}"
            );
            found.push(warning(&self.title, "external_id", seen, mend));
        }
        for (sent, setting, what, action) in [
            (session_tags, "session_tags", "which request and step it was for", "sts:TagSession"),
            (source_identity, "source_identity", "who asked", "sts:SetSourceIdentity"),
        ] {
            if !sent {
                let seen = format!("{} not sent to {name}: CloudTrail there does not show {what}", words(setting));
                let mend = format!(
                    "allow {action} in the roles' trust policies, and set `{setting} = true` in [accounts.{name}]"
                );
                found.push(warning(&self.title, setting, seen, mend));
            }
        }
        found
    }

    /// Makes a call that changes nothing. An answer is well, and so is one of the codes in `absent`: whoever is told
    /// that something is not there was allowed to ask.
    pub(super) async fn look<T, E>(
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
            Err(refused) => Err(Box::new(self.look_failed(hand, action, resource, &refused.error))),
        }
    }

    pub(super) fn look_failed(&self, hand: &Hand, action: &str, resource: &str, error: &CloudError) -> Finding {
        let mut finding = failed(&self.title, &subject(action, resource), error, self.statement(hand, action));
        if let CloudError::Forbidden { why, .. } = error {
            finding.seen = format!("{} role {} may not{}", hand.kind.word(), name_of(&hand.role), reason(why));
            if why.contains("service control policy") {
                finding.mend =
                    Some(format!("allow {action} in the organisation's service control policies for this account"));
            } else if why.contains(DENY) {
                finding.mend = Some(format!("remove the Deny of {action}; an Allow does not outweigh it"));
            }
        }
        softened(action, finding)
    }

    /// The statement of the role's own policy that allows this action.
    pub(super) fn statement(&self, hand: &Hand, action: &str) -> Option<String> {
        let statements = all_statements(&BTreeSet::from([hand.kind]), &self.sessions.reach(&self.place));
        let fitting = statements.into_iter().find(|statement| statement.actions.iter().any(|each| each == action))?;
        Some(format!("{:#}", fitting.to_json()))
    }

    pub(super) fn permitted<T>(
        &self,
        action: &str,
        resource: &str,
        answer: Result<Option<T>, Box<Finding>>,
    ) -> Finding {
        match answer {
            Ok(_) => ok(&self.title, &subject(action, resource), "it is permitted"),
            Err(finding) => *finding,
        }
    }
}

/// Whether AWS has said why a call was refused; it does not to another account.
pub(super) fn is_explained(refused: &Finding) -> bool {
    refused.seen.contains("because ") || refused.seen.contains(DENY)
}

/// Whether a call of that role has shown what the simulator says: the same action is missing, and the same mends it.
fn is_said(look: &Finding, action: &str, finding: &Finding) -> bool {
    let is_same = |mend: &String| finding.mend.as_ref().is_some_and(|same| mend.contains(same.as_str()));
    let is_denied = look.seen.contains(DENY);
    look.subject.split(' ').next() == Some(action) && (is_denied || look.mend.as_ref().is_some_and(is_same))
}

/// The end of AWS's words that says why, where they have one: `, because no identity-based policy allows …`; or all of them.
fn reason(why: &str) -> String {
    let begins = ["because ", DENY].iter().filter_map(|begin| why.find(begin)).min();
    match (begins, why.split_once(" failed with ")) {
        (Some(at), _) => format!(", {}", &why[at..]),
        (None, Some((_, words))) => format!(": {words}"),
        (None, None) => String::new(),
    }
}

/// Without what only doctor needs, an onboarding goes well all the same: no failure, but somebody should know.
fn softened(action: &str, mut finding: Finding) -> Finding {
    if OF_DOCTOR_ALONE.contains(&action) && finding.health == Health::Failed {
        finding.health = Health::Warning;
    }
    finding
}

pub(super) fn subject(action: &str, resource: &str) -> String {
    if resource == "*" { action.to_owned() } else { format!("{action} on {resource}") }
}

fn words(setting: &str) -> &str {
    if setting == "session_tags" { "tags are" } else { "source identity is" }
}

/// A role's name, without its path.
fn name_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
