//! The one writer: a task that owns the writing connection and commits what waits for it together.
//!
//! A write is handed to this task and runs there to its end, so a caller that is dropped while it waits (a timeout, a
//! `select!`) leaves no half transaction behind and takes no tick of the change feed with it. What has gathered
//! while the last commit was on its way to the disk is committed as one `BEGIN IMMEDIATE` transaction, each write of several in a
//! savepoint of its own: a refused one is undone alone, and ten steps that begin at once cost one `fsync`.
//!
//! Nothing but SQL on this file happens in a write, never a call of the outside world. So a lease renewal waits for at
//! most one batch of this process (milliseconds) and at most the busy timeout for another process, far less than the
//! third of a lease after which it is due.

use futures::future::BoxFuture;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::error::StoreError;
use super::feed::Feed;
use crate::model::RequestId;

/// How many writes may wait before callers wait to hand theirs in.
const QUEUE: usize = 1024;

/// How many writes are committed together at most.
const BATCH: usize = 64;

/// A write that waits for its turn.
trait Job: Send {
    /// Whether it is one statement, which SQLite undoes by itself if it fails.
    fn is_one_statement(&self) -> bool;

    /// Does it, within a savepoint unless it is one statement; whether it is to be kept.
    fn run<'c>(&'c mut self, conn: &'c mut SqliteConnection) -> BoxFuture<'c, bool>;

    /// Tells the caller, once it is known whether the transaction is on disk.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>, feed: &Feed);
}

struct Write<T, E, F> {
    work: Option<F>,
    one_statement: bool,
    result: Option<Result<T, E>>,
    tick: Option<RequestId>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Write<T, E, F>
where
    T: Send,
    E: From<StoreError> + Send,
    F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, E>> + Send,
{
    fn is_one_statement(&self) -> bool {
        self.one_statement
    }

    fn run<'c>(&'c mut self, conn: &'c mut SqliteConnection) -> BoxFuture<'c, bool> {
        Box::pin(async move {
            if let Some(work) = self.work.take() {
                self.result = Some(work(conn).await);
            }
            matches!(self.result, Some(Ok(_)))
        })
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>, feed: &Feed) {
        let result = match (committed, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(stopped().into()),
            (Err(error), _) => Err(error.into()),
        };
        if let (Ok(_), Some(id)) = (&result, self.tick) {
            feed.tell(id);
        }
        // The caller has gone: what is written is written.
        let _ = self.reply.send(result);
    }
}

fn stopped() -> StoreError {
    StoreError::Failed("the writer has stopped".to_owned())
}

/// The way to the writer. It ends when the last copy is dropped.
#[derive(Clone)]
pub(super) struct Writer(mpsc::Sender<Box<dyn Job>>);

impl Writer {
    /// Starts the writer on the current Tokio runtime.
    pub(super) fn start(options: SqliteConnectOptions, feed: Feed) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(serve(options, feed, receiver));
        Self(sender)
    }

    /// Runs `work` in a transaction and returns when it is on disk. Where it refuses, nothing of it is written.
    /// `tick`: for which request the feed tells of it.
    pub(super) async fn write<T, E, F>(&self, tick: Option<&RequestId>, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    {
        self.hand_in(false, tick, work).await
    }

    /// The same for `work` that is one statement: it needs no savepoint, and so a third of the ways to the database. Nobody is
    /// told of it.
    pub(super) async fn write_one<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    {
        self.hand_in(true, None, work).await
    }

    /// Hands a write in and does not wait for its end: nobody is told of it, and of a failure only the log.
    pub(super) fn hand_over<F>(&self, work: F)
    where
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<(), StoreError>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Write { work: Some(work), one_statement: false, result: None, tick: None, reply };
        if self.0.try_send(Box::new(job)).is_err() {
            tracing::error!("the store has too much to write: an entry of the audit log was lost");
            return;
        }
        tokio::spawn(async move {
            if let Ok(Err(error)) = answer.await {
                tracing::error!(%error, "an entry of the audit log was not written");
            }
        });
    }

    async fn hand_in<T, E, F>(&self, one_statement: bool, tick: Option<&RequestId>, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Write { work: Some(work), one_statement, result: None, tick: tick.cloned(), reply };
        self.0.send(Box::new(job)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

async fn serve(options: SqliteConnectOptions, feed: Feed, mut queue: mpsc::Receiver<Box<dyn Job>>) {
    let mut connection = None;
    let mut jobs = Vec::with_capacity(BATCH);
    let (mut looks, mut elsewhere) = (Feed::looks(), Elsewhere::default());
    loop {
        let done = tokio::select! {
            taken = queue.recv_many(&mut jobs, BATCH) => {
                if taken == 0 {
                    break;
                }
                let committed = commit(&options, &mut connection, &mut jobs).await;
                if committed.is_ok() && elsewhere.seen.is_none() {
                    elsewhere.missed |= elsewhere.look(&options, &mut connection, &feed).await.is_err();
                }
                let told = committed.as_ref().map_err(|error| StoreError::Failed(error.to_string())).copied();
                for job in jobs.drain(..) {
                    job.answer(told.clone(), &feed);
                }
                committed
            }
            () = feed.time_to_look(&mut looks) => elsewhere.look(&options, &mut connection, &feed).await,
        };
        if done.is_err() {
            // After a failed write SQLite may or may not have rolled back by itself. A new connection knows for sure,
            // and the store works again as soon as the disk does.
            connection = None;
            elsewhere = Elsewhere { seen: None, missed: true };
        }
    }
    if let Some(connection) = connection {
        // Closing only tidies the log up; all that was answered is on disk.
        let _ = connection.close().await;
    }
}

/// Runs all jobs in one transaction: all that are to be kept are on disk afterwards, or none is.
async fn commit(
    options: &SqliteConnectOptions,
    connection: &mut Option<SqliteConnection>,
    jobs: &mut [Box<dyn Job>],
) -> Result<(), sqlx::Error> {
    let connection = opened(options, connection).await?;
    let mut transaction = connection.begin_with("begin immediate").await?;
    if let [job] = jobs {
        // Alone it needs no savepoint either.
        return if job.run(&mut transaction).await { transaction.commit().await } else { transaction.rollback().await };
    }
    for job in jobs {
        if job.is_one_statement() {
            job.run(&mut transaction).await;
            continue;
        }
        let mut savepoint = transaction.begin().await?;
        if job.run(&mut savepoint).await {
            savepoint.commit().await?;
        } else {
            savepoint.rollback().await?;
        }
    }
    transaction.commit().await
}

/// What is known of other processes' writes.
#[derive(Default)]
struct Elsewhere {
    /// SQLite's data version, which changes whenever another connection than this one has committed something, and means nothing
    /// on another connection (<https://www.sqlite.org/pragma.html#pragma_data_version>). The writer's is the only connection of
    /// this process that commits.
    seen: Option<i64>,
    /// Something may have been written that was not seen, since the connection was lost.
    missed: bool,
}

impl Elsewhere {
    /// Looks, and tells the feed if there is something new.
    async fn look(
        &mut self,
        options: &SqliteConnectOptions,
        connection: &mut Option<SqliteConnection>,
        feed: &Feed,
    ) -> Result<(), sqlx::Error> {
        let version: i64 =
            sqlx::query_scalar("pragma data_version").fetch_one(opened(options, connection).await?).await?;
        if self.seen.map_or(self.missed, |seen| seen != version) {
            feed.tell_elsewhere();
        }
        *self = Self { seen: Some(version), missed: false };
        Ok(())
    }
}

/// The writing connection, which is opened when it is first needed.
async fn opened<'c>(
    options: &SqliteConnectOptions,
    connection: &'c mut Option<SqliteConnection>,
) -> Result<&'c mut SqliteConnection, sqlx::Error> {
    match connection {
        Some(connection) => Ok(connection),
        None => Ok(connection.insert(options.connect().await?)),
    }
}
