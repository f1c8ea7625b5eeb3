//! How fast AWS may be called: token buckets per account, service and action.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

/// A token bucket: a call takes a token, `burst` tokens at the most are at hand, `per_second` come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// How many calls may be made at once.
    #[schemars(range(min = 1))]
    pub burst: u32,
    /// How many a second after that.
    #[schemars(range(min = 1))]
    pub per_second: u32,
}

/// One service's buckets. A call takes a token from the account's bucket and from its action's, if it has one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceLimits {
    /// All calls of an account to this service together.
    pub account: Bucket,
    /// The calls of one action, by its name in the API; `*` is each action that is not named.
    pub actions: BTreeMap<String, Bucket>,
}

/// `[limits.SERVICE]` as it is written: what is left out keeps its default.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ServiceLimits")]
struct Written {
    /// All calls of an account to this service together.
    #[serde(default)]
    account: Option<Bucket>,
    /// The calls of one action, by its name in the API; `*` is each action that is not named.
    #[serde(default)]
    actions: BTreeMap<String, Bucket>,
}

/// `[limits]`: by service, as in [`Limits::SERVICES`]; `*` is each that is not named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Limits(pub BTreeMap<String, ServiceLimits>);

impl JsonSchema for Limits {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Limits".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let service = generator.subschema_for::<Written>();
        let services: serde_json::Map<String, serde_json::Value> =
            Self::SERVICES.iter().map(|name| ((*name).to_owned(), service.clone().to_value())).collect();
        json_schema!({
            "type": "object",
            "description": "By service; `*` is each service that is not named. What is left out keeps its default.",
            "properties": services,
            "additionalProperties": false,
        })
    }
}

impl<'de> Deserialize<'de> for Limits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut limits = Self::default();
        // `*` sorts before every name, so a service that is named without an account's bucket gets the written `*`.
        for (service, Written { account, actions }) in BTreeMap::<String, Written>::deserialize(deserializer)? {
            let other = limits.0["*"].account;
            let entry =
                limits.0.entry(service).or_insert_with(|| ServiceLimits { account: other, actions: BTreeMap::new() });
            entry.account = account.unwrap_or(entry.account);
            entry.actions.extend(actions);
        }
        Ok(limits)
    }
}

impl Default for Limits {
    /// Route 53's two levels as documented (Developer Guide, throttling of API requests); SSM's shared 40 a second;
    /// Secrets Manager's 50 writes a second; for the rest 20 a second, which no account's default quota is below.
    fn default() -> Self {
        let service = |burst, per_second, actions: &[(&str, u32, u32)]| ServiceLimits {
            account: Bucket { burst, per_second },
            actions: actions
                .iter()
                .map(|&(action, burst, per_second)| (action.to_owned(), Bucket { burst, per_second }))
                .collect(),
        };
        Self(BTreeMap::from([
            (
                "route53".to_owned(),
                service(
                    50,
                    10,
                    &[
                        ("AssociateVPCWithHostedZone", 20, 5),
                        ("DisassociateVPCFromHostedZone", 10, 5),
                        ("CreateHostedZone", 40, 2),
                        ("DeleteHostedZone", 40, 5),
                        ("*", 50, 10),
                    ],
                ),
            ),
            ("ssm".to_owned(), service(40, 40, &[])),
            ("secretsmanager".to_owned(), service(50, 50, &[])),
            ("*".to_owned(), service(40, 20, &[])),
        ]))
    }
}

impl Limits {
    /// The services that the tool calls, as `[limits]` names them.
    pub const SERVICES: [&'static str; 11] =
        ["*", "codebuild", "ec2", "ecr", "iam", "kms", "route53", "s3", "secretsmanager", "ssm", "sts"];

    /// The buckets that a call takes a token from: the account's, and its action's.
    pub fn of(&self, service: &str, action: &str) -> (Option<Bucket>, Option<Bucket>) {
        let Some(limits) = self.0.get(service).or_else(|| self.0.get("*")) else {
            return (None, None);
        };
        (Some(limits.account), limits.actions.get(action).or_else(|| limits.actions.get("*")).copied())
    }
}
