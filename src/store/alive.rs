//! Which of the processes that share the store are alive: each that listens holds a lock on a file of its own beside the store,
//! which the operating system lets go of when the process ends, however it ends.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// This process's file, locked. Dropped, it is unlocked and removed.
#[derive(Debug)]
pub(super) struct Alive {
    /// By which name the store knows this process: never used twice.
    pub(super) process: String,
    file: PathBuf,
    _lock: File,
}

impl Alive {
    /// Makes and locks this process's file, and removes what processes that were killed have left. Blocks, for a moment.
    pub(super) fn new(store: &Path) -> io::Result<Self> {
        let process = format!("{:032x}", rand::random::<u128>());
        let path = file_of(store, &process);
        // It gets its name when it is locked, so that nobody finds one of a living process that is not.
        let unnamed = file_of(store, &format!("{process}.new"));
        let file = OpenOptions::new().write(true).create_new(true).open(&unnamed)?;
        file.try_lock().map_err(|refused| match refused {
            TryLockError::Error(error) => error,
            TryLockError::WouldBlock => io::ErrorKind::WouldBlock.into(),
        })?;
        std::fs::rename(&unnamed, &path)?;
        remove_left(store)?;
        Ok(Self { process, file: path, _lock: file })
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        // One that stays is removed by the next process that looks.
        let _ = std::fs::remove_file(&self.file);
    }
}

/// Whether that process is alive. What a dead one left is removed. Blocks, for a moment.
///
/// # Errors
/// Where the file can be neither opened nor found missing: then nothing is known.
pub(super) fn is_alive(store: &Path, process: &str) -> io::Result<bool> {
    let path = file_of(store, process);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    match file.try_lock_shared() {
        Ok(()) => {
            let _ = std::fs::remove_file(&path);
            Ok(false)
        }
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Removes the files of processes that are not alive.
fn remove_left(store: &Path) -> io::Result<()> {
    let begin = file_of(store, "");
    let (Some(folder), Some(begin)) = (begin.parent(), begin.file_name().and_then(OsStr::to_str)) else {
        return Ok(());
    };
    for entry in folder.read_dir()? {
        let name = entry?.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(begin));
        if let Some(process) = process.filter(|process| process.len() == 32) {
            is_alive(store, process)?;
        }
    }
    Ok(())
}

fn file_of(store: &Path, process: &str) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(format!("-listens-{process}"));
    name.into()
}
