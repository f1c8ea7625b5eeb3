//! What a reader's session may look at: all that is looked at in one account on one behalf, so that it is assumed once.

use std::collections::BTreeSet;

use super::permission::{Reach, Statement, merged, to_session_policy};
use super::{ecr_repository, s3_bucket, secret_copy, source_credential, ssm_parameter, zone_permissions};
use crate::engine::Ask;
use crate::engine::cloud::Sight;
use crate::model::{RoleKind, Spec};

/// The most characters of the policy of a session that several looks share: less than the 2048 that are allowed, since
/// what AWS packs of policy and tags together has a limit of its own, which is told only as a percentage (STS API Reference).
const LONGEST_SHARED: usize = 1600;

/// What is allowed in that account to whoever looks at what `ask` means. Where all looks there together would be too long,
/// they are parted, always in the same way, and this is the part that has this one in it.
pub(super) fn looks_at(reach: &Reach<'_>, ask: &Ask) -> Vec<Statement> {
    let own = merged(&of(reach, &(ask.place.clone(), ask.spec.clone())));
    let all = ask.behalf.sights.iter().map(|sight| merged(&of(reach, sight))).filter(|looks| !looks.is_empty());
    // Whoever asks gives them in an order of their own.
    let mut seen = BTreeSet::new();
    let mut all: Vec<_> = all.map(|looks| (to_session_policy(&looks), looks)).collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all.retain(|(text, _)| seen.insert(text.clone()));
    let mut parts: Vec<Vec<Statement>> = Vec::new();
    let mut is_in = None;
    for (_, looks) in all {
        let together = |part: &Vec<Statement>| merged(&[part.as_slice(), &looks].concat());
        let fits = |part: &Vec<Statement>| to_session_policy(&together(part)).len() <= LONGEST_SHARED;
        match parts.last_mut().filter(|part| fits(part)) {
            Some(part) => *part = together(part),
            None => parts.push(looks.clone()),
        }
        if looks == own {
            is_in = Some(parts.len() - 1);
        }
    }
    is_in.map_or(own, |part| parts.swap_remove(part))
}

/// What it takes in that account to look at one thing.
fn of(reach: &Reach<'_>, (home, spec): &Sight) -> Vec<Statement> {
    let reader = RoleKind::Reader;
    let is_home = home == reach.place;
    match spec {
        Spec::ZoneAssociation(spec) => zone_permissions::looks(reach, spec, home.account == *reach.account()),
        Spec::SecretCopy(spec) => secret_copy::looks(reach, spec, is_home),
        _ if !is_home => vec![],
        Spec::EcrRepository(spec) => ecr_repository::permissions(reader, reach, Some(spec)),
        Spec::S3Bucket(spec) => s3_bucket::permissions(reader, reach, Some(spec)),
        Spec::SourceCredential(spec) => source_credential::permissions(reader, reach, Some(spec)),
        Spec::SsmParameter(spec) => ssm_parameter::permissions(reader, reach, Some(spec)),
    }
}
