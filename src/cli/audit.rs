//! `genkan audit …`: the log as somebody at a terminal reads, takes away and checks it.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Write};
use std::path::Path;

use serde::Serialize;

use super::args::{AuditCommand, VerifyArguments};
use super::commands::Terminal;
use super::{Exit, Printer, draw_audit};
use crate::requests::DeskError;
use crate::requests::audit::{Outsider, Report, check_proof, name_of_key, read};

/// How often an export to a file says how far it is, in entries.
const PROGRESS: u64 = 50_000;

/// A proof that holds.
#[derive(Serialize)]
struct Proved {
    ok: bool,
    number: u64,
    entry: serde_json::Value,
}

impl Terminal {
    /// `genkan audit …`, except what needs no desk.
    ///
    /// # Errors
    /// As the desk's own functions; [`DeskError::Invalid`] for a file that cannot be read or written.
    pub async fn audit(&self, command: &AuditCommand) -> Result<Exit, DeskError> {
        match command {
            AuditCommand::Who { project, environment, since } => {
                let person = self.desk.who(self.says.as_deref()).await?;
                let story = self.desk.story(&person, project, environment, *since).await?;
                self.printer.result(&story, || draw_audit::story(&story, project, environment));
            }
            AuditCommand::Verify(arguments) => {
                is_a_key(arguments.key.as_deref())?;
                let outsiders = outsiders(&arguments.checkpoint)?;
                let report = self.desk.audit(arguments.key.as_deref(), &outsiders).await?;
                return Ok(told(&self.printer, &report, draw_audit::KeyFrom::of_store(arguments.key.is_some())));
            }
            AuditCommand::Export { since, out } => self.export(*since, out.as_deref()).await?,
            AuditCommand::Checkpoint => match self.desk.checkpoint().await? {
                Some(checkpoint) => self.printer.result(&checkpoint, || checkpoint.note.clone()),
                None => self.printer.progress("the audit log is empty: there is nothing to sign"),
            },
            AuditCommand::Proof { entry } => {
                let person = self.desk.who(self.says.as_deref()).await?;
                let proof = self.desk.audit_proof(&person, *entry).await?;
                if self.printer.is_json() {
                    self.printer.result(&serde_json::json!({"entry": entry, "proof": proof}), String::new);
                } else {
                    self.printer.plain(&proof);
                }
            }
            AuditCommand::Key => {
                let key = self.desk.verifier_key().await?;
                self.printer.result(&key, || format!("{key}\n"));
            }
        }
        Ok(Exit::Done)
    }

    /// Writes the log out up to a checkpoint, page by page.
    async fn export(&self, since: u64, out: Option<&Path>) -> Result<(), DeskError> {
        let person = self.desk.who(self.says.as_deref()).await?;
        let signed = match self.desk.checkpoint().await {
            Ok(signed) => signed.map_or(0, |checkpoint| checkpoint.size),
            Err(error) => {
                self.printer.error(&format!("no checkpoint covers the end of this export: {error}"));
                u64::MAX
            }
        };
        let (head, tail) = self.desk.audit_frame(&person, since, signed).await?;
        let mut sink: Box<dyn Write + Send> = match out {
            Some(path) => Box::new(BufWriter::new(File::create(path).map_err(|error| at(path, &error))?)),
            None => Box::new(self.printer.results()),
        };
        let failed = |error: io::Error| at(out.unwrap_or(Path::new("standard output")), &error);
        if let Some(head) = head {
            writeln!(sink, "{head}").map_err(failed)?;
        }
        let mut from = since;
        while from < signed {
            let page = self.desk.audit_entries(&person, from).await?;
            let Some((last, _)) = page.last() else { break };
            let next = last + 1;
            for (_, entry) in page.iter().filter(|(number, _)| *number < signed) {
                sink.write_all(entry).and_then(|()| sink.write_all(b"\n")).map_err(failed)?;
            }
            if from / PROGRESS != next / PROGRESS {
                self.printer.progress(&format!("{next} entries"));
            }
            from = next;
        }
        for line in tail {
            writeln!(sink, "{line}").map_err(failed)?;
        }
        sink.flush().map_err(failed)?;
        self.printer.progress(&format!("{} entries are written", from.min(signed).saturating_sub(since)));
        Ok(())
    }
}

/// `genkan audit verify` of an export or a proof, with nothing but the file.
///
/// # Errors
/// [`DeskError::Invalid`] for a file that cannot be read, or a key that is none.
pub fn verify(arguments: &VerifyArguments, printer: &Printer) -> Result<Exit, DeskError> {
    is_a_key(arguments.key.as_deref())?;
    if let (Some(path), Some(key)) = (&arguments.proof, &arguments.key) {
        return proof(path, key, printer);
    }
    let Some(path) = &arguments.file else { return Err(DeskError::Invalid("--file: which export".into())) };
    let outsiders = outsiders(&arguments.checkpoint)?;
    let file = File::open(path).map_err(|error| at(path, &error))?;
    let check = read(BufReader::new(file)).map_err(|error| at(path, &error))?;
    let report = check.report(arguments.key.as_deref(), &outsiders);
    let from = if arguments.key.is_some() { draw_audit::KeyFrom::Given } else { draw_audit::KeyFrom::Export };
    Ok(told(printer, &report, from))
}

fn proof(path: &Path, key: &str, printer: &Printer) -> Result<Exit, DeskError> {
    let text = std::fs::read_to_string(path).map_err(|error| at(path, &error))?;
    match check_proof(&text, key) {
        Ok((number, entry)) => {
            let value = serde_json::from_str(&entry).unwrap_or_else(|_| entry.clone().into());
            let proved = Proved { ok: true, number, entry: value };
            printer
                .result(&proved, || format!("This is entry {number} of the log that the key has signed:\n{entry}\n"));
            Ok(Exit::Done)
        }
        Err(why) => {
            printer.error(&format!("{}: {why}", path.display()));
            printer.failure(&serde_json::json!({"ok": false, "error": why}));
            Ok(Exit::Tampered)
        }
    }
}

fn told(printer: &Printer, report: &Report, key: draw_audit::KeyFrom) -> Exit {
    printer.result(report, || draw_audit::report(report, key));
    if report.ok { Exit::Done } else { Exit::Tampered }
}

/// A key with a slip in it says nothing of the log.
fn is_a_key(given: Option<&str>) -> Result<(), DeskError> {
    match given.filter(|key| name_of_key(key).is_none()) {
        Some(key) => Err(DeskError::Invalid(
            format!("--key: `{key}` is not a verifier key: it is the whole line that `genkan audit key` prints").into(),
        )),
        None => Ok(()),
    }
}

fn outsiders(paths: &[std::path::PathBuf]) -> Result<Vec<Outsider>, DeskError> {
    let outsider = |path: &std::path::PathBuf| {
        let mut note = Vec::new();
        if path.as_os_str() == "-" {
            io::stdin().lock().read_to_end(&mut note).map_err(|error| at(path, &error))?;
        } else {
            note = std::fs::read(path).map_err(|error| at(path, &error))?;
        }
        Ok(Outsider { from: path.display().to_string(), note })
    };
    paths.iter().map(outsider).collect()
}

fn at(path: &Path, error: &io::Error) -> DeskError {
    DeskError::Invalid(format!("{}: {error}", path.display()).into())
}
