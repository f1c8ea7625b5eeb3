//! The association of a project's VPC with the platform's private hosted zone: three calls under two roles, one resource.
//!
//! No authorisation is left open. Within one `apply` it is withdrawn whatever happened in between, each part being
//! bounded so that the withdrawal still fits into `Lease::CALL_TIMEOUT`. If the process is killed or the call is dropped
//! before that, the engine's contract closes it: a begun step is looked at again before anything else is done, the look
//! finds the open authorisation as something of ours that differs, and a step that is given up is abandoned, which
//! withdraws as well.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::error::Refused;
use super::hand::Hand;
use super::session::Sessions;
use super::zone_calls::{Dns, Looked, ZoneCalls};
use super::zone_permissions::permissions;
use crate::engine::cloud::Work;
use crate::engine::{Ask, CloudError, Progress, Resource};
use crate::model::resource::ZoneAssociation as ZoneSpec;
use crate::model::{Observed, Outputs, Owner, Place, RoleKind, Spec};

/// How long authorising and associating may take together.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// How long withdrawing may take; with [`HANDSHAKE`] less than `Lease::CALL_TIMEOUT`.
const WITHDRAWAL: Duration = Duration::from_secs(12);
/// How long an authorisation that was just made may stay unseen by the association.
const PROPAGATION: Duration = Duration::from_secs(15);

/// How old a look may be for an action to rely on it. The engine looks right before it acts.
const FRESH: Duration = Duration::from_secs(10);

/// See [`ZoneSpec`].
pub struct ZoneAssociation {
    ask: Ask,
    spec: ZoneSpec,
    /// None while the VPC is not known.
    calls: Option<ZoneCalls>,
    readers: [Hand; 2],
    /// What the last look found, whichever object of this association made it.
    looked: Arc<Mutex<Option<Looked>>>,
    /// Whether an authorisation may be open because of this object; none while it has neither authorised nor withdrawn.
    opened: Mutex<Option<bool>>,
}

impl ZoneAssociation {
    /// The association that `ask` means. Makes no call.
    pub fn new(sessions: &Sessions, ask: Ask, spec: ZoneSpec) -> Self {
        let config = sessions.config();
        let zone_region = config.account_by_id(&spec.zone_account).map(|(_, account)| config.region_of(account));
        let zone_place =
            Place { account: spec.zone_account.clone(), region: zone_region.unwrap_or(&spec.vpc_region).clone() };
        let vpc_place = Place { account: ask.place.account.clone(), region: spec.vpc_region.clone() };
        let hand = |place: &Place, role: RoleKind| {
            if role == RoleKind::Reader {
                return sessions.reader_at(place, &ask);
            }
            let statements = permissions(role, &sessions.reach(place), Some(&spec));
            sessions.hand(&place.account, &place.region, role, &ask.behalf, &statements)
        };
        let readers = [hand(&vpc_place, RoleKind::Reader), hand(&zone_place, RoleKind::Reader)];
        let calls = spec.vpc_id.clone().map(|vpc| ZoneCalls {
            zone: spec.zone_id.clone(),
            vpc,
            region: spec.vpc_region.clone(),
            vpc_reader: readers[0].clone(),
            zone_reader: readers[1].clone(),
            writer: hand(&vpc_place, RoleKind::Writer),
            authoriser: (zone_place.account != vpc_place.account).then(|| hand(&zone_place, RoleKind::Authoriser)),
            turn: sessions.turn_of(&spec.zone_id),
        });
        let looked = sessions.looked_at(&spec);
        Self { ask, spec, calls, readers, looked, opened: Mutex::default() }
    }

    /// What a step of it will need: the readers, and once the VPC is known the writer and the authoriser.
    pub fn hands(&self) -> Vec<Hand> {
        let doers = self.calls.iter().flat_map(|calls| [Some(calls.writer.clone()), calls.authoriser.clone()]);
        self.readers.iter().cloned().chain(doers.flatten()).collect()
    }

    fn calls(&self) -> Result<&ZoneCalls, CloudError> {
        let why = || format!("the VPC for {} is not known yet", self.spec.zone_name);
        self.calls.as_ref().ok_or_else(|| CloudError::Wrong { why: why() })
    }

    /// What the last look found, if that was moments ago.
    fn looked(&self) -> Option<Looked> {
        let looked = *self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        looked.filter(|looked| looked.at.elapsed() < FRESH)
    }

    /// Whether an authorisation may be open; none if that is not known.
    fn may_be_open(&self) -> Option<bool> {
        let opened = *self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.or_else(|| self.looked().map(|looked| looked.open))
    }

    fn opened(&self, open: bool) {
        *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(open);
        // This object may be dropped at any moment: the next one must not go by what was seen before.
        if let Some(looked) = self.looked.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            looked.open = open;
        }
    }

    fn saw(&self, dns: Option<(bool, bool)>, open: bool) {
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Looked { at: Instant::now(), dns, open });
    }

    fn vpc_is_gone(&self) -> bool {
        self.looked().is_some_and(|looked| looked.dns.is_none())
    }

    fn outputs(&self) -> Outputs {
        let spec = &self.spec;
        let vpc = spec.vpc_id.as_ref().map(ToString::to_string).unwrap_or_default();
        Outputs::from(
            [
                ("zone_id", spec.zone_id.to_string()),
                ("zone_name", spec.zone_name.clone()),
                ("zone_account", spec.zone_account.to_string()),
                ("vpc_id", vpc),
                ("vpc_region", spec.vpc_region.to_string()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        )
    }

    /// An association has no tags: it is ours if this tool finished it, or began it having seen that it was not there.
    fn is_ours(&self) -> bool {
        let this = self.outputs();
        let same = |outputs: &Outputs| ["zone_id", "vpc_id"].iter().all(|name| outputs.get(*name) == this.get(*name));
        self.ask.begun || self.ask.remembered.as_ref().is_some_and(same)
    }

    fn seen(&self, associated: bool, dns: (bool, bool), open: bool) -> Spec {
        let vpc_dns = dns == (true, true);
        Spec::ZoneAssociation(ZoneSpec { associated, vpc_dns, authorisation_open: open, ..self.spec.clone() })
    }

    /// Why Route 53 does not see a VPC that EC2 shows in that account and region.
    fn unseen(&self, refused: Refused) -> CloudError {
        let (vpc, place) = (self.spec.vpc_id.as_ref().map(ToString::to_string).unwrap_or_default(), &self.ask.place);
        if refused.is_forbidden() && refused.message.contains("not owned by you") {
            let mend = format!(
                "check that {vpc} belongs to account {}: a VPC that is only shared with it does not",
                place.account
            );
            return CloudError::Blocked { why: refused.error.to_string(), mend };
        }
        if refused.is("InvalidVPCId") {
            let why = format!("{}; check that {} may call ec2:DescribeVpcs", refused.error, refused.role);
            return CloudError::Passing { why, after: None };
        }
        refused.error
    }

    /// Turns on what is off of the VPC's two attributes, first support, which host names need.
    async fn turn_dns_on(&self, calls: &ZoneCalls) -> Result<(), CloudError> {
        let (support, hostnames) = match self.looked().and_then(|looked| looked.dns) {
            Some(dns) => dns,
            None => tokio::try_join!(calls.dns_is_on(Dns::Support), calls.dns_is_on(Dns::Hostnames))?,
        };
        if !support {
            calls.turn_dns_on(Dns::Support).await?;
        }
        if !hostnames {
            calls.turn_dns_on(Dns::Hostnames).await?;
        }
        Ok(())
    }

    /// Authorises, unless an authorisation is open already.
    async fn authorise(&self, calls: &ZoneCalls) -> Result<(), CloudError> {
        let is_open = self.may_be_open() == Some(true);
        self.opened(calls.authoriser.is_some());
        if is_open {
            return Ok(());
        }
        let answer = calls.authorise().await.map_err(CloudError::from);
        if answer.as_ref().is_err_and(|error| !matches!(error, CloudError::Passing { .. })) {
            self.opened(false);
        }
        answer
    }

    async fn associate(&self, calls: &ZoneCalls) -> Result<(), CloudError> {
        let until = Instant::now() + PROPAGATION;
        let mut pause = Duration::from_millis(250);
        loop {
            let refused = match calls.associate().await {
                Ok(()) => return Ok(()),
                Err(refused) => refused,
            };
            match refused.code.as_deref() {
                Some("ConflictingDomainExists") => return self.after_conflict(calls, refused).await,
                Some("InvalidVPCId") => return Err(self.unseen(refused)),
                Some("NotAuthorizedException") if calls.authoriser.is_some() && !refused.is_forbidden() => {
                    if Instant::now() + pause > until {
                        let (vpc, zone) = (&self.ask.place.account, &self.spec.zone_account);
                        let mend = format!(
                            "check that {} is of account {vpc} and {} of account {zone}",
                            calls.vpc, calls.zone
                        );
                        return Err(CloudError::Blocked { why: refused.error.to_string(), mend });
                    }
                    sleep(pause).await;
                    pause *= 2;
                    calls.authorise().await?;
                }
                _ => return Err(refused.error),
            }
        }
    }

    /// AWS says "conflicting" both when the VPC has this very zone and when it has another of an overlapping name.
    async fn after_conflict(&self, calls: &ZoneCalls, refused: Refused) -> Result<(), CloudError> {
        match calls.zone_on_vpc(&self.spec.zone_name).await.map_err(|refused| self.unseen(refused))? {
            (true, _) => Ok(()),
            (false, Some(what)) => Err(CloudError::Blocked {
                why: what,
                mend: "a person has to decide which of the two zones the VPC is to have, and disassociate the other"
                    .to_owned(),
            }),
            (false, None) => Err(CloudError::Passing { why: refused.error.to_string(), after: None }),
        }
    }

    /// Withdraws, trying a little against what passes: an authorisation that stays open is the worst outcome.
    async fn withdraw(&self, calls: &ZoneCalls) -> Result<(), CloudError> {
        if self.may_be_open() == Some(false) {
            return Ok(());
        }
        let tries = async {
            let mut pause = Duration::from_millis(200);
            loop {
                match calls.withdraw().await {
                    Err(refused) if matches!(refused.error, CloudError::Passing { .. }) => sleep(pause).await,
                    answer => return answer.map_err(CloudError::from),
                }
                pause *= 2;
            }
        };
        let answer = timeout(WITHDRAWAL, tries).await.unwrap_or_else(|_| {
            Err(CloudError::Passing { why: "withdrawing the authorisation took too long".to_owned(), after: None })
        });
        if answer.is_ok() {
            self.opened(false);
        }
        answer
    }

    /// Whether the list by VPC shows the association; it can lag behind a little.
    async fn is_shown(&self, calls: &ZoneCalls) -> Result<bool, CloudError> {
        for pause in [0, 300, 700, 1500].map(Duration::from_millis) {
            sleep(pause).await;
            if calls.zone_on_vpc(&self.spec.zone_name).await.map_err(|refused| self.unseen(refused))?.0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Authorise, associate, withdraw.
    async fn handshake(&self, calls: &ZoneCalls, dns: bool) -> Result<Progress, CloudError> {
        let until = Instant::now() + HANDSHAKE;
        let made = timeout_at(until, async {
            let turn_on = async { if dns { self.turn_dns_on(calls).await } else { Ok(()) } };
            // Both are awaited to their end: an authorisation that is still under way could not be withdrawn.
            let (dns, authorised) = tokio::join!(turn_on, self.authorise(calls));
            authorised?;
            dns?;
            self.associate(calls).await
        });
        let made = made.await.unwrap_or_else(|_| {
            Err(CloudError::Passing { why: "the association took too long".to_owned(), after: None })
        });
        if let Err(failed) = made {
            return Err(match self.withdraw(calls).await {
                Ok(()) => failed,
                Err(open) => {
                    let why = format!("{failed}; and the authorisation could not be withdrawn: {open}");
                    CloudError::Passing { why, after: None }
                }
            });
        }
        let (withdrawn, shown) = tokio::join!(self.withdraw(calls), self.is_shown(calls));
        withdrawn.map_err(still_open)?;
        if shown? {
            return Ok(Progress::Done(self.outputs()));
        }
        let on = format!("Route 53 to show {} among the zones of {}", self.spec.zone_id, calls.vpc);
        Ok(Progress::Waiting { on, again_in: Duration::from_secs(5) })
    }
}

/// A withdrawal that failed is an error even though the VPC is associated; what is not forbidden is tried again.
fn still_open(error: CloudError) -> CloudError {
    let said = |why: String| format!("the VPC is associated, but the authorisation is still open: {why}");
    match error {
        CloudError::Forbidden { why, mend } => CloudError::Forbidden { why: said(why), mend },
        CloudError::Passing { why, after } => CloudError::Passing { why: said(why), after },
        other => CloudError::Passing { why: said(other.to_string()), after: None },
    }
}

#[async_trait]
impl Resource for ZoneAssociation {
    async fn observe(&self) -> Result<Observed, CloudError> {
        let calls = self.calls()?;
        let (on_vpc, support, hostnames, open) = tokio::join!(
            calls.zone_on_vpc(&self.spec.zone_name),
            calls.dns_is_on(Dns::Support),
            calls.dns_is_on(Dns::Hostnames),
            calls.is_authorised()
        );
        let open = open?;
        let vpc_is_gone = support.as_ref().is_err_and(|refused| refused.is("InvalidVpcID.NotFound"));
        if vpc_is_gone {
            self.saw(None, open);
            // With the VPC its associations are gone too; an authorisation is not.
            if open {
                let spec = self.seen(false, (true, true), true);
                return Ok(Observed::Ours { spec, outputs: self.outputs(), contents: Default::default() });
            }
            if self.is_ours() {
                return Ok(Observed::Absent);
            }
            let what = format!("{} is not in {}: check where its id comes from", calls.vpc, self.ask.place);
            return Ok(Observed::Foreign { owner: Owner::InTheWay { what }, spec: None, outputs: Outputs::new() });
        }
        let dns = (support?, hostnames?);
        self.saw(Some(dns), open);
        let (associated, in_the_way) = on_vpc.map_err(|refused| self.unseen(refused))?;
        let spec = self.seen(associated, dns, open);
        Ok(match in_the_way {
            _ if associated && !self.is_ours() => {
                Observed::Foreign { owner: Owner::Unmarked, spec: Some(spec), outputs: self.outputs() }
            }
            None if !associated && !open => Observed::Absent,
            Some(what) if !associated && !open => {
                Observed::Foreign { owner: Owner::InTheWay { what }, spec: None, outputs: Outputs::new() }
            }
            _ => Observed::Ours { spec, outputs: self.outputs(), contents: Default::default() },
        })
    }

    async fn apply(&self, work: &Work) -> Result<Progress, CloudError> {
        let calls = self.calls()?;
        let differs = |field: &str| match work {
            Work::Create => true,
            Work::Converge { changes, .. } => changes.iter().any(|change| change.field == field),
        };
        if differs("associated") {
            if self.vpc_is_gone() {
                let why = format!("{} is not in {}", calls.vpc, self.ask.place);
                return Err(CloudError::Blocked { why, mend: "check where its id comes from".to_owned() });
            }
            return self.handshake(calls, differs("vpc_dns")).await;
        }
        if differs("authorisation_open") {
            self.withdraw(calls).await?;
        }
        if differs("vpc_dns") {
            self.turn_dns_on(calls).await?;
        }
        Ok(Progress::Done(self.outputs()))
    }

    async fn remove(&self, _delete_data: bool) -> Result<Progress, CloudError> {
        let calls = self.calls()?;
        let disassociate = async { if self.vpc_is_gone() { Ok(()) } else { calls.disassociate().await } };
        let (disassociated, withdrawn) = tokio::join!(disassociate, self.withdraw(calls));
        disassociated.map_err(|refused| {
            if refused.is("LastVPCAssociation") {
                let mend =
                    format!("associate another VPC with {} first: a private zone keeps its last one", calls.zone);
                return CloudError::Blocked { why: refused.error.to_string(), mend };
            }
            self.unseen(refused)
        })?;
        withdrawn?;
        Ok(Progress::Done(self.outputs()))
    }

    /// Withdraws unless this object has: what the last look saw was before another one authorised.
    async fn abandon(&self) -> Result<(), CloudError> {
        let withdrawn = *self.opened.lock().unwrap_or_else(PoisonError::into_inner) == Some(false);
        match &self.calls {
            Some(calls) if !withdrawn => {
                self.opened(true);
                self.withdraw(calls).await
            }
            _ => Ok(()),
        }
    }
}
