//! `/webhooks/{application}/{token}`: an interaction's answers, read, edited and deleted, and follow-ups, for fifteen minutes.

use serde_json::Value;

use super::callback::id_of;
use super::core::{Core, Event};
use super::limits;
use super::messages::{Draft, EPHEMERAL, LOADING, is_empty};
use super::refusal::{Refusal, Wrong};
use super::seed::Id;

/// A message of an interaction: `@original`, or a follow-up by its id.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Which {
    Original,
    FollowUp(Id),
}

pub(crate) fn read(core: &Core, token: &str, which: Which) -> Result<Value, Refusal> {
    let id = find(core, token, which)?;
    core.world().messages.get(&id).map(|message| message.body.clone()).ok_or_else(Refusal::unknown_message)
}

pub(crate) fn edit(core: &Core, token: &str, which: Which, body: &Value) -> Result<Value, Refusal> {
    let id = find(core, token, which)?;
    let mut wrong = Wrong::default();
    limits::message(body, "", &mut wrong);
    wrong.refuse()?;
    let mut world = core.world();
    let message = world.edit(id, body, core.clock.now())?;
    tell(core, &world, id, &message);
    Ok(message)
}

pub(crate) fn delete(core: &Core, token: &str, which: Which) -> Result<(), Refusal> {
    let id = find(core, token, which)?;
    let message = core.world().messages.remove(&id).ok_or_else(Refusal::unknown_message)?;
    core.tell(Event::Deleted { channel: message.channel, id, only: message.only });
    Ok(())
}

/// Posts a follow-up. While the answer is deferred, the first one takes its place instead (documented as deprecated): that is
/// done, and said as a lint.
pub(crate) fn follow_up(core: &Core, token: &str, body: &Value, lints: &mut Vec<String>) -> Result<Value, Refusal> {
    let mut wrong = Wrong::default();
    limits::message(body, "", &mut wrong);
    wrong.refuse()?;
    if is_empty(body) {
        return Err(Refusal::empty_message());
    }
    let mut world = core.world();
    let interaction = world.by_token(token, core.clock.now())?;
    let (channel, person, original) = (interaction.channel, interaction.person, interaction.original);
    let mut metadata = interaction.metadata.clone();
    let deferred = original.filter(|id| {
        let flags = world.messages.get(id).and_then(|message| message.body["flags"].as_u64());
        flags.unwrap_or_default() & LOADING != 0
    });
    if let Some(id) = deferred {
        lints.push("a follow-up while the answer is deferred edits @original: deprecated".to_owned());
        let message = world.edit(id, body, core.clock.now())?;
        tell(core, &world, id, &message);
        return Ok(message);
    }
    if let Some(original) = original {
        metadata["original_response_message_id"] = original.to_string().into();
    }
    let only = (body["flags"].as_u64().unwrap_or_default() & EPHEMERAL != 0).then_some(person);
    let metadata = Some(metadata);
    let message = world.post(&core.clock, Draft { channel, only, body, loading: false, metadata, reference: original });
    core.tell(Event::Message { channel, message: message.clone(), only });
    Ok(message)
}

/// The message that is meant, where the token is good and it belongs to this interaction.
fn find(core: &Core, token: &str, which: Which) -> Result<Id, Refusal> {
    let world = core.world();
    let interaction = world.by_token(token, core.clock.now())?;
    let id = match which {
        Which::Original => interaction.original.ok_or_else(Refusal::unknown_message)?,
        Which::FollowUp(id) => id,
    };
    let message = world.messages.get(&id).ok_or_else(Refusal::unknown_message)?;
    let is_its_own =
        interaction.original == Some(id) || message.body["interaction_metadata"]["id"] == interaction.metadata["id"];
    if is_its_own { Ok(id) } else { Err(Refusal::unknown_message()) }
}

fn tell(core: &Core, world: &super::world::World, id: Id, message: &Value) {
    let Some(stored) = world.messages.get(&id) else { return };
    debug_assert_eq!(id_of(message), Some(id));
    core.tell(Event::Message { channel: stored.channel, message: message.clone(), only: stored.only });
}
