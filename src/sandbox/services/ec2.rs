//! EC2 as far as VPCs go: each belongs to one account, and no other account sees it.

mod filter;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use awsim_core::{AwsError, IamCheck, Protocol, RequestContext, ServiceHandler};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::common::{Check, arn, error, lock, made_up, many, page, tags, text};
use filter::{Filter, canonical_cidr};

/// A VPC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Vpc {
    pub(super) id: String,
    /// The account that made it.
    pub(super) owner: String,
    pub(super) region: String,
    pub(super) cidr: String,
    pub(super) dns_support: bool,
    pub(super) dns_hostnames: bool,
    pub(super) tags: BTreeMap<String, String>,
}

/// Every account's VPCs, by id. Cheap to clone; the clones are one.
#[derive(Clone, Debug, Default)]
pub(super) struct Vpcs(Arc<Mutex<BTreeMap<String, Vpc>>>);

impl Vpcs {
    /// The VPC of this id, whoever owns it.
    pub(super) fn get(&self, id: &str) -> Option<Vpc> {
        lock(&self.0).get(id).cloned()
    }

    /// `(account, line)` of each VPC.
    pub(super) fn inventory(&self) -> Vec<(String, String)> {
        let line = |vpc: Vpc| {
            let dns = format!("dns support {} hostnames {}", vpc.dns_support, vpc.dns_hostnames);
            (vpc.owner, format!("ec2 vpc {} in {} {dns}", vpc.id, vpc.region))
        };
        self.all().into_iter().map(line).collect()
    }

    /// All of them, by id.
    fn all(&self) -> Vec<Vpc> {
        lock(&self.0).values().cloned().collect()
    }

    /// Adds one; none may be there with its id.
    pub(super) fn add(&self, vpc: Vpc) -> Result<(), String> {
        let mut vpcs = lock(&self.0);
        if vpcs.contains_key(&vpc.id) {
            return Err(format!("{} is there already", vpc.id));
        }
        vpcs.insert(vpc.id.clone(), vpc);
        Ok(())
    }

    /// Lets `change` work on a VPC of the caller's in the call's region.
    fn own<T>(&self, ctx: &RequestContext, id: &str, change: impl FnOnce(&mut Vpc) -> T) -> Result<T, AwsError> {
        lock(&self.0).get_mut(id).filter(|vpc| sees(ctx, vpc)).map(change).ok_or_else(|| not_found(id))
    }
}

fn sees(ctx: &RequestContext, vpc: &Vpc) -> bool {
    vpc.owner == ctx.account_id && vpc.region == ctx.region
}

fn not_found(id: &str) -> AwsError {
    error(400, "InvalidVpcID.NotFound", format!("The vpc ID '{id}' does not exist"))
}

/// The EC2 service.
pub(super) struct Ec2 {
    vpcs: Vpcs,
}

impl Ec2 {
    /// `vpcs` is shared with Route 53.
    pub(super) fn new(vpcs: Vpcs) -> Self {
        Self { vpcs }
    }

    fn create(&self, input: &Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let cidr = needed(input, "CidrBlock")?;
        let cidr = canonical_cidr(cidr)
            .ok_or_else(|| {
                error(400, "InvalidParameterValue", format!("Value ({cidr}) for parameter cidrBlock is invalid."))
            })?
            .ok_or_else(|| error(400, "InvalidVpc.Range", format!("The CIDR '{cidr}' is invalid.")))?;
        let vpc = Vpc {
            id: format!("vpc-{}", made_up(17).to_lowercase()),
            owner: ctx.account_id.clone(),
            region: ctx.region.clone(),
            cidr,
            dns_support: true,
            dns_hostnames: false,
            tags: new_tags(input).into_iter().collect(),
        };
        let answer = json!({ "vpc": value(&vpc) });
        self.vpcs.add(vpc).map_err(|message| error(500, "InternalError", message))?;
        Ok(answer)
    }

    fn delete(&self, input: &Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let id = needed(input, "VpcId")?;
        self.vpcs.own(ctx, id, |_| ())?;
        lock(&self.vpcs.0).remove(id);
        Ok(json!({ "return": true }))
    }

    fn describe(&self, input: &Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let ids: Vec<&str> = many(input.get("VpcId")).into_iter().filter_map(Value::as_str).collect();
        let own: Vec<Vpc> = self.vpcs.all().into_iter().filter(|vpc| sees(ctx, vpc)).collect();
        if let Some(id) = ids.iter().find(|id| !own.iter().any(|vpc| vpc.id == **id)) {
            return Err(not_found(id));
        }
        let filters = many(input.get("Filter")).into_iter().map(Filter::read).collect::<Result<Vec<_>, _>>()?;
        let chosen: Vec<Vpc> = own
            .into_iter()
            .filter(|vpc| ids.is_empty() || ids.contains(&vpc.id.as_str()))
            .filter(|vpc| filters.iter().all(|filter| filter.takes(vpc)))
            .collect();
        let max = text(input, "MaxResults").and_then(|max| max.parse().ok()).unwrap_or(1000);
        let (shown, next) = page(&chosen, |vpc| vpc.id.clone(), text(input, "NextToken"), max)
            .ok_or_else(|| error(400, "InvalidNextToken", "The token is not valid."))?;
        let mut answer = json!({ "vpcSet": { "item": shown.iter().map(value).collect::<Vec<_>>() } });
        if let Some(next) = next {
            answer["nextToken"] = json!(next);
        }
        Ok(answer)
    }

    fn attribute(&self, input: &Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let (id, attribute) = (needed(input, "VpcId")?, needed(input, "Attribute")?);
        let (support, hostnames) = self.vpcs.own(ctx, id, |vpc| (vpc.dns_support, vpc.dns_hostnames))?;
        let on = match attribute {
            "enableDnsSupport" => support,
            "enableDnsHostnames" => hostnames,
            "enableNetworkAddressUsageMetrics" => false,
            _ => {
                return Err(error(
                    400,
                    "InvalidParameterValue",
                    format!("Value ({attribute}) for parameter attribute is invalid."),
                ));
            }
        };
        let mut answer = json!({ "vpcId": id });
        answer[attribute] = json!({ "value": on });
        Ok(answer)
    }

    fn modify(&self, input: &Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let id = needed(input, "VpcId")?;
        let said = |field: &str| text(&input[field], "Value").map(|value| value == "true");
        let (support, hostnames) = (said("EnableDnsSupport"), said("EnableDnsHostnames"));
        if support.is_some() && hostnames.is_some() {
            return Err(error(400, "InvalidParameterCombination", "Only one attribute can be modified at a time."));
        }
        self.vpcs.own(ctx, id, |vpc| {
            if hostnames == Some(true) && !vpc.dns_support {
                return Err(error(400, "InvalidParameterCombination", "DNS hostnames need DNS support."));
            }
            vpc.dns_support = support.unwrap_or(vpc.dns_support);
            vpc.dns_hostnames = hostnames.unwrap_or(vpc.dns_hostnames);
            Ok(json!({ "return": true }))
        })?
    }

    fn tag(&self, input: &Value, ctx: &RequestContext, remove: bool) -> Result<Value, AwsError> {
        let given = many(input.get("Tag"));
        for id in many(input.get("ResourceId")).into_iter().filter_map(Value::as_str) {
            self.vpcs.own(ctx, id, |vpc| {
                if !remove {
                    vpc.tags.extend(tags(input.get("Tag")));
                } else if given.is_empty() {
                    vpc.tags.clear();
                } else {
                    for tag in &given {
                        let (key, value) = (text(tag, "Key").unwrap_or_default(), tag["Value"].as_str());
                        if value.is_none_or(|value| vpc.tags.get(key).is_some_and(|held| held == value)) {
                            vpc.tags.remove(key);
                        }
                    }
                }
            })?;
        }
        Ok(json!({ "return": true }))
    }

    fn list_tags(&self, input: &Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let filters = many(input.get("Filter")).into_iter().map(Filter::read).collect::<Result<Vec<_>, _>>()?;
        let mut items = Vec::new();
        for vpc in self.vpcs.all().iter().filter(|vpc| sees(ctx, vpc)) {
            for (key, value) in &vpc.tags {
                if filters.iter().all(|filter| filter.takes_tag(&vpc.id, key, value)) {
                    items.push(json!({ "resourceId": vpc.id, "resourceType": "vpc", "key": key, "value": value }));
                }
            }
        }
        Ok(json!({ "tagSet": { "item": items } }))
    }
}

/// As `Vpc` in answers.
fn value(vpc: &Vpc) -> Value {
    let tags: Vec<Value> = vpc.tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
    json!({
        "vpcId": vpc.id,
        "ownerId": vpc.owner,
        "state": "available",
        "cidrBlock": vpc.cidr,
        "dhcpOptionsId": "default",
        "instanceTenancy": "default",
        "isDefault": false,
        "tagSet": { "item": tags },
    })
}

/// The tags that a create call gives to the new VPC.
fn new_tags(input: &Value) -> Vec<(String, String)> {
    let specs = many(input.get("TagSpecification"));
    specs
        .iter()
        .filter(|spec| text(spec, "ResourceType") == Some("vpc"))
        .flat_map(|spec| tags(spec.get("Tag")))
        .collect()
}

fn needed<'a>(input: &'a Value, field: &str) -> Result<&'a str, AwsError> {
    text(input, field)
        .ok_or_else(|| error(400, "MissingParameter", format!("The request must contain the parameter {field}")))
}

#[async_trait]
impl ServiceHandler for Ec2 {
    fn service_name(&self) -> &'static str {
        "ec2"
    }

    fn protocol(&self) -> Protocol {
        Protocol::Ec2Query
    }

    async fn handle(&self, operation: &str, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        if text(&input, "DryRun") == Some("true") {
            return Err(error(412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set."));
        }
        match operation {
            "CreateVpc" => self.create(&input, ctx),
            "DeleteVpc" => self.delete(&input, ctx),
            "DescribeVpcs" => self.describe(&input, ctx),
            "DescribeVpcAttribute" => self.attribute(&input, ctx),
            "ModifyVpcAttribute" => self.modify(&input, ctx),
            "CreateTags" => self.tag(&input, ctx, false),
            "DeleteTags" => self.tag(&input, ctx, true),
            "DescribeTags" => self.list_tags(&input, ctx),
            _ => Err(error(400, "InvalidAction", format!("The action {operation} is not valid for this web service."))),
        }
    }

    fn iam_checks_with_context(&self, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<IamCheck> {
        let action = format!("ec2:{operation}");
        let on = |action: &str, id: &str| {
            let check = Check::new(action, arn(ctx, "ec2", &format!("vpc/{id}")));
            match self.vpcs.get(id).filter(|vpc| sees(ctx, vpc)) {
                Some(vpc) => check.resource_tags("ec2", &vpc.tags),
                None => check,
            }
        };
        match operation {
            "CreateVpc" => {
                let tags = new_tags(input);
                let mut checks = vec![on(&action, "*").request_tags(&tags).done()];
                if !tags.is_empty() {
                    checks.push(
                        on("ec2:CreateTags", "*").request_tags(&tags).key("ec2:CreateAction", Some(operation)).done(),
                    );
                }
                checks
            }
            "DeleteVpc" | "ModifyVpcAttribute" => vec![on(&action, text(input, "VpcId").unwrap_or("*")).done()],
            "CreateTags" | "DeleteTags" => {
                let ids = many(input.get("ResourceId")).into_iter().filter_map(Value::as_str);
                ids.map(|id| on(&action, id).request_tags(&tags(input.get("Tag"))).done()).collect()
            }
            _ => vec![Check::new(action, "*").done()],
        }
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(&*lock(&self.vpcs.0)).ok()
    }

    fn restore(&self, data: &[u8]) -> Result<(), String> {
        *lock(&self.vpcs.0) = serde_json::from_slice(data).map_err(|error| error.to_string())?;
        Ok(())
    }
}
