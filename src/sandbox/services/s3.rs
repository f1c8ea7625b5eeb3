//! S3: awsim's, mended where a bucket belongs to one account and one region of the world, and where new buckets have defaults.

mod lock;
mod rules;
mod versions;

use async_trait::async_trait;
use awsim_core::{AccountRegionStore, AwsError, IamCheck, Protocol, RequestContext, RouteDefinition, ServiceHandler};
use awsim_s3::S3Service;
use awsim_s3::state::{ObjectVersions, S3State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::common::{Check, error, tags, text};

/// The S3 service.
pub(super) struct S3 {
    inner: S3Service,
    store: AccountRegionStore<S3State>,
    /// Held while a name is looked for in every account and taken in one.
    naming: Mutex<()>,
}

/// What awsim's snapshot holds, and the objects, which it leaves out.
#[derive(Serialize, Deserialize)]
struct Saved {
    buckets: Value,
    objects: Vec<(String, String, String, ObjectVersions)>,
}

impl S3 {
    /// An S3 without buckets.
    pub(super) fn new() -> Self {
        let inner = S3Service::new();
        Self { store: inner.store(), inner, naming: Mutex::default() }
    }

    /// The account and the region of a bucket, wherever it is.
    fn owner(&self, bucket: &str) -> Option<(String, String)> {
        let find = |((account, _), state): ((String, String), std::sync::Arc<S3State>)| {
            state.buckets.get(bucket).map(|bucket| (account, bucket.region.clone()))
        };
        self.store.iter_all().into_iter().find_map(find)
    }

    /// `(account, line)` of each bucket.
    pub(super) fn inventory(&self) -> Vec<(String, String)> {
        let mut lines = Vec::new();
        for ((account, _), state) in self.store.iter_all() {
            for bucket in &state.buckets {
                let versions: usize = bucket.objects.iter().map(|object| object.versions.len()).sum();
                let holding =
                    if versions == 0 { String::new() } else { format!(" holding {versions} object versions") };
                lines.push((account.clone(), format!("s3 bucket {}{holding}", bucket.name)));
            }
        }
        lines
    }

    async fn create(&self, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let bucket = text(&input, "Bucket").unwrap_or_default().to_owned();
        let config = &input["CreateBucketConfiguration"];
        if ctx.region == "us-east-1" && text(config, "LocationConstraint") == Some("us-east-1") {
            return Err(error(400, "InvalidLocationConstraint", "The specified location-constraint is not valid"));
        }
        let ownership = text(&input, "ObjectOwnership").unwrap_or("BucketOwnerEnforced").to_owned();
        rules::check_ownership(&ownership)?;
        let acl = text(&input, "Acl").is_some_and(|acl| acl != "private");
        if acl && ownership == "BucketOwnerEnforced" {
            let message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
            return Err(error(400, "InvalidBucketAclWithObjectOwnership", message));
        }
        let tags = config["Tags"].clone();

        let _naming = self.naming.lock().await;
        let owner = self.owner(&bucket).map(|(account, _)| account);
        if owner.as_ref().is_some_and(|owner| *owner != ctx.account_id) {
            let message = "The requested bucket name is not available. The bucket namespace is shared by all users of the system.";
            return Err(error(409, "BucketAlreadyExists", message));
        }
        let mut answer = self.inner.handle("CreateBucket", input, ctx).await?;
        if let Some(location) = answer.as_object_mut().and_then(|fields| fields.remove("Location")) {
            answer["__headers"] = json!({ "location": location });
        }
        if owner.is_none() {
            for (operation, settings) in rules::defaults(&bucket, &ownership, &tags) {
                self.inner.handle(operation, settings, ctx).await?;
            }
        }
        Ok(answer)
    }

    /// Refuses a call for a bucket that is not there, not the caller's, not the expected account's, or elsewhere.
    fn admit(&self, operation: &str, bucket: &str, input: &Value, ctx: &RequestContext) -> Result<(), AwsError> {
        let Some((owner, region)) = self.owner(bucket) else {
            return Err(error(404, "NoSuchBucket", "The specified bucket does not exist"));
        };
        if owner != ctx.account_id || text(input, "ExpectedBucketOwner").is_some_and(|expected| expected != owner) {
            return Err(error(403, "AccessDenied", "Access Denied"));
        }
        if region != ctx.region && operation != "GetBucketLocation" {
            let message = "The bucket you are attempting to access must be addressed using the specified endpoint.";
            return Err(error(301, "PermanentRedirect", message));
        }
        Ok(())
    }

    async fn serve(&self, operation: &str, mut input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let Some(bucket) = text(&input, "Bucket").map(str::to_owned) else {
            return self.inner.handle(operation, input, ctx).await;
        };
        if operation == "CreateBucket" {
            return self.create(input, ctx).await;
        }
        self.admit(operation, &bucket, &input, ctx)?;
        match operation {
            "ListObjectVersions" if text(&input, "delimiter").is_none() => {
                return versions::list(&self.store.get(&ctx.account_id, "global"), &bucket, &input);
            }
            "PutBucketCors" => rules::check_cors(&input)?,
            "PutBucketVersioning" => rules::check_versioning(&input)?,
            "PutBucketOwnershipControls" => {
                rules::check_ownership(
                    text(&input["OwnershipControls"]["Rule"], "ObjectOwnership").unwrap_or_default(),
                )?;
            }
            "PutBucketAcl" if self.acls_are_disabled(&bucket, ctx) => {
                return Err(error(400, "AccessControlListNotSupported", "The bucket does not allow ACLs"));
            }
            "PutPublicAccessBlock" => rules::name_every_flag(&mut input)?,
            "DeleteBucketEncryption" => {
                return self.inner.handle("PutBucketEncryption", rules::encryption(&bucket), ctx).await;
            }
            _ => {}
        }
        let lock = self.lock(operation, &bucket, &input, ctx)?;
        let answer = self.inner.handle(operation, input, ctx).await.map_err(lock::forbidden)?;
        if let Some(lock) = lock {
            self.inner.handle("PutObjectRetention", lock, ctx).await?;
        }
        match operation {
            "GetBucketTagging" if answer["TagSet"]["Tag"].as_array().is_none_or(Vec::is_empty) => {
                Err(error(404, "NoSuchTagSet", "The TagSet does not exist"))
            }
            _ => Ok(answer),
        }
    }

    /// The retention that an object is given as it is put, as a call of its own; an error where a lock would be lifted or bent.
    fn lock(
        &self,
        operation: &str,
        bucket: &str,
        input: &Value,
        ctx: &RequestContext,
    ) -> Result<Option<Value>, AwsError> {
        let state = self.store.get(&ctx.account_id, "global");
        let Some(held) = state.buckets.get(bucket) else { return Ok(None) };
        match operation {
            "PutObject" | "CopyObject" => lock::of_a_put(&held, input),
            "PutObjectRetention" => lock::check_change(&held, input).map(|()| None),
            _ => Ok(None),
        }
    }

    fn acls_are_disabled(&self, bucket: &str, ctx: &RequestContext) -> bool {
        let state = self.store.get(&ctx.account_id, "global");
        let controls = state.buckets.get(bucket).and_then(|bucket| bucket.configs.get("ownership-controls").cloned());
        controls.is_some_and(|controls| controls.contains("BucketOwnerEnforced"))
    }
}

#[async_trait]
impl ServiceHandler for S3 {
    fn service_name(&self) -> &'static str {
        "s3"
    }

    fn protocol(&self) -> Protocol {
        Protocol::RestXml
    }

    fn routes(&self) -> Vec<RouteDefinition> {
        self.inner.routes()
    }

    /// HeadBucket's answer names the bucket's region even when it refuses.
    async fn handle(&self, operation: &str, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let bucket = text(&input, "Bucket").unwrap_or_default().to_owned();
        let answer = self.serve(operation, input, ctx).await;
        let mut answer = match answer {
            Err(refusal) if operation == "HeadBucket" => json!({ "__status_code": refusal.status.as_u16() }),
            answer => answer?,
        };
        if operation == "HeadBucket"
            && let Some((_, region)) = self.owner(&bucket)
        {
            answer["__headers"] = json!({ "x-amz-bucket-region": region });
        }
        Ok(answer)
    }

    fn iam_checks_with_context(&self, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<IamCheck> {
        let bucket = text(input, "Bucket").unwrap_or_default();
        let owner = self.owner(bucket).map_or_else(|| ctx.account_id.clone(), |(account, _)| account);
        let arn = if bucket.is_empty() { "*".to_owned() } else { format!("arn:{}:s3:::{bucket}", ctx.partition) };
        let check = |action: &str, arn: &str| Check::new(action, arn).key("s3:ResourceAccount", Some(&owner));
        let mut named: Vec<(String, String)> = self.inner.iam_checks(operation, input, ctx);
        if named.is_empty() {
            named.push((format!("s3:{operation}"), arn.clone()));
        }
        if operation == "PutObject" && text(input, "ObjectLockMode").is_some() {
            let objects = named.iter().map(|(_, arn)| ("s3:PutObjectRetention".to_owned(), arn.clone()));
            named.extend(objects.collect::<Vec<_>>());
        }
        if operation != "CreateBucket" {
            return named.iter().map(|(action, arn)| check(action, arn).done()).collect();
        }
        let config = &input["CreateBucketConfiguration"];
        let (ownership, tags) = (text(input, "ObjectOwnership"), tags(config["Tags"].get("Tag")));
        let create = check("s3:CreateBucket", &arn)
            .key("s3:locationconstraint", text(config, "LocationConstraint"))
            .key("s3:x-amz-object-ownership", ownership)
            .request_tags(&tags);
        let mut checks = vec![create.done()];
        if !tags.is_empty() {
            checks.push(check("s3:TagResource", &arn).request_tags(&tags).done());
        }
        if ownership.is_some() {
            checks
                .push(check("s3:PutBucketOwnershipControls", &arn).key("s3:x-amz-object-ownership", ownership).done());
        }
        checks
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        let mut objects = Vec::new();
        for ((account, _), state) in self.store.iter_all() {
            for bucket in &state.buckets {
                for object in &bucket.objects {
                    objects.push((account.clone(), bucket.name.clone(), object.key().clone(), object.value().clone()));
                }
            }
        }
        let buckets = serde_json::from_slice(&self.inner.snapshot()?).ok()?;
        serde_json::to_vec(&Saved { buckets, objects }).ok()
    }

    fn restore(&self, data: &[u8]) -> Result<(), String> {
        let saved: Saved = serde_json::from_slice(data).map_err(|error| error.to_string())?;
        self.inner.restore(saved.buckets.to_string().as_bytes())?;
        for (account, bucket, key, versions) in saved.objects {
            let state = self.store.get(&account, "global");
            if let Some(bucket) = state.buckets.get(&bucket) {
                bucket.objects.insert(key, versions);
            }
        }
        Ok(())
    }
}
