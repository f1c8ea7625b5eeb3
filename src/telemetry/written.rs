//! The last thing before the output: each record is written without secrets, whatever fields and spans it was put together from.

use std::io::{Result, Write};

use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use super::redact;

/// Makes writers that redact. A record comes in one piece: so the subscriber writes them.
pub(super) struct Redacted<W>(pub(super) W);

/// Writes what is left of each piece.
pub(super) struct Redacting<W>(W);

impl<'w, W: MakeWriter<'w>> MakeWriter<'w> for Redacted<W> {
    type Writer = Redacting<W::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        Redacting(self.0.make_writer())
    }

    fn make_writer_for(&'w self, of: &Metadata<'_>) -> Self::Writer {
        Redacting(self.0.make_writer_for(of))
    }
}

impl<W: Write> Write for Redacting<W> {
    fn write(&mut self, record: &[u8]) -> Result<usize> {
        let text = String::from_utf8_lossy(record);
        self.0.write_all(redact(&text).as_bytes())?;
        Ok(record.len())
    }

    fn flush(&mut self) -> Result<()> {
        self.0.flush()
    }
}
