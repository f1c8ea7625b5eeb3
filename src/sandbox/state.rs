//! The local AWS's state on disk: one JSON file, replaced as a whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) const FILE: &str = "local-aws.json";
/// Raised where an older file can no longer be read.
const VERSION: u32 = 2;

/// What survives a restart. Sessions do not.
#[derive(Serialize, Deserialize)]
pub(crate) struct Saved {
    pub version: u32,
    pub region: String,
    /// Account id → IAM's state.
    pub iam: BTreeMap<String, Value>,
    pub services: Value,
}

impl Saved {
    pub(crate) fn new(region: String, iam: BTreeMap<String, Value>, services: Value) -> Self {
        Self { version: VERSION, region, iam, services }
    }

    /// Writes it into a directory.
    pub(crate) fn write(&self, dir: &Path) -> io::Result<()> {
        replace(dir, FILE, self)
    }

    /// Reads what was written; `None` = nothing was.
    pub(crate) fn read(dir: &Path) -> io::Result<Option<Self>> {
        let text = match fs::read(path(dir)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let saved: Self = serde_json::from_slice(&text)?;
        if saved.version != VERSION {
            let message =
                format!("{} is of version {}, this program reads {VERSION}", path(dir).display(), saved.version);
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(Some(saved))
    }
}

/// Writes a value beside the old file, then takes its place; only the owner may read it.
pub(crate) fn replace(dir: &Path, file: &str, value: &impl Serialize) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let new = dir.join(format!("{file}.new"));
    let mut written = private(&new)?;
    serde_json::to_writer(&mut written, value)?;
    written.sync_all()?;
    fs::rename(&new, dir.join(file))
}

fn path(dir: &Path) -> PathBuf {
    dir.join(FILE)
}

fn private(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
