//! CodeBuild as far as source credentials go: one for each server type in each account and region.
//!
//! A token is not kept and never shown: what is remembered is how often one was imported.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use awsim_core::{AwsError, IamCheck, Protocol, RequestContext, ServiceHandler};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::common::{Check, arn, error, lock, text};

/// A source credential.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Credential {
    /// The account that it is in.
    pub(super) account: String,
    server_type: String,
    auth_type: String,
    /// The secret's or connection's ARN; none for a token.
    resource: Option<String>,
    /// How often one was imported here since the slot was last empty.
    imports: u64,
}

/// The CodeBuild service.
#[derive(Default)]
pub(super) struct CodeBuild {
    /// By ARN.
    credentials: Mutex<BTreeMap<String, Credential>>,
}

impl CodeBuild {
    /// `(account, line)` of each credential.
    pub(super) fn inventory(&self) -> Vec<(String, String)> {
        let line = |(arn, held): (&String, &Credential)| {
            let resource = held.resource.as_deref().map(|arn| format!(" {arn}")).unwrap_or_default();
            let line =
                format!("codebuild source credential {arn} {}{resource} import {}", held.auth_type, held.imports);
            (held.account.clone(), line)
        };
        lock(&self.credentials).iter().map(line).collect()
    }

    fn import(&self, input: &Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let (server, auth, token) = (text(input, "serverType"), text(input, "authType"), text(input, "token"));
        let (Some(server), Some(auth), Some(token)) = (server, auth, token) else {
            return Err(invalid("serverType, authType and token are needed"));
        };
        if !["GITHUB", "GITHUB_ENTERPRISE", "BITBUCKET", "GITLAB", "GITLAB_SELF_MANAGED"].contains(&server) {
            return Err(invalid(&format!("Invalid server type: {server}")));
        }
        let resource = match auth {
            "PERSONAL_ACCESS_TOKEN" => None,
            "BASIC_AUTH" if server == "BITBUCKET" && text(input, "username").is_some() => None,
            "BASIC_AUTH" => return Err(invalid("BASIC_AUTH is for BITBUCKET and needs a username")),
            "SECRETS_MANAGER" if token.starts_with("arn:") && token.contains(":secretsmanager:") => Some(token),
            "CODECONNECTIONS" if token.starts_with("arn:") && token.contains(":connection/") => Some(token),
            "SECRETS_MANAGER" | "CODECONNECTIONS" => return Err(invalid("The token must be an ARN for this authType")),
            _ => return Err(invalid(&format!("Invalid auth type: {auth}"))),
        };
        let slot = arn(ctx, "codebuild", &format!("token/{}", server.to_lowercase()));
        let mut credentials = lock(&self.credentials);
        let imports = match credentials.get(&slot) {
            Some(_) if input["shouldOverwrite"] == json!(false) => {
                let message = format!(
                    "Access token with server type {server} already exists. Delete its source credential and try again."
                );
                return Err(error(400, "ResourceAlreadyExistsException", message));
            }
            held => held.map_or(0, |held| held.imports) + 1,
        };
        let credential = Credential {
            account: ctx.account_id.clone(),
            server_type: server.to_owned(),
            auth_type: auth.to_owned(),
            resource: resource.map(str::to_owned),
            imports,
        };
        credentials.insert(slot.clone(), credential);
        Ok(json!({ "arn": slot }))
    }

    fn list(&self, ctx: &RequestContext) -> Value {
        let here = arn(ctx, "codebuild", "token/");
        let credentials = lock(&self.credentials);
        let shown = credentials.iter().filter(|(arn, _)| arn.starts_with(&here)).map(|(arn, held)| {
            let mut info = json!({ "arn": arn, "serverType": held.server_type, "authType": held.auth_type });
            if let Some(resource) = &held.resource {
                info["resource"] = json!(resource);
            }
            info
        });
        json!({ "sourceCredentialsInfos": shown.collect::<Vec<_>>() })
    }

    fn delete(&self, input: &Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let slot = text(input, "arn").ok_or_else(|| invalid("arn is needed"))?;
        let gone = || error(400, "ResourceNotFoundException", format!("No source credential with ARN {slot}"));
        if !slot.starts_with(&arn(ctx, "codebuild", "token/")) {
            return Err(gone());
        }
        lock(&self.credentials).remove(slot).map(|_| json!({ "arn": slot })).ok_or_else(gone)
    }
}

fn invalid(message: &str) -> AwsError {
    error(400, "InvalidInputException", message)
}

#[async_trait]
impl ServiceHandler for CodeBuild {
    fn service_name(&self) -> &'static str {
        "codebuild"
    }

    fn protocol(&self) -> Protocol {
        Protocol::AwsJson1_1
    }

    async fn handle(&self, operation: &str, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        match operation {
            "ImportSourceCredentials" => self.import(&input, ctx),
            "ListSourceCredentials" => Ok(self.list(ctx)),
            "DeleteSourceCredentials" => self.delete(&input, ctx),
            _ => Err(AwsError::unknown_operation(operation)),
        }
    }

    fn iam_checks_with_context(&self, operation: &str, input: &Value, _: &RequestContext) -> Vec<IamCheck> {
        let check = Check::new(format!("codebuild:{operation}"), "*");
        let check = match operation {
            "ImportSourceCredentials" => check
                .key("codebuild:serverType", text(input, "serverType"))
                .key("codebuild:authType", text(input, "authType"))
                .key("codebuild:username", text(input, "username"))
                .flag("codebuild:shouldOverwrite", input["shouldOverwrite"] != json!(false)),
            _ => check,
        };
        vec![check.done()]
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(&*lock(&self.credentials)).ok()
    }

    fn restore(&self, data: &[u8]) -> Result<(), String> {
        *lock(&self.credentials) = serde_json::from_slice(data).map_err(|error| error.to_string())?;
        Ok(())
    }
}
