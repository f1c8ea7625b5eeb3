//! What is signed: a checkpoint as C2SP's `tlog-checkpoint` has it (<https://c2sp.org/tlog-checkpoint>), in a `signed-note`
//! (<https://c2sp.org/signed-note>). Its one extension line is when it was made.

use ed25519_dalek::Signer as _;
use jiff::Timestamp;
use signed_note::{Note, Signature, StandardVerifier, Verifier as _, VerifierList};
use tlog_tiles::{Checkpoint as Body, Hash};

use super::key::Key;

/// What a checkpoint states.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statement {
    /// Of which log.
    pub(super) origin: String,
    /// How many entries it covers.
    pub(super) size: u64,
    /// Their tree's root.
    pub(super) root: Hash,
    /// When it was made.
    pub(super) at: Timestamp,
}

impl Statement {
    /// The signed note.
    pub(super) fn signed(&self, key: &Key) -> Result<String, String> {
        let body = Body::new(&self.origin, self.size, self.root, &format!("{}\n", self.at));
        let body = body.map_err(|error| error.to_string())?.to_bytes();
        let id = signed_note::key_id(&key.origin, &[&[1], key.secret.verifying_key().as_bytes().as_slice()].concat());
        let signature = key.secret.sign(&body).to_bytes().to_vec();
        let signature = Signature::new(key.origin.clone(), id, signature).map_err(|error| error.to_string())?;
        let note = Note::new(&body, &[signature]).map_err(|error| error.to_string())?;
        String::from_utf8(note.to_bytes()).map_err(|error| error.to_string())
    }

    /// What a note states, if this verifier key has signed it.
    pub(super) fn verified(note: &[u8], by: &StandardVerifier) -> Result<Self, String> {
        let (read, parsed) = Self::unverified(note)?;
        let known = VerifierList::new(vec![Box::new(by.clone())]);
        parsed.verify(&known).map_err(|error| format!("it is not signed by {}: {error}", by.name()))?;
        if read.origin != by.name() {
            return Err(format!("it is of the log {}, and the key is of {}", read.origin, by.name()));
        }
        Ok(read)
    }

    /// What a note states, whoever wrote it.
    pub(super) fn unverified(note: &[u8]) -> Result<(Self, Note), String> {
        let malformed = || "it is not a signed checkpoint".to_owned();
        let parsed = Note::from_bytes(note).map_err(|_| malformed())?;
        if parsed.to_bytes() != note {
            return Err(malformed());
        }
        let body = Body::from_bytes(parsed.text()).map_err(|_| malformed())?;
        let at = body.extension().strip_suffix('\n').and_then(|line| line.parse().ok()).ok_or_else(malformed)?;
        Ok((Self { origin: body.origin().to_owned(), size: body.size(), root: *body.hash(), at }, parsed))
    }
}
