//! An S3 bucket: its name may be anybody's in the world, its settings are one call each, and it is emptied only when that was asked for.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use futures::try_join;
use serde_json::json;
use tokio::time::Instant;

use super::asked::{Asked, blocked, gone, may_be_there, patiently, wrong};
use super::error::Refused;
use super::hand::Hand;
use super::permission::{Reach, Statement, gets_marked};
use super::s3_empty::{self, Emptied};
use super::s3_settings::{Bucket, different, ownership, same_cors, to_tags};
use super::session::Sessions;
use super::tags;
use crate::engine::cloud::Work;
use crate::engine::{Ask, CloudError, Progress, Resource};
use crate::model::resource::{BucketEncryption, S3Bucket as BucketSpec};
use crate::model::{Contents, Observed, Outputs, Owner, RoleKind, Spec};

/// How long one call empties a bucket before it lets the engine come back: well within the lease's call timeout.
const EMPTYING: Duration = Duration::from_secs(25);

/// How often a bucket is emptied again because something was written into it meanwhile.
const ROUNDS: usize = 5;

/// The one region whose buckets carry no location constraint, and where making a bucket that one has already is
/// answered with success (Amazon S3 API Reference, CreateBucket).
const NO_CONSTRAINT: &str = "us-east-1";

/// See [`BucketSpec`].
pub struct S3Bucket {
    asked: Asked,
    spec: BucketSpec,
}

/// What a name is found to be.
enum Name {
    Free,
    Here,
    Taken(Owner),
}

/// What each role needs for buckets (Service Authorization Reference, Amazon S3). A bucket's name has no account in its
/// ARN; `s3:ListAllMyBuckets` has no resource. Making one with tags asks for `s3:TagResource`, and with an object
/// ownership for `s3:PutBucketOwnershipControls`.
pub(super) fn permissions(role: RoleKind, reach: &Reach<'_>, spec: Option<&BucketSpec>) -> Vec<Statement> {
    let name = spec.map_or_else(|| reach.project_names(), |spec| spec.name.clone());
    let (bucket, objects) = (reach.bare_arn("s3", &name), reach.bare_arn("s3", &format!("{name}/*")));
    // A bucket's name is no account's: another's bucket is never touched, whatever its own policy would let us.
    let own = json!({"StringEquals": {"s3:ResourceAccount": reach.account()}});
    match role {
        RoleKind::Reader => vec![
            Statement::new("S3BucketList", &["s3:ListAllMyBuckets"], &["*"]),
            Statement::new(
                "S3BucketRead",
                &[
                    "s3:ListBucket",
                    "s3:ListBucketVersions",
                    "s3:GetBucketOwnershipControls",
                    "s3:GetBucketPublicAccessBlock",
                    "s3:GetEncryptionConfiguration",
                    "s3:GetBucketVersioning",
                    "s3:GetBucketCORS",
                    "s3:GetBucketTagging",
                ],
                &[&bucket],
            ),
        ],
        RoleKind::Writer => vec![
            Statement::new("S3BucketMake", &["s3:CreateBucket", "s3:TagResource"], &[&bucket]).when(gets_marked()),
            // Asked for also while the bucket is being made, when it is in no account yet.
            Statement::new("S3BucketOwnership", &["s3:PutBucketOwnershipControls"], &[&bucket]),
            Statement::new(
                "S3BucketWrite",
                &[
                    "s3:PutBucketTagging",
                    "s3:PutBucketPublicAccessBlock",
                    "s3:PutEncryptionConfiguration",
                    "s3:PutBucketVersioning",
                    "s3:PutBucketCORS",
                    "s3:ListBucketVersions",
                    "s3:ListBucketMultipartUploads",
                    "s3:DeleteBucket",
                ],
                &[&bucket],
            )
            .when(own.clone()),
            Statement::new("S3BucketEmpty", &["s3:DeleteObjectVersion", "s3:AbortMultipartUpload"], &[&objects])
                .when(own),
        ],
        RoleKind::Authoriser | RoleKind::SecretReader | RoleKind::Auditor => Vec::new(),
    }
}

impl S3Bucket {
    /// The bucket that `ask` means; `spec` is the ask's. Makes no call.
    pub fn new(sessions: &Sessions, ask: Ask, spec: BucketSpec) -> Self {
        Self { asked: Asked::new(sessions.clone(), ask), spec }
    }

    /// What a step of it needs, so that sessions can be opened ahead.
    pub fn hands(&self) -> Vec<Hand> {
        vec![self.asked.reader(), self.writer()]
    }

    fn writer(&self) -> Hand {
        let statements = permissions(RoleKind::Writer, &self.asked.reach(), Some(&self.spec));
        self.asked.sessions.writer(&self.asked.ask, &statements)
    }

    fn arn(&self) -> String {
        self.asked.reach().bare_arn("s3", &self.spec.name)
    }

    fn region(&self) -> &str {
        self.asked.ask.place.region.as_str()
    }

    fn outputs(&self) -> Outputs {
        let output = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Outputs::from([output("arn", &self.arn()), output("name", &self.spec.name), output("region", self.region())])
    }

    async fn look(&self) -> Result<Observed, CloudError> {
        let (hand, arn) = (self.asked.reader(), self.arn());
        match self.name(&hand, &arn).await? {
            Name::Free => return Ok(Observed::Absent),
            Name::Taken(owner) => return Ok(Observed::Foreign { owner, spec: None, outputs: Outputs::new() }),
            Name::Here => {}
        }
        let bucket = Bucket { hand: &hand, name: &self.spec.name, arn: &arn, new: false };
        let versioning = async {
            match self.spec.versioning {
                Some(_) => bucket.versioning().await.map(Some),
                None => Ok(None),
            }
        };
        let contents =
            async { if self.asked.ask.removing { s3_empty::contents(&bucket).await } else { Ok(Contents::new()) } };
        // What it holds is counted in the same breath; if it turns out not to be ours, that is nobody's business here.
        let (settings, contents) = futures::join!(
            async {
                try_join!(
                    bucket.ownership(),
                    bucket.blocks_public_access(),
                    bucket.encryption(),
                    versioning,
                    bucket.cors(),
                    bucket.tags(),
                )
            },
            contents,
        );
        let (object_ownership, block_public_access, encryption, versioning, cors, tags) = settings?;
        let cors = if same_cors(&self.spec.cors, &cors) { self.spec.cors.clone() } else { cors };
        let name = self.spec.name.clone();
        let spec =
            Spec::S3Bucket(BucketSpec { name, object_ownership, block_public_access, encryption, versioning, cors });
        let outputs = self.outputs();
        // Not every service that speaks S3 sets the tags that come with a creation.
        Ok(match self.asked.stranger_unless_begun(&tags) {
            Some(owner) => Observed::Foreign { owner, spec: Some(spec), outputs },
            None => Observed::Ours { spec, outputs, contents: contents? },
        })
    }

    /// Whether the name is free, or a bucket of this account and region has it, or somebody else's. `HEAD` is answered
    /// without a body and so without a code: 404 is free; 403 is somebody else's or a missing permission, 301 and 400 are
    /// another region, and the list of the account's own buckets tells these apart (Amazon S3 API Reference, HeadBucket).
    async fn name(&self, hand: &Hand, arn: &str) -> Result<Name, CloudError> {
        let head = hand.s3().head_bucket().bucket(&self.spec.name).expected_bucket_owner(hand.account.as_str());
        let mut region = None;
        let answer = hand.call("s3:ListBucket", arn, async {
            let answer = head.send().await;
            region = match &answer {
                Ok(head) => head.bucket_region.clone(),
                Err(error) => error
                    .raw_response()
                    .and_then(|response| response.headers().get("x-amz-bucket-region"))
                    .map(str::to_owned),
            };
            answer
        });
        let Err(refused) = answer.await else {
            return Ok(region.and_then(|region| self.elsewhere(&region)).unwrap_or(Name::Here));
        };
        match refused.status {
            Some(404) => Ok(Name::Free),
            Some(301 | 400 | 403) => match self.listed(hand).await? {
                None => Ok(Name::Taken(Owner::AnotherAccount)),
                Some(listed) => region.or(listed).and_then(|region| self.elsewhere(&region)).ok_or(refused.error),
            },
            _ => Err(refused.into()),
        }
    }

    /// What is in the way if the bucket is in another region than it should be.
    fn elsewhere(&self, region: &str) -> Option<Name> {
        let what = format!("in this account, but in {region} and not in {}", self.region());
        (region != self.region()).then_some(Name::Taken(Owner::InTheWay { what }))
    }

    /// Whether the account itself has a bucket of that name, and its region where S3 says it.
    async fn listed(&self, hand: &Hand) -> Result<Option<Option<String>>, CloudError> {
        let mut next = None;
        loop {
            let list = hand.s3().list_buckets().prefix(&self.spec.name).max_buckets(1000).set_continuation_token(next);
            let answer = hand.call("s3:ListAllMyBuckets", "*", list.send()).await?;
            if let Some(bucket) = answer.buckets().iter().find(|bucket| bucket.name() == Some(&self.spec.name)) {
                return Ok(Some(bucket.bucket_region().map(str::to_owned)));
            }
            next = answer.continuation_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(None);
            }
        }
    }

    async fn create(&self) -> Result<Progress, CloudError> {
        if self.region() == NO_CONSTRAINT {
            // A second creation there succeeds and resets the bucket's ACLs: look first.
            match self.asked.seen_or(self.look()).await? {
                Observed::Absent => {}
                found => return self.settle(found).await,
            }
        }
        let hand = self.writer();
        match self.make(&hand).await {
            Ok(()) => {}
            Err(refused) if refused.is("BucketAlreadyExists") => {
                return Err(self.asked.not_ours(&Owner::AnotherAccount));
            }
            Err(refused) if may_be_there(&refused, "BucketAlreadyOwnedByYou") => {
                return match self.look().await? {
                    Observed::Absent => Err(refused.into()),
                    found => self.settle(found).await,
                };
            }
            Err(refused) => return Err(refused.into()),
        }
        self.furnish(&hand).await?;
        Ok(Progress::Done(self.outputs()))
    }

    async fn make(&self, hand: &Hand) -> Result<(), Refused> {
        let (arn, marks) = (self.arn(), tags::marks(&self.asked.ask));
        let constraint = (self.region() != NO_CONSTRAINT).then(|| BucketLocationConstraint::from(self.region()));
        let configuration = CreateBucketConfiguration::builder()
            .set_location_constraint(constraint)
            .set_tags(to_tags(&marks).ok())
            .build();
        let call = hand
            .s3()
            .create_bucket()
            .bucket(&self.spec.name)
            .object_ownership(ownership(self.spec.object_ownership))
            .create_bucket_configuration(configuration);
        // A name that was let go a moment ago, by anybody, is held back for a while.
        patiently(&["OperationAborted"], || hand.call("s3:CreateBucket", &arn, call.clone().send())).await.map(drop)
    }

    /// Gives a bucket that was made this moment what it should have: what new buckets have by themselves is only
    /// looked at, while the CORS rules are written.
    async fn furnish(&self, hand: &Hand) -> Result<(), CloudError> {
        let (reader, arn) = (self.asked.reader(), self.arn());
        let bucket = |hand| Bucket { hand, name: &self.spec.name, arn: &arn, new: true };
        let (looked, bucket) = (bucket(&reader), bucket(hand));
        let cors = async { if self.spec.cors.is_empty() { Ok(()) } else { bucket.put_cors(&self.spec.cors).await } };
        let (tags, ownership, blocked, ()) =
            try_join!(looked.tags(), looked.ownership(), looked.blocks_public_access(), cors)?;
        if let Some(tags) = self.with_marks(tags) {
            bucket.put_tags(&tags).await?;
        }
        if ownership != self.spec.object_ownership {
            bucket.put_ownership(self.spec.object_ownership).await?;
        }
        if blocked != self.spec.block_public_access {
            bucket.put_public_access_block(self.spec.block_public_access).await?;
        }
        if self.spec.encryption != BucketEncryption::Aes256 {
            bucket.put_encryption(self.spec.encryption).await?;
        }
        if self.spec.versioning == Some(true) {
            bucket.put_versioning(true).await?;
        }
        Ok(())
    }

    /// It was there although it was not seen, or the answer was lost: what is ours is converged.
    async fn settle(&self, found: Observed) -> Result<Progress, CloudError> {
        if let Observed::Ours { spec: Spec::S3Bucket(found), .. } = &found {
            self.converge(&different(&self.spec, found), self.asked.ask.begun).await?;
        }
        self.asked.may_change(found, false).map(Progress::Done)
    }

    /// Changes these fields, one after the other: two changes of one bucket at a time abort each other.
    async fn converge(&self, fields: &[&str], mark: bool) -> Result<(), CloudError> {
        let (hand, arn) = (self.writer(), self.arn());
        let bucket = Bucket { hand: &hand, name: &self.spec.name, arn: &arn, new: false };
        if mark {
            let reader = self.asked.reader();
            let tags = Bucket { hand: &reader, ..bucket }.tags().await?;
            if let Some(tags) = self.with_marks(tags) {
                bucket.put_tags(&tags).await?;
            }
        }
        for field in fields {
            match *field {
                "object_ownership" => bucket.put_ownership(self.spec.object_ownership).await?,
                "block_public_access" => bucket.put_public_access_block(self.spec.block_public_access).await?,
                "encryption" => bucket.put_encryption(self.spec.encryption).await?,
                "versioning" => bucket.put_versioning(self.spec.versioning == Some(true)).await?,
                "cors" => bucket.put_cors(&self.spec.cors).await?,
                other => return Err(wrong(format!("a bucket's {other} cannot be changed"))),
            }
        }
        Ok(())
    }

    /// These tags and our marks, as all tags are written at once; none if the marks are there already.
    fn with_marks(&self, found: Vec<(String, String)>) -> Option<Vec<(String, String)>> {
        let marks = tags::marks(&self.asked.ask);
        if marks.iter().all(|mark| found.contains(mark)) {
            return None;
        }
        let is_mark = |key: &String| marks.iter().any(|(mark, _)| mark == key);
        let others: Vec<_> = found.into_iter().filter(|(key, _)| !is_mark(key)).collect();
        Some(others.into_iter().chain(marks).collect())
    }

    /// Deletes the bucket; with `empty`, empties it first, and again if something was written into it meanwhile.
    async fn delete(&self, empty: bool) -> Result<Progress, CloudError> {
        let (hand, arn) = (self.writer(), self.arn());
        let bucket = Bucket { hand: &hand, name: &self.spec.name, arn: &arn, new: false };
        let deadline = Instant::now() + EMPTYING;
        for _ in 0..ROUNDS {
            if empty && let Emptied::Partly(count) = s3_empty::empty(&bucket, deadline).await? {
                let on = format!("{} to be empty: {count} versions destroyed in this go, more to come", self.spec.name);
                return Ok(Progress::Waiting { on, again_in: Duration::from_secs(1) });
            }
            let delete = hand.s3().delete_bucket().bucket(&self.spec.name).expected_bucket_owner(bucket.owner());
            let call = || hand.call("s3:DeleteBucket", &arn, delete.clone().send());
            match patiently(&["OperationAborted"], call).await {
                Ok(_) => return Ok(gone()),
                Err(refused) if refused.is("NoSuchBucket") => return Ok(gone()),
                Err(refused) if refused.is("BucketNotEmpty") && !empty => {
                    return Err(self.asked.holds_data(&s3_empty::contents(&bucket).await?));
                }
                Err(refused) if refused.is("BucketNotEmpty") => {}
                Err(refused) => return Err(refused.into()),
            }
        }
        Err(blocked(
            format!("the bucket {} was emptied {ROUNDS} times, and something goes on writing into it", self.spec.name),
            "stop what writes into it, then retry",
        ))
    }
}

#[async_trait]
impl Resource for S3Bucket {
    async fn observe(&self) -> Result<Observed, CloudError> {
        Ok(self.asked.saw(self.look().await?))
    }

    async fn apply(&self, work: &Work) -> Result<Progress, CloudError> {
        match work {
            Work::Create => self.create().await,
            Work::Converge { changes, adopt } => {
                let outputs = self.asked.may_change(self.asked.seen_or(self.look()).await?, *adopt)?;
                let fields: Vec<&str> = changes.iter().map(|change| change.field.as_str()).collect();
                self.converge(&fields, *adopt || self.asked.ask.begun).await?;
                Ok(Progress::Done(outputs))
            }
        }
    }

    async fn remove(&self, delete_data: bool) -> Result<Progress, CloudError> {
        // Data is destroyed only on what a look of this very moment shows to be ours.
        let found = if delete_data { self.look().await? } else { self.asked.seen_or(self.look()).await? };
        let Some((_, contents)) = self.asked.may_remove(found)? else {
            return Ok(gone());
        };
        if !delete_data && !contents.is_empty() {
            return Err(self.asked.holds_data(&contents));
        }
        self.delete(delete_data).await
    }
}
