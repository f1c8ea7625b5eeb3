//! The key that signs checkpoints: 32 bytes in a file that only its owner can read, made when it is missing.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use ed25519_dalek::SigningKey;
use rand::TryRng as _;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use super::super::error::StoreError;
use crate::model::finding::Health;
use crate::telemetry::{Lasts, hold};

/// A key, for a log of one name. It cannot be printed, and is wiped from memory when it goes.
pub struct Key {
    /// The log's name: a checkpoint's first line, and the key's name.
    pub(super) origin: String,
    pub(super) secret: SigningKey,
}

impl Key {
    /// The key in that file, for the log of this name; made from the system's randomness if the file is missing. Of several
    /// processes that make it at once, one does, and all get that one. Blocks, for a moment.
    ///
    /// # Errors
    /// A file that cannot be read or made, holds something else, or can be read by others than its owner.
    pub fn at(path: &Path, origin: String) -> Result<Self, StoreError> {
        let failed =
            |why: &dyn fmt::Display| StoreError::Failed(format!("the audit log's key {}: {why}", path.display()));
        let text = match read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make(path).and_then(|()| read(path)).map_err(|error| failed(&error))?
            }
            read => read.map_err(|error| failed(&error))?,
        };
        let mut seed = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), &mut *seed)
            .map_err(|_| failed(&"it does not hold 64 hexadecimal digits and nothing else"))?;
        hold(text.trim(), Lasts::Always);
        Ok(Self { origin, secret: SigningKey::from_bytes(&seed) })
    }

    /// What there is to say of the file, which is not read: whether it is there, if something was signed already, and that nobody
    /// but its owner can read it. With what mends it, if it is not well.
    pub fn examine(path: &Path, has_signed: bool) -> (Health, String, Option<String>) {
        let shown = path.display();
        match fs::metadata(path) {
            Ok(about) if is_open(&about) => (
                Health::Failed,
                format!("{shown} can be read by others: nothing is signed, and who has read it can sign in its place"),
                Some(format!("chmod 600 {shown}")),
            ),
            Ok(_) => (Health::Ok, format!("{shown} is its owner's alone"), None),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                (Health::Failed, format!("{shown}: {error}"), Some("correct `key_file` in [audit]".to_owned()))
            }
            Err(_) if has_signed => (
                Health::Failed,
                format!("{shown} is gone, and checkpoints were signed with it"),
                Some(format!(
                    "bring {shown} back from a backup, or correct `key_file` in [audit]: else a new key is made, and who \
                     verifies checkpoints has to be told so"
                )),
            ),
            Err(_) => (Health::Ok, format!("{shown} is made with the first checkpoint"), None),
        }
    }

    /// What others verify its signatures with: name, hash and public key, as `signed-note` has it.
    pub fn verifier(&self) -> String {
        signed_note::new_ed25519_verifier_key(&self.origin, &self.secret.verifying_key())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("origin", &self.origin).finish_non_exhaustive()
    }
}

fn read(path: &Path) -> io::Result<Zeroizing<String>> {
    if is_open(&fs::metadata(path)?) {
        return Err(io::Error::other("others than its owner can read it: chmod 600, and think of it as known to them"));
    }
    fs::read_to_string(path).map(Zeroizing::new)
}

/// Whether others than its owner can read a file.
#[cfg(unix)]
fn is_open(about: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    about.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open(_: &fs::Metadata) -> bool {
    false
}

/// Writes a new key beside the place and links it there, so that nobody reads half of one and nobody's is replaced.
fn make(path: &Path) -> io::Result<()> {
    let mut seed = Zeroizing::new([0; 32]);
    SysRng.try_fill_bytes(&mut *seed).map_err(io::Error::other)?;
    let text = Zeroizing::new(format!("{}\n", Zeroizing::new(hex::encode(*seed)).as_str()));
    let new = path.with_extension(format!("new-{:016x}", rand::random::<u64>()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| fs::hard_link(&new, path));
    fs::remove_file(&new)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    }
}
