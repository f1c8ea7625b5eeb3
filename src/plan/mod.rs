//! THINKING: what is to be done. Pure: from what is wanted and what was seen, a [`crate::model::Plan`].
//!
//! [`blueprint`] says what a project of a kind is given; [`diff`] compares; [`decide`] says what is done to one
//! resource, at planning and again before the step starts; [`order`] puts the steps in order; [`build`] puts it together.

pub mod blueprint;
pub mod build;
pub mod decide;
pub mod diff;
pub mod order;
