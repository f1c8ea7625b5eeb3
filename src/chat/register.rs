//! The slash commands as Discord knows them: names, options, descriptions, in every language.

use serenity::builder::CreateCommand;

/// Every command.
pub fn commands() -> Vec<CreateCommand> {
    todo!()
}
