//! The services of the local AWS: Route 53, CodeBuild, EC2 and KMS of our own; S3, ECR, Secrets Manager and SSM mended.
//!
//! Each knows which account a call comes from, refuses what AWS refuses with AWS's codes and statuses, and names for every
//! operation the IAM actions, ARNs and condition keys that the core has to ask for.

mod codebuild;
mod common;
mod ec2;
mod ecr;
mod kms;
mod route53;
mod s3;
mod secretsmanager;
mod ssm;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use awsim_core::{RequestContext, ServiceHandler};
use serde_json::{Value, json};

use super::Inventory;
use super::seed::SeedAccount;

/// All services with their state. Cheap to clone; the clones are one. Several independent ones live in one process.
#[derive(Clone)]
pub struct Services {
    accounts: Arc<[String]>,
    region: String,
    vpcs: ec2::Vpcs,
    s3: Arc<s3::S3>,
    ecr: Arc<ecr::Ecr>,
    kms: Arc<kms::Kms>,
    secrets: Arc<secretsmanager::SecretsManager>,
    ssm: Arc<ssm::Ssm>,
    ec2: Arc<ec2::Ec2>,
    route53: Arc<route53::Route53>,
    codebuild: Arc<codebuild::CodeBuild>,
}

impl Services {
    /// Empty services for these accounts (twelve digits each); `region` is where what a seed does not place is made.
    pub fn new(accounts: &[String], region: &str) -> Self {
        let vpcs = ec2::Vpcs::default();
        let keys = kms::Keys::default();
        Self {
            accounts: accounts.into(),
            region: region.to_owned(),
            s3: Arc::new(s3::S3::new()),
            ecr: Arc::new(ecr::Ecr::new()),
            kms: Arc::new(kms::Kms { keys: keys.clone() }),
            secrets: Arc::new(secretsmanager::SecretsManager::new(keys)),
            ssm: Arc::new(ssm::Ssm::new()),
            ec2: Arc::new(ec2::Ec2::new(vpcs.clone())),
            route53: Arc::new(route53::Route53::new(vpcs.clone())),
            codebuild: Arc::default(),
            vpcs,
        }
    }

    /// One handler for each service, to be registered with its `routes()`. Each answers an error as awsim's `AwsError`;
    /// Route 53's clients want it inside `<ErrorResponse>`.
    pub fn handlers(&self) -> Vec<Arc<dyn ServiceHandler>> {
        vec![
            self.s3.clone(),
            self.ecr.clone(),
            self.kms.clone(),
            self.secrets.clone(),
            self.ssm.clone(),
            self.ec2.clone(),
            self.route53.clone(),
            self.codebuild.clone(),
        ]
    }

    /// Makes the VPCs, zones, secrets, locked buckets and parameters of one account.
    ///
    /// # Errors
    /// What is wrong with the seed, in words: an account that is not there, an id twice, a zone without its VPC.
    pub async fn seed(&self, account: &SeedAccount) -> Result<(), String> {
        if !self.accounts.contains(&account.id) {
            return Err(format!("there is no account {}", account.id));
        }
        for vpc in &account.vpcs {
            self.vpcs.add(ec2::Vpc {
                id: vpc.id.clone(),
                owner: account.id.clone(),
                region: vpc.region.clone(),
                cidr: vpc.cidr.clone(),
                dns_support: vpc.dns_support,
                dns_hostnames: vpc.dns_hostnames,
                tags: BTreeMap::new(),
            })?;
        }
        for zone in &account.zones {
            self.route53.seed(&account.id, zone)?;
        }
        let region = if account.region.is_empty() { &self.region } else { &account.region };
        for secret in &account.secrets {
            let mut input = json!({ "Name": secret.name, "SecretString": secret.value });
            if let Some(version) = &secret.version_id {
                input["ClientRequestToken"] = json!(version);
            }
            self.make(&*self.secrets, "CreateSecret", input, region, &account.id).await?;
        }
        for bucket in &account.locked_buckets {
            let input = json!({
                "Bucket": bucket,
                "BucketObjectLockEnabled": "true",
                "CreateBucketConfiguration": { "LocationConstraint": region },
            });
            self.make(&*self.s3, "CreateBucket", input, region, &account.id).await?;
        }
        for parameter in &account.parameters {
            let input = json!({ "Name": parameter.name, "Value": parameter.value, "Type": "String" });
            self.make(&*self.ssm, "PutParameter", input, region, &account.id).await?;
        }
        Ok(())
    }

    async fn make(
        &self,
        service: &dyn ServiceHandler,
        operation: &str,
        input: Value,
        region: &str,
        account: &str,
    ) -> Result<(), String> {
        let ctx = RequestContext::internal(service.service_name(), region, account);
        let made = service.handle(operation, input, &ctx).await;
        made.map(|_| ()).map_err(|error| format!("{account}: {operation}: {error}"))
    }

    /// What is really there in every account, one line each: also what is scheduled for deletion, and open authorisations.
    pub fn inventory(&self) -> Inventory {
        let mut inventory = Inventory(self.accounts.iter().map(|account| (account.clone(), BTreeSet::new())).collect());
        let of_services = [
            self.s3.inventory(),
            self.ecr.inventory(),
            self.secrets.inventory(),
            self.ssm.inventory(),
            self.codebuild.inventory(),
            self.vpcs.inventory(),
            self.route53.inventory(),
        ];
        for (account, line) in of_services.into_iter().flatten() {
            inventory.add(&account, line);
        }
        inventory
    }

    /// All state, to be written to the sandbox's own file. Secret values are in it.
    pub fn snapshot(&self) -> Value {
        let saved = |handler: &Arc<dyn ServiceHandler>| {
            let state = handler.snapshot().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or(Value::Null);
            (handler.service_name().to_owned(), state)
        };
        Value::Object(self.handlers().iter().map(saved).collect())
    }

    /// Takes the place of all state by what [`Self::snapshot`] gave.
    ///
    /// # Errors
    /// When a service is missing in it or cannot be read; the services before it have the restored state then.
    pub fn restore(&self, state: &Value) -> Result<(), String> {
        for handler in self.handlers() {
            let name = handler.service_name();
            let saved =
                state.get(name).filter(|saved| !saved.is_null()).ok_or_else(|| format!("{name}: not in the state"))?;
            handler.restore(saved.to_string().as_bytes()).map_err(|error| format!("{name}: {error}"))?;
        }
        Ok(())
    }
}
