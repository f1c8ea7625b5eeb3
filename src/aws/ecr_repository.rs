//! An ECR repository: looked at by name, made with its tags in one call, never emptied without being asked to.

use async_trait::async_trait;
use aws_sdk_ecr::types::{ImageScanningConfiguration, ImageTagMutability, Repository as Described, Tag};
use futures::try_join;
use serde_json::Value;

use super::asked::{Asked, Tags, gone, may_be_there, wrong};
use super::hand::Hand;
use super::permission::{Reach, Statement, gets_marked, is_marked};
use super::session::Sessions;
use super::tags;
use crate::engine::cloud::Work;
use crate::engine::{Ask, CloudError, Progress, Resource};
use crate::model::resource::{EcrRepository as RepositorySpec, TagMutability};
use crate::model::{Contents, Observed, Outputs, RoleKind, Spec};

/// See [`RepositorySpec`].
pub struct EcrRepository {
    asked: Asked,
    spec: RepositorySpec,
}

/// What each role needs for repositories (Service Authorization Reference, Amazon ECR). Making one with tags asks for
/// `ecr:TagResource`; removing one by force asks for no right on its images.
pub(super) fn permissions(role: RoleKind, reach: &Reach<'_>, spec: Option<&RepositorySpec>) -> Vec<Statement> {
    let name = spec.map_or_else(|| reach.project_names(), |spec| spec.name.clone());
    let arn = reach.arn("ecr", &format!("repository/{name}"));
    let allow = |sid, actions: &[&str]| vec![Statement::new(sid, actions, &[&arn])];
    match role {
        RoleKind::Reader => allow(
            "EcrRepositoryRead",
            &["ecr:DescribeRepositories", "ecr:ListTagsForResource", "ecr:GetLifecyclePolicy", "ecr:ListImages"],
        ),
        RoleKind::Writer => vec![
            Statement::new("EcrRepositoryMark", &["ecr:CreateRepository", "ecr:TagResource"], &[&arn])
                .when(gets_marked()),
            Statement::new(
                "EcrRepositoryWrite",
                &[
                    "ecr:PutImageTagMutability",
                    "ecr:PutImageScanningConfiguration",
                    "ecr:PutLifecyclePolicy",
                    "ecr:DeleteLifecyclePolicy",
                    "ecr:DeleteRepository",
                ],
                &[&arn],
            )
            .when(is_marked()),
        ],
        RoleKind::Authoriser | RoleKind::SecretReader | RoleKind::Auditor => Vec::new(),
    }
}

impl EcrRepository {
    /// The repository that `ask` means; `spec` is the ask's. Makes no call.
    pub fn new(sessions: &Sessions, ask: Ask, spec: RepositorySpec) -> Self {
        Self { asked: Asked::new(sessions.clone(), ask), spec }
    }

    /// What a step of it needs, so that sessions can be opened ahead.
    pub fn hands(&self) -> Vec<Hand> {
        vec![self.asked.reader(), self.writer()]
    }

    fn arn(&self) -> String {
        self.asked.arn("ecr", &format!("repository/{}", self.spec.name))
    }

    fn writer(&self) -> Hand {
        let statements = permissions(RoleKind::Writer, &self.asked.reach(), Some(&self.spec));
        self.asked.sessions.writer(&self.asked.ask, &statements)
    }

    /// The registry is the account. It is named in every call, so that a session of another account is refused.
    fn registry(&self) -> &str {
        self.asked.ask.place.account.as_str()
    }

    async fn look(&self) -> Result<Observed, CloudError> {
        let hand = self.asked.reader();
        let Some(described) = self.describe(&hand).await? else {
            return Ok(Observed::Absent);
        };
        let (tags, lifecycle, contents) =
            try_join!(self.tags(&hand), self.lifecycle(&hand), self.contents_to_lose(&hand))?;
        let spec = Spec::EcrRepository(seen(&self.spec, &described, lifecycle));
        let outputs = self.outputs(&described);
        Ok(match self.asked.stranger(&tags) {
            Some(owner) => Observed::Foreign { owner, spec: Some(spec), outputs },
            None => Observed::Ours { spec, outputs, contents },
        })
    }

    fn outputs(&self, described: &Described) -> Outputs {
        let mut outputs = Outputs::from([("arn".to_owned(), self.arn())]);
        outputs.extend(described.repository_uri().map(|uri| ("uri".to_owned(), uri.to_owned())));
        outputs
    }

    async fn describe(&self, hand: &Hand) -> Result<Option<Described>, CloudError> {
        let call = hand.ecr().describe_repositories().registry_id(self.registry()).repository_names(&self.spec.name);
        match hand.call("ecr:DescribeRepositories", &self.arn(), call.send()).await {
            Ok(answer) => match answer.repositories.unwrap_or_default().into_iter().next() {
                Some(described) => Ok(Some(described)),
                None => Err(wrong(format!("ECR described no repository when asked for {}", self.spec.name))),
            },
            Err(refused) if refused.is("RepositoryNotFoundException") => Ok(None),
            Err(refused) => Err(refused.into()),
        }
    }

    async fn tags(&self, hand: &Hand) -> Result<Tags, CloudError> {
        let call = hand.ecr().list_tags_for_resource().resource_arn(self.arn());
        let answer = hand.call("ecr:ListTagsForResource", &self.arn(), call.send()).await?;
        Ok(answer.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect())
    }

    /// The lifecycle policy's text; none if there is none, and not looked at if it is not managed.
    async fn lifecycle(&self, hand: &Hand) -> Result<Option<String>, CloudError> {
        if self.spec.lifecycle_policy.is_none() {
            return Ok(None);
        }
        let call = hand.ecr().get_lifecycle_policy().registry_id(self.registry()).repository_name(&self.spec.name);
        match hand.call("ecr:GetLifecyclePolicy", &self.arn(), call.send()).await {
            Ok(answer) => Ok(answer.lifecycle_policy_text),
            Err(refused) if refused.is("LifecyclePolicyNotFoundException") => Ok(None),
            Err(refused) => Err(refused.into()),
        }
    }

    /// How much would be lost with it, where it is to be removed.
    async fn contents_to_lose(&self, hand: &Hand) -> Result<Contents, CloudError> {
        if self.asked.ask.removing { self.contents(hand).await } else { Ok(Contents::new()) }
    }

    async fn contents(&self, hand: &Hand) -> Result<Contents, CloudError> {
        let (mut count, mut next) = (0, None);
        loop {
            let call = hand
                .ecr()
                .list_images()
                .registry_id(self.registry())
                .repository_name(&self.spec.name)
                .max_results(1000)
                .set_next_token(next);
            let answer = hand.call("ecr:ListImages", &self.arn(), call.send()).await?;
            count += answer.image_ids().len() as u64;
            next = answer.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                break;
            }
        }
        Ok(if count == 0 { Contents::new() } else { Contents::from([("images".to_owned(), count)]) })
    }

    async fn create(&self) -> Result<Progress, CloudError> {
        let arn = self.arn();
        let hand = self.writer();
        let call = hand
            .ecr()
            .create_repository()
            .registry_id(self.registry())
            .repository_name(&self.spec.name)
            .image_tag_mutability(mutability(self.spec.tag_mutability))
            .image_scanning_configuration(scanning(self.spec.scan_on_push))
            .set_tags(Some(self.marks()?));
        let outputs = match hand.call("ecr:CreateRepository", &arn, call.send()).await {
            Ok(answer) => answer.repository.map(|made| self.outputs(&made)).unwrap_or_default(),
            Err(refused) if may_be_there(&refused, "RepositoryAlreadyExistsException") => {
                return self.after_lost_create(refused.into()).await;
            }
            Err(refused) => return Err(refused.into()),
        };
        if let Some(text) = self.spec.lifecycle_policy.as_deref().filter(|text| !text.is_empty()) {
            self.put_lifecycle(&hand, text).await?;
        }
        Ok(Progress::Done(outputs))
    }

    /// It was there although it was not seen, or the answer was lost: what is ours is converged.
    async fn after_lost_create(&self, refused: CloudError) -> Result<Progress, CloudError> {
        match self.look().await? {
            Observed::Ours { spec: Spec::EcrRepository(found), outputs, .. } => {
                self.converge(&different(&self.spec, &found), false).await?;
                Ok(Progress::Done(outputs))
            }
            Observed::Foreign { owner, .. } => Err(self.asked.not_ours(&owner)),
            _ => Err(refused),
        }
    }

    async fn converge(&self, fields: &[&str], mark: bool) -> Result<(), CloudError> {
        if fields.is_empty() && !mark {
            return Ok(());
        }
        let arn = self.arn();
        let hand = self.writer();
        if mark {
            let call = hand.ecr().tag_resource().resource_arn(&arn).set_tags(Some(self.marks()?));
            hand.call("ecr:TagResource", &arn, call.send()).await?;
        }
        for field in fields {
            self.change(&hand, field).await?;
        }
        Ok(())
    }

    async fn change(&self, hand: &Hand, field: &str) -> Result<(), CloudError> {
        let (ecr, arn, name) = (hand.ecr(), self.arn(), &self.spec.name);
        match field {
            "tag_mutability" => {
                let call = ecr
                    .put_image_tag_mutability()
                    .registry_id(self.registry())
                    .repository_name(name)
                    .image_tag_mutability(mutability(self.spec.tag_mutability));
                hand.call("ecr:PutImageTagMutability", &arn, call.send()).await?;
            }
            "scan_on_push" => {
                let call = ecr
                    .put_image_scanning_configuration()
                    .registry_id(self.registry())
                    .repository_name(name)
                    .image_scanning_configuration(scanning(self.spec.scan_on_push));
                hand.call("ecr:PutImageScanningConfiguration", &arn, call.send()).await?;
            }
            "lifecycle_policy" => match self.spec.lifecycle_policy.as_deref() {
                Some("") => {
                    let call = ecr.delete_lifecycle_policy().registry_id(self.registry()).repository_name(name);
                    match hand.call("ecr:DeleteLifecyclePolicy", &arn, call.send()).await {
                        Err(refused) if !refused.is("LifecyclePolicyNotFoundException") => return Err(refused.into()),
                        _ => {}
                    }
                }
                Some(text) => self.put_lifecycle(hand, text).await?,
                None => {}
            },
            other => return Err(wrong(format!("an ECR repository's {other} cannot be changed"))),
        }
        Ok(())
    }

    async fn put_lifecycle(&self, hand: &Hand, text: &str) -> Result<(), CloudError> {
        let call = hand
            .ecr()
            .put_lifecycle_policy()
            .registry_id(self.registry())
            .repository_name(&self.spec.name)
            .lifecycle_policy_text(text);
        hand.call("ecr:PutLifecyclePolicy", &self.arn(), call.send()).await?;
        Ok(())
    }

    fn marks(&self) -> Result<Vec<Tag>, CloudError> {
        tags::marks(&self.asked.ask)
            .into_iter()
            .map(|(key, value)| Tag::builder().key(key).value(value).build().map_err(|error| wrong(error.to_string())))
            .collect()
    }
}

#[async_trait]
impl Resource for EcrRepository {
    async fn observe(&self) -> Result<Observed, CloudError> {
        Ok(self.asked.saw(self.look().await?))
    }

    async fn apply(&self, work: &Work) -> Result<Progress, CloudError> {
        match work {
            Work::Create => self.create().await,
            Work::Converge { changes, adopt } => {
                let outputs = self.asked.may_change(self.asked.seen_or(self.look()).await?, *adopt)?;
                let fields: Vec<&str> = changes.iter().map(|change| change.field.as_str()).collect();
                self.converge(&fields, *adopt).await?;
                Ok(Progress::Done(outputs))
            }
        }
    }

    async fn remove(&self, delete_data: bool) -> Result<Progress, CloudError> {
        let Some((_, contents)) = self.asked.may_remove(self.asked.seen_or(self.look()).await?)? else {
            return Ok(gone());
        };
        if !delete_data && !contents.is_empty() {
            return Err(self.asked.holds_data(&contents));
        }
        let arn = self.arn();
        let hand = self.writer();
        let call = hand
            .ecr()
            .delete_repository()
            .registry_id(self.registry())
            .repository_name(&self.spec.name)
            .force(delete_data);
        match hand.call("ecr:DeleteRepository", &arn, call.send()).await {
            Ok(_) => Ok(gone()),
            Err(refused) if refused.is("RepositoryNotFoundException") => Ok(gone()),
            Err(refused) if refused.is("RepositoryNotEmptyException") => {
                // An image was pushed since the look.
                Err(self.asked.holds_data(&self.contents(&self.asked.reader()).await?))
            }
            Err(refused) => Err(refused.into()),
        }
    }
}

/// The repository in the words of its spec. Where ECR lets some tags be pushed again and others not, some may be.
fn seen(desired: &RepositorySpec, described: &Described, lifecycle: Option<String>) -> RepositorySpec {
    let immutable = described.image_tag_mutability() == Some(&ImageTagMutability::Immutable);
    RepositorySpec {
        name: desired.name.clone(),
        tag_mutability: if immutable { TagMutability::Immutable } else { TagMutability::Mutable },
        scan_on_push: described.image_scanning_configuration().is_some_and(ImageScanningConfiguration::scan_on_push),
        lifecycle_policy: match (&desired.lifecycle_policy, lifecycle) {
            (Some(wanted), Some(found)) if same_json(wanted, &found) => Some(wanted.clone()),
            (Some(wanted), None) if wanted.is_empty() => Some(String::new()),
            (_, found) => found,
        },
    }
}

/// Whether two texts are the same JSON.
fn same_json(one: &str, other: &str) -> bool {
    let json = |text| serde_json::from_str::<Value>(text).ok();
    json(one).is_some_and(|one| Some(one) == json(other))
}

/// The fields in which what was found differs from what it should be.
fn different(desired: &RepositorySpec, found: &RepositorySpec) -> Vec<&'static str> {
    let fields = [
        ("tag_mutability", desired.tag_mutability != found.tag_mutability),
        ("scan_on_push", desired.scan_on_push != found.scan_on_push),
        ("lifecycle_policy", desired.lifecycle_policy.is_some() && desired.lifecycle_policy != found.lifecycle_policy),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
}

fn mutability(wanted: TagMutability) -> ImageTagMutability {
    match wanted {
        TagMutability::Mutable => ImageTagMutability::Mutable,
        TagMutability::Immutable => ImageTagMutability::Immutable,
    }
}

fn scanning(on_push: bool) -> ImageScanningConfiguration {
    ImageScanningConfiguration::builder().scan_on_push(on_push).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desired(lifecycle_policy: Option<&str>) -> RepositorySpec {
        RepositorySpec {
            name: "project-x-dev-algorithm".to_owned(),
            tag_mutability: TagMutability::Immutable,
            scan_on_push: true,
            lifecycle_policy: lifecycle_policy.map(str::to_owned),
        }
    }

    fn described(mutability: ImageTagMutability, scan: bool) -> Described {
        Described::builder().image_tag_mutability(mutability).image_scanning_configuration(scanning(scan)).build()
    }

    #[test]
    fn a_lifecycle_policy_is_compared_as_json_and_only_where_it_is_managed() {
        let there = r#"{ "rules": [ {"rulePriority": 1} ] }"#.to_owned();
        let cases = [
            (None, None, vec![]),
            (Some(r#"{"rules":[{"rulePriority":1}]}"#), Some(there.clone()), vec![]),
            (Some(r#"{"rules":[{"rulePriority":2}]}"#), Some(there.clone()), vec!["lifecycle_policy"]),
            (Some(r#"{"rules":[{"rulePriority":2}]}"#), None, vec!["lifecycle_policy"]),
            (Some(""), None, vec![]),
            (Some(""), Some(there), vec!["lifecycle_policy"]),
        ];
        for (wanted, found, differs) in cases {
            let desired = desired(wanted);
            let seen = seen(&desired, &described(ImageTagMutability::Immutable, true), found.clone());
            assert_eq!(different(&desired, &seen), differs, "{wanted:?} against {found:?}");
            assert_eq!(desired == seen, differs.is_empty(), "the diff of the plan says the same");
        }
    }

    #[test]
    fn exceptions_from_immutable_tags_are_a_difference() {
        let desired = desired(None);
        let seen = seen(&desired, &described(ImageTagMutability::ImmutableWithExclusion, false), None);
        assert_eq!(different(&desired, &seen), ["tag_mutability", "scan_on_push"]);
    }
}
