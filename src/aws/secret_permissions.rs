//! What each role needs to copy a secret from the account of its source into another.

use std::collections::BTreeSet;

use serde_json::json;

use super::permission::{Reach, Statement, gets_marked, is_marked};
use super::secret_described::{arns, keys};
use crate::model::RoleKind;
use crate::model::resource::SecretCopy as CopySpec;

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
            // What is restored may be without a mark: it gets one then. What is gone has none: deleting it again says so.
            allow("SecretCopyDelete", &["secretsmanager:RestoreSecret", "secretsmanager:DeleteSecret"], of(&[copy])),
            allow(
                "SecretCopyWrite",
                &["secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"],
                // Of one that is there: it has its six characters.
                arns(reach, copy)[..1].to_vec(),
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
