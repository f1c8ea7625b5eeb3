//! From the start to the stop: who we are, the commands, the keeper, a door, and a task for each interaction.

use std::sync::Arc;
use std::time::Duration;

use serenity::model::application::Interaction;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinHandle, JoinSet};

use super::listen::{self, Heard, gateway, http};
use super::rest::{Application, Registered, RestError};
use super::{Chat, ChatError, handle, keeper, register};
use crate::config::{Discord, Door};
use crate::requests::see_through::stopped;

/// How many interactions are in hand at once, most of them acknowledged and waiting to be done in a rush.
const AT_ONCE: usize = 2048;

/// How many more can wait: those that are not acknowledged in their 3 s are too old.
const WAITING: usize = 1024;

/// How long what is under way may take to end after the stop.
const FINISH: Duration = Duration::from_secs(10);

/// The longest pause between two attempts to reach Discord at the start.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Listens and answers until `stop` turns true; then what is under way is finished.
pub(super) async fn serve(chat: Chat, settings: &Discord, mut stop: watch::Receiver<bool>) -> Result<(), ChatError> {
    if !prepare(&chat, settings, &mut stop).await? {
        return Ok(());
    }
    let mut unauthorised = chat.rest.unauthorised();
    let (end, ending) = watch::channel(false);
    let (heard, mut interactions) = listen::queue(WAITING);
    let mut door = tokio::spawn(open(chat.clone(), settings.clone(), heard, ending.clone()));
    let mut keeper = tokio::spawn(keeper::keep(chat.clone(), ending));
    let mut under_way = JoinSet::new();
    let told = chat.clone();
    under_way.spawn(async move { handle::tell_unanswered(&told).await });
    let ended = loop {
        tokio::select! {
            () = stopped(&mut stop) => break Ok(()),
            Ok(_) = unauthorised.wait_for(|unauthorised| *unauthorised) => break Err(ChatError::Token),
            ended = &mut door => break joined(ended, "the door"),
            ended = &mut keeper => break joined(ended, "the keeper"),
            Some(interaction) = interactions.recv(), if under_way.len() < AT_ONCE => {
                take_up(&chat, interaction, &mut under_way);
            }
            Some(ended) = under_way.join_next() => drop(joined::<ChatError>(ended.map(Ok), "an interaction")),
        }
    };
    end.send_replace(true);
    finish(&chat, interactions, under_way, door, keeper).await;
    ended
}

fn take_up(chat: &Chat, interaction: Interaction, under_way: &mut JoinSet<()>) {
    let chat = chat.clone();
    under_way.spawn(async move { handle::handle(&chat, interaction).await });
}

/// What a task came to. One that panicked has said so on its own.
fn joined<E>(ended: Result<Result<(), E>, JoinError>, what: &str) -> Result<(), ChatError>
where
    ChatError: From<E>,
{
    let Ok(ended) = ended else {
        tracing::error!("{what} broke off: a fault of this program");
        return Err(ChatError::Refused { what: format!("{what} broke off; the log says why") });
    };
    Ok(ended?)
}

/// Lets what was heard be handled, and everything that is under way come to its end, for a while.
async fn finish(
    chat: &Chat,
    mut interactions: mpsc::Receiver<Interaction>,
    mut under_way: JoinSet<()>,
    door: JoinHandle<Result<(), ChatError>>,
    keeper: JoinHandle<Result<(), crate::requests::DeskError>>,
) {
    let aborts = [door.abort_handle(), keeper.abort_handle()];
    let all = async {
        if !door.is_finished() {
            let _ = door.await;
        }
        while let Ok(interaction) = interactions.try_recv() {
            take_up(chat, interaction, &mut under_way);
        }
        while under_way.join_next().await.is_some() {}
        if !keeper.is_finished() {
            let _ = keeper.await;
        }
    };
    if tokio::time::timeout(FINISH, all).await.is_err() {
        tracing::warn!("what was under way in chat did not end in time; it is taken up at the next start");
        aborts.iter().for_each(tokio::task::AbortHandle::abort);
    }
}

/// Asks who we are, and registers the commands. False: it was stopped before. While Discord cannot be reached it goes on trying.
async fn prepare(chat: &Chat, settings: &Discord, stop: &mut watch::Receiver<bool>) -> Result<bool, ChatError> {
    let mut pause = Duration::from_secs(1);
    while !*stop.borrow() {
        let prepared = tokio::select! {
            () = stopped(stop) => break,
            prepared = introduce(chat, settings) => prepared,
        };
        match prepared {
            Err(Unprepared::Later(why)) => tracing::warn!(why, ?pause, "Discord cannot be reached; it is tried again"),
            Err(Unprepared::Never(error)) => return Err(error),
            Ok(()) => return Ok(true),
        }
        tokio::select! {
            () = stopped(stop) => {}
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    Ok(false)
}

enum Unprepared {
    Later(String),
    Never(ChatError),
}

async fn introduce(chat: &Chat, settings: &Discord) -> Result<(), Unprepared> {
    let guild = || settings.guild.clone();
    let application = chat.rest.application().await.map_err(|error| unprepared(error, None))?;
    if !is_key_of(settings, &application) {
        return Err(Unprepared::Never(ChatError::PublicKey));
    }
    let commands = register::commands();
    let registered =
        chat.rest.register(&settings.guild, &commands).await.map_err(|error| unprepared(error, Some(guild())))?;
    let guild = guild();
    match registered {
        Registered::Changed => tracing::info!(%guild, commands = commands.len(), "the commands were registered"),
        Registered::Same => tracing::info!(%guild, commands = commands.len(), "the commands are registered already"),
    }
    Ok(())
}

/// Whether the configured public key is the application's, where both are known.
pub(super) fn is_key_of(settings: &Discord, application: &Application) -> bool {
    match &settings.public_key {
        Some(key) if !application.verify_key.is_empty() => key.eq_ignore_ascii_case(&application.verify_key),
        _ => true,
    }
}

fn unprepared(error: RestError, guild: Option<crate::model::Snowflake>) -> Unprepared {
    Unprepared::Never(match (error, guild) {
        (RestError::Passing { why, .. }, _) => return Unprepared::Later(why),
        (RestError::Unauthorised, _) => ChatError::Token,
        (error @ (RestError::Forbidden(_) | RestError::Gone(_)), Some(guild)) => {
            ChatError::Guild { guild, why: error.to_string() }
        }
        (error, _) => ChatError::Refused { what: error.to_string() },
    })
}

/// Opens the door that the config names, until `stop` turns true.
async fn open(chat: Chat, settings: Discord, heard: Heard, stop: watch::Receiver<bool>) -> Result<(), ChatError> {
    match settings.door {
        Door::Gateway => gateway::listen(&chat.rest, &heard, gateway::Patience::default(), stop).await,
        Door::Http => {
            let address = settings.listen.unwrap_or_default();
            let failed = |error: std::io::Error| ChatError::Listen { address: address.clone(), why: error.to_string() };
            let desk = chat.desk.clone();
            let clock: http::Clock = Arc::new(move || desk.now());
            let door = http::Door::new(settings.public_key.as_deref().unwrap_or_default(), heard, clock)?;
            let socket = TcpListener::bind(&address).await.map_err(failed)?;
            tracing::info!(address, "Discord's posts are listened for");
            door.listen(socket, stop).await.map_err(failed)
        }
    }
}
