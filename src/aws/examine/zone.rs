//! The private hosted zones of a platform's account: that each is what the config says, has room for VPCs, and has no
//! open door.
//!
//! Facts: Route 53 API Reference, GetHostedZoneLimit (`MAX_VPCS_ASSOCIATED_BY_ZONE`, asked of a private zone only);
//! Developer Guide, Quotas: 300 VPCs a zone by default, which can be raised, and 1000 authorisations, which cannot.

use std::collections::BTreeSet;

use aws_sdk_route53::operation::get_hosted_zone::GetHostedZoneOutput;
use aws_sdk_route53::types::HostedZoneLimitType;

use super::account::{Examined, is_explained, subject};
use super::{broken, ok, warning};
use crate::aws::hand::Hand;
use crate::config::Environment;
use crate::model::finding::{Finding, Health};

/// How many authorisations a zone may have open.
const MOST_OPEN: usize = 1000;
/// From which share on, in per cent, a zone is nearly full.
const NEARLY: i64 = 80;
/// What to do about a zone that is not what the config says.
const CORRECT: &str = "correct `zone` and `platform_account` of the environment in the config";
/// How many authorisations are named; the rest is counted.
const NAMED: usize = 5;

impl Examined<'_> {
    /// That the zone is there, private, of that name, and takes associations.
    pub(super) async fn zone(&self, hand: &Hand, environment: &Environment) -> Finding {
        let id = environment.zone.id.as_str();
        let call = hand.route53().get_hosted_zone().id(id);
        let absent = ["NoSuchHostedZone"];
        let answer = match self.look(hand, "route53:GetHostedZone", id, &absent, call.send()).await {
            Ok(answer) => answer,
            Err(mut finding) => {
                // IAM allowed it, and the zone's owner is another account.
                if finding.health == Health::Failed && !is_explained(&finding) {
                    let statement = finding.mend.take().unwrap_or_default();
                    finding.mend = Some(format!(
                        "{CORRECT}: is the zone another account's? If not, this is missing:\n{statement}"
                    ));
                }
                return *finding;
            }
        };
        let subject = format!("hosted zone {id}");
        let plain = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
        match wrong_with(answer.as_ref(), &plain(&environment.zone.name)) {
            Ok(vpcs) => {
                let vpcs = if vpcs == 1 { "1 VPC".to_owned() } else { format!("{vpcs} VPCs") };
                ok(&self.title, &subject, format!("{} is private and has {vpcs}", plain(&environment.zone.name)))
            }
            Err((why, mend)) => broken(&self.title, &subject, why, mend),
        }
    }

    /// How many more VPCs the zone takes.
    pub(super) async fn room_in_zone(&self, hand: &Hand, environment: &Environment) -> Finding {
        let (action, id) = ("route53:GetHostedZoneLimit", environment.zone.id.as_str());
        let call = hand.route53().get_hosted_zone_limit().hosted_zone_id(id);
        let call = call.r#type(HostedZoneLimitType::MaxVpcsAssociatedByZone).send();
        // That it is not there or public is said of the zone.
        let answer = match self.look(hand, action, id, &["NoSuchHostedZone", "HostedZoneNotPrivate"], call).await {
            Ok(Some(answer)) => answer,
            answer => return self.permitted(action, id, answer),
        };
        let subject = format!("room in hosted zone {id}");
        let (used, most) = (answer.count, answer.limit.map_or(0, |limit| limit.value));
        let seen = format!("{used} of {most} VPCs");
        let mend = || {
            format!(
                "ask AWS for more VPCs in zone {id}: aws service-quotas list-service-quotas --service-code route53 \
                 --region us-east-1; or disassociate what is not needed"
            )
        };
        match used {
            used if used >= most => broken(&self.title, &subject, format!("it is full: {seen}"), mend()),
            used if used * 100 >= most * NEARLY => {
                warning(&self.title, &subject, format!("nearly full: {seen}"), mend())
            }
            _ => ok(&self.title, &subject, seen),
        }
    }

    /// Which authorisations are open: a run under way has one for seconds, any other lets a VPC in that nobody waits
    /// for.
    pub(super) async fn authorisations(&self, hand: &Hand, environment: &Environment) -> Finding {
        let (action, id) = ("route53:ListVPCAssociationAuthorizations", environment.zone.id.as_str());
        let (mut open, mut token) = (BTreeSet::new(), None);
        loop {
            let call = hand.route53().list_vpc_association_authorizations().hosted_zone_id(id).set_next_token(token);
            let page = match self.look(hand, action, id, &["NoSuchHostedZone"], call.send()).await {
                Ok(Some(page)) => page,
                answer => return self.permitted(action, id, answer),
            };
            let name = |vpc: &aws_sdk_route53::types::Vpc| {
                let region = vpc.vpc_region().map(ToString::to_string).unwrap_or_default();
                (vpc.vpc_id().unwrap_or_default().to_owned(), region)
            };
            open.extend(page.vpcs().iter().map(name));
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
        let subject = subject(action, id);
        if open.is_empty() {
            return ok(&self.title, &subject, "none is open");
        }
        let named: Vec<&str> = open.iter().take(NAMED).map(|(vpc, _)| vpc.as_str()).collect();
        let rest = open.len().saturating_sub(NAMED);
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        let seen = format!("open for {}{more}", named.join(", "));
        let withdraw = open.iter().take(NAMED).map(|(vpc, region)| {
            format!(
                "aws route53 delete-vpc-association-authorization --hosted-zone-id {id} --vpc VPCRegion={region},VPCId={vpc}"
            )
        });
        let mend = format!(
            "a run under way has its own for seconds; withdraw one that stays:\n{}",
            withdraw.collect::<Vec<_>>().join("\n")
        );
        if open.len() >= MOST_OPEN {
            return broken(
                &self.title,
                &subject,
                format!("{MOST_OPEN} of {MOST_OPEN}, no more can be made: {seen}"),
                mend,
            );
        }
        warning(&self.title, &subject, seen, mend)
    }
}

/// How many VPCs a zone has that is as it should be; or what is wrong, and what mends it.
fn wrong_with(answer: Option<&GetHostedZoneOutput>, name: &str) -> Result<usize, (String, String)> {
    let Some((answer, zone)) = answer.and_then(|answer| Some((answer, answer.hosted_zone.as_ref()?))) else {
        let mend = format!("{CORRECT}; `aws route53 list-hosted-zones-by-name --dns-name {name}` shows the account's");
        return Err(("there is no such hosted zone in this account".to_owned(), mend));
    };
    let is_named = zone.name.trim_end_matches('.').to_ascii_lowercase();
    if is_named != name {
        return Err((format!("its name is {is_named}, the config says {name}"), CORRECT.to_owned()));
    }
    if !zone.config.as_ref().is_some_and(|config| config.private_zone) {
        let why = "it is public: only a private hosted zone can be associated with VPCs";
        return Err((why.to_owned(), format!("{CORRECT}: the id is of a public zone with the same name")));
    }
    match answer.vpcs().len() {
        0 => {
            let mend = "associate a VPC of this account with it first: aws route53 associate-vpc-with-hosted-zone";
            Err(("it has no VPC of its own, and takes no association without one".to_owned(), mend.to_owned()))
        }
        count => Ok(count),
    }
}
