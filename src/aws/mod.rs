//! THE OUTSIDE WORLD: AWS as the engine's [`crate::engine::Cloud`]. No SDK type leaves this room.
//!
//! [`hand`] is a session in one account under one role, through which every call goes; [`session`] opens and keeps
//! them, as `assume` says; [`error`] sorts what AWS answers; [`permission`] says what may be done, for session
//! policies and for roles alike, [`trust`] who may assume a role; [`tags`] are the marks of ownership.
//!
//! Then one file a kind, all of one shape: a struct with `new(&Sessions, Ask, ITS_SPEC)`, which takes its hands from
//! [`session::Sessions`] and makes no call; `hands(&self) -> Vec<Hand>`, what a step of it will need, so that sessions
//! can be opened ahead; `permissions`, as [`permission`] says; and [`crate::engine::Resource`].

mod asked;
mod assume;
mod checkpoints;
pub mod cloud;
pub mod ecr_repository;
pub mod error;
pub mod doctor_permissions;
mod examine;
pub mod hand;
mod hub;
mod looks;
mod identity;
pub mod permission;
pub mod rendered;
pub mod roles;
pub mod s3_bucket;
mod s3_empty;
mod s3_settings;
pub mod secret_copy;
mod secret_described;
mod secret_value;
mod secret_permissions;
pub mod session;
pub mod source_credential;
pub mod ssm_parameter;
pub mod tags;
#[cfg(test)]
mod testing;
pub mod trust;
mod watched;
pub mod zone_association;
mod zone_calls;
mod zone_permissions;
