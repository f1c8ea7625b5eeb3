//! An SSM parameter that somebody else writes: looked at, waited for, never written and never deleted.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ssm::types::ParameterType;

use super::hand::Hand;
use super::permission::{Reach, Statement};
use super::session::Sessions;
use crate::config::accounts::partition;
use crate::engine::cloud::Work;
use crate::engine::{Ask, CloudError, Progress, Resource};
use crate::model::resource::SsmParameter as ParameterSpec;
use crate::model::{Observed, Outputs, Owner, RoleKind, Spec};

/// How soon a parameter that is not there is looked at again: all reads of an account and region share 40 calls a second.
const AGAIN_IN: Duration = Duration::from_secs(5);

/// See [`ParameterSpec`].
pub struct SsmParameter {
    ask: Ask,
    spec: ParameterSpec,
    reader: Hand,
}

impl SsmParameter {
    /// The parameter that `ask` means. Makes no call.
    pub fn new(sessions: &Sessions, ask: Ask, spec: ParameterSpec) -> Self {
        let reader = sessions.reader(&ask);
        Self { ask, spec, reader }
    }

    /// What a step of it will need.
    pub fn hands(&self) -> Vec<Hand> {
        vec![self.reader.clone()]
    }

    /// The parameter's value and version; none if it is not there.
    async fn read(&self) -> Result<Option<Outputs>, CloudError> {
        let name = &self.spec.name;
        let place = &self.ask.place;
        let arn = parameter_arn(partition(&place.region), &format!("{}:{}", place.region, place.account), name);
        // Without decryption: a value that had to be decrypted would be a secret, and outputs are shown.
        let call = self.reader.ssm().get_parameter().name(name).with_decryption(false);
        let parameter = match self.reader.call("ssm:GetParameter", &arn, call.send()).await {
            Err(refused) if refused.is("ParameterNotFound") => return Ok(None),
            answer => answer?.parameter,
        };
        let Some(parameter) = parameter else {
            return Err(CloudError::Wrong { why: format!("ssm:GetParameter answered nothing for {name} in {place}") });
        };
        if parameter.r#type == Some(ParameterType::SecureString) {
            let why =
                format!("{name} in {place} is a SecureString; a plain String is expected, since its value is shown");
            return Err(CloudError::Wrong { why });
        }
        Ok(Some(Outputs::from([
            ("value".to_owned(), parameter.value.unwrap_or_default()),
            ("version".to_owned(), parameter.version.to_string()),
        ])))
    }
}

/// What each role needs for parameters; see [`super::permission`].
pub(super) fn permissions(role: RoleKind, reach: &Reach<'_>, spec: Option<&ParameterSpec>) -> Vec<Statement> {
    if role != RoleKind::Reader {
        return vec![];
    }
    let place = format!("{}:{}", reach.place.region, reach.place.account);
    let arn = parameter_arn(reach.partition(), &place, spec.map_or("/*", |spec| &spec.name));
    vec![Statement::new("ParameterLook", &["ssm:GetParameter"], &[&arn])]
}

/// A name that begins with `/` gives no double slash (Service Authorization Reference, AWS Systems Manager).
fn parameter_arn(partition: &str, place: &str, name: &str) -> String {
    format!("arn:{partition}:ssm:{place}:parameter/{}", name.trim_start_matches('/'))
}

#[async_trait]
impl Resource for SsmParameter {
    async fn observe(&self) -> Result<Observed, CloudError> {
        Ok(self.read().await?.map_or(Observed::Absent, |outputs| Observed::Foreign {
            owner: Owner::Unmarked,
            spec: Some(Spec::SsmParameter(self.spec.clone())),
            outputs,
        }))
    }

    async fn apply(&self, _work: &Work) -> Result<Progress, CloudError> {
        Ok(match self.read().await? {
            Some(outputs) => Progress::Done(outputs),
            None => Progress::Waiting { on: format!("SSM parameter {}", self.spec.name), again_in: AGAIN_IN },
        })
    }

    async fn remove(&self, _delete_data: bool) -> Result<Progress, CloudError> {
        Ok(Progress::Done(Outputs::new()))
    }
}
