//! Which of the processes that share the store are alive: each that listens holds a lock on a file of its own beside the store,
//! which the operating system lets go of when the process ends, however it ends.

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
    /// Makes and locks this process's file. Blocks, for a moment.
    pub(super) fn new(store: &Path) -> io::Result<Self> {
        let process = format!("{:032x}", rand::random::<u128>());
        let path = file_of(store, &process);
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        file.try_lock().map_err(|refused| match refused {
            TryLockError::Error(error) => error,
            TryLockError::WouldBlock => io::ErrorKind::WouldBlock.into(),
        })?;
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

fn file_of(store: &Path, process: &str) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(format!("-listens-{process}"));
    name.into()
}
