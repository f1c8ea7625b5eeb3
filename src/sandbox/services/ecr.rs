//! ECR: awsim's, mended in its repository URIs, in the tags of names with `/`, and in foreign registry ids.

use async_trait::async_trait;
use awsim_core::{AccountRegionStore, AwsError, IamCheck, Protocol, RequestContext, ServiceHandler};
use awsim_ecr::EcrService;
use awsim_ecr::state::EcrState;
use serde_json::{Value, json};

use super::common::{Check, arn, error, tags, text};

/// The ECR service.
pub(super) struct Ecr {
    inner: EcrService,
    store: AccountRegionStore<EcrState>,
}

impl Ecr {
    /// An ECR without repositories.
    pub(super) fn new() -> Self {
        let inner = EcrService::new();
        Self { store: inner.store(), inner }
    }

    /// `(account, line)` of each repository.
    pub(super) fn inventory(&self) -> Vec<(String, String)> {
        let mut lines = Vec::new();
        for ((account, region), state) in self.store.iter_all() {
            for repository in &state.repositories {
                let images = repository.images.len();
                let holding = if images == 0 { String::new() } else { format!(" holding {images} images") };
                lines.push((account.clone(), format!("ecr repository {} in {region}{holding}", repository.name)));
            }
        }
        lines
    }

    async fn create(&self, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let mut answer = self.inner.handle("CreateRepository", input, ctx).await?;
        let name = answer["repository"]["repositoryName"].as_str().unwrap_or_default().to_owned();
        let uri = format!("{}.dkr.ecr.{}.amazonaws.com/{name}", ctx.account_id, ctx.region);
        if let Some(mut repository) = self.store.get(&ctx.account_id, &ctx.region).repositories.get_mut(&name) {
            repository.repository_uri.clone_from(&uri);
        }
        answer["repository"]["repositoryUri"] = json!(uri);
        Ok(answer)
    }

    /// Tags by ARN; a name may hold `/`.
    fn tag(&self, operation: &str, input: &Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let said = text(input, "resourceArn").unwrap_or_default();
        let name = said.strip_prefix(&arn(ctx, "ecr", "repository/")).ok_or_else(|| {
            let message = format!("Invalid parameter at 'resourceArn' failed to satisfy constraint: '{said}' is no repository of this registry");
            error(400, "InvalidParameterException", message)
        })?;
        let state = self.store.get(&ctx.account_id, &ctx.region);
        let mut repository = state.repositories.get_mut(name).ok_or_else(|| not_found(name, &ctx.account_id))?;
        match operation {
            "TagResource" => repository.tags.extend(tags(input.get("tags"))),
            "UntagResource" => {
                let gone = input["tagKeys"].as_array().cloned().unwrap_or_default();
                repository.tags.retain(|key, _| !gone.contains(&json!(key)));
            }
            _ => {
                let tags: Vec<Value> =
                    repository.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
                return Ok(json!({ "tags": tags }));
            }
        }
        Ok(json!({}))
    }
}

fn not_found(name: &str, registry: &str) -> AwsError {
    let message = format!("The repository with name '{name}' does not exist in the registry with id '{registry}'");
    error(400, "RepositoryNotFoundException", message)
}

#[async_trait]
impl ServiceHandler for Ecr {
    fn service_name(&self) -> &'static str {
        "ecr"
    }

    fn protocol(&self) -> Protocol {
        Protocol::AwsJson1_1
    }

    async fn handle(&self, operation: &str, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        if let Some(registry) = text(&input, "registryId").filter(|registry| *registry != ctx.account_id) {
            return Err(not_found(text(&input, "repositoryName").unwrap_or_default(), registry));
        }
        match operation {
            "CreateRepository" => self.create(input, ctx).await,
            "TagResource" | "UntagResource" | "ListTagsForResource" => self.tag(operation, &input, ctx),
            _ => self.inner.handle(operation, input, ctx).await,
        }
    }

    fn iam_checks_with_context(&self, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<IamCheck> {
        let state = self.store.get(&ctx.account_id, &ctx.region);
        let on = |action: &str, name: &str| {
            let check = Check::new(action, arn(ctx, "ecr", &format!("repository/{name}")));
            match state.repositories.get(name) {
                Some(repository) => check.resource_tags("ecr", &repository.tags),
                None => check,
            }
        };
        let action = format!("ecr:{operation}");
        let tags = tags(input.get("tags"));
        let tagged =
            text(input, "resourceArn").map(|said| said.split_once(":repository/").map_or("*", |(_, name)| name));
        if let Some(name) = tagged {
            return vec![on(&action, name).request_tags(&tags).done()];
        }
        if let Some(name) = text(input, "repositoryName") {
            let mut checks = vec![on(&action, name).request_tags(&tags).done()];
            if operation == "CreateRepository" && !tags.is_empty() {
                checks.push(on("ecr:TagResource", name).request_tags(&tags).done());
            }
            return checks;
        }
        let names: Vec<&str> =
            input["repositoryNames"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if !names.is_empty() {
            return names.iter().map(|name| on(&action, name).done()).collect();
        }
        if operation == "DescribeRepositories" {
            return vec![on(&action, "*").done()];
        }
        vec![Check::new(action, "*").done()]
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        self.inner.snapshot()
    }

    fn restore(&self, data: &[u8]) -> Result<(), String> {
        self.inner.restore(data)
    }
}
