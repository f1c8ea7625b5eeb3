//! IAM in every account: awsim's IAM once for each account, seeded, served, and read for decisions.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use awsim_core::{AwsError, PrincipalLookup, Protocol, RequestContext, ResolvedPrincipal, ServiceHandler};
use awsim_iam::authz::IamPrincipalLookup;
use awsim_iam::state::{AccessKey, IamState, Role};
use awsim_iam::{IAM_REGION, IamService};
use serde_json::{Value, json};

use super::Inventory;
use super::caller::Caller;
use super::policy::{identity_policy, trust_policy};
use super::seed::{SeedAccount, SeedRole, SeedUser};
use super::simulate;

/// The administrator that every account has, so that people can look around with the `aws` command line.
const ADMINISTRATOR: &str = "administrator";

/// The administrator's access key and secret in an account: `AKIAADMIN` and the account's id, and one secret for all.
/// They open nothing but a local AWS.
pub(crate) fn admin_credentials(account: &str) -> (String, String) {
    (format!("AKIAADMIN{account}"), "local-aws-administrator-secret-key-00000".to_owned())
}

/// IAM of all accounts.
pub(crate) struct Iam {
    accounts: BTreeMap<String, IamService>,
}

impl Iam {
    pub(crate) fn new(accounts: impl IntoIterator<Item = String>) -> Self {
        Self { accounts: accounts.into_iter().map(|account| (account, IamService::new())).collect() }
    }

    /// Makes the administrator, the roles and the users of an account.
    pub(crate) async fn seed(&self, account: &SeedAccount) -> Result<(), AwsError> {
        let (access_key, secret_key) = admin_credentials(&account.id);
        let everything =
            json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] });
        let policies = vec![("AdministratorAccess".to_owned(), everything)];
        let administrator = SeedUser { name: ADMINISTRATOR.to_owned(), access_key, secret_key, policies };
        for user in std::iter::once(&administrator).chain(&account.users) {
            self.seed_user(&account.id, user).await?;
        }
        for role in &account.roles {
            self.seed_role(&account.id, role).await?;
        }
        Ok(())
    }

    async fn seed_user(&self, account: &str, user: &SeedUser) -> Result<(), AwsError> {
        if self.user_with_key(&user.access_key).is_some() {
            let message = format!("the access key {} is somebody else's already", user.access_key);
            return Err(AwsError::conflict("EntityAlreadyExists", message));
        }
        self.run(account, "CreateUser", json!({ "UserName": user.name })).await?;
        for (name, document) in &user.policies {
            let input = json!({ "UserName": user.name, "PolicyName": name, "PolicyDocument": document.to_string() });
            self.run(account, "PutUserPolicy", input).await?;
        }
        let key = AccessKey {
            access_key_id: user.access_key.clone(),
            secret_access_key: user.secret_key.clone(),
            status: "Active".to_owned(),
            create_date: "2020-01-01T00:00:00Z".to_owned(),
        };
        if let Some(mut made) = self.state(account).and_then(|state| state.users.get_mut(&user.name).map(|u| u.clone()))
        {
            made.access_keys.push(key);
            if let Some(state) = self.state(account) {
                state.users.insert(user.name.clone(), made);
            }
        }
        Ok(())
    }

    async fn seed_role(&self, account: &str, role: &SeedRole) -> Result<(), AwsError> {
        let (path, name) = match role.name.trim_start_matches('/').rsplit_once('/') {
            Some((path, name)) => (format!("/{path}/"), name),
            None => ("/".to_owned(), role.name.as_str()),
        };
        let input = json!({
            "RoleName": name,
            "Path": path,
            "AssumeRolePolicyDocument": role.trust.to_string(),
            "MaxSessionDuration": role.max_session_seconds,
        });
        self.run(account, "CreateRole", input).await?;
        for (policy, document) in &role.policies {
            let input = json!({ "RoleName": name, "PolicyName": policy, "PolicyDocument": document.to_string() });
            self.run(account, "PutRolePolicy", input).await?;
        }
        Ok(())
    }

    async fn run(&self, account: &str, operation: &str, input: Value) -> Result<Value, AwsError> {
        let mut context = RequestContext::new("iam", IAM_REGION);
        account.clone_into(&mut context.account_id);
        self.serve(operation, input, &context).await
    }

    /// One call of the IAM API. Policy documents are held to IAM's grammar first.
    async fn serve(&self, operation: &str, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let document = |field: &str| input[field].as_str();
        if operation == "SimulatePrincipalPolicy" {
            return simulate::principal_policy(self, &input, &ctx.account_id);
        }
        match operation {
            "CreateRole" => document("AssumeRolePolicyDocument").map(trust_policy),
            "UpdateAssumeRolePolicy" => document("PolicyDocument").map(trust_policy),
            _ => document("PolicyDocument").map(identity_policy),
        }
        .transpose()?;
        self.service(&ctx.account_id)?.handle(operation, input, ctx).await
    }

    fn service(&self, account: &str) -> Result<&IamService, AwsError> {
        self.accounts.get(account).ok_or_else(|| AwsError::access_denied(format!("no account {account}")))
    }

    fn state(&self, account: &str) -> Option<Arc<IamState>> {
        Some(self.accounts.get(account)?.store().get(account, IAM_REGION))
    }

    /// The user that an active access key belongs to.
    pub(crate) fn user_with_key(&self, access_key: &str) -> Option<Caller> {
        self.accounts.keys().find_map(|account| {
            let state = self.state(account)?;
            let (user, key) = state.users.iter().find_map(|user| {
                let key =
                    user.access_keys.iter().find(|key| key.access_key_id == access_key && key.status == "Active")?;
                Some((user.value().clone(), key.clone()))
            })?;
            Some(Caller {
                account: account.clone(),
                arn: user.arn.clone(),
                user_id: user.user_id.clone(),
                principal: self.principal(&user.arn)?,
                session: None,
                secret_key: key.secret_access_key,
            })
        })
    }

    /// A user or role by its ARN, with its policies as they are now.
    pub(crate) fn principal(&self, arn: &str) -> Option<ResolvedPrincipal> {
        let service = self.accounts.get(account_of(arn)?)?;
        IamPrincipalLookup::new(service.store()).resolve_arn(arn)
    }

    /// A role by its ARN, path included.
    pub(crate) fn role(&self, arn: &str) -> Option<Role> {
        let state = self.state(account_of(arn)?)?;
        state.roles.iter().find(|role| role.arn == arn).map(|role| role.value().clone())
    }

    /// A managed policy's document by its ARN.
    pub(crate) fn managed_policy(&self, arn: &str) -> Option<String> {
        let state = self.state(account_of(arn)?)?;
        state.policies.get(arn).map(|policy| policy.policy_document.clone())
    }

    /// Adds the roles and users of every account, and the names of their policies.
    pub(crate) fn add_to(&self, inventory: &mut Inventory) {
        for account in self.accounts.keys() {
            let Some(state) = self.state(account) else { continue };
            for role in &state.roles {
                let name = format!("{}{}", role.path.trim_start_matches('/'), role.role_name);
                for policy in role.inline_policies.keys() {
                    inventory.add(account, format!("iam role-policy {name} {policy}"));
                }
                inventory.add(account, format!("iam role {name}"));
            }
            for user in &state.users {
                inventory.add(account, format!("iam user {}", user.user_name));
            }
        }
    }

    /// All accounts' IAM: account id → awsim's snapshot.
    pub(crate) fn snapshot(&self) -> Result<BTreeMap<String, Value>, String> {
        let one = |(account, service): (&String, &IamService)| {
            let bytes = service.snapshot().ok_or("IAM gave no snapshot")?;
            let value = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
            Ok((account.clone(), value))
        };
        self.accounts.iter().map(one).collect()
    }

    /// Puts a snapshot back into fresh accounts.
    pub(crate) fn restore(&self, accounts: &BTreeMap<String, Value>) -> Result<(), String> {
        accounts.iter().try_for_each(|(account, state)| {
            let service = self.accounts.get(account).ok_or_else(|| format!("no account {account}"))?;
            service.restore(state.to_string().as_bytes())
        })
    }
}

/// The account in an ARN.
pub(crate) fn account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}

/// The IAM API of whatever account the caller is in.
pub(crate) struct IamHandler(pub Arc<Iam>);

#[async_trait]
impl ServiceHandler for IamHandler {
    fn service_name(&self) -> &'static str {
        "iam"
    }

    fn protocol(&self) -> Protocol {
        Protocol::AwsQuery
    }

    async fn handle(&self, operation: &str, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let mut output = self.0.serve(operation, input, ctx).await?;
        url_encode_documents(&mut output);
        Ok(output)
    }

    /// awsim names the resources, but leaves out a role's path and gives none where a name is missing (then it is `*`).
    fn iam_checks(&self, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<(String, String)> {
        let existing_role = || {
            let name = input.get("RoleName")?.as_str()?;
            Some(self.0.state(&ctx.account_id)?.roles.get(name)?.arn.clone())
        };
        let of_awsim = || self.0.service(&ctx.account_id).ok()?.iam_resource(operation, input, ctx);
        // Simulating is allowed on whose policies are simulated (Service Authorization Reference, IAM).
        let simulated = || input.get("PolicySourceArn")?.as_str().map(str::to_owned);
        let resource = existing_role().or_else(simulated).or_else(of_awsim).unwrap_or_else(|| "*".to_owned());
        vec![(format!("iam:{operation}"), resource)]
    }
}

/// IAM returns policy documents URL-encoded (RFC 3986) [IAM API Reference, GetRole].
fn url_encode_documents(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(name, field)| match field {
            Value::String(text) if name.ends_with("PolicyDocument") || name == "Document" => {
                *text = url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
            }
            other => url_encode_documents(other),
        }),
        Value::Array(items) => items.iter_mut().for_each(url_encode_documents),
        _ => {}
    }
}
