//! One interaction, from whichever door: written down, acknowledged, done, answered. Each at most once.

use serenity::model::application::Interaction;

use super::Chat;

/// Handles an interaction to its end. Never fails: what goes wrong is told to the person and logged with a reference.
pub async fn handle(chat: &Chat, interaction: Interaction) {
    let _ = (chat, interaction);
    todo!()
}

/// Tells whoever asked and was not answered, because a process died in between.
pub async fn tell_unanswered(chat: &Chat) {
    let _ = chat;
    todo!()
}
