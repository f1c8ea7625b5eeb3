//! What an account's reader looks at, each by a call that changes nothing and asks for what is not there.

use futures::future::BoxFuture;

use super::DOCTOR;
use super::account::Examined;
use crate::aws::hand::Hand;
use crate::aws::roles::roles_in_use;
use crate::model::finding::Finding;
use crate::model::{EnvironmentName, RoleKind};

impl Examined<'_> {
    /// All that the reader looks at here, none of which needs another's answer.
    pub(super) fn looks<'b>(&'b self, hand: &'b Hand) -> Vec<BoxFuture<'b, Finding>> {
        let mut looks: Vec<BoxFuture<'b, Finding>> = Vec::new();
        let in_use = roles_in_use(self.config, self.name);
        if in_use.contains(&RoleKind::SecretReader) {
            looks.push(Box::pin(self.source_secret(hand)));
        }
        if let Some(bucket) = self.config.audit.bucket.as_ref().filter(|bucket| bucket.account == self.name) {
            looks.push(Box::pin(self.object_lock(hand, bucket)));
            looks.push(Box::pin(self.versioning(hand, bucket)));
        }
        for (name, environment) in &self.config.environments {
            if environment.platform_account == self.name {
                looks.push(Box::pin(self.zone(hand, environment)));
                looks.push(Box::pin(self.room_in_zone(hand, environment)));
                looks.push(Box::pin(self.authorisations(hand, environment)));
            }
            if environment.account.iter().chain(environment.accounts.values()).any(|account| account == self.name) {
                looks.push(Box::pin(self.parameter(hand, name)));
            }
        }
        if in_use.contains(&RoleKind::Writer) {
            looks.push(Box::pin(self.credentials(hand)));
            looks.push(Box::pin(self.repository(hand)));
            looks.push(Box::pin(self.buckets(hand)));
        }
        looks
    }

    /// What a project's name could be, for asking after things that are not there.
    fn nobody(&self) -> String {
        format!("{}{DOCTOR}", self.config.names.project_prefix)
    }

    async fn parameter(&self, hand: &Hand, environment: &EnvironmentName) -> Finding {
        let (action, name) = ("ssm:GetParameter", format!("/{environment}/{}/vpc-id", self.nobody()));
        let call = hand.ssm().get_parameter().name(&name);
        self.permitted(action, &name, self.look(hand, action, &name, &["ParameterNotFound"], call.send()).await)
    }

    async fn credentials(&self, hand: &Hand) -> Finding {
        let action = "codebuild:ListSourceCredentials";
        let call = hand.codebuild().list_source_credentials();
        self.permitted(action, "*", self.look(hand, action, "*", &[], call.send()).await)
    }

    async fn repository(&self, hand: &Hand) -> Finding {
        let (action, name) = ("ecr:DescribeRepositories", self.nobody());
        let call = hand.ecr().describe_repositories().repository_names(&name);
        let absent = ["RepositoryNotFoundException"];
        self.permitted(action, &name, self.look(hand, action, &name, &absent, call.send()).await)
    }

    async fn buckets(&self, hand: &Hand) -> Finding {
        let action = "s3:ListAllMyBuckets";
        let call = hand.s3().list_buckets().max_buckets(1);
        self.permitted(action, "*", self.look(hand, action, "*", &[], call.send()).await)
    }
}
