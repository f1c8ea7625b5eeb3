//! Every kind against the local AWS: made, kept, made twice, removed twice, foreign, forbidden, throttled, and every call of it lost.

mod checkpoints;
mod ecr_repository;
mod faults;
mod s3_bucket;
mod secret_copy;
mod source_credential;
pub mod ssm_parameter;
pub mod zone_association;

use genkan::engine::Ask;
use genkan::model::Spec;
use genkan::model::plan::Scope;
use genkan::model::resource::{
    AuthType, BucketEncryption, CorsRule, EcrRepository, ObjectOwnership, S3Bucket, SecretCopy, ServerType,
    SourceCredential, TagMutability,
};

use crate::world::{TOKEN, ask};

pub fn repository() -> EcrRepository {
    EcrRepository {
        name: "project-x-dev-algorithm".to_owned(),
        tag_mutability: TagMutability::Immutable,
        scan_on_push: true,
        lifecycle_policy: None,
    }
}

pub fn bucket() -> S3Bucket {
    let all = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    S3Bucket {
        name: "project-x-dev".to_owned(),
        object_ownership: ObjectOwnership::BucketOwnerEnforced,
        block_public_access: true,
        encryption: BucketEncryption::Aes256,
        versioning: None,
        cors: vec![CorsRule {
            allowed_headers: all(&["*"]),
            allowed_methods: all(&["GET", "PUT"]),
            allowed_origins: all(&["*"]),
            expose_headers: vec![],
            max_age_seconds: Some(3000),
        }],
    }
}

pub fn copy() -> SecretCopy {
    SecretCopy { name: TOKEN.to_owned(), source: None, current: true }
}

pub fn credential() -> SourceCredential {
    SourceCredential {
        server_type: ServerType::Github,
        auth_type: AuthType::PersonalAccessToken,
        secret: TOKEN.to_owned(),
        current: true,
    }
}

pub fn ecr(spec: EcrRepository) -> Ask {
    ask(Spec::EcrRepository(spec), Scope::Project)
}

pub fn s3(spec: S3Bucket) -> Ask {
    ask(Spec::S3Bucket(spec), Scope::Project)
}

pub fn secret(spec: SecretCopy) -> Ask {
    ask(Spec::SecretCopy(spec), Scope::Account)
}

pub fn slot(spec: SourceCredential) -> Ask {
    ask(Spec::SourceCredential(spec), Scope::Account)
}
