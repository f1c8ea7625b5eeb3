//! Opening the file: made if missing, checked before it is trusted, brought to this program's shape.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::time::Instant;

use super::error::StoreError;

static MIGRATIONS: Migrator = sqlx::migrate!("src/store/migrations");

/// Versions 3.7.0 to 3.51.2 can corrupt a database in WAL mode that has two connections (the WAL-reset bug,
/// <https://www.sqlite.org/wal.html>).
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

/// How long a statement waits for another process's transaction.
const BUSY: Duration = Duration::from_secs(5);

/// The file that a `sqlite:PATH` or `sqlite://PATH` names, absolute.
pub(super) fn path_of(url: &str) -> Result<PathBuf, StoreError> {
    let path = url
        .strip_prefix("sqlite:")
        .map(|rest| rest.strip_prefix("//").unwrap_or(rest))
        .filter(|path| !path.is_empty() && *path != ":memory:" && !path.contains('?'))
        .ok_or_else(|| StoreError::UnknownUrl(url.to_owned()))?;
    std::path::absolute(path).map_err(|error| cannot_open(Path::new(path), &error))
}

/// What every connection is opened with.
fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
}

/// Makes the file if there is none, refuses it if it is damaged or too new, and brings it to this program's shape.
pub(super) async fn prepare(path: &Path) -> Result<SqliteConnectOptions, StoreError> {
    let existed = !create(path).await.map_err(|error| cannot_open(path, &error))?;
    let options = options(path);
    let refused = |error| refusal(path, &error);
    let mut connection = options.connect().await.map_err(refused)?;
    let version: String =
        sqlx::query_scalar("select sqlite_version()").fetch_one(&mut connection).await.map_err(refused)?;
    new_enough(&version)?;
    if existed {
        check(path, &mut connection).await?;
    }
    wal(&mut connection).await.map_err(refused)?;
    migrate(path, &mut connection).await?;
    connection.close().await.map_err(refused)?;
    Ok(options)
}

/// Creates an empty file that only its owner can read; SQLite gives the files beside it the same mode. False: it was there.
async fn create(path: &Path) -> std::io::Result<bool> {
    let mut file = tokio::fs::OpenOptions::new();
    file.write(true).create_new(true);
    #[cfg(unix)]
    file.mode(0o600);
    match file.open(path).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

pub(super) fn new_enough(version: &str) -> Result<(), StoreError> {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or_default());
    let mut part = || parts.next().unwrap_or_default();
    if (part(), part(), part()) < OLDEST_SQLITE {
        return Err(StoreError::OldSqlite(version.to_owned()));
    }
    Ok(())
}

/// SQLite's own check of the file's structure. It does not see a changed byte within a value.
async fn check(path: &Path, connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let found: Vec<String> = sqlx::query_scalar("pragma quick_check(5)")
        .fetch_all(connection)
        .await
        .map_err(|error| refusal(path, &error))?;
    if found != ["ok"] {
        return Err(StoreError::Damaged { path: path.display().to_string(), why: found.join("; ") });
    }
    Ok(())
}

/// WAL is a lasting property of the file. Changing into it needs the file alone and does not wait for it, so that two
/// processes that open a new file at once have to try again.
async fn wal(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let deadline = Instant::now() + BUSY;
    loop {
        match sqlx::query_scalar::<_, String>("pragma journal_mode = wal").fetch_one(&mut *connection).await {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => return Err(sqlx::Error::Protocol(format!("the file stays in journal mode {mode}, not wal"))),
            Err(error) if primary_code(&error) == Some(SQLITE_BUSY) && Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// All migrations in one transaction: another process that opens the file at the same time waits, then finds them done.
async fn migrate(path: &Path, connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let refused = |error| refusal(path, &error);
    let mut transaction = connection.begin_with("begin immediate").await.map_err(refused)?;
    let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default();
    // `run` would make this future one that cannot move between threads; `run_direct` is what it calls.
    match MIGRATIONS.run_direct(None, &mut *transaction, false).await {
        Ok(()) => transaction.commit().await.map_err(refused),
        Err(MigrateError::VersionMissing(found)) if found > known => {
            Err(StoreError::Newer { path: path.display().to_string(), found, known })
        }
        Err(error) => Err(cannot_open(path, &error)),
    }
}

// https://www.sqlite.org/rescode.html
const SQLITE_BUSY: u32 = 5;
const SQLITE_CORRUPT: u32 = 11;
const SQLITE_NOTADB: u32 = 26;

/// The primary result code: the lowest eight bits of an extended one.
fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

fn refusal(path: &Path, error: &sqlx::Error) -> StoreError {
    match primary_code(error) {
        Some(SQLITE_CORRUPT | SQLITE_NOTADB) => {
            StoreError::Damaged { path: path.display().to_string(), why: error.to_string() }
        }
        _ => cannot_open(path, error),
    }
}

fn cannot_open(path: &Path, why: &dyn std::fmt::Display) -> StoreError {
    StoreError::CannotOpen { path: path.display().to_string(), why: why.to_string() }
}
