//! Assuming a role: exactly what is sent to STS, and what a session is known by.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use super::permission::{Reach, Statement, merged, to_session_policy};
use super::roles::all_statements;
use super::session::role_of;
use super::trust::Carried;
use crate::config::{Account, Config};
use crate::engine::cloud::Behalf;
use crate::model::{AccountId, Digest, Place, Region, RequestId, RoleKind};

/// The most characters of a session policy (STS API Reference, AssumeRole).
pub(super) const LONGEST_POLICY: usize = 2048;
/// The most characters of a session's name and of a source identity (the same).
const LONGEST_NAME: usize = 64;
/// In the name and the tag of a session that only looks.
const LOOK: &str = "look";
/// A stage that no version of a secret has.
const NO_STAGE: &str = "genkan-doctor";
/// The longest session of a role that was assumed by a role: longer ones are refused, not clipped (the same).
const LONGEST: Duration = Duration::from_hours(1);
/// The shortest session (the same).
const SHORTEST: Duration = Duration::from_mins(15);

/// One AssumeRole: all that is sent, and what a session is known by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Assume {
    /// The account that it must lead to.
    pub(super) account: AccountId,
    /// The account as people call it: `name (id)`.
    pub(super) account_name: String,
    /// The role's ARN, from the config only.
    pub(super) role: String,
    /// How long it lasts.
    pub(super) lasts: Duration,
    pub(super) known: bool,
    pub(super) carries: Carried,
    pub(super) name: String,
    pub(super) source_identity: Option<String>,
    pub(super) tags: Vec<(String, String)>,
    pub(super) policy: String,
}

impl Assume {
    /// What is sent for that role, on whose behalf, for these statements. `configured` is the account's name and settings.
    /// Whatever the statements say, a session of another role than the reader's is for a planned step, whose digest it tells;
    /// without one it may do next to nothing.
    pub(super) fn new(
        config: &Config,
        account: &AccountId,
        configured: Option<(&str, &Account)>,
        region: &Region,
        kind: RoleKind,
        behalf: &Behalf,
        statements: &[Statement],
    ) -> Self {
        let minutes = u64::from(config.sessions.minutes);
        let looks = kind == RoleKind::Reader;
        let settings = configured.map(|(_, settings)| settings);
        let nothing = Carried { external_id: None, tags: false, source_identity: false };
        let carries = settings.map_or(nothing, Carried::from);
        Self {
            account: account.clone(),
            account_name: configured.map_or_else(|| account.to_string(), |(name, _)| format!("{name} ({account})")),
            role: settings.map_or_else(
                || format!("{} role", kind.word()),
                |settings| role_of(config, settings, kind).arn(account, region),
            ),
            lasts: Duration::from_secs(minutes * 60).clamp(SHORTEST, LONGEST),
            known: settings.is_some(),
            name: session_name(behalf, looks),
            source_identity: carries.source_identity.then(|| source_identity(&behalf.person)),
            tags: if carries.tags { session_tags(behalf, looks) } else { Vec::new() },
            policy: session_policy(config, account, region, kind, behalf, statements),
            carries,
        }
    }
}

/// What the session may do, as text.
fn session_policy(
    config: &Config,
    account: &AccountId,
    region: &Region,
    kind: RoleKind,
    behalf: &Behalf,
    statements: &[Statement],
) -> String {
    let place = Place { account: account.clone(), region: region.clone() };
    let reach = Reach { place: &place, config };
    let is_step = behalf.request.is_some() && behalf.step.is_some() && behalf.digest.is_some();
    if kind == RoleKind::Reader && statements.is_empty() {
        return widest(&all_statements(&BTreeSet::from([kind]), &reach));
    }
    // The auditor's one call belongs to no step.
    let by_itself = matches!(kind, RoleKind::Reader | RoleKind::Auditor);
    if (by_itself || is_step) && !statements.is_empty() {
        return to_session_policy(&merged(statements));
    }
    to_session_policy(&[match kind {
        // That it may be read is seen by asking for a version that no secret has.
        RoleKind::SecretReader => {
            let only = json!({"StringEquals": {"secretsmanager:VersionStage": NO_STAGE}});
            Statement::new("", &["secretsmanager:GetSecretValue"], &["*"]).when(only)
        }
        _ => Statement::new("", &["sts:GetCallerIdentity"], &["*"]),
    }])
}

/// These statements; if that is too long, their actions on whatever the role may do them on.
fn widest(statements: &[Statement]) -> String {
    let exact = to_session_policy(&merged(statements));
    if exact.len() <= LONGEST_POLICY {
        return exact;
    }
    let actions: BTreeSet<&str> = statements.iter().flat_map(|each| &each.actions).map(String::as_str).collect();
    to_session_policy(&[Statement::new("", &actions.into_iter().collect::<Vec<_>>(), &["*"])])
}

/// `genkan-REQUEST-STEP` for a step, `genkan-REQUEST-look` for its looks, `genkan-look-PERSON` for a look without a request.
fn session_name(behalf: &Behalf, looks: bool) -> String {
    let parts: [&str; 3] = match (&behalf.request, &behalf.step) {
        (Some(request), Some(step)) if !looks => ["genkan", request.as_str(), step.as_str()],
        (Some(request), _) => ["genkan", request.as_str(), LOOK],
        (None, _) => ["genkan", LOOK, &behalf.person],
    };
    cleaned(&parts.join("-"), "_+=,.@-", LONGEST_NAME)
}

/// The person, in the characters that STS takes, and at least two of them.
fn source_identity(person: &str) -> String {
    format!("{:_<2}", cleaned(person, "_+=,.@-", LONGEST_NAME))
}

/// The session's tags: request, step, approvers and the step's digest; `-` where there is none.
fn session_tags(behalf: &Behalf, looks: bool) -> Vec<(String, String)> {
    let text = |value: Option<&str>| value.unwrap_or("-").to_owned();
    let approvers = behalf.approvers.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let step = behalf.step.as_ref().map_or(LOOK, |step| step.as_str());
    let digest = behalf.digest.as_ref().map(Digest::as_str);
    [
        ("genkan:request", text(behalf.request.as_ref().map(RequestId::as_str))),
        ("genkan:step", if looks { LOOK.to_owned() } else { step.to_owned() }),
        ("genkan:approvers", text(Some(approvers.as_str()).filter(|names| !looks && !names.is_empty()))),
        ("genkan:digest", text(digest.filter(|_| !looks))),
    ]
    .map(|(key, value)| (key.to_owned(), cleaned(&value, "_.:/=+-@ ", 256)))
    .into()
}

/// The text with `_` for every character that is neither an ASCII letter or digit nor one of `others`, cut to `longest`.
fn cleaned(text: &str, others: &str, longest: usize) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
    text.chars().map(|c| if allowed(c) { c } else { '_' }).take(longest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn behalf() -> Behalf {
        Behalf {
            person: "aiko@example.com".to_owned(),
            request: Some("r-7k2m9x4bqd".parse().unwrap()),
            step: Some("a-step-whose-name-is-forty-characters-aa".parse().unwrap()),
            approvers: ["林 太郎", "ken, lead"].map(str::to_owned).into(),
            digest: Some(Digest::of(&1)),
            ..Behalf::default()
        }
    }

    fn assume(
        kind: RoleKind,
        change: impl FnOnce(&mut Account),
        of: impl FnOnce(&mut Behalf),
        statements: &[Statement],
    ) -> Assume {
        let mut behalf = behalf();
        of(&mut behalf);
        let mut config = crate::aws::testing::config();
        change(config.accounts.get_mut("dev").unwrap());
        let (name, account) = config.accounts.get_key_value("dev").unwrap();
        let region = config.region_of(account);
        Assume::new(&config, &account.id, Some((name, account)), region, kind, &behalf, statements)
    }

    const BUCKET: &str = "arn:aws:s3:::project-x-dev";

    fn create() -> Statement {
        Statement::new("Sid", &["s3:CreateBucket"], &[BUCKET])
    }

    fn tag<'a>(assume: &'a Assume, key: &str) -> Option<&'a str> {
        assume.tags.iter().find(|(tag, _)| tag == key).map(|(_, value)| value.as_str())
    }

    #[test]
    fn a_steps_session_carries_who_what_and_no_more_than_it_needs() {
        let assume = assume(RoleKind::Writer, |_| {}, |_| {}, &[create()]);
        assert_eq!(assume.role, "arn:aws:iam::222222222222:role/genkan-writer");
        assert_eq!(assume.name, "genkan-r-7k2m9x4bqd-a-step-whose-name-is-forty-characters-aa");
        assert!(assume.name.len() <= LONGEST_NAME);
        assert_eq!(assume.source_identity.as_deref(), Some("aiko@example.com"));
        assert_eq!(assume.carries.external_id.as_deref(), Some("genkan-test"));
        assert_eq!(assume.lasts, SHORTEST);
        assert_eq!(tag(&assume, "genkan:request"), Some("r-7k2m9x4bqd"));
        assert_eq!(tag(&assume, "genkan:step"), Some("a-step-whose-name-is-forty-characters-aa"));
        assert_eq!(tag(&assume, "genkan:approvers"), Some("ken_ lead _ __"));
        assert_eq!(tag(&assume, "genkan:digest"), Some(Digest::of(&1).as_str()));
        let policy: Value = serde_json::from_str(&assume.policy).unwrap();
        assert_eq!(policy["Statement"][0]["Action"], "s3:CreateBucket");
    }

    #[test]
    fn a_reader_is_shared_by_all_steps_of_a_request_and_says_that_it_looks() {
        let look = Statement::new("", &["s3:ListBucket"], &[BUCKET]);
        let one = assume(RoleKind::Reader, |_| {}, |_| {}, std::slice::from_ref(&look));
        let other = |behalf: &mut Behalf| (behalf.step, behalf.digest) = (None, None);
        assert_eq!(one, assume(RoleKind::Reader, |_| {}, other, std::slice::from_ref(&look)));
        assert_eq!(one.name, "genkan-r-7k2m9x4bqd-look");
        assert_eq!((tag(&one, "genkan:step"), tag(&one, "genkan:digest")), (Some("look"), Some("-")));
        let nobodys = assume(RoleKind::Reader, |_| {}, |behalf| behalf.request = None, &[look]);
        assert_eq!(nobodys.name, "genkan-look-aiko@example.com");
        assert_eq!(tag(&nobodys, "genkan:request"), Some("-"));
    }

    #[test]
    fn whoever_has_no_planned_step_can_only_look() {
        let forget: [fn(&mut Behalf); 3] =
            [|behalf| behalf.request = None, |behalf| behalf.step = None, |behalf| behalf.digest = None];
        for (kind, forget) in
            [RoleKind::Writer, RoleKind::Authoriser].into_iter().flat_map(|kind| forget.map(|f| (kind, f)))
        {
            let policy = assume(kind, |_| {}, forget, &[create()]).policy;
            assert!(policy.contains("sts:GetCallerIdentity") && !policy.contains("s3:"), "{policy}");
        }
        for forget in forget {
            let read = Statement::new("", &["secretsmanager:GetSecretValue"], &["*"]);
            let policy = assume(RoleKind::SecretReader, |_| {}, forget, &[read]).policy;
            assert!(policy.contains(r#""secretsmanager:VersionStage":"genkan-doctor""#), "{policy}");
        }
        let nothing = assume(RoleKind::Writer, |_| {}, |_| {}, &[]).policy;
        assert!(nothing.contains("sts:GetCallerIdentity"), "no statements are no permission: {nothing}");
    }

    #[test]
    fn what_an_accounts_trust_does_not_allow_is_not_sent() {
        let without = |account: &mut Account| {
            (account.session_tags, account.source_identity, account.external_id) = (false, false, None);
        };
        let plain = assume(RoleKind::Writer, without, |_| {}, &[]);
        assert_eq!((plain.tags.len(), plain.source_identity, plain.carries.external_id), (0, None, None));
    }

    #[test]
    fn a_source_identity_has_two_characters_at_least() {
        assert_eq!([source_identity(""), source_identity("a"), source_identity("林 ")], ["__", "a_", "__"]);
    }

    #[test]
    fn what_is_too_long_for_a_session_is_left_to_the_role_action_by_action() {
        let many: Vec<String> = (0..100).map(|n| format!("arn:aws:route53:::hostedzone/Z{n:031}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let policy: Value =
            serde_json::from_str(&widest(&[Statement::new("", &["route53:GetHostedZone"], &many)])).unwrap();
        assert_eq!(
            policy["Statement"],
            json!([{"Effect": "Allow", "Action": "route53:GetHostedZone", "Resource": "*"}])
        );
    }
}
