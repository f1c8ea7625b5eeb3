//! SSM Parameter Store: awsim's, mended so that a SecureString shows its text only to who asks for decryption.

use async_trait::async_trait;
use awsim_core::{AwsError, IamCheck, Protocol, RequestContext, ServiceHandler};
use awsim_ssm::SsmService;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::common::{Check, arn, error, tags, text};

/// The SSM service.
pub(super) struct Ssm {
    inner: SsmService,
}

impl Ssm {
    /// An SSM without parameters.
    pub(super) fn new() -> Self {
        Self { inner: SsmService::new() }
    }

    /// `(account, line)` of each parameter, with its version.
    pub(super) fn inventory(&self) -> Vec<(String, String)> {
        let mut lines = Vec::new();
        for ((account, region), state) in self.inner.store().iter_all() {
            for parameter in &state.parameters {
                let line = format!("ssm parameter {} in {region} version {}", parameter.name, parameter.version);
                lines.push((account.clone(), line));
            }
        }
        lines
    }

    fn is_there(&self, ctx: &RequestContext, name: &str) -> bool {
        self.inner.store().get(&ctx.account_id, &ctx.region).parameters.contains_key(name)
    }
}

/// `arn:aws:ssm:R:A:parameter/path`: a name that begins with `/` brings the only slash.
fn parameter_arn(ctx: &RequestContext, name: &str) -> String {
    arn(ctx, "ssm", &format!("parameter/{}", name.trim_start_matches('/')))
}

/// Replaces the value of every SecureString in an answer by what stands for its ciphertext.
fn seal(answer: &mut Value) {
    match answer {
        Value::Array(items) => items.iter_mut().for_each(seal),
        Value::Object(fields) => {
            if fields.get("Type") == Some(&json!("SecureString"))
                && let Some(Value::String(value)) = fields.get_mut("Value")
            {
                *value = format!("AQICAHh{}", hex::encode(Sha256::digest(value.as_bytes())));
            }
            fields.values_mut().for_each(seal);
        }
        _ => {}
    }
}

#[async_trait]
impl ServiceHandler for Ssm {
    fn service_name(&self) -> &'static str {
        "ssm"
    }

    fn protocol(&self) -> Protocol {
        Protocol::AwsJson1_1
    }

    async fn handle(&self, operation: &str, mut input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        // A parameter may be named by its ARN.
        let own = parameter_arn(ctx, "");
        if let Some(path) = text(&input, "Name").and_then(|name| name.strip_prefix(&own)).map(str::to_owned) {
            let absolute = format!("/{path}");
            input["Name"] = json!(if self.is_there(ctx, &absolute) { absolute } else { path });
        }
        if operation == "PutParameter" {
            let known = text(&input, "Name").is_some_and(|name| self.is_there(ctx, name));
            if !known && text(&input, "Type").is_none() {
                let message = "A parameter type is required when you create a parameter.";
                return Err(error(400, "ValidationException", message));
            }
            if input["Overwrite"] == json!(true) && !tags(input.get("Tags")).is_empty() {
                let message = "Invalid request: tags and overwrite can't be used together.";
                return Err(error(400, "ValidationException", message));
            }
        }
        let decrypted = input["WithDecryption"] == json!(true);
        let mut answer = self.inner.handle(operation, input, ctx).await?;
        if !decrypted {
            seal(&mut answer);
        }
        Ok(answer)
    }

    fn iam_checks_with_context(&self, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<IamCheck> {
        let action = format!("ssm:{operation}");
        let on = |action: &str, name: &str| {
            let arn = if name.starts_with("arn:") { name.to_owned() } else { parameter_arn(ctx, name) };
            let check = Check::new(action, arn);
            match self.inner.store().get(&ctx.account_id, &ctx.region).parameters.get(name) {
                Some(parameter) => check.resource_tags("ssm", &parameter.tags),
                None => check,
            }
        };
        match (operation, text(input, "Name"), input["Names"].as_array()) {
            ("GetParametersByPath", ..) => {
                let recursive = input["Recursive"] == json!(true);
                vec![on(&action, text(input, "Path").unwrap_or("*")).flag("ssm:Recursive", recursive).done()]
            }
            ("GetParameters" | "DeleteParameters", _, Some(names)) => {
                names.iter().filter_map(Value::as_str).map(|name| on(&action, name).done()).collect()
            }
            ("PutParameter", Some(name), _) => {
                let tags = tags(input.get("Tags"));
                let put =
                    on(&action, name).request_tags(&tags).flag("ssm:Overwrite", input["Overwrite"] == json!(true));
                let mut checks = vec![put.done()];
                if !tags.is_empty() {
                    checks.push(on("ssm:AddTagsToResource", name).request_tags(&tags).done());
                }
                checks
            }
            ("AddTagsToResource" | "RemoveTagsFromResource" | "ListTagsForResource", ..) => {
                let name = text(input, "ResourceId").unwrap_or("*");
                vec![on(&action, name).request_tags(&tags(input.get("Tags"))).done()]
            }
            (
                "GetParameter"
                | "DeleteParameter"
                | "GetParameterHistory"
                | "LabelParameterVersion"
                | "UnlabelParameterVersion",
                Some(name),
                _,
            ) => {
                vec![on(&action, name).done()]
            }
            _ => vec![Check::new(action, "*").done()],
        }
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        self.inner.snapshot()
    }

    fn restore(&self, data: &[u8]) -> Result<(), String> {
        self.inner.restore(data)
    }
}
