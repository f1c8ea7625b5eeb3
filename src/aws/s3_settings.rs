//! A bucket's settings, one call each: read into the spec's words, and written from them.

use std::future::Future;

use aws_sdk_s3::types::{
    BucketVersioningStatus, CorsConfiguration, CorsRule as Rule, ObjectOwnership as Ownership, OwnershipControls,
    OwnershipControlsRule, PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tag, Tagging, VersioningConfiguration,
};

use super::asked::{Tags, patiently, wrong};
use super::error::Refused;
use super::hand::Hand;
use crate::engine::CloudError;
use crate::model::resource::{BucketEncryption, CorsRule, ObjectOwnership, S3Bucket};

/// One bucket, through one session. Every call names the account that has to own it.
pub struct Bucket<'a> {
    /// The session.
    pub hand: &'a Hand,
    /// The bucket's name.
    pub name: &'a str,
    /// Its ARN, for messages.
    pub arn: &'a str,
    /// It was made a moment ago: S3 may not see it everywhere yet, and is asked again.
    pub new: bool,
}

/// Starts one S3 operation on the bucket.
macro_rules! on {
    ($bucket:ident . $operation:ident) => {
        $bucket.hand.s3().$operation().bucket($bucket.name).expected_bucket_owner($bucket.owner())
    };
}

impl Bucket<'_> {
    /// The account that has to own it.
    pub fn owner(&self) -> &str {
        self.hand.account.as_str()
    }

    /// Repeats what collides with another change of the same bucket, and what comes too early after its creation.
    async fn call<T, F>(&self, send: impl Fn() -> F) -> Result<T, Refused>
    where
        F: Future<Output = Result<T, Refused>>,
    {
        let codes: &[&str] = if self.new { &["OperationAborted", "NoSuchBucket"] } else { &["OperationAborted"] };
        patiently(codes, send).await
    }

    /// Who owns objects that others write. No setting at all is what buckets of before 2023 have: the writer.
    ///
    /// # Errors
    /// When the look failed.
    pub async fn ownership(&self) -> Result<ObjectOwnership, CloudError> {
        let get = on!(self.get_bucket_ownership_controls);
        let answer = self.call(|| self.hand.call("s3:GetBucketOwnershipControls", self.arn, get.clone().send())).await;
        let controls = unless(answer, "OwnershipControlsNotFoundError")?.and_then(|answer| answer.ownership_controls);
        match controls.and_then(|controls| controls.rules.into_iter().next()).map(|rule| rule.object_ownership) {
            Some(Ownership::BucketOwnerEnforced) => Ok(ObjectOwnership::BucketOwnerEnforced),
            Some(Ownership::BucketOwnerPreferred) => Ok(ObjectOwnership::BucketOwnerPreferred),
            Some(Ownership::ObjectWriter) | None => Ok(ObjectOwnership::ObjectWriter),
            Some(other) => Err(wrong(format!("S3 says that {} has object ownership {other}", self.name))),
        }
    }

    /// Whether all four public access blocks are on.
    ///
    /// # Errors
    /// When the look failed.
    pub async fn blocks_public_access(&self) -> Result<bool, CloudError> {
        let get = on!(self.get_public_access_block);
        let answer = self.call(|| self.hand.call("s3:GetBucketPublicAccessBlock", self.arn, get.clone().send())).await;
        let block = unless(answer, "NoSuchPublicAccessBlockConfiguration")?
            .and_then(|answer| answer.public_access_block_configuration);
        Ok(block.is_some_and(|block| {
            [
                block.block_public_acls,
                block.ignore_public_acls,
                block.block_public_policy,
                block.restrict_public_buckets,
            ]
            .into_iter()
            .all(|on| on == Some(true))
        }))
    }

    /// The default encryption. No setting at all is SSE-S3, which is always on.
    ///
    /// # Errors
    /// When the look failed.
    pub async fn encryption(&self) -> Result<BucketEncryption, CloudError> {
        let get = on!(self.get_bucket_encryption);
        let answer = self.call(|| self.hand.call("s3:GetEncryptionConfiguration", self.arn, get.clone().send())).await;
        let algorithm = unless(answer, "ServerSideEncryptionConfigurationNotFoundError")?
            .and_then(|answer| answer.server_side_encryption_configuration)
            .and_then(|configuration| configuration.rules.into_iter().next())
            .and_then(|rule| rule.apply_server_side_encryption_by_default)
            .map(|default| default.sse_algorithm);
        match algorithm {
            None | Some(ServerSideEncryption::Aes256) => Ok(BucketEncryption::Aes256),
            Some(ServerSideEncryption::AwsKms | ServerSideEncryption::AwsKmsDsse) => Ok(BucketEncryption::Kms),
            Some(other) => Err(wrong(format!("S3 says that {} is encrypted with {other}", self.name))),
        }
    }

    /// Whether versioning is on.
    ///
    /// # Errors
    /// When the look failed.
    pub async fn versioning(&self) -> Result<bool, CloudError> {
        let get = on!(self.get_bucket_versioning);
        let answer = self.call(|| self.hand.call("s3:GetBucketVersioning", self.arn, get.clone().send())).await?;
        Ok(answer.status == Some(BucketVersioningStatus::Enabled))
    }

    /// The CORS rules.
    ///
    /// # Errors
    /// When the look failed.
    pub async fn cors(&self) -> Result<Vec<CorsRule>, CloudError> {
        let get = on!(self.get_bucket_cors);
        let answer = self.call(|| self.hand.call("s3:GetBucketCORS", self.arn, get.clone().send())).await;
        let rules = unless(answer, "NoSuchCORSConfiguration")?.and_then(|answer| answer.cors_rules);
        Ok(rules.unwrap_or_default().into_iter().map(from_rule).collect())
    }

    /// The tags.
    ///
    /// # Errors
    /// When the look failed.
    pub async fn tags(&self) -> Result<Tags, CloudError> {
        let get = on!(self.get_bucket_tagging);
        let answer = self.call(|| self.hand.call("s3:GetBucketTagging", self.arn, get.clone().send())).await;
        let tags = unless(answer, "NoSuchTagSet")?.map(|answer| answer.tag_set).unwrap_or_default();
        Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
    }

    /// Sets who owns objects that others write.
    ///
    /// # Errors
    /// When S3 refused.
    pub async fn put_ownership(&self, wanted: ObjectOwnership) -> Result<(), CloudError> {
        let rule = OwnershipControlsRule::builder().object_ownership(ownership(wanted)).build().map_err(unbuilt)?;
        let controls = OwnershipControls::builder().rules(rule).build().map_err(unbuilt)?;
        let put = on!(self.put_bucket_ownership_controls).ownership_controls(controls);
        self.call(|| self.hand.call("s3:PutBucketOwnershipControls", self.arn, put.clone().send())).await?;
        Ok(())
    }

    /// Sets all four public access blocks.
    ///
    /// # Errors
    /// When S3 refused.
    pub async fn put_public_access_block(&self, on: bool) -> Result<(), CloudError> {
        let block = PublicAccessBlockConfiguration::builder()
            .block_public_acls(on)
            .ignore_public_acls(on)
            .block_public_policy(on)
            .restrict_public_buckets(on)
            .build();
        let put = on!(self.put_public_access_block).public_access_block_configuration(block);
        self.call(|| self.hand.call("s3:PutBucketPublicAccessBlock", self.arn, put.clone().send())).await?;
        Ok(())
    }

    /// Sets the default encryption.
    ///
    /// # Errors
    /// When S3 refused.
    pub async fn put_encryption(&self, wanted: BucketEncryption) -> Result<(), CloudError> {
        let (algorithm, bucket_key) = match wanted {
            BucketEncryption::Aes256 => (ServerSideEncryption::Aes256, None),
            // One data key for the bucket instead of one call to KMS for every object.
            BucketEncryption::Kms => (ServerSideEncryption::AwsKms, Some(true)),
        };
        let default = ServerSideEncryptionByDefault::builder().sse_algorithm(algorithm).build().map_err(unbuilt)?;
        let rule = ServerSideEncryptionRule::builder()
            .apply_server_side_encryption_by_default(default)
            .set_bucket_key_enabled(bucket_key)
            .build();
        let configuration = ServerSideEncryptionConfiguration::builder().rules(rule).build().map_err(unbuilt)?;
        let put = on!(self.put_bucket_encryption).server_side_encryption_configuration(configuration);
        self.call(|| self.hand.call("s3:PutEncryptionConfiguration", self.arn, put.clone().send())).await?;
        Ok(())
    }

    /// Turns versioning on, or suspends it.
    ///
    /// # Errors
    /// When S3 refused.
    pub async fn put_versioning(&self, on: bool) -> Result<(), CloudError> {
        let status = if on { BucketVersioningStatus::Enabled } else { BucketVersioningStatus::Suspended };
        let configuration = VersioningConfiguration::builder().status(status).build();
        let put = on!(self.put_bucket_versioning).versioning_configuration(configuration);
        self.call(|| self.hand.call("s3:PutBucketVersioning", self.arn, put.clone().send())).await?;
        Ok(())
    }

    /// Replaces the CORS rules; none at all removes the configuration.
    ///
    /// # Errors
    /// When S3 refused.
    pub async fn put_cors(&self, rules: &[CorsRule]) -> Result<(), CloudError> {
        if rules.is_empty() {
            let delete = on!(self.delete_bucket_cors);
            self.call(|| self.hand.call("s3:PutBucketCORS", self.arn, delete.clone().send())).await?;
            return Ok(());
        }
        let rules = rules.iter().map(to_rule).collect::<Result<Vec<_>, _>>()?;
        let configuration = CorsConfiguration::builder().set_cors_rules(Some(rules)).build().map_err(unbuilt)?;
        let put = on!(self.put_bucket_cors).cors_configuration(configuration);
        self.call(|| self.hand.call("s3:PutBucketCORS", self.arn, put.clone().send())).await?;
        Ok(())
    }

    /// Replaces all tags.
    ///
    /// # Errors
    /// When S3 refused.
    pub async fn put_tags(&self, tags: &[(String, String)]) -> Result<(), CloudError> {
        let tagging = Tagging::builder().set_tag_set(Some(to_tags(tags)?)).build().map_err(unbuilt)?;
        let put = on!(self.put_bucket_tagging).tagging(tagging);
        self.call(|| self.hand.call("s3:PutBucketTagging", self.arn, put.clone().send())).await?;
        Ok(())
    }
}

/// The answer; none if S3 says with this code that nothing is set.
fn unless<T>(answer: Result<T, Refused>, not_set: &str) -> Result<Option<T>, CloudError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(refused) if refused.is(not_set) => Ok(None),
        Err(refused) if refused.is("NoSuchBucket") => Err(CloudError::Passing {
            why: format!("the bucket {} was there a moment ago and is not there now", refused.resource),
            after: None,
        }),
        Err(refused) => Err(refused.into()),
    }
}

/// A request that the SDK could not build: a field is missing that the spec's type has.
pub fn unbuilt(error: aws_smithy_types::error::operation::BuildError) -> CloudError {
    wrong(error.to_string())
}

/// Tags in S3's words.
///
/// # Errors
/// Never for pairs of a key and a value.
pub fn to_tags(tags: &[(String, String)]) -> Result<Vec<Tag>, CloudError> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build().map_err(unbuilt)).collect()
}

/// Object ownership in S3's words.
pub const fn ownership(wanted: ObjectOwnership) -> Ownership {
    match wanted {
        ObjectOwnership::BucketOwnerEnforced => Ownership::BucketOwnerEnforced,
        ObjectOwnership::BucketOwnerPreferred => Ownership::BucketOwnerPreferred,
        ObjectOwnership::ObjectWriter => Ownership::ObjectWriter,
    }
}

fn to_rule(rule: &CorsRule) -> Result<Rule, CloudError> {
    let some = |texts: &Vec<String>| (!texts.is_empty()).then(|| texts.clone());
    Rule::builder()
        .set_allowed_headers(some(&rule.allowed_headers))
        .set_allowed_methods(some(&rule.allowed_methods))
        .set_allowed_origins(some(&rule.allowed_origins))
        .set_expose_headers(some(&rule.expose_headers))
        .set_max_age_seconds(rule.max_age_seconds)
        .build()
        .map_err(unbuilt)
}

fn from_rule(rule: Rule) -> CorsRule {
    CorsRule {
        allowed_headers: rule.allowed_headers.unwrap_or_default(),
        allowed_methods: rule.allowed_methods,
        allowed_origins: rule.allowed_origins,
        expose_headers: rule.expose_headers.unwrap_or_default(),
        max_age_seconds: rule.max_age_seconds,
    }
}

/// Whether two lists of rules mean the same: within a rule, the order of headers, methods and origins does not count.
pub fn same_cors(one: &[CorsRule], other: &[CorsRule]) -> bool {
    let sorted = |texts: &Vec<String>| {
        let mut texts = texts.clone();
        texts.sort();
        texts
    };
    let plain = |rules: &[CorsRule]| -> Vec<_> {
        rules
            .iter()
            .map(|rule| {
                let lists = [&rule.allowed_headers, &rule.allowed_methods, &rule.allowed_origins, &rule.expose_headers];
                (lists.map(sorted), rule.max_age_seconds.unwrap_or(0))
            })
            .collect()
    };
    plain(one) == plain(other)
}

/// The fields in which what was found differs from what it should be.
pub fn different(desired: &S3Bucket, found: &S3Bucket) -> Vec<&'static str> {
    let fields = [
        ("object_ownership", desired.object_ownership != found.object_ownership),
        ("block_public_access", desired.block_public_access != found.block_public_access),
        ("encryption", desired.encryption != found.encryption),
        ("versioning", desired.versioning.is_some() && desired.versioning != found.versioning),
        ("cors", desired.cors != found.cors),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(methods: &[&str], max_age_seconds: Option<i32>) -> CorsRule {
        CorsRule {
            allowed_headers: vec!["*".to_owned()],
            allowed_methods: methods.iter().map(|&method| method.to_owned()).collect(),
            allowed_origins: vec!["*".to_owned()],
            expose_headers: Vec::new(),
            max_age_seconds,
        }
    }

    #[test]
    fn a_rule_survives_the_way_to_s3_and_back() {
        let rule = rule(&["GET", "PUT"], Some(3000));
        assert_eq!(from_rule(to_rule(&rule).expect("a whole rule")), rule);
        assert!(to_rule(&CorsRule { allowed_methods: Vec::new(), ..rule }).is_err(), "a rule needs a method");
    }

    #[test]
    fn the_order_of_methods_does_not_count_and_everything_else_does() {
        let desired = [rule(&["GET", "PUT"], Some(3000))];
        assert!(same_cors(&desired, &[rule(&["PUT", "GET"], Some(3000))]));
        assert!(same_cors(&[rule(&["GET"], None)], &[rule(&["GET"], Some(0))]));
        for other in [&[][..], &[rule(&["GET"], Some(3000))], &[rule(&["GET", "PUT"], None)]] {
            assert!(!same_cors(&desired, other), "{other:?}");
        }
    }
}
