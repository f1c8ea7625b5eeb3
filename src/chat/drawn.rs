//! What is drawn: a message's content, embeds and buttons, before it is sent or edited. A value that can be compared.

use serde::Serialize;
use serenity::all::ButtonStyle;
use serenity::builder::{CreateActionRow, CreateButton, CreateEmbed};

use super::words::Scene;
use crate::model::{Digest, EnvironmentName, ProjectName, RequestId};

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

    /// One embed, and a row of buttons where there are some.
    pub(super) fn sheet(embed: CreateEmbed, buttons: Vec<CreateButton>) -> Self {
        let components = if buttons.is_empty() { vec![] } else { vec![CreateActionRow::Buttons(buttons)] };
        Self { content: String::new(), embeds: vec![embed], components }
    }

    /// What it looks like, to be compared with what is shown.
    pub fn digest(&self) -> Digest {
        Digest::of(self)
    }
}

/// What a button does. Its custom id holds ids only (at most 100 characters, Discord's reference, Components).
#[derive(Debug, Clone, Copy)]
pub(super) enum Press<'p> {
    /// Approve the step that has this digest, as this question asks.
    Approve(&'p RequestId, &'p Digest, u64),
    /// Take that back.
    Withdraw(&'p RequestId, &'p Digest, u64),
    /// Reject the request, asked at that step.
    Reject(&'p RequestId, &'p Digest),
    /// Show everything about a request.
    Details(&'p RequestId),
    /// End a request.
    Cancel(&'p RequestId),
    /// Take up again what failed.
    Retry(&'p RequestId),
    /// Begin the teardown that was shown: the digest is its plan's. `destroy`: with the data.
    Teardown { project: &'p ProjectName, environment: &'p EnvironmentName, destroy: bool, plan: &'p Digest },
}

impl Press<'_> {
    /// The button, labelled in the reader's language.
    pub(super) fn button(self, scene: &Scene<'_>) -> CreateButton {
        let (id, label, style) = match self {
            Self::Approve(id, digest, question) => {
                (format!("approve:{id}:{digest}:{question}"), "button.approve", ButtonStyle::Success)
            }
            Self::Withdraw(id, digest, question) => {
                (format!("withdraw:{id}:{digest}:{question}"), "button.withdraw", ButtonStyle::Secondary)
            }
            Self::Reject(id, digest) => (format!("reject:{id}:{digest}"), "button.reject", ButtonStyle::Danger),
            Self::Details(id) => (format!("details:{id}"), "button.details", ButtonStyle::Secondary),
            Self::Cancel(id) => (format!("cancel:{id}"), "button.cancel", ButtonStyle::Secondary),
            Self::Retry(id) => (format!("retry:{id}"), "button.retry", ButtonStyle::Primary),
            Self::Teardown { project, environment, destroy, plan } => {
                let (how, label) = if destroy { ("destroy", "button.destroy") } else { ("keep", "button.teardown") };
                let style = if destroy { ButtonStyle::Danger } else { ButtonStyle::Primary };
                (format!("teardown:{project}:{environment}:{how}:{}", &plan.as_str()[..16]), label, style)
            }
        };
        CreateButton::new(id).label(scene.word(label)).style(style)
    }
}
