//! Genkan (玄関) lets a project into a multi-account AWS platform, and shows it out again.

pub mod aws;
pub mod config;
pub mod engine;
pub mod model;
pub mod plan;
pub mod policy;
#[cfg(feature = "sandbox")]
pub mod sandbox;
