//! Secrets Manager: awsim's, mended in names that are scheduled for deletion, in tokens that are version ids, and in stages.

use async_trait::async_trait;
use awsim_core::{AccountRegionStore, AwsError, IamCheck, Protocol, RequestContext, ServiceHandler};
use awsim_secretsmanager::SecretsManagerService;
use awsim_secretsmanager::state::{Secret, SecretsState};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::common::{Check, arn, error, tags, text};

/// The Secrets Manager service.
pub(super) struct SecretsManager {
    inner: SecretsManagerService,
    store: AccountRegionStore<SecretsState>,
    /// Held while what is there is looked at and then written.
    writing: Mutex<()>,
}

impl SecretsManager {
    /// A Secrets Manager without secrets.
    pub(super) fn new() -> Self {
        let inner = SecretsManagerService::new();
        Self { store: inner.store(), inner, writing: Mutex::default() }
    }

    /// `(account, line)` of each secret, with the version that is current, and whether it is scheduled for deletion.
    pub(super) fn inventory(&self) -> Vec<(String, String)> {
        let mut lines = Vec::new();
        for ((account, region), state) in self.store.iter_all() {
            for secret in &state.secrets {
                let scheduled = if secret.deleted_date.is_some() { " scheduled for deletion" } else { "" };
                let line =
                    format!("secret {} in {region} version {}{scheduled}", secret.name, secret.current_version_id);
                lines.push((account.clone(), line));
            }
        }
        lines
    }

    /// What `look` sees of the secret that a name or an ARN means.
    fn with<T>(&self, ctx: &RequestContext, id: &str, look: impl FnOnce(&mut Secret) -> T) -> Option<T> {
        let state = self.store.get(&ctx.account_id, &ctx.region);
        state
            .secrets
            .iter_mut()
            .find(|secret| secret.name == id || secret.arn == id)
            .map(|mut secret| look(&mut secret))
    }

    /// A repeat with the same token and the same value is the first call over again.
    async fn create(&self, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let name = text(&input, "Name").unwrap_or_default();
        let seen = self.with(ctx, name, |secret| {
            let repeat =
                text(&input, "ClientRequestToken").filter(|token| same_value(secret, token, &input) == Some(true));
            let answer = repeat.map(|token| json!({ "ARN": secret.arn, "Name": secret.name, "VersionId": token }));
            (secret.deleted_date.is_some(), answer)
        });
        match seen {
            Some((true, _)) => Err(invalid_request(
                "You can't create this secret because a secret with this name is already scheduled for deletion.",
            )),
            Some((false, Some(answer))) => Ok(answer),
            _ => self.inner.handle("CreateSecret", input, ctx).await,
        }
    }

    /// Takes AWSPREVIOUS from every version but the one that has just been current.
    async fn put(&self, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let id = text(&input, "SecretId").unwrap_or_default().to_owned();
        let before = self.with(ctx, &id, |secret| secret.current_version_id.clone());
        let answer = self.inner.handle("PutSecretValue", input, ctx).await?;
        self.with(ctx, &id, |secret| {
            let current = secret.current_version_id.clone();
            if before.as_ref() != Some(&current) {
                for version in
                    secret.versions.values_mut().filter(|version| Some(&version.version_id) != before.as_ref())
                {
                    version.stages.retain(|stage| stage != "AWSPREVIOUS");
                }
            }
        });
        Ok(answer)
    }

    /// A new value goes the way of PutSecretValue, but a token that a version has is refused even with the same value.
    async fn update(&self, mut input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let id = text(&input, "SecretId").unwrap_or_default().to_owned();
        let token = text(&input, "ClientRequestToken").map(str::to_owned);
        let taken =
            self.with(ctx, &id, |secret| token.as_ref().is_some_and(|token| secret.versions.contains_key(token)));
        let fields = input.as_object_mut().ok_or_else(|| invalid_request("The request is empty."))?;
        let (string, binary) = (fields.remove("SecretString"), fields.remove("SecretBinary"));
        let new_value = string.is_some() || binary.is_some();
        if new_value && taken == Some(true) {
            return Err(error(
                400,
                "ResourceExistsException",
                "The request token is already used by a version of this secret.",
            ));
        }
        let answer = self.inner.handle("UpdateSecret", input, ctx).await?;
        if !new_value {
            return Ok(answer);
        }
        let mut put = json!({ "SecretId": id });
        for (field, value) in
            [("SecretString", string), ("SecretBinary", binary), ("ClientRequestToken", token.map(Value::from))]
        {
            if let Some(value) = value {
                put[field] = value;
            }
        }
        self.put(put, ctx).await
    }

    async fn delete(&self, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let id = text(&input, "SecretId").unwrap_or_default().to_owned();
        let force = input["ForceDeleteWithoutRecovery"] == json!(true);
        if force && input.get("RecoveryWindowInDays").is_some_and(|days| !days.is_null()) {
            let message = "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.";
            return Err(error(400, "InvalidParameterException", message));
        }
        if force {
            // Neither a secret that is gone nor one that is scheduled keeps a forced deletion from succeeding.
            let seen = self.with(ctx, &id, |secret| secret.deleted_date = None);
            if seen.is_none() {
                let now = jiff::Timestamp::now().as_second();
                return Ok(json!({ "ARN": secret_arn(ctx, &id), "Name": id, "DeletionDate": now }));
            }
        }
        self.inner.handle("DeleteSecret", input, ctx).await
    }

    async fn restore_secret(&self, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let live = self.with(ctx, text(&input, "SecretId").unwrap_or_default(), |secret| {
            secret.deleted_date.is_none().then(|| json!({ "ARN": secret.arn, "Name": secret.name }))
        });
        match live {
            Some(Some(answer)) => Ok(answer),
            _ => self.inner.handle("RestoreSecret", input, ctx).await,
        }
    }
}

/// Whether the version that the token names holds the value of the request; `None` when there is no such version.
fn same_value(secret: &Secret, token: &str, input: &Value) -> Option<bool> {
    let version = secret.versions.get(token)?;
    let said = |field: &str| input[field].as_str().map(str::to_owned);
    Some(version.secret_string == said("SecretString") && version.secret_binary == said("SecretBinary"))
}

/// The ARN of a secret that is not there yet: its last six characters are not known.
fn secret_arn(ctx: &RequestContext, name: &str) -> String {
    if name.starts_with("arn:") {
        name.to_owned()
    } else {
        arn(ctx, "secretsmanager", &format!("secret:{name}-??????"))
    }
}

/// What a secret under a key of the customer's takes besides: Secrets Manager uses the key in the caller's name [Secrets Manager
/// User Guide, "Secret encryption and decryption"]. The key of the service itself takes nothing.
fn of_key(ctx: &RequestContext, key: Option<&str>, secret: &str, operation: &str) -> Vec<IamCheck> {
    let actions: &[&str] = match operation {
        "GetSecretValue" => &["kms:Decrypt"],
        "PutSecretValue" => &["kms:GenerateDataKey", "kms:Decrypt"],
        _ => &[],
    };
    let Some(key) = key.filter(|key| !key.contains("alias/aws/")) else { return Vec::new() };
    let key = if key.starts_with("arn:") { key.to_owned() } else { arn(ctx, "kms", &format!("key/{key}")) };
    let service = format!("secretsmanager.{}.amazonaws.com", ctx.region);
    let check = |action: &&str| {
        let check = Check::new(*action, &key).key("kms:ViaService", Some(&service));
        check.key("kms:EncryptionContext:SecretARN", Some(secret)).done()
    };
    actions.iter().map(check).collect()
}

/// Another account's secret is named by its ARN only, and opens only by a resource policy, which nothing here has.
fn refuse_foreign(operation: &str, input: &Value, ctx: &RequestContext) -> Result<(), AwsError> {
    let owner = text(input, "SecretId").filter(|id| id.starts_with("arn:")).and_then(|id| id.split(':').nth(4));
    if owner.is_none_or(|owner| owner == ctx.account_id) {
        return Ok(());
    }
    let message = format!("Access to the secret is denied: no resource-based policy allows secretsmanager:{operation}");
    Err(error(400, "AccessDeniedException", message))
}

fn invalid_request(message: &str) -> AwsError {
    error(400, "InvalidRequestException", message)
}

/// Versions without a stage are deprecated, and DescribeSecret does not show them.
fn hide_deprecated(mut answer: Value) -> Value {
    if let Some(versions) = answer.get_mut("VersionIdsToStages").and_then(Value::as_object_mut) {
        versions.retain(|_, stages| stages.as_array().is_some_and(|stages| !stages.is_empty()));
    }
    answer
}

#[async_trait]
impl ServiceHandler for SecretsManager {
    fn service_name(&self) -> &'static str {
        "secretsmanager"
    }

    fn protocol(&self) -> Protocol {
        Protocol::AwsJson1_1
    }

    async fn handle(&self, operation: &str, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        refuse_foreign(operation, &input, ctx)?;
        let _writing = self.writing.lock().await;
        match operation {
            "CreateSecret" => self.create(input, ctx).await,
            "PutSecretValue" => self.put(input, ctx).await,
            "UpdateSecret" => self.update(input, ctx).await,
            "DeleteSecret" => self.delete(input, ctx).await,
            "RestoreSecret" => self.restore_secret(input, ctx).await,
            "DescribeSecret" => self.inner.handle(operation, input, ctx).await.map(hide_deprecated),
            _ => self.inner.handle(operation, input, ctx).await,
        }
    }

    fn iam_checks_with_context(&self, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<IamCheck> {
        let action = format!("secretsmanager:{operation}");
        let new_tags = tags(input.get("Tags"));
        let on = |action: &str, id: &str| {
            let seen = self.with(ctx, id, |secret| (secret.arn.clone(), secret.tags.clone()));
            let (arn, tags) = seen.unwrap_or_else(|| (secret_arn(ctx, id), Default::default()));
            let check = Check::new(action, arn).key("secretsmanager:SecretId", Some(id));
            check.resource_tags("secretsmanager", &tags).request_tags(&new_tags)
        };
        let id = text(input, "SecretId");
        match (operation, id) {
            ("ListSecrets" | "GetRandomPassword", _) => vec![Check::new(action, "*").done()],
            ("CreateSecret", _) => {
                let name = text(input, "Name").unwrap_or("*");
                let on = |action: &str| {
                    on(action, name)
                        .key("secretsmanager:Name", Some(name))
                        .key("secretsmanager:KmsKeyId", text(input, "KmsKeyId"))
                };
                let mut checks = vec![on(&action).done()];
                if !new_tags.is_empty() {
                    checks.push(on("secretsmanager:TagResource").done());
                }
                checks.extend(of_key(ctx, text(input, "KmsKeyId"), &secret_arn(ctx, name), "PutSecretValue"));
                checks
            }
            ("BatchGetSecretValue", _) => {
                let ids = input["SecretIdList"].as_array().into_iter().flatten().filter_map(Value::as_str);
                let each = ids.map(|id| on("secretsmanager:GetSecretValue", id).done());
                std::iter::once(Check::new(action, "*").done()).chain(each).collect()
            }
            (_, Some(id)) => {
                let days = input["RecoveryWindowInDays"].as_i64().map(|days| days.to_string());
                let check = on(&action, id)
                    .key("secretsmanager:VersionStage", text(input, "VersionStage"))
                    .key("secretsmanager:VersionId", text(input, "VersionId"))
                    .key("secretsmanager:RecoveryWindowInDays", days);
                let check = match operation {
                    "DeleteSecret" => check.flag(
                        "secretsmanager:ForceDeleteWithoutRecovery",
                        input["ForceDeleteWithoutRecovery"] == json!(true),
                    ),
                    _ => check,
                };
                let seen = self.with(ctx, id, |secret| (secret.kms_key_id.clone(), secret.arn.clone()));
                let (key, arn) = seen.unwrap_or_default();
                std::iter::once(check.done()).chain(of_key(ctx, key.as_deref(), &arn, operation)).collect()
            }
            (_, None) => vec![Check::new(action, "*").done()],
        }
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        self.inner.snapshot()
    }

    fn restore(&self, data: &[u8]) -> Result<(), String> {
        self.store.clear();
        self.inner.restore(data)
    }
}
