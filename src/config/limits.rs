//! How fast AWS may be called: token buckets per account, service and action.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceLimits {
    /// All calls of an account to this service together.
    pub account: Bucket,
    /// The calls of one action, by its name in the API; `*` is each action that is not named.
    #[serde(default)]
    pub actions: BTreeMap<String, Bucket>,
}

/// `[limits]`: by service, as `route53`, `s3`, `ecr`, `secretsmanager`, `ssm`, `codebuild`, `ec2`, `sts`; `*` is each that is not named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Limits(pub BTreeMap<String, ServiceLimits>);

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
    /// The buckets that a call takes a token from: the account's, and its action's.
    pub fn of(&self, service: &str, action: &str) -> (Option<Bucket>, Option<Bucket>) {
        let Some(limits) = self.0.get(service).or_else(|| self.0.get("*")) else {
            return (None, None);
        };
        (Some(limits.account), limits.actions.get(action).or_else(|| limits.actions.get("*")).copied())
    }
}
