//! The words of chat: one catalogue in every language, its templates filled in, everything from outside escaped.

use crate::config::Config;
use crate::model::Language;

/// What drawing needs besides what is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// Who reads it reads this.
    pub language: Language,
    /// What the operator decided: accounts' names, approvers, the server's id for links.
    pub config: &'a Config,
}
