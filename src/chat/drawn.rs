//! What is drawn: a message's content, embeds and buttons, before it is sent or edited. A value that can be compared.

use serde::Serialize;
use serenity::builder::{CreateActionRow, CreateEmbed};

use crate::model::Digest;

/// A message as it is to look. `allowed_mentions` is not here: [`super::rest::Rest`] sets it on everything that leaves.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Drawn {
    /// The text before the embeds; often empty.
    pub content: String,
    /// The embeds.
    pub embeds: Vec<CreateEmbed>,
    /// The rows of buttons.
    pub components: Vec<CreateActionRow>,
}

impl Drawn {
    /// Only text.
    pub fn text(content: impl Into<String>) -> Self {
        Self { content: content.into(), ..Self::default() }
    }

    /// What it looks like, to be compared with what is shown.
    pub fn digest(&self) -> Digest {
        Digest::of(self)
    }
}
